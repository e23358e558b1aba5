"""Inviting partners: one action adds organisations, asks each to confirm, and asks for its profile."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from applicants.models import User
from foundation.limits import allows_recipient, allows_sender
from proposals.consortium.drafts import lock_draft
from proposals.consortium.invitations import SentTooOften, invite
from proposals.consortium.participants import NewParticipant, add_participant
from proposals.models import Invitation, Participant, Proposal

MAX_AT_ONCE = 50


@dataclass(frozen=True)
class InvitedPartner:
    """An organisation to invite; `email` is the address of a contact person there, or empty."""

    invited: NewParticipant
    email: str = ""


@dataclass
class InvitedPartners:
    """What an action did: who is invited now, who took part before, and which emails were not sent."""

    participants: list[Participant] = field(default_factory=list)
    taking_part: list[str] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)


@transaction.atomic
def invite_partners(
    proposal: Proposal, partners: Sequence[InvitedPartner], *, seen_version: int, by: User
) -> InvitedPartners:
    """Add organisations to the consortium, and ask them to confirm and to complete their profile.

    The people of an organisation are emailed in any case, and so is the contact person whose address is
    given.
    An organisation that takes part already is left as it is. All of it is stored, or nothing.

    Raises:
        NotOpen, EditConflict: as `add_participant`.
    """
    lock_draft(proposal)
    present = set(proposal.participants.values_list("organisation_id", flat=True))
    result = InvitedPartners()
    for partner in partners:
        organisation = partner.invited.organisation
        if organisation.pk in present:
            result.taking_part.append(organisation.name)
            continue
        present.add(organisation.pk)
        seen = seen_version + len(result.participants)
        participant = add_participant(proposal, partner.invited, seen_version=seen, by=by)
        result.participants.append(participant)
        if partner.email and not _ask(participant, partner, by=by):
            result.unsent.append(partner.email)
    return result


def _ask(participant: Participant, partner: InvitedPartner, *, by: User) -> bool:
    """Whether the contact person is asked by email to confirm; not where too many emails were sent."""
    if not (allows_sender("invitations", by.pk) and allows_recipient("invitations", partner.email)):
        return False
    try:
        invite(
            participant.proposal,
            email=partner.email,
            purpose=Invitation.Purpose.CONFIRM,
            participant=participant,
            by=by,
            message=partner.invited.message,
        )
    except SentTooOften:
        return False
    return True
