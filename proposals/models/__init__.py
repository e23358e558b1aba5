"""All tables of this floor; each subject has a module of its own."""

from proposals.models.changes import ProposedChange
from proposals.models.officers import (
    Decision,
    SealedAccess,
)
from proposals.models.outbox import Mail, OutboxMessage, Promise
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
from proposals.models.workspace import (
    Collaborator,
    Comment,
    Confirmation,
    DraftPrint,
    GivenStep,
    Happening,
    Invitation,
    Presence,
    ReminderWish,
    SectionChange,
)

__all__ = [
    "Collaborator",
    "Comment",
    "Confirmation",
    "Decision",
    "DraftPrint",
    "GivenStep",
    "Happening",
    "IndividualExtension",
    "Invitation",
    "Mail",
    "OutboxMessage",
    "Participant",
    "Presence",
    "Promise",
    "Proposal",
    "ProposalFile",
    "ProposalQuerySet",
    "ProposedChange",
    "Receipt",
    "RefusedAttempt",
    "ReminderWish",
    "SealedAccess",
    "Section",
    "SectionChange",
    "StoredVerdict",
    "Version",
    "VersionQuerySet",
    "Withdrawal",
    "new_number",
    "path_of",
]
