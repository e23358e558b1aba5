"""The lease of beat: a row that the process renews which sends periodic tasks.

Only one process holds it at a time, by the database's clock. When it stops renewing, another takes over
after `LEASE_DURATION`; where nobody does, operators see it. A row, unlike an advisory lock, also works behind
a pooler in transaction mode.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now  # noqa: TID251 -- real time, which all machines share here

from foundation import clock
from proposals.models import SchedulerLease

LEASE_DURATION = timedelta(seconds=15)
RENEW_EVERY = timedelta(seconds=3)
ABSENT_AFTER = timedelta(minutes=1)


def acquire(holder: str) -> bool:
    """Take or renew the lease; whether this process holds it now."""
    SchedulerLease.objects.get_or_create(pk=1)
    is_free = Q(renewed_at=None) | Q(renewed_at__lt=Now() - LEASE_DURATION) | Q(holder=holder)
    mine = SchedulerLease.objects.filter(is_free, pk=1)
    return bool(mine.update(holder=holder, renewed_at=Now()))


@dataclass(frozen=True)
class BeatStatus:
    """When a beat was last alive, in UTC, if one ever was, and whether that is too long ago."""

    renewed_at: datetime | None
    is_absent: bool


def beat_status() -> BeatStatus:
    lease = SchedulerLease.objects.first()
    renewed_at = lease.renewed_at if lease else None
    is_absent = renewed_at is None or clock.real_now() - renewed_at > ABSENT_AFTER
    return BeatStatus(renewed_at, is_absent)
