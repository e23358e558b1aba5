"""What the proposal must contain: activities, deliverables, a scoreboard, third markets, a duration."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from calls.eligibility.countries import Standing, is_in_europe
from calls.eligibility.facts import IndicatorFacts, MarketFacts
from calls.eligibility.rules.base import Case, Level, Rule
from calls.eligibility.verdict import Finding, Fix, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitiesJustified(Rule):
    """Each activity is tied to the strand's objective, and justified."""

    id: ClassVar[str] = "activities-justified"
    level: ClassVar[Level] = Level.CONTENT
    title: ClassVar[str] = "Justified activities"
    asks: ClassVar[str] = (
        "Each activity clearly relates to the strand's objective and is justified."
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        if not case.facts.activities:
            message = "The proposal names no activity yet. Each activity serves the objective."
            fix = Fix("activities", "Describe at least one activity and justify it.")
            yield self.found("proposal", Outcome.OFFICER, message, fix)
        for number, activity in enumerate(case.facts.activities, start=1):
            subject = f"activity:{number}"
            title = activity.title or f"Activity {number}"
            lacks = []
            if not activity.objective:
                lacks.append("is not tied to an objective of the strand")
            if not activity.justification:
                lacks.append("is not justified")
            if not lacks:
                message = f"“{title}” is tied to the objective and justified."
                yield self.found(subject, Outcome.PASS, message)
                continue
            message = f"“{title}” {' and '.join(lacks)}. The call asks for both."
            fix = Fix("activities", f"Say what “{title}” serves and why it is needed.")
            yield self.found(subject, Outcome.OFFICER, message, fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverables(Rule):
    """Each deliverable that the strand requires is there."""

    id: ClassVar[str] = "deliverables"
    level: ClassVar[Level] = Level.CONTENT
    title: ClassVar[str] = "Deliverables of the strand"
    asks: ClassVar[str] = "Each result that the strand requires is among the deliverables."

    def judge(self, case: Case) -> Iterable[Finding]:
        for deliverable in case.facts.deliverables:
            subject = f"deliverable:{deliverable.code}"
            if deliverable.present:
                message = f"{deliverable.title}: described."
                yield self.found(subject, Outcome.PASS, message)
                continue
            message = f"{deliverable.title}: not described. The strand requires it."
            fix = Fix("deliverables", f"Describe the deliverable “{deliverable.title}”.")
            yield self.found(subject, Outcome.OFFICER, message, fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreboardVerifiable(Rule):
    """A required scoreboard has an indicator, and each can be verified."""

    id: ClassVar[str] = "scoreboard-verifiable"
    level: ClassVar[Level] = Level.CONTENT
    title: ClassVar[str] = "Verifiable scoreboard"
    asks: ClassVar[str] = (
        "Where the strand requires a monitoring scoreboard, it has at least one indicator, each "
        "with baseline, target, unit and means of verification."
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        if not any(deliverable.is_scoreboard for deliverable in case.facts.deliverables):
            return
        indicators = case.facts.indicators
        lacking = [_name(indicator) for indicator in indicators if not indicator.is_verifiable]
        fix = Fix("deliverables", "Give baseline, target, unit and verification of each indicator.")
        if not indicators:
            message = "The scoreboard has no indicator yet. At least one is needed."
            yield self.found("scoreboard", Outcome.OFFICER, message, fix, indicators=0)
        elif lacking:
            message = (
                f"Not verifiable yet: {', '.join(lacking)}. Each indicator needs a baseline, a "
                "target, a unit and a means of verification."
            )
            yield self.found("scoreboard", Outcome.OFFICER, message, fix, lacking=lacking)
        else:
            count = len(indicators)
            indicators_text = "one indicator" if count == 1 else f"{count} indicators"
            message = f"The scoreboard has {indicators_text} that can be verified."
            yield self.found("scoreboard", Outcome.PASS, message, indicators=count)


def _name(indicator: IndicatorFacts) -> str:
    return f"“{indicator.name}”" if indicator.name else "an indicator without a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdMarkets(Rule):
    """Each target market is a country outside Europe and outside COSME."""

    id: ClassVar[str] = "third-markets"
    level: ClassVar[Level] = Level.CONTENT
    title: ClassVar[str] = "Third markets beyond Europe"
    asks: ClassVar[str] = "The strategy targets specific third countries beyond Europe."

    def judge(self, case: Case) -> Iterable[Finding]:
        if not case.facts.markets:
            message = "The proposal names no target market yet. It aims at specific third markets."
            fix = Fix("vision", "Name at least one country beyond Europe.")
            yield self.found("proposal", Outcome.OFFICER, message, fix)
        for number, market in enumerate(case.facts.markets, start=1):
            outcome, message = self._explain(market, case)
            mend: Fix | None = None
            if outcome != Outcome.PASS:
                mend = Fix("vision", "Name a country beyond Europe that is not a COSME country.")
            evidence: dict[str, Any] = {"country": market.country, "region": market.region}
            yield self.found(f"market:{number}", outcome, message, mend, **evidence)

    def _explain(self, market: MarketFacts, case: Case) -> tuple[Outcome, str]:
        if market.country is None:
            return Outcome.WARN, (
                f"“{market.region}” is a region. The call speaks of specific third countries: "
                "name those that you mean."
            )
        country = case.country_name(market.country)
        standing, _row = case.countries.standing(market.country, case.rule_date)
        if standing in (Standing.MEMBER_STATE, Standing.IN_FORCE, Standing.TERRITORY):
            return (
                Outcome.OFFICER,
                f"{country} takes part in COSME or belongs to a state that does.",
            )
        if is_in_europe(market.country):
            return Outcome.OFFICER, f"{country} lies in Europe; the call looks beyond Europe."
        return Outcome.PASS, f"{country} is a third market beyond Europe."


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration(Rule):
    """The project takes at most `maximum_months`."""

    id: ClassVar[str] = "duration"
    level: ClassVar[Level] = Level.CONTENT
    title: ClassVar[str] = "Duration"
    asks: ClassVar[str] = "The project takes no longer than the call allows."

    maximum_months: int

    def judge(self, case: Case) -> Iterable[Finding]:
        months = case.facts.duration_months
        evidence: dict[str, Any] = {"months": months, "maximum": self.maximum_months}
        fix = Fix("summary", f"Give a duration of at most {self.maximum_months} months.")
        if months is None:
            message = f"No duration is given. At most {self.maximum_months} months are allowed."
            yield self.found("proposal", Outcome.OFFICER, message, fix, **evidence)
        elif months > self.maximum_months:
            message = (
                f"The project takes {months} months; at most {self.maximum_months} are allowed."
            )
            yield self.found("proposal", Outcome.OFFICER, message, fix, **evidence)
        else:
            message = f"The project takes {months} months, of at most {self.maximum_months}."
            yield self.found("proposal", Outcome.PASS, message, **evidence)
