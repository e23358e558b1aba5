"""What workers run: thin, safe to repeat, and nothing in it to test but its wiring."""

import logging
from datetime import timedelta

from celery import shared_task
from kombu.exceptions import OperationalError

from calls import clock
from proposals import changing, outbox, screening
from proposals.models import OutboxMessage
from proposals.notices import mail_submission
from proposals.receipts import issue_receipt

log = logging.getLogger("portal.tasks")

HANDLERS: dict[str, outbox.Handler] = {
    OutboxMessage.Kind.RECEIPT: issue_receipt,
    OutboxMessage.Kind.SUBMISSION_MAIL: mail_submission,
}

# While the broker is away, submitters must not wait for it: the next hint comes after this time.
PAUSE_AFTER_FAILURE = timedelta(seconds=30)
_silent_until = clock.real_now()


@shared_task
def relay_outbox() -> int:
    """Keep the promises in the outbox. Beat runs it; a submission only hurries it."""
    with clock.as_shared():
        return outbox.relay(HANDLERS)


@shared_task
def screen_closed_calls() -> int:
    """Give versions of closed calls their officers' verdict."""
    with clock.as_shared():
        return screening.screen_closed(clock.now())


@shared_task
def work_on_changes() -> int:
    """Compute impacts of proposed changes, and make verdicts again after applied ones."""
    with clock.as_shared():
        return changing.work_on_changes()


def hurry() -> None:
    """Ask a worker to look now. Without a broker nothing is lost: beat comes by again."""
    global _silent_until  # noqa: PLW0603 -- one process, one memory of when the broker failed
    if clock.real_now() < _silent_until:
        return
    try:
        relay_outbox.delay()
    except (OperationalError, OSError) as error:
        _silent_until = clock.real_now() + PAUSE_AFTER_FAILURE
        log.warning("The broker is away (%s); beat will relay the outbox.", type(error).__name__)
