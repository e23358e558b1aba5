"""Inviting people into a proposal, and taking access back.

A link leads to its row in the database, which holds the hash of its token and says whether it is still
open. It can be answered once, with any account: who is asked in the last week often has another address than
the one that was known. It ends with the deadline, and when who sent it no longer leads the proposal.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.urls import reverse

from applicants.models import User
from applicants.organisations import refusing_officers
from calls.eligibility.facts import Role
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.link_tokens import new_token, token_hash
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.consortium.drafts import check_open, lock_draft
from proposals.consortium.ended_access import end_access, notify_ended_access, without_access
from proposals.delivery.emails import EmailContent, queue_email
from proposals.dossier.agreement import agree_if_own, end_if_own
from proposals.models import (
    Collaborator,
    EndedAccess,
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


class AlreadyRemoved(Exception):
    """The person's access by invitation had ended before; nothing was changed."""


class NothingToDecline(Exception):
    """Somebody answered for the organisation already; the text says who and what. Nothing was changed."""


class InvitationNotOpen(Exception):
    """The invitation was answered, revoked, or has expired; `invitation` says which."""

    def __init__(self, invitation: Invitation) -> None:
        super().__init__(invitation.state)
        self.invitation = invitation


def make_token(invitation: Invitation) -> str:
    """The token of a link that was just made; of a row that was read from the database nobody knows it."""
    return invitation.token


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
) -> Invitation:
    """Invite somebody by email. Nothing reveals whether the address has an account.

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
            )
    except IntegrityError:
        raise AlreadyInvited from None
    invitation.token = token
    text = _("Invitation sent: %(purpose)s") % {"purpose": _purpose_in_words(invitation)}
    log_activity(proposal, ProposalActivity.Kind.INVITED, text, by=by, at=moment, address=address)
    _send(invitation)
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
    text = _("Invitation resent: %(purpose)s") % {"purpose": _purpose_in_words(locked)}
    log_activity(
        locked.proposal,
        ProposalActivity.Kind.INVITED,
        text,
        by=by,
        at=moment,
        address=locked.email,
    )
    _send(locked, locked.times_sent)


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
    text = _("Invitation cancelled: %(purpose)s") % {"purpose": _purpose_in_words(locked)}
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
    values = {"who": user, "purpose": _purpose_in_words(answered)}
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
    text = _("Invitation declined: %(purpose)s") % {"purpose": _purpose_in_words(answered)}
    log_activity(
        answered.proposal, ProposalActivity.Kind.ANSWERED, text, by=by, address=answered.email
    )
    queue_email(
        EmailContent(
            subject=_("Invitation declined by %(address)s") % {"address": answered.email},
            what_happened=_decline_sentence(answered),
            quote=reason,
            status=counts,
            next_step=_("Invite another person from this organisation, or change the consortium."),
            link=reverse("proposals:people", args=[answered.proposal.number]),
            link_label=_("View people and access"),
        ),
        to=_who_asked(answered),
        proposal=answered.proposal,
        key=f"declined:{answered.pk}",
    )


def _has_ended(declined: Invitation, *, by: User | None) -> bool:
    """Whether this no of an organisation has ended its agreement."""
    if declined.purpose != Invitation.Purpose.CONFIRM or declined.participant is None:
        return False
    return end_if_own(declined.participant, by=by, email=declined.email)


def _who_asked(invitation: Invitation) -> list[str]:
    """Address of who sent it, or of all who lead the proposal where that person leads it no longer."""
    leads, asked = coordinator_emails(invitation.proposal), invitation.invited_by.email
    return [asked] if asked in leads else leads


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
    happening = log_activity(proposal, ProposalActivity.Kind.REVOKED, text, by=by)
    collaborator.delete()
    end_access(proposal, without_access(proposal, [user]), EndedAccess.Kind.PERSON_REMOVED)
    notify_ended_access(
        proposal,
        [user],
        key=f"access-ended:{happening.pk}",
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
    """Everyone who takes part, for an organisation or by invitation."""
    for_organisation = User.objects.filter(organisations__participations__proposal=proposal)
    invited = User.objects.filter(collaborations__proposal=proposal)
    return list((for_organisation | invited).filter(is_active=True).distinct())


def visible_members(proposal: Proposal | Combinable) -> QuerySet[User]:
    """Those whose names the consortium may see: not the people of an organisation that has not agreed."""
    agreed = User.objects.filter(
        organisations__participations__proposal=proposal,
        organisations__participations__agreed_at__isnull=False,
    )
    invited = User.objects.filter(collaborations__proposal=proposal)
    return (agreed | invited).filter(is_active=True).distinct()


def is_still_open(mail: QueuedEmail) -> bool:
    """Whether the link in an email that waits to be sent opens anything yet."""
    _kind, pk, time, _address = mail.key.split(":")
    asked = with_issuer(Invitation.objects.filter(proposal__deleted_at=None))
    invitation = asked.filter(pk=pk, times_sent=time).first()
    return invitation is not None and invitation.has_issuer and invitation.is_open(clock.now())


def still_takes_part(mail: QueuedEmail) -> bool:
    """Whether who is written to belongs to the proposal yet."""
    proposal = mail.proposal
    return proposal is not None and mail.to in {
        member.email.lower() for member in consortium_members(proposal)
    }


def _locked(invitation: Invitation) -> Invitation:
    """As it is now, with what belongs to it: that is read when the lock is held, not together with it."""
    Invitation.objects.select_for_update(of=("self",)).only("pk").get(pk=invitation.pk)
    rows = with_issuer(Invitation.objects.all()).select_related(
        "proposal__strand__call__programme", "participant__organisation", "invited_by"
    )
    return rows.get(pk=invitation.pk)


def _purpose_in_words(invitation: Invitation) -> str:
    if invitation.participant is None:
        return _("Read the proposal")
    name = invitation.participant.organisation.name
    if invitation.purpose == Invitation.Purpose.CONFIRM:
        return _("to confirm that %(name)s takes part") % {"name": name}
    return _("to write for %(name)s") % {"name": name}


def _send(invitation: Invitation, time: int = 1) -> None:
    proposal = invitation.proposal
    is_confirmation = invitation.purpose == Invitation.Purpose.CONFIRM
    subject, happened = _request_sentences(invitation)
    to_do = (
        _("Open the link, read the proposal and confirm. You do not need an account.")
        if is_confirmation
        else _("Open the link and sign in, or create an account. You can use any email address.")
    )
    queue_email(
        EmailContent(
            subject=subject,
            what_happened=happened,
            status=_(
                "Nothing changes until you reply. Do not forward this email: anyone with the link can "
                "reply for you. If you were not expecting it, ignore it."
            ),
            next_step=to_do,
            link=reverse("proposals:invitation", args=[make_token(invitation)]),
            link_label=_("Reply to the invitation (by %(until)s)")
            % {"until": in_words(invitation.expires_at)},
        ),
        to=[invitation.email],
        proposal=proposal,
        key=f"invitation:{invitation.pk}:{time}",
    )


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
