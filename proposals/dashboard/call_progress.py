"""How far a call is with its officers. Before its deadline: how many proposals are sealed, and nothing else.

After it, everything is counted over the cases that this officer may open, in a fixed number of queries.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import CharField, Count, F, Func, Max, Min, Q, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from applicants.models import UNNAMED_USER, User
from calls.models import Call, Strand
from calls.templatetags.instants import BRUSSELS
from proposals.models import (
    Assignment,
    ClarificationRequest,
    Decision,
    Proposal,
    VersionQuerySet,
)
from proposals.screening.queue import current_versions

MAX_DAYS = 400  # of the burn-down
IS_DECIDED = Q(case_state__is_decided=True)
# In words, from how many days on, and below how many.
DURATIONS: tuple[tuple[str | Promise, int, int | None], ...] = (
    (gettext_lazy("up to 7 days"), 0, 8),
    (gettext_lazy("8 to 14 days"), 8, 15),
    (gettext_lazy("15 to 30 days"), 15, 31),
    (gettext_lazy("31 to 60 days"), 31, 61),
    (gettext_lazy("more than 60 days"), 61, None),
)


@dataclass(frozen=True)
class StrandProgress:
    strand: Strand
    sealed: int
    cases: int = 0
    decided: int = 0
    requested: Decimal = Decimal()

    @property
    def share(self) -> Decimal | None:
        """Requested contribution as a share of the budget, in percent."""
        budget = self.strand.budget
        return (100 * self.requested / budget).quantize(Decimal(1)) if budget else None

    @property
    def share_width(self) -> int:
        """How far the bar of the share reaches in a field of 300; the field is the budget."""
        return min(int(3 * (self.share or 0)), 300)


@dataclass(frozen=True)
class Workload:
    """The cases of one officer; `officer` is empty for those of nobody."""

    officer: str
    to_do: int
    with_others: int
    decided: int


@dataclass(frozen=True)
class Answers:
    """Clarification requests without a reply."""

    waiting: int = 0
    overdue: int = 0
    next_due_at: datetime | None = None


@dataclass
class CallProgress:
    """What the dashboard shows; figures that are still sealed are empty."""

    strands: list[StrandProgress]
    is_open_to_officers: bool
    workloads: list[Workload] = field(default_factory=list)
    open_by_day: list[tuple[date, int]] = field(default_factory=list)
    planned_on: date | None = None
    days_to_decide: list[tuple[str, int]] = field(default_factory=list)
    median_days: float | None = None
    answers: Answers = field(default_factory=Answers)
    decisions: list[tuple[str, int]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    agreement: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        return sum(item.cases for item in self.strands)

    @property
    def decided(self) -> int:
        return sum(item.decided for item in self.strands)

    @property
    def sealed(self) -> int:
        return sum(item.sealed for item in self.strands)


def count_progress(call: Call, *, officer: User, moment: datetime) -> CallProgress:
    """All that may be shown of a call at a moment."""
    sealed = _sealed_by_strand(call, moment)
    strands = list(call.strands.all())
    if moment < call.deadline:
        return CallProgress(
            [StrandProgress(strand, sealed[strand.pk]) for strand in strands], False
        )
    rehearsal = call.pk if call.is_rehearsal else None
    versions = current_versions(officer, moment, rehearsal=rehearsal).order_by()
    versions = versions.filter(proposal__strand__call=call)
    progress = CallProgress(_strands(versions, strands, sealed), True)
    progress.workloads = _workloads(versions, moment)
    progress.planned_on = _planned_on(versions)
    _add_time(progress, call, _decided_at(versions), moment)
    progress.answers = _answers(versions, moment)
    _add_decisions(progress, versions)
    return progress


def _sealed_by_strand(call: Call, moment: datetime) -> Counter[int]:
    rehearsal = call.pk if call.is_rehearsal else None
    sealed = Proposal.objects.rehearsed_in(rehearsal).sealed(moment).filter(strand__call=call)
    rows = sealed.order_by().values("strand").annotate(count=Count("pk"))
    return Counter({row["strand"]: row["count"] for row in rows})


def _strands(
    versions: VersionQuerySet, strands: list[Strand], sealed: Counter[int]
) -> list[StrandProgress]:
    rows = versions.values("proposal__strand").annotate(
        cases=Count("pk"),
        decided=Count("pk", filter=IS_DECIDED),
        requested=Sum("case_state__requested_grant"),
    )
    by_strand: dict[int, Any] = {row["proposal__strand"]: row for row in rows}
    none = {"cases": 0, "decided": 0, "requested": None}
    results = []
    for strand in strands:
        row = by_strand.get(strand.pk, none)
        counts = row["cases"], row["decided"], row["requested"] or Decimal()
        results.append(StrandProgress(strand, sealed[strand.pk], *counts))
    return results


def _workloads(versions: VersionQuerySet, moment: datetime) -> list[Workload]:
    """By officer, the most to do first; the cases of nobody last."""
    with_others = Q(case_state__is_waiting=True) | Q(case_state__last_due_at__gt=moment)
    name = "proposal__assignment__officer__full_name"
    rows = versions.values("proposal__assignment__officer", name).annotate(
        cases=Count("pk"),
        decided=Count("pk", filter=IS_DECIDED),
        with_others=Count("pk", filter=with_others & ~IS_DECIDED),
    )
    loads = [
        Workload(
            officer="" if row[name] is None else row[name] or str(UNNAMED_USER),
            to_do=row["cases"] - row["decided"] - row["with_others"],
            with_others=row["with_others"],
            decided=row["decided"],
        )
        for row in rows
    ]
    return sorted(loads, key=lambda load: (not load.officer, -load.to_do, load.officer))


def _planned_on(versions: VersionQuerySet) -> date | None:
    """The last day by which a case is due."""
    due = Assignment.objects.filter(proposal__versions__in=versions).aggregate(last=Max("due_on"))
    planned_on: date | None = due["last"]
    return planned_on


def _decided_at(versions: VersionQuerySet) -> list[datetime]:
    """When each decided case was first decided."""
    closing = Decision.objects.closing_case().filter(version__in=versions.filter(IS_DECIDED))
    rows = closing.order_by().values("version").annotate(first=Min("review__reviewed_at"))
    return sorted(rows.values_list("first", flat=True))


def _add_time(
    progress: CallProgress, call: Call, decided_at: list[datetime], moment: datetime
) -> None:
    first, today = (at.astimezone(BRUSSELS).date() for at in (call.deadline, moment))
    per_day = Counter(at.astimezone(BRUSSELS).date() for at in decided_at)
    still_open = progress.cases
    for number in range(min((today - first).days, MAX_DAYS) + 1):
        day = first + timedelta(days=number)
        still_open -= per_day[day]
        progress.open_by_day.append((day, still_open))
    durations = [(at - call.deadline) // timedelta(days=1) for at in decided_at]
    progress.median_days = median(durations) if durations else None
    progress.days_to_decide = [
        (str(label), sum(low <= days and (high is None or days < high) for days in durations))
        for label, low, high in DURATIONS
    ]


def _answers(versions: VersionQuerySet, moment: datetime) -> Answers:
    unanswered = ClarificationRequest.objects.filter(version__in=versions, reply=None)
    waiting = Q(due_at__gt=moment)
    counts = unanswered.aggregate(
        waiting=Count("pk", filter=waiting),
        overdue=Count("pk", filter=~waiting),
        next_due_at=Min("due_at", filter=waiting),
    )
    return Answers(**counts)


def _add_decisions(progress: CallProgress, versions: VersionQuerySet) -> None:
    """Decisions in force: by outcome, by the rules that negative ones rest on, against the check."""
    in_force: Any = Decision.objects.in_force().closing_case().filter(version__in=versions)
    in_force = in_force.order_by()
    pairs = in_force.values("outcome", "version__case_state__outcome").annotate(count=Count("pk"))
    by_outcome: Counter[str] = Counter()
    for row in pairs:
        by_outcome[row["outcome"]] += row["count"]
        check = row["version__case_state__outcome"] or ""
        progress.agreement.setdefault(check, Counter())[row["outcome"]] += row["count"]
    progress.decisions = [
        (str(outcome.label), by_outcome[outcome])
        for outcome in Decision.OutcomeChoices
        if outcome != Decision.OutcomeChoices.CLARIFY
    ]
    negative = in_force.exclude(outcome=Decision.OutcomeChoices.ELIGIBLE)
    rule = Func(F("version__case_state__rules"), function="unnest", output_field=CharField())
    rows = negative.annotate(rule=rule).values("rule").annotate(count=Count("pk"))
    progress.reasons = Counter({row["rule"]: row["count"] for row in rows})
