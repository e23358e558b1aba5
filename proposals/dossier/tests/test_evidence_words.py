"""Every code that a rule stores as evidence, or takes as a parameter, has words for people."""

from datetime import date
from enum import StrEnum
from typing import get_args, get_type_hints

import pytest

from calls.eligibility.countries import NAMES, Participation, ParticipationStatus
from calls.eligibility.facts import OrganisationKind, Registration
from calls.eligibility.rules import CATALOGUE, parameters_of
from calls.eligibility.rules.identity import Ground
from calls.tests.facts import call_file
from calls.tests.test_messages import cases
from proposals.dossier import evidence_words
from proposals.dossier.evidence_words import (
    CONDITION_LABELS,
    EVIDENCE_LABELS,
    condition_text,
    evidence_text,
)

DAY = date(2015, 4, 21)
# Facts that are words already: what people wrote, and what the portal calls their fields and files.
TEXTS = {"coordinators", "lacking", "link", "missing", "outside", "problem", "region"}


def evidence():
    for _name, verdict in cases():
        for finding in verdict.findings:
            for name, value in finding.evidence.items():
                yield finding.rule, name, value


def strings_in(value):
    """Every text of a value, and every name in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings_in(item)


CODES = {
    *(code.value for codes in (OrganisationKind, Registration, Ground) for code in codes),
    *(code.value for code in ParticipationStatus),
    *NAMES,
} - {"registered", "name", "control"}  # words of English, too


def test_every_fact_in_the_evidence_has_a_label():
    names = {(rule, name) for rule, name, _value in evidence()}
    assert {rule for rule, _name in names} <= set(CATALOGUE)
    assert {(rule, name) for rule, name in names if name not in EVIDENCE_LABELS} == set()


def test_no_fact_in_the_evidence_is_shown_as_a_code():
    shown_as_codes = [
        (rule, name, text)
        for rule, name, value in evidence()
        if name not in TEXTS
        for text in strings_in(value)
        if text in CODES and text in evidence_text(name, value, DAY).replace(",", ";").split("; ")
    ]
    assert shown_as_codes == []


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=CATALOGUE)
def test_every_parameter_of_a_rule_has_a_label_and_words_for_its_codes(rule):
    types = get_type_hints(rule)
    for name, *_rest in parameters_of(rule):
        assert name in CONDITION_LABELS
        for codes in get_args(types[name]):
            if isinstance(codes, type) and issubclass(codes, StrEnum):
                words = [condition_text(name, [code.value], DAY) for code in codes]
                assert not set(words) & (CODES | {"other"})


@pytest.mark.parametrize("name", list(Participation.__slots__))
def test_every_field_of_a_participation_has_a_label(name):
    assert name in CONDITION_LABELS


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("KIND_WORDS", OrganisationKind),
        ("REGISTRATION_WORDS", Registration),
        ("PARTICIPATION_WORDS", ParticipationStatus),
        ("GROUND_WORDS", Ground),
    ],
)
def test_every_code_has_words(words, codes):
    assert set(getattr(evidence_words, words)) == set(codes)


def test_every_legal_basis_of_the_shipped_call_has_words():
    gates = {row["gate"] for row in call_file()["programme"]["participation"]}
    assert not gates & {condition_text("gate", gate, DAY) for gate in gates}


def test_all_facts_of_the_worked_cases_can_be_shown():
    for _rule, name, value in evidence():
        assert evidence_text(name, value, DAY).strip()
