"""The people who take part in a proposal, by their organisation or by invitation."""

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import Combinable

from applicants.models import User
from calls.eligibility.facts import Role
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.consortium.drafts import lock_draft
from proposals.consortium.ended_access import end_access, notify_ended_access, without_access
from proposals.models import (
    Collaborator,
    EndedAccess,
    Proposal,
    ProposalActivity,
    QueuedEmail,
)


class AlreadyRemoved(Exception):
    """The person's access by invitation had ended before; nothing was changed."""


@transaction.atomic
def remove_collaborator(collaborator: Collaborator, *, by: User) -> None:
    """Remove the access of a person who was invited, and notify them. What they wrote stays.

    Raises:
        AlreadyRemoved: somebody was faster, or the same click came twice; nobody is notified again.
    """
    lock_draft(collaborator.proposal)
    if not Collaborator.objects.filter(pk=collaborator.pk).exists():
        raise AlreadyRemoved
    proposal, user = collaborator.proposal, collaborator.user
    text = _("Access of %(who)s removed") % {"who": user}
    activity = log_activity(proposal, ProposalActivity.Kind.REVOKED, text, by=by)
    collaborator.delete()
    end_access(proposal, without_access(proposal, [user]), EndedAccess.Kind.PERSON_REMOVED)
    notify_ended_access(
        proposal,
        [user],
        key=f"access-ended:{activity.pk}",
        what_happened=_("%(who)s has removed your access to proposal %(number)s.")
        % {"who": by, "number": proposal.number},
    )


def coordinator_emails(proposal: Proposal) -> list[str]:
    """Addresses of the people who act for the coordinator."""
    people = User.objects.filter(
        is_active=True,
        organisations__participations__proposal=proposal,
        organisations__participations__role=Role.COORDINATOR.value,
    )
    return list(people.values_list("email", flat=True).distinct())


def consortium_members(proposal: Proposal) -> list[User]:
    """Active users who take part, for an organisation or by invitation."""
    for_organisation = User.objects.filter(organisations__participations__proposal=proposal)
    invited = User.objects.filter(collaborations__proposal=proposal)
    return list((for_organisation | invited).filter(is_active=True).distinct())


def visible_members(proposal: Proposal | Combinable) -> QuerySet[User]:
    """Members whose names the consortium may see: none of an organisation that has not agreed."""
    agreed = User.objects.filter(
        organisations__participations__proposal=proposal,
        organisations__participations__agreed_at__isnull=False,
    )
    invited = User.objects.filter(collaborations__proposal=proposal)
    return (agreed | invited).filter(is_active=True).distinct()


def still_takes_part(mail: QueuedEmail) -> bool:
    """Whether the recipient of a queued email still takes part in its proposal."""
    proposal = mail.proposal
    return proposal is not None and mail.to in {
        member.email.lower() for member in consortium_members(proposal)
    }
