"""That a consortium has one coordinator, and its organisations are in no other proposal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from calls.eligibility.facts import Audience, Role
from calls.eligibility.rules.base import (
    Case,
    CountStatus,
    Level,
    Rule,
    Section,
    join_names,
)
from calls.eligibility.verdict import Finding, Fix, Outcome


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
