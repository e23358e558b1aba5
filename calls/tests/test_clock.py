"""One clock for all: moved where it may be, never in production; arrival, not processing, counts."""

import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory

from calls import arrival, clock
from conftest import AFTERNOON, NEXT_DAY

MINUTE = timedelta(minutes=1)


def test_set_to_restores_what_was_before():
    with clock.set_to(NEXT_DAY):
        assert clock.now() == NEXT_DAY
    assert clock.now() == AFTERNOON


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"), clock.set_to(datetime(2015, 1, 1)):
        pass


@pytest.mark.django_db
@pytest.mark.real_clock
def test_moving_the_clock_is_shared_and_ticks_on(settings):
    settings.CLOCK_IS_MOVABLE = True
    clock.move_to(AFTERNOON)
    with clock.as_shared():
        assert AFTERNOON <= clock.now() < AFTERNOON + MINUTE


@pytest.mark.django_db
def test_a_fixed_clock_cannot_be_moved(settings, client):
    settings.CLOCK_IS_MOVABLE = False
    with pytest.raises(clock.ClockFixed):
        clock.move_to(AFTERNOON)
    assert client.post("/clock/", {"moment": "start"}).status_code == 404


@pytest.mark.django_db
@pytest.mark.real_clock
def test_the_banner_jumps_and_leads_back_only_to_our_own_pages(settings, client):
    settings.CLOCK_IS_MOVABLE = True
    answer = client.post("/clock/", {"moment": "after-deadline", "back": "https://evil.example/"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    with clock.as_shared():
        assert NEXT_DAY <= clock.now() < NEXT_DAY + MINUTE


def request_from(address, stamp):
    request = RequestFactory().post("/", {"a": "b"}, REMOTE_ADDR=address)
    request.META["HTTP_X_REQUEST_ARRIVED"] = stamp
    return request


def seconds_ago(count):
    return str((datetime.now(UTC) - timedelta(seconds=count)).timestamp())


def waited_by(request):
    arrived = arrival.arrival_of(request)
    return datetime.now(UTC) - arrived


def test_a_trusted_proxy_says_when_a_request_had_arrived(settings):
    settings.TRUSTED_PROXIES = frozenset({"10.0.0.1"})
    waited = waited_by(request_from("10.0.0.1", seconds_ago(20)))
    assert timedelta(seconds=20) <= waited < timedelta(seconds=25)


@pytest.mark.parametrize(
    ("address", "stamp"),
    [
        ("10.0.0.2", 20),
        ("10.0.0.1", -20),
        ("10.0.0.1", 4000),
        ("10.0.0.1", "nan"),
        ("10.0.0.1", "yesterday"),
        ("10.0.0.1", "1e400"),
    ],
)
def test_nobody_else_and_no_impossible_stamp_is_believed(settings, address, stamp):
    if isinstance(stamp, int):
        stamp = seconds_ago(stamp)
    settings.TRUSTED_PROXIES = frozenset({"10.0.0.1"})
    waited = waited_by(request_from(address, stamp))
    assert timedelta() <= waited < timedelta(seconds=5)


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux tells of the last byte")
def test_the_kernel_says_how_long_a_request_waited_in_the_queue():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"x")
            connection, _address = server.accept()
            with connection:
                threading.Event().wait(0.3)  # what a busy worker does: it comes late
                waited = arrival.time_since_last_byte(connection)
    assert timedelta(milliseconds=250) < waited < timedelta(seconds=5)


def test_without_a_connection_nothing_is_guessed():
    assert arrival.time_since_last_byte(None) == timedelta()
