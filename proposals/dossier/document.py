"""A draft as one document: what is frozen when it is submitted, and the same before.

The dossier is plain JSON in the format `cosme-dossier/2`: amounts are decimal strings, instants RFC
3339, dates ISO, countries codes. Its canonical bytes (RFC 8785) are what a version's hash is taken
of. It holds no names or addresses of persons, so that these can be erased while hashes stay valid.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from applicants.profile import ProfileState, profile_saved_as
from applicants.reading import Problem, Reading, editable
from applicants.steps import FORMS, read_step
from applicants.three_way_merge import ROW_ID
from calls.eligibility.countries import is_country
from calls.eligibility.facts import Control
from calls.models import RequiredDeliverable
from foundation import clock
from foundation.query_batches import Results, set_related
from proposals.dossier.agreement import visible_record
from proposals.dossier.queries import fetch_draft_rows, fetch_drafts_rows
from proposals.models import Participant, Proposal, ProposalFile, Section

FORMAT = "cosme-dossier/2"
COST_KINDS = ("staff", "travel", "subcontracting", "other", "indirect")
PERSONAL_PROFILE_STEPS = {"contact"}
SHARED_STEPS = ("summary", "vision", "activities", "deliverables", "budget")


class Draft:
    """Everything of a proposal that people edit, as it was when the first of it was asked for.

    However many rows there are, it takes one query; `drafts_of` takes one for many proposals.
    """

    def __init__(self, proposal: Proposal, parts: "DraftParts | None" = None) -> None:
        self.proposal = proposal
        if parts is not None:
            self._parts = parts

    @cached_property
    def _parts(self) -> "DraftParts":
        rows = fetch_draft_rows(proposal=self.proposal.pk)
        return _parts_in(rows, [self.proposal])[self.proposal.pk]

    @property
    def participants(self) -> list[Participant]:
        return self._parts.participants

    @cached_property
    def _profiles(self) -> dict[int, ProfileState]:
        return {}

    @cached_property
    def sections(self) -> Mapping[tuple[str, int | None], Section]:
        return {(section.step, section.participant_id): section for section in self._parts.sections}

    @cached_property
    def files(self) -> Mapping[str, ProposalFile]:
        return {file.slot: file for file in self._parts.files}

    @property
    def deliverables(self) -> list[RequiredDeliverable]:
        return self._parts.deliverables

    @property
    def applicants(self) -> list[Participant]:
        return [participant for participant in self.participants if participant.applies]

    @property
    def coordinator(self) -> Participant | None:
        return next(
            (participant for participant in self.participants if participant.is_coordinator), None
        )

    def answers(self, step: str, participant: Participant | None = None) -> dict[str, Any]:
        """The typed answers of a stored step: whatever JSON is stored, nothing in it stops a page."""
        return self._reading(step, participant.pk if participant else None).values

    def as_typed(self, step: str, participant: Participant | None = None) -> dict[str, Any]:
        """The stored answers with what must be corrected as somebody typed it: for a copy, not for a page."""
        section = self.sections.get((step, participant.pk if participant else None))
        return editable(FORMS[step], section.answers) if section else {}

    def _reading(self, step: str, participant: int | None) -> Reading:
        place = (step, participant)
        reading = self._readings.get(place)
        if reading is None:
            section = self.sections.get(place)
            reading = read_step(step, section.answers, self._today) if section else Reading({})
            self._readings[place] = reading
        return reading

    @cached_property
    def _today(self) -> date:
        return clock.now().date()

    @cached_property
    def _readings(self) -> dict[tuple[str, int | None], Reading]:
        return {}

    def problems(self, step: str, participant: Participant | None = None) -> list[Problem]:
        """What of a stored step must be corrected before the proposal can be submitted."""
        problems = self._reading(step, participant.pk if participant else None).problems
        return [problem for problem in problems if self._is_asked_for(step, problem.name)]

    def _is_asked_for(self, step: str, name: str) -> bool:
        """Lines of partners who left, and deliverables of another strand, are kept and not asked for."""
        if step == "budget" and name:
            return name.rpartition("_")[2] in {applicant.key for applicant in self.applicants}
        if step == "deliverables" and name.startswith(("text_", "month_")):
            return name.partition("_")[2] in {deliverable.code for deliverable in self.deliverables}
        return True

    @property
    def needs_correction(self) -> bool:
        """Whether anything that was stored for the proposal must be corrected before it is submitted."""
        places: list[tuple[str, Participant | None]] = [(step, None) for step in SHARED_STEPS]
        places += [("descriptions", participant) for participant in self.participants]
        return any(self.problems(step, participant) for step, participant in places)

    def profile(self, participant: Participant) -> ProfileState:
        """The cluster profile of a participant, read when it is first asked for."""
        organisation = participant.organisation_id
        if organisation not in self._profiles:
            self._profiles[organisation] = profile_saved_as(self._parts.profiles[organisation])
        return self._profiles[organisation]

    def costs_of(self, participant: Participant) -> Decimal:
        """Eligible costs of a participant's stored line, in euro."""
        return sum((self.money(kind, participant) for kind in COST_KINDS), Decimal(0))

    def grant_of(self, participant: Participant) -> Decimal:
        return self.money("grant", participant)

    def money(self, kind: str, participant: Participant) -> Decimal:
        return Decimal(self.answers("budget").get(f"{kind}_{participant.key}") or 0)

    @property
    def intended_countries(self) -> list[str]:
        """Countries from which partners are still to be found: those in mind that nobody covers yet."""
        here = Counter(
            applicant.organisation.country
            for applicant in self.applicants
            if not applicant.is_coordinator
        )
        intended = self.answers("consortium").get("intended_countries")
        wanted = (
            Counter(code for code in intended if is_country(code))
            if isinstance(intended, list)
            else Counter()
        )
        return sorted((wanted - here).elements())

    @property
    def total_costs(self) -> Decimal:
        return sum((self.costs_of(applicant) for applicant in self.applicants), Decimal(0))

    @property
    def total_grant(self) -> Decimal:
        return sum((self.grant_of(participant) for participant in self.participants), Decimal(0))

    @property
    def rate(self) -> Decimal | None:
        """The grant in percent of the eligible costs, None while there are no costs."""
        return self.total_grant / self.total_costs * 100 if self.total_costs else None

    @property
    def acronym(self) -> str:
        return str(self.answers("summary").get("acronym", ""))

    @property
    def name(self) -> str:
        """The acronym, or the number of a proposal that has none yet."""
        return self.acronym or self.proposal.number

    @property
    def title(self) -> str:
        summary = self.answers("summary")
        return str(summary.get("acronym") or summary.get("title_text") or "")


def drafts_of(proposals: Sequence[Proposal]) -> list[Draft]:
    """The drafts of many proposals, with one query."""
    parts = _parts_in(
        fetch_drafts_rows(proposals=[proposal.pk for proposal in proposals]), proposals
    )
    return [Draft(proposal, parts[proposal.pk]) for proposal in proposals]


def draft_in(rows: Results, proposal: Proposal) -> Draft:
    """The draft, from the answers to `draft_queries` about this `proposal`."""
    return Draft(proposal, _parts_in(rows, [proposal])[proposal.pk])


@dataclass(frozen=True)
class DraftParts:
    """The rows of a draft; files that were not replaced, and what each organisation's profile says."""

    participants: list[Participant] = field(default_factory=list)
    profiles: dict[int, dict[str, tuple[Any, int]]] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    files: list[ProposalFile] = field(default_factory=list)
    deliverables: list[RequiredDeliverable] = field(default_factory=list)


def _parts_in(rows: Results, proposals: Sequence[Proposal]) -> dict[int, DraftParts]:
    by_pk = {proposal.pk: proposal for proposal in proposals}
    results = {pk: DraftParts() for pk in by_pk}
    organisations = {organisation.pk: organisation for organisation in rows["organisations"]}
    participants = {participant.pk: participant for participant in rows["participants"]}
    profiles: dict[int, dict[str, tuple[Any, int]]] = {pk: {} for pk in organisations}
    for organisation, step, answers, version in rows["profiles"]:
        profiles[organisation][step] = answers, version
    for item in rows["participants"]:
        organisation = organisations[item.organisation_id]
        visible = visible_record(item, organisation)
        set_related(item, proposal=by_pk[item.proposal_id], organisation=visible)
        results[item.proposal_id].participants.append(item)
        profile = profiles[item.organisation_id] if item.has_agreed else {}
        results[item.proposal_id].profiles[item.organisation_id] = profile
    for section in rows["sections"]:
        participant = participants.get(section.participant_id)
        set_related(section, proposal=by_pk[section.proposal_id], participant=participant)
        results[section.proposal_id].sections.append(section)
    for file in rows["files"]:
        set_related(file, proposal=by_pk[file.proposal_id])
        results[file.proposal_id].files.append(file)
    for proposal in proposals:
        results[proposal.pk].deliverables.extend(
            deliverable
            for deliverable in rows["deliverables"]
            if deliverable.strand_id == proposal.strand_id
        )
    return results


def dossier_of(draft: Draft) -> dict[str, Any]:
    """The draft as a document; the same draft gives the same bytes. Only a submission declares anything."""
    summary = draft.answers("summary")
    vision = draft.answers("vision")
    return {
        "format": FORMAT,
        "call": draft.proposal.call.reference,
        "strand": draft.proposal.strand.code,
        "proposal": draft.proposal.number,
        "summary": {
            "acronym": summary.get("acronym", ""),
            "title": summary.get("title_text", ""),
            "abstract": summary.get("abstract", ""),
            "duration_months": summary.get("duration_months"),
            "partnership": {
                "name": summary.get("partnership_name", ""),
                "since": summary.get("partnership_since"),
                "text": summary.get("partnership_text", ""),
            }
            if draft.proposal.strand.needs_established_partnership
            else None,
        },
        "consortium": [_participant(draft, participant) for participant in draft.participants],
        "vision": {
            "vision": vision.get("vision", ""),
            "goals": vision.get("goals", ""),
            "emerging_industries": vision.get("emerging_industries", []),
        },
        "markets": [
            {
                "country": market["country"] or None,
                "region": market["region"],
                "reason": market["reason"],
            }
            for market in vision.get("markets", [])
        ],
        "activities": [
            _activity(draft, activity)
            for activity in _plain_rows(draft.answers("activities").get("activities", []))
        ],
        "deliverables": [_deliverable(draft, deliverable) for deliverable in draft.deliverables],
        "scoreboard": _plain_rows(draft.answers("deliverables").get("indicators", [])),
        "files": [
            {
                "slot": file.slot,
                "name": file.name,
                "sha256": file.sha256,
                "size": file.size,
                "pages": file.pages,
            }
            for _slot, file in sorted(draft.files.items())
        ],
        "budget": {
            "total_costs": _amount(draft.total_costs),
            "total_grant": _amount(draft.total_grant),
        },
        "declaration": None,
    }


def _plain_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a list without the ids by which the workspace distinguishes them."""
    return [{name: value for name, value in row.items() if name != ROW_ID} for row in rows]


def _activity(draft: Draft, row: dict[str, Any]) -> dict[str, Any]:
    """An activity without partners who left, and without deliverables of another strand."""
    keys = {participant.key for participant in draft.participants}
    codes = {deliverable.code for deliverable in draft.deliverables}
    return row | {
        "lead": row["lead"] if row["lead"] in keys else "",
        "partners": [key for key in row["partners"] if key in keys],
        "deliverables": [code for code in row["deliverables"] if code in codes],
    }


def _participant(draft: Draft, participant: Participant) -> dict[str, Any]:
    organisation = participant.organisation
    profile = draft.profile(participant)
    description = draft.answers("descriptions", participant)
    return {
        "key": participant.key,
        "role": participant.role,
        # Said only where it is missing: dossiers of organisations that agreed keep their bytes.
        **({} if participant.has_agreed else {"agreed": False}),
        "organisation": {
            "id": str(organisation.pk),
            "legal_name": organisation.legal_name,
            "cluster_name": organisation.cluster_name,
            "acronym": organisation.acronym,
            "kind": organisation.kind or None,
            "country": organisation.country,
            "region": organisation.region,
            "town": organisation.town,
            "website": organisation.website,
            "pic": organisation.pic,
        },
        **_control(draft, participant),
        "profile": {
            step: answers
            for step, answers in profile.answers.items()
            if step not in PERSONAL_PROFILE_STEPS
        },
        "profile_missing": profile.missing if participant.has_agreed else [],
        "description": description.get("description", ""),
        "task": description.get("task", ""),
        "budget": {
            **{kind: _amount(draft.money(kind, participant)) for kind in COST_KINDS},
            "grant": _amount(draft.grant_of(participant)),
        },
    }


def _control(draft: Draft, participant: Participant) -> dict[str, str]:
    """A partner by its key; one that has left the consortium meanwhile is a body outside, by its name."""
    if participant.controller_id is None:
        return {"control": participant.control.value, "controlled_by": participant.controlled_by}
    partners = (
        other for other in draft.participants if other.organisation_id == participant.controller_id
    )
    partner = next(partners, None)
    if partner is not None:
        return {"control": Control.PARTNER.value, "controlled_by": partner.key}
    return {"control": Control.OTHER.value, "controlled_by": str(participant.controller)}


def _deliverable(draft: Draft, required_deliverable: RequiredDeliverable) -> dict[str, Any]:
    answers = draft.answers("deliverables")
    return {
        "code": required_deliverable.code,
        "title": required_deliverable.title,
        "is_scoreboard": required_deliverable.is_scoreboard,
        "text": answers.get(f"text_{required_deliverable.code}", ""),
        "month": answers.get(f"month_{required_deliverable.code}"),
    }


def _amount(value: Decimal) -> str:
    return f"{value:.2f}"


def controller_in_words(participant: Mapping[str, Any], dossier: Mapping[str, Any]) -> str:
    """Who controls a participant of a dossier, by name; empty where nobody does."""
    control, written = participant.get("control", ""), str(participant["controlled_by"])
    if control == Control.NOBODY.value:
        return ""
    if control != Control.PARTNER.value:
        return written
    partners = (
        participant["organisation"]
        for participant in dossier["consortium"]
        if participant["key"] == written
    )
    return next((partner["cluster_name"] or partner["legal_name"] for partner in partners), written)
