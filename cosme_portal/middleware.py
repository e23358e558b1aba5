"""Requests that the portal never takes get a page that says so: too large, damaged, or too many."""

import logging
import re
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.core.signals import got_request_exception
from django.db import DataError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve

from applicants.autosave import is_autosave
from applicants.web import bad_request_page
from cosme_portal import health, monitoring
from foundation import metrics
from foundation.client_address import is_from_trusted_proxy
from foundation.limits import Refusal, refusal_of
from foundation.logs import bound
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from foundation.text import unsafe_in
from foundation.typed import repost_context

log = logging.getLogger("portal.limits")
request_log = logging.getLogger("portal.request")

REQUEST_ID = "X-Request-ID"
VALID_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

# Answered first of all, without slash or redirect: machines ask without TLS, and by an address.
FOR_MACHINES = {
    "/health/": health.health,
    "/health/live": health.live,
    "/health/ready": health.ready,
    "/metrics": monitoring.metrics_page,
}

# SQLSTATE: out of range, invalid text, character not in the encoding, invalid or overflowing instants.
UNREADABLE = {"22003", "22P02", "22021", "22P05", "22007", "22008"}
UNREADABLE_IN_PYTHON = ("for integer string conversion", "NUL (0x00)")
CHUNK = 64 * 1024
MAX_DRAINED_SIZE = 8 * settings.MAX_BODY_SIZE
WAYS_OUT = {"account_logout", "admin:logout"}
BAD_REQUEST, SERVER_ERROR = 400, 500
STEPS = {"proposals:step", "proposals:description", "applicants:profile-step"}


class ObserveRequests:
    """Outermost: counts and logs every answer, whichever middleware gave it, under an id of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begin = perf_counter()
        request_id = request_id_of(request)
        with bound(request=request_id):
            response = self.get_response(request)
            seconds = perf_counter() - begin
            route = route_name(request)
            metrics.increment("portal_requests", route=route, status=str(response.status_code))
            metrics.observe("portal_request_duration_seconds", seconds, route=route)
            log_answer(request, response, route=route, seconds=seconds)
        response.headers[REQUEST_ID] = request_id
        return response


def request_id_of(request: HttpRequest) -> str:
    """As a trusted proxy says, so that its log can be compared; else a new one."""
    request_id = request.headers.get(REQUEST_ID, "")
    if is_from_trusted_proxy(request.META) and VALID_REQUEST_ID.fullmatch(request_id):
        return request_id
    return uuid4().hex


def log_answer(request: HttpRequest, response: HttpResponse, *, route: str, seconds: float) -> None:
    """One line, without address, query or content; with the error where one was not handled."""
    error = getattr(request, "unhandled_error", None)
    is_routine = route == "static" or request.path in FOR_MACHINES
    if error is None and is_routine and response.status_code < SERVER_ERROR:
        return
    # Whoever is signed in, as far as the request has asked: a line must not cost a query.
    user = getattr(request, "_cached_user", None)
    fields = {
        "method": request.method,
        "route": route,
        "status": response.status_code,
        "duration_ms": round(seconds * 1000),
        "account": getattr(user, "pk", None),
    }
    level = logging.ERROR if error else logging.INFO
    request_log.log(level, "Request answered", exc_info=error, extra={"fields": fields})


@receiver(got_request_exception)
def store_error(request: HttpRequest | None = None, **_signal: Any) -> None:
    """Let the line of a request name the error that no view has handled."""
    if request is not None:
        request.unhandled_error = sys.exc_info()[1]  # type: ignore[attr-defined]


def route_name(request: HttpRequest) -> str:
    """The name of a route, never a part of the address; what none was found for has one name."""
    if request.resolver_match is not None:
        return request.resolver_match.view_name
    if request.path in FOR_MACHINES:
        return resolve(request.path).view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "unresolved"


class AnswerHealth:
    """Answers load balancers and monitoring before anything can redirect or refuse them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return FOR_MACHINES.get(request.path, self.get_response)(request)


class SendContentSecurityPolicy(CSPMiddleware):
    """Sends the policy of the settings, built once per process.

    django-csp builds it twice for each response, a twentieth of the time of a saved step. Its decorators for
    single views have no effect here. Responses with a nonce (the debug toolbar's) are built as it does.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self.policy = build_policy()

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if settings.DEBUG or getattr(request, "_csp_nonce", None) is not None:
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.policy)
        return response


class RefuseUnsafeAddresses:
    """No path and no query contains a control character or noncharacter; no text in the portal does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = unquote_plus(request.META.get("QUERY_STRING", ""))
        if unsafe_in(request.path) or unsafe_in(query):
            return bad_request_page(request)
        return self.get_response(request)


class RefuseOtherCharsets:
    """A body that its sender calls something else than UTF-8 would be read wrongly, and stored so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and not getattr(request, "declares_utf_8", True):
            return bad_request_page(request)
        return self.get_response(request)


class RefuseUnreadableValues:
    """Answers 400 where a value from outside is none that Python or PostgreSQL can hold.

    Forms and `foundation.identifiers` say more, and sooner; this is for what they did not foresee. Everything
    that the request wrote in a transaction is undone by then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_unreadable_value(error):
            return None
        route = request.resolver_match.view_name if request.resolver_match else ""
        log.warning(
            "A value that cannot be stored was refused (%s, %s).", route, type(error).__name__
        )
        return bad_request_page(request)


def is_unreadable_value(error: Exception) -> bool:
    """Whether it is about a value that is too large, or not of its type, and not about the program."""
    if isinstance(error, DataError):
        return getattr(error.__cause__, "pgcode", None) in UNREADABLE
    if isinstance(error, OverflowError):
        return True
    return isinstance(error, ValueError) and any(
        text in f"{error} {error.__cause__}" for text in UNREADABLE_IN_PYTHON
    )


class PrivateCacheControl:
    """Nothing that was made for somebody signed in is kept by a cache on the way; no download by a browser.

    Pages may be kept by the browser: "back" then brings a form with what was typed into it. Who logs out on
    purpose has the browser's cache emptied; whose login expired may still want what they typed. A page that
    Chromium holds whole in memory ("back/forward cache") is not reached by that.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        name = settings.SESSION_COOKIE_NAME
        if name in request.COOKIES or name in answer.cookies:
            is_file = "Content-Disposition" in answer.headers
            answer.headers.setdefault(
                "Cache-Control", "private, no-store" if is_file else "private, no-cache"
            )
        if self._has_logged_out(request, answer):
            answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    def _has_logged_out(self, request: HttpRequest, answer: HttpResponse) -> bool:
        match = request.resolver_match
        is_way_out = match is not None and match.view_name in WAYS_OUT
        return is_way_out and request.method == "POST" and answer.status_code < BAD_REQUEST


class ExplainMethods:
    """What only takes forms says so to who opens its address; Django's own answer is an empty page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if not isinstance(answer, HttpResponseNotAllowed) or answer.content:
            return answer
        page = render(request, "405.html", status=answer.status_code)
        page.headers["Allow"] = answer.headers["Allow"]
        return page


class RefuseLargeBodies:
    """Answers 413 before anything is kept; reads on a little so that the browser sees the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        most = self._most(request) if length > settings.MAX_TEXT_SIZE else length
        if length <= most:
            return self.get_response(request)
        self._drain(request, min(length, MAX_DRAINED_SIZE))
        if is_autosave(request):
            return self._json_response(most)
        return render(
            None,
            "413.html",
            {"most": most // 1024 // 1024, "found": f"{length / 1024 / 1024:.1f}"},
            status=413,
        )

    def _most(self, request: HttpRequest) -> int:
        """How much an address takes: a step of a wizard holds more text than any other form."""
        if request.content_type == "multipart/form-data":
            return int(settings.MAX_BODY_SIZE)
        try:
            is_step = resolve(request.path_info).view_name in STEPS
        except Resolver404:
            is_step = False
        return int(settings.MAX_STEP_SIZE if is_step else settings.MAX_TEXT_SIZE)

    def _json_response(self, most: int) -> JsonResponse:
        text = _(
            "Not saved: the text is larger than %(most)s MB. It is still on this page and "
            "kept in this browser; shorten it."
        )
        message = text % {"most": most // 1024 // 1024}
        return JsonResponse({"state": "too-large", "words": message}, status=413)

    def _drain(self, request: HttpRequest, left: int) -> None:
        while left > 0:
            chunk = request.read(min(CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)


class EnforceLimits:
    """Answers 429 to what exceeds the table of limits: a page with what was typed, or a sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        match = request.resolver_match
        refusal = refusal_of(request, match.view_name) if match else None
        return too_many(request, refusal) if refusal else None


def too_many(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    metrics.increment("portal_limit_refusals", limit=refusal.limit.name)
    log.info("Limit %s reached", refusal.limit.name)
    sentence = _(refusal.limit.sentence)
    when = _wait_of(refusal.seconds)
    answer: HttpResponse
    if _wants_a_sentence(request):
        text = _("%(sentence)s Nothing was saved. %(when)s") % {
            "sentence": sentence,
            "when": when,
        }
        answer = JsonResponse({"state": "later", "words": text}, status=429)
    else:
        context = {"sentence": sentence, "when": when, **repost_context(request)}
        answer = render(request, "429.html", context, status=429)
    answer["Retry-After"] = str(refusal.seconds)
    answer["Cache-Control"] = "no-store"
    return answer


def _wait_of(seconds: int) -> str:
    if seconds < 60:  # noqa: PLR2004 -- a minute
        text = ngettext("Try again in %(n)s second.", "Try again in %(n)s seconds.", seconds)
        return text % {"n": seconds}
    minutes = -(-seconds // 60)
    text = ngettext("Try again in %(n)s minute.", "Try again in %(n)s minutes.", minutes)
    return text % {"n": minutes}


def _wants_a_sentence(request: HttpRequest) -> bool:
    """Scripts of the portal's pages, and other programs, show the sentence in their place."""
    by_script = {"X-Autosave", "X-Upload", "HX-Request", "X-Requested-With"}
    return any(name in request.headers for name in by_script) or not request.accepts("text/html")
