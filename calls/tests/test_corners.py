"""Corners of the rules: where seats, links and totals of several partners play together."""

from decimal import Decimal

import pytest

from calls.eligibility import Finding, Outcome, ProposalFacts, RuleSet, screen
from calls.eligibility.countries import UnknownCountry, normalise
from calls.eligibility.facts import (
    BudgetFacts,
    FileFacts,
    MarketFacts,
    OrganisationKind,
    Registration,
    Role,
)
from calls.tests.facts import country_set, judged, partner, proposal


def about(facts: ProposalFacts, rule: str, subject: str = "consortium") -> Finding:
    findings = [f for f in judged(facts).findings if (f.rule, f.subject) == (rule, subject)]
    assert len(findings) == 1
    return findings[0]


def seats(*organisations: tuple[str, ...]) -> ProposalFacts:
    """A proposal by organisations with an entry for each of their seats."""
    pairs = [(f"org-{n}", code) for n, codes in enumerate(organisations, 1) for code in codes]
    return proposal(
        *(partner(n, code, organisation=owner) for n, (owner, code) in enumerate(pairs, 1))
    )


@pytest.mark.parametrize(
    ("organisations", "outcome"),
    [
        ((("LT",), ("AT", "DE"), ("DE", "FR")), "officer"),  # three, or two if both choose Germany
        ((("AT", "BE"), ("AT", "CZ"), ("AT", "CZ")), "officer"),  # three at most, one at least
        ((("LT",), ("FR",), ("AT", "LT")), "officer"),
        ((("LT",), ("FR",), ("AT", "DE")), "pass"),
        ((("LT",), ("FR",), ("LT", "FR")), "ineligible"),
        ((("AT", "BE"), ("CZ", "DE"), ("EL", "ES")), "pass"),
        ((("LT", "AT"), ("LT", "AT"), ("LT", "AT")), "ineligible"),
    ],
)
def test_an_organisation_with_seats_in_several_countries_counts_for_one(organisations, outcome):
    assert about(seats(*organisations), "min-countries").outcome == outcome


def test_seats_beyond_counting_are_for_an_officer():
    many = seats(*[("AT", "BE", "BG", "CY")] * 7, ("LT",), ("FR",))
    finding = about(many, "min-countries")
    assert (finding.outcome, finding.evidence["sure"]) == (Outcome.NEEDS_REVIEW, ["FR", "LT"])


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_who_controls_through_another_is_linked_in_every_order(order):
    chain = {
        1: partner(1, "LT", controlled_by="p2"),
        2: partner(2, "FR", controlled_by="p3"),
        3: partner(3, "AT"),
    }
    finding = about(proposal(*(chain[n] for n in order)), "independent")
    assert (finding.outcome, finding.evidence["remaining"]) == (Outcome.INELIGIBLE, 1)


def test_two_that_an_associated_partner_controls_are_linked():
    facts = proposal(
        "LT",
        "FR",
        partner(3, "AT", controlled_by="p5"),
        partner(4, "DE", controlled_by="p5"),
        partner(5, "CH", role=Role.ASSOCIATED),
    )
    finding = about(facts, "independent")
    assert finding.outcome == Outcome.NEEDS_REVIEW
    assert finding.evidence["linked"] == [["p3", "p4"]]


def test_one_that_an_associated_partner_controls_stands_alone():
    facts = proposal(
        "LT", "FR", partner(3, "AT", controlled_by="p4"), partner(4, "CH", role=Role.ASSOCIATED)
    )
    assert about(facts, "independent").outcome == Outcome.PASS


def test_nobody_is_said_to_control_itself():
    through = partner(4, "CH", role=Role.ASSOCIATED, controlled_by="p1")
    facts = proposal("LT", partner(2, "FR", controlled_by="p4"), "AT", through)
    below = about(facts, "independent").message.split(" controlled by ")[0]
    assert "Cluster 2" in below and "Cluster 1" not in below


def test_that_nobody_controls_is_no_common_owner():
    nobody = [
        partner(n, code, controlled_by="None") for n, code in enumerate(("LT", "FR", "AT"), 1)
    ]
    assert about(proposal(*nobody), "independent").outcome == Outcome.PASS


def test_a_duplicate_that_is_out_is_for_an_officer_and_takes_nobody_along():
    out = partner(4, "AT", organisation="org-3", kind=OrganisationKind.COMPANY)
    finding = about(proposal("LT", "FR", "AT", out), "independent")
    assert (finding.outcome, finding.evidence["remaining"]) == (Outcome.NEEDS_REVIEW, 3)


@pytest.mark.parametrize("code", ["SJ", "JE", "GG", "IM", "FO", "GI"])
def test_a_territory_that_lies_in_europe_is_no_market_beyond_it(code):
    facts = proposal(markets=(MarketFacts("US"), MarketFacts(code)))
    assert about(facts, "third-markets", "market:2").outcome == Outcome.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("stated", "rule", "outcome"),
    [
        ({"stated_total_grant": Decimal("187500.01")}, "grant-ceiling", "officer"),
        ({"stated_total_grant": Decimal("1.00")}, "grant-ceiling", "pass"),
        ({"stated_total_costs": Decimal("29999.99")}, "co-financing-rate", "officer"),
        ({"stated_total_costs": Decimal("900000.00")}, "co-financing-rate", "pass"),
    ],
)
def test_a_stated_total_never_hides_a_line(stated, rule, outcome):
    facts = proposal(**stated)  # its lines: 30,000.00 of costs and 22,500.00 of grant
    assert about(facts, rule, "proposal").outcome == outcome
    assert about(facts, "budget-adds-up", "proposal").outcome == Outcome.WARN


def test_no_total_hides_a_grant_above_the_ceiling():
    budget = BudgetFacts(Decimal("300000.00"), Decimal("187500.01"))
    facts = proposal(
        partner(1, "LT", budget=budget), "FR", "AT", stated_total_grant=Decimal("10.00")
    )
    assert about(facts, "grant-ceiling", "proposal").outcome == Outcome.NEEDS_REVIEW


@pytest.mark.parametrize("value", [{"cluster_name": "  "}, {"cluster_name": ""}])
def test_a_blank_name_names_no_cluster(value):
    facts = proposal(partner(1, "LT", kind=OrganisationKind.RUNS_CLUSTER, **value), "FR", "AT")
    assert about(facts, "organisation-kind", "p1").outcome == Outcome.NEEDS_REVIEW


def test_a_blank_link_is_no_link():
    blank = {"registration": Registration.REGISTERED, "profile_link": "  "}
    facts = proposal(partner(1, "LT", **blank), partner(2, "FR", **blank), "AT")
    finding = about(facts, "platform-registration", "p1")
    assert finding.outcome == Outcome.NEEDS_REVIEW
    assert "gives no link" in finding.message


def test_what_nobody_knows_of_other_proposals_is_not_said():
    unknown = proposal(partner(1, "LT", other_applications=None), "FR", "AT")
    results = [f.subject for f in judged(unknown).findings if f.rule == "one-application"]
    assert results == ["p2", "p3"]


def test_countries_of_the_programme_are_no_third_countries_to_count():
    rules = RuleSet.from_json([{"rule": "market-count", "minimum": 2, "citation": "Markets"}])
    findings = [
        screen(proposal(markets=tuple(map(MarketFacts, codes))), rules, country_set()).findings[0]
        for codes in (("US", "FR", "TR", "US"), ("US", "JP", "AL"))
    ]
    assert [finding.outcome.value for finding in findings] == ["officer", "pass"]
    assert [finding.evidence["countries"] for finding in findings] == [["US"], ["AL", "JP", "US"]]


def test_who_names_no_service_is_told_at_once_that_independence_is_open_too():
    results = [
        about(
            proposal(partner(1, "LT", services=(), independent_members=answer), "FR", "AT"),
            "support-services",
            "p1",
        ).message
        for answer in (True, None)
    ]
    asked = "It has also not stated whether its members are independent."
    assert results[0].endswith(" At least one is needed.")
    assert results[1] == f"{results[0]} {asked}"


@pytest.mark.parametrize("problem", ["it is locked", " it is locked. ", "it is locked."])
def test_the_problem_of_a_document_ends_with_one_full_stop(problem):
    facts = proposal(files=(FileFacts("a", "a.pdf", 0, problem),))
    assert (
        about(facts, "documents-readable", "file:a").message
        == "“a.pdf” cannot be read: it is locked. Every file must open and be printable."
    )


def test_a_total_that_is_not_stated_is_nothing():
    facts = proposal(stated_total_grant=Decimal("1.00"))
    message = about(facts, "budget-adds-up", "proposal").message
    assert message.endswith(
        "The stated totals differ: eligible costs not given, EU contribution EUR 1.00."
    )


@pytest.mark.parametrize("code", ["ß", "ﬁ", "ＦＲ"])
def test_letters_that_only_look_like_a_code_are_refused_as_they_came(code):
    with pytest.raises(UnknownCountry, match=code):
        normalise(code)
