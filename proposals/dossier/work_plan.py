"""The work plan in a dossier, as pages and documents show it: who does what, when, and for which result.

Its parts are optional, so a document may have none of it, and versions from before have no place for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foundation.charts import Gantt, Span, gantt

NO_PLAN: Mapping[str, Any] = {
    "first_month": None,
    "last_month": None,
    "lead": "",
    "partners": [],
    "deliverables": [],
}  # of an activity


@dataclass(frozen=True)
class PlanEntry:
    """An activity with its months, partners and results by name; `is_late` if it goes on after the end."""

    number: int
    title: str
    first: int | None
    last: int | None
    lead: str
    partners: list[str]
    deliverables: list[str]
    is_late: bool


@dataclass(frozen=True)
class DueDeliverable:
    """A deliverable with the month at whose end it is due."""

    label: str
    title: str
    month: int | None
    is_late: bool


@dataclass(frozen=True)
class WorkPlan:
    """Everything that the chart shows, and the table beside it."""

    activities: list[PlanEntry]
    deliverables: list[DueDeliverable]
    duration: int | None
    chart: Gantt


def is_planned(activity: Mapping[str, Any]) -> bool:
    """Whether anything of the plan is given for an activity."""
    return any(activity.get(name) for name in NO_PLAN)


def months_of(activity: Mapping[str, Any]) -> tuple[int, int] | None:
    """From which month to which an activity goes; one that names a single month lasts for that one."""
    first, last = activity.get("first_month"), activity.get("last_month")
    start, finish = first or last, last or first
    return (start, finish) if start and finish else None


def has_work_plan(dossier: Mapping[str, Any]) -> bool:
    """Whether any activity of a document is planned."""
    return any(is_planned(activity) for activity in dossier["activities"])


def work_plan_of(dossier: Mapping[str, Any]) -> WorkPlan | None:
    """The plan of a document; None where no activity has one."""
    rows = dossier["activities"]
    if not has_work_plan(dossier):
        return None
    duration = dossier["summary"]["duration_months"]
    deliverables = [
        DueDeliverable(
            f"D{number}", item["title"], item["month"], _is_after(item["month"], duration)
        )
        for number, item in enumerate(dossier["deliverables"], start=1)
    ]
    results = {
        item["code"]: f"{due.label} {due.title}"
        for item, due in zip(dossier["deliverables"], deliverables, strict=True)
    }
    names = _names_in(dossier)
    activities = [
        _planned(number, activity, names, results, duration)
        for number, activity in enumerate(rows, start=1)
    ]
    return WorkPlan(activities, deliverables, duration, _chart(activities, deliverables, duration))


def _planned(
    number: int,
    activity: Mapping[str, Any],
    names: Mapping[str, str],
    results: Mapping[str, str],
    duration: int | None,
) -> PlanEntry:
    first, last = months_of(activity) or (None, None)
    lead = activity.get("lead", "")
    return PlanEntry(
        number,
        activity["title"],
        first,
        last,
        names.get(lead, ""),
        [names[key] for key in activity.get("partners", []) if key in names and key != lead],
        [results[code] for code in activity.get("deliverables", []) if code in results],
        _is_after(last, duration),
    )


def _chart(
    activities: Sequence[PlanEntry],
    deliverables: Sequence[DueDeliverable],
    duration: int | None,
) -> Gantt:
    spans = [Span(str(item.number), item.first, item.last) for item in activities]
    due = [Span(item.label, mark=item.month) for item in deliverables if item.month is not None]
    return gantt([*spans, *due], end=duration)


def _is_after(month: int | None, duration: int | None) -> bool:
    return month is not None and duration is not None and month > duration


def _names_in(dossier: Mapping[str, Any]) -> dict[str, str]:
    """What participants are called where room is short, by their keys."""
    organisations = {item["key"]: item["organisation"] for item in dossier["consortium"]}
    return {
        key: organisation["acronym"] or organisation["cluster_name"] or organisation["legal_name"]
        for key, organisation in organisations.items()
    }
