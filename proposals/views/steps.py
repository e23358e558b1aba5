"""The steps of the wizard: one address each, saved at once, in any order."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from applicants.autosave import autosave, came_too_late, is_autosave
from applicants.saving import StepChanged
from applicants.web import person, signed_in
from calls import clock
from proposals import drafting
from proposals.dossier import Draft
from proposals.forms import DescriptionForm, ProposalStepForm
from proposals.models import Participant
from proposals.views.access import draft_of, page_of, while_open
from proposals.wizard import step_named, url_after


@signed_in
@while_open
def step(request: HttpRequest, number: str, slug: str) -> HttpResponse:
    """A step that is one form."""
    draft = draft_of(request, number)
    found = step_named(draft.proposal.strand, slug)
    if found is None or found.form is None or found.form is DescriptionForm:
        raise Http404
    return _edit(request, draft, found.form, None)


@signed_in
def descriptions(request: HttpRequest, number: str) -> HttpResponse:
    """Each partner with the state of its description and its profile."""
    draft = draft_of(request, number)
    rows = [
        (one, draft.answers(DescriptionForm.slug, one).get("description", ""), draft.profile(one))
        for one in draft.participants
    ]
    context = page_of(draft, DescriptionForm.slug, rows=rows)
    return render(request, "proposals/descriptions.html", context)


@signed_in
@while_open
def description(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """The description of one partner."""
    draft = draft_of(request, number)
    participant = get_object_or_404(
        draft.proposal.participants.select_related("organisation"), key=key
    )
    return _edit(request, draft, DescriptionForm, participant)


def _edit(
    request: HttpRequest,
    draft: Draft,
    form_class: type[ProposalStepForm],
    participant: Participant | None,
) -> HttpResponse:
    section = drafting.section_of(draft.proposal, form_class.slug, participant)
    form = form_class(request.POST or None, saved=section, draft=draft)

    def page(status: int = 200, **more: Any) -> HttpResponse:
        context = page_of(
            draft, form_class.slug, form=form, section=section, participant=participant, **more
        )
        return render(request, _template_of(form_class), context, status=status)

    if request.method != "POST":
        return page()
    is_open = draft.proposal.is_open(clock.now())
    if is_autosave(request):
        return autosave(form, section, by=person(request)) if is_open else came_too_late()
    if not is_open or not form.is_valid():
        return page(status=200 if is_open else 409, came_too_late=not is_open)
    try:
        drafting.save_section(
            draft.proposal,
            section,
            answers=form.answers(),
            seen_version=form.seen,
            by=person(request),
        )
    except StepChanged as conflict:
        form.rebase_on(conflict.current)
        differences = form.differences(conflict.current)
        return page(status=409, theirs=conflict.current, differences=differences)
    if "more" in request.POST:
        return redirect(request.path)
    messages.success(request, _("Saved."))
    return redirect(url_after(draft, form_class.slug))


def _template_of(form_class: type[ProposalStepForm]) -> str:
    own = {"budget": "proposals/budget.html", "deliverables": "proposals/deliverables.html"}
    return own.get(form_class.slug, "proposals/step.html")
