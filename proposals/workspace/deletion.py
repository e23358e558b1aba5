"""Deleting a draft, with thirty days to take it back. What was once submitted is withdrawn, never deleted."""

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from applicants.models import User
from foundation import clock
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.consortium.drafts import check_open
from proposals.consortium.members import consortium_members
from proposals.delivery.emails import EmailContent, queue_email
from proposals.delivery.fault_isolation import for_each
from proposals.models import Proposal, ProposalActivity

DELETED_DRAFT_RETENTION = timedelta(days=30)


class WasSubmitted(Exception):
    """A version of the proposal exists: it can be withdrawn, and stays."""


class NotDeleted(Exception):
    """The draft is there: somebody has brought it back, or it was never deleted."""


class RestorePeriodOver(Exception):
    """The draft was deleted for more than thirty days, and cannot be brought back."""


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
    text = _("Draft deleted")
    activity = log_activity(proposal, ProposalActivity.Kind.DELETED, text, by=by, at=moment)
    _notify_consortium(proposal, activity, by=by, restored=False)


@transaction.atomic
def restore_draft(proposal: Proposal, *, by: User) -> None:
    """Bring a deleted draft back with everything in it.

    Raises:
        NotDeleted: it is not deleted, or not any more.
        RestorePeriodOver: it was deleted for more than thirty days, or is gone.
    """
    moment = clock.now()
    locked = Proposal.objects.select_for_update(of=("self",)).filter(pk=proposal.pk).first()
    if locked is None:
        raise RestorePeriodOver
    if locked.deleted_at is None:
        raise NotDeleted
    if moment - locked.deleted_at >= DELETED_DRAFT_RETENTION:
        raise RestorePeriodOver
    locked.deleted_at = None
    locked.save(update_fields=["deleted_at"])
    text = _("Draft restored")
    activity = log_activity(proposal, ProposalActivity.Kind.RESTORED, text, by=by, at=moment)
    _notify_consortium(proposal, activity, by=by, restored=True)


def purge_deleted(moment: datetime) -> int:
    """Purge drafts that were deleted thirty days ago; returns how many."""
    due = Proposal.objects.filter(deleted_at__lte=moment - DELETED_DRAFT_RETENTION, versions=None)
    return for_each(
        "purge of deleted drafts", due.values_list("pk", flat=True), lambda pk: _purge(pk, moment)
    )


@transaction.atomic
def _purge(pk: int, moment: datetime) -> bool:
    """Whether it was still deleted: somebody may have brought it back meanwhile."""
    rows = Proposal.objects.select_for_update(of=("self",)).order_by()
    proposal = rows.filter(pk=pk, deleted_at__lte=moment - DELETED_DRAFT_RETENTION).first()
    if proposal is None:
        return False
    proposal.files.all().delete()
    proposal.delete()
    return True


def _notify_consortium(
    proposal: Proposal, activity: ProposalActivity, *, by: User, restored: bool
) -> None:
    others = [member.email for member in consortium_members(proposal) if member != by]
    values = {"who": by, "number": proposal.number}
    if restored:
        text = EmailContent(
            subject=_("Draft %(number)s restored") % values,
            what_happened=_("%(who)s has restored the draft of a proposal in which you take part.")
            % values,
            status=_("The draft has not changed. It is not a submission until you submit it."),
            next_step=_("You can continue working on the draft."),
            link=reverse("proposals:progress", args=[proposal.number]),
            link_label=_("View tasks by partner"),
        )
    else:
        text = EmailContent(
            subject=_("Draft %(number)s deleted") % values,
            what_happened=_("%(who)s has deleted the draft of a proposal in which you take part.")
            % values,
            status=_("This proposal was never submitted. The draft can be restored for 30 days."),
            next_step=_("If this was a mistake, ask the coordinator to restore the draft."),
            link=reverse("proposals:mine"),
            link_label=_("My work"),
        )
    queue_email(text, to=others, proposal=proposal, key=f"{activity.kind}:{activity.pk}")
