"""The portal clock: the one place that says what time it is.

Deadlines, states and stamps all ask `clock.now()`. Demonstrations and rehearsals move it for all
processes at once, by one offset in the database; tests move it with `clock.set_to()`. In production
it cannot be moved. Plumbing (retries, sessions, health) uses real time instead.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_offset: ContextVar[timedelta] = ContextVar("offset", default=timedelta())


# How far this machine's clock is behind the database's, as far as it is known (`calls.database_clock`).
behind = timedelta()
# The session's variable that tells triggers at which moment the clock is stopped (`portal_now` in guards).
STOPPED_AT = "portal.now"


def now() -> datetime:
    """The portal's present instant, in UTC: by the database's clock, which all machines share."""
    return of(real_now() + behind)


def real_now() -> datetime:
    """By this machine's clock: for plumbing."""
    return timezone.now().astimezone(UTC)


def of(real: datetime) -> datetime:
    """The portal's instant at a real one: how a stamp of the network becomes portal time."""
    frozen = _frozen.get()
    return frozen if frozen is not None else real + _offset.get()


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Stop the clock at an aware moment for the time of the block, in this thread only."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a zone is not an instant.")
    is_first = _frozen.get() is None
    token = _frozen.set(moment.astimezone(UTC))
    try:
        with connection.execute_wrapper(_tell_triggers) if is_first else nullcontext():
            yield
    finally:
        _frozen.reset(token)
        if is_first and connection.in_atomic_block and not connection.needs_rollback:
            _stop_for_triggers("")


def _tell_triggers(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    """While the clock is stopped, what triggers write stops with it."""
    if not _MAY_WRITE.match(str(sql)):
        return execute(sql, params, many, context)
    frozen = _frozen.get()
    _stop_for_triggers(frozen.isoformat() if frozen else "")
    try:
        return execute(sql, params, many, context)
    finally:
        if not connection.in_atomic_block:
            _stop_for_triggers("")


def _stop_for_triggers(moment: str) -> None:
    """For the transaction, or outside of one for the session; what cannot be told now needs not be."""
    with suppress(psycopg2.Error), connection.connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(%s, %s, %s)", [STOPPED_AT, moment, connection.in_atomic_block]
        )


_MAY_WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|WITH|EXECUTE|PREPARE)", re.IGNORECASE)


@contextmanager
def as_shared() -> Iterator[None]:
    """Use the offset that all processes share, where the setting allows one."""
    if not settings.CLOCK_IS_MOVABLE:
        yield
        return
    token = _offset.set(shared_offset())
    try:
        yield
    finally:
        _offset.reset(token)


def shared_offset() -> timedelta:
    from calls.models import ClockOffset  # noqa: PLC0415 -- models need the clock

    return ClockOffset.current()


def move_to(moment: datetime) -> None:
    """Let all processes see `moment` now, ticking on from there.

    Raises:
        ClockFixed: the clock of this portal cannot be moved.
    """
    if not settings.CLOCK_IS_MOVABLE:
        raise ClockFixed
    from calls.models import ClockOffset  # noqa: PLC0415 -- as above

    ClockOffset.objects.update_or_create(pk=1, defaults={"offset": moment - real_now() - behind})


class ClockFixed(Exception):
    """The clock can be moved only in demonstrations, rehearsals and tests."""


class ClockMiddleware:
    """Puts the shared offset on the clock for the time of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with as_shared():
            return self.get_response(request)
