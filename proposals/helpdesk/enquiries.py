"""Asking the helpdesk and being answered.

Spam is held off without following anybody: a field that people do not see, the time that writing takes, and
how many enquiries came from one place and to one address lately, counted under a hash that is forgotten.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.urls import reverse

from applicants.models import User
from calls.models import Call
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.folding import fold, words_in
from foundation.limits import allows_recipient
from foundation.sentences import gettext as _
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import Enquiry, EnquiryReply, FaqEntry

SALT = "proposals.enquiry"
SHORTEST_WRITING = timedelta(seconds=3)
MAX_FORM_AGE = timedelta(days=1)
SHORTEST_NAME = 3  # shorter words of a name are words of any text
RETENTION_AFTER_CLOSING = timedelta(days=365)


class CannotAsk(Exception):
    """The enquiry was not taken; the text says why. What was typed stays with the caller."""


class TooFast(CannotAsk):
    """Written faster than a person writes; the same form will do a moment later."""


class CannotAnswer(Exception):
    """The answer was not sent; the text says why."""


@dataclass(frozen=True)
class NewEnquiry:
    """What somebody wrote into the form."""

    name: str
    email: str
    subject: str
    message: str
    telephone: str = ""
    organisation: str = ""


def opened_at(moment: datetime) -> str:
    """A signed sign of when a form was opened; real time."""
    return signing.dumps(moment.timestamp(), salt=SALT)


def check_writing_time(opened: str) -> None:
    """Refuse what was written faster than a person writes, and forms that are a day old.

    Raises:
        CannotAsk: with a sentence; sending the same again a moment later helps.
    """
    try:
        began = datetime.fromtimestamp(signing.loads(opened, salt=SALT), tz=clock.real_now().tzinfo)
    except (signing.BadSignature, TypeError, ValueError, OverflowError):
        raise CannotAsk(
            _("The form has expired. Your message is shown below. Send it again.")
        ) from None
    took = clock.real_now() - began
    if took < SHORTEST_WRITING:
        raise TooFast(_("The form was sent too quickly. Send it again."))
    if took > MAX_FORM_AGE:
        raise CannotAsk(_("The form has expired. Your message is shown below. Send it again."))


@transaction.atomic
def submit_enquiry(
    asked: NewEnquiry, *, call: Call | None, user: User | None, page: str = ""
) -> Enquiry:
    """Store an enquiry, and queue a copy to who asks; not one more to an address that had many today."""
    enquiry = Enquiry.objects.create(
        call=call, user=user, page=page, received_at=clock.now(), **vars(asked)
    )
    if not allows_recipient("enquiry-copies", enquiry.email):
        return enquiry
    queue_email(
        EmailContent(
            subject=_("We have received your question %(number)s") % {"number": enquiry.number},
            what_happened=_(
                "You sent a question to the helpdesk of the COSME portal: “%(subject)s”."
            )
            % {"subject": enquiry.subject},
            quote=enquiry.message,
            status=_("Your question has the reference number %(number)s.")
            % {"number": enquiry.number},
            next_step=_(
                "You do not need to do anything. We will reply by email. If you did not send "
                "this question, ignore this email."
            ),
            link=reverse("enquiries:ask"),
            link_label=_("Send another question"),
            reason=_reason(),
        ),
        to=[enquiry.email],
        key=f"enquiry:{enquiry.pk}",
    )
    return enquiry


@transaction.atomic
def reply(enquiry: Enquiry, text: str, *, seen: int, by: User) -> EnquiryReply:
    """Answer by mail. An enquiry can be answered more than once, until it is closed.

    `seen` is how many answers the person has seen. What one person sends twice is sent once.

    Raises:
        CannotAnswer: it is closed, was erased or answered meanwhile, or the answer says nothing.
    """
    locked = _locked(enquiry)
    if locked is None:
        raise CannotAnswer(_("This enquiry was erased one year after it was closed."))
    newest = locked.answers.select_related("answered_by").last()
    if newest is not None and locked.answers.count() != seen:
        if (newest.answered_by, newest.text) == (by, text.strip()):
            return newest
        message = _(
            "Not sent: %(who)s replied to this enquiry at %(when)s. Read that reply, then send "
            "yours if it is still needed."
        )
        when = in_words(newest.answered_at, seconds=True)
        raise CannotAnswer(message % {"who": newest.answered_by, "when": when})
    if locked.state == Enquiry.State.CLOSED:
        raise CannotAnswer(_("This enquiry is closed. Reopen it before you reply."))
    if not text.strip():
        raise CannotAnswer(_("Enter a reply."))
    enquiry_answer = EnquiryReply.objects.create(
        enquiry=locked, text=text.strip(), answered_by=by, answered_at=clock.now()
    )
    locked.state, locked.officer = Enquiry.State.ANSWERED, by
    locked.save(update_fields=["state", "officer"])
    queue_email(
        EmailContent(
            subject=_("Reply to your question %(number)s") % {"number": locked.number},
            what_happened=_(
                "The helpdesk of the COSME portal has replied to your question “%(subject)s”:"
            )
            % {"subject": locked.subject},
            quote=enquiry_answer.text,
            facts=[(_("Your question"), locked.message)],
            status=_("This reply is for guidance. The call text is legally binding."),
            next_step=_(
                "If this does not answer your question, contact us again and quote the reference number."
            ),
            link=reverse("enquiries:ask") + f"?about={locked.number}",
            link_label=_("Contact the helpdesk again"),
            reason=_reason(),
        ),
        to=[locked.email],
        key=f"enquiry-answer:{enquiry_answer.pk}",
    )
    return enquiry_answer


def _reason() -> str:
    return _(
        "You receive this email because this address was given with a question to the helpdesk."
    )


def names_in(text: str, enquiry: Enquiry) -> list[str]:
    """What of a text tells who asked: words of the name, the address, telephone or organisation."""
    folded = fold(text)
    words = {word for word in words_in(enquiry.name) if len(word) >= SHORTEST_NAME}
    spelt = [word for word in words_in(text) if word in words]
    identifying = [enquiry.email, enquiry.telephone, enquiry.organisation]
    return sorted({*spelt, *(text for text in identifying if text and fold(text) in folded)})


def _locked(enquiry: Enquiry) -> Enquiry | None:
    return Enquiry.objects.select_for_update().filter(pk=enquiry.pk).first()


@transaction.atomic
def close(enquiry: Enquiry, *, by: User) -> None:
    """Nothing is left to do; who asked is not notified."""
    Enquiry.objects.filter(pk=enquiry.pk).exclude(state=Enquiry.State.CLOSED).update(
        state=Enquiry.State.CLOSED, closed_at=clock.now(), officer=by
    )


@transaction.atomic
def reopen(enquiry: Enquiry, *, by: User) -> None:
    _locked(enquiry)
    state = Enquiry.State.ANSWERED if enquiry.answers.exists() else Enquiry.State.NEW
    Enquiry.objects.filter(pk=enquiry.pk, state=Enquiry.State.CLOSED).update(
        state=state, closed_at=None, officer=by
    )


@transaction.atomic
def publish_faq_entry(call: Call, *, question: str, answer: str, by: User) -> FaqEntry:
    """Put a question of general use with its answer on a call's page."""
    made = FaqEntry.objects.create(
        call=call,
        question=question.strip(),
        answer=answer.strip(),
        published_by=by,
        published_at=clock.now(),
        position=FaqEntry.objects.filter(call=call).count() + 1,
    )
    show_on_call_page(call.pk)
    return made


def show_on_call_page(call: int) -> None:
    """Questions are on the call's page, which is cached until the call changes."""
    Call.objects.filter(pk=call).update(changed_at=clock.real_now())


def delete_expired(moment: datetime) -> int:
    """Erase enquiries that were closed a year ago; returns how many.

    One that is opened again at the same time stays: who opens it waits, or comes first.
    """
    with transaction.atomic():
        old = Enquiry.objects.filter(closed_at__lt=moment - RETENTION_AFTER_CLOSING)
        locked = list(old.select_for_update().order_by("pk").values_list("pk", flat=True))
        Enquiry.objects.filter(pk__in=locked).delete()
    return len(locked)
