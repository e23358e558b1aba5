"""Form fields of this layer: a country under one code, and several third countries."""

from copy import copy
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from calls.eligibility.countries import (
    ParticipationStatus,
    UnknownCountry,
    choices_on,
    normalise,
)
from calls.eligibility.country_names import NAMES
from calls.eligibility.world_regions import REGIONS
from calls.models import Programme
from foundation import clock
from foundation.csv_import import CsvRow

COUNTING = {ParticipationStatus.MEMBER_STATE, ParticipationStatus.IN_FORCE}


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


REGION_NAMES = {
    "africa": _("Africa"),
    "americas": _("Americas"),
    "asia": _("Asia"),
    "europe": _("Europe"),
    "oceania": _("Oceania and Antarctica"),
}
EARLIER = _("Selected earlier")


class ThirdCountriesWidget(forms.CheckboxSelectMultiple):
    """Check boxes by region of the world, with a search where scripts run.

    Offers the countries that take part in no programme today. What was selected before stays in the list, so
    that saving the page drops nothing.
    """

    has_search = True

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> list[Any]:
        offered = _third_countries(clock.now().date())
        labels = dict(self.choices)
        groups: list[tuple[Any, list[Any]]] = [
            (
                REGION_NAMES[region],
                [(code, labels[code]) for code in labels if code in codes & offered],
            )
            for region, codes in REGIONS
        ]
        earlier = [(code, labels[code]) for code in value if code in labels.keys() - offered]
        shown = copy(self)
        shown.choices = [(EARLIER, earlier), *groups] if earlier else groups
        return super(ThirdCountriesWidget, shown).optgroups(name, value, attrs)


def _third_countries(day: date) -> frozenset[str]:
    """Every code whose country counts in no programme on that day."""
    sets = [programme.country_set() for programme in Programme.objects.all()]
    return frozenset(
        code
        for code in NAMES
        if all(countries.status_of(code, day)[0] not in COUNTING for countries in sets)
    )


class ThirdCountriesField(forms.MultipleChoiceField):
    """Countries outside of the programmes, by code. Any country is valid: some joined after it was chosen."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", ThirdCountriesWidget)
        super().__init__(choices=lambda: choices_on(clock.now().date()), **kwargs)


def country_in(row: CsvRow, name: str) -> str:
    """The code of a country that a cell names; empty for an empty cell."""
    try:
        return normalise(row.cells[name]) if row.cells[name] else ""
    except UnknownCountry as error:
        row.problems.append(str(error))
        return ""
