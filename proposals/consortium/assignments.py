"""Assignment of steps to partners, and reminders of what is still missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.urls import reverse

from applicants.models import User
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.limits import allowed_recipients
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.consortium.drafts import check_open
from proposals.consortium.participants import may_be_notified
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import Participant, Proposal, ProposalActivity, StepAssignment

REMINDER_INTERVAL = timedelta(hours=1)  # between two reminders of one partner


class RemindedRecently(Exception):
    """The partner was reminded less than an hour ago."""


class TooManyReminders(Exception):
    """Its people got as many emails of this kind within an hour as anybody may get."""


class NobodyToRemind(Exception):
    """No person acts for the partner, and its profile names no contact."""


@transaction.atomic
def assign_step(
    proposal: Proposal, *, step: str, title: str, participant: Participant | None, by: User
) -> None:
    """Let a partner's people write a step, beside the lead; None takes it back. What is written stays.

    Raises:
        NotOpen: the deadline has passed.
    """
    check_open(proposal, clock.now())
    Proposal.objects.select_for_update(of=("self",)).only("pk").get(pk=proposal.pk)
    StepAssignment.objects.filter(proposal=proposal, step=step).delete()
    if participant is None:
        text = _("“%(step)s” assigned to the coordinator") % {"step": title}
    else:
        StepAssignment.objects.create(proposal=proposal, step=step, participant=participant)
        values = {"step": title, "name": participant.organisation.name}
        text = _("“%(step)s” assigned to %(name)s") % values
    activity = log_activity(proposal, ProposalActivity.Kind.ASSIGNED, text, by=by)
    if participant is not None:
        _notify_assigned(proposal, participant, title, key=f"given:{activity.pk}", by=by)


def _notify_assigned(
    proposal: Proposal, participant: Participant, title: str, *, key: str, by: User
) -> None:
    for_organisation = User.objects.filter(organisations=participant.organisation_id)
    invited = User.objects.filter(collaborations__participant=participant)
    people = (for_organisation | invited).exclude(pk=by.pk).filter(is_active=True).distinct()
    queue_email(
        EmailContent(
            subject=_("Section assigned to you: %(step)s") % {"step": title},
            what_happened=_("%(who)s has assigned a section of the proposal to %(name)s.")
            % {"who": by, "name": participant.organisation.name},
            facts=[(_("Section"), title)],
            status=_(
                "You and the coordinator can edit this section. The other partners can read it."
            ),
            next_step=_(
                "Sign in to the proposal and complete the section. Your text is saved automatically."
            ),
            link=reverse("proposals:progress", args=[proposal.number]),
            link_label=_("View tasks by partner"),
        ),
        to=may_be_notified(participant, people),
        proposal=proposal,
        key=key,
    )


@dataclass(frozen=True)
class Reminder:
    """Whom to remind of what: addresses, and the things that are missing in words."""

    participant: Participant
    addresses: Sequence[str]
    missing_parts: Sequence[str]


@transaction.atomic
def remind(proposal: Proposal, reminder: Reminder, *, by: User) -> None:
    """Send a partner's people an email with what is still missing from them.

    Raises:
        NotOpen: the deadline has passed.
        NobodyToRemind: there is no address.
        RemindedRecently: less than an hour ago somebody sent one.
        TooManyReminders: people of other proposals sent them too many.
    """
    moment = clock.now()
    check_open(proposal, moment)
    if not reminder.addresses:
        raise NobodyToRemind
    Proposal.objects.select_for_update(of=("self",)).only("pk").get(pk=proposal.pk)
    earlier = proposal.activity_log.filter(
        kind=ProposalActivity.Kind.REMINDED,
        details__key=reminder.participant.key,
        at__gt=moment - REMINDER_INTERVAL,
    )
    if earlier.exists():
        raise RemindedRecently
    addresses = allowed_recipients("invitations", reminder.addresses)
    if not addresses:
        raise TooManyReminders
    name = reminder.participant.organisation.name
    message = _("Reminder sent to %(name)s") % {"name": name}
    activity = log_activity(
        proposal,
        ProposalActivity.Kind.REMINDED,
        message,
        by=by,
        at=moment,
        key=reminder.participant.key,
    )
    queue_email(
        EmailContent(
            subject=_("Reminder: information needed from %(name)s") % {"name": name},
            what_happened=_(
                "%(who)s has sent you a reminder about your part of a proposal. The following "
                "information is missing."
            )
            % {"who": by},
            facts=[
                (str(number), text) for number, text in enumerate(reminder.missing_parts, start=1)
            ],
            status=_("The proposal must be submitted before %(deadline)s.")
            % {"deadline": in_words(proposal.deadline, zone=proposal.call.zone)},
            next_step=_(
                "Sign in to the proposal and complete the missing information. Your text is "
                "saved automatically."
            ),
            link=reverse("proposals:progress", args=[proposal.number]),
            link_label=_("View tasks by partner"),
        ),
        to=addresses,
        proposal=proposal,
        key=f"reminded:{activity.pk}",
    )
