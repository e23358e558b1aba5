"""Each task has a queue and a time to expire; beat sends them from one machine only; workers stop in time."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from celery.beat import PersistentScheduler
from django.db import Error

from cosme_portal import beat, settings
from cosme_portal.beat import GuardedScheduler
from foundation import clock, work_slices
from proposals import tasks
from proposals.delivery import scheduler_lease, wakeup
from proposals.models import SchedulerLease

TASKS = {name for name in dir(tasks) if hasattr(getattr(tasks, name), "apply_async")}


def test_each_task_has_one_queue():
    routed = [task for names in settings.QUEUES.values() for task in names]
    assert sorted(routed) == sorted(TASKS)


def test_each_periodic_task_is_sent_and_expires():
    schedule = settings.CELERY_BEAT_SCHEDULE
    assert {entry["task"].rpartition(".")[2] for entry in schedule.values()} == TASKS
    for entry in schedule.values():
        assert entry["options"]["expires"] <= max(60, 2 * entry["schedule"])


def test_a_task_from_a_machine_whose_clock_is_slow_is_not_void_when_it_arrives():
    """Its instant of expiry is the sender's, and workers compare it with their own clock."""
    slow = 20  # seconds, with which the other tests of clocks reckon too
    lifetimes = [entry["options"]["expires"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    assert min([*lifetimes, wakeup.HINT_LIFETIME]) > slow


@pytest.fixture
def sent(monkeypatch):
    """The holders that sent tasks, each time that Celery's own scheduler was asked to."""
    holders = []
    monkeypatch.setattr(
        PersistentScheduler, "tick", lambda scheduler: holders.append(scheduler.holder) or 1.0
    )
    return holders


def scheduler(holder):
    made = GuardedScheduler.__new__(GuardedScheduler)
    made.holder = holder
    return made


@pytest.mark.django_db
def test_of_two_beats_only_one_sends_tasks(sent):
    first, second = scheduler("one:1"), scheduler("two:2")
    for _round in range(3):
        first.tick()
        second.tick()
    assert sent == ["one:1"] * 3


@pytest.mark.django_db
def test_another_beat_takes_over_when_one_is_gone_and_does_not_give_way_to_it(sent):
    first, second = scheduler("one:1"), scheduler("two:2")
    first.tick()
    long_ago = clock.real_now() - scheduler_lease.LEASE_DURATION - timedelta(seconds=1)
    SchedulerLease.objects.update(renewed_at=long_ago)
    second.tick()
    first.tick()
    assert sent == ["one:1", "two:2"]


def test_without_a_database_beat_sends_nothing_and_asks_again(sent, monkeypatch):
    def away(_holder):
        raise Error

    monkeypatch.setattr(beat, "acquire", away)
    assert 0 < scheduler("one:1").tick() <= 5
    assert sent == []


@pytest.mark.django_db
def test_operators_see_that_no_beat_runs():
    assert scheduler_lease.beat_status().is_absent
    scheduler_lease.acquire("one:1")
    assert not scheduler_lease.beat_status().is_absent
    SchedulerLease.objects.update(renewed_at=clock.real_now() - timedelta(minutes=2))
    assert scheduler_lease.beat_status().is_absent


def test_a_slice_of_time_ends_and_has_one_turn_at_least(monkeypatch):
    ticks = iter([0.0, 1.0, 2.0, 3.0])
    monkeypatch.setattr(work_slices, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    assert list(work_slices.time_slice(2)) == [True, True]
    monkeypatch.undo()
    assert list(work_slices.time_slice(0)) == [True]


def test_a_worker_that_must_stop_takes_no_further_row(monkeypatch):
    monkeypatch.setattr(work_slices, "_stopping", None)
    work_slices.share_stop_request()
    turns = work_slices.time_slice(60)
    assert next(turns)
    work_slices.request_stop()
    assert not next(turns, False)
