"""Figures of a call for its officers, counted by the database.

Before the deadline: how many versions came in, by strand and hour, and nothing else. After it, of the
versions that count and that this officer may read: countries, outcomes, rules, the queue, agreement.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import CharField, Count, F, Func, OuterRef, Q, Subquery, TextField
from django.db.models.functions import TruncHour
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from applicants.models import User
from calls.eligibility import Outcome
from calls.eligibility.rules import CATALOGUE, title_of
from calls.models import Call
from proposals.models import (
    Assignment,
    ConflictOfInterest,
    Decision,
    ScreeningAnswer,
    VerdictRecord,
    Version,
    VersionQuerySet,
)
from proposals.screening import queue

BRUSSELS = ZoneInfo("Europe/Brussels")
LAST_HOURS = 48
# In words, from how many days on, and below how many.
AGES: tuple[tuple[str | Promise, int, int | None], ...] = (
    (gettext_lazy("less than 3 days"), 0, 3),
    (gettext_lazy("3 to 6 days"), 3, 7),
    (gettext_lazy("7 to 13 days"), 7, 14),
    (gettext_lazy("14 days or more"), 14, None),
)


@dataclass
class Figures:
    """What the page shows; figures that are still sealed are empty."""

    is_open_to_officers: bool
    strands: list[int]
    by_day: list[tuple[date, Counter[int]]]
    by_hour: list[tuple[datetime, Counter[int]]]
    received: Counter[int]
    countries: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    rules: list[tuple[str, Counter[str]]] = field(default_factory=list)
    queue: list[tuple[str, int]] = field(default_factory=list)
    ages: list[tuple[str, int]] = field(default_factory=list)
    agreement: list[tuple[str, Counter[str]]] = field(default_factory=list)
    counting: int = 0
    closed_to_officer: int = 0
    decided: int = 0
    being_checked: int = 0


def figures_of(call: Call, *, officer: User, moment: datetime) -> Figures:
    """All figures that may be shown of a call at a moment; a fixed number of queries."""
    hours = _received_by_hour(call)
    strands = sorted(strand.number for strand in call.strands.all())
    is_open = moment >= call.deadline
    figures = Figures(
        is_open_to_officers=is_open,
        strands=strands,
        by_day=_by_day(hours),
        by_hour=_last_hours(hours, call.deadline),
        received=_summed(count for _hour, count in hours),
    )
    if is_open:
        _add_what_is_open(figures, call, officer, moment)
    return figures


def _received_by_hour(call: Call) -> list[tuple[datetime, Counter[int]]]:
    rows = (
        Version.objects.filter(proposal__strand__call=call)
        .order_by()
        .annotate(hour=TruncHour("received_at", tzinfo=BRUSSELS))
        .values("hour", "proposal__strand__number")
        .annotate(count=Count("pk"))
    )
    hours: dict[datetime, Counter[int]] = {}
    for row in rows:
        hours.setdefault(row["hour"], Counter())[row["proposal__strand__number"]] += row["count"]
    return sorted(hours.items())


def _summed(counts: Iterable[Counter[int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for count in counts:
        total += count
    return total


def _by_day(hours: list[tuple[datetime, Counter[int]]]) -> list[tuple[date, Counter[int]]]:
    """Each day from the first to the last submission, days without one included."""
    days: dict[date, Counter[int]] = {}
    for hour, count in hours:
        days.setdefault(hour.astimezone(BRUSSELS).date(), Counter()).update(count)
    if not days:
        return []
    first, last = min(days), max(days)
    every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [(day, days.get(day, Counter())) for day in every]


def _last_hours(
    hours: list[tuple[datetime, Counter[int]]], deadline: datetime
) -> list[tuple[datetime, Counter[int]]]:
    """The hours before the deadline, each by its beginning; what came later in an extension is not in it."""
    known = {hour.astimezone(BRUSSELS): count for hour, count in hours}
    end = deadline.astimezone(BRUSSELS).replace(minute=0, second=0, microsecond=0)
    if deadline.astimezone(BRUSSELS) > end:
        end += timedelta(hours=1)
    every = [end - timedelta(hours=number) for number in range(LAST_HOURS, 0, -1)]
    return [(hour, known.get(hour, Counter())) for hour in every]


def _add_what_is_open(figures: Figures, call: Call, officer: User, moment: datetime) -> None:
    rehearsal = call.pk if call.is_rehearsal else None
    versions = queue.current_versions(officer, moment, rehearsal=rehearsal)
    versions = versions.filter(proposal__strand__call=call)
    interests = ConflictOfInterest.objects.filter(officer=officer, proposal__strand__call=call)
    figures.closed_to_officer = interests.filter(proposal__current_version__isnull=False).count()
    decided = Decision.objects.closing_case().values("version")
    totals = versions.order_by().aggregate(
        counting=Count("pk"), decided=Count("pk", filter=Q(pk__in=decided))
    )
    figures.counting, figures.decided = totals["counting"], totals["decided"]
    figures.countries = _countries(versions)
    figures.outcomes, figures.rules = _outcomes(versions)
    figures.being_checked = max(figures.counting - figures.outcomes.total(), 0)
    lengths = queue.lengths(versions, officer=officer, moment=moment)
    figures.queue = [(str(label), lengths[name]) for name, label in queue.CaseQueue.choices]
    figures.ages = _ages(versions.exclude(pk__in=decided), moment)
    figures.agreement = _agreement(versions)


def _countries(versions: VersionQuerySet) -> Counter[str]:
    """In how many proposals a country has an applicant."""
    code = Func(F("countries"), function="unnest", output_field=CharField())
    rows = versions.order_by().annotate(code=code).values("code").annotate(count=Count("pk"))
    return Counter({row["code"]: row["count"] for row in rows})


def _outcomes(
    versions: VersionQuerySet,
) -> tuple[Counter[str], list[tuple[str, Counter[str]]]]:
    """How many proposals have each outcome, and by each rule the worst of its findings."""
    of_version = VerdictRecord.objects.for_officers().filter(version=OuterRef("pk"))
    newest = of_version.order_by("-pk").values("pk")[:1]
    chosen = VerdictRecord.objects.filter(pk__in=versions.order_by().values(pk_=Subquery(newest)))
    by_outcome = chosen.order_by().values("outcome").annotate(count=Count("pk"))
    overall = Counter({row["outcome"]: row["count"] for row in by_outcome})
    rule = Func(F("by_rule"), function="jsonb_object_keys", output_field=TextField())
    pairs = chosen.order_by().annotate(rule=rule)
    worst = Func(
        F("by_rule"),
        F("rule"),
        template="(%(expressions)s)",
        arg_joiner=" ->> ",
        output_field=TextField(),
    )
    rows = pairs.annotate(worst=worst).values("rule", "worst").annotate(count=Count("pk"))
    rules: dict[str, Counter[str]] = {}
    for row in rows:
        rules.setdefault(row["rule"], Counter())[row["worst"]] += row["count"]
    return overall, _by_title(rules)


def _by_title(rules: dict[str, Counter[str]]) -> list[tuple[str, Counter[str]]]:
    """In the order of the catalogue; rules that it no longer has come last, by their ids."""
    known = [rule for rule in CATALOGUE if rule in rules]
    retired = sorted(rules.keys() - CATALOGUE.keys())
    return [(title_of(rule), rules[rule]) for rule in (*known, *retired)]


def _ages(undecided: VersionQuerySet, moment: datetime) -> list[tuple[str, int]]:
    """Of undecided cases with an officer: for how many days they have had it."""

    def had_for(low: int, high: int | None) -> Q:
        at_least = Q(assigned_at__lte=moment - timedelta(days=low))
        return at_least & (Q(assigned_at__gt=moment - timedelta(days=high)) if high else Q())

    assignments = Assignment.objects.filter(proposal__versions__in=undecided)
    counts = {
        f"age{number}": Count("pk", filter=had_for(low, high))
        for number, (_words, low, high) in enumerate(AGES)
    }
    counted = assignments.aggregate(**counts)
    return [(str(text), counted[f"age{number}"]) for number, (text, _l, _h) in enumerate(AGES)]


def _agreement(versions: VersionQuerySet) -> list[tuple[str, Counter[str]]]:
    """How officers answered the automatic check, by rule."""
    rows: Any = (
        ScreeningAnswer.objects.filter(version__in=versions, item__startswith="rule:")
        .order_by()
        .values("item", "answer")
        .annotate(count=Count("pk"))
    )
    rules: dict[str, Counter[str]] = {}
    for row in rows:
        rules.setdefault(row["item"].removeprefix("rule:"), Counter())[row["answer"]] += row[
            "count"
        ]
    return _by_title(rules)


OUTCOMES = [outcome.value for outcome in Outcome]
