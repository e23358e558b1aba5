"""The database's clock, which all machines of the portal share, and how far this machine's is from it.

Each look brackets the database's instant between two of this machine's, so that a slow answer can only make a
look less telling, never wrong. What is known is put on the portal clock; and where this machine is more than
`clock.MAX_SKEW` off, that is logged, kept for operators, and the process calls itself unhealthy.
"""

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg2
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from calls.models import ClockReading
from foundation import clock

LOG_EVERY = 60  # seconds

log = logging.getLogger("portal.clock")
machine = SimpleLazyObject(socket.gethostname)
kind_of_process = "web"  # workers and beat say what they are when they start
_measure_on = 0.0
_logged_at = -float("inf")


@dataclass(frozen=True)
class Moment:
    """An instant by this machine: its clock, which may be wrong or jump, and its ticks, which only go on."""

    at: datetime
    ticks: float

    @classmethod
    def now(cls) -> "Moment":
        return cls(clock.real_now(), time.monotonic())


@dataclass(frozen=True)
class Reading:
    """What the database's clock said at an instant between two of this machine's."""

    database: datetime
    before: Moment
    after: Moment

    def of(self, moment: Moment) -> datetime:
        """An earlier moment of this machine by the database's clock; as it is where the two agree."""
        earliest = self.database - timedelta(seconds=self.after.ticks - moment.ticks)
        latest = self.database - timedelta(seconds=self.before.ticks - moment.ticks)
        return min(max(moment.at, earliest), latest)


def store_measurement(database: datetime, before: Moment) -> Reading:
    """Take in what the database's clock said since `before`."""
    reading = Reading(database, before, Moment.now())
    least, most = database - reading.after.at, database - before.at
    clock.behind = min(max(clock.behind, least), most)
    if is_off():
        _log()
    return reading


def measure() -> Reading:
    """Ask the database what time it is."""
    connection.ensure_connection()
    before = Moment.now()
    with connection.connection.cursor() as cursor:  # itself: no wrapper is to make it slower
        cursor.execute("SELECT clock_timestamp()")
        (database,) = cursor.fetchone()
    return store_measurement(database, before)


def is_off() -> bool:
    """Whether this machine's clock is further from the database's than it may be."""
    return abs(clock.behind) > clock.MAX_SKEW


def skew_text() -> str:
    side = "behind" if clock.behind > timedelta() else "ahead of"
    seconds = abs(clock.behind).total_seconds()
    return f"The clock of {machine} is {seconds:.1f} s {side} the database's."


def _log() -> None:
    global _logged_at  # noqa: PLW0603 -- of this process
    if time.monotonic() - _logged_at >= LOG_EVERY:
        _logged_at = time.monotonic()
        seconds = clock.behind.total_seconds()
        text = "The clock of %s is %.1f s behind the database's (less than 0: ahead). Synchronise it (NTP)."
        log.error(text, str(machine), seconds)


def measure_regularly() -> None:
    """Look, unless this process did so a moment ago, and keep what is seen for operators."""
    global _measure_on  # noqa: PLW0603 -- of this process
    every = settings.CLOCK_LOOK_SECONDS
    if not every or time.monotonic() < _measure_on:
        return
    _measure_on = time.monotonic() + every
    try:
        measure()
        store_reading()
    except (DatabaseError, InterfaceError, psycopg2.Error):
        log.warning("The database's clock could not be read.")


def store_reading() -> None:
    """Let operators see how far the clock of this machine is off."""
    values = {"behind": clock.behind, "read_at": clock.real_now() + clock.behind}
    ClockReading.objects.update_or_create(
        machine=str(machine)[:100], process=kind_of_process, defaults=values
    )


class ClockSkewMiddleware:
    """Lets web processes look at the database's clock now and then, after an answer is made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if connection.connection is not None:  # a page that needs no database opens none for this
            measure_regularly()
        return response
