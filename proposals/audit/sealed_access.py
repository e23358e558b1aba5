"""Attempts of officers to read what is still sealed."""

from applicants.models import User
from calls import clock
from proposals.models import Proposal, SealedAccess


def log_sealed_access_attempt(
    proposal: Proposal | None, *, officer: User, path: str
) -> SealedAccess:
    """Record that an officer tried to read what is still sealed; no proposal where none was named."""
    return SealedAccess.objects.create(
        proposal=proposal, officer=officer, path=path, tried_at=clock.now()
    )
