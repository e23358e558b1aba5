"""Countries as values: codes, names of a day, legal bases with their first and last day."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from calls.eligibility import (
    CountrySet,
    Outcome,
    ProposalFacts,
    RuleSet,
    canonical,
    country_set_digest,
    screen,
)
from calls.eligibility.countries import (
    MAX_CACHED_STATUSES,
    Participation,
    ParticipationStatus,
    UnknownCountry,
    choices_on,
    in_sentence_on,
    is_in_europe,
    name_on,
    normalise,
    overlapping,
)
from calls.eligibility.facts import FileFacts, OrganisationKind, Role
from calls.eligibility.rules import CATALOGUE, Rule, RuleVersionMissing, parameters_of
from calls.eligibility.rules.admissibility import in_utc
from calls.eligibility.rules.identity import are_unrelated, groups_by_control
from calls.tests.facts import DEADLINE, country_set, money, partner, proposal, rule_set

DAY = date(2015, 4, 21)
ROW = Participation("MD", "c", date(2014, 9, 29), date(2015, 4, 7), date(2020, 12, 31), "Agreement")
PLAIN = {
    "country": "MD",
    "gate": "c",
    "signed_on": "2014-09-29",
    "in_force_on": "2015-04-07",
    "counts_until": "2020-12-31",
    "source": "Agreement",
}


def test_a_row_is_plain_json_and_back():
    assert ROW.as_json() == PLAIN
    assert Participation.from_json(PLAIN) == ROW
    empty = Participation("NO", "a", None, None, None, "x")
    assert empty.as_json()["in_force_on"] is None
    assert Participation.from_json(empty.as_json()) == empty


@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("2014-09-28", "none"),
        ("2014-09-29", "signed"),
        ("2015-04-06", "signed"),
        ("2015-04-07", "in-force"),
        ("2020-12-31", "in-force"),
        ("2021-01-01", "none"),
    ],
)
def test_first_and_last_day_are_inclusive(day, status):
    result, row = CountrySet([ROW]).status_of("MD", date.fromisoformat(day))
    assert result == status
    assert row == (None if status == "none" else ROW)


def test_a_row_without_signature_is_never_signed_only():
    row = Participation("NO", "a", None, date(2016, 1, 1), None, "x")
    assert CountrySet([row]).status_of("NO", DAY) == (ParticipationStatus.NONE, None)
    assert not row.is_signed(DAY)
    assert not Participation("NO", "a", date(2015, 1, 1), None, None, "x").is_in_force(DAY)


def test_a_row_that_is_in_force_speaks_before_one_that_is_signed():
    signed = Participation("UK", "b", date(2015, 1, 1), date(2016, 1, 1), None, "second")
    member = Participation(
        "UK", "member-state", None, date(1973, 1, 1), date(2015, 12, 31), "first"
    )
    countries = CountrySet([signed, member])
    assert countries.status_of("UK", DAY) == (ParticipationStatus.MEMBER_STATE, member)
    assert countries.status_of("JE", DAY) == (ParticipationStatus.TERRITORY, member)
    assert countries.status_of("UK", date(2016, 1, 1)) == (ParticipationStatus.IN_FORCE, signed)
    assert countries.signed_only_on(DAY) == ()


def test_who_has_only_signed_is_listed_by_day():
    listed = [row.country for row in country_set().signed_only_on(DAY)]
    assert listed == ["AL"]
    before = [row.country for row in country_set().signed_only_on(date(2015, 4, 6))]
    assert before == ["AL", "MD"]


def test_rows_have_one_order_whatever_they_came_in():
    open_end = Participation("MD", "c", date(2013, 1, 1), None, None, "earlier")
    early = Participation("MD", "c", None, date(2010, 1, 1), date(2011, 1, 1), "first")
    rows = [open_end, ROW, early, Participation("AL", "b", DAY, None, None, "x")]
    country_set = CountrySet(rows)
    assert [row.source for row in country_set.rows] == ["x", "first", "Agreement", "earlier"]
    assert (
        country_set.digest == CountrySet(reversed(rows)).digest == country_set_digest(country_set)
    )
    assert country_set.digest != CountrySet(rows[1:]).digest


def test_what_is_remembered_of_a_set_does_not_grow_for_ever():
    countries = CountrySet([ROW])
    for number in range(MAX_CACHED_STATUSES + 3):
        countries.status_of("MD", date(1900, 1, 1) + timedelta(days=number))
    assert len(countries._known) <= MAX_CACHED_STATUSES + 1  # noqa: SLF001 -- the bound itself
    assert countries.status_of("MD", DAY) is countries.status_of("MD", DAY)


@pytest.mark.parametrize(
    ("begins", "ends", "meets"),
    [
        ("2014-01-01", "2015-04-06", False),
        ("2014-01-01", "2015-04-07", True),
        ("2014-01-01", None, True),
        ("2020-12-31", None, True),
        ("2021-01-01", None, False),
        (None, None, False),
    ],
)
def test_a_country_counts_by_one_entry_at_a_time(begins, ends, meets):
    other = Participation(
        "MD",
        "b",
        DAY,
        date.fromisoformat(begins) if begins else None,
        date.fromisoformat(ends) if ends else None,
        "x",
    )
    elsewhere = Participation("AL", "b", None, date(2015, 4, 7), None, "x")
    assert overlapping([elsewhere, ROW, other]) == ((ROW, other) if meets else None)


def test_unknown_codes_are_told_as_they_came():
    with pytest.raises(UnknownCountry) as refusal:
        normalise(" xx ")
    assert refusal.value.code == " xx "
    assert str(refusal.value) == (
        "“ xx ” is not the code of a country. Use two letters, such as FR or EL."
    )


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("NL", "the Netherlands"),
        ("CZ", "the Czech Republic"),
        ("FR", "France"),
        ("MK", "the former Yugoslav Republic of Macedonia"),
        ("DO", "the Dominican Republic"),
        ("BS", "the Bahamas"),
    ],
)
def test_sentences_give_names_their_article(code, text):
    assert in_sentence_on(code, DAY) == text


def test_names_change_on_the_day_after_their_last():
    assert name_on("TR", date(2022, 6, 1)) == "Turkey"
    assert name_on("TR", date(2022, 6, 2)) == "Türkiye"
    assert name_on("FR", date(2022, 6, 2)) == "France"


def test_choices_are_ordered_by_name_without_article_and_accents():
    names = [name for _code, name in choices_on(DAY)]
    assert names.index("Colombia") < names.index("Côte d’Ivoire") < names.index("Croatia")
    assert names.index("Tanzania") < names.index("Thailand") < names.index("Timor-Leste")
    former = "the former Yugoslav Republic of Macedonia"
    assert names.index("Finland") < names.index(former) < names.index("France")
    assert dict(choices_on(DAY))["EL"] == "Greece"
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("code", "lies"),
    [("FR", True), ("GL", False), ("GI", True), ("SJ", True), ("US", False), ("XK", True)],
)
def test_what_lies_in_europe(code, lies):
    assert is_in_europe(code) is lies


# What else the rules rest on.


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-5))])
def test_an_instant_is_written_one_way(zone):
    assert in_utc(DEADLINE.astimezone(zone)) == "2015-04-21T15:00:00+00:00"


def test_naive_instants_are_refused_with_a_sentence():
    for values in (
        {"received_at": datetime(2015, 4, 21, 16, 0)},
        {"deadline": datetime(2015, 4, 21, 17, 0)},
    ):
        with pytest.raises(ValueError, match=r"^A time without a zone is not an instant\.$"):
            screen(proposal(**values), rule_set(), country_set())


def test_a_verdict_names_what_was_applied():
    verdict = screen(proposal(), rule_set(), country_set())
    assert verdict.rule_set == rule_set().digest
    assert verdict.country_set == country_set().digest
    assert verdict.rule_set.startswith("sha256:")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), "NaN", "-Infinity"])
@pytest.mark.parametrize(
    ("part", "name"),
    [
        (("participants", 0, "budget"), "eligible_costs"),
        (("participants", 0, "budget"), "requested_grant"),
        (("participants", 0, "members"), "total"),
        (("participants", 0), "other_applications"),
        (("files", 0), "pages"),
        ((), "duration_months"),
        ((), "stated_total_costs"),
    ],
)
def test_facts_refuse_what_is_no_number(part, name, number):
    data = proposal(files=(FileFacts("roadmap", "a.pdf", 1),)).as_json()
    place = data
    for step in part:
        place = place[step]
    place[name] = number
    with pytest.raises(ValueError, match=name):
        ProposalFacts.from_json(data)


@pytest.mark.parametrize("strange", [date(2015, 4, 21).isoformat, {1, 2}, 2**64, "\ud800"])
def test_canonical_json_refuses_what_json_does_not_know(strange):
    with pytest.raises(TypeError):
        canonical({"x": strange})


def fractions_in(value):
    if isinstance(value, dict):
        return [fraction for inner in value.values() for fraction in fractions_in(inner)]
    if isinstance(value, list | tuple):
        return [fraction for inner in value for fraction in fractions_in(inner)]
    return [value] if isinstance(value, float) else []


def test_no_document_that_is_hashed_holds_a_fraction():
    verdict = screen(proposal(), rule_set(), country_set())
    for document in (
        proposal().as_json(),
        verdict.as_json(),
        rule_set().as_json(),
        country_set().as_json(),
    ):
        assert fractions_in(document) == []
    assert fractions_in({"a": [1, {"b": 0.5}]}) == [0.5]


@pytest.mark.parametrize(
    ("first", "second", "linked"),
    [
        ({"controlled_by": "p2"}, {}, True),
        ({}, {"controlled_by": "p1"}, True),
        ({"controlled_by": "Org-2"}, {"organisation": "Org-2"}, True),
        ({"controlled_by": "CLUSTER 2"}, {}, True),
        ({"controlled_by": "Big"}, {"controlled_by": "big"}, True),
        ({"controlled_by": "Big"}, {}, False),
        ({"controlled_by": "-"}, {"controlled_by": "!"}, False),
        ({"controlled_by": "None"}, {"controlled_by": "none"}, False),
        ({"controlled_by": "N/A"}, {"controlled_by": "n.a."}, False),
        ({"controlled_by": "No"}, {"legal_name": "No"}, False),
        ({"controlled_by": " P2 "}, {}, True),
        ({"controlled_by": "p1"}, {}, False),
        ({}, {}, False),
    ],
)
def test_who_controls_whom(first, second, linked):
    both = partner(1, "FR", **first), partner(2, "DE", **second)
    for order in (both, both[::-1]):
        top = groups_by_control(order)
        assert (top["p1"] == top["p2"]) is linked


def test_chains_of_control_are_followed_to_who_stands_on_top():
    chain = (
        partner(1, "FR", controlled_by="p2"),
        partner(2, "DE", role=Role.ASSOCIATED, controlled_by="p3"),
        partner(3, "AT", controlled_by="Holding SE"),
        partner(4, "BE"),
    )
    top = groups_by_control(chain)
    assert top == dict.fromkeys(("p1", "p2", "p3"), "outside holding") | {"p4": "p4"}


def test_a_circle_of_control_is_one_group():
    circle = (
        partner(1, "FR", controlled_by="p2"),
        partner(2, "DE", controlled_by="p3"),
        partner(3, "AT", controlled_by="p2"),
    )
    assert set(groups_by_control(circle).values()) == {"p2"}


@pytest.mark.parametrize(
    ("value", "apart"),
    [
        ({}, True),
        ({"legal_name": "Another name"}, True),
        ({"legal_name": "Cluster 2"}, False),
        ({"name": "CLUSTER-2"}, False),
        ({"organisation": "org-2"}, False),
        ({"pic": "123456789"}, True),
        ({"pic": "999999999"}, False),
        ({"controlled_by": "anyone"}, False),
        ({"controlled_by": "none"}, True),
    ],
)
def test_who_plainly_stands_apart(value, apart):
    others = (partner(2, "DE", pic="999999999"), partner(3, "FR", legal_name="Third", name="Third"))
    assert are_unrelated((partner(1, "FR", **value), *others)) is apart


def test_names_and_links_with_odd_ends_are_compared_whole():
    facts = proposal(
        partner(1, "LT", profile_link="https://platform.example/X"),
        partner(2, "FR", profile_link="https://platform.example/"),
        partner(3, "AT", profile_link=""),
        partner(4, "DE", profile_link=""),
    )
    findings = screen(facts, rule_set(), country_set()).findings
    outcomes = [f.outcome.value for f in findings if f.rule == "platform-registration"]
    assert outcomes == ["pass", "pass", "officer", "officer"]
    assert all("also given by" not in f.message for f in findings)


@pytest.mark.parametrize(
    "variant",
    [
        "http://platform.example/1",
        "HTTPS://Platform.Example/1",
        "https://platform.example/1/",
        " https://platform.example/1#top",
        "https://platform.example/1//",
    ],
)
@pytest.mark.parametrize("role", [Role.PARTNER, Role.ASSOCIATED])
def test_one_profile_written_in_two_ways_is_one_profile(variant, role):
    facts = proposal("LT", "FR", "AT", partner(4, "DE", profile_link=variant, role=role))
    findings = screen(facts, rule_set(), country_set()).findings
    first = next(f for f in findings if f.rule == "platform-registration" and f.subject == "p1")
    assert first.outcome == Outcome.NEEDS_REVIEW
    assert "Cluster 4" in first.message


def test_one_euro_of_costs_is_judged_by_the_rate():
    findings = screen(
        money(proposal(), costs="1", grant="0.75"), rule_set(), country_set()
    ).findings
    (rate,) = [f for f in findings if f.rule == "co-financing-rate"]
    assert (rate.outcome, rate.message) == (
        "pass",
        "The requested EU contribution is 75.00% of the eligible costs; the maximum is 75%.",
    )


def test_a_stated_grant_is_what_is_judged():
    facts = proposal(stated_total_grant=Decimal("187500.01"))
    findings = screen(facts, rule_set(), country_set()).findings
    (ceiling,) = [f for f in findings if f.rule == "grant-ceiling"]
    assert (ceiling.outcome, ceiling.evidence["requested"]) == ("officer", "187500.01")


def test_a_call_may_ask_for_one_of_everything():
    rules = RuleSet.from_json(
        [
            {"rule": "min-organisations", "minimum": 1_000_000, "citation": "x"},
            {"rule": "market-count", "minimum": 1, "recommended_maximum": 1, "citation": "x"},
            {"rule": "grant-ceiling", "ceilings": {"3.1": "0.5"}, "citation": "x"},
        ]
    )
    findings = screen(proposal(markets=()), rules, country_set()).findings
    assert findings[1].fix.advice == "Select at least 1 third country."
    assert findings[2].evidence["ceiling"] == "0.5"


def test_every_parameter_says_what_it_means():
    (minimum,) = [
        parameter
        for parameter in parameters_of(CATALOGUE["min-countries"])
        if parameter[0] == "minimum"
    ]
    assert minimum == (
        "minimum",
        "The minimum number of different countries.",
        "a whole number above 0",
        True,
    )
    shared = [name for name, *_rest in parameters_of(Rule)]
    assert shared == ["citation", "link", "strands"]
    forms = {
        parameter[0]: parameter[2] for parameter in parameters_of(CATALOGUE["organisation-kind"])
    }
    assert forms["kinds"] == f"a list of some of {', '.join(OrganisationKind)}"


def test_a_wording_that_is_gone_is_named():
    gone = RuleVersionMissing("coordinator", 3)
    assert (gone.rule_id, gone.version) == ("coordinator", 3)
    assert str(gone) == "The rule “coordinator” in its version 3 is not part of this portal."


def test_the_rules_of_a_strand_are_found_again():
    first = rule_set().for_strand("3.1")
    assert rule_set().for_strand("3.1") is first
    assert len(first) == len(rule_set().rules)


def test_the_activities_after_a_good_one_are_judged_too():
    from calls.eligibility.facts import ActivityFacts  # noqa: PLC0415 -- only here

    good, bad = ActivityFacts("A", "shape", "x"), ActivityFacts("B", "", "x")
    findings = screen(proposal(activities=(good, bad)), rule_set(), country_set()).findings
    outcomes = [f.outcome.value for f in findings if f.rule == "activities-justified"]
    assert outcomes == ["pass", "officer"]
