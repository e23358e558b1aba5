"""What nearly every page of a draft fetches first: the proposal of its person, and one section."""

from django.db.models import BigIntegerField, QuerySet, TextField

from applicants.models import User
from calls.models import Call, Programme, Strand
from foundation.query_batches import Param, Queries, query_batch, set_related
from proposals.consortium.permissions import AssignedPart, ConsortiumAccess, derive_access
from proposals.models import (
    Collaborator,
    Confirmation,
    Invitation,
    Participant,
    Proposal,
    Section,
)


def fetch_own_proposal(user: User, number: str) -> Proposal | None:
    """The proposal, if the person acts for an organisation in it: for the coordinator, if for several."""
    rows = _own_proposal(number=number, user=user.pk)
    for proposal in rows["proposals"]:
        (strand,), (call,), (programme,) = rows["strands"], rows["calls"], rows["programmes"]
        set_related(call, programme=programme)
        set_related(strand, call=call)
        set_related(proposal, strand=strand)
        return proposal
    return None


@query_batch
def _own_proposal() -> Queries:
    number, user = Param("number", TextField()), Param("user", BigIntegerField())
    return {
        "proposals": Proposal.objects.with_deadline().with_role_of(user).filter(number=number)[:1],
        "strands": Strand.objects.filter(proposals__number=number),
        "calls": Call.objects.filter(strands__proposals__number=number),
        "programmes": Programme.objects.filter(calls__strands__proposals__number=number),
    }


def fetch_consortium_access(user: User, proposal: Proposal) -> ConsortiumAccess | None:
    """What a person is in a proposal, in two queries; None for a stranger."""
    own = Participant.objects.filter(proposal=proposal, organisation__memberships__user=user)
    invited = Collaborator.objects.filter(proposal=proposal, user=user)
    own_parts = own.values_list("key", "role", "step_assignments__step")
    invited_parts = invited.values_list(
        "participant__key", "participant__role", "participant__step_assignments__step"
    )
    return derive_access(
        [AssignedPart(*row) for row in own_parts], [AssignedPart(*row) for row in invited_parts]
    )


def fetch_section(proposal: Proposal, step: str, participant: Participant | None) -> Section | None:
    """The stored section of a step, with who saved it; None where nobody has saved it yet."""
    if participant is None:
        rows = _section_of_step(proposal=proposal.pk, step=step)
    else:
        rows = _section_of_participant(proposal=proposal.pk, step=step, participant=participant.pk)
    for section in rows["sections"]:
        saver = next(iter(rows["savers"]), None)
        set_related(section, proposal=proposal, participant=participant, saved_by=saver)
        return section
    return None


@query_batch
def _section_of_step() -> Queries:
    return _with_savers(_sections().filter(participant=None))


@query_batch
def _section_of_participant() -> Queries:
    return _with_savers(_sections().filter(participant=Param("participant", BigIntegerField())))


def _sections() -> QuerySet[Section]:
    proposal, step = Param("proposal", BigIntegerField()), Param("step", TextField())
    return Section.objects.filter(proposal=proposal, step=step)


def _with_savers(sections: QuerySet[Section]) -> Queries:
    return {
        "sections": sections,
        "savers": User.objects.filter(pk__in=sections.values("saved_by")).order_by(),
    }


@query_batch
def fetch_confirmations() -> Queries:
    """The confirmations of a proposal, newest first, and the invitations to confirm."""
    proposal = Param("proposal", BigIntegerField())
    asked = Invitation.objects.filter(proposal=proposal, purpose=Invitation.Purpose.CONFIRM)
    return {
        "confirmations": Confirmation.objects.filter(proposal=proposal).order_by("-pk"),
        "invitations": asked.order_by("pk"),
    }
