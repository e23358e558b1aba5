"""Asking a consortium about its version, and its answer: on record, never a change of what was submitted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse

from applicants.models import User
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.delivery.emails import EmailContent, queue_email
from proposals.delivery.fault_isolation import for_each
from proposals.models import (
    CaseEvent,
    ClarificationFile,
    ClarificationReply,
    ClarificationRequest,
    OfficerNotification,
    ProposalActivity,
    QueuedEmail,
    Version,
)
from proposals.officers.cases import lock_case, log_event
from proposals.officers.notifications import notify_of_case
from proposals.proof import ledger
from proposals.submission.notifications import addresses_of_coordinator
from proposals.submission.submit import sha256_hex
from proposals.workspace.uploads import InvalidFile, ValidatedPdf, check_upload, save_pdf

MAX_FILES = 5
REMIND_BEFORE = (timedelta(days=3), timedelta(days=1))


class CannotRequestClarification(Exception):
    """The question cannot be asked; the text says why."""


class CannotReply(Exception):
    """The answer cannot be taken; the text says why."""


@transaction.atomic
def request_clarification(
    version: Version, text: str, *, due_at: datetime, by: User, item: str = ""
) -> ClarificationRequest:
    """Request clarification; the consortium is notified by email and in its workspace.

    Raises:
        CannotAsk: the version does not count any more, the time to answer is over already, or the same
            question waits for its answer.
        InterestDeclared: the case is closed to this officer.
    """
    proposal = lock_case(version.proposal_id, by=by)
    moment = clock.now()
    if proposal.current_version_id != version.pk:
        raise CannotRequestClarification(
            _(
                "This version was replaced or withdrawn. Open the current version to request clarification."
            )
        )
    if due_at <= moment:
        raise CannotRequestClarification(_("The reply deadline must be in the future."))
    text = text.strip()
    same = (
        version.clarification_requests.waiting(moment)
        .filter(sha256=sha256_hex(text), item=item)
        .first()
    )
    if same is not None:
        message = _(
            "%(who)s has already sent this clarification request. The reply is due before %(due)s."
        )
        raise CannotRequestClarification(
            message % {"who": same.requested_by, "due": in_words(same.due_at)}
        )
    question = ClarificationRequest.objects.create(
        version=version,
        item=item,
        text=text,
        sha256=sha256_hex(text),
        due_at=due_at,
        requested_by=by,
        requested_at=moment,
    )
    ledger.queue_record_of(question)
    log_event(proposal, CaseEvent.Kind.ASKED, by=by, question=question.pk)
    # By office: applicants answer to the officers, not to a person.
    message = _("The officers requested clarification; reply due before %(due)s")
    log_activity(
        proposal, ProposalActivity.Kind.ASKED, message % {"due": in_words(due_at)}, by=None
    )
    _notify_clarification_request(question)
    return question


@transaction.atomic
def store_reply(
    question: ClarificationRequest,
    text: str,
    *,
    files: Sequence[UploadedFile] = (),
    by: User,
    received_at: datetime,
) -> ClarificationReply:
    """Keep the consortium's one answer with its PDFs; the same answer sent twice is one answer.

    Raises:
        CannotReply: it came too late, or somebody has answered meanwhile.
        InvalidFile: a file cannot be taken; nothing was kept.
    """
    if received_at >= question.due_at:
        values = {"due": in_words(question.due_at, seconds=True)}
        text = _(
            "Your reply was not accepted because the deadline was %(due)s. The officers will "
            "decide on the information they have. If something prevented you from replying, "
            "contact the helpdesk of the call."
        )
        raise CannotReply(text % values)
    if len(files) > MAX_FILES:
        raise InvalidFile(_("You can attach up to five files."))
    checked = [check_upload(file) for file in files]
    ClarificationRequest.objects.select_for_update(of=("self",)).only("pk").get(pk=question.pk)
    text = text.strip()
    sha256 = sha256_hex("\n".join([text, *(pdf.sha256 for pdf in checked)]))
    earlier = (
        ClarificationReply.objects.filter(clarification_request=question)
        .select_related("replied_by")
        .first()
    )
    if earlier is not None and (earlier.replied_by, earlier.sha256) == (by, sha256):
        return earlier
    if earlier is not None:
        message = _(
            "%(who)s already replied to this clarification request at %(when)s. Only one reply is "
            "possible."
        )
        when = in_words(earlier.replied_at, seconds=True)
        raise CannotReply(message % {"who": earlier.replied_by, "when": when})
    answer = ClarificationReply.objects.create(
        clarification_request=question,
        text=text,
        sha256=sha256,
        replied_by=by,
        replied_at=received_at,
    )
    for item in checked:
        _store_files(answer, item, by=by)
    proposal = question.version.proposal
    ledger.queue_record_of(answer)
    log_event(proposal, CaseEvent.Kind.REPLIED, by=by, question=question.pk)
    message = _("A clarification request was answered")
    log_activity(proposal, ProposalActivity.Kind.REPLIED, message, by=by, at=received_at)
    assigned = proposal.assigned
    notify_of_case(
        OfficerNotification.Kind.REPLIED,
        proposal,
        officers={question.requested_by_id, *([assigned.officer_id] if assigned else [])},
        cause=f"reply:{answer.pk}",
    )
    return answer


def _store_files(
    answer: ClarificationReply, checked: ValidatedPdf, *, by: User
) -> ClarificationFile:
    save_pdf(checked)
    return ClarificationFile.objects.create(
        reply=answer,
        name=checked.name,
        sha256=checked.sha256,
        size=len(checked.content),
        pages=checked.pages,
        scan=checked.scan,
        uploaded_at=answer.replied_at,
        uploaded_by=by,
    )


def remind_of_clarification_requests(moment: datetime) -> int:
    """Queue the reminders that have become due; returns how many questions. Safe to repeat."""
    soon = ClarificationRequest.objects.waiting(moment).filter(
        due_at__lte=moment + max(REMIND_BEFORE)
    )
    return for_each(
        "clarification reminders", soon.values_list("pk", flat=True), lambda pk: _remind(pk, moment)
    )


@transaction.atomic
def _remind(pk: int, moment: datetime) -> bool:
    """Under the question's lock: nobody is reminded who has just replied."""
    ClarificationRequest.objects.select_for_update(of=("self",)).only("pk").get(pk=pk)
    waiting = ClarificationRequest.objects.waiting(moment).filter(pk=pk)
    question = waiting.select_related("version__proposal__strand__call__programme").first()
    if question is None:
        return False
    latest = min(duration for duration in REMIND_BEFORE if question.due_at - duration <= moment)
    if question.requested_at >= question.due_at - latest:
        return False  # it was asked with less time than that
    _notify_clarification_request(question, reminder=latest)
    return True


def _notify_clarification_request(
    question: ClarificationRequest, *, reminder: timedelta | None = None
) -> None:
    proposal = question.version.proposal
    values = {"number": proposal.number}
    subject = _("Clarification requested: %(number)s")
    happened = _(
        "The officers need clarification about the proposal that your consortium submitted."
    )
    if reminder is not None:
        subject = _("Reminder: reply to the clarification request about %(number)s")
        happened = _("You have not replied to a clarification request about your proposal.")
    days = reminder.days if reminder else 0
    queue_email(
        EmailContent(
            subject=subject % values,
            what_happened=happened,
            facts=[(_("Reply due before"), in_words(question.due_at, seconds=True))],
            quote=question.text,
            status=_("Your submitted proposal does not change. Your reply is kept with it."),
            next_step=_("The coordinator can reply once, on this page, and attach PDF files."),
            link=reverse("proposals:reply", args=[proposal.number, question.pk]),
            link_label=_("Read the request and reply"),
        ),
        to=addresses_of_coordinator(proposal),
        proposal=proposal,
        key=f"question:{question.pk}:{days}",
    )


def is_still_waiting(mail: QueuedEmail) -> bool:
    """Whether a reminder of a question that waits to be sent is true yet."""
    _kind, pk, days, _address = mail.key.split(":")
    waiting = ClarificationRequest.objects.filter(pk=pk, reply=None, due_at__gt=clock.now())
    return days == "0" or waiting.exists()
