"""Emails about invitations, and the words for their purpose."""

from django.urls import reverse

from calls.templatetags.instants import in_words
from foundation.sentences import gettext as _
from proposals.consortium.members import coordinator_emails
from proposals.consortium.participants import is_profile_needed
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import Invitation, Participant


def purpose_in_words(invitation: Invitation) -> str:
    """What somebody is invited to do, for the log of activity."""
    if invitation.participant is None:
        return _("Read the proposal")
    name = invitation.participant.organisation.name
    if invitation.purpose == Invitation.Purpose.CONFIRM:
        return _("to confirm that %(name)s takes part") % {"name": name}
    return _("to write for %(name)s") % {"name": name}


def send_invitation(invitation: Invitation, time: int = 1) -> None:
    """Email the link of an invitation; `time` counts the emails that were sent for it."""
    proposal = invitation.proposal
    is_confirmation = invitation.purpose == Invitation.Purpose.CONFIRM
    subject, happened = _request_sentences(invitation)
    to_do = (
        _confirmation_next_step(invitation.participant)
        if is_confirmation
        else _("Open the link and sign in, or create an account. You can use any email address.")
    )
    queue_email(
        EmailContent(
            subject=subject,
            what_happened=happened,
            quote=invitation.message,
            status=_(
                "Nothing changes until you reply. Do not forward this email: anyone with the link can "
                "reply for you. If you were not expecting it, ignore it."
            ),
            next_step=to_do,
            link=reverse("proposals:invitation", args=[invitation.token]),
            link_label=_("Reply to the invitation (by %(until)s)")
            % {"until": in_words(invitation.expires_at)},
            reason=_(
                "You receive this email because %(who)s entered this address on the COSME portal."
            )
            % {"who": invitation.invited_by},
        ),
        to=[invitation.email],
        proposal=proposal,
        key=f"invitation:{invitation.pk}:{time}",
    )


def _confirmation_next_step(participant: Participant | None) -> str:
    if participant is not None and is_profile_needed(participant):
        return _(
            "Open the link, read the proposal and confirm. You do not need an account. The call "
            "also requires your organisation’s cluster profile; if nobody keeps it yet, you can "
            "complete it after you have confirmed."
        )
    return _("Open the link, read the proposal and confirm. You do not need an account.")


def _request_sentences(invitation: Invitation) -> tuple[str, str]:
    """The subject and the first sentence of the email that asks somebody to take part."""
    values = _invitation_values(invitation)
    if invitation.participant is None:
        subject = _("%(who)s invites you to read a proposal")
        happened = _("%(who)s invites you to read a proposal for the call “%(call)s”.")
    elif invitation.purpose == Invitation.Purpose.CONFIRM:
        subject = _("%(who)s asks you to confirm that %(name)s takes part")
        happened = _(
            "%(who)s asks you to confirm that %(name)s takes part in a proposal for the call "
            "“%(call)s”."
        )
    else:
        subject = _("%(who)s invites you to work on a proposal for %(name)s")
        happened = _(
            "%(who)s invites you to work on a proposal for the call “%(call)s” on behalf of %(name)s."
        )
    return subject % values, happened % values


def notify_decline(invitation: Invitation, *, reason: str, status: str) -> None:
    """Email that an invitation was declined, to those who can invite somebody else."""
    subject = _("Invitation declined by %(address)s") % {"address": invitation.email}
    queue_email(
        EmailContent(
            subject=subject,
            what_happened=_decline_sentence(invitation),
            quote=reason,
            status=status,
            next_step=_("Invite another person from this organisation, or change the consortium."),
            link=reverse("proposals:people", args=[invitation.proposal.number]),
            link_label=_("View people and access"),
        ),
        to=_inviter_emails(invitation),
        proposal=invitation.proposal,
        key=f"declined:{invitation.pk}",
    )


def _inviter_emails(invitation: Invitation) -> list[str]:
    """Address of the person who invited; of all who act for the coordinator if that person does not."""
    coordinators, inviter = coordinator_emails(invitation.proposal), invitation.invited_by.email
    return [inviter] if inviter in coordinators else coordinators


def _decline_sentence(invitation: Invitation) -> str:
    """The first sentence of the email that an invitation was declined."""
    values = _invitation_values(invitation)
    if invitation.participant is None:
        return _("%(address)s has declined the invitation to read the proposal.") % values
    if invitation.purpose == Invitation.Purpose.CONFIRM:
        return _("%(address)s has declined to confirm that %(name)s takes part.") % values
    text = _("%(address)s has declined the invitation to work on the proposal for %(name)s.")
    return text % values


def _invitation_values(invitation: Invitation) -> dict[str, object]:
    participant = invitation.participant
    return {
        "who": invitation.invited_by,
        "address": invitation.email,
        "call": invitation.proposal.call.title,
        "name": participant.organisation.name if participant is not None else "",
    }
