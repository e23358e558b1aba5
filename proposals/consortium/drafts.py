"""Drafts and their sections: started once, saved by version compare, merged where two people wrote."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from applicants.models import Organisation, User
from applicants.step_storage import EditConflict, save_step
from applicants.three_way_merge import Merge, merge
from calls.eligibility.facts import Role
from calls.models import Strand
from foundation import clock
from proposals.consortium.queries import fetch_section
from proposals.dossier.agreement import agree_if_own
from proposals.models import (
    Participant,
    Proposal,
    Section,
    SectionChange,
)

CONSORTIUM = "consortium"


MAX_MERGES = 5  # others may save again while a merge is stored


class NotOpen(Exception):
    """The call does not take proposals at this moment: not yet, or no longer."""

    def __init__(self, deadline: datetime, moment: datetime) -> None:
        super().__init__(f"asked at {moment.isoformat()}, deadline {deadline.isoformat()}")
        self.deadline = deadline
        self.moment = moment


def check_open(proposal: Proposal, moment: datetime) -> None:
    if not proposal.is_open(moment):
        raise NotOpen(proposal.deadline, moment)


@transaction.atomic
def start_draft(
    strand: Strand, *, organisation: Organisation, by: User, intended_countries: Sequence[str] = ()
) -> Proposal:
    """Begin a proposal in a strand with this organisation as its coordinator.

    `intended_countries` are countries (stored codes) from which partners are still to be found.

    Raises:
        NotOpen: the call is not open now.
    """
    moment = clock.now()
    if not strand.call.is_open(moment):
        raise NotOpen(strand.call.deadline, moment)
    proposal = Proposal.objects.create(strand=strand, started_at=moment, started_by=by)
    answers: dict[str, Any] = {"keys_given": 1}
    if intended_countries:
        answers["intended_countries"] = list(intended_countries)
    Section.objects.create(
        proposal=proposal,
        step=CONSORTIUM,
        version=1,
        saved_at=moment,
        saved_by=by,
        answers=answers,
    )
    Participant.objects.create(
        proposal=proposal,
        organisation=organisation,
        key="p1",
        role=Role.COORDINATOR.value,
        agreed_at=moment,
    )
    return proposal


def section_of(proposal: Proposal, step: str, participant: Participant | None = None) -> Section:
    """The stored section; an empty one, of which nothing is stored, where nobody has saved this step yet."""
    stored = fetch_section(proposal, step, participant)
    return stored or Section(proposal=proposal, step=step, participant=participant)


def save_section(
    proposal: Proposal,
    section: Section,
    *,
    answers: dict[str, Any],
    seen_version: int,
    by: User,
) -> Section:
    """Store the answers of one step. Who writes its organisation's own part agrees for it to take part.

    Raises:
        NotOpen: the deadline has passed; nothing was stored.
        EditConflict: someone saved other answers meanwhile; nothing was stored.
    """
    check_open(proposal, clock.now())
    save_step(section, answers=answers, seen_version=seen_version, by=by)
    if section.participant is not None:
        agree_if_own(section.participant, by=by)
    return section


class MergeConflict(EditConflict):
    """Two people changed the same fields; `merge` names them and holds what did merge by itself."""

    def __init__(self, current: Section, merged: Merge) -> None:
        super().__init__(current)
        self.merge = merged


def save_or_merge(
    proposal: Proposal,
    section: Section,
    *,
    answers: dict[str, Any],
    seen_version: int,
    by: User,
) -> Merge | None:
    """Store one step; where somebody saved it meanwhile, keep theirs in the fields that only they touched.

    Returns what was merged in, or None where nobody had saved meanwhile. What the form does not show (a line
    of an organisation that left) stays as it is.

    Raises:
        NotOpen: the deadline has passed; nothing was stored.
        MergeConflict: both changed a field; nothing was stored.
    """
    base = _text_at(section, seen_version)
    mine = (base or {}) | answers
    try:
        save_section(proposal, section, answers=mine, seen_version=seen_version, by=by)
    except EditConflict:
        return _merge_into(section, base, mine, by=by)
    return None


def _text_at(section: Section, version: int) -> dict[str, Any] | None:
    """What a step said at a version; None where nobody knows."""
    if version == 0:
        return {}
    if version == section.version:
        return dict(section.answers)
    saved = saved_texts(section).filter(version=version)
    result = saved.values_list("answers", flat=True).first()
    return result if isinstance(result, dict) else None


def saved_texts(section: Section) -> QuerySet[SectionChange]:
    """Every text that a step has had, newest first."""
    key = section.participant.key if section.participant is not None else ""
    saved = SectionChange.objects.filter(
        proposal_id=section.proposal_id, step=section.step, participant_key=key
    )
    return saved.select_related("saved_by").order_by("-version")


def _merge_into(
    section: Section, base: dict[str, Any] | None, mine: dict[str, Any], *, by: User
) -> Merge:
    merged = merge(base, mine, section.answers)
    for _turn in range(MAX_MERGES):
        if merged.conflicts:
            break
        try:
            save_step(section, answers=merged.answers, seen_version=section.version, by=by)
        except EditConflict:
            merged = merge(base, mine, section.answers)
        else:
            return merged
    raise MergeConflict(section, merged)


def lock_draft(proposal: Proposal) -> None:
    """Keep others from changing the proposal until the transaction ends: what is read after it, holds."""
    Proposal.objects.select_for_update(of=("self",)).only("pk").get(pk=proposal.pk)
