"""Writing together: starting a draft, saving a step, changing the consortium.

Every function asks the clock once and refuses when the proposal's deadline has passed; what was
typed stays with the caller, who gives it back to the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from applicants.models import Organisation, User
from applicants.saving import StepChanged, save_step
from calls import clock
from calls.eligibility.facts import Role
from calls.models import Strand
from proposals.models import Participant, Proposal, Section

CONSORTIUM = "consortium"


class NotOpen(Exception):
    """The call does not take proposals at this moment: not yet, or no longer."""

    def __init__(self, deadline: datetime, moment: datetime) -> None:
        super().__init__(f"asked at {moment.isoformat()}, deadline {deadline.isoformat()}")
        self.deadline = deadline
        self.moment = moment


class AlreadyInConsortium(Exception):
    """The organisation takes part already."""


class CoordinatorStays(Exception):
    """The coordinator cannot be removed: name another coordinator first."""


def check_open(proposal: Proposal, moment: datetime) -> None:
    if not proposal.is_open(moment):
        raise NotOpen(proposal.deadline, moment)


@transaction.atomic
def start_draft(
    strand: Strand, *, organisation: Organisation, by: User, in_mind: Sequence[str] = ()
) -> Proposal:
    """Begin a proposal in a strand with this organisation as its coordinator.

    `in_mind` are countries (stored codes) from which partners are still to be found.

    Raises:
        NotOpen: the call is not open now.
    """
    moment = clock.now()
    if not strand.call.is_open(moment):
        raise NotOpen(strand.call.deadline, moment)
    proposal = Proposal.objects.create(strand=strand, started_at=moment, started_by=by)
    Section.objects.create(
        proposal=proposal, step=CONSORTIUM, version=1, saved_at=moment, saved_by=by,
        answers={"keys_given": 1} | ({"in_mind": list(in_mind)} if in_mind else {}),
    )  # fmt: skip
    Participant.objects.create(
        proposal=proposal, organisation=organisation, key="p1", role=Role.COORDINATOR.value
    )
    return proposal


def section_of(proposal: Proposal, step: str, participant: Participant | None = None) -> Section:
    """The stored section, made empty where nobody has been on this step yet."""
    section, _created = Section.objects.select_related("saved_by").get_or_create(
        proposal=proposal, step=step, participant=participant
    )
    return section


def save_section(
    proposal: Proposal,
    section: Section,
    *,
    answers: dict[str, Any],
    seen_version: int,
    by: User,
) -> Section:
    """Store the answers of one step.

    Raises:
        NotOpen: the deadline has passed; nothing was stored.
        StepChanged: someone saved other answers meanwhile; nothing was stored.
    """
    check_open(proposal, clock.now())
    save_step(section, answers=answers, seen_version=seen_version, by=by)
    return section


@dataclass(frozen=True)
class Invited:
    """Whom to take into the consortium, and as what."""

    organisation: Organisation
    role: Role
    controlled_by: str = ""


@transaction.atomic
def add_participant(
    proposal: Proposal, invited: Invited, *, seen_version: int, by: User
) -> Participant:
    """Take an organisation into the consortium. Its people can then read and write the draft.

    Raises:
        NotOpen, StepChanged: as `save_section`.
        AlreadyInConsortium: it takes part already.
    """
    if proposal.participants.filter(organisation=invited.organisation).exists():
        raise AlreadyInConsortium
    section = _move_consortium_on(proposal, seen_version=seen_version, by=by)
    number = section.answers["keys_given"]
    position = proposal.participants.aggregate(last=Max("position"))["last"] or 0
    return Participant.objects.create(
        proposal=proposal,
        organisation=invited.organisation,
        key=f"p{number}",
        role=invited.role.value,
        controlled_by=invited.controlled_by,
        position=position + 1,
    )


@transaction.atomic
def change_participant(
    participant: Participant, *, role: Role, controlled_by: str, seen_version: int, by: User
) -> Participant:
    """Change a part; naming a new coordinator makes the former one a partner."""
    proposal = participant.proposal
    if participant.is_coordinator and role != Role.COORDINATOR:
        raise CoordinatorStays
    _move_consortium_on(proposal, seen_version=seen_version, by=by, gives_key=False)
    if role == Role.COORDINATOR:
        others = proposal.participants.exclude(pk=participant.pk)
        others.filter(role=Role.COORDINATOR.value).update(role=Role.PARTNER.value)
    participant.role = role.value
    participant.controlled_by = controlled_by
    participant.save(update_fields=["role", "controlled_by"])
    return participant


@transaction.atomic
def remove_participant(participant: Participant, *, seen_version: int, by: User) -> None:
    """Take an organisation out of the draft; versions that were submitted keep it."""
    if participant.is_coordinator:
        raise CoordinatorStays
    _move_consortium_on(participant.proposal, seen_version=seen_version, by=by, gives_key=False)
    participant.delete()


@transaction.atomic
def forget_those_in_mind(proposal: Proposal, *, seen_version: int, by: User) -> None:
    """No longer look for partners from the countries that were in mind at the start."""
    section = _move_consortium_on(proposal, seen_version=seen_version, by=by, gives_key=False)
    answers = {name: value for name, value in section.answers.items() if name != "in_mind"}
    save_section(proposal, section, answers=answers, seen_version=section.version, by=by)


def _move_consortium_on(
    proposal: Proposal, *, seen_version: int, by: User, gives_key: bool = True
) -> Section:
    # Two changes at once would otherwise both see the version that they expect.
    Proposal.objects.select_for_update(of=("self",)).only("pk").get(pk=proposal.pk)
    section = section_of(proposal, CONSORTIUM)
    if section.version != seen_version:
        raise StepChanged(section)
    given = section.answers.get("keys_given", 0) + (1 if gives_key else 0)
    moves = section.answers.get("moves", 0) + 1
    answers = section.answers | {"keys_given": given, "moves": moves}
    return save_section(proposal, section, answers=answers, seen_version=seen_version, by=by)
