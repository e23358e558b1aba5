"""People of a proposal: who takes part, who is asked, and the pages behind the links in emails."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from applicants.invitations import offer_membership
from applicants.models import Organisation, User
from applicants.once import idempotent
from applicants.web import (
    applicants_only,
    current_user,
    hide_token_address,
    login_required_keep_post,
)
from foundation import clock
from foundation.limits import allows_recipient
from foundation.sentences import gettext as _
from foundation.typed import posted_texts
from proposals.consortium import confirmations, invitations, members
from proposals.consortium.access import (
    base_context,
    get_draft_or_404,
    leads,
    return_input_on_failure,
)
from proposals.consortium.drafts import NotOpen
from proposals.consortium.participants import is_profile_needed
from proposals.consortium.progress import invitations_to
from proposals.dossier.document import Draft
from proposals.models import Confirmation, Invitation, Participant
from proposals.steps.forms import ConfirmationForm, DeclineForm, InvitationForm


@login_required_keep_post
def overview(request: HttpRequest, number: str) -> HttpResponse:
    """Who may do what, and who was asked. Addresses are shown to the lead only."""
    draft = get_draft_or_404(request, number)
    return render(request, "consortium/people.html", _page(draft, InvitationForm(draft=draft)))


def _page(draft: Draft, form: InvitationForm) -> dict[str, Any]:
    proposal, moment = draft.proposal, clock.now()
    organisations = Organisation.objects.filter(participations__proposal=proposal).prefetch_related(
        "members"
    )
    members = {organisation.pk: list(organisation.members.all()) for organisation in organisations}
    collaborators = list(proposal.collaborators.select_related("user", "participant__organisation"))
    invited = {collaborator.participant_id for collaborator in collaborators}
    related = invitations.with_issuer(
        proposal.invitations.select_related("participant__organisation", "invited_by")
    )
    return base_context(
        draft,
        "people",
        form=form,
        states=confirmations.partner_states(draft),
        rows=[
            (
                participant,
                members.get(participant.organisation_id, []) if participant.has_agreed else [],
                participant.pk in invited,
            )
            for participant in draft.participants
        ],
        collaborators=collaborators,
        invitations=[(invitation, invitation.is_expired(moment)) for invitation in related]
        if leads(draft)
        else [],
    )


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
@idempotent
def invite(request: HttpRequest, number: str) -> HttpResponse:
    """Ask somebody by mail."""
    draft = get_draft_or_404(request, number)
    form = InvitationForm(request.POST, draft=draft)
    if not form.is_valid():
        return render(request, "consortium/people.html", _page(draft, form), status=422)
    address = form.cleaned_data["email"]
    try:
        invitations.invite(
            draft.proposal,
            email=address,
            purpose=Invitation.Purpose(form.cleaned_data["purpose"]),
            participant=form.participant,
            by=current_user(request),
        )
    except (invitations.AlreadyInvited, invitations.SentTooOften) as refusal:
        form.add_error("email", _why_not_again(refusal))
        return render(request, "consortium/people.html", _page(draft, form), status=422)
    text = _("Invitation sent to %(address)s.")
    messages.success(request, text % {"address": address})
    return redirect("proposals:people", number)


def _why_not_again(refusal: Exception) -> str:
    if isinstance(refusal, invitations.SentTooOften):
        return _(
            "Ten emails have already been sent to this address. Contact the person another way"
        )
    return _("This address has already been invited. Resend the invitation from the list below")


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def resend(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    invitation = _invitation(get_draft_or_404(request, number), pk)
    if not allows_recipient("invitations", invitation.email):
        messages.warning(
            request, _("Ten emails have been sent to this address within an hour. Try again later")
        )
        return redirect("proposals:people", number)
    try:
        invitations.resend(invitation, by=current_user(request))
    except invitations.InvitationNotOpen:
        messages.warning(request, _("This invitation has already been answered or cancelled."))
    except invitations.SentTooOften:
        messages.warning(
            request, _("This invitation has been sent ten times. Contact the person another way.")
        )
    else:
        messages.success(request, _("Invitation resent with a new link."))
    return redirect("proposals:people", number)


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def revoke(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    invitation = _invitation(get_draft_or_404(request, number), pk)
    try:
        invitations.revoke(invitation, by=current_user(request))
    except invitations.InvitationNotOpen:
        messages.warning(request, _("This invitation has already been answered or cancelled."))
    else:
        messages.success(request, _("Invitation cancelled. The link no longer works."))
    return redirect("proposals:people", number)


def _invitation(draft: Draft, pk: int) -> Invitation:
    invitation: Invitation = get_object_or_404(draft.proposal.invitations, pk=pk)
    invitation.proposal = draft.proposal
    return invitation


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def remove(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Take access back from somebody who was invited."""
    draft = get_draft_or_404(request, number)
    collaborator = (
        draft.proposal.collaborators.select_related("user", "proposal").filter(pk=pk).first()
    )
    try:
        if collaborator is None:
            raise members.AlreadyRemoved
        members.remove_collaborator(collaborator, by=current_user(request))
    except members.AlreadyRemoved:
        text = _("This access had already been removed. Nothing was changed.")
        messages.warning(request, text)
    else:
        text = _("%(who)s no longer has access. What they wrote is kept.")
        messages.success(request, text % {"who": collaborator.user})
    return redirect("proposals:people", number)


# --- Behind the links in emails -----------------------------------------------------------------


@applicants_only
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Answer an invitation. The link is the key: a confirmation needs no account.

    Looking changes nothing: programs that check emails open every link.
    """
    return hide_token_address(_invitation_page(request, invitations.invitation_of(token)))


@login_required_keep_post
@applicants_only
def own_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """The same page for who was invited at an address that is confirmed to be theirs, without the link."""
    own = invitations_to(current_user(request)).filter(pk=pk)
    return _invitation_page(request, invitations.with_issuer(own).first())


def _invitation_page(request: HttpRequest, invitation: Invitation | None) -> HttpResponse:
    if invitation is None:
        return _shut(request, "unknown", 404)
    if not invitation.proposal.is_open(clock.now()):
        return _shut(request, "closed", 409, deadline=invitation.proposal.deadline)
    why = _why_shut(invitation)
    if why:
        return _shut(request, why, 410)
    if request.method == "POST" and "decline" in request.POST:
        return _decline(request, invitation)
    if invitation.purpose == Invitation.Purpose.CONFIRM:
        return _confirm_by_link(request, invitation)
    return _join(request, invitation)


def _why_shut(invitation: Invitation) -> str:
    moment = clock.now()
    if not invitation.is_open(moment):
        return "expired" if invitation.is_expired(moment) else invitation.state
    return "" if invitation.has_issuer else "issuer"


def _shut(request: HttpRequest, why: str, status: int, **context: Any) -> HttpResponse:
    context |= {"why": why, "typed": posted_texts(request)}
    return render(request, "consortium/invitation_shut.html", context, status=status)


def _answered_meanwhile(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Somebody answered, or it ended, while this answer was on its way."""
    invitation.refresh_from_db(fields=["state", "expires_at"])
    return _shut(request, _why_shut(invitation) or "issuer", 410)


def _join(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    context = {
        "invitation": invitation,
        "proposal": invitation.proposal,
        "call": invitation.proposal.call,
        "draft": Draft(invitation.proposal),
        "decline_form": DeclineForm(),
    }
    if request.method == "POST" and request.user.is_authenticated:
        try:
            invitations.accept(invitation, user=current_user(request))
        except invitations.InvitationNotOpen:
            return redirect(request.path)
        messages.success(
            request, _("You now have access to this proposal. Your tasks are listed below.")
        )
        return redirect(invitation.proposal)
    return render(request, "consortium/invitation.html", context)


def _decline(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = DeclineForm(request.POST)
    if not form.is_valid():
        context = {"form": form, "invitation": invitation}
        return render(request, "consortium/decline_refused.html", context, status=422)
    user = request.user if isinstance(request.user, User) else None
    try:
        invitations.decline(invitation, reason=form.cleaned_data["reason"], by=user)
    except invitations.InvitationNotOpen:
        return _answered_meanwhile(request, invitation)
    context = {"reply": "no", "inside": None}
    return render(request, "consortium/invitation_answered.html", context)


def _confirm_by_link(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    assert invitation.participant is not None  # noqa: S101 -- a constraint sees to it
    draft = Draft(invitation.proposal)
    context = {
        "proposal": invitation.proposal,
        "call": invitation.proposal.call,
        "invitation": invitation,
    }
    return _confirm(
        request, draft, invitation.participant, "consortium/confirmation_by_link.html", context
    )


@login_required_keep_post
@return_input_on_failure
def confirm(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """The organisation's own people confirm here, without a link."""
    draft = get_draft_or_404(request, number)
    participant = get_object_or_404(
        draft.proposal.participants.select_related("organisation"), key=key
    )
    participant.proposal = draft.proposal
    if participant.is_coordinator:
        raise Http404
    confirmation = draft.proposal.confirmations.filter(
        participant_key=key, organisation=participant.organisation
    ).first()
    is_current = confirmations.is_current(confirmation, draft, participant)
    context = base_context(
        draft, "progress", participant=participant, confirmation=confirmation, is_current=is_current
    )
    if request.method == "POST" and "decline" in request.POST:
        return _decline_for(request, participant)
    return _confirm(request, draft, participant, "consortium/confirmation.html", context)


def _decline_for(request: HttpRequest, participant: Participant) -> HttpResponse:
    """No, by the organisation's own people."""
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return render(request, "consortium/decline_refused.html", {"form": form}, status=422)
    try:
        invitations.decline_for(
            participant, reason=form.cleaned_data["reason"], by=current_user(request)
        )
    except invitations.NothingToDecline as refusal:
        form.add_error(None, str(refusal))
        return render(request, "consortium/decline_refused.html", {"form": form}, status=409)
    except NotOpen as refusal:
        return _shut(request, "closed", 409, deadline=refusal.deadline)
    context = {"reply": "no", "inside": participant.proposal}
    return render(request, "consortium/invitation_answered.html", context)


def _earlier(draft: Draft, participant: Participant) -> Confirmation | None:
    """The last confirmation, where it was of another text or role."""
    last: Confirmation | None = draft.proposal.confirmations.filter(
        participant_key=participant.key, organisation=participant.organisation
    ).first()
    return None if confirmations.is_current(last, draft, participant) else last


def _confirm(
    request: HttpRequest,
    draft: Draft,
    participant: Participant,
    template: str,
    context: dict[str, Any],
) -> HttpResponse:
    shown = confirmations.confirmation_content(draft, participant)
    digest = confirmations.content_digest(shown)
    user = request.user if isinstance(request.user, User) else None
    declarations = confirmations.DECLARATIONS
    initial = {"shown": digest, "name": str(user) if user else ""}
    form = ConfirmationForm(request.POST or None, declarations=declarations, initial=initial)
    earlier = _earlier(draft, participant)
    context |= {
        "earlier": earlier,
        "changes": confirmations.changes_since(earlier, shown) if earlier else [],
        "form": form,
        "shown": shown,
        "participant": participant,
        "decline_form": DeclineForm(),
    }
    if request.method != "POST" or not form.is_valid():
        return render(request, template, context, status=422 if request.method == "POST" else 200)
    if form.cleaned_data["shown"] != digest:
        sent: Any = form.data
        form.data = sent.copy()
        form.data["shown"] = digest  # type: ignore[index]
        for name in [row for row in form.data if row.startswith("declaration_")]:
            del form.data[name]  # type: ignore[attr-defined]
        return render(request, template, context | {"has_changed": True}, status=409)
    try:
        confirmations.confirm(
            participant,
            name=form.cleaned_data["name"],
            function=form.cleaned_data["function"],
            shown=shown,
            by=user,
            invitation=context.get("invitation"),
        )
    except invitations.InvitationNotOpen:
        return redirect(request.path)
    except confirmations.ParticipantChanged:
        text = _(
            "Nothing was confirmed because %(name)s was removed from the consortium or its "
            "role was changed since you opened the page."
        )
        messages.warning(request, text % {"name": participant.organisation.name})
        return redirect(request.path)
    except NotOpen as refusal:
        return _shut(request, "closed", 409, deadline=refusal.deadline)
    answered = context.get("invitation")
    inside = None if answered else draft.proposal
    context = {"reply": "yes", "inside": inside, "participant": participant}
    context["join_token"] = _membership_token(participant, answered) if answered else ""
    return render(request, "consortium/invitation_answered.html", context)


def _membership_token(participant: Participant, answered: Invitation) -> str:
    """Lets the contact person of a partner that has no people yet keep its profile; empty for others."""
    if not is_profile_needed(participant):
        return ""
    return offer_membership(participant.organisation, email=answered.email, by=answered.invited_by)
