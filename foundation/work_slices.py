"""How long a worker goes on with one kind of work, and when it has to stop.

A worker that is asked to stop finishes the row in hand. Its pool consists of processes that no signal
reaches (the signal goes to their parent), so the request is a byte of memory that they share.
"""

import time
from collections.abc import Iterator
from multiprocessing.sharedctypes import RawValue
from typing import Any

SLICE = 3.0  # seconds; then other kinds of work come first
_stopping: Any = None


def share_stop_request() -> None:
    """Let the processes that are forked from now on learn of `request_stop`.

    It is a byte and no lock, which a killed process could hold permanently.
    """
    global _stopping  # noqa: PLW0603 -- one for a process and its children
    _stopping = RawValue("b", 0)


def request_stop() -> None:
    """Let each worker of this pool stop after the row in hand."""
    if _stopping is not None:
        _stopping.value = 1


def is_stopping() -> bool:
    return bool(_stopping is not None and _stopping.value)


def time_slice(seconds: float | None = None) -> Iterator[bool]:
    """Turns until the time is over, by a steady clock: at least one, but none while the worker stops."""
    end = time.monotonic() + (SLICE if seconds is None else seconds)
    while not is_stopping():
        yield True
        if time.monotonic() >= end:
            return
