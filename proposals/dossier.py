"""A draft as one document: what is frozen when it is submitted, and the same before.

The dossier is plain JSON in the format `cosme-dossier/1`: amounts are decimal strings, instants RFC
3339, dates ISO, countries codes. Its canonical bytes (RFC 8785) are what a version's hash is taken
of. It holds no names or addresses of persons, so that these can be erased while hashes stay valid.
"""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from applicants.merging import ROW_ID
from applicants.profile import ProfileState, profile_of
from calls.models import RequiredDeliverable
from proposals.dossier_format import FORMAT
from proposals.models import Participant, Proposal, ProposalFile, Section

COST_KINDS = ("staff", "travel", "subcontracting", "other", "indirect")
PERSONAL_PROFILE_STEPS = {"contact"}


class Draft:
    """Everything of a proposal that people edit; each part is loaded once, when it is first asked for.

    However many rows there are, the parts take five queries together, and none where the proposal was
    fetched `with_draft_parts`.
    """

    def __init__(self, proposal: Proposal) -> None:
        self.proposal = proposal

    @cached_property
    def participants(self) -> list[Participant]:
        if self._is_fetched("participants"):
            return list(self.proposal.participants.all())
        return list(
            self.proposal.participants.select_related("organisation").prefetch_related(
                "organisation__profile_sections"
            )
        )

    @cached_property
    def profiles(self) -> Mapping[int, ProfileState]:
        return {one.organisation_id: profile_of(one.organisation) for one in self.participants}

    @cached_property
    def sections(self) -> Mapping[tuple[str, int | None], Section]:
        return {
            (section.step, section.participant_id): section
            for section in self.proposal.sections.all()
        }

    @cached_property
    def files(self) -> Mapping[str, ProposalFile]:
        files = self.proposal.files
        found = files.all() if self._is_fetched("files") else files.filter(replaced_at=None)
        return {file.slot: file for file in found}

    @cached_property
    def deliverables(self) -> list[RequiredDeliverable]:
        return list(self.proposal.strand.deliverables.all())

    def _is_fetched(self, name: str) -> bool:
        return name in getattr(self.proposal, "_prefetched_objects_cache", {})

    @property
    def applicants(self) -> list[Participant]:
        return [one for one in self.participants if one.applies]

    @property
    def coordinator(self) -> Participant | None:
        return next((one for one in self.participants if one.is_coordinator), None)

    def answers(self, step: str, participant: Participant | None = None) -> dict[str, Any]:
        section = self.sections.get((step, participant.pk if participant else None))
        return section.answers if section else {}

    def profile(self, participant: Participant) -> ProfileState:
        return self.profiles[participant.organisation_id]

    def costs_of(self, participant: Participant) -> Decimal:
        """Eligible costs of a participant's stored line, in euro."""
        return sum((self.money(kind, participant) for kind in COST_KINDS), Decimal(0))

    def grant_of(self, participant: Participant) -> Decimal:
        return self.money("grant", participant)

    def money(self, kind: str, participant: Participant) -> Decimal:
        return Decimal(self.answers("budget").get(f"{kind}_{participant.key}") or 0)

    @property
    def countries_in_mind(self) -> list[str]:
        """Countries from which partners are still to be found: those in mind that nobody covers yet."""
        here = Counter(
            one.organisation.country for one in self.applicants if not one.is_coordinator
        )
        wanted = Counter(self.answers("consortium").get("in_mind", []))
        return sorted((wanted - here).elements())

    @property
    def total_costs(self) -> Decimal:
        return sum((self.costs_of(one) for one in self.applicants), Decimal(0))

    @property
    def total_grant(self) -> Decimal:
        return sum((self.grant_of(one) for one in self.participants), Decimal(0))

    @property
    def rate(self) -> Decimal | None:
        """The grant in percent of the eligible costs, None while there are no costs."""
        return self.total_grant / self.total_costs * 100 if self.total_costs else None

    @property
    def title(self) -> str:
        summary = self.answers("summary")
        return str(summary.get("acronym") or summary.get("title_text") or "")


def dossier_of(draft: Draft) -> dict[str, Any]:
    """The draft as a document; the same draft gives the same bytes."""
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
        "consortium": [_participant(draft, one) for one in draft.participants],
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
        "activities": _plain_rows(draft.answers("activities").get("activities", [])),
        "deliverables": [_deliverable(draft, one) for one in draft.deliverables],
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
    }


def _plain_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a list without the ids by which the workspace tells them apart."""
    return [{name: value for name, value in row.items() if name != ROW_ID} for row in rows]


def _participant(draft: Draft, one: Participant) -> dict[str, Any]:
    organisation = one.organisation
    profile = draft.profile(one)
    description = draft.answers("descriptions", one)
    return {
        "key": one.key,
        "role": one.role,
        "organisation": {
            "id": str(organisation.pk),
            "legal_name": organisation.legal_name,
            "cluster_name": organisation.cluster_name,
            "acronym": organisation.acronym,
            "kind": organisation.kind,
            "country": organisation.country,
            "region": organisation.region,
            "town": organisation.town,
            "website": organisation.website,
            "pic": organisation.pic,
        },
        "controlled_by": one.controlled_by,
        "profile": {
            step: answers
            for step, answers in profile.answers.items()
            if step not in PERSONAL_PROFILE_STEPS
        },
        "profile_missing": profile.missing,
        "description": description.get("description", ""),
        "task": description.get("task", ""),
        "budget": {
            **{kind: _amount(draft.money(kind, one)) for kind in COST_KINDS},
            "grant": _amount(draft.grant_of(one)),
        },
    }


def _deliverable(draft: Draft, one: RequiredDeliverable) -> dict[str, Any]:
    answers = draft.answers("deliverables")
    return {
        "code": one.code,
        "title": one.title,
        "is_scoreboard": one.is_scoreboard,
        "text": answers.get(f"text_{one.code}", ""),
        "month": answers.get(f"month_{one.code}"),
    }


def _amount(value: Decimal) -> str:
    return f"{value:.2f}"
