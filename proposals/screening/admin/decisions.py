"""Decisions: one officer records an outcome with its reason, another confirms it or sends it back."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from applicants.web import current_user
from foundation import clock
from foundation.downloads import PDF, download
from foundation.pdf import LayoutFailed
from proposals.delivery import wakeup
from proposals.models import Decision, DecisionReview, DecisionState, Version
from proposals.officers.admin_pages import DetailPageAdmin
from proposals.screening import letters
from proposals.screening.decisions import (
    CannotNotify,
    CannotReview,
    notify_applicant,
    remarks_on_letter,
    remarks_on_review,
    review_decision,
    why_not_notifiable,
    why_not_reviewable,
)
from proposals.screening.queue import CaseQueue
from proposals.screening.reversals import reversal_of
from proposals.screening.sheet import BEING_MADE, newest_verdict, sheet_of
from proposals.submission.notifications import addresses_of_coordinator

CONFIRMED = DecisionReview.Answer.CONFIRMED


class ReviewForm(forms.Form):
    """What a second officer says of a decision."""

    answer = forms.ChoiceField(
        label=_("Your review"), choices=DecisionReview.Answer, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Required if you return the decision."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        sends_back = values.get("answer") == DecisionReview.Answer.SENT_BACK
        if sends_back and not values.get("reason", "").strip():
            self.add_error("reason", _("Enter what needs to be reviewed."))
        return values


class SureReviewForm(ReviewForm):
    """Asked for where something should be seen before confirming; shown with what that is."""

    sure = forms.BooleanField(
        label=_("I have read these points and confirm the decision"),
        error_messages={"required": _("Confirm that you have read these points.")},
    )


class StateFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("Waiting for my confirmation")), *DecisionState.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value == "mine":
            return queryset.waiting_for(current_user(request))
        if value == DecisionState.WAITING:
            return queryset.filter(review=None)
        answers: dict[str | None, str] = {
            DecisionState.CONFIRMED: DecisionReview.Answer.CONFIRMED,
            DecisionState.SENT_BACK: DecisionReview.Answer.SENT_BACK,
        }
        return queryset.filter(review__answer=answers[value]) if value in answers else queryset


@admin.register(Decision)
class DecisionAdmin(DetailPageAdmin):
    """An officer records an outcome with a reason, another one confirms it or sends it back.

    Nothing is changed or deleted.
    """

    list_display = ["version", "outcome", "in_place_of", "state", "decided_by", "decided_at"]
    list_filter = [StateFilter, "outcome"]
    list_select_related = ["version__proposal", "decided_by", "review", "reverses"]
    fields = ["version", "outcome", "reason"]
    search_fields = ["version__proposal__number", "reason"]
    search_help_text = _("Proposal number or words from the reason")
    change_permission = "proposals.add_decisionreview"

    @admin.display(description=_("status"))
    def state(self, decision: Decision) -> str:
        return str(decision.state.label)

    @admin.display(description=_("replaces"))
    def in_place_of(self, decision: Decision) -> str:
        return str(decision.reverses.get_outcome_display()) if decision.reverses else ""

    def get_urls(self) -> list[Any]:
        own = [
            self.url(
                "<int:pk>/letter/", require_safe(self._letter), "letter", "proposals.view_decision"
            ),
            self.url(
                "<int:pk>/notify/",
                require_POST(self._notify),
                "notify",
                "proposals.add_decisionnotice",
            ),
        ]
        return own + super().get_urls()

    def _letter(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The sealed letter where it was sent, else a sample of it on the real data."""
        decision = get_object_or_404(self.get_queryset(request), pk=pk)
        sent = letters.letter_of(decision)
        try:
            content = bytes(sent.pdf) if sent else letters.sample_of(decision)
        except LayoutFailed:
            messages.error(
                request, _("The sample letter could not be created. Nothing was sent. Try again.")
            )
            return redirect("admin:proposals_decision_change", pk)
        name = sent.file_name if sent else f"sample-{decision.version.proposal.number}.pdf"
        return download(content, name=name, content_type=PDF)

    def _notify(self, request: HttpRequest, pk: int) -> HttpResponse:
        decision = get_object_or_404(self.get_queryset(request), pk=pk)
        if "seen" not in request.POST and remarks_on_letter(decision):
            messages.error(
                request, _("The letter was not sent. Confirm that you have read the remarks.")
            )
            return redirect("admin:proposals_decision_change", pk)
        try:
            notify_applicant(decision, by=current_user(request))
        except CannotNotify as refusal:
            messages.error(request, str(refusal))
        else:
            wakeup.wake_worker()
            messages.success(
                request,
                _("The letter is being created and sent. Its delivery status is shown here."),
            )
        return redirect("admin:proposals_decision_change", pk)

    def detail_page(self, request: HttpRequest, decision: Decision) -> HttpResponse:
        """The decision as it was recorded, and below it the second officer's answer."""
        obstacle = why_not_reviewable(
            decision, proposal=decision.version.proposal, by=current_user(request)
        )
        form = ReviewForm(request.POST or None)
        remarks: list[str] = []
        if form.is_valid() and form.cleaned_data["answer"] == CONFIRMED and not obstacle:
            remarks = remarks_on_review(decision)
            form = SureReviewForm(request.POST) if remarks else form
        if request.method == "POST" and form.is_valid():
            form.cleaned_data.pop("sure", None)
            try:
                review_decision(decision, by=current_user(request), **form.cleaned_data)
            except CannotReview as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("Review recorded."))
                return redirect(_next_place(request, decision))
        return self.render(
            request,
            "admin/proposals/decision/review.html",
            title=str(decision),
            status=422 if form.errors else 200,
            decision=decision,
            form=form,
            remarks=remarks,
            may_review=self.may_act(request),
            obstacle="" if decision.reviewed else obstacle,
            **_seen_by_a_second_officer(decision),
            **_letter_state(decision),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        readable = Version.objects.open_to(current_user(request), clock.now())
        return super().get_queryset(request).filter(version__in=readable)


def _next_place(request: HttpRequest, decision: Decision) -> str:
    """The rest of what waits for this officer; the case itself where nothing does."""
    readable = Version.objects.open_to(current_user(request), clock.now())
    if Decision.objects.waiting_for(current_user(request)).filter(version__in=readable).exists():
        return reverse("admin:proposals_version_changelist") + f"?queue={CaseQueue.FOR_ME}"
    return reverse("admin:proposals_version_change", args=[decision.version_id])


def _seen_by_a_second_officer(decision: Decision) -> dict[str, Any]:
    """The basis of a decision: automatic check, sheet, open clarification requests."""
    version = decision.version
    stored = newest_verdict(version)
    sheet = sheet_of(version, stored.verdict if stored else None)
    return {
        "stored": stored,
        "reversal": reversal_of(decision),
        "reversed_by": decision.reversed_by.confirmed().order_by("pk").first(),
        "being_made": BEING_MADE,
        "sheet": sheet,
        "changed_at": _conditions_changed_at(decision),
        "waiting": version.clarification_requests.waiting(clock.now()).order_by("due_at").first(),
        "addresses": sorted(addresses_of_coordinator(version.proposal)),
    }


def _conditions_changed_at(decision: Decision) -> datetime | None:
    """When rules or countries changed after the outcome was recorded."""
    result: Any = Decision.objects.with_conditions_since().get(pk=decision.pk)
    changed_at: datetime | None = result.conditions_changed_at
    return changed_at


def _letter_state(decision: Decision) -> dict[str, Any]:
    """Whether the applicant was notified, whether that can be done now, and the state of the emails."""
    information = decision.notified
    obstacle = why_not_notifiable(decision, proposal=decision.version.proposal)
    return {
        "information": information,
        "letter": letters.letter_of(decision),
        "mails": list(letters.delivery_of(decision)) if information else [],
        "may_be_told": not obstacle,
        "letter_remarks": [] if obstacle else remarks_on_letter(decision),
        "stands": decision.state == DecisionState.CONFIRMED,
    }
