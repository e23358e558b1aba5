"""What every rule is made of: its identity, its citation, and the case that it judges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from calls.eligibility.countries import CountrySet, in_sentence_on, state_of
from calls.eligibility.facts import ParticipantFacts, ProposalFacts
from calls.eligibility.verdict import Finding, Fix, Outcome


class Level(StrEnum):
    """What a rule judges; only partner and consortium rules decide on eligibility."""

    SUBMISSION = "submission"
    PARTNER = "partner"
    CONSORTIUM = "consortium"
    CONTENT = "content"


class Counting(StrEnum):
    """How a partner counts towards a minimum."""

    SURE = "sure"
    OPEN = "open"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Case:
    """One proposal on one rule date, with how each applicant counts once partner rules have run."""

    facts: ProposalFacts
    countries: CountrySet
    rule_date: date
    counting: Mapping[str, Counting]

    def counts_as(self, participant: ParticipantFacts) -> Counting:
        return self.counting[participant.key]

    def country_name(self, code: str) -> str:
        """As a sentence of the rule date says it."""
        return in_sentence_on(code, self.rule_date)

    def counting_applicants(self, *counting: Counting) -> tuple[ParticipantFacts, ...]:
        return tuple(one for one in self.facts.applicants if self.counts_as(one) in counting)


def states_of(participants: Iterable[ParticipantFacts]) -> list[str]:
    """The different states, a territory counted as the state that it belongs to."""
    return sorted({state_of(one.country) for one in participants if one.country})


def parameter(means: str, **given: Any) -> Any:
    """A field that the call sets; `means` says to officers what it is, with its unit."""
    return field(metadata={"means": means}, **given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a call. Its fields are what the call sets; the class says the rest.

    `version` grows when the same facts may get another answer, so that stored verdicts say by
    which wording they were made; the former class then stays in the catalogue for replays.
    `answers` says for each outcome when the rule gives it.
    """

    id: ClassVar[str]
    version: ClassVar[int] = 1
    level: ClassVar[Level]
    title: ClassVar[str]
    asks: ClassVar[str]
    answers: ClassVar[Mapping[Outcome, str]]

    citation: str = parameter("The paragraph of the call, or the law, that the rule rests on.")
    link: str = parameter("Where that text can be read.", default="")
    strands: tuple[str, ...] = parameter(
        "Codes of the strands that the rule is for; all of them where none is named.", default=()
    )

    def is_for(self, strand: str) -> bool:
        return not self.strands or strand in self.strands

    def judge(self, case: Case) -> Iterable[Finding]:
        """Answer for each thing that the rule judges, with the facts that show it."""
        raise NotImplementedError

    def found(
        self,
        subject: str,
        outcome: Outcome,
        message: str,
        fix: Fix | None = None,
        **evidence: Any,
    ) -> Finding:
        return Finding(
            self.id, self.version, subject, outcome, message, evidence, self.citation, fix
        )


def listed(names: Iterable[str], word: str = "and") -> str:
    """“A, B and C”, for a sentence."""
    items = list(names)
    if not items[1:]:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def sentence(words: str) -> str:
    """With a capital letter, whatever it begins with."""
    return words[:1].upper() + words[1:]


def count_of(number: int, one: str, many: str = "") -> str:
    """“1 country”, “3 countries”, for a sentence."""
    return f"{number} {one if number == 1 else many or one + 's'}"
