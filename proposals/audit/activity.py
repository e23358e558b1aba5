"""Notes of what was done to a proposal, for its timeline."""

from datetime import datetime
from typing import Any

from applicants.models import User
from foundation import clock
from proposals.models import Proposal, ProposalActivity


def log_activity(
    proposal: Proposal,
    kind: ProposalActivity.Kind,
    text: str,
    *,
    by: User | None,
    at: datetime | None = None,
    **details: Any,
) -> ProposalActivity:
    """Note what happened, in the transaction in which it does."""
    return ProposalActivity.objects.create(
        proposal=proposal, kind=kind, summary=text, by=by, at=at or clock.now(), details=details
    )
