"""The portal clock: the one place that says what time it is.

Deadlines, states and stamps all ask `clock.now()`. Demonstrations and rehearsals move it for all
processes at once, by one offset in the database; tests move it with `clock.set_to()`. In production
it cannot be moved. Plumbing (retries, sessions, health) uses real time instead.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_offset: ContextVar[timedelta] = ContextVar("offset", default=timedelta())


def now() -> datetime:
    """The portal's present instant, in UTC."""
    return of(real_now())


def real_now() -> datetime:
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
    token = _frozen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


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

    ClockOffset.objects.update_or_create(pk=1, defaults={"offset": moment - real_now()})


class ClockFixed(Exception):
    """The clock can be moved only in demonstrations, rehearsals and tests."""


class ClockMiddleware:
    """Puts the shared offset on the clock for the time of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with as_shared():
            return self.get_response(request)
