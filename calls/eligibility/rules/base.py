"""What every rule is made of: its identity, its citation, and the case that it judges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from calls.eligibility.countries import CountrySet, in_sentence_on, state_of
from calls.eligibility.facts import ParticipantFacts, ProposalFacts
from calls.eligibility.rules.identity import are_unrelated
from calls.eligibility.verdict import Finding, Fix, Outcome


class Level(StrEnum):
    """What a rule judges; only partner and consortium rules decide on eligibility."""

    SUBMISSION = "submission"
    PARTNER = "partner"
    CONSORTIUM = "consortium"
    CONTENT = "content"


class Section(StrEnum):
    """Where a screening sheet shows a rule; the sections in the order of a call's text."""

    ADMISSIBILITY = "Admissibility"
    APPLICANTS = "Eligibility of each applicant"
    CONSORTIUM = "Eligibility of the consortium"
    ACTIVITIES = "Activities and deliverables"
    BUDGET = "Budget"
    RETIRED = "Other rules"  # that were applied once and that this portal no longer has


class CountStatus(StrEnum):
    """How a partner counts towards a minimum."""

    COUNTS = "sure"
    UNDECIDED = "open"
    EXCLUDED = "out"


@dataclass(frozen=True, slots=True)
class Case:
    """One proposal on one rule date, with what several rules ask worked out once.

    `counting` says how each applicant counts, `sure` and `possible` which of them count surely and which
    may; they are empty while the rules about partners have not run. `are_unrelated` says that plainly no
    two participants are one organisation or belong together. `costs` are those of applicants only: what an
    associated partner spends is its own; `grant` is what all participants ask for. Both in euro.
    """

    facts: ProposalFacts
    countries: CountrySet
    rule_date: date
    day_in_words: str
    applicants: tuple[ParticipantFacts, ...]
    are_unrelated: bool
    costs: Decimal
    grant: Decimal
    counting: Mapping[str, CountStatus]
    sure: tuple[ParticipantFacts, ...]
    possible: tuple[ParticipantFacts, ...]

    @classmethod
    def of(cls, facts: ProposalFacts, countries: CountrySet, day: date) -> "Case":
        applicants = facts.applicants
        costs = sum([applicant.budget.eligible_costs for applicant in applicants], NOTHING)
        grant = sum(
            [participant.budget.requested_grant for participant in facts.participants], NOTHING
        )
        apart = are_unrelated(facts.participants)
        text = day_in_words(day)
        return cls(facts, countries, day, text, applicants, apart, costs, grant, {}, (), ())

    def counted(self, counting: Mapping[str, CountStatus]) -> "Case":
        """The same case, now that it is known how each applicant counts."""
        sure = [
            applicant
            for applicant in self.applicants
            if counting[applicant.key] is CountStatus.COUNTS
        ]
        possible = [
            applicant
            for applicant in self.applicants
            if counting[applicant.key] is not CountStatus.EXCLUDED
        ]
        return Case(
            self.facts,
            self.countries,
            self.rule_date,
            self.day_in_words,
            self.applicants,
            self.are_unrelated,
            self.costs,
            self.grant,
            counting,
            tuple(sure),
            tuple(possible),
        )

    @property
    def with_profile(self) -> tuple[ParticipantFacts, ...]:
        """Applicants that have agreed, so that their profile is known; `profile-complete` names the rest."""
        return tuple([applicant for applicant in self.applicants if applicant.has_agreed])

    def counts_as(self, participant: ParticipantFacts) -> CountStatus:
        return self.counting[participant.key]

    def country_name(self, code: str) -> str:
        """As a sentence of the rule date says it."""
        return in_sentence_on(code, self.rule_date)


NOTHING = Decimal(0)


def states_of(participants: Iterable[ParticipantFacts]) -> list[str]:
    """The different states, a territory counted as the state that it belongs to."""
    return sorted(
        {state_of(participant.country) for participant in participants if participant.country}
    )


MONTHS = (
    "January February March April May June July August September October November December"
).split()


def day_in_words(day: date) -> str:
    """“21 April 2015”, in English whatever the machine speaks."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def parameter(means: str, **kwargs: Any) -> Any:
    """A field that the call sets; `means` says to officers what it is, with its unit."""
    return field(metadata={"means": means}, **kwargs)


CLASS_ATTRIBUTES = ("id", "level", "section", "title", "asks", "answers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a call. Its fields are what the call sets; the class says the rest.

    `version` grows when the same facts may get another answer, so that stored verdicts say by
    which wording they were made; the former class then stays in the catalogue for replays.
    `answers` says for each outcome when the rule gives it. A class that leaves out what every page asks of
    its rules cannot be defined.
    """

    id: ClassVar[str]
    version: ClassVar[int] = 1
    level: ClassVar[Level]
    section: ClassVar[Section]
    title: ClassVar[str]
    asks: ClassVar[str]
    answers: ClassVar[Mapping[Outcome, str]]

    citation: str = parameter(
        "The passage of the call or the legal act on which the rule is based."
    )
    link: str = parameter("Link to this text.", default="")
    strands: tuple[str, ...] = parameter(
        "Strand codes to which the rule applies. Leave empty for all strands.", default=()
    )

    def __init_subclass__(cls) -> None:
        # Without `super()`: a class with slots is made twice, and the first one is not its own parent.
        lacking = [name for name in CLASS_ATTRIBUTES if not hasattr(cls, name)]
        if lacking:
            raise TypeError(f"The rule {cls.__name__} does not say its {', '.join(lacking)}.")

    def is_for(self, strand: str) -> bool:
        return not self.strands or strand in self.strands

    def judge(self, case: Case) -> Iterable[Finding]:
        """Answer for each thing that the rule judges, with the facts that show it."""
        raise NotImplementedError

    def make_finding(
        self,
        subject: str,
        outcome: Outcome,
        message: str,
        evidence: dict[str, Any] | None = None,
        fix: Fix | None = None,
    ) -> Finding:
        return Finding(
            self.id,
            self.version,
            subject,
            outcome,
            message,
            evidence or {},
            self.citation,
            fix,
            self.link,
        )


def join_names(names: Iterable[str], word: str = "and") -> str:
    """“A, B and C”, for a sentence."""
    items = list(names)
    if not items[1:]:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def sentence(text: str) -> str:
    """With a capital letter, whatever it begins with."""
    return text[:1].upper() + text[1:]


def count_of(number: int, text: str, many: str = "") -> str:
    """“1 country”, “3 countries”, for a sentence."""
    return f"{number} {text if number == 1 else many or text + 's'}"


def needed(minimum: int) -> str:
    """The end of the sentence “at least 3 …”."""
    return "is needed" if minimum == 1 else "are needed"
