"""Attempts of officers to read what is still sealed."""

from applicants.models import User
from foundation import clock
from proposals.models import Proposal, SealedAccessAttempt


def log_sealed_access_attempt(
    proposal: Proposal | None, *, officer: User, path: str
) -> SealedAccessAttempt:
    """Record that an officer tried to read what is still sealed; no proposal where none was named."""
    return SealedAccessAttempt.objects.create(
        proposal=proposal, officer=officer, path=path, tried_at=clock.now()
    )
