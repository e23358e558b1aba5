"""What workers do with many rows, or in several steps: one that fails stops no other.

It is kept as a `Trouble`, which operators see, and which goes when the row succeeds. A row is tried again
with growing waits like a row of the outbox, and left to operators after as many attempts; a step is
tried whenever its task runs.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection, models

from foundation import clock
from foundation.errors import in_full
from foundation.work_slices import time_slice
from proposals.delivery.outbox import after_failure
from proposals.models import JobFailure

log = logging.getLogger("portal.each")

Row = TypeVar("Row")
State = JobFailure.State

MAX_COUNTED = 30_000  # the column ends soon after
FAILURE_RETENTION = timedelta(days=1)  # longer than any task pauses


class StopForNow(Exception):
    """Raised for a row: it did not fail, but neither it nor those that follow can be done at present."""


class NotTried(Exception):
    """Raised for a row: it was not tried now, and whether it would succeed is not known."""


def for_each(
    work: str, rows: Iterable[Row], do: Callable[[Row], Any], *, seconds: float | None = None
) -> int:
    """Do something with each row, in a transaction that `do` opens, until the time is over.

    Returns the sum of its answers. The rows that are left have their turn when the task runs again.

    A row is a primary key, a model, or anything else whose text names it and no person. One
    that failed is left out until its wait is over. With 0 seconds, one row is tried.

    Raises:
        OperationalError, InterfaceError: the database is away, for all rows.
    """
    known: dict[str, JobFailure] | None = None
    total = 0
    turns = time_slice(seconds)
    for row in rows:
        known = _known(work) if known is None else known
        name = _name_of(row)
        failure = known.get(name)
        if failure is not None and not failure.is_due:
            continue
        if not next(turns, False):
            break
        try:
            total += int(do(row) or 0)
        except NotTried:
            continue
        except StopForNow:
            break
        except Exception as error:  # noqa: BLE001 -- it is kept, and operators see it
            _store_failure(work, name, error)
        else:
            _resolve(failure)
    return total


def run_steps(work: str, **steps: Callable[[], Any]) -> int:
    """Take each step of a task, also after one that failed; returns the sum of their answers.

    Raises:
        OperationalError, InterfaceError: the database is away, for all steps.
    """
    known = _known(work)
    total = 0
    for name, step in steps.items():
        try:
            total += int(step() or 0)
        except Exception as error:  # noqa: BLE001 -- as above
            _store_failure(work, name, error, state=State.DUE, due_at=clock.real_now())
        else:
            _resolve(known.get(name))
    return total


def raise_if_database_down(error: Exception) -> None:
    """Pass on an error that says that the database is away or full: no other row would fare better."""
    if not isinstance(error, OperationalError | InterfaceError):
        return
    code = getattr(error.__cause__, "pgcode", None) or ""
    is_lost = connection.connection is None or connection.connection.closed
    if is_lost or code.startswith(("08", "53", "57P")):
        raise error


def delete_stale_failures() -> int:
    """Delete what no work has asked for any more since its wait was over; returns how many."""
    long_ago = clock.real_now() - FAILURE_RETENTION
    return JobFailure.objects.filter(state=State.DUE, due_at__lt=long_ago).delete()[0]


def _known(work: str) -> dict[str, JobFailure]:
    return {job_failure.row: job_failure for job_failure in JobFailure.objects.filter(job=work)}


def _name_of(row: object) -> str:
    return f"{row._meta.model_name} {row.pk}" if isinstance(row, models.Model) else str(row)


def _store_failure(work: str, name: str, error: Exception, **instead: Any) -> None:
    raise_if_database_down(error)
    log.error("%s, %s failed: %s", work, name, in_full(error))
    failure, _made = JobFailure.objects.get_or_create(job=work, row=name)
    attempts = min(failure.attempts + 1, MAX_COUNTED)
    values = {"attempts": attempts} | after_failure(attempts, error) | instead
    JobFailure.objects.filter(pk=failure.pk).update(**values)


def _resolve(failure: JobFailure | None) -> None:
    if failure is not None:
        JobFailure.objects.filter(pk=failure.pk).delete()
