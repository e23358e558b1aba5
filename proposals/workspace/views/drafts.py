"""Starting a proposal, its overview, and its consortium."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from applicants.forms import OrganisationForm
from applicants.models import Organisation
from applicants.once import idempotent
from applicants.organisations import register_partner
from applicants.step_storage import EditConflict
from applicants.web import applicants_only, current_user, login_required_keep_post
from calls.eligibility.facts import Role
from calls.models import Call, CallState, Strand
from calls.visibility import visible_calls
from foundation import clock
from foundation.search_words import searched
from foundation.sentences import gettext as _
from proposals.consortium import participants
from proposals.consortium.access import base_context, get_draft_or_404, return_input_on_failure
from proposals.consortium.confirmations import missing_confirmations
from proposals.dossier.document import Draft
from proposals.dossier.facts import facts_of_draft
from proposals.models import Participant, Proposal
from proposals.steps.forms import ParticipantForm
from proposals.steps.wizard import steps_of
from proposals.workspace.copy_proposal import copy_proposal, left_out_of
from proposals.workspace.deletion import (
    NotDeleted,
    RestorePeriodOver,
    WasSubmitted,
    delete_draft,
    restore_draft,
)
from proposals.workspace.dossier_diff import changes_since_current
from proposals.workspace.prefill import answers_from_query, start_prefilled
from proposals.workspace.views.outlook import outlook_page
from proposals.workspace.views.steps import comments_context

MAX_RESULTS = 12
MAX_WORDS = 6  # of a name, looked for in the registry
MAX_NUMBER_LENGTH = 18  # digits that fit into a bigint
VERSIONS_PER_PAGE = 50


@login_required_keep_post
@applicants_only
@idempotent
def start(request: HttpRequest, reference: str, strand: str) -> HttpResponse:
    """Choose for which organisation a proposal is started in a strand."""
    result = get_object_or_404(
        Strand.objects.select_related("call__programme"),
        call__in=visible_calls(request, clock.now()),
        call__reference=reference,
        code=strand,
    )
    own = Organisation.objects.with_member(current_user(request))
    answers = answers_from_query(request.GET, result)
    earlier = Proposal.objects.led_by(current_user(request)).filter(deleted_at=None)
    context = {
        "strand": result,
        "call": result.call,
        "organisations": own,
        "answers": answers,
        "earlier": earlier.select_related("strand__call")
        .only("number", "strand__number", "strand__call__reference")
        .with_acronym(),
    }
    if not result.call.is_open(clock.now()):
        return _not_open(request, result.call)
    if request.method != "POST":
        return render(request, "workspace/start.html", context)
    organisation = get_object_or_404(own, pk=_chosen(request))
    source = _source_of_copy(request)
    try:
        if source is not None:
            proposal = copy_proposal(
                source, result, organisation=organisation, by=current_user(request)
            )
        else:
            proposal = start_prefilled(
                result, organisation=organisation, answers=answers, by=current_user(request)
            )
    except participants.NotOpen:
        return _not_open(request, result.call)
    messages.success(request, _("Draft %(number)s created.") % {"number": proposal.number})
    _show_left_out(request, proposal)
    return redirect("proposals:step", proposal.number, "summary")


def _source_of_copy(request: HttpRequest) -> Proposal | None:
    number = request.POST.get("copy_of")
    if not number:
        return None
    led = Proposal.objects.with_page_parts().led_by(current_user(request))
    proposal: Proposal = get_object_or_404(led, number=number, deleted_at=None)
    return proposal


def _not_open(request: HttpRequest, call: Call) -> HttpResponse:
    """Says when it opens, or that it has closed."""
    context = {"call": call, "has_ended": call.state_at(clock.now()) == CallState.CLOSED}
    return render(request, "workspace/not_open.html", context, status=409)


def _show_left_out(request: HttpRequest, proposal: Proposal) -> None:
    """Of a copy into another strand: what was not taken over, and what is to be filled in instead."""
    left_out = left_out_of(proposal)
    if not left_out:
        return
    draft = Draft(Proposal.objects.with_page_parts().get(pk=proposal.pk))
    to_fill = [
        f"{step.title}: {', '.join(missing)}"
        for step in steps_of(draft.proposal.strand)
        if (missing := step.missing(draft))
    ]
    text = _(
        "Not copied, because this strand does not require it: %(left_out)s. It is still in "
        "the proposal that you copied, and is listed in the timeline of this draft."
    )
    messages.warning(request, text % {"left_out": "; ".join(left_out)})
    if to_fill:
        text = _("Still to complete: %(to_fill)s.")
        messages.warning(request, text % {"to_fill": "; ".join(to_fill)})


@login_required_keep_post
def proposal(request: HttpRequest, number: str) -> HttpResponse:
    """The overview: what counts, what is missing, what can be done next."""
    draft = get_draft_or_404(request, number)
    versions = draft.proposal.versions.select_related("submitted_by", "withdrawal")
    versions = versions.defer("dossier", "circumstances", "acknowledged").order_by("-number")
    context = base_context(
        draft,
        "overview",
        versions=Paginator(versions, VERSIONS_PER_PAGE).get_page(request.GET.get("page")),
        changes=changes_since_current(draft),
        wants_reminders=draft.proposal.reminder_subscriptions.filter(
            user=current_user(request)
        ).exists(),
        unconfirmed=missing_confirmations(draft),
    )
    return render(request, "workspace/proposal.html", context)


@login_required_keep_post
@return_input_on_failure
def delete(request: HttpRequest, number: str) -> HttpResponse:
    """Ask, then delete a draft that was never submitted."""
    draft = get_draft_or_404(request, number)
    context = base_context(draft, "overview", versions=draft.proposal.versions.exists())
    if request.method != "POST":
        return render(request, "workspace/delete.html", context)
    try:
        delete_draft(draft.proposal, by=current_user(request))
    except WasSubmitted:
        return render(request, "workspace/delete.html", context | {"versions": True}, status=409)
    messages.success(
        request,
        _("Draft %(number)s deleted. You can restore it below for 30 days.") % {"number": number},
    )
    return redirect("proposals:mine")


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def restore(request: HttpRequest, number: str) -> HttpResponse:
    """Bring a deleted draft back; only people of the coordinator see it."""
    led = Proposal.objects.with_page_parts().led_by(current_user(request))
    proposal = get_object_or_404(led, number=number)
    try:
        restore_draft(proposal, by=current_user(request))
    except NotDeleted:
        messages.info(request, _("The draft has already been restored."))
        return redirect(proposal)
    except RestorePeriodOver:
        messages.warning(
            request,
            _("This draft was deleted more than 30 days ago and can no longer be restored."),
        )
        return redirect("proposals:mine")
    messages.success(request, _("Draft restored with all its content."))
    return redirect(proposal)


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
        section=participants.section_of(draft.proposal, participants.CONSORTIUM),
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
    section = participants.section_of(draft.proposal, participants.CONSORTIUM)
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
    except participants.CoordinatorStays:
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
        section = participants.section_of(draft.proposal, participants.CONSORTIUM)
        context = base_context(draft, "consortium", participant=participant, section=section)
        return render(request, "workspace/remove_participant.html", context)
    name = str(participant.organisation)
    try:
        participants.remove_participant(
            participant, seen_version=_seen(request), by=current_user(request)
        )
    except participants.CoordinatorStays:
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
    participants.check_open(draft.proposal, clock.now())
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
