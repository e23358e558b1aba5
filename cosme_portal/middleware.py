"""Requests whose body is larger than anything that the portal takes get a page that says so."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

CHUNK = 64 * 1024
MOST_DRAINED = 8 * settings.LARGEST_BODY


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
