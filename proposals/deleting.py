"""Deleting a draft, with thirty days to take it back. What was once submitted is withdrawn, never deleted."""

from datetime import datetime, timedelta

import pgtrigger
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from applicants.models import User
from calls import clock
from proposals.drafting import check_open
from proposals.happenings import note
from proposals.mailing import Words, post
from proposals.models import Happening, Proposal
from proposals.people import people_of

KEPT = timedelta(days=30)
STAYING = "proposals.ProposalFile:files_stay"


class WasSubmitted(Exception):
    """A version of the proposal exists: it can be withdrawn, and stays."""


class NotDeleted(Exception):
    """The draft is not deleted, or its thirty days are over."""


@transaction.atomic
def delete_draft(proposal: Proposal, *, by: User) -> None:
    """Take a draft away from everyone; for thirty days the coordinator's people can bring it back.

    Raises:
        NotOpen: the deadline has passed.
        WasSubmitted: a version exists.
    """
    moment = clock.now()
    check_open(proposal, moment)
    locked = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if locked.versions.exists():
        raise WasSubmitted
    if locked.deleted_at is not None:
        return
    locked.deleted_at = moment
    locked.save(update_fields=["deleted_at"])
    note(proposal, Happening.Kind.DELETED, _("The draft was deleted"), by=by, at=moment)
    _tell(proposal, by=by)


@transaction.atomic
def restore_draft(proposal: Proposal, *, by: User) -> None:
    """Bring a deleted draft back with everything in it.

    Raises:
        NotDeleted: it is not deleted, or was for more than thirty days.
    """
    moment = clock.now()
    locked = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if locked.deleted_at is None or moment - locked.deleted_at >= KEPT:
        raise NotDeleted
    locked.deleted_at = None
    locked.save(update_fields=["deleted_at"])
    note(proposal, Happening.Kind.RESTORED, _("The draft was brought back"), by=by, at=moment)


def purge_deleted(moment: datetime) -> int:
    """Delete for ever what was deleted thirty days ago; returns how many drafts."""
    gone = Proposal.objects.filter(deleted_at__lte=moment - KEPT, versions=None)
    count = 0
    for proposal in gone:
        with transaction.atomic(), pgtrigger.ignore(STAYING):
            proposal.files.all().delete()
            proposal.delete()
        count += 1
    return count


def _tell(proposal: Proposal, *, by: User) -> None:
    others = [one.email for one in people_of(proposal) if one != by]
    post(
        Words(
            subject=_("The draft %(number)s was deleted") % {"number": proposal.number},
            happened=_("%(who)s deleted the draft of a proposal in which you take part.")
            % {"who": by},
            counts=_("Nothing was ever submitted of it. It is kept for 30 days."),
            to_do=_(
                "If this was a mistake, ask the coordinator's people to bring it back: the button is on "
                "their page of work."
            ),
            link=reverse("proposals:mine"),
            link_words=_("My work"),
        ),
        to=others,
        proposal=proposal,
        key=f"deleted:{proposal.pk}:{proposal.happenings.count()}",
    )
