"""The screen of a case: the proposal beside what needs a person, its place in the list, save and next."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from calls.eligibility import CountStatus
from conftest import NEXT_DAY
from foundation import clock
from proposals.models import CaseNote, Decision, Version
from proposals.officers import cases
from proposals.screening.automatic_check import screen_closed
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = pytest.mark.django_db
LIST = reverse("admin:proposals_version_changelist")
FILTERS = "_changelist_filters"


@pytest.fixture
def versions(call):
    """Three cases in the order of the list, the second with a partner about whom an officer decides."""
    made = [
        submit(make_ready(call, countries=countries))
        for countries in (("LT", "FR", "AT"), ("LT", "FR", "AL"), ("LT", "FR", "AT"))
    ]
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        yield made[::-1]  # of those received at the same instant, the newest is listed first


def address(version, name="change", query=""):
    path = reverse(f"admin:proposals_version_{name}", args=[version.pk])
    return f"{path}?{FILTERS}={query}" if query else path


def client_of(officer):
    client = Client()
    client.force_login(officer)
    return client


def page(version, query="", officer=None):
    return client_of(officer or make_officer()).get(address(version, query=query))


def place(version, query="", officer=None):
    shown = page(version, query, officer).context["place"]
    return shown.number, shown.total, shown.previous, shown.next


def test_lines_are_in_the_order_of_work(versions):
    html = page(versions[1]).content.decode()
    places = [html.index(f'id="{name}"') for name in ("to-decide", "definition", "met")]
    assert places == sorted(places)
    assert places[0] < html.index('id="rule:established"') < places[1]
    assert html.index('<details class="met">') < html.index('id="rule:duration"')


@pytest.mark.parametrize("strand", ["3.1", "3.2"])
def test_every_finding_leads_to_a_part_of_the_proposal(call, strand):
    version = submit(make_ready(call, strand=strand, countries=("LT", "FR", "AL")))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        html = unescape(page(version).content.decode())
    ids = re.findall(r'\bid="([^"]*)"', html)
    places = set(re.findall(r'href="#(part-[^"]*)"|data-evidence="([^"]*)"', html))
    wanted = {first or second for first, second in places}
    assert len(wanted) > 10 and wanted <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_head_says_how_each_partner_counts(versions):
    partners = page(versions[1]).context["partners"]
    assert [partner.is_clear for partner in partners] == [True, True, False]
    assert partners[2].status == CountStatus.UNDECIDED
    assert [partner.is_coordinator for partner in partners] == [True, False, False]


def test_a_case_knows_its_place_and_its_neighbours(versions):
    first, second, third = (version.pk for version in versions)
    assert place(versions[0]) == (1, 3, None, second)
    assert place(versions[1]) == (2, 3, first, third)
    assert place(versions[2]) == (3, 3, second, None)


def test_the_place_is_that_in_the_list_from_which_the_officer_came(versions):
    officer = make_officer()
    cases.assign([versions[0].proposal, versions[2].proposal], officer, by=officer)
    assert place(versions[2], "queue%3Dmine", officer) == (2, 2, versions[0].pk, None)
    assert place(versions[1], "queue%3Dmine", officer) == (None, 2, None, None)
    by_number = sorted(versions, key=lambda version: version.proposal.number)
    assert [place(version, "o%3D1", officer)[0] for version in by_number] == [1, 2, 3]
    assert [place(version, "o%3D-1", officer)[0] for version in by_number] == [3, 2, 1]
    assert place(versions[1], "outcome%3Dofficer", officer)[:2] == (1, 1)
    assert place(versions[1], f"q%3D{versions[1].proposal.number}", officer)[:2] == (1, 1)


@pytest.mark.parametrize(
    "query",
    [
        "dossier__contains%3DLASER",
        "proposal__strand__call__pk%3D1",
        "p%3Dx%26e%3D1%26o%3D99.x",
        "queue%3Dnone",
        "%FF",
        "x" * 3000,
    ],
)
def test_what_is_no_filter_of_the_list_changes_nothing(versions, query):
    assert place(versions[1], query)[:2] == (2, 3)


def test_cases_with_a_conflict_of_interest_are_no_neighbours(versions):
    officer = make_officer()
    cases.declare_conflict(versions[0].proposal, reason="My brother", by=officer)
    assert place(versions[1], "", officer) == (1, 2, None, versions[2].pk)


def test_links_of_the_page_keep_the_list(versions):
    html = page(versions[1], "queue%3Dunassigned%26p%3D1").content.decode()
    for name in ("answer", "confirm_met", "note", "next", "decide", "request_clarification"):
        assert re.search(rf'"{address(versions[1], name)}\?{FILTERS}=queue%3Dunassigned', html), (
            name
        )
    assert f"{LIST}?queue=unassigned" in html


def send_next(version, officer, **values):
    path = address(version, "next", "queue%3Dunassigned")
    return client_of(officer).post(path, values)


def test_save_and_next_leads_on_without_anything_typed(versions):
    officer = make_officer()
    answer = send_next(versions[0], officer, next=versions[1].pk, reason="  ", text="")
    assert answer["Location"] == address(versions[1], query="queue%3Dunassigned")
    assert send_next(versions[2], officer, next="")["Location"] == f"{LIST}?queue=unassigned"
    assert not Decision.objects.exists() and not CaseNote.objects.exists()


def test_save_and_next_keeps_note_and_decision(versions):
    officer = make_officer()
    values = {
        "outcome": "eligible",
        "reason": "Met.",
        "text": "Look at p2.",
        "next": versions[1].pk,
    }
    # Nothing is checked yet: the remarks come first, with both texts.
    answer = send_next(versions[0], officer, **values)
    assert answer.status_code == 422 and b"Look at p2." in answer.content
    assert not Decision.objects.exists() and not CaseNote.objects.exists()
    answer = send_next(versions[0], officer, **values, sure="on")
    assert answer["Location"] == address(versions[1], query="queue%3Dunassigned")
    assert (Decision.objects.get().reason, CaseNote.objects.get().text) == ("Met.", "Look at p2.")


def test_a_decision_without_a_reason_comes_back_with_the_note(versions):
    answer = send_next(versions[0], make_officer(), outcome="eligible", reason="", text="Mine.")
    assert answer.status_code == 422 and b"Mine." in answer.content
    assert not CaseNote.objects.exists()


def test_a_recorded_decision_is_changed_on_its_own_page_only(versions):
    officer = make_officer()
    send_next(versions[0], officer, outcome="eligible", reason="Met.", sure="on")
    html = page(versions[0]).content.decode()
    assert 'name="outcome"' not in html and 'id="case-form"' in html


@pytest.mark.parametrize(("query", "count"), [("", 13), ("queue%3Dmine%26o%3D1", 14)])
def test_the_number_of_questions_does_not_grow_with_the_list(
    call, versions, query, count, django_assert_num_queries
):
    officer = make_officer()
    client = client_of(officer)
    path = address(versions[0], query=query)
    client.get(path)
    with django_assert_num_queries(count):
        client.get(path)
    with clock.frozen_at(versions[0].received_at):
        for _number in range(3):
            submit(make_ready(call))
    assert Version.objects.count() == 6
    with django_assert_num_queries(count):
        client.get(path)
