"""Telling of errors without their texts: these may quote what a person wrote."""

import traceback
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings


def in_short(error: BaseException) -> str:
    """Kind of an error, and the last place of the portal's own code that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if one.filename.startswith(str(settings.ROOT))]
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return type(error).__name__ + place


def in_full(error: BaseException) -> str:
    """The traceback of an error and of what caused it, for a log."""
    parts = [
        f"{type(one).__name__}, from:\n{''.join(traceback.format_tb(one.__traceback__))}"
        for one in _with_causes(error)
    ]
    return "which followed on ".join(parts).rstrip()


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    told: set[int] = set()
    while found is not None and id(found) not in told:
        told.add(id(found))
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
