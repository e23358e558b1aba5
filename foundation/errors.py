"""Telling of errors without their texts: these may quote what a person wrote."""

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from django.conf import settings
from django.db import InterfaceError, OperationalError

# SQLSTATE: connection lost, no resources (disk, memory, connections), shut down by an operator.
DATABASE_AWAY = ("08", "53", "57P")
BROKER_AWAY = {"OperationalError", "ConnectionError", "TimeoutError", "BusyLoadingError"}


def in_short(error: BaseException) -> str:
    """Kind of an error, and the last place of the portal's own code that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(str(settings.ROOT))]
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return type(error).__name__ + place


@dataclass(frozen=True)
class ErrorPlaces:
    """Kinds and places of an error and of what caused it. No frame, variable or text stays alive with it."""

    kind: str
    short: str
    outage: str
    causes: tuple[tuple[str, traceback.StackSummary], ...]


class TracebackText(str):
    """What `in_full` returns, with the places that it names."""

    __slots__ = ("places",)
    places: ErrorPlaces


def places_of(error: BaseException) -> ErrorPlaces:
    causes = [
        (type(with_cause).__name__, traceback.extract_tb(with_cause.__traceback__))
        for with_cause in _with_causes(error)
    ]
    return ErrorPlaces(type(error).__name__, in_short(error), outage_of(error), tuple(causes))


def in_full(error: BaseException) -> TracebackText:
    """The traceback of an error and of what caused it, for a log; one line if a server is away."""
    places = places_of(error)
    text = TracebackText(_in_lines(places))
    text.places = places
    return text


def outage_of(error: BaseException) -> str:
    """`database` or `broker` if one of them is away or full, and nothing is wrong with the code."""
    for base_exception in _with_causes(error):
        if isinstance(base_exception, OperationalError | InterfaceError | psycopg2.Error):
            return "database" if _is_lost(base_exception) else ""
        module, name = type(base_exception).__module__, type(base_exception).__name__
        if module.partition(".")[0] in {"kombu", "redis"} and name in BROKER_AWAY:
            return "broker"
    return ""


def _is_lost(error: BaseException) -> bool:
    """By its code; there is none where no connection was opened, or it has been closed."""
    if not isinstance(error, psycopg2.Error):
        error = error.__cause__ or error
    if not isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        return not isinstance(error, psycopg2.Error)
    code = getattr(error, "pgcode", None) or ""
    return not code or code.startswith(DATABASE_AWAY)


def _in_lines(places: ErrorPlaces) -> str:
    if places.outage:
        return f"{places.outage} away ({places.short})"
    parts = [f"{kind}, from:\n{''.join(stack.format())}" for kind, stack in places.causes]
    return "which followed on ".join(parts).rstrip()


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    base_exception: BaseException | None = error
    seen: set[int] = set()
    while base_exception is not None and id(base_exception) not in seen:
        seen.add(id(base_exception))
        yield base_exception
        base_exception = base_exception.__cause__ or (
            None if base_exception.__suppress_context__ else base_exception.__context__
        )
