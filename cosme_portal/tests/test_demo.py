"""The demonstration starts by one command, says what is wrong, stops as a whole, and goes on later."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cosme_portal.settings import ROOT
from cosme_portal.tests.processes import wait_until

pytestmark = [pytest.mark.real_clock, pytest.mark.xdist_group("processes")]

# Whatever the outside offers, this is about the servers that the portal brings along.
OURS = {"DATABASE_URL": "", "REDIS_URL": "", "PORTAL_BASE_URL": ""}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cosme-demo-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as a person of its own where we are root
        yield Path(name)


def command(folder: Path, port: int, *, mode: str = "demo") -> dict[str, object]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")
    }
    values = OURS | {"PORTAL_MODE": mode, "PORTAL_VAR": str(folder), "PORT": str(port)}
    environment |= {name: value for name, value in values.items() if value}
    for name, value in values.items():
        if not value:
            environment.pop(name, None)
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    args = [sys.executable, "-m", f"cosme_portal.{mode}"]
    return {"args": args, "env": environment, "cwd": ROOT}


@contextmanager
def running(folder: Path, port: int, *, mode: str = "demo") -> "Iterator[subprocess.Popen[bytes]]":
    log = (folder / f"{mode}.log").open("ab")
    process = subprocess.Popen(
        **command(folder, port, mode=mode), stdout=log, stderr=log, start_new_session=True
    )
    try:
        wait_until(lambda: process.poll() is not None or answers(port), seconds=180)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        log.close()


def answers(port: int) -> bool:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=2).status == 200
    except OSError:
        return False


def page(port: int, path: str) -> str:
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10).read().decode()


def left_behind(folder: Path) -> list[str]:
    result = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line or (process.info["environ"] or {}).get("PORTAL_VAR") == str(folder):
            result.append(line)
    return result


def clock_of(html: str) -> str:
    return re.search(r"data-portal-seconds=\"(\d+)\"", html)[1]


def test_it_starts_shows_the_world_stops_as_a_whole_and_goes_on(folder):
    port = free_port()
    with running(folder, port):
        html = page(port, "/calls/COS-CLUSTER-2014-3-03/")
        assert "Demonstration." in html and "Start a proposal in strand 1" in html
        first = int(clock_of(html))
        assert 0 <= first - 1429626000 < 600  # 21 April 2015, 16:20 in Brussels, ticking
        assert "lead@demo.example" in page(port, "/demo/accounts/")
        wait_until(lambda: "version 1 received" in page(port, "/demo/emails/"), seconds=60)
    wait_until(lambda: not left_behind(folder), seconds=20)
    log = (folder / "demo.log").read_text()
    assert "password for all accounts" in log and "Traceback" not in log
    time.sleep(2)  # the clock stands while the demonstration is stopped
    with running(folder, port):
        again = int(clock_of(page(port, "/")))
        assert first <= again < first + 120
        assert "already exists" in (folder / "demo.log").read_text()


def test_a_taken_port_is_said_plainly(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = subprocess.run(
            **command(folder, port), capture_output=True, text=True, check=False
        )
    assert refused.returncode != 0
    assert f"Port {port} cannot be used" in refused.stderr
    assert f"make demo PORT={port + 1}" in refused.stderr


# Prints lines without end and ignores the request to stop; each has a child that must end with it.
DEAF = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "300"])
while True:
    print("x" * 200)
"""


def test_it_stops_though_a_process_floods_it_and_hears_nothing(folder):
    deaf = folder / "deaf.py"
    deaf.write_text(DEAF)
    both = {"deaf": f"exec '{sys.executable}' {deaf}", "calm": "exec sleep 300"}
    code = f"from cosme_portal import demo; raise SystemExit(demo.run_together({both!r}, stop_within=1))"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | {"PORTAL_VAR": str(folder)},
        )
    wait_until(lambda: b"xxxx" in (folder / "log").read_bytes()[:100_000], seconds=20)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=15) == 0
    wait_until(lambda: not left_behind(folder), seconds=5)
