"""What workers run: thin, safe to repeat, and nothing in it to test but its wiring."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from celery import shared_task
from kombu.exceptions import OperationalError

from applicants import once
from calls import clock
from proposals import (
    annex,
    as_received,
    changing,
    closing,
    daily_heads,
    deleting,
    each,
    enquiries,
    ledger,
    outbox,
    people,
    presence,
    receipts,
    reminding,
    scanning,
    screening,
)
from proposals.desk import asking, exporting, letters, searching
from proposals.mailing import deliver
from proposals.models import Mail, OutboxMessage
from proposals.notices import mail_submission
from proposals.partnering import organisations, watching

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

# Mails by what they are about: whether that is still so when they are sent.
CAUSES: dict[str, Callable[[Mail], bool]] = {
    "invitation": people.is_asked_still,
    "comment": people.takes_part_still,
    "deadline": reminding.is_due_still,
    "question": asking.is_waiting_still,
}

# While the broker is away, submitters must not wait for it: the next hint comes after this time.
PAUSE_AFTER_FAILURE = timedelta(seconds=30)
_silent_until = clock.real_now()
# In a rush one hint is enough for many submissions: beat relays as often as this.
HINT_EVERY = timedelta(seconds=1)
_hinted_until = clock.real_now()


def each_step(work: str, **steps: Callable[[], int]) -> int:
    """Take the steps of a task, by the clock that the processes share."""
    with clock.as_shared():
        return each.each_step(work, **steps)


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
    return each_step("commit_closed_calls", calls=lambda: closing.commit_closed_calls(clock.now()))


@shared_task
def publish_daily_heads() -> int:
    """Publish the head of the log of each day that is over, and email it to auditors."""
    return each_step(
        "publish_daily_heads", days=lambda: daily_heads.publish_daily_heads(clock.now())
    )


@shared_task
def make_prints() -> int:
    """Make drafts as PDFs that were asked for."""
    return each_step("make_prints", prints=annex.make_prints)


@shared_task
def make_exports() -> int:
    """Make exports that officers asked for."""
    return each_step("make_exports", exports=exporting.make_exports)


@shared_task
def remind_of_deadlines() -> int:
    """Promise reminders before deadlines of calls and of officers' questions."""
    return each_step(
        "remind_of_deadlines",
        deadlines=lambda: reminding.remind_of_deadlines(clock.now()),
        searches=lambda: watching.tell_of_new(clock.now()),
        questions=lambda: asking.remind_of_questions(clock.now()),
    )


@shared_task
def scan_waiting() -> int:
    """Ask the virus scanner about files in quarantine."""
    return each_step("scan_waiting", files=scanning.scan_waiting)


@shared_task
def tidy_up() -> int:
    """Delete for ever what was deleted thirty days ago, old exports, who had pages open; miss no note."""
    return each_step(
        "tidy_up",
        log=lambda: ledger.sequence(everything=True),
        exports=exporting.delete_old_exports,
        enquiries=lambda: enquiries.forget_old(clock.now()),
        presence=presence.forget_old,
        sendings=once.forget_sendings,
        changes=lambda: as_received.forget_changes(clock.now()),
        drafts=lambda: deleting.purge_deleted(clock.now()),
        troubles=each.forget_old,
    )


@shared_task
def screen_closed_calls() -> int:
    """Give versions of closed calls their officers' verdict, and let their words be searched."""
    return each_step(
        "screen_closed_calls",
        verdicts=lambda: screening.screen_closed(clock.now()),
        words=lambda: searching.take_words(clock.now()),
        organisations=organisations.take_texts,
    )


@shared_task
def work_on_changes() -> int:
    """Compute impacts of proposed changes, and make verdicts again after applied ones."""
    return each_step("work_on_changes", changes=changing.work_on_changes)


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
