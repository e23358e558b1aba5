"""Judging dossiers that come as files: without an account, and without a database.

Such a dossier is judged by call files: the shipped ones, or those that are named. The same
seam (`proposals.dossier.facts`) makes facts of it as of every draft; only what the strand requires is put
beside it here, because a file from elsewhere need not list what it lacks.
"""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from applicants.profile import PROFILE_STEPS
from calls.call_file import read_call_file
from calls.eligibility import CountrySet, ProposalFacts, RuleSet, Verdict, rule_date_of, screen
from calls.eligibility.countries import Participation
from calls.eligibility.facts import ParticipantFacts
from calls.eligibility.readable import readable_verdict
from foundation.instants import instant_from
from proposals.dossier.document import PERSONAL_PROFILE_STEPS
from proposals.dossier.facts import Circumstances, facts_of
from proposals.dossier.file_reader import Problem, UnusableDossier, read_dossier

SHIPPED = settings.ROOT / "calls" / "data"
LARGEST = 16 * 1024 * 1024  # bytes of one dossier


@dataclass(frozen=True)
class CallConditions:
    """What the dossiers of one call are judged by."""

    programme: str
    zone: str
    opens_at: datetime | None
    deadline: datetime
    rule_set: RuleSet
    countries: CountrySet
    strands: Mapping[str, Mapping[str, Any]]


def conditions_from(content: Mapping[str, Any]) -> CallConditions:
    """Of a call's content as `call_file` reads it and `exporting.content_of` gives it."""
    call = content["call"]
    extensions = call.get("extensions") or []
    return CallConditions(
        programme=content["programme"]["code"],
        zone=call["zone"],
        opens_at=call["opens_at"],
        deadline=max(
            [call["first_deadline"], *(extension["new_deadline"] for extension in extensions)]
        ),
        rule_set=RuleSet.from_json(call["rules"]),
        countries=CountrySet(Participation(**row) for row in content["programme"]["participation"]),
        strands={strand["code"]: strand for strand in call["strands"]},
    )


def conditions_in(files: Iterable[Path] = ()) -> dict[str, CallConditions]:
    """By reference of the call; without files, of the calls that are shipped.

    Raises:
        BadCallFile, OSError: a file cannot be used, or not be read.
    """
    chosen = list(files) or sorted(SHIPPED.glob("*.yaml"))
    contents = [read_call_file(path) for path in chosen]
    return {content["call"]["reference"]: conditions_from(content) for content in contents}


@dataclass(frozen=True)
class Judged:
    """A dossier with its verdict; `title` is what people call the proposal."""

    title: str
    strand: str
    verdict: Verdict
    participants: tuple[ParticipantFacts, ...]

    @property
    def readable(self) -> Verdict:
        """The verdict for people, by names; `verdict` itself is for programs."""
        return readable_verdict(self.verdict, self.participants)


def judge_text(
    text: str | bytes,
    conditions: Mapping[str, CallConditions],
    *,
    rule_date: date | None = None,
    received_at: datetime | None = None,
) -> Judged:
    """Read one dossier and judge it.

    `received_at` (aware) goes before what the dossier itself says; without either, nothing is said about
    time. `rule_date` replaces the Brussels date of the deadline.

    Raises:
        UnusableDossier: with everything that is wrong with it.
    """
    dossier = read_dossier(text)
    chosen = _conditions_of(dossier, conditions)
    day = rule_date or rule_date_of(chosen.deadline)
    _check_years(dossier, day)
    facts = facts_from(dossier, chosen, received_at=received_at)
    verdict = screen(facts, chosen.rule_set, chosen.countries, rule_date=day)
    summary = dossier["summary"]
    title = summary["acronym"] or summary["title"] or dossier["proposal"]
    return Judged(
        title or "A proposal without a title", dossier["strand"], verdict, facts.participants
    )


def facts_from(
    dossier: dict[str, Any], conditions: CallConditions, *, received_at: datetime | None = None
) -> ProposalFacts:
    """Facts of a dossier beside what its strand requires."""
    strand = conditions.strands[dossier["strand"]]
    objectives = {objective["code"] for objective in strand["objectives"]}
    values = {deliverable["code"]: deliverable for deliverable in dossier["deliverables"]}
    required = [
        {
            "code": deliverable["code"],
            "title": deliverable["title"],
            "is_scoreboard": bool(deliverable["is_scoreboard"]),
            "text": values.get(deliverable["code"], {}).get("text", ""),
            "month": values.get(deliverable["code"], {}).get("month"),
        }
        for deliverable in strand["deliverables"]
    ]
    activities = [
        activity
        | {"objective": activity["objective"] if activity["objective"] in objectives else ""}
        for activity in dossier["activities"]
    ]
    consortium = [
        participant
        | {"profile_missing": _missing_in(participant["profile"], participant["profile_missing"])}
        for participant in dossier["consortium"]
    ]
    stated = dossier["received_at"]
    circumstances = Circumstances(
        deadline=conditions.deadline,
        received_at=received_at or (instant_from(stated) if stated else None),
        opens_at=conditions.opens_at,
        programme=conditions.programme,
        zone=conditions.zone,
    )
    seen = {"deliverables": required, "activities": activities, "consortium": consortium}
    facts = facts_of(dossier | seen, circumstances)
    return replace(facts, other_strand=_other_strand_of(dossier, conditions))


def _other_strand_of(dossier: dict[str, Any], conditions: CallConditions) -> str:
    """The strand that has deliverables or objectives which were given and which the named one lacks."""
    data = {deliverable["code"] for deliverable in dossier["deliverables"]}
    data |= {activity["objective"] for activity in dossier["activities"]}
    codes = {
        code: {item["code"] for item in (*strand["deliverables"], *strand["objectives"])}
        for code, strand in conditions.strands.items()
    }
    foreign = data - codes[dossier["strand"]]
    return next((code for code in codes if foreign & codes[code]), "")


def _missing_in(profile: Mapping[str, Any], stated: list[str]) -> list[str]:
    """What the profile lacks to see, and what the dossier says that it lacks.

    The contact person is never part of a dossier, so only the dossier can say that one is missing.
    """
    seen = [
        f"{form.title}: {label}"
        for form in PROFILE_STEPS
        if form.slug not in PERSONAL_PROFILE_STEPS
        for label in form.missing(profile[form.slug])
    ]
    return [*seen, *(label for label in stated if label not in seen)]


def _conditions_of(
    dossier: dict[str, Any], conditions: Mapping[str, CallConditions]
) -> CallConditions:
    chosen = conditions.get(dossier["call"])
    if chosen is None:
        known = f"one of {', '.join(sorted(conditions))}"
        raise UnusableDossier(Problem("/call", f"“{dossier['call']}”", known))
    if dossier["strand"] not in chosen.strands:
        known = f"a strand of the call: {', '.join(chosen.strands)}"
        raise UnusableDossier(Problem("/strand", f"“{dossier['strand']}”", known))
    return chosen


def _check_years(dossier: dict[str, Any], day: date) -> None:
    """Nobody who was founded after the rule date can have applied."""
    problems = [
        Problem(
            f"/consortium/{number}/profile/identity/founded",
            str(item["profile"]["identity"]["founded"]),
            f"a year up to {day.year}",
        )
        for number, item in enumerate(dossier["consortium"])
        if (item["profile"]["identity"]["founded"] or 0) > day.year
    ]
    if problems:
        raise UnusableDossier(*problems)


def dossiers_in(stream: IO[bytes]) -> Iterator[tuple[int | None, bytes]]:
    """Each dossier of a file with its line: one JSON document, or one dossier on each line (NDJSON).

    Lines are read one after the other, so a file of any length takes the memory of one dossier. A file is
    taken as NDJSON where its first line with anything on it begins and ends as an object. A line that is
    too long is given as it is cut, which makes it no JSON.
    """
    lines = _lines_in(stream)
    number, first = next(((n, line) for n, line in lines if line.strip()), (1, b""))
    if not _looks_whole(first):
        yield None, first + stream.read(LARGEST)
        return
    following = next(lines, None)
    if following is None:
        yield None, first
        return
    yield number, first
    yield from ((n, line) for n, line in chain([following], lines) if line.strip())


def _lines_in(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Every line with its number; what is too long counts as one line, cut."""
    number = 1
    while line := stream.readline(LARGEST):
        yield number, line.removeprefix(BOM_UTF8) if number == 1 else line
        while len(line) == LARGEST and not line.endswith(b"\n"):
            line = stream.readline(LARGEST)  # the rest of what was cut
        number += 1


def _looks_whole(line: bytes) -> bool:
    text = line.strip()
    return text.startswith(b"{") and text.endswith(b"}")
