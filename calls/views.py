"""Pages of calls, and moving the clock where that is allowed."""

from datetime import date, datetime

from django.conf import settings
from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from calls import clock
from calls.eligibility.countries import STATUS_NOTES, Participation, name_on
from calls.innovation_clusters import ELEMENTS, SOURCE, SOURCE_URL
from calls.models import Call, CallState, CountryParticipation
from calls.moments import MOMENTS

GATES = dict(CountryParticipation.Gate.choices)


def call_list(request: HttpRequest) -> HttpResponse:
    """All published calls, the one that closes last on top."""
    moment = clock.now()
    calls = Call.objects.published_at_moment(moment).select_related("programme")
    rows = [(call, call.state_at(moment)) for call in calls]
    return render(request, "calls/list.html", {"rows": rows})


def call(request: HttpRequest, reference: str) -> HttpResponse:
    """Everything that a reader needs to know of a call.

    What does not depend on reader and moment is rendered once for each change of the call and kept
    in this process; the time left is computed for every request.
    """
    moment = clock.now()
    calls = Call.objects.published_at_moment(moment).select_related("programme")
    found = get_object_or_404(calls, reference=reference)
    state = found.state_at(moment)
    context = {"call": found, "state": state, "moment": moment, "parts": _parts_of(found, state)}
    return render(request, "calls/call.html", context)


def _parts_of(found: Call, state: CallState) -> dict[str, SafeString]:
    """The rendered parts of the call page that are the same for every reader."""
    kept = caches["pages"]
    key = (
        f"call:{found.pk}:{state.value}:{found.changed_at.timestamp()}:{found.deadline.timestamp()}"
    )
    parts: dict[str, SafeString] | None = kept.get(key)
    if parts is None:
        context = _context_of(found) | {"state": state}
        parts = {
            name: render_to_string(f"calls/parts/{name}.html", context)
            for name in ("extensions", "body")
        }
        kept.set(key, parts)
    return parts


def _context_of(given: Call) -> dict[str, object]:
    found = Call.objects.with_page_parts().select_related("programme").get(pk=given.pk)
    countries = found.programme.country_set()
    rule_date = found.rule_date
    counting = [_row(row, rule_date) for row in countries.counting_on(rule_date)]
    return {
        "call": found,
        "members": [row for row in counting if row["gate"] == "member-state"],
        "others": [row for row in counting if row["gate"] != "member-state"],
        "counting": len(counting),
        "signed_only": [_row(row, rule_date) for row in countries.signed_only_on(rule_date)],
        "elements": ELEMENTS,
        "definition_source": SOURCE,
        "definition_url": SOURCE_URL,
    }


def _row(row: Participation, rule_date: date) -> dict[str, object]:
    return {
        "code": row.country,
        "name": name_on(row.country, rule_date),
        "gate": row.gate,
        "gate_text": GATES[row.gate],
        "signed_on": row.signed_on,
        "in_force_on": row.in_force_on,
        "note": STATUS_NOTES.get(row.country, ""),
    }


@require_POST
def move_clock(request: HttpRequest) -> HttpResponse:
    """Jump to one of the named moments; only where the clock can be moved at all."""
    moment: datetime | None = MOMENTS.get(request.POST.get("moment", ""), (None, None))[1]
    if not settings.CLOCK_IS_MOVABLE or moment is None:
        raise Http404
    clock.move_to(moment)
    back = request.POST.get("back", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    return redirect(back)
