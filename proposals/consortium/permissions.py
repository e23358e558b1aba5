"""Who may do what in the consortium of a proposal: three roles, and one table.

*Lead*: people of the coordinator; they may do everything, and only they submit or withdraw. *Editor*:
people of another partner, and people who were invited to write for one; they write its part and the steps
that were given to it. *Reader*: people who were invited to read; they read and comment.

Views never decide: `proposals.consortium.access` asks this table for every address; an address that is not
in it is shut. Plain Python, without a database, so that every role can be tried on every address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

from calls.eligibility.facts import Role

OWN_LINE_STEP = "budget"


class ConsortiumRole(IntEnum):
    """A higher role may do all that a lower one may."""

    READER = 1
    EDITOR = 2
    LEAD = 3


class Requirement(StrEnum):
    """What an address asks of a person: a role, or that the step or part is theirs to write."""

    READ = "read"
    WRITE = "write"
    OWN = "own"  # for that partner, and not only as the lead
    LEAD = "lead"
    NOBODY = "nobody"


class AssignedPart(NamedTuple):
    """A partner that a person may act for, and one step that was assigned to it."""

    key: str | None
    role: str | None
    step: str | None


@dataclass(frozen=True)
class ConsortiumAccess:
    """What a person is in one proposal, for which partners it writes, and which steps were given to these."""

    role: ConsortiumRole
    keys: frozenset[str] = field(default=frozenset())
    steps: frozenset[str] = field(default=frozenset())

    @property
    def leads(self) -> bool:
        return self.role == ConsortiumRole.LEAD

    def writes_step(self, step: str) -> bool:
        return self.leads or step in self.steps

    def writes_part(self, key: str) -> bool:
        return self.leads or key in self.keys


@dataclass(frozen=True)
class RouteAccess:
    """What looking at an address needs, and what sending something to it needs."""

    view: Requirement = Requirement.READ
    change: Requirement = Requirement.NOBODY


READ = RouteAccess()
LEAD_CHANGES = RouteAccess(change=Requirement.LEAD)
WRITER_CHANGES = RouteAccess(change=Requirement.WRITE)
EVERYONE_CHANGES = RouteAccess(change=Requirement.READ)
LEAD_CHANGES_ONLY = RouteAccess(view=Requirement.NOBODY, change=Requirement.LEAD)
EVERYONE_CHANGES_ONLY = RouteAccess(view=Requirement.NOBODY, change=Requirement.READ)
ONLY_LEAD = RouteAccess(view=Requirement.LEAD, change=Requirement.LEAD)

ROUTE_PERMISSIONS: Mapping[str, RouteAccess] = {
    # The draft
    "proposal": READ,
    "consortium": READ,
    "find-partners": RouteAccess(view=Requirement.LEAD),
    "add-participant": LEAD_CHANGES_ONLY,
    "new-participant": ONLY_LEAD,
    "import-partners": ONLY_LEAD,
    "what-if": READ,
    "clear-intended-countries": LEAD_CHANGES_ONLY,
    "participant": ONLY_LEAD,
    "remove-participant": ONLY_LEAD,
    "descriptions": READ,
    "description": WRITER_CHANGES,
    "partner-profile": READ,
    "next-profile": READ,
    "step": WRITER_CHANGES,
    "upload": WRITER_CHANGES,
    "remove-file": RouteAccess(view=Requirement.NOBODY, change=Requirement.WRITE),
    "draft-file": READ,
    "earlier-file": READ,
    "preview": READ,
    "draft-pdf": EVERYONE_CHANGES,
    # Writing together
    "presence": EVERYONE_CHANGES_ONLY,
    "progress": READ,
    "assign-step": LEAD_CHANGES_ONLY,
    "remind": LEAD_CHANGES_ONLY,
    "people": READ,
    "invite": LEAD_CHANGES_ONLY,
    "resend-invitation": LEAD_CHANGES_ONLY,
    "revoke-invitation": LEAD_CHANGES_ONLY,
    "remove-collaborator": LEAD_CHANGES_ONLY,
    "confirm": RouteAccess(change=Requirement.OWN),
    "add-comment": EVERYONE_CHANGES_ONLY,
    "resolve-comment": EVERYONE_CHANGES_ONLY,
    "timeline": READ,
    "step-history": READ,
    "compare": READ,
    "reminders": EVERYONE_CHANGES_ONLY,
    "calendar": READ,
    # Clarification requests and decisions of the officers
    "clarifications": READ,
    "reply": LEAD_CHANGES,
    "reply-file": READ,
    "decisions": READ,
    "letter": READ,
    # Submission
    "check": LEAD_CHANGES,
    "withdraw": ONLY_LEAD,
    "delete": ONLY_LEAD,
    "restore": LEAD_CHANGES_ONLY,
    # Versions are read by officers too, after the deadline: `access.get_version_or_404` says when.
    "version": READ,
    "receipt-state": READ,
    "receipt": READ,
    "proposal-pdf": READ,
    "dossier": READ,
    "version-file": READ,
}


def is_allowed(
    access: ConsortiumAccess, route: str, method: str, place: Mapping[str, object]
) -> bool:
    """Whether a person may look at or send to an address; `place` holds the address's own arguments."""
    route_access = ROUTE_PERMISSIONS.get(route)
    if route_access is None:
        return False
    need = route_access.view if method in {"GET", "HEAD"} else route_access.change
    if need in {Requirement.WRITE, Requirement.OWN}:
        return writes(access, route, place)
    least = {Requirement.READ: ConsortiumRole.READER, Requirement.LEAD: ConsortiumRole.LEAD}.get(
        need
    )
    return least is not None and access.role >= least


def writes(access: ConsortiumAccess, route: str, place: Mapping[str, object]) -> bool:
    """Whether the step or part at an address is this person's to write."""
    if route in {"upload", "remove-file"}:
        return access.writes_step("deliverables")
    if requires_own_part(route):
        return str(place.get("key", "")) in access.keys
    if "key" in place:
        return access.writes_part(str(place["key"]))
    step = str(place.get("slug", ""))
    return access.writes_step(step) or (step == OWN_LINE_STEP and bool(access.keys))


def requires_own_part(route: str) -> bool:
    """Whether an address is for a partner's own people, where leading the proposal does not help."""
    route_access = ROUTE_PERMISSIONS.get(route)
    return route_access is not None and route_access.change == Requirement.OWN


def derive_access(
    own: Sequence[AssignedPart], invited: Sequence[AssignedPart]
) -> ConsortiumAccess | None:
    """What a person is in a proposal, from the parts of its organisations and those it was invited to.

    None for a stranger. An invitation to read has no part. Whoever leads writes for another partner only as
    one of its own people, never by inviting themselves.
    """
    if not own and not invited:
        return None
    leads = any(part.role == Role.COORDINATOR for part in own)
    parts = [part for part in (own if leads else (*own, *invited)) if part.key]
    role = ConsortiumRole.EDITOR if parts else ConsortiumRole.READER
    return ConsortiumAccess(
        ConsortiumRole.LEAD if leads else role,
        frozenset(part.key for part in parts if part.key),
        frozenset(part.step for part in parts if part.step),
    )
