"""A text as a mail: the text itself, and the same as HTML with its links to press."""

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def with_html(message: EmailMultiAlternatives) -> EmailMultiAlternatives:
    """Add the HTML form of the text, where the message has none yet."""
    if not message.alternatives:
        context = {"subject": message.subject, "text": message.body}
        html = render_to_string("applicants/mails/text.html", context)
        message.attach_alternative(html, "text/html")
    return message


def send(subject: str, text: str, *, to: str) -> None:
    """Send a mail to one address now; raises what the mail server's connection raises."""
    with_html(EmailMultiAlternatives(" ".join(subject.split()), text, to=[to])).send()
