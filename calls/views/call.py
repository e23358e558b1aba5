"""The list of calls, the page of one, and moving the clock where that is allowed."""

from datetime import datetime

from django.conf import settings
from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST

from calls import shared_clock
from calls.calendars import calendar_of
from calls.country_list import countries_on
from calls.demo_clock_presets import PRESETS
from calls.innovation_clusters import SOURCE, SOURCE_URL
from calls.models import Call, CallState, ConditionChange
from calls.templatetags.instants import countdown
from calls.visibility import visible_calls, visible_rehearsals
from foundation import clock
from foundation.downloads import CALENDAR, download
from foundation.public_pages import PERSONAL_COOKIES, expire_at, public_page

TIME_LEFT = mark_safe("<!-- time left -->")


@public_page
def call_list(request: HttpRequest) -> HttpResponse:
    """All published calls, the one that closes last on top."""
    moment = clock.now()
    calls = Call.objects.published_at_moment(moment).select_related("programme")
    rows = [(call, call.state_at(moment)) for call in calls]
    context = {"rows": rows, "rehearsals": visible_rehearsals(request)}
    response = render(request, "calls/list.html", context)
    _expire_with_state(request, response, [call for call, _state in rows], moment)
    return response


@public_page
def call(request: HttpRequest, reference: str) -> HttpResponse:
    """Everything that a reader needs to know of a call.

    What does not depend on reader and moment is rendered once for each change of the call and kept
    in this process; the time left is computed for every request. A visitor without an account, and
    without a message to read, gets the whole page from there. No cache stores a page with the time left.
    """
    moment = clock.now()
    calls = visible_calls(request, moment).only("opens_at", "deadline", "changed_at")
    call = get_object_or_404(calls, reference=reference)
    state = call.state_at(moment)
    time_left = countdown(call.deadline, moment)
    if PERSONAL_COOKIES & request.COOKIES.keys() or settings.CLOCK_IS_MOVABLE:
        return HttpResponse(_page(request, call, state, time_left))
    page = _page_for_anyone(request, call, state)
    response = HttpResponse(page.replace(TIME_LEFT, time_left))
    if TIME_LEFT in page:
        response["Cache-Control"] = "no-cache"
    else:
        _expire_with_state(request, response, [call], moment)
    return response


def _expire_with_state(
    request: HttpRequest, response: HttpResponse, calls: list[Call], moment: datetime
) -> None:
    instants = (instant for call in calls for instant in (call.opens_at, call.deadline) if instant)
    expire_at(request, response, instants, moment)


def calendar(request: HttpRequest, reference: str) -> HttpResponse:
    """The deadline as a calendar file, without an account."""
    calls = visible_calls(request, clock.now())
    call = get_object_or_404(calls, reference=reference)
    text = calendar_of(
        call, deadline=call.deadline, about=call.reference, path=call.get_absolute_url()
    )
    return download(text, name=f"{call.reference}.ics", content_type=CALENDAR)


def _page(request: HttpRequest, call: Call, state: CallState, time_left: SafeString) -> str:
    shown = Call.objects.select_related("programme").get(pk=call.pk)
    context = {
        "call": shown,
        "state": state,
        # The layer above makes it when the call has closed; here it is only shown.
        "commitment": getattr(shown, "commitment", None) if state == CallState.CLOSED else None,
        "time_left": time_left,
        "parts": _parts_of(call, state),
    }
    return render_to_string("calls/call.html", context, request)


def page_as_open(request: HttpRequest, call: Call) -> str:
    """The page as applicants will read it while the call is open, for those who prepare it."""
    return _page(request, call, CallState.OPEN, countdown(call.deadline, clock.now()))


def _page_for_anyone(request: HttpRequest, call: Call, state: CallState) -> str:
    """The page with a mark where the time left goes."""
    cache = caches["pages"]
    key = f"call-page:{_change_of(call, state)}"
    page: str | None = cache.get(key)
    if page is None:
        page = _page(request, call, state, TIME_LEFT)
        cache.set(key, page)
    return page


def _change_of(call: Call, state: CallState) -> str:
    """Names what a kept part shows: another one whenever the call, its deadline or state changes."""
    changed, deadline = call.changed_at.timestamp(), call.deadline.timestamp()
    return f"{call.pk}:{state.value}:{changed}:{deadline}"


def _parts_of(call: Call, state: CallState) -> dict[str, SafeString]:
    """The rendered parts of the call page that are the same for every reader."""
    cache = caches["pages"]
    key = f"call-parts:{_change_of(call, state)}"
    parts: dict[str, SafeString] | None = cache.get(key)
    if parts is None:
        context = _context_of(call) | {"state": state}
        parts = {
            name: render_to_string(f"calls/parts/{name}.html", context)
            for name in ("extensions", "body")
        }
        cache.set(key, parts)
    return parts


def _context_of(data: Call) -> dict[str, object]:
    call = Call.objects.with_page_parts().select_related("programme").get(pk=data.pk)
    return {
        "call": call,
        "changes": ConditionChange.objects.published_for(call),
        "answer": countries_on(
            call.rule_date, call.programme.country_set(), call.programme.legal_basis
        ),
        "elements": call.elements,
        "definition_source": SOURCE,
        "definition_url": SOURCE_URL,
    }


@require_POST
def move_clock(request: HttpRequest) -> HttpResponse:
    """Jump to one of the named moments; only where the clock can be moved at all."""
    moment: datetime | None = PRESETS.get(request.POST.get("moment", ""), (None, None))[1]
    if not settings.CLOCK_IS_MOVABLE or moment is None:
        raise Http404
    shared_clock.set_shared_offset(moment)
    back = request.POST.get("back", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    return redirect(back)
