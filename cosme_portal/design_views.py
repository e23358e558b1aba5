"""The page that shows every component of the pages in every state, for those who build them."""

from typing import ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from applicants.fields import NameField, SeveralField, TextField
from calls.fields import ThirdCountriesField
from foundation.fields import AmountField, DayField

COLOURS = (
    "ink", "muted", "paper", "surface", "line", "line-field", "brand", "brand-pale", "link", "gold",
    "neutral-pale", "success", "success-pale", "warning", "warning-pale", "danger", "danger-pale",
)  # fmt: skip
SIZES = ("s", "m", "l", "xl", "xxl")
STATES = ("pass", "warn", "officer", "ineligible", "closed")
CHOICES = (("a", _("First")), ("b", _("Second")), ("c", _("Third")))


class SpecimenForm(forms.Form):
    """One field of each kind that the portal uses."""

    optional: ClassVar[tuple[str, ...]] = ("summary",)

    name = NameField(label=_("Name"), max_length=40, help_text=_("As it will appear on documents."))
    summary = TextField(label=_("Description"), max_length=120, rows=3, rich=True)
    amount = AmountField(label=_("Amount"), max_digits=12)
    date = DayField(label=_("Date"))
    choice = forms.ChoiceField(label=_("One of a list"), choices=CHOICES)
    radio = forms.ChoiceField(label=_("One of a few"), choices=CHOICES, widget=forms.RadioSelect)
    several = SeveralField(label=_("Several"), choices=CHOICES)
    countries = ThirdCountriesField(label=_("Several of a long list"))
    agree = forms.BooleanField(label=_("I have read this"))
    document = forms.FileField(label=_("Document"))


@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """Every component, empty and with errors; nothing is stored."""
    wrong = {"summary": "x" * 130, "amount": "1.234", "date": "31/02/2015", "choice": "z"}
    context = {
        "colours": COLOURS,
        "sizes": SIZES,
        "states": STATES,
        "form": SpecimenForm(prefix="empty"),
        "wrong": SpecimenForm(
            {f"wrong-{name}": value for name, value in wrong.items()}, prefix="wrong"
        ),
    }
    return render(request, "demo/design.html", context)
