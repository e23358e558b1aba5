"""All tables of this floor; each subject has a module of its own."""

from proposals.models.changes import ProposedChange
from proposals.models.ledger import (
    ClosingCommitment,
    LedgerEntry,
    LedgerNode,
    LedgerNote,
    SealCertificate,
    TreeHead,
)
from proposals.models.officers import Decision, DecisionReview, DecisionState, SealedAccess
from proposals.models.outbox import Mail, OutboxMessage, Promise, Remaking
from proposals.models.proposal import (
    IndividualExtension,
    Participant,
    Proposal,
    ProposalFile,
    ProposalQuerySet,
    Section,
    new_number,
    path_of,
)
from proposals.models.records import (
    Annex,
    Receipt,
    RefusedAttempt,
    SealedDocument,
    Stamp,
    Withdrawal,
)
from proposals.models.version import StoredVerdict, Version, VersionQuerySet
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
    "Annex",
    "ClosingCommitment",
    "Collaborator",
    "Comment",
    "Confirmation",
    "Decision",
    "DecisionReview",
    "DecisionState",
    "DraftPrint",
    "GivenStep",
    "Happening",
    "IndividualExtension",
    "Invitation",
    "LedgerEntry",
    "LedgerNode",
    "LedgerNote",
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
    "Remaking",
    "ReminderWish",
    "SealCertificate",
    "SealedAccess",
    "SealedDocument",
    "Section",
    "SectionChange",
    "Stamp",
    "StoredVerdict",
    "TreeHead",
    "Version",
    "VersionQuerySet",
    "Withdrawal",
    "new_number",
    "path_of",
]
