"""Form fields of this layer: a country under one code."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from calls.eligibility.countries import UnknownCountry, choices_on, normalise
from foundation import clock
from foundation.csv_import import CsvRow


def _with_blank() -> list[tuple[str, Any]]:
    return [("", _("Select a country")), *choices_on(clock.now().date())]


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


def country_in(row: CsvRow, name: str) -> str:
    """The code of a country that a cell names; empty for an empty cell."""
    try:
        return normalise(row.cells[name]) if row.cells[name] else ""
    except UnknownCountry as error:
        row.problems.append(str(error))
        return ""
