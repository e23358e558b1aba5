"""Findings as people read them: participants by their names, never by their keys.

Verdicts are stored and compared as the rules made them; only what is shown to somebody passes through here.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from calls.eligibility.countries import name_on
from calls.eligibility.facts import ParticipantFacts
from calls.eligibility.verdict import Finding, Fix, Verdict
from foundation.folding import fold


def readable_verdict(verdict: Verdict, participants: Sequence[ParticipantFacts]) -> Verdict:
    """The verdict with its findings as `readable_findings` gives them."""
    day = date.fromisoformat(verdict.rule_date)
    return replace(verdict, findings=tuple(readable_findings(verdict.findings, participants, day)))


def readable_findings(
    findings: Iterable[Finding], participants: Sequence[ParticipantFacts], day: date
) -> list[Finding]:
    """The same findings, each of which says by itself whom or what it is about.

    A subject that its sentence does not name is put before it, and nothing is named twice.
    """
    names = names_of(participants, day)
    named = [_named(finding, participants, names) for finding in findings]
    repeated = Counter((finding.rule, finding.message) for finding in named)
    return [
        _with_subject(finding) if repeated[finding.rule, finding.message] > 1 else finding
        for finding in named
    ]


def names_of(participants: Sequence[ParticipantFacts], day: date) -> dict[str, str]:
    """The name of each participant by its key, with what distinguishes it from others of the same name."""
    alike: dict[str, list[ParticipantFacts]] = defaultdict(list)
    for participant in participants:
        alike[fold(participant.name).strip()].append(participant)
    places = {participant.key: place for place, participant in enumerate(participants, start=1)}
    names: dict[str, str] = {}
    for name, group in alike.items():
        marks = _marks_of(group, places, day)
        for participant, mark in zip(group, marks, strict=True):
            if not name:
                names[participant.key] = f"Participant {places[participant.key]}"
            elif len(group) == 1:
                names[participant.key] = participant.name
            else:
                names[participant.key] = f"{participant.name} ({mark})"
    return names


def _marks_of(group: Sequence[ParticipantFacts], places: Mapping[str, int], day: date) -> list[str]:
    """The first of country, legal name and participant code that differs; else the place in the list."""
    choices = (
        [name_on(participant.country, day) if participant.country else "" for participant in group],
        [
            "" if participant.legal_name == participant.name else participant.legal_name
            for participant in group
        ],
        [f"PIC {participant.pic}" if participant.pic else "" for participant in group],
    )
    for marks in choices:
        if all(marks) and len({fold(mark) for mark in marks}) == len(group):
            return marks
    return [f"participant {places[participant.key]}" for participant in group]


def _named(
    finding: Finding, participants: Sequence[ParticipantFacts], names: Mapping[str, str]
) -> Finding:
    """With names for keys in sentence, advice and evidence."""
    message = _without_keys(finding.message, participants, names)
    fix = finding.fix
    own = next(
        (participant for participant in participants if participant.key == finding.subject), None
    )
    if own is not None:
        message = _naming(message, own, names[own.key]) or f"{names[own.key]}: {message}"
        if fix is not None:
            fix = Fix(fix.step, _naming(fix.advice, own, names[own.key]) or fix.advice)
    return replace(
        finding, message=message, fix=fix, evidence=_evidence_named(finding.evidence, names)
    )


def _without_keys(
    text: str, participants: Sequence[ParticipantFacts], names: Mapping[str, str]
) -> str:
    for participant in participants:
        text = text.replace(f"{participant.name} ({participant.key})", names[participant.key])
    return text


def _naming(text: str, participant: ParticipantFacts, name: str) -> str:
    """The text with the participant's name where it is mentioned first; empty where it is not."""
    if name in text:
        return text
    for mentioned in (participant.name, participant.legal_name):
        pattern = rf"(?<!\w){re.escape(mentioned)}(?!\w)"
        if mentioned.strip() and re.search(pattern, text):
            is_renamed = name != participant.name
            return re.sub(pattern, lambda _: name, text, count=1) if is_renamed else text
    return ""


def _evidence_named(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {names.get(key, key): _evidence_named(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_evidence_named(item, names) for item in value]
    return value


KINDS = {
    "activity": "Activity",
    "deliverable": "Deliverable",
    "file": "Document",
    "market": "Target market",
}


def _with_subject(finding: Finding) -> Finding:
    """Distinguished from another finding of the rule with the same sentence: “Activity 2: …”."""
    kind, _colon, rest = finding.subject.partition(":")
    if kind not in KINDS:
        return finding
    return replace(finding, message=f"{KINDS[kind]} {rest}: {finding.message}")
