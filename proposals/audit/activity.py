"""Notes of what was done to a proposal, for its timeline."""

from datetime import datetime
from typing import Any

from applicants.models import User
from calls import clock
from proposals.models import Happening, Proposal


def log_activity(
    proposal: Proposal,
    kind: Happening.Kind,
    words: str,
    *,
    by: User | None,
    at: datetime | None = None,
    **details: Any,
) -> Happening:
    """Note what happened, in the transaction in which it does."""
    return Happening.objects.create(
        proposal=proposal, kind=kind, words=words, by=by, at=at or clock.now(),
        details=details,
    )  # fmt: skip
