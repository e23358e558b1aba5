"""The queue: what waits for whom, of the versions that an officer may read."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, Func, Q, TextChoices, Value
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.eligibility import rule_date_of
from foundation.query_batches import Columns, Param, Queries, query_batch
from proposals.models import Decision, Proposal, Version, VersionQuerySet


class CaseQueue(TextChoices):
    MINE = "mine", _("To do")
    WAITING = "waiting", _("Mine, waiting for others")
    UNASSIGNED = "unassigned", _("Unassigned")
    FOR_ME = "for-me", _("Waiting for my confirmation")
    COLLEAGUE = "colleague", _("Waiting for a second officer")
    SENT_BACK = "sent-back", _("Returned to me")
    APPLICANT = "applicant", _("Waiting for the applicant")
    OVERDUE = "overdue", _("Overdue")
    TO_INFORM = "to-inform", _("Letters to send")


QUEUES = ["all", *CaseQueue.values]


class Array(Func):
    """A list of one parameter."""

    template = "ARRAY[%(expressions)s]"
    output_field = ArrayField(models.BigIntegerField())


def in_queue(
    versions: VersionQuerySet, queue: str, *, officer: User, moment: datetime
) -> VersionQuerySet:
    """Those of the versions that are in a queue; all of them where there is no such queue."""
    if queue not in CaseQueue.values:
        return versions
    return versions.filter(queue_conditions(officer, moment)[queue])


def lengths(versions: VersionQuerySet, *, officer: User, moment: datetime) -> dict[str, int]:
    """How many are in each queue, and as "all" how many there are, in one query."""
    counted = versions.order_by().aggregate(**_counts(queue_conditions(officer, moment)))
    return {name: counted[_column(name)] for name in QUEUES}


def lengths_for_officer(officer: User, moment: datetime) -> dict[str, int]:
    """The `lengths` of all real cases that this officer may read, and as "sealed" how many wait sealed.

    The back office needs them on nearly every page, so they are a prepared statement.
    """
    rows = _fetch_lengths(officer=officer.pk, moment=moment, today=rule_date_of(moment))
    (counted,), ((sealed,),) = rows["lengths"], rows["sealed"]
    return dict(zip(QUEUES, counted, strict=True)) | {"sealed": sealed}


@query_batch
def _fetch_lengths() -> Queries:
    officer = Param("officer", models.BigIntegerField())
    moment, today = Param("moment", models.DateTimeField()), Param("today", models.DateField())
    counts = _counts(queue_conditions(officer, moment, today))
    sealed = Proposal.objects.rehearsed_in(None).sealed(moment)
    return {
        "lengths": _aggregated(current_versions(officer, moment), **counts),
        "sealed": _aggregated(sealed, sealed=Count("pk")),
    }


def _aggregated(rows: models.QuerySet[Any], **counts: Count) -> Columns:
    """One row of counts over all rows: what `aggregate` does, as a queryset."""
    return Columns(rows.order_by().values(all_rows=Value(1)).annotate(**counts), *counts)


def _counts(conditions: dict[str, Q]) -> dict[str, Count]:
    named = {_column(name): Count("pk", filter=q) for name, q in conditions.items()}
    return {"all": Count("pk"), **named}


def _column(name: str) -> str:
    return name.replace("-", "_")


def queue_conditions(
    officer: User | Combinable, moment: datetime | Combinable, today: Combinable | None = None
) -> dict[str, Q]:
    """The condition that puts a version into each queue.

    A case is to do while its officer can go on: not while a second officer or the applicant has it.
    """
    is_open = ~Q(case_state__is_decided=True)
    is_mine = Q(proposal__assignment__officer=officer) & is_open
    is_with_officer, is_with_applicant = (
        Q(case_state__is_waiting=True),
        Q(case_state__last_due_at__gt=moment),
    )
    own = Array(officer) if isinstance(officer, Combinable) else [officer.pk]
    day = rule_date_of(moment) if isinstance(moment, datetime) else today
    own_was_sent_back = Q(case_state__sent_back_to__contains=own)
    late_answer = Q(case_state__first_due_at__lte=moment)
    late_case = Q(proposal__assignment__due_on__lt=day)
    for_me = Decision.objects.waiting_for(officer).order_by().values("version")
    return {
        CaseQueue.MINE: is_mine & ~is_with_officer & ~is_with_applicant,
        CaseQueue.WAITING: is_mine & (is_with_officer | is_with_applicant),
        CaseQueue.UNASSIGNED: Q(proposal__assignment=None) & is_open,
        CaseQueue.FOR_ME: Q(pk__in=for_me),
        CaseQueue.COLLEAGUE: Q(case_state__recorded_by__contains=own),
        CaseQueue.SENT_BACK: own_was_sent_back & ~is_with_officer & is_open,
        CaseQueue.APPLICANT: is_with_applicant & is_open,
        CaseQueue.OVERDUE: (late_answer | late_case) & is_open,
        CaseQueue.TO_INFORM: Q(case_state__needs_letter=True),
    }


def current_versions(
    officer: User | Combinable, moment: datetime | Combinable, *, rehearsal: int | None = None
) -> VersionQuerySet:
    """What the queue is of: versions that count and that this officer may read.

    Those of real calls, or of the one rehearsal with this key.
    """
    return Version.objects.open_to(officer, moment).current().rehearsed_in(rehearsal)
