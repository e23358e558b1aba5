"""Findings for people: names instead of keys, and nothing named twice."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from calls.eligibility import Finding, Outcome
from calls.eligibility.facts import ActivityFacts, OrganisationKind
from calls.eligibility.readable import names_of, readable_findings, readable_verdict
from calls.eligibility.rules import CATALOGUE, Level
from calls.tests.facts import judged, partner, proposal
from calls.tests.test_messages import ODD_PARTNERS

DAY = date(2015, 4, 21)
KEY = re.compile(r"\bp\d+\b")


def finding(subject, message, **evidence):
    return Finding("a-rule", 1, subject, Outcome.NEEDS_REVIEW, message, evidence, "The call")


def messages_of(facts):
    return [
        finding.message for finding in readable_verdict(judged(facts), facts.participants).findings
    ]


def test_no_sentence_names_a_participant_by_its_key():
    twins = (partner(1, "FR", name="Éclat"), partner(2, "FR", name="ECLAT"), partner(3, "LT"))
    messages = messages_of(proposal(*twins))
    assert not [message for message in messages if KEY.search(message)]
    assert any(
        "Éclat (participant 1) and ECLAT (participant 2) may be" in message for message in messages
    )


def test_names_that_differ_stay_as_they_are():
    same = (partner(1, "LT"), partner(2, "FR", pic="9"), partner(3, "AT", pic="9"))
    (text,) = [
        message
        for message in messages_of(proposal(*same))
        if "are the same organisation" in message
    ]
    assert text.startswith("Cluster 2 and Cluster 3 are the same organisation")


def test_participants_of_one_name_are_told_apart_in_every_sentence_about_them():
    alike = tuple(replace(partner, name="Alpha", legal_name="") for partner in ODD_PARTNERS)
    facts = proposal(*alike)
    shown = readable_verdict(judged(facts), facts.participants).findings
    names = names_of(facts.participants, DAY)
    assert len(set(names.values())) == len(alike)
    about = [
        item
        for item in shown
        if item.subject in names and CATALOGUE[item.rule].level == Level.PARTNER
    ]
    for finding in about:
        assert finding.message.count(names[finding.subject]) == 1, finding.message
    assert max(Counter(item.message for item in about).values()) == 1


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (({"country": "LT"}, {"country": "FR"}), ["Alpha (Lithuania)", "Alpha (France)"]),
        (
            ({"legal_name": "One Ltd"}, {"legal_name": "Two SA"}),
            ["Alpha (One Ltd)", "Alpha (Two SA)"],
        ),
        (({"pic": "1"}, {"pic": "2"}), ["Alpha (PIC 1)", "Alpha (PIC 2)"]),
        (({}, {"country": None}), ["Alpha (participant 1)", "Alpha (participant 2)"]),
    ],
)
def test_what_tells_two_of_one_name_apart(value, names):
    partners = [
        replace(partner(number, "FR", name="Alpha"), **item)
        for number, item in enumerate(value, start=1)
    ]
    assert list(names_of(partners, DAY).values()) == names


def test_a_sentence_without_its_subject_gets_it_and_one_with_it_is_left():
    partners = (partner(1, "LT"), partner(2, "FR", name=""))
    findings = [
        finding("p1", "Not there."),
        finding("p1", "Cluster 1 is out."),
        finding("p2", "Not there."),
    ]
    read = readable_findings(findings, partners, DAY)
    assert [finding.message for finding in read] == [
        "Cluster 1: Not there.",
        "Cluster 1 is out.",
        "Participant 2: Not there.",
    ]


def test_who_runs_a_cluster_is_named_once_whichever_name_the_sentence_has():
    runs = {"kind": OrganisationKind.RUNS_CLUSTER, "legal_name": "A university"}
    facts = proposal(partner(1, "LT", name="Laser", cluster_name="Laser", **runs), "FR", "AT")
    facts = replace(facts, participants=(facts.participants[0], partner(2, "FR"), partner(3, "AT")))
    (text,) = [message for message in messages_of(facts) if "cluster that it runs" in message]
    assert text == "A university applies on behalf of Laser, a cluster that it runs."


def test_activities_of_one_title_are_told_apart():
    same = ActivityFacts("Missions", "", "")
    texts = [
        message
        for message in messages_of(proposal(activities=(same, same)))
        if "Missions" in message
    ]
    assert [item[:10] for item in texts] == ["Activity 1", "Activity 2"]


def test_evidence_names_participants_too():
    partners = (partner(1, "LT"), partner(2, "FR"))
    (read,) = readable_findings(
        [finding("consortium", "x", linked=[["p1", "p2"]], outside={"p2": "keine"}, sure=["FR"])],
        partners,
        DAY,
    )
    assert read.evidence == {
        "linked": [["Cluster 1", "Cluster 2"]],
        "outside": {"Cluster 2": "keine"},
        "sure": ["FR"],
    }
