"""The profile in two pages: one sitting for an organisation, then back to where it began."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from applicants.autosave import (
    UnresolvedConflict,
    autosave,
    is_autosave,
    resolve_conflicts,
    saved_as_typed_response,
)
from applicants.models import Organisation, ProfileSection
from applicants.profile import profile_of
from applicants.profile_copy import copy_profile, of_same_body
from applicants.profile_pages import (
    Answers,
    ProfilePage,
    ProfilePageForm,
    page_after,
    page_states,
    save_page,
    versions_in,
)
from applicants.step_storage import EditConflict
from applicants.steps import StepForm
from applicants.web import current_user
from foundation.sentences import gettext as _
from foundation.sentences import ngettext


def then_in(request: HttpRequest) -> str:
    """The address of this portal to which somebody goes on after a profile; empty for none."""
    then = request.GET.get("then", "")
    return then if then and url_has_allowed_host_and_scheme(then, None) else ""


def show_page(request: HttpRequest, organisation: Organisation, page: ProfilePage) -> HttpResponse:
    """Show one page of a profile, or save what was sent of it."""
    if request.method == "POST" and "copy_from" in request.POST:
        return _copy(request, organisation, page)
    form = ProfilePageForm(page, organisation, request.POST if request.method == "POST" else None)

    def answers_of(step: StepForm) -> Answers:
        return resolve_conflicts(request, step, step.saved)

    def save() -> None:
        save_page(form, answers_of=answers_of, by=current_user(request))

    if is_autosave(request):
        return autosave(form, form, save=save)  # type: ignore[arg-type]  # has the version of a section
    if request.method != "POST" or not form.is_storable():
        form.show_problems()
        return _render(request, organisation, form)
    try:
        save()
    except (EditConflict, UnresolvedConflict) as conflict:
        return _show_conflict(request, organisation, form, conflict)
    if form.is_valid():
        messages.success(request, _("Saved."), extra_tags=request.path)  # as in other steps
        return redirect(_address_after(request, organisation, page))
    messages.warning(request, saved_as_typed_response(), extra_tags=request.path)
    return _render(request, organisation, form, seen_version=form.version)


def _address_after(request: HttpRequest, organisation: Organisation, page: ProfilePage) -> str:
    """The next page; after the last one the place where the sitting began."""
    then, following = then_in(request), page_after(page)
    if following is None:
        return then or reverse("applicants:profile", args=[organisation.pk])
    address = reverse("applicants:profile-step", args=[organisation.pk, following.slug])
    return f"{address}?{urlencode({'then': then})}" if then else address


def _render(
    request: HttpRequest,
    organisation: Organisation,
    form: ProfilePageForm,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    current = Organisation.objects.prefetch_related("profile_sections").get(pk=organisation.pk)
    sections = [step.saved for step in form.forms if step.saved.saved_at]
    context = {
        "organisation": current,
        "profile": (profile := profile_of(current)),
        "pages": page_states(profile),
        "form": form,
        "wrong": form.first_wrong,
        "seen_version": form.seen_version,
        "section": max(sections, key=lambda section: section.saved_at or 0, default=None),
        "same_body": of_same_body(current, current_user(request)),
    } | context
    return render(request, "applicants/profile_page.html", context, status=status)


def _show_conflict(
    request: HttpRequest,
    organisation: Organisation,
    form: ProfilePageForm,
    conflict: EditConflict | UnresolvedConflict,
) -> HttpResponse:
    """Both texts of the step that somebody else saved; the next save may replace that version of it alone."""
    if isinstance(conflict, UnresolvedConflict):
        step = next(step for step in form.forms if set(conflict.names) <= set(step.fields))
        context = {"differences": step.differences(step.saved, conflict.names), "not_chosen": True}
        return _render(request, organisation, form, status=409, theirs=step.saved, **context)
    current = ProfileSection.objects.select_related("saved_by").get(pk=conflict.current.pk)
    step = next(step for step in form.forms if step.slug == current.step)
    seen = versions_in(form.seen_version) | {current.step: str(current.version)}
    differences = [
        difference for difference in step.differences(current) if difference.name in step.fields
    ]
    return _render(
        request,
        organisation,
        form,
        status=409,
        theirs=current,
        differences=differences,
        seen_version="-".join(f"{slug}.{version}" for slug, version in seen.items()),
    )


def _copy(request: HttpRequest, organisation: Organisation, page: ProfilePage) -> HttpResponse:
    """Fill what is empty from another organisation of the same body."""
    wanted = request.POST["copy_from"]
    sources = of_same_body(organisation, current_user(request))
    source = next((other for other in sources if str(other.pk) == wanted), None)
    address = request.get_full_path()
    if source is None:
        messages.warning(request, _("Nothing was copied. Select one of your organisations below."))
        return redirect(address)
    try:
        count = copy_profile(source, organisation, by=current_user(request))
    except EditConflict:
        text = _(
            "Nothing was copied, because somebody saved this profile at the same time. Try again."
        )
        messages.warning(request, text)
        return redirect(address)
    text = ngettext(
        "%(count)s answer copied from %(name)s. Check it below.",
        "%(count)s answers copied from %(name)s. Check them on both pages.",
        count,
    )
    messages.success(request, text % {"count": count, "name": source})
    return redirect(address)
