"""The directory of contact points: found, nearest first, and brought in from a table after a look."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_organisation, make_user
from cosme_portal.settings import ROOT
from foundation.csv_import import MAX_ROWS, InvalidCsv, as_cell, text_of
from proposals.helpdesk.contact_points import read_contact_points, store_contact_points
from proposals.models import ContactPoint
from proposals.officers.rights import HELPDESK
from proposals.tests.factories import make_officer

pytestmark = pytest.mark.django_db

PAGE = "/helpdesk/contact-points/"
HEAD = "kind,name,country,region,languages,email,telephone,website,checked_on\n"
LYON = "network,CCI Lyon,FR,Auvergne-Rhône-Alpes,fr|en,een@lyon.example,+33 4 00 00 00 00,,2015-03-01\n"
VILNIUS = "network,Vilnius office,LT,Vilnius,lt,,,https://een.example/lt,2015-02-01\n"


def text_of_page(answer):
    return " ".join(answer.content.decode().split())


def names(answer, which="points"):
    return [item.name for item in answer.context[which]]


def test_what_is_shipped_is_what_the_sources_say_and_was_checked_by_nobody():
    call_command("contact_points", ROOT / "proposals" / "data" / "contact-points.csv")
    page = text_of_page(Client().get(PAGE))
    assert "Enterprise Europe Network" in page and "Not checked yet" in page
    assert "does not mean that organisations from that country can apply" in page


def test_it_is_narrowed_by_country_language_and_words():
    store_contact_points(read_contact_points(HEAD + LYON + VILNIUS))
    client = Client()
    assert names(client.get(PAGE, {"country": "FR"})) == ["CCI Lyon"]
    assert names(client.get(PAGE, {"language": "lt"})) == ["Vilnius office"]
    assert names(client.get(PAGE, {"q": "rhone"})) == ["CCI Lyon"]
    odd = text_of_page(client.get(PAGE, {"q": "x" * 10_000, "country": "<b>"}))
    assert "No matching contact points" in odd


def test_the_nearest_to_the_organisation_of_a_reader_stands_on_top():
    store_contact_points(
        read_contact_points(
            HEAD
            + LYON
            + LYON.replace("CCI Lyon", "CCI Paris").replace("Auvergne-Rhône-Alpes", "Paris")
            + VILNIUS
        )
    )
    person = make_user()
    make_organisation(by=person, country="FR", region="Auvergne-Rhone-Alpes")
    client = Client()
    client.force_login(person)
    assert names(client.get(PAGE), "nearest") == ["CCI Lyon", "CCI Paris"]
    assert names(Client().get(PAGE), "nearest") == []


def officer_client():
    client = Client()
    client.force_login(make_officer(HELPDESK))
    return client


def test_the_helpdesk_sees_what_would_happen_before_anything_is_stored():
    store_contact_points(read_contact_points(HEAD + LYON))
    client, path = officer_client(), reverse("admin:proposals_contactpoint_import")
    table = (
        HEAD
        + LYON.replace("2015-03-01", "2015-04-01")
        + VILNIUS
        + "network,,XX,,zz,no,,,2099-01-01\n"
        + "network,=cmd(),FR,,,,1,,\n"
    )
    shown = client.post(path, {"file": SimpleUploadedFile("c.csv", table.encode())})
    assert [row.action for row in shown.context["rows"]] == ["changed", "new", "wrong", "wrong"]
    page = text_of_page(shown)
    for text in (
        "Enter a name.",
        "zz is not a known language code",
        "in the future",
        "must not be a formula",
        "Import 2 rows",
    ):
        assert text in page
    assert ContactPoint.objects.count() == 1
    answer = client.post(path, {"text": shown.context["text"], "do": "yes"}, follow=True)
    assert "2 rows imported." in text_of_page(answer) and ContactPoint.objects.count() == 2
    assert client.post(path, {}).status_code == 422


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (HEAD.encode() + "café".encode("cp1252"), "Line 2 cannot be read"),
        (b"name;country\nA;FR\n", "Columns are missing: kind"),
        (b"", "Columns are missing"),
        ((HEAD + LYON * (MAX_ROWS + 1)).encode()[:999_999], "more than 1,000 rows"),
        ((HEAD + LYON * 100_000).encode(), "larger than 1 MB"),
        (b"kind,name\n\x00,x\n", r"U\+0000"),
    ],
)
def test_files_that_cannot_be_used_are_refused_with_a_sentence(content, text):
    with pytest.raises(InvalidCsv, match=text):
        read_contact_points(text_of(content))


def test_a_row_that_stands_twice_is_named_and_semicolons_are_understood():
    rows = read_contact_points(HEAD + LYON + LYON)
    assert [row.action for row in rows] == ["new", "wrong"] and "appears in an earlier row" in rows[
        1
    ].problems[0]
    assert [
        row.action
        for row in read_contact_points("kind;name;website\nnetwork;A, B;https://a.example\n")
    ] == ["new"]


def test_the_command_stores_nothing_where_a_row_is_wrong(tmp_path):
    file = tmp_path / "points.csv"
    file.write_text(HEAD + LYON + "network,,,,,,,,\n")
    with pytest.raises(CommandError, match="line 3: Enter a name"):
        call_command("contact_points", file)
    assert not ContactPoint.objects.exists()
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("contact_points", tmp_path / "none.csv")


def test_cells_are_harmless_in_a_spreadsheet():
    assert [as_cell(item) for item in ("=1", "+1", "-1", "@x", "a", None, ["b", "c"])] == [
        "'=1",
        "'+1",
        "'-1",
        "'@x",
        "a",
        "",
        "b|c",
    ]


def test_whatever_is_asked_those_for_all_countries_stand_below():
    call_command("contact_points", ROOT / "proposals" / "data" / "contact-points.csv")
    store_contact_points(read_contact_points(HEAD + LYON))
    page = Client().get(PAGE, {"country": "PT", "q": "Lisboa"})
    assert "No matching contact points in Portugal" in text_of_page(page)
    assert "CCI Lyon" not in text_of_page(page) and "Enterprise Europe Network" in text_of_page(
        page
    )
    whole = text_of_page(Client().get(PAGE))
    assert whole.index("CCI Lyon") < whole.index("For all countries")
    assert "French" in whole and '<option value="PT">Portugal</option>' in whole
