"""Telling of errors without their texts: these may quote what a person wrote."""

import traceback
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings


def in_short(error: BaseException) -> str:
    """Kind of an error, and the last place of the portal's own code that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(str(settings.ROOT))]
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return type(error).__name__ + place


def in_full(error: BaseException) -> str:
    """The traceback of an error and of what caused it, for a log."""
    parts = [
        f"{type(with_cause).__name__}, from:\n{''.join(traceback.format_tb(with_cause.__traceback__))}"
        for with_cause in _with_causes(error)
    ]
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
