"""How records become lines: JSON in production, readable elsewhere; a known outage is one line in both.

A line in JSON holds only what the code itself names: the sentence of the call with its numbers and
identifiers, the fields below, and the kind and place of an error. Texts, addresses and queries, which may
be anywhere else in a record, are left out, whoever has logged it.
"""

import copy
import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from foundation.errors import TracebackText, in_full, in_short, outage_of

OURS = "portal"
# Packages whose messages without arguments are sentences of their code. Of others they may be anything.
WITH_CONSTANT_MESSAGES = {OURS, "celery", "kombu", "gunicorn"}
REDIRECTED = "celery.redirected"  # what something printed in a worker
LEFT_OUT = "…"

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,79}")
TASK_OR_UUID = re.compile(r"proposals\.tasks\.\w+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_bound: ContextVar[Mapping[str, Any]] = ContextVar("bound", default=MappingProxyType({}))


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Add fields to every line that this thread writes in the block. They are written as they are."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def bind(**fields: Any) -> None:
    """As `bound`, until the next call: for work that has no block of its own."""
    _bound.set(fields)


class JsonFormatter(logging.Formatter):
    """One JSON object in one line for each record."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": event_of(record),
            **fields_of(record),
            **_error_fields(record),
        }
        return json.dumps(entry, ensure_ascii=False)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What is bound in this thread, and what the call names."""
    fields = getattr(record, "fields", {})
    return {
        **_bound.get(),
        **{name: without_text(value, ours=True) for name, value in fields.items()},
    }


class ReadableFormatter(logging.Formatter):
    """For people at a terminal: the whole message, and a traceback unless a server is away."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or not outage_of(error):
            return super().format(record)
        short = copy.copy(record)
        short.exc_info = short.exc_text = None
        return f"{super().format(short)}: {outage_of(error)} away ({in_short(error)})"


def event_of(record: logging.LogRecord) -> str:
    """The sentence of the call without any text that it was given, in one line."""
    package = record.name.partition(".")[0]
    if not isinstance(record.msg, str) or record.name == REDIRECTED:
        return LEFT_OUT
    if not record.args:
        return _in_one_line(record.msg) if package in WITH_CONSTANT_MESSAGES else LEFT_OUT
    ours = package == OURS
    args: Any = (
        {name: without_text(value, ours=ours) for name, value in record.args.items()}
        if isinstance(record.args, Mapping)
        else tuple(without_text(value, ours=ours) for value in record.args)
    )
    try:
        return _in_one_line(record.msg % args)
    except (TypeError, ValueError, KeyError):  # a number was expected
        return _in_one_line(record.msg)


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def without_text(value: Any, *, ours: bool) -> Any:
    """Numbers, and identifiers where our own code names them; anything else is left out."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, TracebackText):
        return value.places.kind
    text = str(value) if isinstance(value, str | UUID) else ""
    allowed = (IDENTIFIER, TASK_OR_UUID) if ours else (TASK_OR_UUID,)
    return text if any(pattern.fullmatch(text) for pattern in allowed) else LEFT_OUT


def _error_fields(record: logging.LogRecord) -> dict[str, Any]:
    text = error_of(record)
    if text is None:
        return {}
    if text.places.outage:
        return {"error": text.places.short, "outage": text.places.outage}
    return {"error": text.places.short, "traceback": text}


def error_of(record: logging.LogRecord) -> TracebackText | None:
    """The error that a record is about, however it was handed over."""
    if record.exc_info and record.exc_info[1] is not None:
        return in_full(record.exc_info[1])
    args = record.args if isinstance(record.args, tuple) else ()
    return next((value for value in args if isinstance(value, TracebackText)), None)
