"""A text as an email: the text itself, and the same as HTML with its links to press."""

import re

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from foundation.unlinked import without_links

# RFC 3834: mailboxes that answer by themselves leave such a message alone.
AUTOMATIC = {"Auto-Submitted": "auto-generated"}


def with_html(message: EmailMultiAlternatives) -> EmailMultiAlternatives:
    """Add the HTML form of the text, where the message has none yet, and say that no person sent it."""
    message.extra_headers |= AUTOMATIC
    if not message.alternatives:
        context = {"subject": message.subject, "text": with_own_links(str(message.body))}
        html = render_to_string("applicants/mails/text.html", context)
        message.attach_alternative(html, "text/html")
    return message


def send_html_email(subject: str, text: str, *, to: str) -> None:
    """Send an email to one address now; raises what the mail server's connection raises.

    Only the portal's own addresses are links in it, whatever people call themselves.
    """
    unlinked = without_links(text, own=settings.BASE_URL).replace(without_links(to), to)
    subject = without_links(" ".join(subject.split()))
    with_html(EmailMultiAlternatives(subject, unlinked, to=[to])).send()


def with_own_links(text: str) -> SafeString:
    """A text as HTML in which the portal's addresses, and no others, can be pressed."""
    own = re.compile(rf"(?<!\S)({re.escape(str(escape(settings.BASE_URL)))}/\S*)")
    return mark_safe(own.sub(r'<a href="\1">\1</a>', escape(text)))  # noqa: S308 -- escaped before
