"""What a person typed into a form that is not taken: whatever refuses a form gives it back.

Nothing is given back of a form with a password: no page ever shows one.
"""

from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException
from django.shortcuts import render

# What a browser sends back with a form, but nobody typed.
CSRF = "csrfmiddlewaretoken"
NOT_TYPED = {CSRF, "seen_version", "seen"}
SHORT = 20  # characters; what is longer is shown, so that a person sees that it is there
UNREADABLE = (
    BadRequest,
    MultiPartParserError,
    RawPostDataException,
    SuspiciousOperation,
    UnreadablePostError,
)


def posted_texts(request: HttpRequest) -> list[tuple[str, str]]:
    """Names and values of what somebody typed or chose; nothing where the request cannot be read."""
    if request.method != "POST":
        return []
    try:
        sent = list(request.POST.lists())
    except UNREADABLE:
        return []
    if _has_password(sent):
        return []
    return [
        (name, value)
        for name, values in sent
        if name not in NOT_TYPED and not name.endswith("_FORMS")
        for value in values
        if value
    ]


def repost_context(request: HttpRequest) -> dict[str, Any]:
    """All that a form held, to be sent again from another page."""
    sent = list(request.POST.lists())
    has_password = _has_password(sent)
    typed = [
        (name, value)
        for name, values in sent
        if name != CSRF and not has_password
        for value in values
    ]
    return {
        "typed": typed,
        "visible": [(name, value) for name, value in typed if len(str(value)) > SHORT],
        "action": request.get_full_path(),
        "had_files": bool(request.FILES),
        "had_password": has_password,
    }


def repost_form(request: HttpRequest, *, login_url: str | None, status: int) -> HttpResponse:
    """A page that holds what was typed, to be sent again with one click. Nothing was stored."""
    held = repost_context(request)
    if held["had_password"]:
        return render(request, "403_csrf.html", status=403)
    return render(request, "held_text.html", held | {"login_url": login_url}, status=status)


def _has_password(sent: list[tuple[str, Any]]) -> bool:
    return any("password" in name for name, _values in sent)
