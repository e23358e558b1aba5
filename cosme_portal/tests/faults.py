"""A worker or a web process of the test that kills something at a named stage of its work, once.

Started in place of the real ones: `celery -A cosme_portal.tests.faults worker` and
`gunicorn -c python:cosme_portal.tests.faults cosme_portal.wsgi`. Nothing in the portal itself knows of it.
"""

import functools
import importlib
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from celery.signals import worker_process_init

from cosme_portal.celery import app

__all__ = ["app", "post_worker_init"]

# Where a worker or a web process can die: the function, and whether before it or after.
STAGES = {
    "claimed": ("proposals.delivery.outbox", "_process_row", "before"),
    "placed in the log": ("proposals.proof.receipts", "proof_of_version", "after"),
    "laid out": ("proposals.proof.receipts", "render_pdf", "after"),
    "sealed": ("proposals.proof.pdf_signature", "seal_pdf", "after"),
    "stored": ("proposals.proof.receipts", "_store", "after"),
    "arrived": ("proposals.submission.submit", "submit_draft", "before"),
    "written, not committed": ("proposals.submission.submit", "insert_together", "after"),
    "committed, not answered": ("proposals.delivery.wakeup", "wake_worker", "before"),
}

HANGING_LAYOUT = "proposals.tests.hanging_layout:pdf"


def _strike(victim: str, mark: Path) -> None:
    """What happens at the stage: "self" is this process with all of its session, a number is a server.

    The mark says that it has happened; a server is dead by then. "slow" happens each time.
    """
    if victim == "slow":
        time.sleep(0.2)
        return
    if victim in ("self", "pause"):
        mark.touch()
        os.killpg(os.getpgid(0), signal.SIGKILL if victim == "self" else signal.SIGSTOP)
        return
    server = psutil.Process(int(victim))
    all_of_it = [server, *server.children(recursive=True)]
    for process in all_of_it:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_for = time.monotonic() + 10
    while time.monotonic() < wait_for and any(_is_alive(item) for item in all_of_it):
        time.sleep(0.01)
    mark.touch()


def _is_alive(process: psutil.Process) -> bool:
    """A zombie is dead; its parent only has not looked."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _arm() -> None:
    if os.environ["FAULT_STAGE"] == HANGING_LAYOUT:
        importlib.import_module("foundation.pdf").LAYOUT = HANGING_LAYOUT
        return
    module_name, name, when = STAGES[os.environ["FAULT_STAGE"]]
    module = importlib.import_module(module_name)
    work: Callable[..., Any] = getattr(module, name)
    mark = Path(os.environ["FAULT_MARK"])

    def strike() -> None:
        if not mark.exists():
            _strike(os.environ["FAULT_VICTIM"], mark)

    @functools.wraps(work)
    def armed(*args: Any, **named: Any) -> Any:
        if when == "before":
            strike()
        answer = work(*args, **named)
        if when == "after":
            strike()
        return answer

    setattr(module, name, armed)


@worker_process_init.connect
def _arm_the_worker(**_signal: Any) -> None:
    _arm()


def post_worker_init(_worker: Any) -> None:
    """Called by gunicorn in the process that answers."""
    _arm()
