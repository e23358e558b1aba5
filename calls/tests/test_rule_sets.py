"""Lists of rules as a call keeps them: for which strand, with which parameters, in which version."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from calls.call_file import read_call_file
from calls.eligibility import RuleSet, canonical, screen
from calls.eligibility import rules as catalogue
from calls.eligibility.facts import MarketFacts, OrganisationKind, ProposalFacts, Registration
from calls.eligibility.rules import RuleVersionMissing, UnusableRule
from calls.tests.facts import FILE, country_set, judged, partner, proposal, rule_set, strand_two

CITED = {"citation": "Call text"}


def rules(*entries):
    return RuleSet.from_json([CITED | entry for entry in entries])


def outcomes_of(rule_id, facts, rule_list, **kwargs):
    findings = screen(facts, rule_list, country_set(), **kwargs).findings
    return [(f.subject, f.outcome.value) for f in findings if f.rule == rule_id]


MEMBERS = rules({"rule": "min-member-states", "minimum": 2})


@pytest.mark.parametrize(
    ("countries", "outcome"),
    [
        (("LT", "FR", "TR"), "pass"),
        (("LT", "TR", "ME"), "ineligible"),
        (("LT", "LT", "FR"), "pass"),
        (("LT", "LT", "LT"), "ineligible"),
        (("TR", "ME", "MK"), "ineligible"),
        (("LT", "RS", "FR"), "pass"),
        (("UK", "EL"), "pass"),
    ],
)
def test_member_states_are_counted_on_the_rule_date(countries, outcome):
    assert outcomes_of("min-member-states", proposal(*countries), MEMBERS) == [
        ("consortium", outcome)
    ]


def test_an_open_partner_makes_the_number_of_member_states_open():
    undecided = partner(2, "FR", kind=OrganisationKind.RESEARCH_AS_CLUSTER)
    kinds = {"rule": "organisation-kind", "kinds_for_officer": ["research-acting-as-cluster"]}
    listed = rules(kinds, {"rule": "min-member-states", "minimum": 2})
    facts = proposal(partner(1, "LT"), undecided, partner(3, "TR"))
    assert outcomes_of("min-member-states", facts, listed) == [("consortium", "officer")]


def test_a_territory_makes_its_member_state_open():
    listed = rules({"rule": "established"}, {"rule": "min-member-states", "minimum": 2})
    facts = proposal(partner(1, "LT"), partner(2, "GL"), partner(3, "TR"))
    assert outcomes_of("min-member-states", facts, listed) == [("consortium", "officer")]


def test_one_organisation_in_a_member_state_and_elsewhere_is_not_surely_a_member():
    twice = partner(3, "TR", organisation="org-2")
    facts = proposal(partner(1, "LT"), partner(2, "FR"), twice)
    assert outcomes_of("min-member-states", facts, MEMBERS) == [("consortium", "officer")]


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ((), "officer"),
        (("US",), "officer"),
        (("US", "US"), "officer"),
        (("US", "JP"), "pass"),
        (("US", "JP", "CN", "BR", "IN"), "pass"),
        (("US", "JP", "CN", "BR", "IN", "CA"), "warn"),
    ],
)
def test_number_of_third_markets(codes, outcome):
    listed = rules({"rule": "market-count", "minimum": 2, "recommended_maximum": 5})
    facts = proposal(markets=tuple(MarketFacts(code) for code in codes))
    assert outcomes_of("market-count", facts, listed) == [("proposal", outcome)]


def test_regions_are_no_third_countries():
    facts = proposal(markets=(MarketFacts("US"), MarketFacts(None, "ASEAN")))
    listed = rules({"rule": "market-count", "minimum": 2})
    assert outcomes_of("market-count", facts, listed) == [("proposal", "officer")]


@pytest.mark.parametrize(
    ("months", "outcome"),
    [(None, "officer"), (29, "officer"), (30, "pass"), (36, "pass"), (37, "officer")],
)
def test_a_duration_may_have_a_lower_limit(months, outcome):
    listed = rules({"rule": "duration", "minimum_months": 30, "maximum_months": 36})
    facts = proposal(duration_months=months)
    assert outcomes_of("duration", facts, listed) == [("proposal", outcome)]


@pytest.mark.parametrize(
    ("registration", "accepted_in_2014", "accepted_in_2020"),
    [
        (Registration.REGISTERED, "pass", "pass"),
        (Registration.APPLIED, "pass", "pass"),
        (Registration.PLANNED, "pass", "ineligible"),
        (Registration.NEITHER, "ineligible", "ineligible"),
        (None, "officer", "officer"),
    ],
)
def test_a_call_says_how_far_a_registration_must_be(
    registration, accepted_in_2014, accepted_in_2020
):
    day = "2015-03-01" if registration == Registration.APPLIED else "2015-06-01"
    facts = proposal(partner(1, "LT", registration=registration, planned_on=day))
    in_2020 = rules({"rule": "platform-registration", "accepts": ["registered", "applied"]})
    assert outcomes_of("platform-registration", facts, rule_set()) == [("p1", accepted_in_2014)]
    assert outcomes_of("platform-registration", facts, in_2020) == [("p1", accepted_in_2020)]


def test_a_call_says_which_kinds_may_apply():
    listed = rules(
        {"rule": "organisation-kind", "kinds": ["company"], "kinds_for_officer": ["other"]}
    )
    facts = proposal(
        partner(1, "LT", kind=OrganisationKind.COMPANY),
        partner(2, "LT", kind=OrganisationKind.CLUSTER),
        partner(3, "LT", kind=OrganisationKind.OTHER),
    )
    outcomes = outcomes_of("organisation-kind", facts, listed)
    assert outcomes == [("p1", "pass"), ("p2", "ineligible"), ("p3", "officer")]


def test_a_rule_for_one_strand_is_silent_in_the_other():
    listed = rules(
        {"rule": "duration", "strands": ["3.1"], "maximum_months": 12},
        {"rule": "duration", "strands": ["3.2"], "maximum_months": 24},
        {"rule": "coordinator", "strands": ["3.2"]},
    )
    assert outcomes_of("duration", proposal(duration_months=18), listed) == [
        ("proposal", "officer")
    ]
    assert outcomes_of("duration", strand_two(duration_months=18), listed) == [("proposal", "pass")]
    assert outcomes_of("coordinator", proposal(), listed) == []
    assert listed.parameter("duration", "maximum_months", strand="3.2") == 24
    assert listed.parameter("duration", "maximum_months") == 12
    assert listed.parameter("duration", "maximum_months", strand="9") is None


@pytest.mark.parametrize(
    ("entries", "index", "parameter", "text"),
    [
        (
            [{"rule": ["in-time"]}],
            0, "rule", f"“['in-time']” is not a rule. Known rules: {', '.join(catalogue.CATALOGUE)}.",
        ),
        (
            [{"rule": "grant-ceiling", "ceilings": "187500.00"}],
            0, "ceilings", "“ceilings” is '187500.00'; expected amounts in euro by strand, such as '187500.00'.",
        ),
        (
            [{"rule": "grant-ceiling", "ceilings": {"3.1": "0"}}],
            0, "ceilings", "“ceilings” is {'3.1': '0'}; expected amounts in euro by strand, such as '187500.00'.",
        ),
        (
            [{"rule": "grant-ceiling", "ceilings": {"3.1": "Infinity"}}],
            0, "ceilings", "“ceilings” is {'3.1': 'Infinity'}; expected amounts in euro by strand, such as '187500.00'.",
        ),
        (
            [{"rule": "co-financing-rate", "maximum": "0"}],
            0, "maximum", "“maximum” is '0'; expected a fraction such as '0.75'.",
        ),
        (
            [{"rule": "coordinator"}, {"rule": "coordinator", "strands": ["3.1"]}],
            1, "rule", "“coordinator” appears twice in the list.",
        ),
        (
            [{"rule": "coordinator", "strands": ["3.1", "3.2"]}, {"rule": "coordinator", "strands": ["3.2"]}],
            1, "rule", "“coordinator” appears twice in the list for strand 3.2.",
        ),
        (
            [{"rule": "duration", "minimum_months": 30, "maximum_months": 24}],
            0, "minimum_months", "“minimum_months” is 30; expected at most “maximum_months”, which is 24.",
        ),
        (
            [{"rule": "market-count", "minimum": 6, "recommended_maximum": 5}],
            0, "minimum", "“minimum” is 6; expected at most “recommended_maximum”, which is 5.",
        ),
        (
            [{"rule": "coordinator", "strands": []}],
            0, "strands", "“strands” is []; expected a list of texts without repetition.",
        ),
        (
            [{"rule": "coordinator", "strands": ["A", "A"]}],
            0, "strands", "“strands” is ['A', 'A']; expected a list of texts without repetition.",
        ),
        (
            [{"rule": "organisation-kind", "kinds": ["university"]}],
            0, "kinds",
            "“kinds” is ['university']; expected a list of some of cluster-organisation, "
            "business-network, runs-a-cluster, research-acting-as-cluster, company, other.",
        ),
        (
            [{"rule": "min-countries", "minimum": 1_000_001}],
            0, "minimum", "“minimum” is 1000001; expected a whole number above 0.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_a_rule_is_refused_by_name(entries, index, parameter, text):
    with pytest.raises(UnusableRule) as refusal:
        rules(*entries)
    assert (refusal.value.index, refusal.value.parameter) == (index, parameter)
    assert str(refusal.value) == text


def test_a_stored_rule_set_is_read_in_the_version_that_was_applied(monkeypatch):
    stored = json.loads(canonical(rule_set().as_json()))
    assert RuleSet.from_stored(stored).digest == rule_set().digest

    stored["versions"]["coordinator"] = 99
    with pytest.raises(RuleVersionMissing, match="“coordinator” in its version 99"):
        RuleSet.from_stored(stored)

    current = catalogue.CATALOGUE["coordinator"]
    former = type("CoordinatorBefore", (current,), {"version": 99})
    monkeypatch.setitem(catalogue.RETIRED_VERSIONS, ("coordinator", 99), former)
    read = RuleSet.from_stored(stored)
    assert [type(rule) for rule in read.rules if rule.id == "coordinator"] == [former]
    assert read.as_json() == stored


def test_a_part_of_the_rules_judges_only_by_that_part():
    part = rule_set().only("established", "min-countries")
    verdict = screen(proposal("LT", "FR", "RS"), part, country_set())
    assert {f.rule for f in verdict.findings} == {"established", "min-countries"}
    assert [rule.id for rule in part.rules] == [entry["rule"] for entry in part.data]


@pytest.mark.parametrize("facts", [proposal(), strand_two(), proposal(received_at=None)])
def test_stored_facts_are_the_facts(facts):
    stored = json.loads(canonical(facts.as_json()))
    assert ProposalFacts.from_json(stored) == facts
    assert judged(ProposalFacts.from_json(stored)) == judged(facts)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abcxyz_0189", max_size=6), inner),
        max_leaves=20,
    )
)
def test_canonical_json_is_that_of_another_implementation(document):
    assert canonical(document).encode() == rfc8785.dumps(document)


def test_the_call_of_2020_asks_for_other_things_without_code():
    content = read_call_file(FILE.parent / "cos-clusint-2020-3-01.yaml")
    listed = RuleSet.from_json(content["call"]["rules"])
    deadline = content["call"]["first_deadline"]

    def outcome(strand, *countries, months, markets=("US", "JP")):
        facts = proposal(
            *countries,
            strand=strand,
            deadline=deadline,
            duration_months=months,
            markets=tuple(MarketFacts(code) for code in markets),
        )
        return screen(facts, listed, country_set()).outcome.value

    assert outcome("A", "LT", "FR", "TR", months=36) == "pass"
    assert outcome("A", "LT", "TR", "ME", months=36) == "ineligible"
    assert outcome("A", "LT", "FR", "TR", months=24) == "officer"
    assert outcome("A", "LT", "FR", "TR", months=30, markets=("US",)) == "officer"
    assert outcome("B", "LT", "FR", "TR", months=24) == "ineligible"
    assert outcome("B", "LT", "FR", "AT", months=24) == "pass"
    assert outcome("A", "LT", "FR", "UK", months=36) == "ineligible"  # the Union's 27 by then
    assert outcome("A", "LT", "FR", "UA", months=36) == "pass"
