"""Laws of the engine: what holds for every proposal, not only for the worked cases."""

import dataclasses
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from calls.eligibility import RuleSet, Verdict, rule_date_of, screen
from calls.eligibility.countries import Participation, UnknownCountry, name_on, normalise
from calls.eligibility.rules import UnusableRule
from calls.eligibility.rules.admissibility import in_brussels
from calls.tests.facts import DEADLINE, call_file, country_set, judged, partner, proposal, rule_set

SEVERITY = ["pass", "officer", "ineligible"]
COUNTRIES = st.sampled_from(["LT", "FR", "AT", "DE", "AL", "RS", "CH", "MD", "JE", "TR"])


@given(st.lists(COUNTRIES, min_size=1, max_size=8), st.sampled_from(["ES", "FR", "IS", "TR"]))
def test_a_sure_partner_more_never_worsens_a_minimum(countries, another):
    before = judged(proposal(*countries))
    after = judged(proposal(*countries, another))
    for rule in ("min-organisations", "min-countries"):
        worst_before, worst_after = (
            SEVERITY.index(next(f.outcome for f in verdict.findings if f.rule == rule))
            for verdict in (before, after)
        )
        assert worst_after <= worst_before


@given(st.lists(COUNTRIES, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_partners_changes_only_the_order_of_findings(countries, shuffler):
    facts = proposal(*countries)
    shuffled = list(facts.participants)
    shuffler.shuffle(shuffled)
    other = judged(dataclasses.replace(facts, participants=tuple(shuffled)))
    verdict = judged(facts)

    def messages_in(item):
        return sorted((f.rule, f.subject, f.outcome, f.message) for f in item.findings)

    assert (verdict.outcome, messages_in(verdict)) == (other.outcome, messages_in(other))


@given(
    st.lists(COUNTRIES, min_size=1, max_size=8),
    st.lists(st.text("abcdefghij", min_size=6, max_size=9), min_size=8, max_size=8, unique=True),
)
def test_renaming_partners_changes_no_outcome(countries, names):
    facts = proposal(*countries)
    renamed = tuple(
        dataclasses.replace(participant, name=name)
        for participant, name in zip(facts.participants, names, strict=False)
    )
    other = judged(dataclasses.replace(facts, participants=renamed))

    def messages_in(verdict):
        return [
            (f.rule, f.subject, f.outcome, f.evidence)
            for f in verdict.findings
            if f.rule != "coordinator"
        ]

    assert messages_in(other) == messages_in(judged(facts))


@given(st.lists(COUNTRIES, min_size=1, max_size=6))
def test_the_same_organisation_twice_counts_once(countries):
    facts = proposal(*countries)
    first = facts.participants[-1]
    twin = dataclasses.replace(first, key="p99", role=first.role.PARTNER)
    verdict = judged(dataclasses.replace(facts, participants=(*facts.participants, twin)))
    evidence = next(f.evidence for f in verdict.findings if f.rule == "min-organisations")
    alone = next(f.evidence for f in judged(facts).findings if f.rule == "min-organisations")
    assert evidence["at_most"] == alone["at_most"]


@given(st.lists(COUNTRIES, min_size=0, max_size=6))
def test_the_outcome_is_never_better_than_a_consortium_level_finding(countries):
    verdict = judged(proposal(*(partner(n, c) for n, c in enumerate(countries, start=1))))
    consortium = [f.outcome for f in verdict.findings if f.subject == "consortium"]
    worst = max(outcome.severity for outcome in consortium)
    assert verdict.outcome.severity >= worst


@given(st.lists(COUNTRIES, min_size=0, max_size=6))
def test_a_dumped_verdict_parsed_again_is_the_verdict(countries):
    verdict = judged(proposal(*countries))
    assert Verdict.from_json(json.loads(rfc8785.dumps(verdict.as_json()))) == verdict


def test_the_same_facts_give_the_same_bytes():
    facts = proposal("LT", "FR", "AL", "RS")
    first, second = (rfc8785.dumps(judged(facts).as_json()) for _turn in range(2))
    again = screen(facts, RuleSet.from_json(call_file()["call"]["rules"]), country_set())
    assert first == second == rfc8785.dumps(again.as_json())


def test_a_later_country_row_never_changes_an_earlier_rule_date():
    rows = list(country_set().rows)
    later = Participation(
        "RS", "b", datetime(2015, 11, 5).date(), datetime(2016, 1, 1).date(), None, "x"
    )
    random.Random(7).shuffle(rows)
    countries = type(country_set())([*rows, later])
    facts = proposal("LT", "FR", "AT", "RS")
    before, after = judged(facts), screen(facts, rule_set(), countries)
    assert before.findings == after.findings
    assert before.country_set != after.country_set


@given(
    st.lists(COUNTRIES, min_size=1, max_size=6),
    st.sampled_from(["RS", "CH", "AL", "NO", "UA", "LT"]),
    st.dates(datetime(2015, 4, 22).date(), datetime(2030, 1, 1).date()),
    st.sampled_from(["a", "b", "c", "member-state"]),
)
def test_no_row_that_begins_later_changes_an_earlier_rule_date(countries, code, begins, gate):
    later = Participation(code, gate, begins, begins, None, "later")
    facts = proposal(*countries)
    after = screen(facts, rule_set(), type(country_set())([*country_set().rows, later]))
    assert judged(facts).findings == after.findings
    assert judged(facts).outcome == after.outcome


@pytest.mark.parametrize(
    ("moment", "text", "day"),
    [
        (datetime(2015, 3, 29, 0, 59, 59, 999999, tzinfo=UTC), "29 March 2015, 01:59:59.999999 Brussels (CET, UTC+01:00)", "2015-03-29"),
        (datetime(2015, 3, 29, 1, 0, tzinfo=UTC), "29 March 2015, 03:00:00.000 Brussels (CEST, UTC+02:00)", "2015-03-29"),
        (datetime(2015, 10, 25, 0, 30, tzinfo=UTC), "25 October 2015, 02:30:00.000 Brussels (CEST, UTC+02:00)", "2015-10-25"),
        (datetime(2015, 10, 25, 1, 30, tzinfo=UTC), "25 October 2015, 02:30:00.000 Brussels (CET, UTC+01:00)", "2015-10-25"),
        (datetime(2015, 4, 21, 22, 0, tzinfo=UTC), "22 April 2015, 00:00:00.000 Brussels (CEST, UTC+02:00)", "2015-04-22"),
        (datetime(2015, 1, 20, 22, 59, 59, tzinfo=UTC), "20 January 2015, 23:59:59.000 Brussels (CET, UTC+01:00)", "2015-01-20"),
    ],
)  # fmt: skip
def test_instants_keep_their_offset_at_both_changes_of_the_clocks(moment, text, day):
    assert in_brussels(moment) == text
    assert rule_date_of(moment).isoformat() == day


@pytest.mark.parametrize("instant", ["2015-03-29T01:00:00+00:00", "2015-10-25T01:00:00+00:00"])
def test_a_deadline_at_the_change_of_the_clocks_is_an_instant(instant):
    deadline = datetime.fromisoformat(instant)
    for before, outcome in ((1, "pass"), (0, "inadmissible"), (-1, "inadmissible")):
        received = deadline - timedelta(microseconds=before)
        verdict = judged(proposal(deadline=deadline, received_at=received))
        (finding,) = [f for f in verdict.findings if f.rule == "in-time"]
        assert finding.outcome == outcome


def test_the_overall_outcome_with_only_warnings_is_pass():
    facts = proposal()
    first = dataclasses.replace(facts.participants[0], cites_2006_definition=True)
    verdict = judged(dataclasses.replace(facts, participants=(first, *facts.participants[1:])))
    assert (verdict.outcome, len(verdict.warnings)) == ("pass", 1)


def test_the_rule_date_is_the_brussels_date_of_the_deadline():
    just_after_midnight = datetime(2015, 4, 20, 22, 30, tzinfo=UTC)
    assert rule_date_of(just_after_midnight).isoformat() == "2015-04-21"


def test_a_deadline_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        rule_date_of(DEADLINE.replace(tzinfo=None))


def test_who_has_not_agreed_counts_only_perhaps_whichever_rules_a_call_has():
    rules = [rule for rule in call_file()["call"]["rules"] if rule["rule"] != "profile-complete"]
    facts = proposal("LT", "FR", partner(3, "AT", has_agreed=False))
    verdict = screen(facts, RuleSet.from_json(rules), country_set())
    assert verdict.by_rule["min-organisations"] == verdict.by_rule["min-countries"] == "officer"


def test_nothing_is_said_about_time_before_anything_is_received():
    verdict = judged(proposal(received_at=None))
    assert not [f for f in verdict.findings if f.rule == "in-time"]


def test_every_finding_that_is_not_met_says_how_to_mend_it():
    facts = proposal(
        "RS", "AL", received_at=DEADLINE, activities=(), markets=(), duration_months=30
    )
    findings = [f for f in judged(facts).findings if f.outcome != "pass"]
    assert findings
    assert all(f.fix and f.fix.advice.endswith(".") and f.message.endswith(".") for f in findings)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("el", "EL"),
        (" EL ", "EL"),
        ("GR", "EL"),
        ("gb", "UK"),
        ("UK", "UK"),
        ("RE", "FR"),
        ("XK", "XK"),
    ],
)
def test_codes_are_normalised(typed, stored):
    assert normalise(typed) == stored


@pytest.mark.parametrize("code", ["", "EU", "XX", "FRA", "1", "É"])
def test_unknown_codes_are_refused(code):
    with pytest.raises(UnknownCountry):
        normalise(code)


@pytest.mark.parametrize(
    ("code", "day", "name"),
    [
        ("CZ", "2015-04-21", "Czech Republic"),
        ("CZ", "2020-12-02", "Czechia"),
        ("TR", "2015-04-21", "Turkey"),
        ("MK", "2019-02-11", "the former Yugoslav Republic of Macedonia"),
        ("MK", "2019-02-12", "North Macedonia"),
    ],
)
def test_names_are_those_of_the_day(code, day, name):
    assert name_on(code, datetime.fromisoformat(day).date()) == name


@pytest.mark.parametrize(
    ("entry", "parameter", "text"),
    [
        ({"rule": "no-such-rule", "citation": "x"}, "rule", "not a rule"),
        ({"rule": "min-countries", "citation": "x"}, "minimum", "needs the parameter"),
        ({"rule": "min-countries", "citation": "x", "minimum": 0}, "minimum", "above 0"),
        ({"rule": "min-countries", "citation": "x", "minimum": True}, "minimum", "above 0"),
        ({"rule": "in-time", "citation": "x", "grace": 5}, "grace", "has no parameter"),
        ({"rule": "co-financing-rate", "citation": "x", "maximum": "1.5"}, "maximum", "fraction"),
        ({"rule": "co-financing-rate", "citation": "x", "maximum": 0.75}, "maximum", "fraction"),
        (
            {"rule": "grant-ceiling", "citation": "x", "ceilings": {"3.1": "-1"}},
            "ceilings",
            "amounts",
        ),
        ({"rule": "in-time", "citation": " "}, "citation", "a text"),
    ],
)
def test_an_unusable_rule_is_refused_by_name(entry, parameter, text):
    with pytest.raises(UnusableRule, match=text) as refusal:
        RuleSet.from_json([{"rule": "coordinator", "citation": "x"}, entry])
    assert (refusal.value.index, refusal.value.parameter) == (1, parameter)
