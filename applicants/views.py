"""Pages of people and organisations."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from applicants import invitations, organisations, profile
from applicants.autosave import (
    UnresolvedConflict,
    autosave,
    is_autosave,
    resolve_conflicts,
    saved_as_typed_response,
)
from applicants.forms import ColleagueForm, OrganisationForm
from applicants.models import Organisation, ProfileSection, User
from applicants.once import idempotent
from applicants.profile_pages import first_page_needed, page_named, page_states
from applicants.profile_views import show_page
from applicants.step_storage import EditConflict, save_step
from applicants.web import (
    applicants_only,
    current_user,
    hide_token_address,
    login_required_keep_post,
)
from foundation.sentences import gettext as _


@login_required_keep_post
def my_organisations(request: HttpRequest) -> HttpResponse:
    """Their organisations, and the partners' records that these keep."""
    organisations = (
        Organisation.objects.editable_by(current_user(request))
        .prefetch_related("profile_sections", "members")
        .order_by("legal_name")
    )
    rows = [(organisation, profile.profile_of(organisation)) for organisation in organisations]
    return render(request, "applicants/organisations.html", {"rows": rows})


@login_required_keep_post
@applicants_only
@idempotent
def new_organisation(request: HttpRequest) -> HttpResponse:
    form = OrganisationForm(request.POST or None, initial=_initial_from_query(request))
    if request.method == "POST" and form.is_valid():
        organisation = organisations.register_organisation(
            form.save(commit=False), by=current_user(request)
        )
        messages.success(request, _("%(name)s is registered.") % {"name": organisation})
        then = request.GET.get("then", "")
        is_here = url_has_allowed_host_and_scheme(then, None)
        return redirect(then if then and is_here else organisation)
    return render(request, "applicants/organisation_form.html", {"form": form})


def _initial_from_query(request: HttpRequest) -> dict[str, str]:
    """The answers of a self-check about the organisation, so that nobody types them twice."""
    return {name: request.GET[name] for name in ("kind", "country") if name in request.GET}


@login_required_keep_post
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    """One organisation: its record, its people, the state of its profile."""
    organisation = _with_people(request, pk)
    return render(request, "applicants/organisation.html", _page(organisation, ColleagueForm()))


def _with_people(request: HttpRequest, pk: int) -> Organisation:
    editable = Organisation.objects.editable_by(current_user(request))
    return get_object_or_404(editable.prefetch_related("profile_sections", "members"), pk=pk)


def _page(organisation: Organisation, form: ColleagueForm) -> dict[str, Any]:
    return {
        "organisation": organisation,
        "profile": profile.profile_of(organisation),
        "colleague_form": form,
        "invitations": invitations.open_invitations(organisation),
    }


@login_required_keep_post
def edit_organisation(request: HttpRequest, pk: int) -> HttpResponse:
    organisation = get_object_or_404(Organisation.objects.editable_by(current_user(request)), pk=pk)
    form = OrganisationForm(request.POST or None, instance=organisation)
    context: dict[str, Any] = {"form": form, "organisation": organisation}
    if request.method != "POST" or not form.is_valid():
        return render(request, "applicants/organisation_form.html", context)
    try:
        organisations.save_record(form.save(commit=False), seen_version=form.seen)
    except organisations.RecordChanged as conflict:
        data: Any = form.data
        typed = data.copy()
        typed["seen_version"] = str(conflict.current.record_version)
        form.data = typed
        context |= {"differences": form.differences(conflict.current)}
        return render(request, "applicants/organisation_form.html", context, status=409)
    messages.success(request, _("The details of %(name)s are saved.") % {"name": organisation})
    return redirect(organisation)


@login_required_keep_post
@require_http_methods(["POST"])
@idempotent
def invite_colleague(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a link to an address, for the first time or again."""
    organisation = _with_people(request, pk)
    form = ColleagueForm(request.POST)
    if not form.is_valid():
        return render(request, "applicants/organisation.html", _page(organisation, form))
    address = form.cleaned_data["email"]
    try:
        invitations.invite_colleague(organisation, email=address, by=current_user(request))
    except invitations.SentTooOften:
        form.add_error(
            "email", _("Ten emails have been sent to this address. Contact the person another way.")
        )
        return render(
            request, "applicants/organisation.html", _page(organisation, form), status=422
        )
    messages.success(request, _("Invitation sent to %(address)s.") % {"address": address})
    return redirect(organisation)


@login_required_keep_post
@require_http_methods(["POST"])
def cancel_invitation(request: HttpRequest, pk: int, invitation_pk: int) -> HttpResponse:
    """End a colleague's link before it is used."""
    organisation = _with_people(request, pk)
    invitation = get_object_or_404(organisation.colleague_invitations, pk=invitation_pk)
    try:
        invitations.cancel_invitation(invitation, by=current_user(request))
    except invitations.InvitationClosed:
        messages.warning(request, _("This invitation was accepted or cancelled in the meantime."))
    else:
        messages.success(request, _("Invitation cancelled. The link no longer works."))
    return redirect(organisation)


@login_required_keep_post
@require_http_methods(["POST"])
def remove_colleague(request: HttpRequest, pk: int, person_pk: int) -> HttpResponse:
    """Leave an organisation, or let a colleague act for it no longer."""
    organisation = Organisation.objects.with_member(current_user(request)).filter(pk=pk).first()
    if organisation is None:  # the same for whoever never acted for it, and for whatever number
        messages.warning(
            request,
            _("You do not act for this organisation. Nothing was changed."),
        )
        return redirect("applicants:organisations")
    colleague = organisation.members.filter(pk=person_pk).first()
    if colleague is None:  # not named: who asks may see members only
        text = _("This person no longer acts for %(name)s. Nothing was changed.")
        messages.warning(request, text % {"name": organisation})
        return redirect(organisation)
    names = {"who": colleague, "name": organisation}
    try:
        organisations.end_membership(organisation, user=colleague, by=current_user(request))
    except organisations.NotMember as refusal:
        return _not_removed(request, organisation, refusal.user)
    except organisations.LastMember:
        text = _("No one else acts for %(name)s. Invite a colleague first.")
        messages.warning(request, text % names)
        return redirect(organisation)
    messages.success(request, _("%(who)s no longer acts for %(name)s.") % names)
    return redirect("applicants:organisations" if colleague == request.user else organisation)


def _not_removed(request: HttpRequest, organisation: Organisation, gone: User) -> HttpResponse:
    """Somebody was removed while this click waited: the colleague already, or who clicked."""
    if gone == request.user:
        text = _(
            "A colleague has removed you: you no longer act for %(name)s. Nothing else was changed."
        )
        messages.warning(request, text % {"name": organisation})
        return redirect("applicants:organisations")
    text = _("%(who)s no longer acted for %(name)s. Nothing was changed.")
    messages.warning(request, text % {"who": gone, "name": organisation})
    return redirect(organisation)


@login_required_keep_post
@applicants_only
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Accept a colleague's invitation with the address that it was sent to."""
    user = current_user(request)
    try:
        invitation = invitations.invitation_for(token, user=user)
        if request.method == "POST":
            invitations.accept_invitation(invitation, user=user)
    except invitations.InvitationClosed as closed:
        status = 404 if closed.why in {"unknown", "address"} else 410
        context = {"why": closed.why}
        return hide_token_address(
            render(request, "applicants/bad_invitation.html", context, status=status)
        )
    organisation = invitation.organisation
    if request.method == "POST":
        messages.success(request, _("You now act for %(name)s.") % {"name": organisation})
        return redirect(organisation)
    return hide_token_address(
        render(request, "applicants/join.html", {"organisation": organisation})
    )


@login_required_keep_post
def profile_overview(request: HttpRequest, pk: int) -> HttpResponse:
    """What of the profile is complete and what is missing."""
    organisation = _with_profile(request, pk)
    state = profile.profile_of(organisation)
    context = {
        "organisation": organisation,
        "profile": state,
        "pages": page_states(state),
        "first_page": first_page_needed(state),
    }
    return render(request, "applicants/profile.html", context)


@login_required_keep_post
def profile_step(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """One page of the profile, or one of its steps with all fields."""
    organisation = _with_profile(request, pk)
    page = page_named(slug)
    if page is not None:
        return show_page(request, organisation, page)
    form_class = profile.form_for(slug)
    if form_class is None:
        raise Http404
    stored = ProfileSection.objects.select_related("saved_by").filter(
        organisation=organisation, step=slug
    )
    section = stored.first() or ProfileSection(organisation=organisation, step=slug)
    form = form_class(request.POST or None, saved=section)

    def save() -> None:
        answers = resolve_conflicts(request, form, section)
        save_step(section, answers=answers, seen_version=form.seen, by=current_user(request))

    if is_autosave(request):
        return autosave(form, section, save=save)
    state = profile.profile_of(organisation)
    context: dict[str, Any] = {
        "organisation": organisation,
        "profile": state,
        "pages": page_states(state),
        "form": form,
        "section": section,
    }
    if request.method != "POST" or not form.is_storable():
        form.show_problems()
        return render(request, "applicants/profile_step.html", context)
    return _save_and_go_on(request, context, save)


def _save_and_go_on(
    request: HttpRequest, context: dict[str, Any], save: Callable[[], None]
) -> HttpResponse:
    """Store the step and lead on, or show what somebody else saved meanwhile, or what to correct."""
    result, form, section = context["organisation"], context["form"], context["section"]
    status = 409
    try:
        save()
    except UnresolvedConflict as left:
        context |= {"theirs": section, "differences": form.differences(section, left.names)}
        context |= {"not_chosen": True}
    except EditConflict as conflict:
        form.rebase_on(conflict.current)
        context |= {"theirs": conflict.current, "differences": form.differences(conflict.current)}
    else:
        if form.is_valid():
            messages.success(request, _("Saved."), extra_tags=request.path)  # as in other steps
            following = profile.step_after(form.slug)
            if following is None:
                return redirect("applicants:profile", result.pk)
            return redirect("applicants:profile-step", result.pk, following)
        messages.warning(request, saved_as_typed_response(), extra_tags=request.path)
        form.rebase_on(section)
        context["profile"] = profile.profile_of(_with_profile(request, result.pk))
        context["pages"] = page_states(context["profile"])
        status = 200
    return render(request, "applicants/profile_step.html", context, status=status)


def _with_profile(request: HttpRequest, pk: int) -> Organisation:
    editable = Organisation.objects.editable_by(current_user(request))
    return get_object_or_404(editable.prefetch_related("profile_sections"), pk=pk)
