"""The queue: what waits for whom, of the versions that an officer may read."""

from datetime import datetime

from django.db.models import Count, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.eligibility import rule_date_of
from proposals.models import Decision, Version, VersionQuerySet


class CaseQueue(TextChoices):
    MINE = "mine", _("Mine")
    UNASSIGNED = "unassigned", _("Unassigned")
    FOR_ME = "for-me", _("Waiting for my confirmation")
    COLLEAGUE = "colleague", _("Waiting for a second officer")
    SENT_BACK = "sent-back", _("Returned to me")
    APPLICANT = "applicant", _("Waiting for the applicant")
    OVERDUE = "overdue", _("Overdue")
    TO_INFORM = "to-inform", _("Letters to send")


def in_queue(
    versions: VersionQuerySet, queue: str, *, officer: User, moment: datetime
) -> VersionQuerySet:
    """Those of the versions that stand in a queue; all of them where there is no such queue."""
    condition = _conditions(officer, moment).get(queue)
    return versions.filter(condition) if condition is not None else versions


def lengths(versions: VersionQuerySet, *, officer: User, moment: datetime) -> dict[str, int]:
    """How many stand in each queue, and as "all" how many there are, in one query."""
    conditions = _conditions(officer, moment)
    named = {name.replace("-", "_"): Count("pk", filter=q) for name, q in conditions.items()}
    counted = versions.order_by().aggregate(all=Count("pk"), **named)
    return {name: counted[name.replace("-", "_")] for name in ["all", *conditions]}


def _conditions(officer: User, moment: datetime) -> dict[str, Q]:
    """What puts a version into each queue, over whole tables: one by one they would be asked 5,000 times."""
    is_open = ~Q(case_state__is_decided=True)
    own_was_sent_back = Q(case_state__sent_back_to__contains=[officer.pk])
    late_answer = Q(case_state__first_due_at__lte=moment)
    late_case = Q(proposal__assignment__due_on__lt=rule_date_of(moment))
    for_me = Decision.objects.waiting_for(officer).order_by().values("version")
    return {
        CaseQueue.MINE: Q(proposal__assignment__officer=officer) & is_open,
        CaseQueue.UNASSIGNED: Q(proposal__assignment=None) & is_open,
        CaseQueue.FOR_ME: Q(pk__in=for_me),
        CaseQueue.COLLEAGUE: Q(case_state__recorded_by__contains=[officer.pk]),
        CaseQueue.SENT_BACK: own_was_sent_back & ~Q(case_state__is_waiting=True) & is_open,
        CaseQueue.APPLICANT: Q(case_state__last_due_at__gt=moment) & is_open,
        CaseQueue.OVERDUE: (late_answer | late_case) & is_open,
        CaseQueue.TO_INFORM: Q(case_state__needs_letter=True),
    }


def current_versions(
    officer: User, moment: datetime, *, rehearsal: int | None = None
) -> VersionQuerySet:
    """What the queue is of: versions that count and that this officer may read.

    Those of real calls, or of the one rehearsal with this key.
    """
    return Version.objects.open_to(officer, moment).current().rehearsed_in(rehearsal)
