"""Pages of what proposals are judged by: the countries of a day, and the reference of all rules."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from calls.country_list import countries_on
from calls.eligibility.rules import parameters_of
from calls.eligibility.rules.base import Rule
from calls.forms import DayForm
from calls.models import Call, Programme
from calls.rule_reference import SHARED, all_rules
from foundation import clock
from foundation.public_pages import public_page


@public_page
def countries(request: HttpRequest, programme: str) -> HttpResponse:
    """Who counted on a day; without one, today."""
    result = get_object_or_404(Programme, code=programme)
    moment = clock.now()
    asked = {"on": request.GET.get("on") or moment.date().isoformat()}
    form = DayForm(asked)
    day: date = form.cleaned_data["on"] if form.is_valid() else moment.date()
    context = {
        "programme": result,
        "form": form,
        "answer": countries_on(day, result.country_set(), result.legal_basis),
        "calls": Call.objects.published_at_moment(moment).filter(programme=result),
        "changes": result.changes.all()[:20],
    }
    return render(request, "calls/countries.html", context, status=200 if form.is_valid() else 400)


@public_page
def rules(request: HttpRequest) -> HttpResponse:
    """The reference of all rules, made from their code."""
    shared = [parameter for parameter in parameters_of(Rule) if parameter[0] in SHARED]
    return render(request, "calls/rules.html", {"rules": all_rules(), "shared": shared})
