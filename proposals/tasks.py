"""What workers run: thin, safe to repeat, and nothing in it to test but its wiring."""

from collections.abc import Callable
from functools import partial

from celery import shared_task

from applicants import once
from calls import clock, shared_clock
from proposals.conditions import rule_changes
from proposals.consortium import deadline_reminders, invitations, presence
from proposals.delivery import fault_isolation, outbox
from proposals.delivery.emails import deliver
from proposals.helpdesk import enquiries
from proposals.models import Mail, OutboxMessage
from proposals.partnering import organisations, saved_searches
from proposals.proof import closing_commitment, daily_heads, full_proposal_pdf, ledger, receipts
from proposals.reporting import exports
from proposals.screening import automatic_check, clarifications, letters, search
from proposals.submission import received_draft
from proposals.submission.notifications import mail_submission
from proposals.workspace import deletion, virus_scan

HANDLERS: dict[str, outbox.Handler] = {
    OutboxMessage.Kind.RECEIPT: lambda promise: receipts.issue_receipt(
        promise.version, cause=promise.cause
    ),
    OutboxMessage.Kind.SUBMISSION_MAIL: lambda promise: mail_submission(promise.version),
    OutboxMessage.Kind.ANNEX: lambda promise: full_proposal_pdf.issue_annex(
        promise.version, cause=promise.cause
    ),
    OutboxMessage.Kind.LETTER: letters.issue_letter,
}

# Mails by what they are about: whether that is still so when they are sent.
CAUSES: dict[str, Callable[[Mail], bool]] = {
    "invitation": invitations.is_still_open,
    "comment": invitations.still_takes_part,
    "deadline": deadline_reminders.is_still_due,
    "question": clarifications.is_waiting_still,
}


def each_step(work: str, **steps: Callable[[], int]) -> int:
    """Take the steps of a task, by the clock that the processes share."""
    with shared_clock.use_shared_offset():
        return fault_isolation.each_step(work, **steps)


@shared_task
def relay_outbox() -> int:
    """Keep the promises in the outbox, then send mails. Beat runs it; a submission only hurries it."""
    return each_step(
        "relay_outbox",
        promises=lambda: outbox.relay(HANDLERS),
        mails=lambda: outbox.relay_mails(partial(deliver, causes=CAUSES)),
    )


@shared_task
def sequence_ledger() -> int:
    """Give what happened its place in the log, and sign the log."""
    return each_step("sequence_ledger", log=ledger.sequence)


@shared_task
def add_awaited_stamps() -> int:
    """Ask the time-stamp service for stamps that it did not give when documents were sealed."""
    return each_step("add_awaited_stamps", stamps=receipts.add_awaited_stamps)


@shared_task
def commit_closed_calls() -> int:
    """Publish count and root of calls that have closed."""
    return each_step(
        "commit_closed_calls", calls=lambda: closing_commitment.commit_closed_calls(clock.now())
    )


@shared_task
def publish_daily_heads() -> int:
    """Publish the head of the log of each day that is over, and email it to auditors."""
    return each_step(
        "publish_daily_heads", days=lambda: daily_heads.publish_daily_heads(clock.now())
    )


@shared_task
def make_prints() -> int:
    """Make drafts as PDFs that were asked for."""
    return each_step("make_prints", prints=full_proposal_pdf.make_prints)


@shared_task
def make_exports() -> int:
    """Make exports that officers asked for."""
    return each_step("make_exports", exports=exports.make_exports)


@shared_task
def remind_of_deadlines() -> int:
    """Promise reminders before deadlines of calls and of officers' questions."""
    return each_step(
        "remind_of_deadlines",
        deadlines=lambda: deadline_reminders.remind_of_deadlines(clock.now()),
        searches=lambda: saved_searches.tell_of_new(clock.now()),
        questions=lambda: clarifications.remind_of_questions(clock.now()),
    )


@shared_task
def scan_waiting() -> int:
    """Ask the virus scanner about files in quarantine."""
    return each_step("scan_waiting", files=virus_scan.scan_waiting)


@shared_task
def tidy_up() -> int:
    """Delete for ever what was deleted thirty days ago, old exports, who had pages open; miss no note."""
    return each_step(
        "tidy_up",
        log=lambda: ledger.sequence(everything=True),
        exports=exports.delete_old_exports,
        enquiries=lambda: enquiries.forget_old(clock.now()),
        presence=presence.delete_stale,
        sendings=once.delete_old_submissions,
        changes=lambda: received_draft.forget_changes(clock.now()),
        drafts=lambda: deletion.purge_deleted(clock.now()),
        troubles=fault_isolation.forget_old,
    )


@shared_task
def screen_closed_calls() -> int:
    """Give versions of closed calls their officers' verdict, and let their words be searched."""
    return each_step(
        "screen_closed_calls",
        verdicts=lambda: automatic_check.screen_closed(clock.now()),
        words=lambda: search.take_words(clock.now()),
        organisations=organisations.take_texts,
    )


@shared_task
def work_on_changes() -> int:
    """Compute impacts of proposed changes, and make verdicts again after applied ones."""
    return each_step("work_on_changes", changes=rule_changes.work_on_changes)
