"""What workers run: thin, safe to repeat, and nothing in it to test but its wiring."""

from collections.abc import Callable
from functools import partial

from celery import shared_task

from applicants import once
from calls import shared_clock
from foundation import clock
from proposals.conditions import rule_changes
from proposals.consortium import deadline_reminders, invitations, members, presence
from proposals.delivery import fault_isolation, outbox
from proposals.delivery.emails import Attachment, send_email
from proposals.helpdesk import enquiries
from proposals.models import OutboxMessage, QueuedEmail
from proposals.partnering import organisations, saved_searches
from proposals.proof import closing_commitment, daily_heads, full_proposal_pdf, ledger, receipts
from proposals.reporting import exports
from proposals.screening import (
    automatic_check,
    clarifications,
    letters,
    officer_emails,
    search,
)
from proposals.submission import received_draft
from proposals.submission.notifications import notify_submission, proof_of
from proposals.workspace import deletion, virus_scan

HANDLERS: dict[str, outbox.Handler] = {
    OutboxMessage.Kind.RECEIPT: lambda message: receipts.create_receipt(
        message.version, cause=message.cause
    ),
    OutboxMessage.Kind.SUBMISSION_EMAIL: lambda message: notify_submission(message.version),
    OutboxMessage.Kind.PROPOSAL_PDF: lambda message: full_proposal_pdf.create_proposal_pdf(
        message.version, cause=message.cause
    ),
    OutboxMessage.Kind.LETTER: letters.create_letter,
}

# Emails by what they are about: whether that is still so when they are sent.
CAUSES: dict[str, Callable[[QueuedEmail], bool]] = {
    "invitation": invitations.is_still_open,
    "comment": members.still_takes_part,
    "deadline": deadline_reminders.is_still_due,
    "question": clarifications.is_still_waiting,
    "officer": officer_emails.is_for_an_officer,
    "digest": officer_emails.is_for_an_officer,
}

# What goes with an email as it is sent.
ATTACHMENTS: dict[str, Callable[[QueuedEmail], list[Attachment]]] = {
    "submitted": proof_of,
}

EMAIL_SENDER = partial(send_email, causes=CAUSES, attachments=ATTACHMENTS)


def run_task_steps(work: str, **steps: Callable[[], int]) -> int:
    """Take the steps of a task, by the clock that the processes share."""
    with shared_clock.use_shared_offset():
        return fault_isolation.run_steps(work, **steps)


@shared_task
def process_outbox() -> int:
    """Make receipts and letters, and send emails. Beat runs it; a submission only hurries it."""
    return run_task_steps(
        "process_outbox",
        messages=lambda: outbox.process_due(HANDLERS),
        officers=lambda: officer_emails.email_new_notifications(clock.now()),
        emails=lambda: outbox.process_due_emails(EMAIL_SENDER),
    )


@shared_task
def process_outbox_documents() -> int:
    """Make full proposals as PDF, and reissue documents."""
    return run_task_steps(
        "process_outbox_documents", documents=lambda: outbox.process_due_documents(HANDLERS)
    )


@shared_task
def sequence_ledger() -> int:
    """Give what happened its place in the log, and sign the log."""
    return run_task_steps("sequence_ledger", log=ledger.sequence)


@shared_task
def add_pending_timestamps() -> int:
    """Ask the time-stamp service for stamps that it did not give when documents were sealed."""
    return run_task_steps("add_pending_timestamps", stamps=receipts.add_pending_timestamps)


@shared_task
def commit_closed_calls() -> int:
    """Publish count and root of calls that have closed."""
    return run_task_steps(
        "commit_closed_calls", calls=lambda: closing_commitment.commit_closed_calls(clock.now())
    )


@shared_task
def publish_daily_heads() -> int:
    """Publish the head of the log of each day that is over, and email it to auditors."""
    return run_task_steps(
        "publish_daily_heads", days=lambda: daily_heads.publish_daily_heads(clock.now())
    )


@shared_task
def make_draft_pdfs() -> int:
    """Make drafts as PDFs that were asked for."""
    return run_task_steps("make_draft_pdfs", prints=full_proposal_pdf.make_draft_pdfs)


@shared_task
def make_exports() -> int:
    """Make exports that officers asked for."""
    return run_task_steps("make_exports", exports=exports.make_exports)


@shared_task
def remind_of_deadlines() -> int:
    """Queue reminders before deadlines of calls and of officers' questions."""
    return run_task_steps(
        "remind_of_deadlines",
        deadlines=lambda: deadline_reminders.remind_of_deadlines(clock.now()),
        searches=lambda: saved_searches.notify_new_requests(clock.now()),
        questions=lambda: clarifications.remind_of_clarification_requests(clock.now()),
        digests=lambda: officer_emails.queue_digests(clock.now()),
    )


@shared_task
def scan_waiting() -> int:
    """Ask the virus scanner about files in quarantine."""
    return run_task_steps("scan_waiting", files=virus_scan.scan_waiting)


@shared_task
def tidy_up() -> int:
    """Delete for good what was deleted thirty days ago, old exports, and who had pages open."""
    return run_task_steps(
        "tidy_up",
        exports=exports.delete_old_exports,
        enquiries=lambda: enquiries.delete_expired(clock.now()),
        presence=presence.delete_stale,
        sendings=once.delete_old_submissions,
        changes=lambda: received_draft.delete_old_changes(clock.now()),
        drafts=lambda: deletion.purge_deleted(clock.now()),
        troubles=fault_isolation.delete_stale_failures,
    )


@shared_task
def complete_ledger() -> int:
    """Look through all rows for one that the log does not record yet."""
    return run_task_steps("complete_ledger", log=lambda: ledger.sequence(everything=True))


@shared_task
def screen_closed_calls() -> int:
    """Give versions of closed calls their officers' verdict, and let their words be searched."""
    return run_task_steps(
        "screen_closed_calls",
        verdicts=lambda: automatic_check.screen_closed(clock.now()),
        words=lambda: search.index_opened_cases(clock.now()),
        organisations=organisations.index_organisations,
    )


@shared_task
def work_on_changes() -> int:
    """Compute impacts of proposed changes, and make verdicts again after applied ones."""
    return run_task_steps("work_on_changes", changes=rule_changes.work_on_changes)
