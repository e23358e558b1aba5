"""A child process keeps its limits, and what it does never harms its parent."""

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from foundation import child_process
from foundation.child_process import Busy, Child, Limits, place, run

MIB = 1024 * 1024
WIDE = Limits(seconds=10, memory=256 * MIB)
HERE = "foundation.tests.child_work"


def test_a_function_gets_bytes_and_arguments_and_gives_json_or_bytes():
    done = run(f"{HERE}:report", b"abc", WIDE, pages=7)
    assert done.result == {"length": 3, "given": {"pages": 7}}
    assert 0 < done.peak < 100 * MIB
    assert run(f"{HERE}:reversed_bytes", b"abc" * MIB, Limits(10, 256 * MIB, 4 * MIB)).content == (
        b"cba" * MIB
    )


def test_it_has_no_settings_no_secrets_and_a_group_of_its_own(monkeypatch):
    monkeypatch.setenv("PORTAL_SECRET_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgres://person:secret@host/portal")
    seen = run(f"{HERE}:surroundings", b"", WIDE).result
    assert not {"PORTAL_SECRET_KEY", "DATABASE_URL"} & set(seen["environment"])
    assert seen["folder"] != os.getcwd()
    assert (seen["django"], seen["group"], seen["core"]) == (False, True, [0, 0])


@pytest.mark.parametrize(
    ("work", "limits", "failure"),
    [
        ("hang", Limits(0.5, 256 * MIB), child_process.OutOfTime),
        ("loop", Limits(0.5, 256 * MIB), child_process.OutOfTime),
        ("swell", WIDE, child_process.OutOfMemory),
        ("shout", WIDE, child_process.Crashed),
        ("die", WIDE, child_process.Crashed),
    ],
)
def test_each_limit_ends_the_child_and_says_which(work, limits, failure):
    started, before = time.monotonic(), set(psutil.Process().children())
    with pytest.raises(failure):
        run(f"{HERE}:{work}", b"", limits)
    assert time.monotonic() - started < 5
    assert set(psutil.Process().children()) == before


def test_it_writes_no_more_than_its_limit(tmp_path):
    with pytest.raises(child_process.WorkFailed) as failure:
        run(f"{HERE}:write", b"", WIDE, folder=str(tmp_path))
    assert failure.value.kind == "OSError"
    wide = Limits(10, 256 * MIB, written=MIB)
    assert run(f"{HERE}:write", b"", wide, folder=str(tmp_path)).result == "written"


def test_what_a_function_raises_is_told_and_the_child_can_be_asked_again():
    child = Child(WIDE)
    with pytest.raises(child_process.WorkFailed) as failure:
        child.ask(f"{HERE}:fail")
    assert (failure.value.kind, failure.value.text) == ("LookupError", "the reason")
    assert child.ask(f"{HERE}:report", b"12").result["length"] == 2
    child.end()
    assert not child.is_alive


def test_a_child_that_is_ended_leaves_no_process_behind(tmp_path):
    pid_file = tmp_path / "pid"
    limits = Limits(1.0, 256 * MIB, written=MIB)
    with pytest.raises(child_process.OutOfTime):
        run(f"{HERE}:leave_a_process_behind", b"", limits, pid_file=str(pid_file))
    left = int(pid_file.read_text())
    end = time.monotonic() + 5
    while time.monotonic() < end and psutil.pid_exists(left):
        if psutil.Process(left).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.01)
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


def test_a_child_ends_when_its_parent_is_gone():
    child = Child(WIDE)
    child.ask(f"{HERE}:report")
    child.channel.connection.close()
    assert child.process.wait(timeout=5) == 0


def test_only_so_many_work_at_once_and_who_waits_too_long_is_told(tmp_path):
    folder = tmp_path / "places"
    with place(folder, count=2, wait=0), place(folder, count=2, wait=0):
        with pytest.raises(Busy), place(folder, count=2, wait=0.1):
            pass
    with place(folder, count=2, wait=0):
        pass


def test_who_waits_gets_the_place_that_becomes_free(tmp_path):
    folder, got = Path(tmp_path), threading.Event()

    def work():
        with place(folder, count=1, wait=5):
            got.set()

    with place(folder, count=1, wait=0):
        thread = threading.Thread(target=work)
        thread.start()
        assert not got.wait(0.2)
    assert got.wait(5)
    thread.join()
