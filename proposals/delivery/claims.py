"""Rows that workers claim, so that no two workers process the same row.

A claim is stored in a short transaction of its own, and the row is processed outside of it. A row whose
worker died is free again when its claim has expired. `claimed_at` is real time, not portal time.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from foundation import clock
from foundation.work_slices import time_slice

Row = TypeVar("Row", bound=Model)


def claim_expired(timeout: timedelta) -> Q:
    """The worker that claimed the row is taken for dead."""
    return Q(claimed_at__lt=clock.real_now() - timeout)


def is_unclaimed(timeout: timedelta) -> Q:
    """No worker has claimed the row, or the claim has expired."""
    return Q(claimed_at=None) | claim_expired(timeout)


def claim_first(
    rows: QuerySet[Row], values: Callable[[Row], Mapping[str, Any]] = lambda _row: {}
) -> Row | None:
    """Claim the first of these rows that no other transaction holds; None where there is none.

    The rows are free ones. `values` says which other columns change with the claim.
    """
    with transaction.atomic():
        row = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if row is not None:
            changed = {"claimed_at": clock.real_now(), **values(row)}
            for name, value in changed.items():
                setattr(row, name, value)
            row.save(update_fields=changed)
    return row


def process_claimed(
    claim: Callable[[], Row | None], process: Callable[[Row], int], *, seconds: float | None = None
) -> int:
    """Claim and process rows one after the other, until none is free or the time is over.

    Returns the sum of the results. With 0 seconds, one row is processed.
    """
    total = 0
    for _turn in time_slice(seconds):
        row = claim()
        if row is None:
            break
        total += process(row)
    return total
