"""Real workers for tests: processes of their own on the test's database and a real broker."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from cosme_portal import embedded
from cosme_portal.celery import app
from foundation.database_roles import RUNTIME, address_with_role


def missing(what: str) -> None:
    """A failure in CI, a loud skip elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(f"SKIPPED: {what}")


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a Unix socket in it."""
    with tempfile.TemporaryDirectory(prefix="cosme-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def broker() -> Iterator[str]:
    """A real broker; the Celery app of this process uses it for the time of the block."""
    folder = tempfile.TemporaryDirectory(prefix="cosme-portal-broker-", ignore_cleanup_errors=True)
    try:
        stop = embedded.provide_broker(Path(folder.name))
    except ImportError:
        missing("No REDIS_URL is set and the embedded Valkey is not installed.")
    app.conf.broker_url = os.environ["REDIS_URL"]
    # A broker of your own may have other queues; ours never meets them.
    app.conf.task_default_queue = f"portal-test-{os.getpid()}"
    try:
        yield os.environ["REDIS_URL"]
    finally:
        app.pool.force_close_all()
        stop()
        folder.cleanup()


def database_url() -> str:
    """The address of this test's own database, under the run-time role."""
    data = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    address = f"{data.scheme}://{data.netloc}/{name}"
    return address_with_role(f"{address}?{data.query}" if data.query else address, RUNTIME)


def start_worker(
    *, base_url: str = "http://127.0.0.1:8000", module: str = "cosme_portal", **more: str
) -> "subprocess.Popen[bytes]":
    """A worker with beat inside, in a session of its own so that it can be killed as a whole."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "cosme_portal.settings",
        "PORTAL_MODE": "test",
        "DATABASE_URL": database_url(),
        "PORTAL_CLOCK_MOVABLE": "true",
        "PORTAL_BASE_URL": base_url,
        "PORTAL_FILES": str(settings.MEDIA_ROOT),
        "PORTAL_MAIL_URL": "dummymail://",
        "PORTAL_CLAIM_SECONDS": "3",
        **more,
    }
    queues = ",".join([app.conf.task_default_queue, *settings.QUEUES])
    schedule = f"{settings.MEDIA_ROOT}/beat-{time.monotonic_ns()}"
    command = [
        sys.executable, "-W", "ignore", "-m", "celery", "-A", module, "--quiet", "worker",
        "--concurrency", "1", "--without-gossip", "--without-mingle", "--without-heartbeat",
        "--loglevel", "error", "--beat", "--schedule", schedule, "--queues", queues,
    ]  # fmt: skip
    return subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
    )


def kill(process: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGKILL) -> None:
    if process.poll() is None:
        os.killpg(process.pid, how)
        process.wait(timeout=20)


@contextmanager
def worker(**kwargs: Any) -> Iterator["subprocess.Popen[bytes]"]:
    process = start_worker(**kwargs)
    try:
        yield process
    finally:
        kill(process)


def wait_until(is_so: Callable[[], Any], *, seconds: float = 40, every: float = 0.05) -> Any:
    """Ask until it is so; a failure says what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = is_so()
        if answer:
            return answer
        time.sleep(every)
    pytest.fail(f"Waited {seconds} s in vain.")
