"""The consortium of a draft: who takes part, who counts, and what another partner would change."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from applicants.step_storage import EditConflict
from applicants.web import current_user, login_required_keep_post
from calls.eligibility.facts import Role
from foundation import clock
from foundation.sentences import gettext as _
from proposals.consortium import drafts, participants
from proposals.consortium.access import base_context, get_draft_or_404, return_input_on_failure
from proposals.consortium.confirmations import partner_states
from proposals.dossier.document import Draft
from proposals.dossier.facts import facts_of_draft
from proposals.steps.forms import ParticipantForm
from proposals.workspace.views.outlook import outlook_page
from proposals.workspace.views.partner_search import PartnerSearch, number_in, search_partners
from proposals.workspace.views.steps import comments_context


@login_required_keep_post
def consortium(request: HttpRequest, number: str) -> HttpResponse:
    """Who takes part, who counts, and a search in the registry."""
    draft = get_draft_or_404(request, number)
    return render(request, "workspace/consortium.html", consortium_page(request, draft))


def consortium_page(
    request: HttpRequest, draft: Draft, search: PartnerSearch | None = None
) -> dict[str, object]:
    """What the page shows; `search` holds invitations that could not be sent as they were typed."""
    facts = facts_of_draft(draft, received_at=None, reader=current_user(request))
    return base_context(
        draft,
        "consortium",
        **comments_context(request, draft, "consortium"),
        search=search or search_partners(draft, request.GET),
        states=partner_states(draft),
        section=drafts.section_of(draft.proposal, drafts.CONSORTIUM),
        **outlook_page(draft, facts, request.GET),
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
    draft = led_draft(request, number)
    try:
        participants.clear_intended_countries(
            draft.proposal, seen_version=seen_version(request), by=current_user(request)
        )
    except EditConflict as conflict:
        show_conflict(request, conflict, _("remove the countries you were considering"))
    return redirect("proposals:consortium", number)


@login_required_keep_post
@return_input_on_failure
def edit_participant(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Change the role of an organisation, or say who controls it."""
    draft = led_draft(request, number)
    participant = get_object_or_404(draft.proposal.participants, key=key)
    form = ParticipantForm(request.POST or None, instance=participant, draft=draft)
    section = drafts.section_of(draft.proposal, drafts.CONSORTIUM)
    context = base_context(
        draft,
        "consortium",
        form=form,
        participant=participant,
        section=section,
        seen=seen_version(request) if request.method == "POST" else None,
    )
    if request.method != "POST" or not form.is_valid():
        return render(request, "workspace/participant.html", context)
    fresh = get_object_or_404(draft.proposal.participants.select_related("proposal"), key=key)
    try:
        participants.change_participant(
            fresh,
            role=Role(form.cleaned_data["role"]),
            controller=participants.Controller(*form.controller),
            seen_version=seen_version(request),
            by=current_user(request),
        )
    except participants.CoordinatorRequired:
        form.add_error("role", _("Make another organisation the coordinator first."))
        return render(request, "workspace/participant.html", context)
    except EditConflict as conflict:
        wanted = _("change the role or control of %(name)s") % {"name": fresh.organisation}
        show_conflict(request, conflict, wanted)
        context |= {"seen": conflict.current.version}
        return render(request, "workspace/participant.html", context, status=409)
    messages.success(request, _("Saved."))
    return redirect("proposals:consortium", number)


@login_required_keep_post
@return_input_on_failure
def remove_participant(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Ask, then take an organisation out of the draft."""
    draft = led_draft(request, number)
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
            participant, seen_version=seen_version(request), by=current_user(request)
        )
    except participants.CoordinatorRequired:
        messages.warning(request, _("Make another organisation the coordinator first."))
    except EditConflict as conflict:
        show_conflict(request, conflict, _("remove %(name)s") % {"name": name})
    else:
        text = _(
            "%(name)s removed from the consortium. If you add it again, its texts are restored."
        )
        messages.success(request, text % {"name": name})
    return redirect("proposals:consortium", number)


def led_draft(request: HttpRequest, number: str) -> Draft:
    """A draft that this person may change now. Raises NotOpen."""
    draft = get_draft_or_404(request, number)
    drafts.check_open(draft.proposal, clock.now())
    return draft


def seen_version(request: HttpRequest) -> int:
    """The version of the consortium that the page showed; -1 where none was sent."""
    number = number_in(request.POST.get("seen_version", ""))
    return -1 if number is None else number


def show_conflict(request: HttpRequest, conflict: EditConflict, wanted: str) -> None:
    """Say on the next page who was faster, and what was not done."""
    text = _(
        "%(who)s changed the consortium while you were on this page, so your change was not "
        "saved: %(wanted)s. Check the list below and try again if it is still needed."
    )
    messages.warning(request, text % {"who": conflict.current.saved_by or "", "wanted": wanted})
