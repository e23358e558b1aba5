"""Errors for a service that speaks Sentry's protocol, where `PORTAL_SENTRY_DSN` names one.

Elsewhere nothing of it is loaded. A report has what a line of the log has: kinds and places of errors, names
of routes and tasks, numbers. It is put together from what is listed here, so nothing that a library adds goes
out. A known outage is not reported: monitoring sees it, and each request would report it again.
"""

import atexit
import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from cosme_portal import __version__
from foundation.errors import ErrorPlaces
from foundation.logs import error_of, event_of, fields_of

FLUSH_SECONDS = 2  # for which a process that ends waits for its last reports

OF_EVENT = (
    "event_id", "timestamp", "level", "logger", "platform", "release", "environment", "message",
)  # fmt: skip
FIELDS = "portal"
OF_FRAME = ("filename", "function", "lineno", "context_line", "in_app")


def start_reporting() -> None:
    """Report what is logged at level ERROR from now on, if a service is configured."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk  # noqa: PLC0415 -- where it is configured

    sentry_sdk.init(
        settings.SENTRY_DSN,
        release=f"cosme-portal@{__version__}",
        environment=settings.MODE,
        before_send=scrub,
        default_integrations=False,  # they would attach requests, arguments and messages
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        shutdown_timeout=FLUSH_SECONDS,
    )
    logging.getLogger().addHandler(ReportErrors())
    atexit.register(sentry_sdk.flush, FLUSH_SECONDS)


class ReportErrors(logging.Handler):
    """Reports records about errors, with the fields of their line in the log as tags."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        import sentry_sdk  # noqa: PLC0415 -- loaded by now

        error = error_of(record)
        if record.name.startswith("sentry_sdk") or (error is not None and error.places.outage):
            return
        event: dict[str, Any] = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": event_of(record),
            "contexts": {FIELDS: fields_of(record)},
        }
        if error is not None:
            event["exception"] = {"values": exceptions_of(error.places)}
        sentry_sdk.capture_event(event)  # type: ignore[arg-type]


def exceptions_of(places: ErrorPlaces) -> list[dict[str, Any]]:
    """An error and what caused it as the protocol has them: the cause first, each with its places."""
    return [
        {
            "type": kind,
            "stacktrace": {
                "frames": [
                    {
                        "filename": frame.filename,
                        "function": frame.name,
                        "lineno": frame.lineno,
                        "context_line": frame.line,
                        "in_app": "site-packages" not in frame.filename,
                    }
                    for frame in stack
                ]
            },
        }
        for kind, stack in reversed(places.causes)
    ]


def scrub(event: Any, _hint: Mapping[str, Any]) -> Any:
    """The parts of an event that may go out: of exceptions their kinds and places, never their texts."""
    report = {name: event[name] for name in OF_EVENT if name in event}
    # Whatever else has set tags, these are the ones of the log.
    fields = (event.get("contexts") or {}).get(FIELDS, {})
    report["tags"] = {name: str(value) for name, value in fields.items()}
    exceptions = (event.get("exception") or {}).get("values") or []
    if exceptions:
        report["exception"] = {"values": [_scrubbed_exception(item) for item in exceptions]}
    return report


def _scrubbed_exception(exception: Mapping[str, Any]) -> dict[str, Any]:
    frames = (exception.get("stacktrace") or {}).get("frames") or []
    return {
        "type": exception.get("type"),
        "stacktrace": {
            "frames": [{name: frame.get(name) for name in OF_FRAME} for frame in frames]
        },
    }
