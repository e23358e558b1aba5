"""One clock for all: moved where it may be, never in production; arrival, not processing, counts."""

import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory

from calls import database_clock, request_arrival, shared_clock
from calls.database_clock import Moment
from calls.models import ClockReading
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock

MINUTE = timedelta(minutes=1)


def test_set_to_restores_what_was_before():
    with clock.frozen_at(NEXT_DAY):
        assert clock.now() == NEXT_DAY
    assert clock.now() == AFTERNOON


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"), clock.frozen_at(datetime(2015, 1, 1)):
        pass


@pytest.mark.django_db
@pytest.mark.real_clock
def test_moving_the_clock_is_shared_and_ticks_on(settings):
    settings.CLOCK_IS_MOVABLE = True
    shared_clock.set_shared_offset(AFTERNOON)
    with shared_clock.use_shared_offset():
        assert AFTERNOON <= clock.now() < AFTERNOON + MINUTE


@pytest.mark.django_db
def test_a_fixed_clock_cannot_be_moved(settings, client):
    settings.CLOCK_IS_MOVABLE = False
    with pytest.raises(shared_clock.ClockFixed):
        shared_clock.set_shared_offset(AFTERNOON)
    assert client.post("/clock/", {"moment": "start"}).status_code == 404


@pytest.mark.django_db
@pytest.mark.real_clock
def test_the_banner_jumps_and_leads_back_only_to_our_own_pages(settings, client):
    settings.CLOCK_IS_MOVABLE = True
    answer = client.post("/clock/", {"moment": "after-deadline", "back": "https://evil.example/"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    with shared_clock.use_shared_offset():
        assert NEXT_DAY <= clock.now() < NEXT_DAY + MINUTE


def request_from(address, stamp):
    request = RequestFactory().post("/", {"a": "b"}, REMOTE_ADDR=address)
    request.META["HTTP_X_REQUEST_ARRIVED"] = stamp
    return request


def seconds_ago(count):
    return str((datetime.now(UTC) - timedelta(seconds=count)).timestamp())


@pytest.fixture
def right_again(monkeypatch):
    """What a test makes of this machine's clock is forgotten after it."""
    monkeypatch.setattr(clock, "behind", timedelta())
    monkeypatch.setattr(database_clock, "_logged_at", -float("inf"))
    return monkeypatch


def set_wrong(monkeypatch, seconds):
    """This machine's clock is behind the database's by so many seconds."""
    wrong = timedelta(seconds=seconds)
    monkeypatch.setattr(clock, "real_now", lambda: datetime.now(UTC) - wrong)


def waited_by(request):
    arrived = request_arrival.arrival_of(request).by(database_clock.measure())
    return datetime.now(UTC) - arrived


@pytest.mark.django_db
@pytest.mark.real_clock
@pytest.mark.parametrize("wrong", [20, -20])
def test_arrival_and_portal_time_are_those_of_the_database_however_wrong_this_machine_is(
    right_again, wrong
):
    set_wrong(right_again, wrong)
    request = RequestFactory().post("/", {"a": "b"})
    assert timedelta() <= waited_by(request) < timedelta(seconds=5)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


@pytest.mark.django_db
@pytest.mark.real_clock
@pytest.mark.parametrize("wrong", [20, -20])
def test_a_trusted_stamp_is_taken_however_wrong_this_machine_is(settings, right_again, wrong):
    settings.TRUSTED_PROXIES = frozenset({"10.0.0.1"})
    set_wrong(right_again, wrong)
    waited = waited_by(request_from("10.0.0.1", seconds_ago(3)))
    assert timedelta(seconds=3) <= waited < timedelta(seconds=8)


@pytest.mark.django_db
@pytest.mark.real_clock
def test_a_stamp_within_the_tolerance_makes_nobody_late(settings):
    settings.TRUSTED_PROXIES = frozenset({"10.0.0.1"})
    waited = waited_by(request_from("10.0.0.1", seconds_ago(-1)))
    assert timedelta() <= waited < timedelta(seconds=0.9)


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [3, -3])
def test_a_clock_that_is_off_is_logged_once_kept_for_operators_and_not_healthy(
    settings, right_again, caplog, client, wrong
):
    settings.CLOCK_LOOK_SECONDS = 30
    right_again.setattr(database_clock, "_measure_on", 0.0)
    set_wrong(right_again, wrong)
    answers = [client.get("/health/") for _time in range(3)]
    assert {answer.status_code for answer in answers} == {503}
    assert "3.0 s" in answers[0].json()["reason"]
    assert len([record for record in caplog.records if record.name == "portal.clock"]) == 1
    reading = ClockReading.objects.get()
    assert (reading.process, reading.is_off) == ("web", True)
    set_wrong(right_again, 0)
    assert client.get("/health/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("off", [0, 0.5, -0.5])
def test_a_clock_that_is_off_by_less_than_a_second_is_healthy(right_again, client, off):
    set_wrong(right_again, off)
    assert client.get("/health/").status_code == 200


def test_a_slow_answer_of_the_database_tells_less_and_nothing_wrong(right_again):
    before = Moment.now()
    slow = Moment(before.at - timedelta(seconds=5), before.ticks - 5)
    reading = database_clock.store_measurement(before.at - timedelta(seconds=2), slow)
    assert clock.behind == timedelta()
    assert reading.of(Moment(slow.at, slow.ticks)) == slow.at


@pytest.mark.django_db
@pytest.mark.real_clock
def test_a_trusted_proxy_says_when_a_request_had_arrived(settings):
    settings.TRUSTED_PROXIES = frozenset({"10.0.0.1"})
    waited = waited_by(request_from("10.0.0.1", seconds_ago(20)))
    assert timedelta(seconds=20) <= waited < timedelta(seconds=25)


@pytest.mark.django_db
@pytest.mark.real_clock
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
                waited = request_arrival.time_since_last_byte(connection)
    assert timedelta(milliseconds=250) < waited < timedelta(seconds=5)


def test_without_a_connection_nothing_is_guessed():
    assert request_arrival.time_since_last_byte(None) == timedelta()
