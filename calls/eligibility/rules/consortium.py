"""What the consortium must be: enough organisations and countries, independent, with one coordinator."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

from calls.eligibility.facts import Audience, ParticipantFacts, Role
from calls.eligibility.rules.base import Case, Counting, Level, Rule, count_of, listed, states_of
from calls.eligibility.verdict import Finding, Fix, Outcome


def normal(text: str) -> str:
    """Letters and digits of a name in lower case, without accents, to compare names by."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "", "".join(sign for sign in plain if not unicodedata.combining(sign)))


def is_same(one: ParticipantFacts, other: ParticipantFacts) -> bool:
    """Certainly the same organisation: the same record, or the same participant code."""
    return one.organisation == other.organisation or bool(one.pic and one.pic == other.pic)


def is_probably_same(one: ParticipantFacts, other: ParticipantFacts) -> bool:
    """Two records with the same name in the same country are probably one organisation."""
    same_name = bool(_names_of(one) & _names_of(other))
    return is_same(one, other) or (one.country == other.country and same_name)


def _names_of(one: ParticipantFacts) -> set[str]:
    """What it is called: a cluster and the entity that runs it are one organisation."""
    return {normal(name) for name in (one.name, one.legal_name) if normal(name)}


def controls(one: ParticipantFacts, other: ParticipantFacts) -> bool:
    """One of the two controls the other, or the same body controls both."""
    return (
        _is_named_by(one, other.controlled_by)
        or _is_named_by(other, one.controlled_by)
        or bool(
            normal(one.controlled_by) and normal(one.controlled_by) == normal(other.controlled_by)
        )
    )


def _is_named_by(one: ParticipantFacts, controller: str) -> bool:
    return bool(controller) and (
        controller in (one.key, one.organisation) or normal(controller) in _names_of(one)
    )


def groups(
    participants: Iterable[ParticipantFacts],
    pairs: Iterable[tuple[ParticipantFacts, ParticipantFacts]],
) -> int:
    """How many are left when the two of each pair count as one."""
    leader = {one.key: one.key for one in participants}

    def find(key: str) -> str:
        while leader[key] != key:
            key = leader[key]
        return key

    for one, other in pairs:
        leader[find(one.key)] = find(other.key)
    return sum(1 for key in leader if find(key) == key)


def countries_counted(participants: tuple[ParticipantFacts, ...], *, generous: bool) -> list[str]:
    """The different states, entries of certainly one organisation giving one state together.

    Which one, where they name several, is open: `generous` takes one that is not counted yet.
    """
    counted: set[str] = set()
    several: list[set[str]] = []
    left = list(participants)
    while left:
        first = left.pop()
        group = [first, *(one for one in left if is_same(one, first))]
        left = [one for one in left if one not in group]
        states = set(states_of(group))
        if len(states) == 1:
            counted |= states
        elif states:
            several.append(states)
    for states in sorted(several, key=sorted):
        fresh = states - counted
        if fresh and (generous or fresh == states):
            counted.add(min(fresh))
    return sorted(counted)


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
    return Outcome.OFFICER if at_most >= minimum else Outcome.INELIGIBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class MinOrganisations(Rule):
    """At least `minimum` different applicants that count."""

    id: ClassVar[str] = "min-organisations"
    level: ClassVar[Level] = Level.CONSORTIUM
    title: ClassVar[str] = "Enough organisations"
    asks: ClassVar[str] = (
        "The consortium has the required number of different cluster or business network "
        "organisations. Associated partners do not count."
    )

    minimum: int

    def judge(self, case: Case) -> Iterable[Finding]:
        sure = case.counting_applicants(Counting.SURE)
        possible = case.counting_applicants(Counting.SURE, Counting.OPEN)
        at_least, at_most = distinct_certain(sure), distinct_possible(possible)
        outcome = three_valued(at_least, at_most, self.minimum)
        message = {
            Outcome.PASS: f"{count_of(at_least, 'organisation')} count; at least {self.minimum} are needed.",
            Outcome.OFFICER: (
                f"{count_of(at_least, 'organisation')} surely count and up to {at_most} may; at least "
                f"{self.minimum} are needed. It hinges on what is still open for a partner."
            ),
            Outcome.INELIGIBLE: (
                f"At most {count_of(at_most, 'organisation')} can count; at least {self.minimum} "
                "different ones are needed."
            ),
        }[outcome]
        fix = None
        if outcome != Outcome.PASS:
            fix = Fix("consortium", "Add an organisation that counts, or settle what is open.")
        evidence = {"at_least": at_least, "at_most": at_most, "minimum": self.minimum}
        yield self.found("consortium", outcome, message, fix, **evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinCountries(Rule):
    """Applicants that count come from at least `minimum` different countries."""

    id: ClassVar[str] = "min-countries"
    level: ClassVar[Level] = Level.CONSORTIUM
    title: ClassVar[str] = "Enough countries"
    asks: ClassVar[str] = (
        "The organisations that count come from the required number of different participating "
        "countries. Two partners may share a country."
    )

    minimum: int

    def judge(self, case: Case) -> Iterable[Finding]:
        sure = countries_counted(case.counting_applicants(Counting.SURE), generous=False)
        possible = countries_counted(
            case.counting_applicants(Counting.SURE, Counting.OPEN), generous=True
        )
        outcome = three_valued(len(sure), len(possible), self.minimum)
        names = listed(case.country_name(code) for code in sure) or "none yet"
        message = {
            Outcome.PASS: (
                f"{len(sure)} countries count ({names}); at least {self.minimum} are needed."
            ),
            Outcome.OFFICER: (
                f"{count_of(len(sure), 'country', 'countries')} surely count ({names}) and up to "
                f"{len(possible)} may; at least {self.minimum} are needed."
            ),
            Outcome.INELIGIBLE: (
                f"At most {count_of(len(possible), 'country', 'countries')} can count ({names}); at "
                f"least {self.minimum} different ones are needed."
            ),
        }[outcome]
        fix = None
        if outcome == Outcome.OFFICER:
            fix = Fix(
                "consortium", "Settle what is open for the partners: then their countries count."
            )
        elif outcome != Outcome.PASS:
            apart = listed(possible)
            where = f" other than {apart}" if apart else ""
            fix = Fix("consortium", f"Add a partner from a participating country{where}.")
        evidence: dict[str, Any] = {"sure": sure, "possible": possible, "minimum": self.minimum}
        yield self.found("consortium", outcome, message, fix, **evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Independent(Rule):
    """No applicant controls another, and none is probably listed twice."""

    id: ClassVar[str] = "independent"
    level: ClassVar[Level] = Level.CONSORTIUM
    title: ClassVar[str] = "Independent of each other"
    asks: ClassVar[str] = "The organisations are independent of one another."

    minimum: int

    def judge(self, case: Case) -> Iterable[Finding]:
        applicants = case.counting_applicants(Counting.SURE, Counting.OPEN)
        pairs = list(combinations(applicants, 2))
        certain = [pair for pair in pairs if is_same(*pair) or controls(*pair)]
        linked = [pair for pair in pairs if pair in certain or is_probably_same(*pair)]
        if not linked:
            message = "No applicant is known to control another, and none is listed twice."
            yield self.found("consortium", Outcome.PASS, message, linked=[])
            return
        remaining = groups(applicants, certain)
        names = listed(f"{one.name} with {other.name}" for one, other in linked)
        too_few = remaining < self.minimum
        message = f"Not independent of each other, or the same organisation: {names}. "
        message += (
            f"Only {remaining} independent ones remain; {self.minimum} are needed."
            if too_few
            else "An officer decides."
        )
        fix = Fix("consortium", "Remove the duplicate, or add an independent organisation.")
        outcome = Outcome.INELIGIBLE if too_few else Outcome.OFFICER
        keys = [[one.key, other.key] for one, other in linked]
        yield self.found("consortium", outcome, message, fix, linked=keys, remaining=remaining)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinator(Rule):
    """Exactly one coordinator, which is itself an applicant that counts."""

    id: ClassVar[str] = "coordinator"
    level: ClassVar[Level] = Level.CONSORTIUM
    title: ClassVar[str] = "One coordinator"
    asks: ClassVar[str] = "Exactly one applicant coordinates the proposal."

    def judge(self, case: Case) -> Iterable[Finding]:
        coordinators = [p for p in case.facts.participants if p.role == Role.COORDINATOR]
        fix = Fix("consortium", "Choose exactly one coordinator among the applicants.")
        names = [one.name for one in coordinators]
        if not coordinators:
            message = "The proposal has no coordinator. Exactly one applicant coordinates it."
            yield self.found("consortium", Outcome.INADMISSIBLE, message, fix, coordinators=names)
        elif len(coordinators) > 1:
            message = f"{listed(names)} are all named as coordinator. There can be only one."
            yield self.found("consortium", Outcome.INADMISSIBLE, message, fix, coordinators=names)
        elif case.counts_as(coordinators[0]) == Counting.OUT:
            message = (
                f"{names[0]} coordinates the proposal but does not count as an applicant. The "
                "others may need another coordinator; an officer decides."
            )
            yield self.found("consortium", Outcome.OFFICER, message, fix, coordinators=names)
        else:
            message = f"{names[0]} coordinates the proposal."
            yield self.found("consortium", Outcome.PASS, message, coordinators=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneApplication(Rule):
    """The organisation is in no other submitted proposal of the call.

    The limit was not found in the call of 2014, only in that of 2016: applicants are warned, an
    officer decides.
    """

    id: ClassVar[str] = "one-application"
    level: ClassVar[Level] = Level.CONTENT
    title: ClassVar[str] = "One proposal for each organisation"
    asks: ClassVar[str] = "An organisation takes part in one proposal of the call."

    def judge(self, case: Case) -> Iterable[Finding]:
        for_officer = case.facts.audience == Audience.OFFICER
        for one in case.facts.applicants:
            count = one.other_applications
            if not count:
                message = f"{one.name} is in no other submitted proposal of this call."
                yield self.found(one.key, Outcome.PASS, message, others=0)
                continue
            others = "another submitted proposal" if count == 1 else f"{count} submitted proposals"
            message = f"{one.name} also takes part in {others} of this call."
            if for_officer:
                message += " An officer decides whether it may."
            else:
                message += " This may be looked at closely."
            fix = Fix("consortium", f"Agree with {one.name} in which proposal it takes part.")
            outcome = Outcome.OFFICER if for_officer else Outcome.WARN
            yield self.found(one.key, outcome, message, fix, others=count)
