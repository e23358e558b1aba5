"""Tasks by partner, who is here, and reminders."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from applicants.models import Organisation
from applicants.profile import profile_of
from applicants.profile_pages import first_page_needed
from applicants.web import current_user, login_required_keep_post
from calls.eligibility.rules.base import join_names
from foundation import clock
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.consortium import presence
from proposals.consortium.access import base_context, get_draft_or_404, return_input_on_failure
from proposals.consortium.assignments import (
    NobodyToRemind,
    RemindedRecently,
    TooManyReminders,
    assign_step,
    remind,
)
from proposals.consortium.deadline_reminders import has_reminders, set_reminders
from proposals.consortium.progress import (
    SHARED_STEPS,
    consortium_progress,
    reminder_for,
)
from proposals.steps.forms import DescriptionForm
from proposals.steps.wizard import step_named, steps_of


@login_required_keep_post
def progress(request: HttpRequest, number: str) -> HttpResponse:
    """Partners by parts, shared steps by owner."""
    draft = get_draft_or_404(request, number)
    return render(
        request,
        "consortium/work.html",
        base_context(draft, "progress", matrix=consortium_progress(draft)),
    )


@login_required_keep_post
@require_safe
def partner_profile(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """The profile of a partner: its form for those who may edit it, for all others what is missing."""
    draft = get_draft_or_404(request, number)
    participant = next((item for item in draft.participants if item.key == key), None)
    if participant is None:
        raise Http404
    editable = Organisation.objects.editable_by(current_user(request))
    if editable.filter(pk=participant.organisation_id).exists():
        return redirect("applicants:profile", participant.organisation_id)
    context = base_context(
        draft,
        DescriptionForm.slug,
        participant=participant,
        profile=draft.profile(participant) if participant.has_agreed else None,
    )
    return render(request, "consortium/partner_profile.html", context)


@login_required_keep_post
@require_safe
def next_profile(request: HttpRequest, number: str) -> HttpResponse:
    """The first profile in the consortium that this person may edit and that is incomplete.

    Each leads back here, so that several are completed one after the other.
    """
    draft = get_draft_or_404(request, number)
    needed = [
        participant.organisation_id
        for participant in draft.participants
        if participant.applies and not draft.profile(participant).is_complete
    ]
    editable = Organisation.objects.editable_by(current_user(request)).filter(pk__in=needed)
    own = set(editable.values_list("pk", flat=True))
    wanted = next((pk for pk in needed if pk in own), None)
    if wanted is None:
        return redirect("proposals:descriptions", number)
    state = profile_of(editable.prefetch_related("profile_sections").get(pk=wanted))
    args = [wanted, first_page_needed(state).slug]
    return redirect(
        f"{reverse('applicants:profile-step', args=args)}?{urlencode({'then': request.path})}"
    )


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def assign(request: HttpRequest, number: str) -> HttpResponse:
    """Give a shared step to a partner, or take it back."""
    draft = get_draft_or_404(request, number)
    step = step_named(draft.proposal.strand, request.POST.get("step", ""))
    if step is None or step.slug not in SHARED_STEPS:
        raise Http404
    key = request.POST.get("partner", "")
    participant = next(
        (participant for participant in draft.participants if participant.key == key), None
    )
    if key and participant is None:
        raise Http404
    if participant is not None and participant.is_coordinator:
        participant = None  # the lead writes every step anyway
    assign_step(
        draft.proposal,
        step=step.slug,
        title=str(step.title),
        participant=participant,
        by=current_user(request),
    )
    messages.success(request, _("“%(step)s” assigned.") % {"step": step.title})
    return redirect("proposals:progress", number)


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def send_reminder(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Remind a partner of what is still missing from it."""
    draft = get_draft_or_404(request, number)
    reminder = reminder_for(draft, key)
    if reminder is None:
        raise Http404
    name = {"name": reminder.participant.organisation.name}
    try:
        remind(draft.proposal, reminder, by=current_user(request))
    except NobodyToRemind:
        text = _(
            "No one at %(name)s has an account, so no reminder was sent. Invite someone by email first."
        )
        messages.warning(request, text % name)
    except RemindedRecently:
        text = _("No reminder was sent: %(name)s was reminded less than an hour ago.")
        messages.warning(request, text % name)
    except TooManyReminders:
        text = _(
            "No reminder was sent: %(name)s has received too many emails within an hour. Try "
            "again later."
        )
        messages.warning(request, text % name)
    else:
        messages.success(request, _("Reminder sent to %(name)s.") % name)
    return redirect("proposals:progress", number)


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def reminders(request: HttpRequest, number: str) -> HttpResponse:
    """Choose reminders of the deadline, or no longer."""
    draft = get_draft_or_404(request, number)
    wanted = request.POST.get("wanted") == "yes"
    set_reminders(draft.proposal, wanted=wanted, by=current_user(request))
    if wanted:
        left = has_reminders(draft.proposal, clock.now())
        text = _("You will be reminded %(when)s before the deadline.")
        if not left:
            text = _(
                "It is too late for reminders. You will receive them if the deadline is extended."
            )
        messages.success(request, text % {"when": join_names(left)})
    else:
        messages.success(request, _("You will not receive reminders of this deadline."))
    return redirect(draft.proposal)


@login_required_keep_post
@require_http_methods(["POST"])
def mark_presence(request: HttpRequest, number: str) -> HttpResponse:
    """A page tells that it is open (or was left), and hears who else has it open."""
    draft = get_draft_or_404(request, number)
    place, user = request.POST.get("place", ""), current_user(request)
    if place.partition("/")[0] not in {step.slug for step in steps_of(draft.proposal.strand)}:
        raise Http404
    if not place.isprintable() or len(place) > presence.MAX_LOCATION_LENGTH:
        raise Http404
    if request.POST.get("left"):
        presence.mark_left(draft.proposal, place, user)
        return JsonResponse({"words": ""})
    presence.mark_present(draft.proposal, place, user)
    others = presence.others_at(draft.proposal, place, user)
    text = ngettext(
        "%(who)s is also viewing this section.",
        "%(who)s are also viewing this section.",
        len(others),
    )
    message = text % {"who": ", ".join(others)} if others else ""
    return JsonResponse({"words": message})
