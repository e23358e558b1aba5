"""May we apply? The questions, the answers, and what is not asked or stored."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from calls.eligibility.facts import OrganisationKind, Registration
from calls.forms import SelfCheckForm
from calls.models import Call
from calls.self_check import Answers, Partner, check
from conftest import NEXT_DAY

PAGE = "/calls/COS-CLUSTER-2014-3-03/self-check/"
GOOD = {
    "strand": "3.1",
    "kind": "cluster-organisation",
    "country": "LT",
    "registration": "registered",
    "services": "yes",
    "independent": "yes",
}


@pytest.fixture
def loaded(call):
    return Call.objects.select_related("programme").prefetch_related("strands").get(pk=call.pk)


def answers(*partners, **kwargs):
    values = {
        "strand": "3.1",
        "kind": OrganisationKind.CLUSTER,
        "country": "LT",
        "registration": Registration.REGISTERED,
        "has_services": True,
        "is_independent": True,
        "partners": tuple(Partner(code, True) for code in partners),
    }
    return Answers(**values | kwargs)


def shown(answer):
    return " ".join(answer.content.decode().split())


def titles(result):
    return [item.rule_title for item in result]


def test_enough_partners_leave_nothing_open(loaded):
    result = check(answers("FR", "AT"), loaded)
    assert result.is_complete
    assert (result.open, result.against, result.missing) == ((), (), ())
    assert "Your organisation is established in Lithuania" in result.met[0].message


def test_an_organisation_that_runs_a_cluster_hears_that_it_can_apply(loaded):
    result = check(answers("FR", "AT", kind=OrganisationKind.RUNS_CLUSTER), loaded)
    assert result.is_complete
    assert "Your organisation runs a cluster, so it can apply." in [
        item.message for item in result.met
    ]


@pytest.mark.parametrize(
    ("value", "against"),
    [
        ({"kind": OrganisationKind.COMPANY}, "Type of organisation"),
        ({"country": "RS"}, "Established in a participating country"),
        ({"registration": Registration.NEITHER}, "Registration on the cluster platform"),
        ({"is_independent": False}, "Support services to businesses"),
    ],
)
def test_what_stands_against_it_is_named_with_its_paragraph(loaded, value, against):
    result = check(answers("FR", "AT", **value), loaded)
    assert result.may_not_apply
    assert titles(result.against) == [against]
    assert result.against[0].citation
    assert result.against[0].advice


@pytest.mark.parametrize(
    ("value", "open_rule"),
    [
        ({"kind": OrganisationKind.RESEARCH_AS_CLUSTER}, "Type of organisation"),
        ({"country": "AL"}, "Established in a participating country"),
        ({"has_services": None}, "Support services to businesses"),
        ({"has_services": False}, "Support services to businesses"),
        ({"is_independent": None}, "Support services to businesses"),
    ],
)
def test_what_is_open_is_named(loaded, value, open_rule):
    result = check(answers("FR", "AT", "DE", **value), loaded)
    assert not result.may_not_apply
    assert result.own_is_open
    assert titles(result.open) == [open_rule]
    assert not result.against


def test_partners_that_are_still_to_be_found_stand_against_nobody(loaded):
    result = check(answers("FR"), loaded)
    assert result.missing == (
        "1 more organisation needed.",
        "1 more participating country needed, other than France or Lithuania.",
    )
    assert not result.against
    assert not result.may_not_apply
    assert not result.own_is_open


def test_a_partner_that_does_not_count_is_named(loaded):
    result = check(answers("FR", "RS", "CH"), loaded)
    messages = [answer.message for answer in result.against]
    assert len(messages) == 2
    assert messages[0].startswith("Partner 2 (Serbia) is established in Serbia, which did not")
    unfit = check(answers(partners=(Partner("FR", False), Partner("AT", None))), loaded)
    assert titles(unfit.against) == titles(unfit.open)[:1] == ["Type of organisation"]


def test_the_address_carries_the_answers(loaded):
    data = answers("FR", "CH", has_services=None, is_independent=False)
    query = {name: values[0] for name, values in parse_qs(data.as_query()).items()}
    form = SelfCheckForm(query, call=loaded)
    assert form.is_valid()
    assert form.answers() == data


def test_the_own_organisation_is_no_proper_name_within_a_sentence(loaded):
    result = check(answers("FR", is_independent=False), loaded)
    sentences = [item.message for item in (*result.met, *result.open, *result.against)]
    assert any("your organisation" in sentence for sentence in sentences)
    assert not [sentence for sentence in sentences if re.search(r"[a-z] Your", sentence)]


def test_the_page_asks_first_and_answers_then(call, client):
    page = shown(client.get(PAGE))
    assert "We ask for no personal data and store nothing." in page
    assert "(optional) (optional)" not in page
    answer = client.get(PAGE, GOOD | {"partner_1": "FR", "fits_1": "yes", "partner_2": " gr "})
    page = shown(answer)
    assert "You can apply, based on your answers" in page
    assert "3 countries count (Greece, France and Lithuania)" in page
    assert "Participating countries on 21 April 2015" in page
    assert "the call text is legally binding" in page
    assert not client.cookies
    assert answer["X-Robots-Tag"] == "noindex"


def test_the_result_leads_to_a_proposal_with_the_answers(call, client):
    page = client.get(PAGE, GOOD | {"partner_1": "FR"}).content.decode()
    (link,) = [
        part.split('"')[0] for part in page.split('href="') if "/start/" in part.split('"')[0]
    ]
    assert urlsplit(link).path == "/proposals/start/COS-CLUSTER-2014-3-03/3.1/"
    carried = parse_qs(urlsplit(link).query.replace("&amp;", "&"))
    assert (carried["kind"], carried["partner_1"]) == (["cluster-organisation"], ["FR"])


def test_who_may_not_apply_is_not_led_to_a_proposal(call, client):
    page = shown(client.get(PAGE, GOOD | {"country": "RS"}))
    assert "You cannot apply, based on your answers" in page
    assert "Associated partners pay their own costs" in page
    assert "/start/" not in page


def test_after_the_deadline_nobody_is_led_to_a_proposal(call, client):
    from foundation import clock  # noqa: PLC0415 -- only this test moves it

    with clock.frozen_at(NEXT_DAY):
        page = shown(client.get(PAGE, GOOD))
    assert "This call is not open for proposals. You can still check" in page
    assert "This call is not open for proposals." in page
    assert "/start/" not in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"country": "XX"},
        {"country": ""},
        {"kind": "club"},
        {"strand": "9"},
        {"partner_1": "EU"},
        {"services": ""},
        {"registration": "<script>"},
        {"fits_1": "perhaps"},
    ],
)
def test_a_wrong_answer_is_said_and_the_others_are_kept(call, client, wrong):
    answer = client.get(PAGE, GOOD | {"partner_2": "FR"} | wrong)
    page = shown(answer)
    assert answer.status_code == 400
    assert 'role="alert"' in page
    assert '<option value="FR" selected>' in page
    assert "<script>" not in page.split("<main")[1]


def test_unpublished_and_unknown_calls_are_not_found(no_calls, client):
    assert client.get(PAGE).status_code == 404


def test_the_page_asks_few_queries(call, client, django_assert_num_queries):
    client.get(PAGE, GOOD)
    with django_assert_num_queries(2):
        client.get(PAGE, GOOD)
