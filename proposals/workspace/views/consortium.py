"""The consortium of a draft: who takes part, who counts, and what another partner would change."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from applicants.forms import OrganisationForm
from applicants.models import Organisation
from applicants.once import idempotent
from applicants.organisations import register_partner
from applicants.step_storage import EditConflict
from applicants.web import current_user, login_required_keep_post
from calls.eligibility.facts import Role
from foundation import clock
from foundation.search_words import searched
from foundation.sentences import gettext as _
from proposals.consortium import drafts, participants
from proposals.consortium.access import base_context, get_draft_or_404, return_input_on_failure
from proposals.dossier.document import Draft
from proposals.dossier.facts import facts_of_draft
from proposals.models import Participant
from proposals.steps.forms import ParticipantForm
from proposals.workspace.views.outlook import outlook_page
from proposals.workspace.views.steps import comments_context

MAX_RESULTS = 12
MAX_WORDS = 6  # of a name, looked for in the registry
MAX_NUMBER_LENGTH = 18  # digits that fit into a bigint


@login_required_keep_post
def consortium(request: HttpRequest, number: str) -> HttpResponse:
    """Who takes part, who counts, and a search in the registry."""
    draft = get_draft_or_404(request, number)
    return render(request, "workspace/consortium.html", _consortium_page(request, draft))


def _consortium_page(
    request: HttpRequest, draft: Draft, form: OrganisationForm | None = None
) -> dict[str, object]:
    text = request.GET.get("q", "").strip()
    looked_for, left_out = searched(text.split(), MAX_WORDS)
    taken = [participant.organisation_id for participant in draft.participants]
    organisations = Organisation.objects.search_by_name(looked_for) if text else None
    facts = facts_of_draft(draft, received_at=None, reader=current_user(request))
    return base_context(
        draft,
        "consortium",
        **comments_context(request, draft, "consortium"),
        words=text,
        words_left_out=left_out,
        found=list(organisations[: MAX_RESULTS + 1]) if organisations is not None else None,
        most_found=MAX_RESULTS,
        taken=taken,
        section=drafts.section_of(draft.proposal, drafts.CONSORTIUM),
        **outlook_page(draft, facts, request.GET),
        organisation_form=form or OrganisationForm(prefix="new"),
        roles=Participant.RoleChoices.choices[1:],
        chosen_role=_chosen_role(request).value,
        seen=_seen(request) if request.method == "POST" else None,
    )


@login_required_keep_post
def what_if(request: HttpRequest, number: str) -> HttpResponse:
    """The part of the page about another consortium; requested as choices are made."""
    draft = get_draft_or_404(request, number)
    facts = facts_of_draft(draft, received_at=None, reader=current_user(request))
    context = base_context(draft, "consortium", **outlook_page(draft, facts, request.GET))
    return render(request, "workspace/includes/what_if.html", context)


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def clear_intended_countries(request: HttpRequest, number: str) -> HttpResponse:
    """Drop the countries that were in mind when the proposal began."""
    draft = _led_draft(request, number)
    try:
        participants.clear_intended_countries(
            draft.proposal, seen_version=_seen(request), by=current_user(request)
        )
    except EditConflict as conflict:
        _show_conflict(request, conflict, _("remove the countries you were considering"))
    return redirect("proposals:consortium", number)


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
@idempotent
def add_participant(request: HttpRequest, number: str) -> HttpResponse:
    """Take an organisation of the registry into the consortium."""
    draft = _led_draft(request, number)
    organisation = get_object_or_404(Organisation, pk=_chosen(request))
    return _add(request, draft, organisation)


@login_required_keep_post
@return_input_on_failure
@idempotent
def add_new_organisation(request: HttpRequest, number: str) -> HttpResponse:
    """Enter a partner that the registry does not have yet, and take it in."""
    draft = _led_draft(request, number)
    form = OrganisationForm(request.POST or None, prefix="new")
    if request.method != "POST" or not form.is_valid():
        context = _consortium_page(request, draft, form)
        return render(request, "workspace/new_participant.html", context)
    coordinator = draft.coordinator
    assert coordinator is not None  # noqa: S101 -- _led_draft() found who leads
    entered = form.save(commit=False)
    try:
        with transaction.atomic():
            organisation = register_partner(entered, steward=coordinator.organisation)
            participants.add_participant(
                draft.proposal,
                participants.NewParticipant(organisation, _chosen_role(request)),
                seen_version=_seen(request),
                by=current_user(request),
            )
    except EditConflict as conflict:
        _show_conflict(request, conflict, _("add %(name)s") % {"name": entered})
        context = _consortium_page(request, draft, form) | {"seen": None}
        return render(request, "workspace/new_participant.html", context, status=409)
    messages.success(request, _("%(name)s added to the consortium.") % {"name": organisation})
    return redirect("proposals:consortium", number)


def _add(request: HttpRequest, draft: Draft, organisation: Organisation) -> HttpResponse:
    role = _chosen_role(request)
    back = redirect("proposals:consortium", draft.proposal.number)
    try:
        participants.add_participant(
            draft.proposal,
            participants.NewParticipant(organisation, role),
            seen_version=_seen(request),
            by=current_user(request),
        )
    except participants.AlreadyInConsortium:
        text = _("%(name)s is already in the consortium. Nothing was changed.")
        messages.warning(request, text % {"name": organisation})
    except EditConflict as conflict:
        _show_conflict(request, conflict, _("add %(name)s") % {"name": organisation})
    else:
        messages.success(request, _("%(name)s added to the consortium.") % {"name": organisation})
    return back


@login_required_keep_post
@return_input_on_failure
def edit_participant(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Change the role of an organisation, or say who controls it."""
    draft = _led_draft(request, number)
    participant = get_object_or_404(draft.proposal.participants, key=key)
    form = ParticipantForm(request.POST or None, instance=participant, draft=draft)
    section = drafts.section_of(draft.proposal, drafts.CONSORTIUM)
    context = base_context(
        draft,
        "consortium",
        form=form,
        participant=participant,
        section=section,
        seen=_seen(request) if request.method == "POST" else None,
    )
    if request.method != "POST" or not form.is_valid():
        return render(request, "workspace/participant.html", context)
    fresh = get_object_or_404(draft.proposal.participants.select_related("proposal"), key=key)
    try:
        participants.change_participant(
            fresh,
            role=Role(form.cleaned_data["role"]),
            controller=participants.Controller(*form.controller),
            seen_version=_seen(request),
            by=current_user(request),
        )
    except participants.CoordinatorRequired:
        form.add_error("role", _("Make another organisation the coordinator first."))
        return render(request, "workspace/participant.html", context)
    except EditConflict as conflict:
        wanted = _("change the role or control of %(name)s") % {"name": fresh.organisation}
        _show_conflict(request, conflict, wanted)
        context |= {"seen": conflict.current.version}
        return render(request, "workspace/participant.html", context, status=409)
    messages.success(request, _("Saved."))
    return redirect("proposals:consortium", number)


@login_required_keep_post
@return_input_on_failure
def remove_participant(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Ask, then take an organisation out of the draft."""
    draft = _led_draft(request, number)
    participant = draft.proposal.participants.filter(key=key).first()
    if participant is None:  # a second window, or a second person, was faster
        messages.info(request, _("This organisation is no longer in the consortium."))
        return redirect("proposals:consortium", number)
    if request.method != "POST":
        section = drafts.section_of(draft.proposal, drafts.CONSORTIUM)
        context = base_context(draft, "consortium", participant=participant, section=section)
        return render(request, "workspace/remove_participant.html", context)
    name = str(participant.organisation)
    try:
        participants.remove_participant(
            participant, seen_version=_seen(request), by=current_user(request)
        )
    except participants.CoordinatorRequired:
        messages.warning(request, _("Make another organisation the coordinator first."))
    except EditConflict as conflict:
        _show_conflict(request, conflict, _("remove %(name)s") % {"name": name})
    else:
        text = _(
            "%(name)s removed from the consortium. If you add it again, its texts are restored."
        )
        messages.success(request, text % {"name": name})
    return redirect("proposals:consortium", number)


def _led_draft(request: HttpRequest, number: str) -> Draft:
    draft = get_draft_or_404(request, number)
    drafts.check_open(draft.proposal, clock.now())
    return draft


def _seen(request: HttpRequest) -> int:
    return _number(request.POST.get("seen_version", ""), otherwise=-1)


def _chosen(request: HttpRequest) -> int:
    return _number(request.POST.get("organisation", ""), otherwise=0)


def _number(text: str, *, otherwise: int) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_LENGTH
    return int(text) if is_number else otherwise


def _chosen_role(request: HttpRequest) -> Role:
    """How a new organisation takes part; coordination is only ever handed over."""
    is_associated = request.POST.get("role") == Role.ASSOCIATED.value
    return Role.ASSOCIATED if is_associated else Role.PARTNER


def _show_conflict(request: HttpRequest, conflict: EditConflict, wanted: str) -> None:
    text = _(
        "%(who)s changed the consortium while you were on this page, so your change was not "
        "saved: %(wanted)s. Check the list below and try again if it is still needed."
    )
    messages.warning(request, text % {"who": conflict.current.saved_by or "", "wanted": wanted})
