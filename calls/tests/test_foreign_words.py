"""What people write in their own way: names, controllers, links, markets and dates that are not quite right."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from calls.eligibility import Outcome, canonical
from calls.eligibility.facts import (
    ActivityFacts,
    BudgetFacts,
    Control,
    DeliverableFacts,
    MarketFacts,
    OrganisationKind,
    ProposalFacts,
    Registration,
    Role,
)
from calls.tests.facts import DEADLINE, judged, partner, proposal


def about(facts: ProposalFacts, rule: str):
    (finding,) = [finding for finding in judged(facts).findings if finding.rule == rule]
    return finding


def outcomes(facts: ProposalFacts, rule: str):
    return {
        finding.subject: finding.outcome
        for finding in judged(facts).findings
        if finding.rule == rule
    }


# --- Who controls whom -----------------------------------------------------------------------

LITEK = {
    "name": "Lithuanian Laser Cluster",
    "legal_name": "VšĮ Fizikos institutas",
    "acronym": "LITEK",
    "pic": "999999999",
    "organisation": "17",
}


@pytest.mark.parametrize(
    "written",
    [
        "p1",
        " P1 ",
        "17",
        "999999999",
        "PIC 999 999 999",
        "Lithuanian Laser Cluster",
        "LITHUANIAN LASER CLUSTER",
    ],
)
def test_a_controller_that_is_surely_a_partner_leaves_too_few(written):
    facts = proposal(partner(1, "LT", **LITEK), "FR", partner(3, "AT", controlled_by=written))
    assert about(facts, "independent").outcome == Outcome.INELIGIBLE


@pytest.mark.parametrize(
    "written",
    [
        "LITEK",
        "litek",
        "Fizikos institutas",
        "VsI Fizikos Institutas",
        "„Lithuanian Laser Cluster“ e.V.",
    ],
)
def test_a_controller_that_only_a_name_ties_to_a_partner_is_for_an_officer(written):
    facts = proposal(partner(1, "LT", **LITEK), "FR", partner(3, "AT", controlled_by=written))
    finding = about(facts, "independent")
    assert finding.outcome == Outcome.NEEDS_REVIEW
    assert finding.evidence["linked"] == [["p1", "p3"]]
    assert f"“{written}”" in finding.message


@pytest.mark.parametrize(
    "word", ["keine", "aucun", "brak", "нет", "ningún", "κανένας", "see annex"]
)
def test_a_word_that_matches_no_partner_is_shown_to_an_officer_and_keeps_nobody_out(word):
    two = proposal("LT", partner(2, "FR", controlled_by=word), partner(3, "AT", controlled_by=word))
    item = proposal("LT", "FR", partner(3, "AT", controlled_by=word))
    for facts in (item, two):
        finding = about(facts, "independent")
        assert finding.outcome == Outcome.NEEDS_REVIEW
        assert f"“{word}”" in finding.message
    assert about(item, "independent").evidence["outside"] == {"p3": word}


def test_a_chosen_partner_is_known_by_its_key_alone():
    chosen = {"control": Control.PARTNER, "controlled_by": "p1"}
    facts = proposal("LT", "FR", partner(3, "AT", **chosen))
    assert about(facts, "independent").outcome == Outcome.INELIGIBLE
    another = proposal("LT", "FR", partner(3, "AT", **chosen | {"controlled_by": "Cluster 1"}))
    assert about(another, "independent").outcome == Outcome.NEEDS_REVIEW


def test_another_body_is_never_taken_for_the_key_of_a_partner():
    other = {"control": Control.OTHER, "controlled_by": "p1"}
    finding = about(proposal("LT", "FR", partner(3, "AT", **other)), "independent")
    assert (finding.outcome, finding.evidence["linked"]) == (Outcome.NEEDS_REVIEW, [])


def test_whoever_chose_nobody_is_controlled_by_nobody():
    nobody = {"control": Control.NOBODY, "controlled_by": "p1"}
    facts = proposal("LT", "FR", partner(3, "AT", **nobody))
    assert about(facts, "independent").outcome == Outcome.PASS


@pytest.mark.parametrize(
    ("second", "third", "ground", "message"),
    [
        ({}, {"organisation": "org-2"}, "record", "the same record"),
        ({"pic": "999999999"}, {"pic": "999999999"}, "participant-code", "999999999"),
        ({"name": "Müller"}, {"name": "Mueller"}, "name", "names are similar"),
        ({}, {"controlled_by": "p2"}, "control", "names"),
        ({"controlled_by": "Big AG"}, {"controlled_by": "BIG"}, "owner", "“Big AG” and “BIG”"),
    ],
)
def test_two_that_belong_together_are_both_named_with_the_ground(second, third, ground, message):
    second = partner(2, "FR", **{"name": "Éclat"} | second)
    third = partner(3, "FR", **{"name": "Brio"} | third)
    finding = about(proposal("LT", second, third, "DE", "AT"), "independent")
    assert finding.evidence["grounds"][0]["between"] == ["p2", "p3"]
    assert finding.evidence["grounds"][0]["ground"] == ground
    for text in (second.name, third.name, message):
        assert text in finding.message


def test_a_partner_that_is_also_an_associated_partner_is_for_an_officer():
    twice = partner(4, "AT", role=Role.ASSOCIATED, organisation="org-3", budget=BudgetFacts())
    finding = about(proposal("LT", "FR", "AT", twice), "independent")
    assert (finding.outcome, finding.evidence["linked"]) == (Outcome.NEEDS_REVIEW, [])
    assert "associated partner" in finding.message


# --- Names and links that are written differently --------------------------------------------


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Müller Cluster", "Mueller Cluster"),
        ("Klaster Łódź", "Klaster Lodz"),
        ("Ørsted", "Orsted"),
        ("Silicon Saxony", "Silicon Saxony e.V."),
        ("Food & Drink", "Food and Drink"),
        ("Klaster Sp. z o.o.", "KLASTER"),
    ],
)
def test_names_that_fold_alike_are_for_an_officer_and_keep_nobody_out(name, other):
    facts = proposal("LT", partner(2, "DE", name=name), partner(3, "DE", name=other), "AT")
    assert about(facts, "independent").outcome == Outcome.NEEDS_REVIEW
    assert about(facts, "min-organisations").outcome == Outcome.PASS
    three = proposal("LT", partner(2, "DE", name=name), partner(3, "DE", name=other))
    assert about(three, "min-organisations").outcome == Outcome.NEEDS_REVIEW
    assert about(three, "independent").outcome == Outcome.NEEDS_REVIEW


@pytest.mark.parametrize(
    "link",
    [
        "https://www.platform.example/2",
        "http://platform.example:80/2/",
        "https://platform.example:443/2",
        "https://platform.example/2?lang=de",
        "https://platform.example/%32",
        "platform.example/2",
    ],
)
def test_one_profile_under_another_spelling_of_its_link_is_seen(link):
    facts = proposal("LT", "FR", partner(3, "AT", profile_link=link))
    assert outcomes(facts, "platform-registration") == {
        "p1": Outcome.PASS,
        "p2": Outcome.NEEDS_REVIEW,
        "p3": Outcome.NEEDS_REVIEW,
    }


# --- Markets, dates and sums that cannot be ---------------------------------------------------


@pytest.mark.parametrize(
    "region",
    [
        "Germany",
        "germany",
        "Europe",
        "Eastern Europe",
        "the EU",
        "Deutschland",
        "Allemagne",
        "DE",
        "Germany and Japan",
        "Balkans",
        "Turkey",
        "Moldova",
        "Switzerland",
        "Европа",
        "UK",
    ],
)
def test_europe_or_a_country_of_it_written_as_a_region_is_for_an_officer(region):
    facts = proposal(markets=(MarketFacts("US"), MarketFacts(None, region)))
    finding = next(finding for finding in judged(facts).findings if finding.subject == "market:2")
    assert finding.outcome == Outcome.NEEDS_REVIEW
    assert region in finding.message


@pytest.mark.parametrize(
    "region",
    [
        "ASEAN",
        "Mercosur",
        "outside Europe",
        "beyond the EU",
        "New Jersey",
        "Brazil",
        "Asia (non-EU)",
        "Eurasia",
        "…",
    ],
)
def test_a_region_beyond_europe_is_only_to_be_named_by_its_countries(region):
    facts = proposal(markets=(MarketFacts("US"), MarketFacts(None, region)))
    assert outcomes(facts, "third-markets")["market:2"] == Outcome.WARN


@pytest.mark.parametrize(
    ("registration", "on", "outcome"),
    [
        (Registration.PLANNED, "2012-06-01", Outcome.WARN),
        (Registration.PLANNED, "2015-04-20", Outcome.WARN),
        (Registration.PLANNED, "2015-04-21", Outcome.PASS),
        (Registration.APPLIED, "2015-04-21", Outcome.PASS),
        (Registration.APPLIED, "2015-04-22", Outcome.WARN),
    ],
)
def test_a_registration_on_a_day_that_cannot_be_is_to_be_looked_at_again(registration, on, outcome):
    values = {"registration": registration, "planned_on": on}
    facts = proposal("LT", "FR", partner(3, "AT", **values))
    assert outcomes(facts, "platform-registration")["p3"] == outcome


def test_what_was_received_before_the_call_opened_is_for_an_officer():
    opens = datetime(2015, 1, 23, 8, tzinfo=UTC)
    early = proposal(opens_at=opens, received_at=opens - timedelta(microseconds=1))
    assert about(early, "in-time").outcome == Outcome.NEEDS_REVIEW
    assert about(proposal(opens_at=opens, received_at=opens), "in-time").outcome == Outcome.PASS


@pytest.mark.parametrize(
    ("costs", "grant", "outcome"),
    [
        ("100", "100.01", Outcome.NEEDS_REVIEW),
        ("0", "0.01", Outcome.NEEDS_REVIEW),
        ("100", "100", None),
    ],
)
def test_a_grant_above_the_own_costs_is_for_an_officer(costs, grant, outcome):
    line = BudgetFacts(Decimal(costs), Decimal(grant))
    facts = proposal("LT", "FR", partner(3, "AT", budget=line))
    assert outcomes(facts, "budget-adds-up").get("p3") == outcome


# --- The day that counts ----------------------------------------------------------------------


def test_longer_time_for_one_proposal_does_not_move_the_day_that_counts():
    equal = proposal("LT", "FR", "AT", partner(4, "AL"))
    later = dataclasses.replace(
        equal, deadline=DEADLINE + timedelta(days=200), rule_date=date(2015, 4, 21)
    )
    assert judged(later).rule_date == judged(equal).rule_date == "2015-04-21"
    assert outcomes(later, "established") == outcomes(equal, "established")


# --- Hints -------------------------------------------------------------------------------------


def test_the_legal_entity_applies_for_the_cluster_that_it_runs():
    runs = {
        "kind": OrganisationKind.RUNS_CLUSTER,
        "name": "LITEK",
        "cluster_name": "LITEK",
        "legal_name": "FTMC",
    }
    facts = proposal("FR", "AT", partner(3, "LT", **runs))
    message = next(
        finding.message
        for finding in judged(facts).findings
        if (finding.rule, finding.subject) == ("organisation-kind", "p3")
    )
    assert message.startswith("FTMC ") and "LITEK" in message


def test_where_what_is_given_belongs_to_another_strand_a_finding_says_so():
    lacking = {
        "deliverables": (DeliverableFacts("roadmap", "Roadmap", present=False),),
        "activities": (ActivityFacts("Missions", "", "Members asked for it."),),
    }
    for rule in ("deliverables", "activities-justified"):
        assert "strand 3.2" in about(proposal(**lacking, other_strand="3.2"), rule).message
        assert "strand 3.2" not in about(proposal(**lacking), rule).message


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from([None, *Control]), st.booleans())
def test_no_text_whatever_stops_a_verdict_and_no_foreign_word_makes_one_ineligible(
    one, other, control, names_itself
):
    facts = proposal(
        partner(1, "LT", organisation="record one", acronym=other),
        partner(
            2,
            "FR",
            organisation="record two",
            controlled_by=one,
            control=control,
            name=other or "x",
        ),
        partner(
            3,
            "AT",
            organisation="record three",
            controlled_by=one,
            profile_link=other,
            legal_name=one if names_itself else other,
        ),
        markets=(MarketFacts(None, one), MarketFacts(None, other)),
    )
    assume("1" not in one and "2" not in one and "3" not in one)
    assume(one.strip().casefold() != (other or "x").strip().casefold())
    finding = about(facts, "independent")
    sure = {ground["ground"] for ground in finding.evidence.get("grounds", ()) if ground["sure"]}
    assert sure <= {"record", "participant-code", "control"}, "what only names say is never sure"
    assert sure or finding.outcome != Outcome.INELIGIBLE
    canonical(judged(facts).as_json())
