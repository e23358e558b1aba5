"""Who may do what in the consortium of a proposal: three roles, and one table.

*Lead*: people of the coordinator; they may do everything, and only they submit or withdraw. *Editor*:
people of another partner, and people who were invited to write for one; they write its part and the steps
that were given to it. *Reader*: people who were invited to read; they read and comment.

Views never decide: `views.access` asks this table for every address; an address that is not in it is shut.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from applicants.models import User
from proposals.models import Collaborator, Participant, Proposal

OWN_LINE_STEP = "budget"


class WorkRole(IntEnum):
    """A higher role may do all that a lower one may."""

    READER = 1
    EDITOR = 2
    LEAD = 3


class Need(StrEnum):
    """What an address asks of a person: a role, or that the step or part is theirs to write."""

    READ = "read"
    WRITE = "write"
    OWN = "own"  # for that partner, and not only as the lead
    LEAD = "lead"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Standing:
    """What a person is in one proposal, for which partners it writes, and which steps were given to these."""

    role: WorkRole
    keys: frozenset[str] = field(default=frozenset())
    steps: frozenset[str] = field(default=frozenset())

    @property
    def leads(self) -> bool:
        return self.role == WorkRole.LEAD

    def writes_step(self, step: str) -> bool:
        return self.leads or step in self.steps

    def writes_part(self, key: str) -> bool:
        return self.leads or key in self.keys


@dataclass(frozen=True)
class Access:
    """What looking at an address needs, and what sending something to it needs."""

    look: Need = Need.READ
    send: Need = Need.NOBODY


READ = Access()
LEAD_SENDS = Access(send=Need.LEAD)
WRITER_SENDS = Access(send=Need.WRITE)
EVERYONE_SENDS = Access(send=Need.READ)
ONLY_SENT_BY_LEAD = Access(look=Need.NOBODY, send=Need.LEAD)
ONLY_SENT_BY_EVERYONE = Access(look=Need.NOBODY, send=Need.READ)
ONLY_LEAD = Access(look=Need.LEAD, send=Need.LEAD)

TABLE: Mapping[str, Access] = {
    # The draft
    "proposal": READ,
    "consortium": READ,
    "add-participant": ONLY_SENT_BY_LEAD,
    "new-participant": ONLY_LEAD,
    "what-if": READ,
    "clear-intended-countries": ONLY_SENT_BY_LEAD,
    "participant": ONLY_LEAD,
    "remove-participant": ONLY_LEAD,
    "descriptions": READ,
    "description": WRITER_SENDS,
    "step": WRITER_SENDS,
    "upload": WRITER_SENDS,
    "remove-file": Access(look=Need.NOBODY, send=Need.WRITE),
    "draft-file": READ,
    "earlier-file": READ,
    "preview": READ,
    "print": EVERYONE_SENDS,
    # Writing together
    "presence": ONLY_SENT_BY_EVERYONE,
    "work": READ,
    "assign-step": ONLY_SENT_BY_LEAD,
    "remind": ONLY_SENT_BY_LEAD,
    "people": READ,
    "invite": ONLY_SENT_BY_LEAD,
    "resend-invitation": ONLY_SENT_BY_LEAD,
    "revoke-invitation": ONLY_SENT_BY_LEAD,
    "remove-collaborator": ONLY_SENT_BY_LEAD,
    "confirm": Access(send=Need.OWN),
    "comment": ONLY_SENT_BY_EVERYONE,
    "comment-done": ONLY_SENT_BY_EVERYONE,
    "timeline": READ,
    "step-history": READ,
    "compare": READ,
    "reminders": ONLY_SENT_BY_EVERYONE,
    "calendar": READ,
    # Questions and decisions of the officers
    "questions": READ,
    "reply": LEAD_SENDS,
    "reply-file": READ,
    "decisions": READ,
    "letter": READ,
    # Sending
    "check": LEAD_SENDS,
    "withdraw": ONLY_LEAD,
    "delete": ONLY_LEAD,
    "restore": ONLY_SENT_BY_LEAD,
    # Versions are read by officers too, after the deadline: `views.access.version_of` says when.
    "version": READ,
    "receipt-state": READ,
    "receipt": READ,
    "annex": READ,
    "dossier": READ,
    "version-file": READ,
}


def may(standing: Standing, route: str, method: str, place: Mapping[str, object]) -> bool:
    """Whether a person may look at or send to an address; `place` holds the address's own arguments."""
    access = TABLE.get(route)
    if access is None:
        return False
    need = access.look if method in {"GET", "HEAD"} else access.send
    if need in {Need.WRITE, Need.OWN}:
        return writes(standing, route, place)
    least = {Need.READ: WorkRole.READER, Need.LEAD: WorkRole.LEAD}.get(need)
    return least is not None and standing.role >= least


def writes(standing: Standing, route: str, place: Mapping[str, object]) -> bool:
    """Whether the step or part at an address is this person's to write."""
    if route in {"upload", "remove-file"}:
        return standing.writes_step("deliverables")
    if asks_for_own_part(route):
        return str(place.get("key", "")) in standing.keys
    if "key" in place:
        return standing.writes_part(str(place["key"]))
    step = str(place.get("slug", ""))
    return standing.writes_step(step) or (step == OWN_LINE_STEP and bool(standing.keys))


def asks_for_own_part(route: str) -> bool:
    """Whether an address is for a partner's own people, where leading the proposal does not help."""
    access = TABLE.get(route)
    return access is not None and access.send == Need.OWN


def standing_of(user: User, proposal: Proposal) -> Standing | None:
    """What a person is in a proposal, in two queries; None for a stranger."""
    own = Participant.objects.filter(proposal=proposal)
    rows = list(
        own.filter(organisation__memberships__user=user).values_list(
            "key", "role", "given_steps__step"
        )
    )
    leads = any(role == Participant.RoleChoices.COORDINATOR for _key, role, _step in rows)
    invited = Collaborator.objects.filter(proposal=proposal, user=user)
    asked = list(
        invited.values_list(
            "participant__key", "participant__role", "participant__given_steps__step"
        )
    )
    if not rows and not asked:
        return None
    # Who leads speaks for another partner only as one of its own people, never by inviting themselves.
    parts = [(key, step) for key, _role, step in (rows if leads else (*rows, *asked)) if key]
    role = WorkRole.EDITOR if parts else WorkRole.READER
    return Standing(
        WorkRole.LEAD if leads else role,
        frozenset(key for key, _step in parts),
        frozenset(step for _key, step in parts if step),
    )
