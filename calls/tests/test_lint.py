"""What is odd about rules is said before any proposal comes."""

from datetime import date
from decimal import Decimal

import pytest

from calls.call_file import read_call_file
from calls.eligibility import CountrySet, RuleSet, rule_date_of
from calls.eligibility.lint import StrandOutline, outlines_of, remarks_on
from calls.tests.facts import FILE, call_file, country_set, rule_set

DAY = date(2015, 4, 21)
ONE = StrandOutline("1", deliverables=2, has_scoreboard=False, budget=Decimal(1000))
TWO = StrandOutline("2", deliverables=0, has_scoreboard=True, budget=None)
HOME = {"rule": "established"}


def remarks_about(*rules, strands=(ONE,), countries=None, day=DAY):
    listed = RuleSet.from_json([{"citation": "x"} | rule for rule in rules])
    results = remarks_on(listed, countries or country_set(), day, strands)
    return [(remark.oddity.value, remark.rules, remark.message) for remark in results]


def minimum(rule, number):
    return {"rule": rule, "minimum": number}


@pytest.mark.parametrize(
    ("rules", "remark"),
    [
        (
            (HOME, minimum("min-countries", 34)),
            ("contradiction", ("min-countries",), "“min-countries” requires 34, but only 33 countries participate on 2015-04-21. No proposal can meet this rule."),
        ),
        (
            (minimum("min-member-states", 29),),
            ("contradiction", ("min-member-states",), "“min-member-states” requires 29, but only 28 Member States participate on 2015-04-21. No proposal can meet this rule."),
        ),
        (
            (HOME, minimum("min-organisations", 3), minimum("min-countries", 3)),
            ("never-fails", ("min-organisations", "min-countries"), "“min-organisations” (3) never fails where “min-countries” (3) is met: different countries are different organisations."),
        ),
        (
            (minimum("min-organisations", 2), minimum("min-member-states", 3)),
            ("never-fails", ("min-organisations", "min-member-states"), "“min-organisations” (2) never fails where “min-member-states” (3) is met: different states are different organisations."),
        ),
        (
            (HOME, minimum("min-countries", 2), minimum("min-member-states", 2)),
            ("never-fails", ("min-countries", "min-member-states"), "“min-countries” (2) never fails where “min-member-states” (2) is met: each Member State is a participating country."),
        ),
        (
            (minimum("independent", 2), minimum("min-organisations", 3)),
            ("never-fails", ("independent", "min-organisations"), "“independent” (2) never fails where “min-organisations” (3) is met: fewer are refused before they are compared."),
        ),
        (
            (minimum("min-countries", 3),),
            ("gap", ("min-countries",), "“min-countries” also counts countries that do not participate, because no rule checks where applicants are established."),
        ),
        (
            ({"rule": "organisation-kind", "kinds": ["company", "other"], "kinds_for_officer": ["other"]},),
            ("contradiction", ("organisation-kind",), "“organisation-kind” accepts other and also leaves them to an officer."),
        ),
        (
            ({"rule": "organisation-kind", "kinds": ["cluster-organisation", "business-network", "runs-a-cluster", "company"],
              "kinds_for_officer": ["research-acting-as-cluster", "other"]},),
            ("never-fails", ("organisation-kind",), "“organisation-kind” accepts every type of organisation, so it excludes nobody."),
        ),
        (
            ({"rule": "platform-registration", "accepts": ["registered", "neither"]},),
            ("never-fails", ("platform-registration",), "“platform-registration” also accepts applicants that are not registered, so it excludes nobody."),
        ),
        (
            ({"rule": "grant-ceiling", "ceilings": {"2": "5"}},),
            ("gap", ("grant-ceiling",), "“grant-ceiling” sets no amount, so every proposal needs review by an officer."),
        ),
        (
            ({"rule": "grant-ceiling", "ceilings": {"1": "1000.01"}},),
            ("contradiction", ("grant-ceiling",), "“grant-ceiling” allows 1000.01 for one proposal, which is more than the whole budget of strand 1 (1000)."),
        ),
        (
            ({"rule": "co-financing-rate", "maximum": "1"},),
            ("never-fails", ("co-financing-rate",), "“co-financing-rate” allows 100%, so only a contribution above the eligible costs fails."),
        ),
        (
            ({"rule": "scoreboard-verifiable"},),
            ("never-fails", ("scoreboard-verifiable",), "“scoreboard-verifiable” has no effect because no strand of it requires a scoreboard."),
        ),
        (
            (minimum("market-count", 2),),
            ("gap", ("market-count",), "“market-count” counts every country because no rule requires third markets."),
        ),
        (
            ({"rule": "coordinator", "strands": ["1", "7"]},),
            ("contradiction", ("coordinator",), "“coordinator” is for strand 7, which the call does not have."),
        ),
    ],
)  # fmt: skip
def test_an_odd_list_is_remarked_on(rules, remark):
    assert remarks_about(*rules) == [remark]


@pytest.mark.parametrize(
    "rules",
    [
        (HOME, minimum("min-countries", 33)),
        (HOME, minimum("min-countries", 2), minimum("min-organisations", 3)),
        (minimum("min-member-states", 28),),
        (HOME, minimum("min-member-states", 2), minimum("min-countries", 3)),
        (minimum("independent", 3), minimum("min-organisations", 3)),
        ({"rule": "grant-ceiling", "ceilings": {"1": "1000"}},),
        ({"rule": "co-financing-rate", "maximum": "0.99"},),
        ({"rule": "deliverables"},),
        ({"rule": "organisation-kind"},),
        ({"rule": "platform-registration"},),
        (minimum("market-count", 2), {"rule": "third-markets"}),
    ],
)
def test_a_sound_list_is_not_remarked_on(rules):
    assert remarks_about(*rules) == []


def test_no_country_at_all_is_a_contradiction():
    assert remarks_about(HOME, countries=CountrySet([])) == [
        (
            "contradiction",
            ("established",),
            "No country participates on 2015-04-21, so no applicant is eligible.",
        )
    ]


def test_a_remark_names_its_strand_where_it_is_not_true_of_all():
    remarks = remarks_about({"rule": "grant-ceiling", "ceilings": {"1": "5"}}, strands=(ONE, TWO))
    assert [message for _oddity, _rules, message in remarks] == [
        "In strand 2: “grant-ceiling” sets no amount, so every proposal needs review by an officer."
    ]


@pytest.mark.parametrize(
    ("strands", "rules"),
    [
        ((), []),
        (("1",), ["scoreboard-verifiable"]),
        (("2",), ["deliverables"]),
    ],
)
def test_a_rule_is_idle_only_where_none_of_its_strands_has_anything_for_it(strands, rules):
    scope = {"strands": list(strands)} if strands else {}
    remarks = remarks_about(
        {"rule": "deliverables"} | scope,
        {"rule": "scoreboard-verifiable"} | scope,
        strands=(ONE, TWO),
    )
    assert [remark[1] for remark in remarks] == [(rule,) for rule in rules]


def test_rules_without_anything_to_judge_are_told_in_whole_sentences():
    remarks = remarks_about({"rule": "deliverables"}, strands=(TWO,))
    assert remarks == [
        (
            "never-fails",
            ("deliverables",),
            "“deliverables” has no effect because no strand of it requires deliverables.",
        )
    ]


def test_each_strand_is_looked_at_by_its_own_rules():
    remarks = remarks_about(
        {"rule": "co-financing-rate", "maximum": "1", "strands": ["2"]}, strands=(ONE, TWO)
    )
    assert [message for _oddity, _rules, message in remarks] == [
        "In strand 2: “co-financing-rate” allows 100%, so only a contribution above the eligible costs fails."
    ]


def test_an_outline_has_all_that_remarks_ask_for():
    strand = {
        "code": "1",
        "deliverables": [{"is_scoreboard": False}, {"is_scoreboard": True}],
        "budget": Decimal(7),
    }
    assert outlines_of([strand]) == [StrandOutline("1", 2, True, Decimal(7))]


def test_the_shipped_calls_hold_no_contradiction_and_no_gap():
    for file in sorted(FILE.parent.glob("*.yaml")):
        content = read_call_file(file)
        call = content["call"]
        results = remarks_on(
            RuleSet.from_json(call["rules"]),
            country_set(),
            rule_date_of(call["first_deadline"]),
            outlines_of(call["strands"]),
        )
        assert {remark.oddity.value for remark in results} <= {"never-fails"}, file


def test_the_call_of_2014_says_what_its_minimums_make_of_each_other():
    results = remarks_on(
        rule_set(), country_set(), DAY, outlines_of(call_file()["call"]["strands"])
    )
    assert [remark.rules for remark in results] == [("min-organisations", "min-countries")]
