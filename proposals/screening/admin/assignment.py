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

from applicants.models import User
from applicants.web import person
from calls import clock
from calls.templatetags.instants import BRUSSELS
from foundation.fields import DayField
from foundation.identifiers import keys_of
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.models import Proposal, Version
from proposals.officers.cases import HasConflict, assign, assign_evenly, screening_officers

if TYPE_CHECKING:
    from proposals.officers.admin_pages import DeskAdmin


class AssignForm(forms.Form):
    """Whoever is chosen; several share the cases evenly."""

    officers = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Officers"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "One, or several: each case then goes to whoever has the fewest undecided ones, and no "
            "interest in it."
        ),
    )
    due_on = DayField(
        label=gettext_lazy("To be decided by"),
        required=False,
        help_text=gettext_lazy(
            "Day, month, year, such as 21.4.2015. Later than that the case is listed as overdue. May stay "
            "empty."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["officers"].queryset = screening_officers()  # type: ignore[attr-defined]

    def clean_due_on(self) -> date | None:
        day: date | None = self.cleaned_data["due_on"]
        if day is not None and day < clock.now().astimezone(BRUSSELS).date():
            raise forms.ValidationError(_("Choose today or a later day."))
        return day


def urls_of(desk: "DeskAdmin") -> list[Any]:
    def give(request: HttpRequest) -> HttpResponse:
        return _give(desk, request)

    return [desk.page("assign/", require_POST(give), "assign", "proposals.add_assignment")]


def choose(
    desk: "DeskAdmin", request: HttpRequest, versions: QuerySet[Version], form: Any = None
) -> HttpResponse:
    """The page that asks to whom the chosen cases go."""
    rows = list(versions)
    return desk.show(
        request,
        "admin/proposals/version/assign.html",
        title=_("Assign cases"),
        status=422 if form and form.errors else 200,
        versions=rows,
        form=form or AssignForm(),
    )


def _give(desk: "DeskAdmin", request: HttpRequest) -> HttpResponse:
    chosen = _chosen(request)
    form = AssignForm(request.POST)
    if not form.is_valid():
        return choose(desk, request, chosen, form)
    proposals = Proposal.objects.filter(versions__in=chosen).order_by("pk")
    officers, due_on = list(form.cleaned_data["officers"]), form.cleaned_data["due_on"]
    try:
        if len(officers) == 1:
            given = {officers[0]: assign(proposals, officers[0], by=person(request), due_on=due_on)}
        else:
            given = dict(assign_evenly(proposals, officers, by=person(request), due_on=due_on))
    except HasConflict as refusal:
        numbers = ", ".join(one.number for one in refusal.proposals)
        text = _(
            "Nothing was assigned: %(officer)s has an interest in %(numbers)s. Leave these out, or choose "
            "somebody else."
        )
        form.add_error("officers", text % {"officer": refusal.officer, "numbers": numbers})
        return choose(desk, request, chosen, form)
    _tell(request, given)
    return redirect("admin:proposals_version_changelist")


def _chosen(request: HttpRequest) -> QuerySet[Version]:
    sent = keys_of(request.POST.getlist("version"))
    readable = Version.objects.open_to(person(request), clock.now())
    return readable.filter(pk__in=sent).select_related("proposal__assignment__officer")


def _tell(request: HttpRequest, given: dict[User, int]) -> None:
    for officer, count in given.items():
        if not count:
            text = _("Nothing changed: the cases are those of %(officer)s already, with this day.")
            messages.warning(request, text % {"officer": officer})
            continue
        text = ngettext(
            "%(count)s case went to %(officer)s.", "%(count)s cases went to %(officer)s.", count
        )
        messages.success(request, text % {"count": count, "officer": officer})
    if not given:
        messages.warning(request, _("No case was assigned: everyone chosen has an interest."))
