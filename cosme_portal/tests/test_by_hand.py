"""The baseline of the rules' benchmark checks the same things as the rules."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.eligibility import screen
from calls.eligibility.facts import (
    ActivityFacts,
    BudgetFacts,
    DeliverableFacts,
    FileFacts,
    IndicatorFacts,
    MarketFacts,
    MemberFacts,
    OrganisationKind,
    Registration,
    Role,
)
from calls.tests.facts import DEADLINE, country_set, partner, proposal, rule_set, strand_two
from cosme_portal.bench.by_hand import is_eligible

ODD = [
    {"description_present": False}, {"profile_missing": ("x",)}, {"country": "RS"}, {"country": "AL"},
    {"country": None}, {"country": "GL"}, {"kind": OrganisationKind.COMPANY}, {"kind": None},
    {"kind": OrganisationKind.NETWORK}, {"registration": None}, {"profile_link": ""},
    {"registration": Registration.PLANNED}, {"registration": Registration.NEITHER},
    {"registration": Registration.PLANNED, "planned_on": "2015-06-01"}, {"services": ()},
    {"independent_members": False}, {"independent_members": None}, {"cites_2006_definition": True},
    {"members": MemberFacts(total=1, small_or_medium=2)}, {"members": MemberFacts()},
    {"profile_link_shared": True}, {"profile_link": "https://platform.example/2/"},
    {"profile_link": " HTTP://platform.example/2#top"}, {"controlled_by": "none"},
    {"controlled_by": "p2"}, {"other_applications": 1}, {"organisation": "org-2"},
    {"role": Role.COORDINATOR}, {"role": Role.ASSOCIATED},
    {"role": Role.ASSOCIATED, "budget": BudgetFacts()}, {"pic": "123456789"},
]  # fmt: skip
ODD_PROPOSALS = [
    {"received_at": DEADLINE},
    {"received_at": None},
    {"files": (FileFacts("a", "a", 0),)},
    {"files": (FileFacts("a", "a", 1),)},
    {"activities": ()},
    {"markets": ()},
    {"duration_months": 25},
    {"duration_months": None},
    {"activities": (ActivityFacts("a", " ", "b"),)},
    {"deliverables": (DeliverableFacts("a", "A", present=False),)},
    {"markets": (MarketFacts("FR"),)},
    {"markets": (MarketFacts(None, "ASEAN"),)},
    {"markets": (MarketFacts("MD"),)},
    {"indicators": ()},
    {"indicators": (IndicatorFacts("a", "", "1", "x", "y"),)},
    {"stated_total_grant": 1},
]


def has_no_objection(facts):
    verdict = screen(facts, rule_set(), country_set())
    return all(finding.outcome == "pass" for finding in verdict.findings)


@given(
    st.lists(st.sampled_from([{}, {}, {}, *ODD]), min_size=1, max_size=5),
    st.sampled_from([{}, {}, *ODD_PROPOSALS]),
    st.sampled_from([proposal, strand_two]),
)
def test_the_hand_written_function_says_the_same_as_the_rules(oddities, odd, make):
    countries = ("LT", "FR", "AT", "DE", "ES")
    participants = tuple(
        dataclasses.replace(partner(number, country), **oddity)
        for number, (country, oddity) in enumerate(
            zip(countries, [*oddities, *[{}] * 5], strict=False), start=1
        )
    )
    facts = dataclasses.replace(make(participants=participants), **odd)
    assert is_eligible(facts, country_set()) == has_no_objection(facts)


@pytest.mark.parametrize("make", [proposal, strand_two])
def test_both_say_yes_to_what_is_in_order(make):
    assert is_eligible(make(), country_set())
    assert has_no_objection(make())
