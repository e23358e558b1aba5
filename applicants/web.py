"""What views of all floors above share: the signed-in person, and forms that lose nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from applicants.models import User
from applicants.organisations import OfficerTakesNoPart
from foundation.typed import posted_texts, repost_context, repost_form

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def current_user(request: HttpRequest) -> User:
    """The signed-in person; only behind `signed_in`."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("This view needs a signed-in person.")
    return user


def login_required_keep_post(view: "View[P]") -> "View[P]":
    """Let in who is signed in. A form that was sent after the login expired comes back filled."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if request.method == "POST":
            return repost_form(request, login_url=reverse("account_login"), status=401)
        return redirect_to_login(request.get_full_path())

    return guarded


Response = TypeVar("Response", bound=HttpResponseBase)


def hide_token_address(response: Response) -> Response:
    """Keep a page's address, which holds the token of a link, out of Referer and caches.

    Not "no-referrer": browsers would then send forms of the page with the origin "null", which CSRF refuses.
    """
    response["Referrer-Policy"] = "strict-origin"
    response["Cache-Control"] = "no-store, private"
    return response


def applicants_only(view: "View[P]") -> "View[P]":
    """Let nobody take part who is an officer: the page says why, and gives back what was typed.

    Behind `signed_in` where the page needs a person; who is not signed in passes.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if isinstance(request.user, User) and request.user.is_officer:
            return _officer_page(request)
        try:
            return view(request, *args, **kwargs)
        except OfficerTakesNoPart:
            return _officer_page(request)

    return guarded


def _officer_page(request: HttpRequest) -> HttpResponse:
    context = {"typed": posted_texts(request)}
    return render(request, "applicants/officer_takes_no_part.html", context, status=403)


def bad_request_page(request: HttpRequest) -> HttpResponse:
    """A page that says what to do, and shows what was typed as far as the request can be read."""
    try:
        typed = repost_context(request) if request.method == "POST" else {}
    except (SuspiciousOperation, UnreadablePostError):
        typed = {}
    context = {"is_form": request.method == "POST", "visible": [], "had_files": False} | typed
    return render(request, "400.html", context, status=400)
