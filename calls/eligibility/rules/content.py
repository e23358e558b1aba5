"""What the proposal must contain: activities, deliverables, a scoreboard, third markets, a duration."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from calls.eligibility.countries import Standing, is_in_europe
from calls.eligibility.facts import IndicatorFacts, MarketFacts
from calls.eligibility.regions import countries_named_in, names_europe
from calls.eligibility.rules.base import (
    Case,
    Level,
    Rule,
    Section,
    count_of,
    listed,
    parameter,
    sentence,
)
from calls.eligibility.verdict import Finding, Fix, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitiesJustified(Rule):
    """Each activity is tied to the strand's objective, and justified."""

    id: ClassVar[str] = "activities-justified"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Justified activities"
    asks: ClassVar[str] = (
        "Each activity clearly relates to the strand's objective and is justified."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The activity is tied to an objective of the strand and justified.",
        Outcome.OFFICER: "One of the two is missing, or the proposal has no activity.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        if not case.facts.activities:
            message = "The proposal names no activity yet. Each activity serves the objective."
            fix = Fix("activities", "Describe at least one activity and justify it.")
            yield self.found("proposal", Outcome.OFFICER, message, {}, fix)
        for number, activity in enumerate(case.facts.activities, start=1):
            subject = f"activity:{number}"
            title = activity.title.strip() or f"Activity {number}"
            lacks = []
            if not activity.objective.strip():
                lacks.append("is not tied to an objective of the strand")
            if not activity.justification.strip():
                lacks.append("is not justified")
            if not lacks:
                message = f"“{title}” is tied to the objective and justified."
                yield self.found(subject, Outcome.PASS, message)
                continue
            message = f"“{title}” {listed(lacks)}. The call asks for an objective and a reason."
            if not activity.objective.strip():
                message += _perhaps_the_other_strand(case)
            fix = Fix("activities", f"Say what “{title}” serves and why it is needed.")
            yield self.found(subject, Outcome.OFFICER, message, {}, fix)


def _perhaps_the_other_strand(case: Case) -> str:
    """A hint where what was given belongs to another strand of the call; empty elsewhere."""
    other = case.facts.other_strand
    if not other:
        return ""
    return (
        f" What is given belongs to strand {other}: perhaps the proposal is for that other strand."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverables(Rule):
    """Each deliverable that the strand requires is there."""

    id: ClassVar[str] = "deliverables"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Deliverables of the strand"
    asks: ClassVar[str] = "Each result that the strand requires is among the deliverables."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The deliverable is described, or a document is added for it.",
        Outcome.OFFICER: "It is not; perhaps the proposal belongs to another strand.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for deliverable in case.facts.deliverables:
            subject = f"deliverable:{deliverable.code}"
            if deliverable.present:
                message = f"{deliverable.title}: described."
                yield self.found(subject, Outcome.PASS, message)
                continue
            message = f"{deliverable.title}: not described. The strand requires it."
            message += _perhaps_the_other_strand(case)
            fix = Fix("deliverables", f"Describe the deliverable “{deliverable.title}”.")
            yield self.found(subject, Outcome.OFFICER, message, {}, fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreboardVerifiable(Rule):
    """A required scoreboard has an indicator, and each can be verified."""

    id: ClassVar[str] = "scoreboard-verifiable"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Verifiable scoreboard"
    asks: ClassVar[str] = (
        "Where the strand requires a monitoring scoreboard, it has at least one indicator, each "
        "with baseline, target, unit and means of verification."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "There is an indicator, and each has all four.",
        Outcome.OFFICER: "There is none, or one lacks something.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        if not any(deliverable.is_scoreboard for deliverable in case.facts.deliverables):
            return
        indicators = case.facts.indicators
        lacking = [_name(indicator) for indicator in indicators if not indicator.is_verifiable]
        fix = Fix("deliverables", "Give baseline, target, unit and verification of each indicator.")
        if not indicators:
            message = "The scoreboard has no indicator yet. At least one is needed."
            yield self.found("scoreboard", Outcome.OFFICER, message, {"indicators": 0}, fix)
        elif lacking:
            message = (
                f"Not verifiable yet: {listed(lacking)}. Each indicator needs a baseline, a "
                "target, a unit and a means of verification."
            )
            yield self.found("scoreboard", Outcome.OFFICER, message, {"lacking": lacking}, fix)
        else:
            count = len(indicators)
            message = f"The scoreboard has {count_of(count, 'indicator')} that can be verified."
            yield self.found("scoreboard", Outcome.PASS, message, {"indicators": count})


def _name(indicator: IndicatorFacts) -> str:
    return f"“{indicator.name}”" if indicator.name else "an indicator without a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdMarkets(Rule):
    """Each target market is a country outside Europe and outside the programme."""

    id: ClassVar[str] = "third-markets"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Third markets beyond Europe"
    asks: ClassVar[str] = "The strategy targets specific third countries beyond Europe."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The market is a country outside Europe and outside the programme on the rule date.",
        Outcome.WARN: "It is a region; the call speaks of specific countries.",
        Outcome.OFFICER: "It takes part in the programme or lies in Europe, also written as a region; "
        "or no market is named.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        if not case.facts.markets:
            message = "The proposal names no target market yet. It aims at specific third markets."
            fix = Fix("vision", "Name at least one country beyond Europe.")
            yield self.found("proposal", Outcome.OFFICER, message, {}, fix)
        for number, market in enumerate(case.facts.markets, start=1):
            outcome, message = self._explain(market, case)
            mend: Fix | None = None
            if outcome == Outcome.WARN:
                mend = Fix("vision", "Choose the countries that you mean from the list.")
            elif outcome != Outcome.PASS:
                mend = Fix(
                    "vision",
                    f"Name a country beyond Europe that is not a {case.facts.programme} country.",
                )
            evidence: dict[str, Any] = {"country": market.country, "region": market.region}
            yield self.found(f"market:{number}", outcome, message, evidence, mend)

    def _explain(self, market: MarketFacts, case: Case) -> tuple[Outcome, str]:
        if market.country is None:
            return self._explain_region(market.region, case)
        country = sentence(case.country_name(market.country))
        standing, _row = case.countries.standing(market.country, case.rule_date)
        if standing in (Standing.MEMBER_STATE, Standing.IN_FORCE, Standing.TERRITORY):
            return (
                Outcome.OFFICER,
                f"{country} takes part in {case.facts.programme} or belongs to a state that does.",
            )
        if is_in_europe(market.country):
            return Outcome.OFFICER, f"{country} lies in Europe; the call looks beyond Europe."
        return Outcome.PASS, f"{country} is a third market beyond Europe."

    def _explain_region(self, region: str, case: Case) -> tuple[Outcome, str]:
        if names_europe(region):
            return (
                Outcome.OFFICER,
                f"“{region}” is Europe or a part of it; the call looks beyond Europe.",
            )
        named = [code for code in countries_named_in(region) if not self._is_beyond(code, case)]
        if named:
            countries = listed(case.country_name(code) for code in named)
            return Outcome.OFFICER, (
                f"“{region}” names {countries}. The call looks beyond Europe and beyond the countries that "
                f"take part in {case.facts.programme}."
            )
        return Outcome.WARN, (
            f"“{region}” is a region. The call speaks of specific third countries: name those that you mean."
        )

    def _is_beyond(self, code: str, case: Case) -> bool:
        standing, _row = case.countries.standing(code, case.rule_date)
        return standing in (Standing.NONE, Standing.SIGNED) and not is_in_europe(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketCount(Rule):
    """Between `minimum` and, as the call recommends, `recommended_maximum` third countries are targeted.

    First seen in the call of 2020; the call of 2014 names no number.
    """

    id: ClassVar[str] = "market-count"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Number of third markets"
    asks: ClassVar[str] = "The strategy targets as many third countries as the call asks for."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The number of different countries is within what the call asks for.",
        Outcome.WARN: "There are more than the call recommends.",
        Outcome.OFFICER: "There are fewer than the call asks for; regions are not counted.",
    }

    minimum: int = parameter("How many different third countries at least.")
    recommended_maximum: int | None = parameter(
        "How many the call recommends at most; without it there is no upper number.", default=None
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        named_countries = {one.country for one in case.facts.markets if one.country}
        countries = sorted(code for code in named_countries if self._is_third(code, case))
        number = len(countries)
        evidence: dict[str, Any] = {
            "countries": countries,
            "minimum": self.minimum,
            "recommended_maximum": self.recommended_maximum,
        }
        named = f"The proposal targets {count_of(number, 'third country', 'third countries')}"
        if number < self.minimum:
            message = (
                f"{named}; the call asks for at least {self.minimum}. Regions and countries that "
                f"take part in {case.facts.programme} do not count."
            )
            fix = Fix(
                "vision",
                f"Name at least {count_of(self.minimum, 'third country', 'third countries')}.",
            )
            yield self.found("proposal", Outcome.OFFICER, message, evidence, fix)
        elif self.recommended_maximum is not None and number > self.recommended_maximum:
            message = f"{named}; the call recommends at most {self.recommended_maximum}."
            fix = Fix("vision", "Consider fewer markets, and do more in each of them.")
            yield self.found("proposal", Outcome.WARN, message, evidence, fix)
        else:
            yield self.found("proposal", Outcome.PASS, f"{named}, as the call asks.", evidence)

    def _is_third(self, code: str, case: Case) -> bool:
        standing, _row = case.countries.standing(code, case.rule_date)
        return standing in (Standing.NONE, Standing.SIGNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration(Rule):
    """The project takes at most `maximum_months`, and at least `minimum_months` where the call says so."""

    id: ClassVar[str] = "duration"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Duration"
    asks: ClassVar[str] = "The project takes as long as the call allows: no longer, and no shorter."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The duration in months is within the limits.",
        Outcome.OFFICER: "It is outside them, or not given.",
    }

    maximum_months: int = parameter("The longest duration, in months.")
    minimum_months: int | None = parameter(
        "The shortest duration, in months; without it there is none.", default=None
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        months = case.facts.duration_months
        evidence: dict[str, Any] = {"months": months, "maximum": self.maximum_months}
        if self.minimum_months is not None:
            evidence["minimum"] = self.minimum_months
        fix = Fix("summary", f"Give a duration of {self._allowed()}.")
        if months is None:
            message = f"No duration is given. The call allows {self._allowed()}."
            yield self.found("proposal", Outcome.OFFICER, message, evidence, fix)
        elif (self.minimum_months or 0) <= months <= self.maximum_months:
            message = f"The project takes {count_of(months, 'month')}, of {self._allowed()}."
            yield self.found("proposal", Outcome.PASS, message, evidence)
        else:
            message = (
                f"The project takes {count_of(months, 'month')}; the call allows {self._allowed()}."
            )
            yield self.found("proposal", Outcome.OFFICER, message, evidence, fix)

    def _allowed(self) -> str:
        if self.minimum_months is None:
            return f"at most {count_of(self.maximum_months, 'month')}"
        return f"{self.minimum_months} to {count_of(self.maximum_months, 'month')}"
