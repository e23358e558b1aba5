"""Responses that a browser saves as a file."""

from django.http import HttpResponse

PDF, JSON, CALENDAR = "application/pdf", "application/json", "text/calendar; charset=utf-8"


def download(content: bytes | str, *, name: str, content_type: str) -> HttpResponse:
    """A file under a name of the portal's own making: letters, digits, hyphens and a dot."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=content_type, headers=headers)
