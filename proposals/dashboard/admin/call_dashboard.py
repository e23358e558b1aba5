"""The dashboard of a call for its officers, drawn on the server, each chart with its table."""

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from applicants.web import current_user
from calls.eligibility.rules import title_of
from calls.models import Call
from foundation import charts, clock
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.dashboard.call_progress import CallProgress, count_progress
from proposals.models import Decision, VerdictRecord
from proposals.reporting.admin.statistics import chosen_call
from proposals.screening.sheet import BEING_MADE, overall_for_officers

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

WORK = ("count", "waiting", "decided")


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    def dashboard(request: HttpRequest) -> HttpResponse:
        return _dashboard(model_admin, request)

    view = require_safe(dashboard)
    return [model_admin.url("dashboard/", view, "dashboard", "proposals.view_version")]


def _dashboard(model_admin: "OfficerAdmin", request: HttpRequest) -> HttpResponse:
    calls = list(Call.objects.prefetch_related("strands", "extensions__incident", "incidents"))
    call = chosen_call(calls, request.GET.get("call", ""))
    context: dict[str, Any] = {"calls": calls, "call": call}
    if call is not None:
        moment = clock.now()
        progress = count_progress(call, officer=current_user(request), moment=moment)
        context |= {
            "progress": progress,
            "time_left": time_left(call.deadline - moment),
            "incidents": list(call.incidents.all()),
            "extensions": list(call.extensions.all()),
        }
        context |= _drawn(progress) if progress.is_open_to_officers else {}
    return model_admin.render(
        request, "admin/proposals/version/dashboard.html", title=_("Dashboard"), **context
    )


def time_left(left: timedelta) -> str:
    """“3 days and 4 hours”, or “4 hours and 5 minutes” on the last day; empty where nothing is left."""
    if left <= timedelta():
        return ""
    hours, minutes = left.seconds // 3600, left.seconds % 3600 // 60
    in_hours = ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    if left.days:
        in_days = ngettext("%(count)s day", "%(count)s days", left.days) % {"count": left.days}
        return _("%(days)s and %(hours)s") % {"days": in_days, "hours": in_hours}
    in_minutes = ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    return _("%(hours)s and %(minutes)s") % {"hours": in_hours, "minutes": in_minutes}


def _drawn(progress: CallProgress) -> dict[str, Any]:
    first = progress.open_by_day[0][0]
    planned = (progress.planned_on - first).days if progress.planned_on else None
    workloads = [
        (
            load.officer or _("nobody"),
            Counter({"count": load.to_do, "waiting": load.with_others, "decided": load.decided}),
        )
        for load in progress.workloads
    ]
    reasons = [(title_of(rule), count) for rule, count in progress.reasons.most_common()]
    return {
        "burn_down": charts.burn_down(progress.cases, progress.open_by_day, planned),
        "workloads": charts.lines(workloads, WORK),
        "work_names": [
            ("count", _("To do")),
            ("waiting", _("Waiting for others")),
            ("decided", _("Decided")),
        ],
        "durations": charts.lines(_single(progress.days_to_decide), ["count"]),
        "decisions": charts.lines(_single(progress.decisions), ["count"]),
        "reasons": charts.lines(_single(reasons), ["count"]),
        "agreement": charts.lines(_agreement(progress), OUTCOMES),
        "outcome_names": [(value, Decision.OutcomeChoices(value).label) for value in OUTCOMES],
        "single_name": [("count", _("Proposals"))],
    }


OUTCOMES = [
    outcome.value
    for outcome in Decision.OutcomeChoices
    if outcome != Decision.OutcomeChoices.CLARIFY
]


def _agreement(progress: CallProgress) -> list[tuple[str, Counter[str]]]:
    """By what the check found, what was decided."""
    known = [value for value in VerdictRecord.OutcomeChoices.values if value in progress.agreement]
    rows = [(overall_for_officers(value), progress.agreement[value]) for value in known]
    if "" in progress.agreement:
        rows.append((str(BEING_MADE), progress.agreement[""]))
    return rows


def _single(rows: list[tuple[str, int]]) -> list[tuple[str, Counter[str]]]:
    return [(label, Counter({"count": count})) for label, count in rows]
