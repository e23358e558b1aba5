"""Third countries: those that take part in no programme, by region of the world."""

from datetime import date

import pytest
from django import forms

from calls.eligibility.country_names import NAMES
from calls.eligibility.world_regions import REGIONS
from calls.fields import ThirdCountriesField

pytestmark = pytest.mark.django_db


class MarketsForm(forms.Form):
    markets = ThirdCountriesField(required=False)


def offered(form):
    return {
        option["value"]: group
        for group, options, _index in form["markets"].field.widget.optgroups(
            "markets", form["markets"].value() or []
        )
        for option in options
    }


def test_every_code_is_in_one_region():
    codes = sorted(code for _name, region in REGIONS for code in region)
    assert codes == sorted(NAMES)


def test_only_countries_outside_of_the_programmes_are_offered(call):
    codes = offered(MarketsForm())
    assert {"US", "JP", "CH"} <= codes.keys()
    assert not {"FR", "EL", "ME", "MD"} & codes.keys()
    [countries] = [call.programme.country_set()]
    counting = {row.country for row in countries.counting_on(date(2015, 4, 21))}
    assert not counting & codes.keys()


def test_a_country_that_was_selected_before_it_joined_stays_selected_and_valid(call):
    form = MarketsForm({"markets": ["US", "ME"]})
    codes = offered(form)
    assert codes["ME"] != codes["US"] and "ME" in codes
    assert form.is_valid() and form.cleaned_data["markets"] == ["US", "ME"]


def test_what_is_no_country_is_refused(call):
    assert not MarketsForm({"markets": ["ZZ"]}).is_valid()
    assert "ZZ" not in offered(MarketsForm({"markets": ["ZZ"]}))
