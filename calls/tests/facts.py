"""Facts for tests: a proposal that meets every rule unless a test changes one."""

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from calls.call_file import read_call_file
from calls.eligibility import CountrySet, RuleSet, Verdict, screen
from calls.eligibility.countries import Participation, normalise
from calls.eligibility.facts import (
    ActivityFacts,
    BudgetFacts,
    DeliverableFacts,
    IndicatorFacts,
    MarketFacts,
    MemberFacts,
    OrganisationKind,
    ParticipantFacts,
    ProposalFacts,
    Registration,
    Role,
)

DEADLINE = datetime(2015, 4, 21, 15, 0, tzinfo=UTC)
FILE = Path(__file__).parent.parent / "data" / "cos-cluster-2014-3-03.yaml"


@cache
def call_file() -> dict[str, Any]:
    return read_call_file(FILE)


@cache
def rule_set() -> RuleSet:
    return RuleSet.from_json(call_file()["call"]["rules"])


@cache
def country_set() -> CountrySet:
    return CountrySet(Participation(**row) for row in call_file()["programme"]["participation"])


def partner(number: int, country: str, **kwargs: Any) -> ParticipantFacts:
    values: dict[str, Any] = {
        "key": f"p{number}",
        "organisation": f"org-{number}",
        "name": f"Cluster {number}",
        "role": Role.COORDINATOR if number == 1 else Role.PARTNER,
        "kind": OrganisationKind.CLUSTER,
        "country": normalise(country),
        "registration": Registration.REGISTERED,
        "profile_link": f"https://platform.example/{number}",
        "description_present": True,
        "members": MemberFacts(total=100, small_or_medium=80, large=10, research=10),
        "services": ("matchmaking",),
        "independent_members": True,
        "other_applications": 0,
        "budget": BudgetFacts(Decimal("10000.00"), Decimal("7500.00")),
    }
    return ParticipantFacts(**values | kwargs)


def proposal(*partners: str | ParticipantFacts, **kwargs: Any) -> ProposalFacts:
    """A strand 1 proposal by partners of these countries."""
    participants = tuple(
        item if isinstance(item, ParticipantFacts) else partner(number, item)
        for number, item in enumerate(partners or ("LT", "FR", "AT"), start=1)
    )
    values: dict[str, Any] = {
        "strand": "3.1",
        "deadline": DEADLINE,
        "received_at": datetime(2015, 4, 21, 14, 20, tzinfo=UTC),
        "participants": participants,
        "activities": (ActivityFacts("Missions", "shape", "Members asked for it."),),
        "deliverables": tuple(
            DeliverableFacts(code, code.title(), present=True)
            for code in ("partnership-agreement", "strategy-plan", "roadmap")
        ),
        "markets": (MarketFacts("US"), MarketFacts("JP")),
        "duration_months": 24,
    }
    return ProposalFacts(**values | kwargs)


def strand_two(**kwargs: Any) -> ProposalFacts:
    values: dict[str, Any] = {
        "strand": "3.2",
        "deliverables": (
            DeliverableFacts("collaboration-activities", "Activities", present=True),
            DeliverableFacts("scoreboard", "Scoreboard", present=True, is_scoreboard=True),
        ),
        "indicators": (IndicatorFacts("Matches", "0", "20", "contracts", "Signed copies"),),
    }
    return proposal(**values | kwargs)


def judged(facts: ProposalFacts) -> Verdict:
    return screen(facts, rule_set(), country_set())


def money(facts: ProposalFacts, *, costs: str, grant: str) -> ProposalFacts:
    """The same proposal with one budget line for all of it."""
    first, *others = facts.participants
    lines = [dataclasses.replace(first, budget=BudgetFacts(Decimal(costs), Decimal(grant)))]
    lines += [dataclasses.replace(other, budget=BudgetFacts()) for other in others]
    return dataclasses.replace(facts, participants=tuple(lines))
