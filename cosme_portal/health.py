"""Answers for machines that watch the portal: is this process alive, can it serve, is all well behind it.

They are given before any other middleware, so without TLS, by any host name, without a session. What fails
is named by a word and a figure, never by a host name, an address or the text of an error.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse

from calls import database_clock
from cosme_portal import __version__
from cosme_portal.broker import BrokerUnavailable, queue_lengths
from cosme_portal.checks import unapplied_migrations
from foundation import clock
from foundation.file_folder import file_folder
from foundation.recent_value import RecentValue
from proposals.delivery import outbox
from proposals.models import FileFolder

RECENT = (
    1.0  # seconds for which a process answers what it knows: a flood of questions costs nothing
)
MAX_DELAY = timedelta(minutes=5)  # of what people wait for; longer, the workers do not keep up
UNAVAILABLE = 503


class CheckFailed(Exception):
    """A check found what must not be; the details are for everyone to read."""

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.details = {"reason": reason, **details}


@dataclass(frozen=True)
class CheckResult:
    """`state` is ok, failed, or unknown where it depends on something that failed."""

    name: str
    state: str
    is_required: bool
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"status": self.state, "required": self.is_required, **self.details}


def health(request: HttpRequest) -> JsonResponse:
    """For load balancers: whether this process reaches its database, and its clock is right."""
    try:
        _measure_clock()
        database_clock.measure_regularly()  # health is answered before the middleware that does this
    except (Error, psycopg2.Error):
        return JsonResponse({"status": "no database"}, status=UNAVAILABLE)
    if database_clock.is_off():
        body = {"status": "clock", "reason": database_clock.skew_text()}
        return JsonResponse(body, status=UNAVAILABLE)
    return JsonResponse({"status": "ok", "version": __version__})


def live(request: HttpRequest) -> JsonResponse:
    """Whether the process answers at all. It asks nothing else: restarting it would repair nothing else."""
    return _uncached({"status": "alive", "version": __version__})


def ready(request: HttpRequest) -> JsonResponse:
    """Whether people can be served here. What only delays later work makes it degraded, with status 200.

    People submit as usual while broker and workers are away. If that took web processes out of service,
    the failure of a helper would close the portal.
    """
    results = readiness.get()
    state = overall_state(results)
    checks = {result.name: result.as_json() for result in results}
    body = {"status": state, "version": __version__, "checks": checks}
    return _uncached(body, status=UNAVAILABLE if state == "not ready" else 200)


def _uncached(body: Mapping[str, Any], *, status: int = 200) -> JsonResponse:
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})


def overall_state(results: list[CheckResult]) -> str:
    if all(result.state == "ok" for result in results):
        return "ready"
    is_required = any(result.is_required and result.state != "ok" for result in results)
    return "not ready" if is_required else "degraded"


# --- Checks --------------------------------------------------------------------------------------


def _database() -> dict[str, Any]:
    try:
        _measure_clock()
    except (Error, psycopg2.Error):
        raise CheckFailed("The database does not answer.") from None
    return {}


def _measure_clock() -> None:
    """Ask the database its time, over a new connection if the server has closed the former one.

    Only Django's own cursors notice that. A process that is asked nothing but its health would otherwise
    call itself unhealthy long after the database is back.
    """
    connection.close_if_health_check_failed()
    database_clock.measure()


def _clock() -> dict[str, Any]:
    seconds = round(clock.behind.total_seconds(), 3)
    if database_clock.is_off():
        reason = "This machine's clock differs from the database's."
        raise CheckFailed(reason, behind_seconds=seconds)
    return {"behind_seconds": seconds}


def _migrations() -> dict[str, Any]:
    count = len(unapplied_migrations())
    if count:
        raise CheckFailed("Migrations have not been applied.", unapplied=count)
    return {}


def _files() -> dict[str, Any]:
    """The folder can be written, and is the one that the database knows."""
    if not _is_writable(file_folder()):
        raise CheckFailed("The folder of uploaded files cannot be written.")
    if FileFolder.problem():
        raise CheckFailed("The folder of uploaded files is not the one that the database knows.")
    return {}


def _is_writable(folder: Path) -> bool:
    """The storage creates the folder with its first file, so one that is still missing can be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _broker() -> dict[str, Any]:
    try:
        return {"queued": sum(queue_lengths().values())}
    except BrokerUnavailable:
        raise CheckFailed("The broker does not answer.") from None


def _outbox() -> dict[str, Any]:
    """How long the first receipt, email or letter has been due. Reissues and full proposals may wait."""
    delay = outbox.longest_delay()
    details = {"oldest_seconds": round(delay.total_seconds())}
    if delay > MAX_DELAY:
        raise CheckFailed("Workers do not keep up with receipts and emails.", **details)
    return details


Check = Callable[[], Mapping[str, Any]]
REQUIRED: dict[str, Check] = {
    "database": _database,
    "clock": _clock,
    "migrations": _migrations,
    "files": _files,
}
NOT_REQUIRED: dict[str, Check] = {"broker": _broker, "outbox": _outbox}
WITHOUT_DATABASE = {"database", "broker"}


def run_checks() -> list[CheckResult]:
    results: dict[str, CheckResult] = {}
    for name, check in {**REQUIRED, **NOT_REQUIRED}.items():
        has_database = name == "database" or results["database"].state == "ok"
        if has_database or name in WITHOUT_DATABASE:
            results[name] = _run(name, check)
        else:
            results[name] = CheckResult(name, "unknown", name in REQUIRED)
    return list(results.values())


def _run(name: str, check: Check) -> CheckResult:
    is_required = name in REQUIRED
    try:
        return CheckResult(name, "ok", is_required, check())
    except CheckFailed as failure:
        return CheckResult(name, "failed", is_required, failure.details)
    except (Error, OSError) as error:  # lost in between, or a disk that fails
        return CheckResult(name, "failed", is_required, {"reason": type(error).__name__})


readiness = RecentValue(run_checks, seconds=RECENT)
