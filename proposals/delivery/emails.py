"""Mails of the portal: each says what happened, what counts now, and what to do.

A mail is a row first (`Mail`), written in the transaction that gives cause for it, one for each address, so
that nobody sees another's. A worker sends it; its delivery state is kept.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from foundation.log_redaction import without_tokens
from foundation.sentences import gettext as _
from foundation.unlinked import quoted, without_links
from proposals.dossier.document import Draft
from proposals.models import Proposal, QueuedEmail

NO_CAUSES: Mapping[str, Callable[[QueuedEmail], bool]] = {}


@dataclass(frozen=True)
class EmailContent:
    """What a mail says. `link` is an address within the portal, with what to press for it."""

    subject: str
    what_happened: str
    status: str
    next_step: str
    link: str
    link_label: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    quote: str = ""


def queue_email(
    message: EmailContent, *, to: Iterable[str], key: str, proposal: Proposal | None = None
) -> None:
    """Promise a mail to each address; the same key never makes a second one to the same address."""
    message = _without_links(message)
    context: dict[str, Any] = {
        "content": message,
        "quoted": quoted(message.quote),
        "proposal": proposal,
        "title": without_links(Draft(proposal).title) if proposal else "",
        "link": settings.BASE_URL + message.link,
    }
    text = render_to_string("delivery/mail.txt", context)
    html = render_to_string("delivery/mail.html", context)
    subject = message.subject
    if proposal is not None and proposal.call.is_rehearsal:
        subject = _("[Rehearsal] %(subject)s") % {"subject": subject}
    subject = " ".join(subject.split())
    addresses = sorted({address.strip().lower() for address in to if address.strip()})
    QueuedEmail.objects.bulk_create(
        (
            QueuedEmail(
                key=f"{key}:{_short(address)}",
                proposal=proposal,
                to=address,
                subject=subject,
                text=text,
                html=html,
            )
            for address in addresses
        ),
        ignore_conflicts=True,
    )


def _without_links(text: EmailContent) -> EmailContent:
    """The same words with nothing to press but `link`: people who may be strangers typed much of them."""
    facts = [(_safe(label), _safe(value)) for label, value in text.facts]
    texts = {
        name: _safe(getattr(text, name))
        for name in ("subject", "what_happened", "status", "next_step", "quote")
    }
    return replace(text, facts=facts, **texts)


def _safe(text: str) -> str:
    return without_links(str(text), own=settings.BASE_URL)


def _short(address: str) -> str:
    """Names an address without holding it, at a fixed length."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def send_email(
    mail: QueuedEmail, *, causes: Mapping[str, Callable[[QueuedEmail], bool]] = NO_CAUSES
) -> None:
    """Hand one mail to the mail server; raises what the server's connection raises.

    A mail may wait for hours. `causes` tells by the first word of a key whether what it says is still so; one
    that is not is dropped.
    """
    is_still_so = causes.get(mail.key.partition(":")[0])
    if is_still_so is not None and not is_still_so(mail):
        mail.delete()
        return
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.to])
    message.attach_alternative(mail.html, "text/html")
    message.send()
    _remove_link(mail)


def _remove_link(mail: QueuedEmail) -> None:
    """What was sent lets nobody in who reads the database later."""
    text, html = without_tokens(mail.text), without_tokens(mail.html)
    if (text, html) != (mail.text, mail.html):
        QueuedEmail.objects.filter(pk=mail.pk).update(text=text, html=html)
