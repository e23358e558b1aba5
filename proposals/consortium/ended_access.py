"""People whose access to a proposal ends are notified, and see why when they come back."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from applicants.models import Organisation, User
from foundation import clock
from foundation.sentences import gettext as _
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import Collaborator, EndedAccess, Participant, Proposal


def end_access(
    proposal: Proposal, people: Iterable[User], kind: EndedAccess.Kind, *, name: str = ""
) -> None:
    """Note why each of these people has no access from now on; in the transaction that ends it."""
    moment = clock.now()
    EndedAccess.objects.bulk_create(
        EndedAccess(
            proposal=proposal, user=user, kind=kind, organisation_name=name, ended_at=moment
        )
        for user in people
    )


def without_access(proposal: Proposal, people: Iterable[User]) -> list[User]:
    """Those of these people who do not take part in the proposal by any other way."""
    return [person for person in people if not _takes_part(proposal, person)]


def _takes_part(proposal: Proposal, user: User) -> bool:
    return Proposal.objects.filter(pk=proposal.pk).of_consortium_member(user).exists()


def notify_ended_access(
    proposal: Proposal, people: Iterable[User], *, what_happened: str, key: str
) -> None:
    """Email what happened, and what is left: some still take part by another way."""
    for user in people:
        if not user.is_active:
            continue
        remains = _takes_part(proposal, user)
        subject = (
            _("Your access to proposal %(number)s has changed")
            if remains
            else _("You no longer have access to proposal %(number)s")
        )
        counts = (
            _(
                "Your contributions have been kept. You still have access to the proposal in "
                "another role."
            )
            if remains
            else _(
                "Your contributions have been kept in the draft. You can no longer read or edit it."
            )
        )
        queue_email(
            EmailContent(
                subject=subject % {"number": proposal.number},
                what_happened=what_happened,
                status=counts,
                next_step=_(
                    "You do not need to do anything. If you think this is a mistake, contact the "
                    "coordinator."
                ),
                link=reverse("proposals:mine"),
                link_label=_("My work"),
            ),
            to=[user.email],
            proposal=proposal,
            key=f"{key}:{user.pk}",
        )


def guests_of(participant: Participant) -> list[User]:
    """People who write for a partner by invitation and are not of its organisation."""
    guests = User.objects.filter(collaborations__participant=participant)
    return list(guests.exclude(organisations=participant.organisation_id).distinct())


def log_left_organisation(
    *, organisation: Organisation, user: User, by: User | None, **_signal: Any
) -> None:
    """Receiver of `membership_ended`: who left had access to the drafts of the organisation.

    Where they still take part, by another organisation or by invitation, they keep their access.
    """
    drafts = Proposal.objects.filter(participants__organisation=organisation, deleted_at=None)
    still = Proposal.objects.of_consortium_member(user).values("pk")
    for proposal in drafts.exclude(pk__in=still):
        end_access(proposal, [user], EndedAccess.Kind.LEFT_ORGANISATION, name=organisation.name)


def ended_access_of(user: User, number: str) -> EndedAccess | None:
    """Why a person who had access to a proposal has it no longer; None for a stranger."""
    ended = EndedAccess.objects.filter(user=user, proposal__number=number)
    return ended.filter(proposal__deleted_at=None).first()


def deleted_draft_of(user: User, number: str) -> Proposal | None:
    """The deleted draft of this number, if the person takes part in it."""
    own = Participant.objects.filter(organisation__memberships__user=user).values("proposal")
    invited = Collaborator.objects.filter(user=user).values("proposal")
    deleted = Proposal.objects.filter(number=number, deleted_at__isnull=False)
    return (deleted.filter(pk__in=own) | deleted.filter(pk__in=invited)).first()
