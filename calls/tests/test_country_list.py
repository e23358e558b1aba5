"""Which countries counted on a day: page and command."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from calls.conditions import change_countries

PAGE = "/programmes/COSME/countries/"


def output_of(**options):
    out = StringIO()
    call_command("countries", *options.pop("args", []), stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("day", "counting"),
    [
        ("2013-06-30", 27),
        ("2013-07-01", 28),
        ("2015-03-31", 32),
        ("2015-04-06", 32),
        ("2015-04-07", 33),
        ("2015-04-21", 33),
        ("2018-12-31", 39),
        ("2020-01-31", 39),
        ("2020-02-01", 38),
        ("1957-12-31", 0),
    ],
)
def test_the_number_of_countries_is_that_of_the_day(call, client, day, counting):
    assert output_of(args=[day]).splitlines()[0] == f"{counting} countries participated on {day}."
    page = client.get(PAGE, {"on": day}).content.decode()
    text = (
        f"{counting} participating countries on" if counting != 1 else "1 participating country on"
    )
    assert text in page


def test_without_a_day_it_is_today(call, client):
    assert "33 countries participated on 2015-04-21." in output_of()
    assert "33 participating countries on 21 April 2015" in client.get(PAGE).content.decode()


def test_the_page_shows_names_and_grounds_of_the_day(call, client):
    page = " ".join(client.get(PAGE, {"on": "2015-04-21"}).content.decode().split())
    assert "the former Yugoslav Republic of Macedonia (MK)" in page
    assert "Albania: signed on 3 March 2015. An officer decides whether it counts." in page
    assert "COSME agreement, without financial instruments" in page
    later = client.get(PAGE, {"on": "2020-12-02"}).content.decode()
    assert "North Macedonia (MK)" in later
    assert "UNSCR 1244/1999" in later
    assert "(UK)" not in later


@pytest.mark.parametrize("wrong", ["21.4.2015x", "2015-13-01", "tomorrow", "0"])
def test_what_is_no_day_is_said_and_today_is_shown(call, client, wrong):
    answer = client.get(PAGE, {"on": wrong})
    assert answer.status_code == 400
    assert wrong in answer.content.decode()
    with pytest.raises(CommandError, match=f"Found “{wrong}”; expected a day"):
        output_of(args=[wrong])


def test_the_command_speaks_json(call):
    answer = json.loads(output_of(args=["2015-04-21"], format="json"))
    assert answer["day"] == "2015-04-21"
    assert len(answer["counting"]) == 33
    assert answer["counting"][0]["country"] == "BE"
    assert [row["country"] for row in answer["signed_only"]] == ["AL"]


def test_an_unknown_programme_is_named(call, client):
    assert client.get("/programmes/NO/countries/").status_code == 404
    with pytest.raises(
        CommandError, match=r"programme “NO” does not exist\. Known programmes: COSME"
    ):
        output_of(programme="NO")


def test_a_change_is_told_with_its_reason(call, client):
    rows = [row for row in call.programme.country_set().rows if row.country != "MD"]
    change_countries(
        call.programme,
        rows,
        reason="Corrigendum of May",
        made_by="Someone Secret",
        confirmed_by="A colleague",
    )
    page = client.get(PAGE).content.decode()
    assert "Corrigendum of May" in page
    assert "Someone Secret" not in page
    assert "(1 entry)" in page
    assert "32 participating countries" in page


@pytest.mark.parametrize("path", [PAGE, reverse("calls:rules")])
def test_the_pages_ask_few_queries(call, client, django_assert_num_queries, path):
    client.get(path)
    with django_assert_num_queries(3 if path == PAGE else 0):
        assert client.get(path).status_code == 200


def test_the_reference_shows_each_rule_with_its_parameters(client):
    page = client.get(reverse("calls:rules")).content.decode()
    assert 'id="min-member-states"' in page
    assert "The minimum number of different Member States." in page
