"""Wakes a worker up before beat does. A task is asked for by its name, since tasks know every package."""

import logging
from datetime import timedelta

from celery import current_app
from kombu.exceptions import OperationalError

from foundation import clock

log = logging.getLogger("portal.tasks")

# While the broker is away, submitters must not wait for it: the next hint comes after this time.
PAUSE_AFTER_FAILURE = timedelta(seconds=30)
_broker_retry_at = clock.real_now()
# In a rush one hint is enough for many submissions: beat relays as often as this.
HINT_EVERY = timedelta(seconds=1)
_next_hint_at = clock.real_now()
# A hint that no worker took by then is worth nothing: beat has come by many times.
HINT_LIFETIME = 60  # seconds; less, and a web machine with a slow clock would send only void ones


def wake_worker(task: str = "process_outbox") -> None:
    """Ask a worker to look now. Without a broker nothing is lost: beat comes by again."""
    global _broker_retry_at, _next_hint_at  # noqa: PLW0603 -- one process, one memory of what it sent
    present = clock.real_now()
    relays = task == "process_outbox"
    if present < _broker_retry_at or (relays and present < _next_hint_at):
        return
    try:
        current_app.tasks[f"proposals.tasks.{task}"].apply_async(expires=HINT_LIFETIME)
    except (OperationalError, OSError) as error:
        _broker_retry_at = present + PAUSE_AFTER_FAILURE
        log.warning(
            "The broker is unavailable (%s); beat will process the outbox.", type(error).__name__
        )
        return
    if relays:
        _next_hint_at = present + HINT_EVERY
