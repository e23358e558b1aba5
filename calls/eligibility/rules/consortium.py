"""What the consortium must be: enough organisations and countries, independent, with one coordinator."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import Any, ClassVar

from calls.eligibility.countries import ParticipationStatus
from calls.eligibility.facts import Audience, ParticipantFacts, Role
from calls.eligibility.rules.base import (
    Case,
    CountStatus,
    Level,
    Rule,
    Section,
    count_of,
    join_names,
    parameter,
    states_of,
)
from calls.eligibility.rules.identity import (
    Controllers,
    Ground,
    Tie,
    is_probably_same,
    is_same,
    ties_among,
)
from calls.eligibility.verdict import Finding, Fix, Outcome


def groups(
    participants: Iterable[ParticipantFacts],
    pairs: Collection[tuple[ParticipantFacts, ParticipantFacts]],
) -> int:
    """How many are left when the two of each pair count as one."""
    leader = {item.key: item.key for item in participants}

    def find(key: str) -> str:
        while leader[key] != key:
            key = leader[key]
        return key

    for participant, other in pairs:
        leader[find(participant.key)] = find(other.key)
    return sum(1 for key in leader if find(key) == key)


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


def needed(minimum: int) -> str:
    return "is needed" if minimum == 1 else "are needed"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Independent(Rule):
    """No applicant controls another, and none is probably listed twice."""

    id: ClassVar[str] = "independent"
    level: ClassVar[Level] = Level.CONSORTIUM
    section: ClassVar[Section] = Section.CONSORTIUM
    title: ClassVar[str] = "Independent of each other"
    asks: ClassVar[str] = "The organisations must be independent of each other."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "No applicant is known to control another, and none seems to be listed twice.",
        Outcome.NEEDS_REVIEW: "Some organisations are linked, or seem to be by their names, but enough "
        "independent ones remain; or a body outside the consortium controls one of them.",
        Outcome.INELIGIBLE: "Some organisations are linked, and too few independent ones remain.",
    }

    minimum: int = parameter("The minimum number of independent organisations.")

    def judge(self, case: Case) -> Iterable[Finding]:
        if case.are_unrelated:
            yield self._all_apart()
            return
        ties = ties_among(case.facts.participants, case.applicants)
        outside = _outside(case, ties)
        if not ties and not outside:
            yield self._all_apart()
            return
        certain = _certain_pairs(ties, case)
        remaining = groups(case.possible, certain)
        too_few = bool(certain) and remaining < self.minimum
        sentences = [_why(tie, case) for tie in ties]
        sentences += [
            f"{participant.name} names “{text}” as the body that controls it."
            for participant, text in outside
        ]
        sentences.append(
            self._what_follows(remaining) if too_few else "An officer will review this."
        )
        yield self.make_finding(
            "consortium",
            Outcome.INELIGIBLE if too_few else Outcome.NEEDS_REVIEW,
            " ".join(sentences),
            _evidence_of(ties, outside) | {"remaining": remaining},
            Fix("consortium", _what_to_do(ties)),
        )

    def _what_follows(self, remaining: int) -> str:
        left = count_of(remaining, "independent organisation")
        verb = "remains" if remaining == 1 else "remain"
        return f"{left} {verb}; at least {self.minimum} {needed(self.minimum)}."

    def _all_apart(self) -> Finding:
        message = "No applicant is known to control another, and none is listed twice."
        return self.make_finding("consortium", Outcome.PASS, message, {"linked": []})


def _certain_pairs(ties: list[Tie], case: Case) -> list[tuple[ParticipantFacts, ParticipantFacts]]:
    """Who is out does not count, but is in the proposal: a link with it is for an officer."""
    return [
        (tie.one, tie.other)
        for tie in ties
        if tie.is_sure and tie.one in case.possible and tie.other in case.possible
    ]


def _evidence_of(ties: list[Tie], outside: list[tuple[ParticipantFacts, str]]) -> dict[str, Any]:
    return {
        "linked": [[tie.one.key, tie.other.key] for tie in ties if tie.other.applies],
        "grounds": [
            {"between": [tie.one.key, tie.other.key], "ground": tie.ground, "sure": tie.is_sure}
            for tie in ties
        ],
        "outside": {participant.key: text for participant, text in outside},
    }


def _outside(case: Case, ties: list[Tie]) -> list[tuple[ParticipantFacts, str]]:
    """Applicants with the controller that they name, where that is no participant and no tie says it."""
    controllers = Controllers.among(case.facts.participants)
    tied = {
        participant.key
        for tie in ties
        if tie.ground == Ground.OWNER and _both_name_it(tie, controllers)
        for participant in (tie.one, tie.other)
    }
    return [
        (applicant, controllers.outside[applicant.key])
        for applicant in case.applicants
        if applicant.key in controllers.outside and applicant.key not in tied
    ]


def _why(tie: Tie, case: Case) -> str:
    """Both names, and the ground on which they are taken to belong together."""
    text, other = tie.one.name, tie.other.name
    if not tie.other.applies:
        return f"{_why_one_body(tie, case)} {text} applies, and {other} is an associated partner."
    if tie.ground == Ground.CONTROL:
        return _why_control(tie, case)
    if tie.ground == Ground.OWNER:
        return _why_owner(tie, case)
    return _why_one_body(tie, case)


def _why_owner(tie: Tie, case: Case) -> str:
    text, other = tie.one.name, tie.other.name
    controllers = Controllers.among(case.facts.participants)
    if _both_name_it(tie, controllers):
        first, second = (controllers.outside[key] for key in (tie.one.key, tie.other.key))
        return (
            f"{text} and {other} name the same body as their controller: “{first}” and “{second}”."
        )
    body = controllers.written_for(tie.top)
    return f"{text} and {other} are controlled by the same body outside the consortium, “{body}”."


def _both_name_it(tie: Tie, controllers: Controllers) -> bool:
    return tie.one.key in controllers.outside and tie.other.key in controllers.outside


def _why_one_body(tie: Tie, case: Case) -> str:
    text, other = tie.one.name, tie.other.name
    both = f"{text} ({tie.one.key}) and {other} ({tie.other.key})"
    if tie.ground == Ground.RECORD:
        return f"{both} are the same organisation because they have the same record."
    if tie.ground == Ground.CODE:
        return f"{both} are the same organisation because both have the participant code (PIC) {tie.one.pic}."
    where = f" and both are in {case.country_name(tie.one.country)}" if tie.one.country else ""
    return f"{both} may be the same organisation because their names are similar{where}."


def _why_control(tie: Tie, case: Case) -> str:
    """Who named whom, as it was written; through whom else where neither named the other."""
    for below, above in ((tie.one, tie.other), (tie.other, tie.one)):
        if above.key == _named_by(below, case):
            written = below.controlled_by.strip()
            as_written = "" if written in (above.key, above.name) else f" (as “{written}”)"
            return f"{below.name} names {above.name}{as_written} as the body that controls it."
    names = {participant.key: participant.name for participant in case.facts.participants}
    controlled = [
        participant.name for participant in (tie.one, tie.other) if participant.key != tie.top
    ]
    verb = "is" if len(controlled) == 1 else "are"
    if not tie.is_sure:
        verb = "may be"
    return f"{join_names(controlled)} {verb} controlled by {names[tie.top]}."


def _named_by(participant: ParticipantFacts, case: Case) -> str:
    controllers = Controllers.among(case.facts.participants)
    return controllers.sure.get(participant.key) or controllers.probable.get(participant.key, "")


def _what_to_do(ties: list[Tie]) -> str:
    if ties:
        return "Keep only one of them, or add an organisation that is independent of the others."
    return "Check who controls the organisation. If it is a partner, select it from the list."


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinator(Rule):
    """Exactly one coordinator, which is itself an applicant that counts."""

    id: ClassVar[str] = "coordinator"
    level: ClassVar[Level] = Level.CONSORTIUM
    section: ClassVar[Section] = Section.CONSORTIUM
    title: ClassVar[str] = "One coordinator"
    asks: ClassVar[str] = "Exactly one applicant must coordinate the proposal."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "There is one coordinator, and it counts as an applicant.",
        Outcome.NEEDS_REVIEW: "There is one coordinator, but it does not count as an applicant.",
        Outcome.INADMISSIBLE: "There is no coordinator, or more than one.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        coordinators = [p for p in case.facts.participants if p.role == Role.COORDINATOR]
        fix = Fix("consortium", "Choose exactly one coordinator among the applicants.")
        names = [coordinator.name for coordinator in coordinators]
        if not coordinators:
            message = "The proposal has no coordinator. Exactly one applicant must coordinate it."
            yield self.make_finding(
                "consortium", Outcome.INADMISSIBLE, message, {"coordinators": names}, fix
            )
        elif len(coordinators) > 1:
            message = (
                f"{join_names(names)} are named as coordinators. Exactly one applicant must coordinate "
                "a proposal."
            )
            yield self.make_finding(
                "consortium", Outcome.INADMISSIBLE, message, {"coordinators": names}, fix
            )
        elif case.counts_as(coordinators[0]) == CountStatus.EXCLUDED:
            message = (
                f"{names[0]} coordinates the proposal but does not count as an applicant. An officer "
                "will decide whether another coordinator is needed."
            )
            advice = "Choose another coordinator, or correct what prevents this one from counting."
            fix = Fix("consortium", advice)
            yield self.make_finding(
                "consortium", Outcome.NEEDS_REVIEW, message, {"coordinators": names}, fix
            )
        else:
            message = f"{names[0]} coordinates the proposal."
            yield self.make_finding("consortium", Outcome.PASS, message, {"coordinators": names})


@dataclass(frozen=True, slots=True, kw_only=True)
class OneApplication(Rule):
    """The organisation is in no other submitted proposal of the call.

    The limit was not found in the call of 2014, only in that of 2016: applicants are warned, an
    officer decides.
    """

    id: ClassVar[str] = "one-application"
    level: ClassVar[Level] = Level.CONTENT
    section: ClassVar[Section] = Section.CONSORTIUM
    title: ClassVar[str] = "One proposal per organisation"
    asks: ClassVar[str] = (
        "An organisation must not take part in more than one proposal for the call."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The applicant takes part in no other submitted proposal for the call.",
        Outcome.WARN: "The applicant takes part in another proposal (shown to the applicant).",
        Outcome.NEEDS_REVIEW: "The applicant takes part in another proposal (shown to the officer).",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for_officer = case.facts.audience == Audience.OFFICER
        for applicant in case.applicants:
            count = applicant.other_applications
            if count is None:
                continue  # unknown: a dossier from a file is judged by itself
            if not count:
                message = (
                    f"{applicant.name} takes part in no other submitted proposal for this call."
                )
                yield self.make_finding(applicant.key, Outcome.PASS, message, {"others": 0})
                continue
            others = (
                "another submitted proposal" if count == 1 else f"{count} other submitted proposals"
            )
            message = f"{applicant.name} also takes part in {others} for this call."
            if for_officer:
                message += " An officer will decide whether this is allowed."
            else:
                message += " This may be reviewed after submission."
            fix = Fix(
                "consortium", f"Agree with {applicant.name} which proposal it will take part in."
            )
            outcome = Outcome.NEEDS_REVIEW if for_officer else Outcome.WARN
            yield self.make_finding(applicant.key, outcome, message, {"others": count}, fix)
