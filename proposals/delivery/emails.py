"""Emails of the portal: each says what happened, what counts now, what to do, and why it is sent.

An email is a row first (`QueuedEmail`), written in the transaction that gives cause for it, one for each
address, so that nobody sees another's. A worker sends it; its delivery state is kept.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from applicants.emails import AUTOMATIC
from applicants.models import User
from foundation.log_redaction import without_tokens
from foundation.sentences import gettext as _
from foundation.unlinked import quoted, without_links
from proposals.dossier.document import Draft
from proposals.models import Proposal, QueuedEmail

Attachment = tuple[str, bytes, str]  # name, content, media type

NO_ATTACHMENTS: Mapping[str, Callable[[QueuedEmail], list[Attachment]]] = {}
NO_CAUSES: Mapping[str, Callable[[QueuedEmail], bool]] = {}


@dataclass(frozen=True)
class EmailContent:
    """What an email says. `link` is an address within the portal, with what to press for it.

    `reason` says why somebody receives it, where it is not their part in a proposal or their account.
    """

    subject: str
    what_happened: str
    status: str
    next_step: str
    link: str
    link_label: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    quote: str = ""
    reason: str = ""


def queue_email(
    message: EmailContent, *, to: Iterable[str], key: str, proposal: Proposal | None = None
) -> None:
    """Queue an email to each address; the same key never makes a second one to the same address."""
    message = _without_links(message)
    context: dict[str, Any] = {
        "content": message,
        "quoted": quoted(message.quote),
        "proposal": proposal,
        "title": without_links(Draft(proposal).title) if proposal else "",
        "link": settings.BASE_URL + message.link,
        "reason": message.reason or _usual_reason(proposal),
    }
    subject = message.subject
    if proposal is not None and proposal.call.is_rehearsal:
        subject = _("[Rehearsal] %(subject)s") % {"subject": subject}
    subject = " ".join(subject.split())
    addresses = sorted({address.strip().lower() for address in to if address.strip()})
    names = _names_at(addresses)
    emails = []
    for address in addresses:
        context["salutation"] = _salutation(names.get(address, ""))
        emails.append(
            QueuedEmail(
                key=f"{key}:{_short(address)}",
                proposal=proposal,
                to=address,
                subject=subject,
                text=render_to_string("delivery/mail.txt", context),
                html=render_to_string("delivery/mail.html", context),
            )
        )
    QueuedEmail.objects.bulk_create(emails, ignore_conflicts=True)


def _names_at(addresses: list[str]) -> dict[str, str]:
    """The names of the people whose accounts have these addresses, in one query."""
    people = User.objects.filter(email__in=addresses, is_active=True)
    return {email.lower(): name for email, name in people.values_list("email", "full_name")}


def _salutation(name: str) -> str:
    return _("Dear %(name)s,") % {"name": _safe(name)} if name.strip() else _("Hello,")


def _usual_reason(proposal: Proposal | None) -> str:
    if proposal is None:
        return _("You receive this email because of your account on the COSME portal.")
    return _("You receive this email because you take part, or took part, in this proposal.")


def _without_links(text: EmailContent) -> EmailContent:
    """The same words with nothing to press but `link`: people who may be strangers typed much of them."""
    facts = [(_safe(label), _safe(value)) for label, value in text.facts]
    texts = {
        name: _safe(getattr(text, name))
        for name in ("subject", "what_happened", "status", "next_step", "quote", "reason")
    }
    return replace(text, facts=facts, **texts)


def _safe(text: str) -> str:
    return without_links(str(text), own=settings.BASE_URL)


def _short(address: str) -> str:
    """Names an address without holding it, at a fixed length."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def send_email(
    mail: QueuedEmail,
    *,
    causes: Mapping[str, Callable[[QueuedEmail], bool]] = NO_CAUSES,
    attachments: Mapping[str, Callable[[QueuedEmail], list[Attachment]]] = NO_ATTACHMENTS,
) -> None:
    """Hand one email to the mail server; raises what the server's connection raises.

    An email may wait for hours. By the first word of a key, `causes` says whether its content is still
    true, and an email that is not is dropped; `attachments` says what goes with it as it is sent.
    """
    kind = mail.key.partition(":")[0]
    if kind in causes and not causes[kind](mail):
        mail.delete()
        return
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.to], headers=AUTOMATIC)
    message.attach_alternative(mail.html, "text/html")
    for attachment in attachments[kind](mail) if kind in attachments else ():
        message.attach(*attachment)
    message.send()
    _remove_link(mail)


def _remove_link(mail: QueuedEmail) -> None:
    """What was sent lets nobody in who reads the database later."""
    text, html = without_tokens(mail.text), without_tokens(mail.html)
    if (text, html) != (mail.text, mail.html):
        QueuedEmail.objects.filter(pk=mail.pk).update(text=text, html=html)
