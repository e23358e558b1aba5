"""Who counts, what a consortium lacks, and what another member would change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.eligibility.facts import OrganisationKind, Role
from calls.eligibility.what_if import NEW, outlook, with_another, without
from calls.tests.facts import country_set, partner, proposal, rule_set

COUNTRIES = st.sampled_from(["LT", "FR", "AT", "DE", "AL", "RS", "CH", "MD", "JE", "TR"])


def seen(facts):
    return outlook(facts, rule_set(), country_set())


def test_members_are_sure_open_out_or_associated():
    facts = proposal(
        partner(1, "LT"),
        partner(2, "AL"),
        partner(3, "RS"),
        partner(4, "CH", role=Role.ASSOCIATED),
        partner(5, "FR", description_present=False),
    )
    result = seen(facts)
    groups = (result.counts, result.undecided, result.excluded, result.associated)
    assert [[item.key for item in group] for group in groups] == [
        ["p1"],
        ["p2", "p5"],
        ["p3"],
        ["p4"],
    ]
    assert [item.rule for item in result.undecided[0].in_the_way] == ["established"]
    assert [item.rule for item in result.undecided[1].in_the_way] == ["description-present"]
    assert result.counts[0].in_the_way == ()
    assert result.associated[0].findings == ()


@pytest.mark.parametrize(
    ("countries", "missing"),
    [
        (("DE", "FR"), ("1 more organisation needed.", "1 more participating country needed, other than Germany or France.")),
        (("DE",), ("2 more organisations needed.", "2 more participating countries needed, other than Germany.")),
        (("DE", "FR", "FR"), ("1 more participating country needed, other than Germany or France.",)),
        (("DE", "FR", "AT"), ()),
        (("DE", "FR", "AL"), (
            "Enough organisations once the open points for some partners are resolved.",
            "Enough participating countries once the open points for some partners are resolved.",
        )),
        (("MK", "MK", "MK"), ("2 more participating countries needed, other than the former Yugoslav Republic of Macedonia.",)),
    ],
)  # fmt: skip
def test_what_is_lacking_is_said_in_whole_sentences(countries, missing):
    assert seen(proposal(*countries)).missing == missing


def test_without_anyone_everything_is_lacking():
    facts = proposal(partner(1, "RS", role=Role.PARTNER))
    assert seen(facts).missing == (
        "3 more organisations needed.",
        "3 more participating countries needed.",
        "Choose exactly one coordinator among the applicants.",
    )


def test_linked_partners_are_told_with_what_mends_them():
    facts = proposal("DE", "FR", partner(3, "AT", controlled_by="p1"))
    assert seen(facts).missing == (
        "Keep only one of them, or add an organisation that is independent of the others.",
    )


def test_without_a_partner():
    facts = proposal("DE", "FR", "AT")
    assert seen(facts).outcome == "pass"
    assert seen(without(facts, "p3")).outcome == "ineligible"
    assert seen(without(facts, "p1")).outcome == "inadmissible"
    assert without(facts, "p9") == facts


def test_with_another_from_a_country():
    facts = proposal("DE", "FR")
    assert seen(with_another(facts, "ES")).outcome == "pass"
    assert seen(with_another(facts, "DE")).outcome == "ineligible"
    assert seen(with_another(facts, "AL")).outcome == "officer"
    assert seen(with_another(facts, "RS")).excluded[-1].name == "an organisation from Serbia"


def test_another_is_a_partner_that_meets_every_rule_about_partners():
    (_one, another) = with_another(proposal("DE"), "NL").participants
    assert (another.key, another.organisation, another.role) == (NEW, NEW, Role.PARTNER)
    assert another.name == "an organisation from the Netherlands"
    assert seen(with_another(proposal("DE"), "NL")).counts[-1].key == NEW


def test_an_outlook_goes_by_the_rules_of_the_strand():
    only_in_two = rule_set().from_json(
        [{"rule": "min-countries", "minimum": 3, "citation": "x", "strands": ["3.2"]}]
    )
    assert outlook(proposal("DE"), only_in_two, country_set()).missing == ()
    two = proposal("DE", strand="3.2")
    assert outlook(two, only_in_two, country_set()).missing == (
        "2 more participating countries needed, other than Germany.",
    )


def test_remarks_are_no_obstacles():
    member = seen(proposal(partner(1, "DE", cites_2006_definition=True))).members[0]
    assert [remark.rule for remark in member.remarks] == ["support-services"]
    assert member.in_the_way == ()


def test_a_consortium_without_rules_about_it_lacks_nothing():
    empty = outlook(proposal(), rule_set().only("duration"), country_set())
    assert (empty.outcome, empty.missing, len(empty.counts)) == ("pass", (), 3)


@given(st.lists(COUNTRIES, min_size=1, max_size=6), COUNTRIES)
def test_another_member_and_none_again_is_the_same_consortium(countries, another):
    facts = proposal(*countries)
    assert without(with_another(facts, another), NEW) == facts
    assert len(seen(with_another(facts, another)).members) == len(countries) + 1


def test_another_does_not_share_its_profile_or_identity_with_anyone():
    odd = partner(2, "FR", kind=OrganisationKind.NETWORK, profile_link="")
    result = seen(with_another(proposal(partner(1, "DE"), odd), "ES"))
    assert [count.key for count in result.counts] == ["p1", NEW]
