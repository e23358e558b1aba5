"""All that a rule may know of a proposal.

Values only: whoever judges fills them in (`proposals.dossier.facts` for drafts and stored versions).
`None` means "not known" wherever a type allows it; a rule must then not guess.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class Role(StrEnum):
    COORDINATOR = "coordinator"
    PARTNER = "partner"
    ASSOCIATED = "associated"


class OrganisationKind(StrEnum):
    CLUSTER = "cluster-organisation"
    NETWORK = "business-network"
    RUNS_CLUSTER = "runs-a-cluster"
    RESEARCH_AS_CLUSTER = "research-acting-as-cluster"
    COMPANY = "company"
    OTHER = "other"


class Registration(StrEnum):
    """How far an organisation is on the cluster platform; `applied` is a request that is sent."""

    REGISTERED = "registered"
    APPLIED = "applied"
    PLANNED = "planned"
    NEITHER = "neither"


class Control(StrEnum):
    """What was chosen where it is asked who controls an organisation."""

    NOBODY = "nobody"
    PARTNER = "partner"
    OTHER = "other"


class Audience(StrEnum):
    """Who reads the verdict: one rule speaks more softly to applicants."""

    APPLICANT = "applicant"
    OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """How many members of which kind a cluster has; kinds may overlap."""

    total: int | None = None
    small_or_medium: int | None = None
    large: int | None = None
    research: int | None = None
    other: int | None = None


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """One participant's line, in euro."""

    eligible_costs: Decimal = Decimal(0)
    requested_grant: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ParticipantFacts:
    """One organisation in the consortium.

    `key` names it within the proposal ("p1"), `organisation` is the same for two entries that
    are certainly the same organisation. `country` is a normalised EU code of the legal seat,
    or a territory's own code. `controlled_by` is the key of another participant where `control` is
    "partner", the name of another body where it is "other", and what somebody wrote where it is None:
    a key, record, participant code, acronym or name of another participant, or something else. Of an
    organisation that has not agreed to take part nothing but name and country is known.
    """

    key: str
    organisation: str
    name: str
    role: Role
    legal_name: str = ""
    acronym: str = ""
    kind: OrganisationKind | None = None
    cluster_name: str = ""
    country: str | None = None
    pic: str = ""
    website: str = ""
    registration: Registration | None = None
    profile_link: str = ""
    profile_link_shared: bool = False
    planned_on: str = ""
    profile_missing: tuple[str, ...] = ()
    description_present: bool = False
    members: MemberFacts = MemberFacts()
    services: tuple[str, ...] = ()
    independent_members: bool | None = None
    cites_2006_definition: bool = False
    control: Control | None = None
    controlled_by: str = ""
    other_applications: int | None = None
    budget: BudgetFacts = BudgetFacts()
    has_agreed: bool = True

    @property
    def applies(self) -> bool:
        """Coordinator and partners apply; associated partners take part at their own cost."""
        return self.role != Role.ASSOCIATED


@dataclass(frozen=True, slots=True)
class FileFacts:
    """An uploaded document: `problem` says why it cannot be read, empty where it can."""

    slot: str
    name: str
    pages: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ActivityFacts:
    """One activity; the months in which it runs and the key of the partner that leads it are optional."""

    title: str
    objective: str
    justification: str
    first_month: int | None = None
    last_month: int | None = None
    led_by: str = ""
    is_planned: bool = False


@dataclass(frozen=True, slots=True)
class DeliverableFacts:
    """One deliverable that the strand requires, whether the proposal has it, and its delivery month."""

    code: str
    title: str
    present: bool
    is_scoreboard: bool = False
    month: int | None = None


@dataclass(frozen=True, slots=True)
class IndicatorFacts:
    name: str
    baseline: str
    target: str
    unit: str
    verification: str

    @property
    def is_verifiable(self) -> bool:
        data = (self.baseline, self.target, self.unit, self.verification)
        return all(text.strip() for text in data)


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """A target market: a country by its code, or a region by its name."""

    country: str | None
    region: str = ""


@dataclass(frozen=True, slots=True)
class ProposalFacts:
    """One proposal as the rules see it.

    `deadline` and `received_at` are aware instants; `received_at` is None where nothing was
    received yet, and then nothing is said about time. `deadline` is the proposal's own; `rule_date` is
    the Brussels date of the call's, None where the two are the same. `zone` is the call's: sentences say
    instants in it. `other_strand` is the strand of the
    call to which the objectives or deliverables belong that were given but are not of `strand`. Totals
    are None where the portal computes them itself, and given where a dossier from elsewhere states its own.
    """

    strand: str
    deadline: datetime
    received_at: datetime | None = None
    rule_date: date | None = None
    opens_at: datetime | None = None
    programme: str = "COSME"
    zone: str = "Europe/Brussels"
    audience: Audience = Audience.APPLICANT
    participants: tuple[ParticipantFacts, ...] = ()
    files: tuple[FileFacts, ...] = ()
    activities: tuple[ActivityFacts, ...] = ()
    deliverables: tuple[DeliverableFacts, ...] = ()
    indicators: tuple[IndicatorFacts, ...] = ()
    markets: tuple[MarketFacts, ...] = ()
    duration_months: int | None = None
    stated_total_costs: Decimal | None = None
    stated_total_grant: Decimal | None = None
    other_strand: str = ""

    @property
    def applicants(self) -> tuple[ParticipantFacts, ...]:
        return tuple(
            [
                participant
                for participant in self.participants
                if participant.role != Role.ASSOCIATED
            ]
        )

    def as_json(self) -> dict[str, Any]:
        """All of it as plain JSON: amounts as texts, instants with their offset."""
        plain: dict[str, Any] = facts_adapter().dump_python(self, mode="json")
        return plain

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ProposalFacts":
        """What `as_json` gave, whenever and wherever that was.

        Raises:
            ValueError: the data are not facts of a proposal.
        """
        return facts_adapter().validate_python(data)


@cache
def facts_adapter() -> "TypeAdapter[ProposalFacts]":
    """What writes facts as JSON and reads them; commands that do neither need not wait until it is built."""
    from pydantic import TypeAdapter  # noqa: PLC0415 -- as above

    return TypeAdapter(ProposalFacts)
