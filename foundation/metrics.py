"""Figures that processes count for monitoring: nothing is counted where nobody may read it.

Each process writes to files of its own in `METRICS_FOLDER`, and whichever is asked adds up the files of all
(`prometheus_client`, loaded only where `METRICS_ENABLED`). A file belongs to a slot that a process holds
while it lives, so a restarted process goes on where another stopped: sums never fall, and the number of files
does not grow with the number of processes there ever were.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

from django.conf import settings


@dataclass(frozen=True)
class Definition:
    """`buckets` in seconds make it a histogram of durations; without them it counts."""

    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


OF_REQUESTS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OF_SEALS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# Labels have few values each: never a number of a proposal, an account or an address.
DEFINITIONS = {
    "portal_requests": Definition("Requests that were answered.", ("route", "status")),
    "portal_request_duration_seconds": Definition(
        "How long answers took, from when a process began.", ("route",), OF_REQUESTS
    ),
    "portal_refused_submissions": Definition("Submissions that were refused.", ("reason",)),
    "portal_refusing_findings": Definition(
        "Findings for which submissions were refused, by their rule.", ("rule",)
    ),
    "portal_limit_refusals": Definition("Requests beyond a limit.", ("limit",)),
    "portal_seal_duration_seconds": Definition(
        "How long sealing a PDF took, its time stamp included.", buckets=OF_SEALS
    ),
    "portal_timestamp_duration_seconds": Definition(
        "How long the time-stamp service took for a stamp.", buckets=OF_SEALS
    ),
    "portal_timestamp_failures": Definition("Stamps that the time-stamp service did not return."),
}


def increment(name: str, **labels: str) -> None:
    """Count one."""
    if settings.METRICS_ENABLED:
        _with_labels(_metrics()[name], labels).inc()


def observe(name: str, seconds: float, **labels: str) -> None:
    """Add a duration to a histogram."""
    if settings.METRICS_ENABLED:
        _with_labels(_metrics()[name], labels).observe(seconds)


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Add how long the block takes, unless it fails."""
    begin = perf_counter()
    yield
    observe(name, perf_counter() - begin)


def load() -> None:
    """Load what counting needs before the first request or task, where it is needed at all."""
    if settings.METRICS_ENABLED:
        _metrics()


def collect() -> list[Any]:
    """The sums of all processes of this machine, as metric families of `prometheus_client`."""
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 -- only there

    load()
    return list(MultiProcessCollector(None, str(settings.METRICS_FOLDER)).collect())


def _with_labels(metric: Any, labels: dict[str, str]) -> Any:
    return metric.labels(**labels) if labels else metric


@cache
def _metrics() -> dict[str, Any]:
    folder = Path(settings.METRICS_FOLDER)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    from prometheus_client import (  # noqa: PLC0415 -- where it is used
        CollectorRegistry,
        Counter,
        Histogram,
        values,
    )

    values.ValueClass = values.MultiProcessValue(Slot(folder).number)
    registry = CollectorRegistry()
    return {
        name: Histogram(
            name, definition.help, definition.labels, registry=registry, buckets=definition.buckets
        )
        if definition.buckets
        else Counter(name, definition.help, definition.labels, registry=registry)
        for name, definition in DEFINITIONS.items()
    }


def close() -> None:
    """Close the files of this process; counting begins again with the settings of then."""
    if _metrics.cache_info().currsize:
        from prometheus_client import values  # noqa: PLC0415 -- loaded by now

        values.ValueClass.close_all_files()
        _metrics.cache_clear()


class Slot:
    """A number that no other process holds; a forked one takes another. The lock ends with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = 0
        self._number = 0
        self._file = -1

    def number(self) -> int:
        if self._process != os.getpid():
            if self._file >= 0:
                os.close(self._file)  # the parent's: it stays locked by the parent
            self._process = os.getpid()
            self._number, self._file = self._take()
        return self._number

    def _take(self) -> tuple[int, int]:
        for number in count():
            file = os.open(self._folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
            else:
                return number, file
        raise AssertionError("count() ends")
