"""Starting, copying, deleting and restoring a draft, and its overview."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from applicants.models import Organisation
from applicants.once import idempotent
from applicants.web import applicants_only, current_user, login_required_keep_post
from calls.models import Call, CallState, Strand
from calls.visibility import visible_calls
from foundation import clock
from foundation.identifiers import key_of
from foundation.sentences import gettext as _
from proposals.consortium import drafts
from proposals.consortium.access import base_context, get_draft_or_404, return_input_on_failure
from proposals.consortium.confirmations import missing_confirmations
from proposals.dossier.document import Draft
from proposals.models import Proposal
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
    organisation = get_object_or_404(own, pk=key_of(request.POST.get("organisation", "")))
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
    except drafts.NotOpen:
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
