"""Money: ceiling, rate and sums, in exact decimal arithmetic. Slips are asked about, never rejected.

The European Ombudsman held (1846/2023/FA) that an applicant who asks for a little too much by an
obvious slip must be asked: so nothing here says more than "officer".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import Any, ClassVar

from calls.eligibility.facts import Role
from calls.eligibility.rules.base import Case, Level, Rule, Section, parameter
from calls.eligibility.verdict import Finding, Fix, Outcome

CENT = Decimal("0.01")


def euro(amount: Decimal) -> str:
    """“EUR 187,500.00”: two digits, or more where the amount has them."""
    whole, _point, cents = f"{amount:,f}".partition(".")
    return f"EUR {whole}.{cents:0<2}"


@lru_cache(maxsize=64)
def percent_of(fraction: Decimal) -> str:
    """“75%”."""
    return f"{(fraction * 100).normalize():f}%"


def requested_grant(case: Case) -> Decimal:
    """The larger of the sum of the lines and what the dossier states: no total hides a line."""
    stated = case.facts.stated_total_grant
    return case.grant if stated is None else max(case.grant, stated)


def eligible_costs(case: Case) -> Decimal:
    """The smaller of the two."""
    stated = case.facts.stated_total_costs
    return case.costs if stated is None else min(case.costs, stated)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantCeiling(Rule):
    """The requested grant is within the strand's ceiling (euro, by strand)."""

    id: ClassVar[str] = "grant-ceiling"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.BUDGET
    title: ClassVar[str] = "Maximum grant"
    asks: ClassVar[str] = (
        "The requested EU contribution must not exceed the maximum grant for the strand."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The requested EU contribution does not exceed the maximum grant.",
        Outcome.NEEDS_REVIEW: "The requested EU contribution exceeds the maximum grant, or the call sets no "
        "maximum for the strand.",
    }

    ceilings: Mapping[str, Decimal] = parameter("The maximum grant in euro, by strand code.")

    def judge(self, case: Case) -> Iterable[Finding]:
        requested = requested_grant(case)
        ceiling = self.ceilings.get(case.facts.strand)
        if ceiling is None:
            message = f"The call sets no maximum grant for strand {case.facts.strand}."
            yield self.make_finding(
                "proposal", Outcome.NEEDS_REVIEW, message, {"requested": str(requested)}
            )
            return
        evidence: dict[str, Any] = {"requested": str(requested), "ceiling": str(ceiling)}
        if requested <= ceiling:
            message = f"The requested EU contribution of {euro(requested)} does not exceed {euro(ceiling)}."
            yield self.make_finding("proposal", Outcome.PASS, message, evidence)
            return
        message = (
            f"The requested EU contribution of {euro(requested)} exceeds the maximum grant of "
            f"{euro(ceiling)} by {euro(requested - ceiling)}. An officer will request clarification."
        )
        fix = Fix("budget", f"Request no more than {euro(ceiling)}.")
        yield self.make_finding("proposal", Outcome.NEEDS_REVIEW, message, evidence, fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoFinancingRate(Rule):
    """The grant is at most `maximum` (a fraction, 0 to 1) of the eligible costs."""

    id: ClassVar[str] = "co-financing-rate"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.BUDGET
    title: ClassVar[str] = "Co-financing rate"
    asks: ClassVar[str] = (
        "The requested EU contribution must not exceed the call's share of the eligible costs."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The requested EU contribution, as a share of the eligible costs, does not exceed "
        "the rate.",
        Outcome.NEEDS_REVIEW: "The rate is exceeded, or no eligible costs are given.",
    }

    maximum: Decimal = parameter("The maximum co-financing rate as a fraction: '0.75' is 75%.")

    def judge(self, case: Case) -> Iterable[Finding]:
        grant, costs = requested_grant(case), eligible_costs(case)
        percent = percent_of(self.maximum)
        evidence: dict[str, Any] = {
            "grant": str(grant),
            "costs": str(costs),
            "maximum": str(self.maximum),
        }
        if costs <= 0:
            message = f"No eligible costs are given. The EU contribution can cover up to {percent} of them."
            fix = Fix("budget", "Enter the eligible costs of each applicant.")
            yield self.make_finding("proposal", Outcome.NEEDS_REVIEW, message, evidence, fix)
        elif grant > costs * self.maximum:
            most = euro((costs * self.maximum).quantize(CENT, ROUND_DOWN))
            message = (
                f"The requested EU contribution of {euro(grant)} exceeds {percent} of the eligible costs "
                f"({euro(costs)}), which is {most}. An officer will request clarification."
            )
            fix = Fix("budget", f"Request no more than {most}, or check the eligible costs.")
            yield self.make_finding("proposal", Outcome.NEEDS_REVIEW, message, evidence, fix)
        else:
            message = (
                f"The requested EU contribution is {grant / costs * 100:.2f}% of the eligible costs; the "
                f"maximum is {percent}."
            )
            yield self.make_finding("proposal", Outcome.PASS, message, evidence)


def _stated(amount: Decimal | None) -> str:
    return "not given" if amount is None else euro(amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetAddsUp(Rule):
    """Partner lines add up to stated totals, and associated partners ask for nothing."""

    id: ClassVar[str] = "budget-adds-up"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.BUDGET
    title: ClassVar[str] = "Budget adds up"
    asks: ClassVar[str] = (
        "The partners' budgets must add up to the totals. No applicant can request more than its "
        "eligible costs, and associated partners take part without EU funding."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The partners' budgets add up to the totals.",
        Outcome.WARN: "An imported dossier states different totals.",
        Outcome.NEEDS_REVIEW: "An associated partner requests EU funding, or an applicant requests more than "
        "its costs.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        costs, grant = case.costs, case.grant
        stated_costs, stated_grant = case.facts.stated_total_costs, case.facts.stated_total_grant
        agrees = stated_costs in (None, costs) and stated_grant in (None, grant)
        evidence: dict[str, Any] = {"costs": str(costs), "grant": str(grant)}
        if agrees:
            message = (
                f"The budget adds up: {euro(costs)} eligible costs, {euro(grant)} EU contribution."
            )
            yield self.make_finding("proposal", Outcome.PASS, message, evidence)
        else:
            message = (
                f"The partners' budgets add up to {euro(costs)} eligible costs and {euro(grant)} EU "
                f"contribution. The stated totals differ: eligible costs {_stated(stated_costs)}, EU "
                f"contribution {_stated(stated_grant)}."
            )
            fix = Fix(
                "budget", "Correct the totals so that they equal the sums of the partners' budgets."
            )
            yield self.make_finding("proposal", Outcome.WARN, message, evidence, fix)
        for participant in case.facts.participants:
            asked = participant.budget.requested_grant
            if participant.role == Role.ASSOCIATED and asked != 0:
                message = (
                    f"{participant.name} is an associated partner and requests {euro(asked)}. Associated "
                    "partners take part without EU funding."
                )
                fix = Fix(
                    "budget", f"Set the requested EU contribution of {participant.name} to 0."
                )
                yield self.make_finding(
                    participant.key, Outcome.NEEDS_REVIEW, message, {"requested": str(asked)}, fix
                )
            elif participant.role != Role.ASSOCIATED and asked > participant.budget.eligible_costs:
                costs = participant.budget.eligible_costs
                message = (
                    f"{participant.name} requests {euro(asked)}, which is more than its eligible costs of "
                    f"{euro(costs)}. An officer will request clarification."
                )
                fix = Fix(
                    "budget",
                    f"Check the eligible costs and the requested EU contribution of {participant.name}.",
                )
                evidence = {"requested": str(asked), "costs": str(costs)}
                yield self.make_finding(
                    participant.key, Outcome.NEEDS_REVIEW, message, evidence, fix
                )
