"""Inviting partners: those that the registry has, and new ones."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from applicants.forms import OrganisationForm
from applicants.once import idempotent
from applicants.organisations import register_partner
from applicants.step_storage import EditConflict
from applicants.web import current_user, login_required_keep_post
from foundation.sentences import gettext as _
from proposals.consortium import drafts
from proposals.consortium.access import base_context, get_draft_or_404, return_input_on_failure
from proposals.consortium.participants import NewParticipant
from proposals.consortium.partners import (
    MAX_AT_ONCE,
    InvitedPartner,
    InvitedPartners,
    invite_partners,
)
from proposals.dossier.document import Draft
from proposals.steps.forms import InvitedPartnerForm, PersonalMessageForm
from proposals.workspace.views.consortium import (
    consortium_page,
    led_draft,
    seen_version,
    show_conflict,
)
from proposals.workspace.views.partner_search import (
    PartnerSearch,
    SearchedOrganisation,
    chosen_organisations,
    form_of,
    names_of,
    search_partners,
)


@login_required_keep_post
@require_safe
def find_partners(request: HttpRequest, number: str) -> HttpResponse:
    """The results of the page's search; requested as somebody types."""
    draft = get_draft_or_404(request, number)
    context = base_context(draft, "consortium", search=search_partners(draft, request.GET))
    context |= {"is_fragment": True}
    return render(request, "workspace/includes/partner_results.html", context)


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
@idempotent
def add_participant(request: HttpRequest, number: str) -> HttpResponse:
    """Invite the organisations of the registry that are ticked."""
    draft = led_draft(request, number)
    organisations = chosen_organisations(request.POST)
    if not organisations and "organisation" in request.POST:
        raise Http404
    if not organisations:
        messages.warning(request, _("Nobody was invited. Select an organisation first."))
        return redirect("proposals:consortium", number)
    message_form = _message_form(request.POST, len(organisations))
    entries = [
        SearchedOrganisation(organisation, form_of(organisation, request.POST), is_ticked=True)
        for organisation in organisations
    ]
    are_valid = [entry.form.is_valid() for entry in entries]
    if not (message_form.is_valid() and all(are_valid)):
        context = consortium_page(
            request, draft, PartnerSearch(entries=entries, message_form=message_form)
        )
        return render(request, "workspace/consortium.html", context, status=422)
    message = message_form.cleaned_data["message"]
    partners = [_partner(entry, message) for entry in entries]
    try:
        result = invite_partners(
            draft.proposal, partners, seen_version=seen_version(request), by=current_user(request)
        )
    except EditConflict as conflict:
        show_conflict(request, conflict, _("invite %(name)s") % {"name": names_of(organisations)})
    else:
        report_invited(request, result)
    return redirect("proposals:consortium", number)


def _message_form(sent: QueryDict, count: int) -> PersonalMessageForm:
    """The message to all who are invited, with an error if they are too many for one action."""
    form = PersonalMessageForm(sent)
    if count > MAX_AT_ONCE:
        text = _("Nobody was invited. Select up to %(most)s organisations; you selected %(count)s.")
        form.add_error(None, text % {"most": MAX_AT_ONCE, "count": count})
    return form


def _partner(entry: SearchedOrganisation, message: str) -> InvitedPartner:
    invited = NewParticipant(entry.organisation, entry.form.chosen_role, message)
    return InvitedPartner(invited, entry.form.cleaned_data["email"])


def report_invited(request: HttpRequest, result: InvitedPartners) -> None:
    """Say on the next page who is invited, who was there before, and which emails were not sent."""
    if result.participants:
        names = names_of(participant.organisation for participant in result.participants)
        text = _("Invited to the consortium: %(names)s.")
        messages.success(request, text % {"names": names})
    for name in result.taking_part:
        text = _("%(name)s is already in the consortium. Nothing was changed.")
        messages.warning(request, text % {"name": name})
    for address in result.unsent:
        text = _(
            "No email was sent to %(address)s because too many were sent within an hour. The "
            "organisation is in the consortium. Invite the person on the page “People” later."
        )
        messages.warning(request, text % {"address": address})


@login_required_keep_post
@return_input_on_failure
@idempotent
def add_new_organisation(request: HttpRequest, number: str) -> HttpResponse:
    """Register a partner that the registry does not have yet, and invite it."""
    draft = led_draft(request, number)
    data = request.POST or None
    form = OrganisationForm(data, prefix="new")
    partner_form, message_form = InvitedPartnerForm(data), PersonalMessageForm(data)
    context = _new_partner_page(draft, form, partner_form, message_form)
    are_valid = [each.is_valid() for each in (form, partner_form, message_form)]
    if request.method != "POST" or not all(are_valid):
        context["seen"] = seen_version(request) if request.method == "POST" else None
        return render(request, "workspace/new_participant.html", context)
    try:
        _register_and_invite(
            request, draft, form, partner_form, message_form.cleaned_data["message"]
        )
    except EditConflict as conflict:
        show_conflict(request, conflict, _("invite %(name)s") % {"name": form.instance})
        context |= {"section": drafts.section_of(draft.proposal, drafts.CONSORTIUM)}
        return render(request, "workspace/new_participant.html", context, status=409)
    return redirect("proposals:consortium", number)


def _new_partner_page(
    draft: Draft,
    form: OrganisationForm,
    partner_form: InvitedPartnerForm,
    message_form: PersonalMessageForm,
) -> dict[str, object]:
    return base_context(
        draft,
        "consortium",
        organisation_form=form,
        partner_form=partner_form,
        message_form=message_form,
        taken=[participant.organisation_id for participant in draft.participants],
        section=drafts.section_of(draft.proposal, drafts.CONSORTIUM),
    )


@transaction.atomic
def _register_and_invite(
    request: HttpRequest,
    draft: Draft,
    form: OrganisationForm,
    partner_form: InvitedPartnerForm,
    message: str,
) -> None:
    """Raises EditConflict; nothing is registered then."""
    coordinator = draft.coordinator
    assert coordinator is not None  # noqa: S101 -- led_draft() found who leads
    organisation = register_partner(form.save(commit=False), steward=coordinator.organisation)
    invited = NewParticipant(organisation, partner_form.chosen_role, message)
    result = invite_partners(
        draft.proposal,
        [InvitedPartner(invited, partner_form.cleaned_data["email"])],
        seen_version=seen_version(request),
        by=current_user(request),
    )
    report_invited(request, result)
