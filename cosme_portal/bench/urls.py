"""The portal's addresses with the floors beside them, on the same server."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST

from cosme_portal.urls import urlpatterns as portal


@require_POST
def commit_one_row(request: HttpRequest) -> HttpResponse:
    """The floor of everything that stores: one row, committed."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_row (text) VALUES (%s)", [request.POST.get("text", "")])
    return HttpResponse("stored")


def bare_template(request: HttpRequest) -> HttpResponse:
    """The floor of a public page: a template as long as the call page, and no query."""
    return render(request, "bench/bare.html", {"lines": LINES})


LINES = mark_safe("<p>One paragraph of a call, and nothing to compute.</p>\n" * 600)  # noqa: S308 -- our own

urlpatterns = [
    path("bench/commit/", commit_one_row),
    path("bench/template/", bare_template),
    *portal,
]
