"""When a request had fully arrived at the portal's own edge.

A submission is judged by that instant, not by when a worker got round to it. Three sources, best
first: a proxy that is configured as trusted stamps a header (Unix seconds with a fraction); else the
kernel says how long ago the last byte came in, which is right even for a request that waited in the
listen queue; else the moment at which the server had read the body. All of them are read by the
database's clock (`Arrival.by`): a machine whose own clock is wrong makes nobody early or late.
"""

import logging
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from calls import database_clock
from calls.database_clock import Moment, Reading
from foundation import clock
from foundation.client_address import is_from_trusted_proxy

LAST_DATA_RECEIVED = (
    52  # offset of tcpi_last_data_recv in struct tcp_info (linux/tcp.h), milliseconds
)
MAX_WAIT = timedelta(minutes=5)
# The kernel counts in ticks of up to 10 ms: a shorter wait than this is no evidence of a queue.
MIN_WAIT = timedelta(milliseconds=50)


TOLERANCE = timedelta(seconds=2)

log = logging.getLogger("portal.arrival")


@dataclass(frozen=True)
class Arrival:
    """When a request had arrived: by this machine, and as a trusted proxy stamped it, if one did.

    The database's clock decides which of them is used and whether this machine's clock is right.
    """

    measured: Moment
    stamped: datetime | None = None

    def earliest(self) -> datetime:
        """Before this it has not arrived, as far as this machine's clock is right."""
        measured = self.measured.at + clock.behind
        stamped = min(self.stamped or measured, measured)
        return clock.portal_time_at(max(stamped, measured - MAX_WAIT))

    def by(self, reading: Reading) -> datetime:
        """The portal's instant of it; a stamp is taken from `MAX_WAIT` before to `TOLERANCE` ahead."""
        measured = reading.of(self.measured)
        if self.stamped is None:
            return clock.portal_time_at(measured)
        if measured - MAX_WAIT <= self.stamped <= measured + TOLERANCE:
            return clock.portal_time_at(min(self.stamped, measured))
        ahead = (self.stamped - measured).total_seconds()
        log.warning(
            "A proxy's arrival time was ignored: it differs by %.1f s from the arrival here.", ahead
        )
        return clock.portal_time_at(measured)


class ArrivalMiddleware:
    """Sets `request.arrival`, once and before anything else looks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.arrival = arrival_of(request)  # type: ignore[attr-defined]
        request.had_arrived = request.method != "POST" or _is_small_form(request)  # type: ignore[attr-defined]
        return self.get_response(request)


def full_arrival(request: HttpRequest) -> Arrival:
    """When the request had fully arrived, still to be read by the database's clock.

    A form that was not read as a whole before the view (a multipart body may trickle in for minutes)
    has arrived only when it has been read here.
    """
    if not request.had_arrived:  # type: ignore[attr-defined]
        _ = request.POST
        return Arrival(Moment.now())
    arrival: Arrival = request.arrival  # type: ignore[attr-defined]
    return arrival


def received_at(request: HttpRequest) -> datetime:
    """The portal's instant at which the request had fully arrived, by the database's clock."""
    return full_arrival(request).by(database_clock.measure())


def arrival_of(request: HttpRequest) -> Arrival:
    if _is_small_form(request):
        _ = request.body  # it has arrived when all of it has
    present = Moment.now()
    waited = time_since_last_byte(request.META.get("gunicorn.socket"))
    measured = Moment(present.at - waited, present.ticks - waited.total_seconds())
    return Arrival(measured, _stamp_of_trusted_proxy(request))


def _is_small_form(request: HttpRequest) -> bool:
    return (
        request.method == "POST"
        and request.content_type == "application/x-www-form-urlencoded"
        and int(request.META.get("CONTENT_LENGTH") or 0) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    )


def _stamp_of_trusted_proxy(request: HttpRequest) -> datetime | None:
    if not is_from_trusted_proxy(request.META):
        return None
    try:
        seconds = float(request.headers.get(settings.ARRIVAL_HEADER, ""))
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def time_since_last_byte(connection: socket.socket | None) -> timedelta:
    """How long the last byte of a TCP connection has lain in the kernel; zero where unknown."""
    if connection is None or not hasattr(socket, "TCP_INFO"):
        return timedelta()
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, LAST_DATA_RECEIVED + 4)
        (milliseconds,) = struct.unpack_from("@I", info, LAST_DATA_RECEIVED)
    except (OSError, struct.error):
        return timedelta()
    waited = timedelta(milliseconds=milliseconds)
    return waited if MIN_WAIT <= waited <= MAX_WAIT else timedelta()
