"""All tables of this floor; each subject has a module of its own."""

from proposals.models.changes import ProposedChange
from proposals.models.officers import (
    Decision,
    SealedAccess,
)
from proposals.models.outbox import (
    OutboxMessage,
)
from proposals.models.proposal import (
    IndividualExtension,
    Participant,
    Proposal,
    ProposalFile,
    ProposalQuerySet,
    Receipt,
    RefusedAttempt,
    Section,
    StoredVerdict,
    Version,
    VersionQuerySet,
    Withdrawal,
    new_number,
    path_of,
)

__all__ = [
    "Decision",
    "IndividualExtension",
    "OutboxMessage",
    "Participant",
    "Proposal",
    "ProposalFile",
    "ProposalQuerySet",
    "ProposedChange",
    "Receipt",
    "RefusedAttempt",
    "SealedAccess",
    "Section",
    "StoredVerdict",
    "Version",
    "VersionQuerySet",
    "Withdrawal",
    "new_number",
    "path_of",
]
