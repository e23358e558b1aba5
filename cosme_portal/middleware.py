"""Requests that the portal never takes get a page that says so: too large, or damaged."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

CHUNK = 64 * 1024
MOST_DRAINED = 8 * settings.LARGEST_BODY


class RefuseNullCharacters:
    """No address and no question to the portal holds a null character; PostgreSQL takes none either."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        question = request.META.get("QUERY_STRING", "")
        if "\0" in request.path or "%00" in question or "\0" in question:
            return render(request, "400.html", status=400)
        return self.get_response(request)


class RefuseLargeBodies:
    """Answers 413 before anything is kept; reads on a little so that the browser sees the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        has_files = request.content_type == "multipart/form-data"
        most = settings.LARGEST_BODY if has_files else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length <= most:
            return self.get_response(request)
        self._drain(request, min(length, MOST_DRAINED))
        return render(
            None,
            "413.html",
            {"most": most // 1024 // 1024, "found": f"{length / 1024 / 1024:.1f}"},
            status=413,
        )

    def _drain(self, request: HttpRequest, left: int) -> None:
        while left > 0:
            chunk = request.read(min(CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
