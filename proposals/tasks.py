"""What workers run: thin, safe to repeat, and nothing in it to test but its wiring."""

import logging
from datetime import timedelta
from typing import Any

from celery import shared_task
from kombu.exceptions import OperationalError

from calls import clock
from proposals import (
    annex,
    as_received,
    changing,
    closing,
    daily_heads,
    deleting,
    enquiries,
    ledger,
    outbox,
    presence,
    receipts,
    reminding,
    scanning,
    screening,
)
from proposals.desk import asking, exporting, letters, searching
from proposals.mailing import deliver
from proposals.models import OutboxMessage
from proposals.notices import mail_submission
from proposals.partnering import watching
from proposals.partnering.organisations import take_texts

log = logging.getLogger("portal.tasks")

HANDLERS: dict[str, outbox.Handler] = {
    OutboxMessage.Kind.RECEIPT: lambda promise: receipts.issue_receipt(
        promise.version, cause=promise.cause
    ),
    OutboxMessage.Kind.SUBMISSION_MAIL: lambda promise: mail_submission(promise.version),
    OutboxMessage.Kind.ANNEX: lambda promise: annex.issue_annex(
        promise.version, cause=promise.cause
    ),
    OutboxMessage.Kind.LETTER: letters.issue_letter,
}

# While the broker is away, submitters must not wait for it: the next hint comes after this time.
PAUSE_AFTER_FAILURE = timedelta(seconds=30)
_silent_until = clock.real_now()
# In a rush one hint is enough for many submissions: beat relays as often as this.
HINT_EVERY = timedelta(seconds=1)
_hinted_until = clock.real_now()


@shared_task
def relay_outbox() -> int:
    """Keep the promises in the outbox, then send mails. Beat runs it; a submission only hurries it."""
    with clock.as_shared():
        kept = outbox.relay(HANDLERS)
        return kept + outbox.relay_mails(deliver)


@shared_task
def sequence_ledger() -> int:
    """Give what happened its place in the log, and sign the log."""
    with clock.as_shared():
        return ledger.sequence()


@shared_task
def add_awaited_stamps() -> int:
    """Ask the time-stamp service for stamps that it did not give when documents were sealed."""
    with clock.as_shared():
        return receipts.add_awaited_stamps()


@shared_task
def commit_closed_calls() -> int:
    """Publish count and root of calls that have closed."""
    with clock.as_shared():
        return closing.commit_closed_calls(clock.now())


@shared_task
def publish_daily_heads() -> int:
    """Publish the head of the log of each day that is over, and email it to auditors."""
    with clock.as_shared():
        return daily_heads.publish_daily_heads(clock.now())


@shared_task
def make_prints() -> int:
    """Make drafts as PDFs that were asked for."""
    with clock.as_shared():
        return annex.make_prints()


@shared_task
def make_exports() -> int:
    """Make exports that officers asked for."""
    with clock.as_shared():
        return exporting.make_exports()


@shared_task
def remind_of_deadlines() -> int:
    """Promise reminders before deadlines of calls and of officers' questions."""
    with clock.as_shared():
        reminded = reminding.remind_of_deadlines(clock.now())
        told = watching.tell_of_new(clock.now())
        return reminded + told + asking.remind_of_questions(clock.now())


@shared_task
def scan_waiting() -> int:
    """Ask the virus scanner about files in quarantine."""
    with clock.as_shared():
        return scanning.scan_waiting()


@shared_task
def tidy_up() -> int:
    """Delete for ever what was deleted thirty days ago, old exports, who had pages open; miss no note."""
    with clock.as_shared():
        ledger.sequence(everything=True)
        exporting.delete_old_exports()
        forgotten = enquiries.forget_old(clock.now()) + presence.forget_old()
        forgotten += as_received.forget_changes(clock.now())
        return deleting.purge_deleted(clock.now()) + forgotten


@shared_task
def screen_closed_calls() -> int:
    """Give versions of closed calls their officers' verdict, and let their words be searched."""
    with clock.as_shared():
        screened = screening.screen_closed(clock.now())
        return screened + searching.take_words(clock.now()) + take_texts()


@shared_task
def work_on_changes() -> int:
    """Compute impacts of proposed changes, and make verdicts again after applied ones."""
    with clock.as_shared():
        return changing.work_on_changes()


def hurry(task: Any = relay_outbox) -> None:
    """Ask a worker to look now. Without a broker nothing is lost: beat comes by again."""
    global _silent_until, _hinted_until  # noqa: PLW0603 -- one process, one memory of what it sent
    present = clock.real_now()
    if present < _silent_until or (task is relay_outbox and present < _hinted_until):
        return
    try:
        task.delay()
    except (OperationalError, OSError) as error:
        _silent_until = present + PAUSE_AFTER_FAILURE
        log.warning("The broker is away (%s); beat will relay the outbox.", type(error).__name__)
        return
    if task is relay_outbox:
        _hinted_until = present + HINT_EVERY
