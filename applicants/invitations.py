"""Inviting a colleague into an organisation: a link for one address, that is used once and can be cancelled.

Who holds the email holds the link, so the database keeps its hash only. A link ends when it was used or
cancelled, after seven days, when the invited person is removed, and when its issuer may no longer invite.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from applicants.emails import send_html_email
from applicants.models import ColleagueInvitation, Membership, Organisation, User
from applicants.organisations import join
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.link_tokens import new_token, token_hash
from foundation.sentences import gettext as _

INVITATION_LIFETIME = timedelta(days=7)
MAX_SENT = 10  # emails to one address for one organisation, until it is answered

State = ColleagueInvitation.State


class InvitationClosed(Exception):
    """The link opens nothing: `why` is a word for the page that says so."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class SentTooOften(Exception):
    """Ten emails went to this address for this organisation without an answer."""


def invite_colleague(organisation: Organisation, *, email: str, by: User) -> ColleagueInvitation:
    """Send a link to an address; what was sent to it before and is open gives way to the new link.

    Nothing reveals whether the address has an account: the same email is sent either way.

    Raises:
        SentTooOften: it was invited ten times without an answer.
    """
    token = new_token()
    invitation = _store(organisation, email.strip().lower(), token, by=by)
    _send(invitation, token)
    return invitation


def offer_membership(organisation: Organisation, *, email: str, by: User) -> str:
    """A token for who has just shown to read this mailbox; it works as one that was sent.

    Empty where the organisation has people of its own, or `by` may not invite into it.
    """
    if organisation.members.exists():
        return ""
    if not Organisation.objects.editable_by(by).filter(pk=organisation.pk).exists():
        return ""
    token = new_token()
    try:
        _store(organisation, email.strip().lower(), token, by=by)
    except SentTooOften:
        return ""
    return token


@transaction.atomic
def _store(
    organisation: Organisation, address: str, token: str, *, by: User
) -> ColleagueInvitation:
    moment = clock.now()
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    earlier = organisation.colleague_invitations.filter(email=address, state=State.PENDING).first()
    invitation = earlier or ColleagueInvitation(organisation=organisation, email=address)
    if invitation.times_sent >= MAX_SENT:
        raise SentTooOften
    invitation.token_hash = token_hash(token)
    invitation.invited_by, invitation.invited_at = by, moment
    invitation.expires_at = moment + INVITATION_LIFETIME
    invitation.times_sent += 1
    invitation.save()
    return invitation


def _send(invitation: ColleagueInvitation, token: str) -> None:
    organisation = invitation.organisation
    context = {
        "organisation": organisation,
        "by": invitation.invited_by,
        "link": settings.BASE_URL + reverse("applicants:join", args=[token]),
        "address": invitation.email,
        "until": in_words(invitation.expires_at),
    }
    body = render_to_string("applicants/mails/colleague.txt", context)
    subject = _("Join %(organisation)s on the COSME portal") % {"organisation": organisation.name}
    send_html_email(subject, body, to=invitation.email)


def invitation_for(token: str, *, user: User) -> ColleagueInvitation:
    """The open invitation behind a link. Looking changes nothing: programs that check emails look, too.

    Raises:
        InvitationClosed: unknown, for another address, used, ended, or its issuer may not invite.
    """
    related = with_issuer(ColleagueInvitation.objects.select_related("organisation", "invited_by"))
    invitation = related.filter(token_hash=token_hash(token)).first()
    if invitation is None:
        raise InvitationClosed("unknown")
    _check_open(invitation, user)
    return invitation


def _check_open(invitation: ColleagueInvitation, user: User) -> None:
    if invitation.email != user.email.lower():
        raise InvitationClosed("address")
    if invitation.state != State.PENDING:
        raise InvitationClosed(invitation.state)
    if clock.now() >= invitation.expires_at:
        raise InvitationClosed("expired")
    if not invitation.has_issuer:
        raise InvitationClosed("issuer")


def with_issuer(invitations: QuerySet[ColleagueInvitation]) -> QuerySet[ColleagueInvitation]:
    """Each with `has_issuer`: whether the person who sent it may still invite into the organisation."""
    own = Membership.objects.filter(
        organisation=OuterRef("organisation"), user=OuterRef("invited_by"), user__is_active=True
    )
    anybody = Membership.objects.filter(organisation=OuterRef("organisation"))
    steward = Membership.objects.filter(
        organisation=OuterRef("organisation__managed_by"),
        user=OuterRef("invited_by"),
        user__is_active=True,
    )
    may_invite = Exists(own) | (~Exists(anybody) & Exists(steward))
    return invitations.annotate(has_issuer=may_invite)  # type: ignore[no-redef]


@transaction.atomic
def accept_invitation(invitation: ColleagueInvitation, *, user: User) -> Membership:
    """Let the invited person act for the organisation; the link is used by that.

    Raises:
        InvitationClosed: it was answered, cancelled or ended meanwhile.
        OfficerTakesNoPart: the person is an officer; the invitation stays open.
    """
    # As `end_membership` does, so that a removal and an answer at once have an order.
    Organisation.objects.select_for_update().get(pk=invitation.organisation_id)
    locked = with_issuer(ColleagueInvitation.objects.filter(pk=invitation.pk)).get()
    _check_open(locked, user)
    membership = join(invitation.organisation, user=user)
    _close(locked, State.ACCEPTED, by=user)
    return membership


@transaction.atomic
def cancel_invitation(invitation: ColleagueInvitation, *, by: User) -> None:
    """End a link before it is used.

    Raises:
        InvitationClosed: it was answered or cancelled meanwhile.
    """
    # The lock that answering and sending again take, too.
    Organisation.objects.select_for_update().get(pk=invitation.organisation_id)
    locked = ColleagueInvitation.objects.get(pk=invitation.pk)
    if locked.state != State.PENDING:
        raise InvitationClosed(locked.state)
    _close(locked, State.CANCELLED, by=by)


def _close(invitation: ColleagueInvitation, state: str, *, by: User) -> None:
    invitation.state, invitation.answered_at, invitation.answered_by = state, clock.now(), by
    invitation.save(update_fields=["state", "answered_at", "answered_by"])


def open_invitations(organisation: Organisation) -> list[ColleagueInvitation]:
    """Those without an answer, for the people who may cancel or repeat them; newest first."""
    pending = organisation.colleague_invitations.filter(state=State.PENDING)
    return list(with_issuer(pending.select_related("invited_by")).order_by("-invited_at"))
