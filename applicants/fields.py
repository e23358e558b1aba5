"""Form fields of the domain: a country, several choices, a whole number."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from applicants.models import today_country_choices
from calls.eligibility.countries import UnknownCountry, normalise


def _with_blank() -> list[tuple[str, Any]]:
    return [("", _("Choose a country")), *today_country_choices()]


class CountryField(forms.ChoiceField):
    """One country, stored under one code.

    The list shows names; ISO and EU codes in either case with blanks around are understood too, and
    an outermost region becomes its state.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Country"))
        super().__init__(choices=_with_blank, **kwargs)

    def to_python(self, value: Any) -> str:
        text = str(value or "").strip()
        if not text:
            return ""
        try:
            return normalise(text)
        except UnknownCountry as unknown:
            raise ValidationError(str(unknown), code="unknown_country") from None


class SeveralField(forms.MultipleChoiceField):
    """Any number of choices, shown as check boxes."""

    def __init__(self, *, choices: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(choices=choices, **kwargs)


class CountField(forms.IntegerField):
    """How many: a whole number from 0 to a million."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=1_000_000, **kwargs)
