"""Giving cases to officers: to one, or evenly among several."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from applicants.fields import TextField
from applicants.models import User
from applicants.web import current_user
from calls.templatetags.instants import BRUSSELS
from foundation import clock
from foundation.fields import DayField
from foundation.identifiers import keys_of
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.models import CaseEvent, Proposal, Version
from proposals.officers.cases import (
    ConflictOfInterestError,
    assign,
    assign_by_load,
    screening_officers,
)
from proposals.screening.admin.undo_offers import undo_tag

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin


class AssignForm(forms.Form):
    """Whoever is chosen; several share the cases evenly."""

    officers = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Officers"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Choose one or more. Each case goes to the officer with the fewest undecided cases "
            "and no conflict of interest."
        ),
    )
    due_on = DayField(
        label=gettext_lazy("Decision due by"),
        required=False,
        help_text=gettext_lazy(
            "For example, 21.4.2015. After this day the case is listed as overdue."
        ),
    )

    remark = TextField(
        label=gettext_lazy("Remark (optional)"),
        required=False,
        max_length=500,
        rows=2,
        help_text=gettext_lazy("Colleagues read it in the history of each case."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["officers"].queryset = screening_officers()  # type: ignore[attr-defined]

    def clean_due_on(self) -> date | None:
        day: date | None = self.cleaned_data["due_on"]
        if day is not None and day < clock.now().astimezone(BRUSSELS).date():
            raise forms.ValidationError(_("The due date must be today or later."))
        return day


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    def view(request: HttpRequest) -> HttpResponse:
        return _assign(model_admin, request)

    return [model_admin.url("assign/", require_POST(view), "assign", "proposals.add_assignment")]


def choose(
    model_admin: "OfficerAdmin", request: HttpRequest, versions: QuerySet[Version], form: Any = None
) -> HttpResponse:
    """The page that asks to whom the chosen cases go."""
    rows = list(versions)
    return model_admin.render(
        request,
        "admin/proposals/version/assign.html",
        title=_("Assign cases"),
        status=422 if form and form.errors else 200,
        versions=rows,
        form=form or AssignForm(),
    )


def _assign(model_admin: "OfficerAdmin", request: HttpRequest) -> HttpResponse:
    chosen = chosen_versions(request)
    form = AssignForm(request.POST)
    if not form.is_valid():
        return choose(model_admin, request, chosen, form)
    proposals = Proposal.objects.filter(versions__in=chosen).order_by("pk")
    begun_at = clock.now()
    officers = list(form.cleaned_data["officers"])
    details = {name: form.cleaned_data[name] for name in ("due_on", "remark")}
    by = current_user(request)
    try:
        if len(officers) == 1:
            data = {officers[0]: assign(proposals, officers[0], by=by, **details)}
        else:
            data = dict(assign_by_load(proposals, officers, by=by, **details))
    except ConflictOfInterestError as refusal:
        numbers = ", ".join(proposal.number for proposal in refusal.proposals)
        text = _(
            "No case was assigned. %(officer)s has a conflict of interest in %(numbers)s. Leave "
            "these cases out or choose another officer."
        )
        form.add_error("officers", text % {"officer": refusal.officer, "numbers": numbers})
        return choose(model_admin, request, chosen, form)
    made = CaseEvent.objects.filter(
        kind=CaseEvent.Kind.ASSIGNED,
        by=current_user(request),
        at__gte=begun_at,
        proposal__in=proposals,
    )
    _show_result(request, data, undo_tag(made.values_list("pk", flat=True)))
    return redirect("admin:proposals_version_changelist")


def chosen_versions(request: HttpRequest) -> QuerySet[Version]:
    """Those of the versions that were sent which this officer may read."""
    sent = keys_of(request.POST.getlist("version"))
    readable = Version.objects.open_to(current_user(request), clock.now())
    return readable.filter(pk__in=sent).select_related("proposal__assignment__officer")


def _show_result(request: HttpRequest, values: dict[User, int], tag: str) -> None:
    """A line for each officer; the last one offers to undo all."""
    last = [officer for officer, count in values.items() if count][-1:]
    for officer, count in values.items():
        if not count:
            text = _("No change: the cases are already assigned to %(officer)s with this due date.")
            messages.warning(request, text % {"officer": officer})
            continue
        text = ngettext(
            "%(count)s case assigned to %(officer)s.",
            "%(count)s cases assigned to %(officer)s.",
            count,
        )
        message = text % {"count": count, "officer": officer}
        messages.success(request, message, extra_tags=tag if officer in last else "")
    if not values:
        messages.warning(
            request, _("No case was assigned: every officer you chose has a conflict of interest.")
        )
