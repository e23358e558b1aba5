"""The offset of the portal clock that all processes share: demonstrations and rehearsals only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from calls.models import ClockOffset
from foundation import clock


@contextmanager
def use_shared_offset() -> Iterator[None]:
    """Use the offset that all processes share, where the setting allows one."""
    if not settings.CLOCK_IS_MOVABLE:
        yield
        return
    with clock.ahead_by(shared_offset()):
        yield


def shared_offset() -> timedelta:
    return ClockOffset.current()


def set_shared_offset(moment: datetime) -> None:
    """Let all processes see `moment` now, ticking on from there.

    Raises:
        ClockFixed: the clock of this portal cannot be moved.
    """
    if not settings.CLOCK_IS_MOVABLE:
        raise ClockFixed
    offset = moment - clock.real_now() - clock.behind
    ClockOffset.objects.update_or_create(pk=1, defaults={"offset": offset})


class ClockFixed(Exception):
    """The clock can be moved only in demonstrations, rehearsals and tests."""


class ClockMiddleware:
    """Puts the shared offset on the clock for the time of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with use_shared_offset():
            return self.get_response(request)
