"""How many organisations, countries and Member States a consortium must have."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import Any, ClassVar

from calls.eligibility.countries import ParticipationStatus
from calls.eligibility.facts import ParticipantFacts
from calls.eligibility.rules.base import (
    Case,
    Level,
    Rule,
    Section,
    count_of,
    join_names,
    needed,
    parameter,
    states_of,
)
from calls.eligibility.rules.identity import (
    groups,
    is_probably_same,
    is_same,
)
from calls.eligibility.verdict import Finding, Fix, Outcome


def _any_state(_state: str) -> bool:
    return True


def countries_counted(
    participants: tuple[ParticipantFacts, ...],
    *,
    generous: bool,
    is_counted: Callable[[str], bool] = _any_state,
    are_unrelated: bool,
) -> list[str]:
    """The different states, entries of certainly one organisation giving one state together.

    Which one, where they name several, is open: `generous` takes one that is not counted yet.
    """
    if are_unrelated:
        return [state for state in states_of(participants) if is_counted(state)]
    results: set[str] = set()
    several: list[list[str]] = []
    for group in _organisations_of(participants):
        states = states_of(group)
        if len(states) == 1:
            results |= {state for state in states if is_counted(state)}
        elif states:
            several.append(states)
    return _best_of(results, several, generous, is_counted)


MAX_COMBINATIONS = 4096  # of one state for each organisation that names several


def _best_of(
    results: set[str], several: list[list[str]], generous: bool, is_counted: Callable[[str], bool]
) -> list[str]:
    """The most states that are possible, or the fewest, over every choice of one for each."""
    if (
        prod(len(states) for states in several) > MAX_COMBINATIONS
    ):  # too many to try: keep to what is sure
        possible = {state for states in several for state in states if is_counted(state)}
        return sorted(results | possible if generous else results)
    counted = (
        sorted(results | {state for state in choice if is_counted(state)})
        for choice in product(*several)
    )
    best = max if generous else min
    return best(counted, key=len)


def _organisations_of(
    participants: tuple[ParticipantFacts, ...],
) -> Iterable[list[ParticipantFacts]]:
    """Entries that are certainly one organisation, together."""
    left = list(participants)
    while left:
        first = left.pop()
        group = [first, *(participant for participant in left if is_same(participant, first))]
        if group[1:]:
            left = [participant for participant in left if participant not in group]
        yield group


def distinct_certain(participants: tuple[ParticipantFacts, ...]) -> int:
    """At least this many different organisations: probable duplicates count once."""
    return groups(participants, [p for p in combinations(participants, 2) if is_probably_same(*p)])


def distinct_possible(participants: tuple[ParticipantFacts, ...]) -> int:
    """At most this many different organisations: only certain duplicates count once."""
    return groups(participants, [p for p in combinations(participants, 2) if is_same(*p)])


def three_valued(at_least: int, at_most: int, minimum: int) -> Outcome:
    """A minimum is met surely, perhaps (an officer decides), or not."""
    if at_least >= minimum:
        return Outcome.PASS
    return Outcome.NEEDS_REVIEW if at_most >= minimum else Outcome.INELIGIBLE


def counted(number: int, text: str, many: str = "") -> str:
    """“1 country counts”, “3 countries count”."""
    return f"{count_of(number, text, many)} {'counts' if number == 1 else 'count'}"


def surely_counted(number: int, text: str, many: str = "") -> str:
    return f"{count_of(number, text, many)} {'counts' if number == 1 else 'count'} for certain"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinOrganisations(Rule):
    """At least `minimum` different applicants that count."""

    id: ClassVar[str] = "min-organisations"
    level: ClassVar[Level] = Level.CONSORTIUM
    section: ClassVar[Section] = Section.CONSORTIUM
    title: ClassVar[str] = "Number of organisations"
    asks: ClassVar[str] = (
        "The consortium must have the required number of different cluster or business network "
        "organisations. Associated partners do not count."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "Enough different organisations count.",
        Outcome.NEEDS_REVIEW: "Enough organisations only once the open points are resolved.",
        Outcome.INELIGIBLE: "Too few, even if all open points are resolved.",
    }

    minimum: int = parameter("The minimum number of different organisations.")

    def judge(self, case: Case) -> Iterable[Finding]:
        if case.are_unrelated:
            at_least, at_most = len(case.sure), len(case.possible)
        else:
            at_least, at_most = distinct_certain(case.sure), distinct_possible(case.possible)
        outcome = three_valued(at_least, at_most, self.minimum)
        asked = f"at least {self.minimum} {needed(self.minimum)}"
        if outcome == Outcome.PASS:
            message = f"{counted(at_least, 'organisation')}; {asked}."
        elif outcome == Outcome.NEEDS_REVIEW:
            message = (
                f"{surely_counted(at_least, 'organisation')} and up to {at_most} may count; {asked}. "
                "The result depends on points that are still open for a partner."
            )
        elif not at_most:
            message = f"No organisation can count; {asked}."
        else:
            message = (
                f"At most {count_of(at_most, 'organisation')} can count; at least {self.minimum} "
                "different ones are needed."
            )
        fix = None
        if outcome == Outcome.NEEDS_REVIEW:
            fix = Fix(
                "consortium",
                "Resolve the open points, or add an organisation that meets all rules.",
            )
        elif outcome != Outcome.PASS:
            lacking = count_of(self.minimum - at_most, "more organisation")
            fix = Fix("consortium", f"Add {lacking} that can apply.")
        evidence = {"at_least": at_least, "at_most": at_most, "minimum": self.minimum}
        yield self.make_finding("consortium", outcome, message, evidence, fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinCountries(Rule):
    """Applicants that count come from at least `minimum` different countries."""

    id: ClassVar[str] = "min-countries"
    level: ClassVar[Level] = Level.CONSORTIUM
    section: ClassVar[Section] = Section.CONSORTIUM
    title: ClassVar[str] = "Number of countries"
    asks: ClassVar[str] = (
        "The organisations that count must come from the required number of different participating "
        "countries. Two partners can be from the same country."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "Enough different countries count (EL is the same as GR, UK the same as GB).",
        Outcome.NEEDS_REVIEW: "Enough only once the open points for some applicants are resolved.",
        Outcome.INELIGIBLE: "Too few, even if all open points are resolved.",
    }

    minimum: int = parameter("The minimum number of different countries.")

    def judge(self, case: Case) -> Iterable[Finding]:
        return [_judge_states(self, case, self.minimum, PARTICIPATING)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MinMemberStates(Rule):
    """Applicants that count come from at least `minimum` different Member States of the Union.

    First seen in the calls of 2019 and 2020; the call of 2014 does not ask for it.
    """

    id: ClassVar[str] = "min-member-states"
    level: ClassVar[Level] = Level.CONSORTIUM
    section: ClassVar[Section] = Section.CONSORTIUM
    title: ClassVar[str] = "Number of Member States"
    asks: ClassVar[str] = (
        "The organisations that count must come from the required number of different Member States "
        "of the Union, on the rule date."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "Enough different Member States count.",
        Outcome.NEEDS_REVIEW: "Enough only once the open points for some applicants are resolved.",
        Outcome.INELIGIBLE: "Too few, even if all open points are resolved.",
    }

    minimum: int = parameter("The minimum number of different Member States.")

    def judge(self, case: Case) -> Iterable[Finding]:
        return [_judge_states(self, case, self.minimum, MEMBERS)]


@dataclass(frozen=True, slots=True)
class _Sort:
    """Which states a minimum is about, and how a sentence calls one of them and several."""

    one: str
    many: str
    place: str
    places: str
    is_counted: Callable[[Case], Callable[[str], bool]]


def _all_states(_case: Case) -> Callable[[str], bool]:
    return _any_state


def _member_states(case: Case) -> Callable[[str], bool]:
    return lambda state: (
        case.countries.status_of(state, case.rule_date)[0] == ParticipationStatus.MEMBER_STATE
    )


PARTICIPATING = _Sort(
    "country", "countries", "participating country", "participating countries", _all_states
)


MEMBERS = _Sort("Member State", "Member States", "Member State", "Member States", _member_states)


def _judge_states(
    rule: MinCountries | MinMemberStates, case: Case, minimum: int, sort: _Sort
) -> Finding:
    is_counted = sort.is_counted(case)
    values: dict[str, Any] = {"is_counted": is_counted, "are_unrelated": case.are_unrelated}
    sure = countries_counted(case.sure, generous=False, **values)
    possible = sure
    if case.possible != case.sure or not case.are_unrelated:
        possible = countries_counted(case.possible, generous=True, **values)
    outcome = three_valued(len(sure), len(possible), minimum)
    asked = f"at least {minimum} {needed(minimum)}"
    if outcome == Outcome.PASS:
        names = join_names(case.country_name(code) for code in sure)
        message = f"{counted(len(sure), sort.one, sort.many)} ({names}); {asked}."
    elif outcome == Outcome.NEEDS_REVIEW:
        names = join_names(case.country_name(code) for code in sure) or "none yet"
        message = (
            f"{surely_counted(len(sure), sort.one, sort.many)} ({names}) and up to "
            f"{len(possible)} may count; {asked}."
        )
    elif not possible:
        message = f"No {sort.one} can count; {asked}."
    else:
        names = join_names(case.country_name(code) for code in possible)
        message = (
            f"At most {count_of(len(possible), sort.one, sort.many)} can count ({names}); {asked}."
        )
    others = join_names((case.country_name(code) for code in possible), "or")
    fix = _how_to_reach(minimum - len(possible), others, outcome, sort)
    return rule.make_finding(
        "consortium",
        outcome,
        message,
        {"sure": sure, "possible": possible, "minimum": minimum},
        fix,
    )


def _how_to_reach(lacking: int, others: str, outcome: Outcome, sort: _Sort) -> Fix | None:
    if outcome == Outcome.PASS:
        return None
    if outcome == Outcome.NEEDS_REVIEW:
        advice = "Resolve the open points for these partners so that their countries count."
        return Fix("consortium", advice)
    other = f" other than {others}" if others else ""
    if lacking == 1:
        return Fix("consortium", f"Add a partner from a {sort.place}{other}.")
    return Fix("consortium", f"Add partners from {lacking} different {sort.places}{other}.")
