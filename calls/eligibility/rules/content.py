"""What the proposal must contain: activities, deliverables, a scoreboard, third markets, a duration."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from calls.eligibility.countries import ParticipationStatus, is_in_europe
from calls.eligibility.facts import IndicatorFacts, MarketFacts
from calls.eligibility.regions import countries_named_in, names_europe
from calls.eligibility.rules.base import (
    Case,
    Level,
    Rule,
    Section,
    count_of,
    join_names,
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
        "Each activity must clearly relate to the strand's objective and be justified."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The activity is linked to an objective of the strand and justified.",
        Outcome.NEEDS_REVIEW: "The objective or the justification is missing, or the proposal "
        "has no activity.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        if not case.facts.activities:
            message = (
                "The proposal has no activities yet. It needs at least one that serves an objective of "
                "the strand."
            )
            fix = Fix("activities", "Describe at least one activity and justify it.")
            yield self.make_finding("proposal", Outcome.NEEDS_REVIEW, message, {}, fix)
        for number, activity in enumerate(case.facts.activities, start=1):
            subject = f"activity:{number}"
            title = activity.title.strip() or f"Activity {number}"
            gaps = []
            if not activity.objective.strip():
                gaps.append("is not linked to an objective of the strand")
            if not activity.justification.strip():
                gaps.append("is not justified")
            if not gaps:
                message = f"“{title}” is linked to an objective and justified."
                yield self.make_finding(subject, Outcome.PASS, message)
                continue
            message = (
                f"“{title}” {join_names(gaps)}. The call requires an objective and a justification."
            )
            if not activity.objective.strip():
                message += _perhaps_the_other_strand(case)
            fix = Fix(
                "activities", f"Select the objective of “{title}” and explain why it is needed."
            )
            yield self.make_finding(subject, Outcome.NEEDS_REVIEW, message, {}, fix)


def _perhaps_the_other_strand(case: Case) -> str:
    """A hint where what was given belongs to another strand of the call; empty elsewhere."""
    other = case.facts.other_strand
    if not other:
        return ""
    return (
        f" The information given belongs to strand {other}. Check that you chose the right strand."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverables(Rule):
    """Each deliverable that the strand requires is there."""

    id: ClassVar[str] = "deliverables"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Deliverables of the strand"
    asks: ClassVar[str] = "All results that the strand requires must be among the deliverables."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The deliverable is described or a document is attached.",
        Outcome.NEEDS_REVIEW: "The deliverable is not described. The proposal may belong to another strand.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for deliverable in case.facts.deliverables:
            subject = f"deliverable:{deliverable.code}"
            if deliverable.present:
                message = f"“{deliverable.title}” is described."
                yield self.make_finding(subject, Outcome.PASS, message)
                continue
            message = f"“{deliverable.title}” is not described. The strand requires it."
            message += _perhaps_the_other_strand(case)
            fix = Fix("deliverables", f"Describe the deliverable “{deliverable.title}”.")
            yield self.make_finding(subject, Outcome.NEEDS_REVIEW, message, {}, fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPlan(Rule):
    """Months and leading partners, where they are given, fit together. It only remarks."""

    id: ClassVar[str] = "work-plan"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Work plan"
    asks: ClassVar[str] = (
        "Planned activities should be led by a partner. Activities and deliverables should end within "
        "the duration of the project."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The planned activities are led by partners, and everything ends within the duration.",
        Outcome.WARN: "Nobody leads a planned activity, or something ends after the project.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        remarks = [*self._on_activities(case), *self._on_deliverables(case)]
        yield from remarks
        if not remarks and any(activity.is_planned for activity in case.facts.activities):
            message = "The planned activities are led by partners and end within the project."
            yield self.make_finding("proposal", Outcome.PASS, message)

    def _on_activities(self, case: Case) -> Iterable[Finding]:
        duration = case.facts.duration_months
        for number, activity in enumerate(case.facts.activities, start=1):
            title = activity.title.strip() or f"Activity {number}"
            gaps = []
            if activity.is_planned and not activity.led_by:
                gaps.append("has no leading partner")
            if duration and activity.last_month and activity.last_month > duration:
                gaps.append(
                    f"goes on until month {activity.last_month}, but the project ends after month {duration}"
                )
            if gaps:
                message = f"“{title}” {join_names(gaps)}."
                fix = Fix("activities", f"Check the months and the leading partner of “{title}”.")
                evidence = {"last_month": activity.last_month, "months": duration}
                yield self.make_finding(f"activity:{number}", Outcome.WARN, message, evidence, fix)

    def _on_deliverables(self, case: Case) -> Iterable[Finding]:
        duration = case.facts.duration_months
        for deliverable in case.facts.deliverables:
            if not duration or not deliverable.month or deliverable.month <= duration:
                continue
            message = (
                f"“{deliverable.title}” is due in month {deliverable.month}, but the project ends after "
                f"month {duration}."
            )
            fix = Fix("deliverables", f"Check the delivery month of “{deliverable.title}”.")
            evidence = {"month": deliverable.month, "months": duration}
            subject = f"deliverable:{deliverable.code}"
            yield self.make_finding(subject, Outcome.WARN, message, evidence, fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreboardVerifiable(Rule):
    """A required scoreboard has an indicator, and each can be verified."""

    id: ClassVar[str] = "scoreboard-verifiable"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Verifiable scoreboard"
    asks: ClassVar[str] = (
        "If the strand requires a monitoring scoreboard, it must have at least one indicator. Each "
        "indicator needs a baseline, a target, a unit and a means of verification."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "There is at least one indicator, and all are complete.",
        Outcome.NEEDS_REVIEW: "There is no indicator, or at least one is incomplete.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        if not any(deliverable.is_scoreboard for deliverable in case.facts.deliverables):
            return
        indicators = case.facts.indicators
        lacking = [_name(indicator) for indicator in indicators if not indicator.is_verifiable]
        fix = Fix(
            "deliverables",
            "Enter the baseline, target, unit and means of verification for each indicator.",
        )
        if not indicators:
            message = "The scoreboard has no indicator yet. At least one is needed."
            yield self.make_finding(
                "scoreboard", Outcome.NEEDS_REVIEW, message, {"indicators": 0}, fix
            )
        elif lacking:
            message = (
                f"Incomplete: {join_names(lacking)}. Each indicator needs a baseline, a "
                "target, a unit and a means of verification."
            )
            yield self.make_finding(
                "scoreboard", Outcome.NEEDS_REVIEW, message, {"lacking": lacking}, fix
            )
        else:
            count = len(indicators)
            message = (
                f"The scoreboard has {count_of(count, 'indicator')} with all details needed for "
                "verification."
            )
            yield self.make_finding("scoreboard", Outcome.PASS, message, {"indicators": count})


def _name(indicator: IndicatorFacts) -> str:
    return f"“{indicator.name}”" if indicator.name else "an unnamed indicator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdMarkets(Rule):
    """Each target market is a country outside Europe and outside the programme."""

    id: ClassVar[str] = "third-markets"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Third markets beyond Europe"
    asks: ClassVar[str] = "The strategy must target specific third countries beyond Europe."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The market is a country outside Europe and outside the programme on the rule date.",
        Outcome.WARN: "The market is a region, but the call refers to specific countries.",
        Outcome.NEEDS_REVIEW: "The market participates in the programme or is in Europe (as a country or a "
        "region), or no market is named.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        if not case.facts.markets:
            message = (
                "The proposal has no target market yet. It must target specific third countries."
            )
            select = Fix("vision", "Select at least one country beyond Europe.")
            yield self.make_finding("proposal", Outcome.NEEDS_REVIEW, message, {}, select)
        for number, market in enumerate(case.facts.markets, start=1):
            outcome, message = self._explain(market, case)
            fix: Fix | None = None
            if outcome == Outcome.WARN:
                fix = Fix("vision", "Select the specific countries from the list.")
            elif outcome != Outcome.PASS:
                fix = Fix(
                    "vision",
                    f"Select a country beyond Europe that does not participate in {case.facts.programme}.",
                )
            evidence: dict[str, Any] = {"country": market.country, "region": market.region}
            yield self.make_finding(f"market:{number}", outcome, message, evidence, fix)

    def _explain(self, market: MarketFacts, case: Case) -> tuple[Outcome, str]:
        if market.country is None:
            return self._explain_region(market.region, case)
        country = sentence(case.country_name(market.country))
        status, _row = case.countries.status_of(market.country, case.rule_date)
        if status in (
            ParticipationStatus.MEMBER_STATE,
            ParticipationStatus.IN_FORCE,
            ParticipationStatus.TERRITORY,
        ):
            return (
                Outcome.NEEDS_REVIEW,
                f"{country} participates in {case.facts.programme} or belongs to a state that does.",
            )
        if is_in_europe(market.country):
            return (
                Outcome.NEEDS_REVIEW,
                f"{country} is in Europe. The call targets markets beyond Europe.",
            )
        return Outcome.PASS, f"{country} is a third market beyond Europe."

    def _explain_region(self, region: str, case: Case) -> tuple[Outcome, str]:
        if names_europe(region):
            return (
                Outcome.NEEDS_REVIEW,
                f"“{region}” is Europe or part of it. The call targets markets beyond Europe.",
            )
        named = [code for code in countries_named_in(region) if not self._is_beyond(code, case)]
        if named:
            countries = join_names(case.country_name(code) for code in named)
            return Outcome.NEEDS_REVIEW, (
                f"“{region}” includes {countries}. The call targets markets beyond Europe and beyond the "
                f"countries that participate in {case.facts.programme}."
            )
        return Outcome.WARN, (
            f"“{region}” is a region. The call refers to specific third countries."
        )

    def _is_beyond(self, code: str, case: Case) -> bool:
        status, _row = case.countries.status_of(code, case.rule_date)
        return status in (
            ParticipationStatus.NONE,
            ParticipationStatus.SIGNED,
        ) and not is_in_europe(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketCount(Rule):
    """Between `minimum` and, as the call recommends, `recommended_maximum` third countries are targeted.

    First seen in the call of 2020; the call of 2014 names no number.
    """

    id: ClassVar[str] = "market-count"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Number of third markets"
    asks: ClassVar[str] = "The strategy must target as many third countries as the call requires."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The number of different countries is within the limits of the call.",
        Outcome.WARN: "More countries than the call recommends.",
        Outcome.NEEDS_REVIEW: "Fewer countries than the call requires. Regions do not count.",
    }

    minimum: int = parameter("The minimum number of different third countries.")
    recommended_maximum: int | None = parameter(
        "The maximum number that the call recommends. Leave empty for no maximum.", default=None
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        named_countries = {market.country for market in case.facts.markets if market.country}
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
                f"{named}; the call requires at least {self.minimum}. Regions and countries that "
                f"participate in {case.facts.programme} do not count."
            )
            fix = Fix(
                "vision",
                f"Select at least {count_of(self.minimum, 'third country', 'third countries')}.",
            )
            yield self.make_finding("proposal", Outcome.NEEDS_REVIEW, message, evidence, fix)
        elif self.recommended_maximum is not None and number > self.recommended_maximum:
            message = f"{named}; the call recommends at most {self.recommended_maximum}."
            fix = Fix("vision", "Consider fewer markets, with more activities in each of them.")
            yield self.make_finding("proposal", Outcome.WARN, message, evidence, fix)
        else:
            yield self.make_finding(
                "proposal", Outcome.PASS, f"{named}, as the call requires.", evidence
            )

    def _is_third(self, code: str, case: Case) -> bool:
        status, _row = case.countries.status_of(code, case.rule_date)
        return status in (ParticipationStatus.NONE, ParticipationStatus.SIGNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration(Rule):
    """The project takes at most `maximum_months`, and at least `minimum_months` where the call says so."""

    id: ClassVar[str] = "duration"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.ACTIVITIES
    title: ClassVar[str] = "Duration"
    asks: ClassVar[str] = "The duration of the project must be within the limits of the call."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The duration in months is within the limits.",
        Outcome.NEEDS_REVIEW: "The duration is outside the limits or not given.",
    }

    maximum_months: int = parameter("The maximum duration in months.")
    minimum_months: int | None = parameter(
        "The minimum duration in months. Leave empty for no minimum.", default=None
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        months = case.facts.duration_months
        evidence: dict[str, Any] = {"months": months, "maximum": self.maximum_months}
        if self.minimum_months is not None:
            evidence["minimum"] = self.minimum_months
        fix = Fix("summary", f"Enter a duration of {self._allowed()}.")
        if months is None:
            message = f"No duration is given. The call allows {self._allowed()}."
            yield self.make_finding("proposal", Outcome.NEEDS_REVIEW, message, evidence, fix)
        elif (self.minimum_months or 0) <= months <= self.maximum_months:
            message = (
                f"The project takes {count_of(months, 'month')}; the call allows {self._allowed()}."
            )
            yield self.make_finding("proposal", Outcome.PASS, message, evidence)
        else:
            message = (
                f"The project takes {count_of(months, 'month')}; the call allows {self._allowed()}."
            )
            yield self.make_finding("proposal", Outcome.NEEDS_REVIEW, message, evidence, fix)

    def _allowed(self) -> str:
        if self.minimum_months is None:
            return f"at most {count_of(self.maximum_months, 'month')}"
        return f"{self.minimum_months} to {count_of(self.maximum_months, 'month')}"
