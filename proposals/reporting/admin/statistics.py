"""Figures of a call, drawn on the server, each with its table."""

from collections import Counter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from applicants.web import current_user
from calls.eligibility.countries import name_on
from calls.models import Call
from foundation import charts, clock
from foundation.sentences import gettext as _
from proposals.dossier.outcome_words import outcome_words
from proposals.models import ScreeningAnswer, VerdictRecord
from proposals.officers.admin_pages import is_id
from proposals.reporting.statistics import OUTCOMES, Figures, figures_of
from proposals.screening.sheet import BEING_MADE

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

BEING_CHECKED = "being-made"  # no outcome: the part of the chart for those that have none yet
BRUSSELS = ZoneInfo("Europe/Brussels")
ANSWERS = (ScreeningAnswer.Answer.AGREE, ScreeningAnswer.Answer.ASK, ScreeningAnswer.Answer.DIFFER)


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    def statistics(request: HttpRequest) -> HttpResponse:
        return _statistics(model_admin, request)

    view = require_safe(statistics)
    return [model_admin.url("statistics/", view, "statistics", "proposals.view_version")]


def _statistics(model_admin: "OfficerAdmin", request: HttpRequest) -> HttpResponse:
    calls = list(Call.objects.prefetch_related("strands"))
    call = chosen_call(calls, request.GET.get("call", ""))
    context: dict[str, Any] = {"calls": calls, "call": call}
    if call is not None:
        figures = figures_of(call, officer=current_user(request), moment=clock.now())
        context |= {"figures": figures} | _drawn(call, figures)
    return model_admin.render(
        request, "admin/proposals/version/statistics.html", title=_("Statistics"), **context
    )


def chosen_call(calls: list[Call], wanted: str) -> Call | None:
    """The one that was asked for, or the one whose deadline is nearest to now."""
    if wanted:
        call = next((item for item in calls if is_id(wanted) and item.pk == int(wanted)), None)
        if call is None:
            raise Http404
        return call
    moment = clock.now()
    real = [item for item in calls if not item.is_rehearsal]
    return min(real, key=lambda item: abs(item.deadline - moment), default=None)


def _drawn(call: Call, figures: Figures) -> dict[str, Any]:
    strands = figures.strands
    days = [(f"{day:%-d %b}", count) for day, count in figures.by_day]
    hours = [(f"{hour:%a %H}:00", count) for hour, count in figures.by_hour]
    drawn: dict[str, Any] = {
        "strands": [(strand.number, strand.title) for strand in call.strands.all()],
        "days": charts.columns(days, strands),
        "hours": charts.columns(hours, strands),
        "received": [(number, figures.received[number]) for number in strands],
        "received_in_all": sum(figures.received.values()),
    }
    return drawn | (_drawn_after_deadline(call, figures) if figures.is_open_to_officers else {})


def _drawn_after_deadline(call: Call, figures: Figures) -> dict[str, Any]:
    names = {code: name_on(code, call.rule_date) for code in {*charts.TILES, *figures.countries}}
    by_count = sorted(figures.countries.items(), key=lambda pair: (-pair[1], pair[0]))
    countries = [(names[code], Counter({"count": count})) for code, count in by_count]
    outcomes = [
        (str(label), Counter({str(value): figures.outcomes[value]}))
        for value, label in VerdictRecord.OutcomeChoices.choices
    ]
    if figures.being_checked:
        outcomes.append((str(BEING_MADE), Counter({BEING_CHECKED: figures.being_checked})))
    return {
        "tiles": charts.tile_map(figures.countries, names),
        "tile": charts.TILE,
        "elsewhere": [(names[code], count) for code, count in by_count if code not in charts.TILES],
        "countries": charts.lines(countries, ["count"]),
        "outcomes": charts.lines(outcomes, [*OUTCOMES, BEING_CHECKED]),
        "rules": charts.lines(figures.rules, OUTCOMES),
        "outcome_names": [(name, outcome_words(name)) for name in OUTCOMES],
        "queue_lines": charts.lines(_single(figures.queue), ["count"]),
        "age_lines": charts.lines(_single(figures.ages), ["count"]),
        "agreement": charts.lines(figures.agreement, list(ANSWERS)),
        "single_name": [("count", _("Proposals"))],
        "answer_names": [(answer.value, answer.label) for answer in ANSWERS],
    }


def _single(rows: list[tuple[str, int]]) -> list[tuple[str, Counter[str]]]:
    return [(label, Counter({"count": count})) for label, count in rows]
