"""The worked cases of the call's rules that concern facts and time, by their numbers.

Each row says the rule that speaks, its outcome for the subject, and the overall outcome.
"""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from calls.eligibility.facts import (
    ActivityFacts,
    Audience,
    BudgetFacts,
    DeliverableFacts,
    FileFacts,
    MarketFacts,
    MemberFacts,
    OrganisationKind,
    Registration,
    Role,
)
from calls.tests.facts import DEADLINE, judged, money, partner, proposal, strand_two


def outcome_of(verdict, rule, subject):
    return next(f.outcome for f in verdict.findings if f.rule == rule and f.subject == subject)


@pytest.mark.parametrize(
    ("case", "country", "outcome"),
    [
        (5, "UK", "pass"),
        (7, "EL", "pass"),
        (8, "GR", "pass"),
        (11, "HR", "pass"),
        (12, "IS", "pass"),
        (13, "NO", "ineligible"),
        (15, "CH", "ineligible"),
        (16, "ME", "pass"),
        (17, "TR", "pass"),
        (18, "MK", "pass"),
        (21, "RS", "ineligible"),
        (23, "XK", "ineligible"),
        (24, "UA", "ineligible"),
        (26, "IL", "ineligible"),
        (26, "TN", "ineligible"),
        (27, "GE", "ineligible"),
        (28, "RU", "ineligible"),
        (28, "US", "ineligible"),
        (31, "JE", "officer"),
        (31, "IM", "officer"),
        (31, "GI", "officer"),
        (32, "NL", "pass"),
        (34, "BE", "pass"),
        (0, "AL", "officer"),
        (0, "AM", "ineligible"),
        (0, "BA", "ineligible"),
        (0, "LI", "ineligible"),
        (0, "GL", "officer"),
        (0, "NC", "officer"),
        (0, "RE", "pass"),
        (0, "PR", "ineligible"),
        (0, "SJ", "ineligible"),
        (4, "MD", "pass"),
    ],
)
def test_country_of_a_partner(case, country, outcome):
    verdict = judged(proposal("LT", "FR", "AT", country))
    assert outcome_of(verdict, "established", "p4") == outcome


def test_case_1_moldova_was_signed_but_not_in_force_on_6_april():
    the_day_before = datetime(2015, 4, 6, 15, 0, tzinfo=UTC)
    verdict = judged(proposal("LT", "FR", "AT", "MD", deadline=the_day_before))
    assert outcome_of(verdict, "established", "p4") == "officer"
    assert verdict.rule_date == "2015-04-06"


def test_case_18_fyrom_is_shown_with_its_name_of_2015():
    verdict = judged(proposal("LT", "FR", "MK"))
    (finding,) = [f for f in verdict.findings if f.rule == "established" and f.subject == "p3"]
    assert "the former Yugoslav Republic of Macedonia" in finding.message


def test_case_23_kosovo_carries_its_status_note():
    verdict = judged(proposal("LT", "FR", "AT", "XK"))
    (finding,) = [f for f in verdict.findings if f.rule == "established" and f.subject == "p4"]
    assert "UNSCR 1244/1999" in finding.message


def replaced(facts, number, **kwargs):
    """The facts with one partner changed."""
    participants = list(facts.participants)
    participants[number - 1] = dataclasses.replace(participants[number - 1], **kwargs)
    return dataclasses.replace(facts, participants=tuple(participants))


CONSORTIA = [
    (37, proposal("LT", "FR", "AT"), "min-countries", "pass", "pass"),
    (38, proposal("LT", "FR", "FR"), "min-countries", "ineligible", "ineligible"),
    (40, proposal("ES", "NL", "BE", "FR", "BE"), "min-countries", "pass", "pass"),
    (42, proposal("FR", "DE", "RS"), "min-organisations", "ineligible", "ineligible"),
    (44, proposal("TR", "ME", "MK"), "min-countries", "pass", "pass"),
    (
        46,
        replaced(proposal("LT", "FR", "AT"), 3, organisation="org-2", country="FR"),
        "min-organisations",
        "ineligible",
        "ineligible",
    ),
    (
        46,
        replaced(proposal("LT", "FR", "AT", "AT"), 4, organisation="org-3"),
        "independent",
        "officer",
        "officer",
    ),
    (
        46,
        replaced(proposal("LT", "FR", "AT", "AT"), 4, name="CLUSTER-3"),
        "independent",
        "officer",
        "officer",
    ),
    (
        48,
        replaced(proposal("LT", "FR", "AT", "DE"), 4, controlled_by="p1"),
        "independent",
        "officer",
        "officer",
    ),
    (
        48,
        replaced(proposal("LT", "FR", "AT"), 3, controlled_by="Cluster 1"),
        "independent",
        "ineligible",
        "ineligible",
    ),
    (
        49,
        replaced(
            replaced(proposal("LT", "FR", "AT"), 2, kind=OrganisationKind.COMPANY),
            3,
            kind=OrganisationKind.COMPANY,
        ),
        "min-organisations",
        "ineligible",
        "ineligible",
    ),
    (
        52,
        proposal("LT", "FR", "AT", "ES", "PT", "DE", "CZ", "PL", "BG", "DK", "FR", "AT"),
        "min-countries",
        "pass",
        "pass",
    ),
    (53, proposal("LT", "FR"), "min-organisations", "ineligible", "ineligible"),
    (
        0,
        replaced(
            replaced(proposal("LT", "FR", "AT", "AT"), 4, legal_name="Foundation"),
            3,
            legal_name="FOUNDATION",
        ),
        "independent",
        "officer",
        "officer",
    ),
    (
        0,
        replaced(
            replaced(proposal("LT", "FR", "AT", "LT"), 2, pic="123456789"), 3, pic="123456789"
        ),
        "min-countries",
        "ineligible",
        "ineligible",
    ),
    (0, proposal("LT", "FR", "AL"), "min-organisations", "officer", "officer"),
    (0, proposal("LT", "FR", "AL"), "min-countries", "officer", "officer"),
    (0, proposal("LT", "FR", "AT", "RS"), "min-countries", "pass", "officer"),
    (0, proposal("LT", "EL", "GR"), "min-countries", "ineligible", "ineligible"),
    (
        0,
        replaced(proposal("LT", "FR", "AT"), 1, role=Role.PARTNER),
        "coordinator",
        "inadmissible",
        "inadmissible",
    ),
    (
        0,
        replaced(proposal("LT", "FR", "AT"), 2, role=Role.COORDINATOR),
        "coordinator",
        "inadmissible",
        "inadmissible",
    ),
    (0, proposal("RS", "LT", "FR", "AT"), "coordinator", "officer", "officer"),
]


@pytest.mark.parametrize(("case", "facts", "rule", "outcome", "overall"), CONSORTIA)
def test_consortium(case, facts, rule, outcome, overall):
    verdict = judged(facts)
    assert (outcome_of(verdict, rule, "consortium"), verdict.outcome) == (outcome, overall)


def test_case_51_a_legal_entity_applies_for_the_cluster_that_it_runs():
    facts = replaced(
        proposal("LT", "FR", "AT"), 1, kind=OrganisationKind.RUNS_CLUSTER, cluster_name="LITEK"
    )
    assert judged(facts).outcome == "pass"


def test_case_55_an_associated_swiss_partner_is_not_counted_and_harms_nothing():
    swiss = partner(4, "CH", role=Role.ASSOCIATED, budget=BudgetFacts())
    verdict = judged(proposal("LT", "FR", "AT", swiss))
    assert verdict.outcome == "pass"
    assert not [f for f in verdict.findings if f.subject == "p4"]


def test_an_associated_partner_that_asks_for_money_is_asked_about():
    swiss = partner(4, "CH", role=Role.ASSOCIATED, budget=BudgetFacts(Decimal(0), Decimal(1)))
    verdict = judged(proposal("LT", "FR", "AT", swiss))
    assert outcome_of(verdict, "budget-adds-up", "p4") == "officer"


@pytest.mark.parametrize(
    ("audience", "outcome", "overall"),
    [(Audience.APPLICANT, "warn", "pass"), (Audience.OFFICER, "officer", "officer")],
)
def test_cases_57_and_59_another_application_speaks_softly_to_applicants(
    audience, outcome, overall
):
    facts = replaced(proposal("LT", "FR", "AT"), 2, other_applications=1)
    verdict = judged(dataclasses.replace(facts, audience=audience))
    assert (outcome_of(verdict, "one-application", "p2"), verdict.outcome) == (outcome, overall)


@pytest.mark.parametrize(
    ("case", "value", "rule", "outcome"),
    [
        (60, {}, "platform-registration", "pass"),
        (
            61,
            {"registration": Registration.PLANNED, "profile_link": ""},
            "platform-registration",
            "warn",
        ),
        (
            61,
            {"registration": Registration.PLANNED, "planned_on": "2015-06-01"},
            "platform-registration",
            "pass",
        ),
        (63, {"registration": Registration.NEITHER}, "platform-registration", "ineligible"),
        (64, {"profile_link": ""}, "platform-registration", "officer"),
        (64, {"profile_link": "https://platform.example/2"}, "platform-registration", "officer"),
        (65, {"members": MemberFacts(total=14)}, "profile-consistent", "pass"),
        (67, {"members": MemberFacts(total=10, small_or_medium=11)}, "profile-consistent", "warn"),
        (68, {"description_present": False}, "description-present", "inadmissible"),
        (71, {"independent_members": False}, "support-services", "ineligible"),
        (72, {"members": MemberFacts(total=9, small_or_medium=9)}, "support-services", "pass"),
        (0, {"services": ()}, "support-services", "officer"),
        (0, {"cites_2006_definition": True}, "support-services", "warn"),
        (0, {"profile_missing": ("Year",)}, "profile-complete", "inadmissible"),
        (0, {"kind": OrganisationKind.RESEARCH_AS_CLUSTER}, "organisation-kind", "officer"),
        (0, {"kind": OrganisationKind.NETWORK}, "organisation-kind", "pass"),
        (0, {"kind": OrganisationKind.OTHER}, "organisation-kind", "ineligible"),
    ],
)
def test_registration_and_profile(case, value, rule, outcome):
    verdict = judged(replaced(proposal("LT", "FR", "AT", "DE"), 1, **value))
    assert outcome_of(verdict, rule, "p1") == outcome


def test_case_69_a_description_only_of_the_coordinator_is_incomplete():
    facts = proposal("LT", "FR", "AT")
    for number in (2, 3):
        facts = replaced(facts, number, description_present=False)
    assert [f.subject for f in judged(facts).blocking] == ["p2", "p3"]


def test_case_75_a_missing_roadmap_is_for_an_officer():
    roadmap = DeliverableFacts("roadmap", "Implementation roadmap", present=False)
    verdict = judged(proposal(deliverables=(roadmap,)))
    assert outcome_of(verdict, "deliverables", "deliverable:roadmap") == "officer"


@pytest.mark.parametrize("problem", ["it is encrypted", "it is no PDF", ""])
def test_case_78_an_unreadable_document_is_inadmissible(problem):
    file = FileFacts("roadmap", "roadmap.pdf", pages=0, problem=problem)
    assert judged(proposal(files=(file,))).outcome == "inadmissible"


@pytest.mark.parametrize(
    ("case", "facts", "rule", "outcome"),
    [
        (80, money(proposal(), costs="250000", grant="187500"), "grant-ceiling", "pass"),
        (80, money(proposal(), costs="250000", grant="187500"), "co-financing-rate", "pass"),
        (82, money(proposal(), costs="260000", grant="187500.01"), "grant-ceiling", "officer"),
        (84, money(strand_two(), costs="600000", grant="450000"), "grant-ceiling", "pass"),
        (84, money(strand_two(), costs="600000", grant="450000"), "co-financing-rate", "pass"),
        (0, money(proposal(), costs="100000", grant="75000.01"), "co-financing-rate", "officer"),
        (0, money(proposal(), costs="0", grant="0"), "co-financing-rate", "officer"),
        (86, proposal(duration_months=24), "duration", "pass"),
        (86, proposal(duration_months=25), "duration", "officer"),
        (
            87,
            dataclasses.replace(proposal(), stated_total_costs=Decimal("150000.01")),
            "budget-adds-up",
            "warn",
        ),
    ],
)
def test_money_and_duration(case, facts, rule, outcome):
    assert outcome_of(judged(facts), rule, "proposal") == outcome


@pytest.mark.parametrize("codes", [("US",), ("US", "JP", "CN", "BR", "IN", "CA")])
def test_case_91_one_market_or_six_are_fine(codes):
    markets = tuple(MarketFacts(code) for code in codes)
    assert judged(proposal(markets=markets)).outcome == "pass"


@pytest.mark.parametrize(
    ("market", "outcome"),
    [
        (MarketFacts("CN"), "pass"),
        (MarketFacts("TR"), "officer"),
        (MarketFacts("FR"), "officer"),
        (MarketFacts("CH"), "officer"),
        (MarketFacts("RU"), "officer"),
        (MarketFacts(None, "ASEAN"), "warn"),
    ],
)
def test_third_markets(market, outcome):
    verdict = judged(proposal(markets=(market,)))
    assert outcome_of(verdict, "third-markets", "market:1") == outcome


def test_no_market_and_no_activity_are_for_an_officer():
    verdict = judged(proposal(markets=(), activities=()))
    rules = {f.rule: f.outcome for f in verdict.findings if f.subject == "proposal"}
    assert (rules["third-markets"], rules["activities-justified"]) == ("officer", "officer")


@pytest.mark.parametrize(
    ("value", "outcome"),
    [({}, "pass"), ({"unit": ""}, "officer"), ({"verification": ""}, "officer")],
)
def test_scoreboard(value, outcome):
    facts = strand_two()
    indicator = dataclasses.replace(facts.indicators[0], **value)
    verdict = judged(dataclasses.replace(facts, indicators=(indicator,)))
    assert outcome_of(verdict, "scoreboard-verifiable", "scoreboard") == outcome


def test_a_scoreboard_without_indicators_is_for_an_officer():
    verdict = judged(strand_two(indicators=()))
    assert outcome_of(verdict, "scoreboard-verifiable", "scoreboard") == "officer"


PLANNED = ActivityFacts(
    "Missions", "shape", "Asked for.", first_month=1, last_month=18, led_by="p1", is_planned=True
)


@pytest.mark.parametrize(
    ("change", "subject", "outcome"),
    [
        ({}, "proposal", "pass"),
        ({"last_month": 19}, "activity:1", "warn"),
        ({"led_by": ""}, "activity:1", "warn"),
        ({"first_month": None, "last_month": None}, "proposal", "pass"),
    ],
)
def test_the_work_plan_is_remarked_on(change, subject, outcome):
    activity = dataclasses.replace(PLANNED, **change)
    verdict = judged(proposal(duration_months=18, activities=(activity,)))
    assert outcome_of(verdict, "work-plan", subject) == outcome
    assert verdict.outcome == "pass"


@pytest.mark.parametrize(("month", "count"), [(None, 0), (18, 0), (19, 1)])
def test_a_deliverable_after_the_end_is_remarked_on(month, count):
    first, *others = proposal().deliverables
    due = dataclasses.replace(first, month=month)
    verdict = judged(proposal(duration_months=18, deliverables=(due, *others)))
    remarks = [finding for finding in verdict.findings if finding.rule == "work-plan"]
    assert [(remark.subject, remark.outcome) for remark in remarks] == [
        (f"deliverable:{first.code}", "warn")
    ] * count


def test_without_a_plan_or_a_duration_nothing_is_remarked():
    unplanned = judged(proposal())
    unlimited = judged(proposal(duration_months=None, activities=(PLANNED,)))
    assert not [finding for finding in unplanned.findings if finding.rule == "work-plan"]
    assert outcome_of(unlimited, "work-plan", "proposal") == "pass"


MOLDOVA, ICELAND, REUNION = (timezone(timedelta(hours=hours)) for hours in (3, 0, 4))


@pytest.mark.parametrize(
    ("case", "received_at", "outcome"),
    [
        (93, DEADLINE - timedelta(milliseconds=1), "pass"),
        (94, DEADLINE, "inadmissible"),
        (95, DEADLINE + timedelta(milliseconds=1), "inadmissible"),
        (96, datetime(2015, 4, 21, 14, 59, 59, 999000, tzinfo=UTC), "pass"),
        (100, datetime(2015, 4, 21, 18, 0, tzinfo=MOLDOVA), "inadmissible"),
        (101, datetime(2015, 4, 21, 14, 59, tzinfo=ICELAND), "pass"),
        (101, datetime(2015, 4, 21, 15, 0, tzinfo=ICELAND), "inadmissible"),
        (102, datetime(2015, 4, 21, 18, 59, tzinfo=REUNION), "pass"),
        (0, DEADLINE - timedelta(microseconds=1), "pass"),
    ],
)
def test_received_in_time(case, received_at, outcome):
    verdict = judged(proposal(received_at=received_at))
    assert outcome_of(verdict, "in-time", "submission") == outcome
    assert (verdict.outcome == "inadmissible") == (outcome == "inadmissible")


def test_case_105_the_shipped_deadline_is_the_extended_one():
    from calls.tests.facts import call_file  # noqa: PLC0415 -- only this test looks at the file

    (extension,) = call_file()["call"]["extensions"]
    assert extension["new_deadline"] == datetime(2015, 4, 21, 15, 0, tzinfo=UTC)
    assert call_file()["call"]["first_deadline"] == datetime(2015, 3, 31, 15, 0, tzinfo=UTC)
