"""The format of a dossier, `cosme-dossier/2`, and the one before: the fields of a file and their types.

The portal writes dossiers (`proposals.dossier.document`) and reads those of others
(`proposals.dossier.file_reader`). An optional field has a value for "not there"; an unknown field is
refused. Countries are normalised, everything else is taken unchanged.
`docs/dossier.schema.json` and `docs/dossier-1.schema.json` are made from these classes.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

import calls.declaration
from calls.eligibility.countries import UnknownCountry, normalise
from calls.eligibility.facts import Control, OrganisationKind, Role
from foundation.instants import day_from, instant_from

AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?", re.ASCII)
FULL_TIME = re.compile(r"[0-9]{1,5}(\.[0-9]{1,2})?", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
PIC = re.compile(r"([0-9]{9})?", re.ASCII)
KEY = re.compile(r"[A-Za-z0-9_-]{1,20}", re.ASCII)
# What findings may be about beside a participant; a key of that name could not be distinguished from it.
TAKEN_KEYS = frozenset({"consortium", "proposal", "scoreboard", "submission"})
WEB_ADDRESS = re.compile(r"(https?://\S+)?", re.ASCII | re.IGNORECASE)
MAX_ITEMS = 1000  # of any other list
MAX_PARTICIPANTS = 200  # no consortium is that large, and some rules look at every pair


def expected(text: str) -> PydanticCustomError:
    return PydanticCustomError("expected", "{expected}", {"expected": text})


@dataclass(frozen=True, eq=False)
class PatternString:
    """A type of text that is stored unchanged, or as `matches` gives it back where that is a text."""

    matches: Callable[[str], Any]
    words: str
    schema: Mapping[str, str]

    def check(self, value: Any) -> str:
        result = self.matches(value) if isinstance(value, str) else None
        if result is None or result is False:
            raise expected(self.words)
        return result if isinstance(result, str) else str(value)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        description = f"{self.words[0].upper()}{self.words[1:]}."
        return {"type": "string", "description": description, **self.schema}


def _country(value: str) -> str | None:
    try:
        return normalise(value)
    except UnknownCountry:
        return None


def _key(value: str) -> bool:
    return bool(KEY.fullmatch(value)) and value not in TAKEN_KEYS


AN_INSTANT = "an instant with its offset, such as 2015-04-21T16:59:59+02:00"
Country = Annotated[
    str,
    PatternString(
        _country,
        "the code of a country, such as FR or EL",
        {"pattern": r"^\s*[A-Za-z]{2}\s*$"},
    ),
]
Amount = Annotated[
    str,
    PatternString(
        AMOUNT.fullmatch,
        "an amount in euro as a text, such as '187500.00'",
        {"pattern": f"^{AMOUNT.pattern}$"},
    ),
]
Staff = Annotated[
    str,
    PatternString(
        FULL_TIME.fullmatch,
        "full-time equivalents as a text, such as '2.50'",
        {"pattern": f"^{FULL_TIME.pattern}$"},
    ),
]
Day = Annotated[str, PatternString(day_from, "a date such as 2015-04-21", {"format": "date"})]
Instant = Annotated[str, PatternString(instant_from, AN_INSTANT, {"format": "date-time"})]
Hash = Annotated[
    str,
    PatternString(
        SHA256.fullmatch,
        "64 hexadecimal digits in lower case",
        {"pattern": f"^{SHA256.pattern}$"},
    ),
]
Digest = Annotated[
    str,
    PatternString(
        DIGEST.fullmatch,
        "“sha256:” and 64 hexadecimal digits in lower case",
        {"pattern": f"^{DIGEST.pattern}$"},
    ),
]
Pic = Annotated[
    str,
    PatternString(PIC.fullmatch, "nine digits, or an empty text", {"pattern": f"^{PIC.pattern}$"}),
]
Key = Annotated[
    str,
    PatternString(
        _key,
        "a key of up to 20 letters and digits, such as p1",
        {"pattern": f"^{KEY.pattern}$"},
    ),
]
Name = Annotated[
    str,
    PatternString(lambda text: bool(text.strip()), "a text that is not empty", {"pattern": r"\S"}),
]
Names = Annotated[list[Name], Field(max_length=MAX_ITEMS)]
WebAddress = Annotated[
    str,
    PatternString(
        lambda text: bool(WEB_ADDRESS.fullmatch(text.strip())),
        "an address that begins with https:// or http://, or an empty text",
        {"pattern": r"^\s*([Hh][Tt][Tt][Pp][Ss]?://\S+)?\s*$"},
    ),
]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Bytes = Annotated[int, Field(ge=0, le=1_000_000_000)]
Months = Annotated[int, Field(ge=1, le=1200)]
Year = Annotated[int, Field(ge=1800, le=9999)]


class Part(BaseModel):
    """What all parts of a dossier share: no unknown fields, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Partnership(Part):
    """The established partnership that a strand may build on."""

    name: str = ""
    since: Year | None = None
    text: str = ""


class Summary(Part):
    acronym: str = ""
    title: str = ""
    abstract: str = ""
    duration_months: Months | None = None
    partnership: Partnership | None = None


class Organisation(Part):
    """`id` is the same for two entries that are certainly one organisation; country of the legal seat."""

    id: Name
    legal_name: Name
    cluster_name: str = ""
    acronym: str = ""
    kind: Literal[tuple(kind.value for kind in OrganisationKind)] | None = None  # type: ignore[valid-type]
    country: Country
    region: str = ""
    town: str = ""
    website: str = ""
    pic: Pic = ""


class Identity(Part):
    legal_form: str = ""
    founded: Year | None = None
    street: str = ""
    postcode: str = ""
    nuts: str = ""
    description: str = ""


class PlatformRegistration(Part):
    """On the cluster platform; `planned_on` is when it was applied for or is planned."""

    status: Literal["registered", "applied", "planned", "neither", ""] = ""
    profile_link: WebAddress = ""
    planned_on: Day | None = None


class Members(Part):
    """Numbers of members; a member may be of two kinds, but no kind has more than all."""

    total: Count | None = None
    smes: Count | None = None
    large: Count | None = None
    research: Count | None = None
    other: Count | None = None
    kinds: Names = []
    staff: Staff | None = None

    @field_validator("smes", "large", "research", "other")
    @classmethod
    def _at_most_all(cls, value: int | None, info: ValidationInfo) -> int | None:
        total = info.data.get("total")
        if value is not None and total is not None and value > total:
            raise expected(f"at most {total}, the total number of members")
        return value


class Sectors(Part):
    sectors: Names = []
    emerging_industries: Names = []
    technologies: Names = []


class Services(Part):
    offered: Names = []
    channelled: Names = []
    other_service: str = ""
    independent: Literal["yes", "no", ""] = ""
    elements: Names = []
    how: str = ""
    definition: Literal["2014", "2006", ""] = ""


class MarketsAndLabel(Part):
    third_markets: Annotated[list[Country], Field(max_length=MAX_ITEMS)] = []
    markets_in_europe: str = ""
    label: str = ""
    label_date: Day | None = None


class Profile(Part):
    """The cluster profile in its steps, without the contact person."""

    identity: Identity = Identity()
    registration: PlatformRegistration = PlatformRegistration()
    members: Members = Members()
    sectors: Sectors = Sectors()
    services: Services = Services()
    markets: MarketsAndLabel = MarketsAndLabel()


class Line(Part):
    """One participant's budget in euro."""

    staff: Amount = "0.00"
    travel: Amount = "0.00"
    subcontracting: Amount = "0.00"
    other: Amount = "0.00"
    indirect: Amount = "0.00"
    grant: Amount = "0.00"


class Participant(Part):
    """`profile_missing` names the mandatory fields of the profile that are empty.

    `control` says what was chosen about who controls the organisation: nobody, a partner (then
    `controlled_by` is its key), or another body (then it is the name). Without a choice it is what somebody
    wrote: a key, record, participant code, acronym or name of a participant, or something else. Of an
    organisation that has not `agreed` to take part, only name and country are given: its `legal_name` is then
    the name that it is known by, which may be its cluster's.
    """

    key: Key
    role: Literal[tuple(role.value for role in Role)]  # type: ignore[valid-type]
    agreed: bool = True
    organisation: Organisation
    control: Literal[(*(choice.value for choice in Control), "")] = ""  # type: ignore[valid-type]
    controlled_by: str = ""
    profile: Profile = Profile()
    profile_missing: Names = []
    description: str = ""
    task: str = ""
    budget: Line = Line()


class Vision(Part):
    vision: str = ""
    goals: str = ""
    emerging_industries: Names = []


class Market(Part):
    """A third market: a country, or a region by its name."""

    country: Country | None = None
    region: str = ""
    reason: str = ""

    @model_validator(mode="after")
    def _names_a_market(self) -> "Market":
        if self.country is None and not self.region.strip():
            raise expected("a country, or the name of a region")
        return self


class Activity(Part):
    title: str = ""
    objective: str = ""
    description: str = ""
    justification: str = ""


class PlannedActivity(Activity):
    """An activity goes from the beginning of `first_month` to the end of `last_month`; 1 is the first month.

    `lead` and `partners` are keys of participants, `deliverables` codes of deliverables.
    """

    first_month: Months | None = None
    last_month: Months | None = None
    lead: Annotated[str, Field(max_length=20)] = ""
    partners: Names = []
    deliverables: Names = []

    @field_validator("last_month")
    @classmethod
    def _is_not_before_the_first(cls, value: int | None, info: ValidationInfo) -> int | None:
        first = info.data.get("first_month")
        if value is not None and first is not None and value < first:
            raise expected(f"at least {first}, the first month of the activity")
        return value


class Deliverable(Part):
    code: Name
    title: str = ""
    is_scoreboard: bool = False
    text: str = ""
    month: Months | None = None


class Indicator(Part):
    name: str = ""
    baseline: str = ""
    target: str = ""
    unit: str = ""
    verification: str = ""


class File(Part):
    """A document; `problem` says why it cannot be read, empty where it can."""

    slot: Name
    name: Name
    sha256: Hash | None = None
    size: Bytes = 0
    pages: Count
    problem: str = ""


class Budget(Part):
    """Totals as the dossier states them; None where it leaves them to be computed."""

    total_costs: Amount | None = None
    total_grant: Amount | None = None


class Declaration(Part):
    """What the coordinator declared on honour: the exact text, its hash, by which participant, and when.

    `digest` is "sha256:" and the hash of the canonical JSON (RFC 8785) of `title`, `text` and `points`.
    """

    title: Name
    text: Name
    points: Names = []
    digest: Digest
    declared_by: Key
    declared_at: Instant

    @model_validator(mode="after")
    def _is_of_this_text(self) -> "Declaration":
        text = calls.declaration.Declaration(self.title, self.text, tuple(self.points))
        if self.digest != text.digest:
            raise expected(f"the digest of this text, {text.digest}")
        return self


class Dossier1(Part):
    """One version of a proposal. `received_at` is given where a file says it; the portal keeps it beside."""

    model_config = ConfigDict(title="Dossier")

    format: Literal["cosme-dossier/1"]
    call: Name
    strand: Name
    proposal: str = ""
    received_at: Instant | None = None
    summary: Summary = Summary()
    consortium: Annotated[list[Participant], Field(max_length=MAX_PARTICIPANTS)]
    vision: Vision = Vision()
    markets: Annotated[list[Market], Field(max_length=MAX_ITEMS)] = []
    activities: Annotated[list[Activity], Field(max_length=MAX_ITEMS)] = []
    deliverables: Annotated[list[Deliverable], Field(max_length=MAX_ITEMS)] = []
    scoreboard: Annotated[list[Indicator], Field(max_length=MAX_ITEMS)] = []
    files: Annotated[list[File], Field(max_length=MAX_ITEMS)] = []
    budget: Budget = Budget()

    @field_validator("consortium")
    @classmethod
    def _each_has_a_key_of_its_own(cls, participants: list[Participant]) -> list[Participant]:
        keys = [participant.key for participant in participants]
        if len(set(keys)) < len(keys):
            raise expected("a different key for each participant")
        return participants

    @field_validator("deliverables")
    @classmethod
    def _check_duplicates(cls, deliverables: list[Deliverable]) -> list[Deliverable]:
        codes = [deliverable.code for deliverable in deliverables]
        if len(set(codes)) < len(codes):
            raise expected("each deliverable once")
        return deliverables

    @field_validator("files")
    @classmethod
    def _each_slot_holds_one(cls, files: list[File]) -> list[File]:
        slots = [file.slot for file in files]
        if len(set(slots)) < len(slots):
            raise expected("one file for each slot")
        return files


class Dossier(Dossier1):
    """One version of a proposal. `received_at` is given where a file says it; the portal keeps it beside.

    A `declaration` is made at submission: a draft has none, nor has a version of a call that asks for none.
    """

    format: Literal["cosme-dossier/2"]  # type: ignore[assignment]
    activities: Annotated[list[PlannedActivity], Field(max_length=MAX_ITEMS)] = []  # type: ignore[assignment]
    declaration: Declaration | None = None


FORMATS: Mapping[str, type[Dossier1]] = {"cosme-dossier/1": Dossier1, "cosme-dossier/2": Dossier}
