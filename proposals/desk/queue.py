"""The queue: what waits for whom, of the versions that an officer may read."""

from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.eligibility import rule_date_of
from proposals.models import (
    Assignment,
    Decision,
    DecisionReview,
    Question,
    Version,
    VersionQuerySet,
)


class Queue(TextChoices):
    MINE = "mine", _("Mine")
    UNASSIGNED = "unassigned", _("Unassigned")
    FOR_ME = "for-me", _("To confirm")
    COLLEAGUE = "colleague", _("Waits for a colleague")
    SENT_BACK = "sent-back", _("Sent back to me")
    APPLICANT = "applicant", _("Waits for the applicant")
    OVERDUE = "overdue", _("Overdue")
    TO_INFORM = "to-inform", _("Decided, to inform")


def in_queue(
    versions: VersionQuerySet, queue: str, *, officer: User, moment: datetime
) -> VersionQuerySet:
    """Those of the versions that stand in a queue; all of them where there is no such queue."""
    found = _conditions(officer, moment).get(queue)
    return versions.filter(found) if found is not None else versions


def lengths(versions: VersionQuerySet, *, officer: User, moment: datetime) -> dict[str, int]:
    """How many stand in each queue, in one query."""
    conditions = _conditions(officer, moment)
    named = {name.replace("-", "_"): Count("pk", filter=q) for name, q in conditions.items()}
    counted = versions.order_by().aggregate(**named)
    return {name: counted[name.replace("-", "_")] for name in conditions}


def _conditions(officer: User, moment: datetime) -> dict[str, Q]:
    decided = Q(Exists(_of_version(Decision.objects.deciding())))
    assigned = Assignment.objects.filter(proposal=OuterRef("proposal"))
    late_case = Exists(assigned.filter(due_on__lt=rule_date_of(moment)))
    return {
        Queue.MINE: Q(Exists(assigned.filter(officer=officer))) & ~decided,
        Queue.UNASSIGNED: ~Q(Exists(assigned)) & ~decided,
        Queue.FOR_ME: Q(Exists(_of_version(Decision.objects.waiting_for(officer)))),
        Queue.COLLEAGUE: Q(
            Exists(_of_version(Decision.objects.filter(review=None, decided_by=officer)))
        ),
        Queue.SENT_BACK: Q(
            Exists(
                _of_version(
                    Decision.objects.filter(
                        decided_by=officer, review__answer=DecisionReview.Answer.SENT_BACK
                    )
                )
            )
        )
        & ~Q(Exists(_of_version(Decision.objects.filter(review=None))))
        & ~decided,
        Queue.APPLICANT: Q(Exists(_of_version(Question.objects.waiting(moment)))) & ~decided,
        Queue.OVERDUE: (Q(Exists(_of_version(Question.objects.overdue(moment)))) | Q(late_case))
        & ~decided,
        Queue.TO_INFORM: Q(
            Exists(_of_version(Decision.objects.in_force().deciding().filter(information=None)))
        ),
    }


def _of_version(rows: QuerySet[Decision] | QuerySet[Question]) -> QuerySet[Decision | Question]:
    return rows.filter(version=OuterRef("pk"))


def counting_versions(
    officer: User, moment: datetime, *, rehearsal: int | None = None
) -> VersionQuerySet:
    """What the queue is of: versions that count and that this officer may read.

    Those of real calls, or of the one rehearsal with this key.
    """
    return Version.objects.open_to(officer, moment).counting().rehearsed_in(rehearsal)
