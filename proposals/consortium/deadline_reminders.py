"""Emails before the deadline, to those who chose them, while nothing is submitted."""

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from applicants.models import User
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.sentences import gettext as _
from proposals.consortium.drafts import check_open
from proposals.consortium.members import still_takes_part
from proposals.delivery.emails import EmailContent, queue_email
from proposals.delivery.fault_isolation import for_each
from proposals.models import Proposal, QueuedEmail, ReminderSubscription

REMIND_BEFORE = (timedelta(days=7), timedelta(days=1), timedelta(hours=2))


def set_reminders(proposal: Proposal, *, wanted: bool, by: User) -> None:
    """Let a person be reminded of this proposal's deadline, or no longer.

    Raises:
        NotOpen: the deadline has passed.
    """
    moment = clock.now()
    check_open(proposal, moment)
    if wanted:
        ReminderSubscription.objects.get_or_create(
            proposal=proposal, user=by, defaults={"since": moment}
        )
    else:
        ReminderSubscription.objects.filter(proposal=proposal, user=by).delete()


def has_reminders(proposal: Proposal, moment: datetime) -> list[str]:
    """How long before the deadline somebody will be reminded who chooses it now."""
    words = (_("7 days"), _("1 day"), _("2 hours"))
    return [
        word
        for word, before in zip(words, REMIND_BEFORE, strict=True)
        if moment < proposal.deadline - before
    ]


def remind_of_deadlines(moment: datetime) -> int:
    """Queue the reminders that have become due; returns for how many wishes. Safe to repeat.

    A moment that had passed before a person chose reminders, or before an earlier one was missed, sends
    nothing: only the latest of the three is sent.
    """
    near = Proposal.objects.near_deadline(moment, max(REMIND_BEFORE))
    soon = near.filter(current_version=None, deleted_at=None)
    return for_each(
        "deadline reminders", soon.values_list("pk", flat=True), lambda pk: _remind(pk, moment)
    )


@transaction.atomic
def _remind(pk: int, moment: datetime) -> int:
    """Under the proposal's lock: nobody is reminded who has just submitted."""
    Proposal.objects.select_for_update(of=("self",)).only("pk").filter(pk=pk).first()
    near = Proposal.objects.near_deadline(moment, max(REMIND_BEFORE))
    proposals = near.filter(pk=pk, current_version=None, deleted_at=None)
    related = proposals.select_related("strand__call__programme")
    proposal = related.prefetch_related("reminder_subscriptions__user").first()
    if proposal is None:
        return 0
    passed = [before for before in REMIND_BEFORE if proposal.deadline - before <= moment]
    latest = min(passed)
    due = [
        subscription
        for subscription in proposal.reminder_subscriptions.all()
        if subscription.user.is_active and subscription.since < proposal.deadline - latest
    ]
    takes_part = set(
        User.objects.filter(pk__in=[subscription.user_id for subscription in due])
        .filter(organisations__participations__proposal=proposal)
        .values_list("pk", flat=True)
    ) | set(proposal.collaborators.values_list("user_id", flat=True))
    addresses = [
        subscription.user.email for subscription in due if subscription.user_id in takes_part
    ]
    if not addresses:
        return 0
    hours = int(latest.total_seconds() // 3600)
    queue_email(
        EmailContent(
            subject=_("Reminder: proposal %(number)s has not been submitted")
            % {"number": proposal.number},
            what_happened=_("Your proposal's deadline is near and nothing has been submitted yet."),
            facts=[(_("Deadline"), in_words(proposal.deadline, zone=proposal.call.zone))],
            status=_(
                "A draft is not a submission. Only proposals submitted before the deadline are "
                "considered."
            ),
            next_step=_(
                "Check and submit your proposal now. You can still edit the draft and submit it "
                "again before the deadline."
            ),
            link=reverse("proposals:check", args=[proposal.number]),
            link_label=_("Check and submit"),
        ),
        to=addresses,
        proposal=proposal,
        key=f"deadline:{proposal.pk}:{proposal.deadline.isoformat()}:{hours}",
    )
    return len(addresses)


def is_still_due(mail: QueuedEmail) -> bool:
    """Whether a reminder that waits to be sent is true yet: nothing submitted, the same deadline to come."""
    proposal = mail.proposal
    return (
        proposal is not None
        and proposal.current_version_id is None
        and proposal.deleted_at is None
        and proposal.is_open(clock.now())
        and mail.key.startswith(f"deadline:{proposal.pk}:{proposal.deadline.isoformat()}:")
        and still_takes_part(mail)
    )
