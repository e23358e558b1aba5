"""Pages that are the same for every visitor: caches may store them for a minute, and they are compressed.

No other page is compressed. Where a page holds a secret and repeats what an address says, its compressed
length reveals the secret (BREACH). So whatever has a session, a message or a CSRF token in it is left alone.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.http import ConditionalGetMiddleware
from django.utils.cache import patch_cache_control, patch_vary_headers

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

PERSONAL_COOKIES = {settings.SESSION_COOKIE_NAME, CookieStorage.cookie_name}
MAX_AGE = timedelta(minutes=1)
OK = 200

_etag = ConditionalGetMiddleware(lambda _request: HttpResponse())
_gzip = GZipMiddleware(lambda _request: HttpResponse())


def public_page(view: "View[P]") -> "View[P]":
    """Let a page have an ETag, be stored for at most `MAX_AGE` and be compressed while it is public.

    A view whose page changes sooner has set `Cache-Control` itself, as `expire_at` does.
    """

    @wraps(view)
    def public(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if not _is_public(request, response):
            return response
        patch_vary_headers(response, ["Cookie"])
        if "Cache-Control" not in response.headers:
            patch_cache_control(response, public=True, max_age=int(MAX_AGE.total_seconds()))
        answer = _etag.process_response(request, response)
        return _gzip.process_response(request, answer)

    return public


def _is_public(request: HttpRequest, response: HttpResponseBase) -> bool:
    is_personal = bool(PERSONAL_COOKIES & request.COOKIES.keys()) or request.session.modified
    has_csrf_token = request.META.get("CSRF_COOKIE_NEEDS_UPDATE", False)
    return response.status_code == OK and not (is_personal or has_csrf_token or response.cookies)


def expire_at(
    request: HttpRequest, response: HttpResponse, instants: Iterable[datetime], moment: datetime
) -> None:
    """Let caches store a public page no longer than until the first of these instants to come."""
    if _is_public(request, response):
        left = [instant - moment for instant in instants if instant > moment]
        age = min([*left, MAX_AGE])
        patch_cache_control(response, public=True, max_age=int(age.total_seconds()))
