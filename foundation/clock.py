"""The portal clock: the one place that says what time it is.

Deadlines, states and stamps all ask `clock.now()`. Demonstrations and rehearsals move it for all
processes at once, by one offset in the database; tests move it with `clock.set_to()`. In production
it cannot be moved. Plumbing (retries, sessions, health) uses real time instead.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
from django.db import connection
from django.utils import timezone

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_offset: ContextVar[timedelta] = ContextVar("offset", default=timedelta())


# How far this machine's clock is behind the database's, as far as it is known (`calls.database_clock`).
behind = timedelta()
MAX_SKEW = timedelta(seconds=1)  # further off, a machine is unhealthy
# The session variable from which triggers read the moment of a stopped clock (`portal_now` in guards).
STOPPED_AT = "portal.now"


def now() -> datetime:
    """The portal's present instant, in UTC: by the database's clock, which all machines share."""
    return portal_time_at(real_now() + behind)


def real_now() -> datetime:
    """By this machine's clock: for plumbing."""
    return timezone.now().astimezone(UTC)


def portal_time_at(real: datetime) -> datetime:
    """The portal's instant at a real one: how a stamp of the network becomes portal time."""
    frozen = _frozen.get()
    return frozen if frozen is not None else real + _offset.get()


@contextmanager
def ahead_by(offset: timedelta) -> Iterator[None]:
    """Put the clock ahead of real time for the time of the block, in this thread only."""
    token = _offset.set(offset)
    try:
        yield
    finally:
        _offset.reset(token)


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Stop the clock at an aware moment for the time of the block, in this thread only."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a zone is not an instant.")
    is_first = _frozen.get() is None
    token = _frozen.set(moment.astimezone(UTC))
    try:
        with connection.execute_wrapper(_set_trigger_clock) if is_first else nullcontext():
            yield
    finally:
        _frozen.reset(token)
        if is_first and connection.in_atomic_block and not connection.needs_rollback:
            _freeze_triggers("")


def _set_trigger_clock(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    """While the clock is stopped, what triggers write stops with it."""
    if not _MAY_WRITE.match(str(sql)):
        return execute(sql, params, many, context)
    frozen = _frozen.get()
    _freeze_triggers(frozen.isoformat() if frozen else "")
    try:
        return execute(sql, params, many, context)
    finally:
        if not connection.in_atomic_block:
            _freeze_triggers("")


def _freeze_triggers(moment: str) -> None:
    """Set the variable for the transaction, or for the session outside of one; a failure is harmless."""
    with suppress(psycopg2.Error), connection.connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(%s, %s, %s)", [STOPPED_AT, moment, connection.in_atomic_block]
        )


_MAY_WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|WITH|EXECUTE|PREPARE)", re.IGNORECASE)
