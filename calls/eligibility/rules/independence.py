"""Whether the organisations of a consortium are independent of each other, and listed once each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

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
)
from calls.eligibility.rules.identity import (
    Controllers,
    Ground,
    Tie,
    groups,
    ties_among,
)
from calls.eligibility.verdict import Finding, Fix, Outcome


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
