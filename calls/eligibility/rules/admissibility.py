"""Admissibility: in time, complete, readable. Only these stop a submission."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from calls.eligibility.facts import ParticipantFacts
from calls.eligibility.rules.base import (
    Case,
    Level,
    Rule,
    Section,
    count_of,
    day_in_words,
    join_names,
)
from calls.eligibility.verdict import Finding, Fix, Outcome

BRUSSELS = ZoneInfo("Europe/Brussels")


def in_zone(moment: datetime, zone: str) -> str:
    """The instant to the millisecond, or to the microsecond if only that separates it from the deadline."""
    local = moment.astimezone(_zone_of(zone))
    fraction = f"{local.microsecond:06d}".removesuffix("000")
    return (
        f"{day_in_words(local)}, {local.hour:02}:{local.minute:02}:{local.second:02}.{fraction} "
        f"{city_of(zone)} ({local.tzname()}, UTC{offset_of(local)})"
    )


def in_brussels(moment: datetime) -> str:
    return in_zone(moment, BRUSSELS.key)


@lru_cache(maxsize=64)
def _zone_of(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


def offset_of(local: datetime) -> str:
    """“+05:30”."""
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


@lru_cache(maxsize=64)
def city_of(zone: str) -> str:
    """“London” of “Europe/London”."""
    return zone.rpartition("/")[2].replace("_", " ")


def in_utc(moment: datetime) -> str:
    """One way to write an instant, whatever the zone that it came in."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class InTime(Rule):
    """Received before the deadline instant: the instant itself is the first that is late."""

    id: ClassVar[str] = "in-time"
    level: ClassVar[Level] = Level.SUBMISSION
    section: ClassVar[Section] = Section.ADMISSIBILITY
    title: ClassVar[str] = "Received in time"
    asks: ClassVar[str] = (
        "The proposal must be received before the deadline. A proposal received exactly at the "
        "deadline is late."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "Received before the deadline.",
        Outcome.NEEDS_REVIEW: "Received before the call opened.",
        Outcome.INADMISSIBLE: "Received at the deadline or later.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        received, deadline, zone = case.facts.received_at, case.facts.deadline, case.facts.zone
        if received is None:
            return
        evidence: dict[str, Any] = {
            "received_at": in_utc(received),
            "deadline": in_utc(deadline),
        }
        opens = case.facts.opens_at
        if opens is not None and received < min(opens, deadline):
            message = f"Received {in_zone(received, zone)}, before the call opened on {in_zone(opens, zone)}."
            message += " An officer will review this."
            evidence["opens_at"] = in_utc(opens)
            fix = Fix("check", "Check the time of receipt.")
            yield self.make_finding("submission", Outcome.NEEDS_REVIEW, message, evidence, fix)
            return
        if received < deadline:
            message = f"Received {in_zone(received, zone)}, before the deadline."
            yield self.make_finding("submission", Outcome.PASS, message, evidence)
            return
        message = (
            f"Received {in_zone(received, zone)}; the deadline was {in_zone(deadline, zone)}. "
            "A proposal must be received before the deadline."
        )
        fix = Fix(
            "check",
            "A late version is not considered. The last version received in time remains valid.",
        )
        yield self.make_finding("submission", Outcome.INADMISSIBLE, message, evidence, fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptionPresent(Rule):
    """Each applicant's own description of its support services is there."""

    id: ClassVar[str] = "description-present"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.ADMISSIBILITY
    title: ClassVar[str] = "Description of each partner"
    asks: ClassVar[str] = (
        "For each applicant, a description must show that it offers or channels cluster and network "
        "support services to businesses."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The applicant has provided its own description.",
        Outcome.INADMISSIBLE: "The description is missing.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for applicant in case.applicants:
            if applicant.description_present:
                message = f"{applicant.name} has provided a description of its support services."
                yield self.make_finding(applicant.key, Outcome.PASS, message)
                continue
            message = (
                f"The description of {applicant.name} is missing. Every applicant, not only the "
                "coordinator, must describe the support services that it offers or channels."
            )
            fix = Fix("descriptions", f"Add the description of {applicant.name}.")
            yield self.make_finding(applicant.key, Outcome.INADMISSIBLE, message, {}, fix)


NAMED = 3


def _first_of(missing: tuple[str, ...]) -> str:
    """The first few by name and how many more: the evidence has them all."""
    more = len(missing) - NAMED
    names = [*missing[:NAMED], *([count_of(more, "more field")] if more > 0 else [])]
    return join_names(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileComplete(Rule):
    """Every mandatory field of the cluster profile is filled, registered or planned."""

    id: ClassVar[str] = "profile-complete"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.ADMISSIBILITY
    title: ClassVar[str] = "Complete cluster profile"
    asks: ClassVar[str] = (
        "Each applicant must provide its complete cluster profile, as registered or as planned to be "
        "registered on the European cluster platform."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "All required fields of the profile are filled in.",
        Outcome.NEEDS_REVIEW: "The applicant has not agreed to take part, so only its name and country are "
        "known. Other rules about profiles are not applied to it.",
        Outcome.INADMISSIBLE: "At least one required field is empty. The missing fields are listed.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for applicant in case.applicants:
            if not applicant.has_agreed:
                yield self._not_agreed(applicant)
                continue
            if not applicant.profile_missing:
                message = f"The cluster profile of {applicant.name} is complete."
                yield self.make_finding(applicant.key, Outcome.PASS, message)
                continue
            message = (
                f"The cluster profile of {applicant.name} is not complete. Missing: "
                f"{_first_of(applicant.profile_missing)}. The call requires a complete profile from each "
                "applicant."
            )
            fix = Fix("profile", f"Complete the cluster profile of {applicant.name}.")
            yield self.make_finding(
                applicant.key,
                Outcome.INADMISSIBLE,
                message,
                {"missing": list(applicant.profile_missing)},
                fix,
            )

    def _not_agreed(self, participant: ParticipantFacts) -> Finding:
        message = (
            f"{participant.name} has not agreed to take part yet. Only its name and country are "
            f"known, and its "
            "cluster profile will be checked once it agrees."
        )
        fix = Fix("people", f"Ask {participant.name} to agree to take part.")
        return self.make_finding(
            participant.key, Outcome.NEEDS_REVIEW, message, {"agreed": False}, fix
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsReadable(Rule):
    """Each file is really a PDF that opens, is not encrypted, and has at least one page."""

    id: ClassVar[str] = "documents-readable"
    level: ClassVar[Level] = Level.SUBMISSION
    section: ClassVar[Section] = Section.ADMISSIBILITY
    title: ClassVar[str] = "Readable documents"
    asks: ClassVar[str] = (
        "Each file must be a PDF that opens without a password and has at least one page."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The file opens and has at least one page.",
        Outcome.INADMISSIBLE: "The file does not open, is encrypted, has no pages or is not a PDF.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for file in case.facts.files:
            subject = f"file:{file.slot}"
            if not file.problem and file.pages >= 1:
                message = f"“{file.name}” opens and has {file.pages} pages."
                if file.pages == 1:
                    message = f"“{file.name}” opens and has one page."
                yield self.make_finding(subject, Outcome.PASS, message, {"pages": file.pages})
                continue
            problem = file.problem.strip().rstrip(".") or "it has no pages"
            message = (
                f"“{file.name}” cannot be read: {problem}. Every file must open and be printable."
            )
            fix = Fix("deliverables", "Replace the file with a PDF that opens without a password.")
            yield self.make_finding(
                subject, Outcome.INADMISSIBLE, message, {"problem": problem}, fix
            )
