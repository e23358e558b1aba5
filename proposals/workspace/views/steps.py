"""The steps of the wizard: one address each, saved at once, in any order."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from applicants.autosave import (
    Merged,
    UnresolvedConflict,
    autosave,
    deadline_passed_response,
    is_autosave,
    resolve_conflicts,
    saved_as_typed_response,
)
from applicants.models import Organisation
from applicants.web import current_user, login_required_keep_post
from foundation import clock
from foundation.identifiers import key_of
from foundation.sentences import gettext as _
from proposals.consortium import drafts
from proposals.consortium.access import base_context, get_draft_or_404, return_input_on_failure
from proposals.consortium.confirmations import partner_states
from proposals.consortium.permissions import OWN_LINE_STEP
from proposals.consortium.presence import location_of
from proposals.dossier.document import Draft, dossier_of
from proposals.models import Participant, Section
from proposals.steps.forms import (
    ActivitiesForm,
    BudgetForm,
    CommentForm,
    DescriptionForm,
    ProposalStepForm,
)
from proposals.steps.wizard import is_from_check, step_named, url_after, url_before, url_of
from proposals.workspace.comments import CommentPage, page_of_comments
from proposals.workspace.queries import fetch_collaboration

Page = Callable[..., HttpResponse]


@login_required_keep_post
@return_input_on_failure
def step(request: HttpRequest, number: str, slug: str) -> HttpResponse:
    """A step that is one form."""
    draft = get_draft_or_404(request, number)
    step = step_named(draft.proposal.strand, slug)
    if step is None or step.form is None or step.form is DescriptionForm:
        raise Http404
    return _edit(request, draft, step.form, None)


@login_required_keep_post
def descriptions(request: HttpRequest, number: str) -> HttpResponse:
    """Each partner with the state of its description and its profile."""
    draft = get_draft_or_404(request, number)
    rows = [
        (
            participant,
            draft.answers(DescriptionForm.slug, participant).get("description", ""),
            draft.profile(participant),
        )
        for participant in draft.participants
    ]
    needed = [
        participant.organisation_id
        for participant, _text, profile in rows
        if participant.applies and not profile.is_complete
    ]
    own = Organisation.objects.editable_by(current_user(request)).filter(pk__in=needed)
    context = base_context(
        draft,
        DescriptionForm.slug,
        rows=rows,
        states=partner_states(draft),
        has_own_profiles_to_complete=bool(needed) and own.exists(),
    )
    return render(request, "workspace/descriptions.html", context)


@login_required_keep_post
@return_input_on_failure
def description(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """The description of one partner."""
    draft = get_draft_or_404(request, number)
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
    section = drafts.section_of(draft.proposal, form_class.slug, participant)
    form = _bound(request, draft, form_class, section)

    def page(status: int = 200, draft: Draft = draft, **more: Any) -> HttpResponse:
        context = base_context(
            draft,
            form_class.slug,
            form=form,
            is_from_check=is_from_check(request),
            section=section,
            participant=participant,
            dossier=dossier_of(draft) if form_class is ActivitiesForm else None,
            **collaboration_context(request, draft, form_class.slug, participant),
            **more,
        )
        return render(request, _template_of(form_class), context, status=status)

    if request.method != "POST":
        earlier_text = _put_back(request, section, form)
        if earlier_text is None:
            form.show_problems()
        return page(earlier_text=earlier_text)
    is_open = draft.proposal.is_open(clock.now())
    if is_autosave(request):
        return _autosave(request, draft, form, section) if is_open else deadline_passed_response()
    if not is_open or not form.is_storable():
        return page(status=200 if is_open else 409, came_too_late=not is_open)
    return _save_and_go_on(request, draft, form, section, page)


def _save_and_go_on(
    request: HttpRequest, draft: Draft, form: ProposalStepForm, section: Section, page: Page
) -> HttpResponse:
    """Store the step and lead on, or show what somebody else saved meanwhile beside it."""
    try:
        merged = _save(request, draft, form, section)
    except UnresolvedConflict as left:
        differences = form.differences(section, left.names)
        return page(status=409, theirs=section, differences=differences, not_chosen=True)
    except drafts.MergeConflict as conflict:
        differences = form.differences(conflict.current, conflict.merge.conflicts)
        form.merge_with(conflict.current, conflict.merge)
        return page(status=409, theirs=conflict.current, differences=differences)
    if not form.is_valid():
        messages.warning(request, saved_as_typed_response(), extra_tags=request.path)
        form.rebase_on(section)
        return redirect(request.get_full_path()) if merged else page(draft=Draft(draft.proposal))
    if merged:
        text = _("Saved and merged with changes by someone else: %(fields)s.")
        message = text % {"fields": ", ".join(merged)}
    else:
        message = _("Saved.")
    messages.success(request, message, extra_tags=request.path)  # for what the browser has kept
    return redirect(_address_after(request, draft, form))


def _address_after(request: HttpRequest, draft: Draft, form: ProposalStepForm) -> str:
    """Where the button that was pressed leads."""
    if "more" in request.POST:
        return request.path
    match request.POST.get("then"):
        case "check":
            return url_of(draft, "check")
        case "previous":
            return url_before(draft, form.slug)
    if not draft.proposal.access.leads:  # the next step may be somebody else's
        return reverse("proposals:progress", args=[draft.proposal.number])
    return url_after(draft, form.slug)


def _bound(
    request: HttpRequest, draft: Draft, form_class: type[ProposalStepForm], section: Section
) -> ProposalStepForm:
    """The form of a step; who writes only for a partner gets only that partner's line of the budget."""
    values: dict[str, Any] = {"saved": section, "draft": draft}
    access = draft.proposal.access
    if form_class is BudgetForm and not access.writes_step(OWN_LINE_STEP):
        values["only"] = access.keys
    return form_class(request.POST or None, **values)


def _save(
    request: HttpRequest, draft: Draft, form: ProposalStepForm, section: Section
) -> list[str]:
    """Store the step; returns the labels of fields in which somebody else's text was merged in."""
    merged = drafts.save_or_merge(
        draft.proposal,
        section,
        answers=resolve_conflicts(request, form, section),
        seen_version=form.seen,
        by=current_user(request),
    )
    return [str(form.label_of(name)) for name in merged.taken] if merged is not None else []


def _autosave(
    request: HttpRequest, draft: Draft, form: ProposalStepForm, section: Section
) -> HttpResponse:
    def save() -> Merged | None:
        labels = _save(request, draft, form, section)
        if not labels:
            return None
        return Merged(labels, type(form)(saved=section, draft=draft))

    return autosave(form, section, save=save)


def _put_back(request: HttpRequest, section: Section, form: ProposalStepForm) -> Any:
    """An earlier text that was asked for (`?text=7`), put into the form and not stored."""
    asked = key_of(request.GET.get("text", ""))
    if asked is None:
        return None
    saved = drafts.saved_texts(section).filter(version=asked).first()
    if saved is None:
        raise Http404
    form.show_text(saved.answers)
    return saved


def collaboration_context(
    request: HttpRequest, draft: Draft, step: str, participant: Participant | None = None
) -> dict[str, Any]:
    """What every step shows of the others: who writes it, and comments. Who is here a script asks."""
    key = participant.key if participant is not None else ""
    rows = fetch_collaboration(proposal=draft.proposal.pk, step=step, key=key)
    owners = {owner for (owner,) in rows["owners"]}
    return {
        **comments_context(request, draft, step, key, has_comments=bool(rows["comments"])),
        "step_owner": next((item for item in draft.participants if item.pk in owners), None),
        "mentionable": [member for member in rows["members"] if member != request.user],
    }


def comments_context(
    request: HttpRequest, draft: Draft, step: str, key: str = "", *, has_comments: bool = True
) -> dict[str, Any]:
    """What every place shows of its comments: the newest, or those up to the one that a link names."""
    comments = draft.proposal.comments.filter(step=step, participant_key=key)
    until = key_of(request.GET.get("comment", ""))
    return {
        "place": location_of(step, key),
        "comment_page": (
            page_of_comments(comments, until=until)
            if has_comments
            else CommentPage([], False, False)
        ),
        "comment_form": CommentForm(),
    }


def _template_of(form_class: type[ProposalStepForm]) -> str:
    own = {"budget": "workspace/budget.html", "deliverables": "workspace/deliverables.html"}
    return own.get(form_class.slug, "workspace/step.html")
