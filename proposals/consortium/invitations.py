"""Invitations into a proposal: sending, revoking, accepting and declining them.

The database holds the hash of a link's token, and whether the invitation is open. A link can be used
once, by anybody with any account: the recipient often has another address than the one that was known. It
expires at the deadline, and when its sender no longer acts for the coordinator.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum

from applicants.models import User
from applicants.organisations import refusing_officers
from calls.eligibility.facts import Role
from foundation import clock
from foundation.link_tokens import new_token, token_hash
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.consortium.drafts import check_open, lock_draft
from proposals.consortium.invitation_emails import notify_decline, purpose_in_words, send_invitation
from proposals.dossier.agreement import agree_if_own, end_if_own
from proposals.models import (
    Collaborator,
    Invitation,
    Participant,
    Proposal,
    ProposalActivity,
    QueuedEmail,
)

INVITATION_LIFETIME = timedelta(days=14)
MAX_EMAILS = 10  # emails to one address for one proposal, so that nobody's mailbox can be filled


class AlreadyInvited(Exception):
    """This address has an open invitation of this kind."""


class SentTooOften(Exception):
    """The proposal has sent ten invitations to this address."""


class NothingToDecline(Exception):
    """Somebody answered for the organisation already; the text says who and what. Nothing was changed."""


class InvitationNotOpen(Exception):
    """The invitation was answered, revoked, or has expired; `invitation` says which."""

    def __init__(self, invitation: Invitation) -> None:
        super().__init__(invitation.state)
        self.invitation = invitation


def _set_token(invitation: Invitation) -> None:
    """Make a link; one that was sent before for this row opens nothing any more."""
    invitation.token = new_token()
    invitation.token_hash = token_hash(invitation.token)


def invitation_of(token: str) -> Invitation | None:
    """The invitation that a link leads to; None for a link that is not ours, or whose draft is gone."""
    invitations = with_issuer(Invitation.objects.filter(proposal__deleted_at=None))
    related = invitations.select_related(
        "proposal__strand__call__programme", "participant__organisation", "invited_by"
    )
    return related.filter(token_hash=token_hash(token)).first()


def with_issuer(invitations: QuerySet[Invitation]) -> QuerySet[Invitation]:
    """Each with `has_issuer`: whether who sent it still leads the proposal, and so may still invite."""
    leads = Participant.objects.filter(
        proposal=OuterRef("proposal"),
        role=Role.COORDINATOR.value,
        organisation__memberships__user=OuterRef("invited_by"),
        organisation__memberships__user__is_active=True,
    )
    return invitations.annotate(has_issuer=Exists(leads))  # type: ignore[no-redef]


def expiry(proposal: Proposal, moment: datetime) -> datetime:
    """Until when a link that is sent now can be answered: never later than the proposal's own deadline."""
    return min(moment + INVITATION_LIFETIME, proposal.deadline)


@transaction.atomic
def invite(
    proposal: Proposal,
    *,
    email: str,
    purpose: Invitation.Purpose,
    participant: Participant | None,
    by: User,
    message: str = "",
) -> Invitation:
    """Invite somebody by email, with a personal line. Nothing reveals whether the address has an account.

    An expired invitation to the same address gives way to the new one.

    Raises:
        NotOpen: the deadline has passed.
        AlreadyInvited: the address has an open invitation of this kind.
        SentTooOften: this proposal has sent ten emails to the address.
    """
    moment = clock.now()
    check_open(proposal, moment)
    address = email.strip().lower()
    _check_mailbox(proposal, address)
    same = proposal.invitations.filter(
        email=address, purpose=purpose, participant=participant, state=Invitation.State.PENDING
    )
    same.filter(expires_at__lte=moment).update(state=Invitation.State.REVOKED)
    token = new_token()
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                proposal=proposal,
                participant=participant,
                purpose=purpose,
                email=address,
                invited_by=by,
                invited_at=moment,
                expires_at=expiry(proposal, moment),
                token_hash=token_hash(token),
                message=message,
            )
    except IntegrityError:
        raise AlreadyInvited from None
    invitation.token = token
    text = _("Invitation sent: %(purpose)s") % {"purpose": purpose_in_words(invitation)}
    log_activity(proposal, ProposalActivity.Kind.INVITED, text, by=by, at=moment, address=address)
    send_invitation(invitation)
    return invitation


def _check_mailbox(proposal: Proposal, address: str) -> None:
    """Refuse where this proposal has sent as many invitations to an address as it may."""
    sent = proposal.invitations.filter(email=address).aggregate(times=Sum("times_sent"))["times"]
    if (sent or 0) >= MAX_EMAILS:
        raise SentTooOften


@transaction.atomic
def resend(invitation: Invitation, *, by: User) -> None:
    """Send a new link for an invitation: the one sent before opens nothing any more.

    Raises:
        InvitationNotOpen: it was answered or revoked meanwhile.
        SentTooOften: this proposal has sent ten emails to the address.
    """
    moment = clock.now()
    check_open(invitation.proposal, moment)
    locked = _locked(invitation)
    if locked.state != Invitation.State.PENDING:
        raise InvitationNotOpen(locked)
    _check_mailbox(locked.proposal, locked.email)
    locked.times_sent += 1
    locked.expires_at = expiry(locked.proposal, moment)
    locked.invited_by = by
    _set_token(locked)
    locked.save(update_fields=["times_sent", "expires_at", "invited_by", "token_hash"])
    text = _("Invitation resent: %(purpose)s") % {"purpose": purpose_in_words(locked)}
    log_activity(
        locked.proposal,
        ProposalActivity.Kind.INVITED,
        text,
        by=by,
        at=moment,
        address=locked.email,
    )
    send_invitation(locked, locked.times_sent)


@transaction.atomic
def revoke(invitation: Invitation, *, by: User) -> None:
    """Take an invitation back: its link opens nothing any more.

    Raises:
        InvitationNotOpen: it was answered or revoked meanwhile.
    """
    locked = _locked(invitation)
    if locked.state != Invitation.State.PENDING:
        raise InvitationNotOpen(locked)
    locked.state = Invitation.State.REVOKED
    locked.save(update_fields=["state"])
    text = _("Invitation cancelled: %(purpose)s") % {"purpose": purpose_in_words(locked)}
    log_activity(locked.proposal, ProposalActivity.Kind.REVOKED, text, by=by, address=locked.email)


@transaction.atomic
def accept(invitation: Invitation, *, user: User) -> Collaborator:
    """Let a signed-in person write or read from now on.

    Raises:
        NotOpen: the deadline has passed.
        InvitationNotOpen: answered, revoked or expired.
        OfficerTakesNoPart: the person is an officer, who sees no proposal before its deadline.
    """
    check_open(invitation.proposal, clock.now())
    with refusing_officers():
        answered = close_invitation(invitation, Invitation.State.ACCEPTED, by=user)
        collaborator, _made = Collaborator.objects.get_or_create(
            proposal=answered.proposal,
            user=user,
            participant=answered.participant,
            defaults={"joined_at": clock.now()},
        )
    if answered.participant is not None:
        agree_if_own(answered.participant, by=user)
    text = _("%(who)s accepted the invitation: %(purpose)s")
    values = {"who": user, "purpose": purpose_in_words(answered)}
    log_activity(answered.proposal, ProposalActivity.Kind.ANSWERED, text % values, by=user)
    return collaborator


@transaction.atomic
def decline(invitation: Invitation, *, reason: str, by: User | None, is_own: bool = False) -> None:
    """Say no, perhaps with a reason; no account is needed. An organisation's no ends its agreement.

    Raises:
        InvitationNotOpen: answered, revoked or expired.
    """
    answered = close_invitation(
        invitation, Invitation.State.DECLINED, by=by, reason=reason, is_own=is_own
    )
    counts = _("The partner is still part of the consortium.")
    if _has_ended(answered, by=by):
        counts = _(
            "The partner is still part of the consortium. The other partners can see only its "
            "name and country until it agrees to take part."
        )
    text = _("Invitation declined: %(purpose)s") % {"purpose": purpose_in_words(answered)}
    log_activity(
        answered.proposal, ProposalActivity.Kind.ANSWERED, text, by=by, address=answered.email
    )
    notify_decline(answered, reason=reason, status=counts)


def _has_ended(declined: Invitation, *, by: User | None) -> bool:
    """Whether this no of an organisation has ended its agreement."""
    if declined.purpose != Invitation.Purpose.CONFIRM or declined.participant is None:
        return False
    return end_if_own(declined.participant, by=by, email=declined.email)


@transaction.atomic
def decline_for(participant: Participant, *, reason: str, by: User) -> None:
    """Say no for an organisation by somebody who acts for it, asked by an email or not.

    Raises:
        NotOpen: the deadline has passed.
        NothingToDecline: it has confirmed, or declined without being asked again since.
    """
    moment = clock.now()
    proposal = participant.proposal
    check_open(proposal, moment)
    lock_draft(proposal)
    asked = participant.invitations.filter(purpose=Invitation.Purpose.CONFIRM)
    pending = asked.filter(state=Invitation.State.PENDING)
    pending.filter(expires_at__lte=moment).update(state=Invitation.State.REVOKED)
    invitation = pending.first()
    _check_unanswered(participant, None if invitation else asked)
    invitation = invitation or Invitation.objects.create(
        proposal=proposal,
        participant=participant,
        purpose=Invitation.Purpose.CONFIRM,
        email=by.email,
        invited_by=proposal.started_by,
        invited_at=moment,
        expires_at=expiry(proposal, moment),
        times_sent=0,
    )
    decline(invitation, reason=reason, by=by, is_own=True)


def _check_unanswered(participant: Participant, asked: QuerySet[Invitation] | None) -> None:
    """Refuse where the organisation has confirmed; or has declined, where no question is open (`asked`)."""
    confirmation = participant.proposal.confirmations.filter(
        participant_key=participant.key, organisation=participant.organisation
    ).first()
    if confirmation is not None:
        text = _(
            "%(who)s has already confirmed that %(name)s takes part. The confirmation remains valid."
        )
        names = {"who": confirmation.name, "name": participant.organisation.name}
        raise NothingToDecline(text % names)
    declined = asked and asked.filter(state=Invitation.State.DECLINED).order_by("-answered_at")
    earlier = declined.select_related("answered_by").first() if declined else None
    if earlier is not None:
        text = _(
            "%(who)s has already declined for %(name)s. That reply and its reason remain valid."
        )
        who = earlier.answered_by or earlier.email
        raise NothingToDecline(text % {"who": who, "name": participant.organisation.name})


def close_invitation(
    invitation: Invitation,
    state: Invitation.State,
    *,
    by: User | None,
    reason: str = "",
    is_own: bool = False,
) -> Invitation:
    """Close an open invitation; within the caller's transaction. `is_own`: who answers needs no link.

    Raises:
        InvitationNotOpen: answered, revoked or expired.
    """
    moment = clock.now()
    locked = _locked(invitation)
    if not locked.is_open(moment) or not (locked.has_issuer or is_own):
        raise InvitationNotOpen(locked)
    locked.state = state
    locked.answered_at = moment
    locked.answered_by = by
    locked.reason = reason
    locked.save(update_fields=["state", "answered_at", "answered_by", "reason"])
    return locked


def is_still_open(mail: QueuedEmail) -> bool:
    """Whether the link in an email that waits to be sent opens anything yet."""
    _kind, pk, time, _address = mail.key.split(":")
    asked = with_issuer(Invitation.objects.filter(proposal__deleted_at=None))
    invitation = asked.filter(pk=pk, times_sent=time).first()
    return invitation is not None and invitation.has_issuer and invitation.is_open(clock.now())


def _locked(invitation: Invitation) -> Invitation:
    """As it is now, with what belongs to it: that is read when the lock is held, not together with it."""
    Invitation.objects.select_for_update(of=("self",)).only("pk").get(pk=invitation.pk)
    rows = with_issuer(Invitation.objects.all()).select_related(
        "proposal__strand__call__programme", "participant__organisation", "invited_by"
    )
    return rows.get(pk=invitation.pk)
