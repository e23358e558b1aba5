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
    """“75 %”."""
    return f"{(fraction * 100).normalize():f} %"


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
    title: ClassVar[str] = "Grant within the ceiling"
    asks: ClassVar[str] = "The requested grant is within the ceiling of the strand."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The requested grant is at most the ceiling.",
        Outcome.OFFICER: "It is above it, even by a cent; or the call names no ceiling for the strand.",
    }

    ceilings: Mapping[str, Decimal] = parameter("The largest grant in euro, by code of the strand.")

    def judge(self, case: Case) -> Iterable[Finding]:
        requested = requested_grant(case)
        ceiling = self.ceilings.get(case.facts.strand)
        if ceiling is None:
            message = f"The call names no ceiling for strand {case.facts.strand}."
            yield self.found("proposal", Outcome.OFFICER, message, {"requested": str(requested)})
            return
        evidence: dict[str, Any] = {"requested": str(requested), "ceiling": str(ceiling)}
        if requested <= ceiling:
            message = f"The requested grant of {euro(requested)} is within {euro(ceiling)}."
            yield self.found("proposal", Outcome.PASS, message, evidence)
            return
        message = (
            f"The requested grant of {euro(requested)} is above the strand's ceiling of "
            f"{euro(ceiling)} by {euro(requested - ceiling)}. An officer will ask."
        )
        fix = Fix("budget", f"Ask for at most {euro(ceiling)}.")
        yield self.found("proposal", Outcome.OFFICER, message, evidence, fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoFinancingRate(Rule):
    """The grant is at most `maximum` (a fraction, 0 to 1) of the eligible costs."""

    id: ClassVar[str] = "co-financing-rate"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.BUDGET
    title: ClassVar[str] = "Co-financing rate"
    asks: ClassVar[str] = "The grant covers at most the call's share of the eligible costs."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "Grant divided by eligible costs is at most the call's share, exactly computed.",
        Outcome.OFFICER: "It is more, or no eligible costs are given.",
    }

    maximum: Decimal = parameter("The largest share that is paid, as a fraction: '0.75' is 75 %.")

    def judge(self, case: Case) -> Iterable[Finding]:
        grant, costs = requested_grant(case), eligible_costs(case)
        percent = percent_of(self.maximum)
        evidence: dict[str, Any] = {
            "grant": str(grant),
            "costs": str(costs),
            "maximum": str(self.maximum),
        }
        if costs <= 0:
            message = f"No eligible costs are given. The grant covers at most {percent} of them."
            fix = Fix("budget", "Give the eligible costs of each applicant.")
            yield self.found("proposal", Outcome.OFFICER, message, evidence, fix)
        elif grant > costs * self.maximum:
            most = euro((costs * self.maximum).quantize(CENT, ROUND_DOWN))
            message = (
                f"The grant of {euro(grant)} is more than {percent} of the eligible costs of "
                f"{euro(costs)}, which is {most}. An officer will ask."
            )
            fix = Fix("budget", f"Ask for at most {most}, or look at the costs again.")
            yield self.found("proposal", Outcome.OFFICER, message, evidence, fix)
        else:
            message = (
                f"The grant is {grant / costs * 100:.2f} % of the eligible costs, of at most "
                f"{percent}."
            )
            yield self.found("proposal", Outcome.PASS, message, evidence)


def _stated(amount: Decimal | None) -> str:
    return "nothing" if amount is None else euro(amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetAddsUp(Rule):
    """Partner lines add up to stated totals, and associated partners ask for nothing."""

    id: ClassVar[str] = "budget-adds-up"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.BUDGET
    title: ClassVar[str] = "Budget adds up"
    asks: ClassVar[str] = (
        "The lines of the partners add up to the totals; nobody asks for more than its own costs; an "
        "associated partner takes part at its own cost."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The lines add up to the totals, which the portal computes itself.",
        Outcome.WARN: "A dossier from elsewhere states other totals.",
        Outcome.OFFICER: "An associated partner asks for a grant, or an applicant for more than its costs.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        costs, grant = case.costs, case.grant
        stated_costs, stated_grant = case.facts.stated_total_costs, case.facts.stated_total_grant
        agrees = stated_costs in (None, costs) and stated_grant in (None, grant)
        evidence: dict[str, Any] = {"costs": str(costs), "grant": str(grant)}
        if agrees:
            message = f"The lines add up: {euro(costs)} of costs, {euro(grant)} of grant."
            yield self.found("proposal", Outcome.PASS, message, evidence)
        else:
            message = (
                f"The partners' lines add up to {euro(costs)} of costs and {euro(grant)} of grant; "
                f"the totals say {_stated(stated_costs)} and {_stated(stated_grant)}."
            )
            fix = Fix("budget", "Let the totals be the sums of the lines.")
            yield self.found("proposal", Outcome.WARN, message, evidence, fix)
        for one in case.facts.participants:
            asked = one.budget.requested_grant
            if one.role == Role.ASSOCIATED and asked != 0:
                message = (
                    f"{one.name} is an associated partner and asks for {euro(asked)}. Associated "
                    "partners take part at their own cost."
                )
                fix = Fix("budget", f"Set the grant of {one.name} to 0.")
                yield self.found(one.key, Outcome.OFFICER, message, {"requested": str(asked)}, fix)
            elif one.role != Role.ASSOCIATED and asked > one.budget.eligible_costs:
                costs = one.budget.eligible_costs
                message = (
                    f"{one.name} asks for {euro(asked)}, which is more than its own eligible costs of "
                    f"{euro(costs)}. An officer will ask."
                )
                fix = Fix("budget", f"Check the costs and the grant of {one.name}.")
                evidence = {"requested": str(asked), "costs": str(costs)}
                yield self.found(one.key, Outcome.OFFICER, message, evidence, fix)
