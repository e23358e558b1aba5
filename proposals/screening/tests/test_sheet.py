"""The screening sheet: line by line, saved as it is answered, and nobody overwrites a colleague."""

import re
from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from calls.eligibility import Finding, Outcome
from calls.eligibility.rules import CATALOGUE, Level, Rule, Section
from conftest import NEXT_DAY
from foundation import clock
from proposals.models import CaseEvent, ScreeningAnswer, Version
from proposals.screening.automatic_check import screen_closed
from proposals.screening.sheet import (
    AnsweredMeanwhile,
    NoSuchLine,
    newest_verdict,
    save_answer,
    sheet_of,
)
from proposals.tests.factories import (
    make_officer,
    make_ready,
    put_in_place_of_p2,
    reload,
    save,
    submit,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(call):
    """With a partner in Albania, about which an officer decides."""
    submitted = submit(make_ready(call, countries=("LT", "FR", "AL")))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        yield submitted


def sheet(version):
    stored = newest_verdict(version)
    return sheet_of(Version.objects.get(pk=version.pk), stored.verdict)


def send(officer, version, *, itself=True, **sent):
    client = Client()
    client.force_login(officer)
    headers = {"X-Autosave": "1"} if itself else {}
    path = reverse("admin:proposals_version_answer", args=[version.pk])
    return client.post(path, {"revision": 0} | sent, headers=headers)


def rule_class(**attributes):
    """A rule that no list of the portal knows."""
    values = {
        "id": "made-up",
        "level": Level.CONTENT,
        "section": Section.BUDGET,
        "title": "A made-up rule",
        "asks": "Nothing.",
        "answers": {Outcome.NEEDS_REVIEW: "Always."},
    }
    namespace = {name: value for name, value in (values | attributes).items() if value is not None}
    return type("MadeUp", (Rule,), namespace)


def verdict_with(version, rule):
    finding = Finding(rule, 1, "proposal", Outcome.NEEDS_REVIEW, "Look at it.", {}, "The call")
    stored = newest_verdict(version).verdict
    return replace(stored, findings=(*stored.findings, finding))


def test_a_new_rule_is_shown_where_its_class_says(version, monkeypatch):
    monkeypatch.setitem(CATALOGUE, "made-up", rule_class())
    sections = dict(sheet_of(version, verdict_with(version, "made-up")).sections)
    assert "A made-up rule" in [line.title for line in sections["Budget"]]


def test_a_rule_that_the_catalogue_no_longer_has_is_shown_all_the_same(version):
    made = sheet_of(version, verdict_with(version, "gone"))
    title, lines = made.sections[-1]
    assert title == "Other rules" and [line.rule for line in lines] == ["gone"]


@pytest.mark.parametrize("name", ["id", "level", "section", "title", "asks", "answers"])
def test_a_rule_without_what_pages_ask_of_it_cannot_be_defined(name):
    with pytest.raises(TypeError, match=f"MadeUp does not say its {name}"):
        rule_class(**{name: None})


def test_the_sheet_has_a_line_for_each_rule_and_a_checklist_for_each_applicant(version):
    made = sheet(version)
    judged = {finding.rule for finding in newest_verdict(version).verdict.findings}
    assert {line.rule for line in made.lines} == judged
    assert [checklist.key for checklist in made.checklists] == ["p1", "p2", "p3"]
    assert (made.answered, made.total) == (0, len(judged) + 3)
    line = next(line for line in made.lines if line.rule == "established")
    assert line.outcome == "officer" and line.findings[0].subject == "p3"
    assert len(made.checklists[0].lines) == 12
    assert made.checklists[0].lines[0].is_claimed


def test_answers_count_and_a_checklist_counts_when_it_is_whole(version):
    officer = make_officer()
    common = {"reason": "", "seen_revision": 0, "by": officer}
    save_answer(version, "rule:established", answer="agree", **common)
    for number in range(1, 12):
        save_answer(version, f"element:p1:C{number}", answer="yes", **common)
    assert sheet(version).answered == 1
    save_answer(version, "element:p1:C12", answer="unclear", **common)
    assert sheet(version).answered == 2


def test_a_line_saves_itself(version):
    officer = make_officer()
    answer = send(officer, version, item="rule:established", answer="agree")
    assert answer.status_code == 200
    reply = answer.json()
    assert reply["lines"] == {"rule:established": 1} and reply["answered"] == 1
    assert reply["words"] == "Saved 09:00:00"
    again = send(
        officer, version, item="rule:established", answer="ask", revision=1, reason="Which?"
    )
    assert again.json()["lines"] == {"rule:established": 2}
    stored = ScreeningAnswer.objects.get()
    assert (stored.answer, stored.reason, stored.answered_by) == ("ask", "Which?", officer)
    reply = CaseEvent.objects.filter(kind="answered").order_by("pk")
    assert [case_event.details["answer"] for case_event in reply] == ["agree", "ask"]


def test_who_differs_says_why(version):
    officer = make_officer()
    answer = send(officer, version, item="rule:established", answer="differ", reason="  ")
    assert (
        answer.status_code == 422
        and answer.json()["words"] == "Not saved yet. Enter the reason why you disagree."
    )
    with pytest.raises(IntegrityError, match="a_disagreement_has_a_reason"), transaction.atomic():
        ScreeningAnswer.objects.create(
            version=version,
            item="rule:established",
            answer="differ",
            reason=" ",
            answered_by=officer,
            answered_at=NEXT_DAY,
        )
    values = {"item": "rule:established", "answer": "differ", "reason": "It was ratified in time."}
    assert send(officer, version, **values).status_code == 200
    assert [line.rule for line in sheet(version).overridden] == ["established"]


def test_of_two_officers_on_one_line_the_second_is_told_and_keeps_the_words(version):
    first, second = make_officer(), make_officer()
    send(first, version, item="rule:duration", answer="differ", reason="Too short")
    late = {"item": "rule:duration", "answer": "agree", "reason": "My own words"}
    answer = send(second, version, **late)
    assert answer.status_code == 409
    for part in (str(first), "“Disagree”", "“Too short”", "is still on this page"):
        assert part in answer.json()["words"]
    page = send(second, version, itself=False, **late)
    assert page.status_code == 409 and "My own words" in page.content.decode()
    assert ScreeningAnswer.objects.get().answered_by == first
    with pytest.raises(AnsweredMeanwhile):
        save_answer(version, "rule:duration", answer="agree", reason="", seen_revision=7, by=second)


@pytest.mark.parametrize(
    ("item", "answer"),
    [
        ("rule:nothing", "agree"),
        ("rule:duration", "yes"),
        ("element:p1:C13", "yes"),
        ("element:p9:C1", "yes"),
        ("element:p1:C1", "agree"),
        ("", "agree"),
        ("x" * 60, "agree"),
    ],
)
def test_what_is_no_line_of_the_sheet_takes_no_answer(version, item, answer):
    with pytest.raises(NoSuchLine):
        save_answer(version, item, answer=answer, reason="", seen_revision=0, by=make_officer())
    assert send(make_officer(), version, item=item, answer=answer).status_code in {409, 422}
    assert not ScreeningAnswer.objects.exists()


def test_without_scripts_a_button_saves_and_leads_back_to_the_line(version):
    answer = send(make_officer(), version, itself=False, item="rule:duration", answer="agree")
    assert answer.status_code == 302 and answer["Location"].endswith("#rule:duration")


def test_the_sheet_shows_the_applicants_own_words_and_who_shares_an_organisation(call, version):
    with clock.frozen_at(version.received_at):
        other = make_ready(call)
        shared = version.proposal.participants.get(key="p2").organisation
        put_in_place_of_p2(other, shared)
        save(other, "summary", acronym="NEIGHBOUR")
        submit(reload(other))
    client = Client()
    client.force_login(make_officer())
    path = reverse("admin:proposals_version_change", args=[version.pk])
    page = client.get(path, {"elements": "all"}).content.decode()
    text = " ".join(page.split())
    for part in (
        "Services to businesses.",
        "Claimed by the applicant",
        f'value="0" max="{sheet(version).total}"',
        "NEIGHBOUR",
        shared.name,
        'name="answer" value="ask"',
    ):
        assert part in text, part


@pytest.mark.parametrize("count", [1, 12])
def test_the_sheet_asks_a_fixed_number_of_questions(
    call, version, count, django_assert_num_queries
):
    officer = make_officer()
    for line in list(sheet(version).lines)[:count]:
        save_answer(version, line.item, answer="agree", reason="", seen_revision=0, by=officer)
    client = Client()
    client.force_login(officer)
    path = reverse("admin:proposals_version_change", args=[version.pk])
    client.get(path)
    with django_assert_num_queries(13):
        client.get(path)


def test_an_officer_agrees_with_all_that_is_met_at_once(version):
    officer, colleague = make_officer(), make_officer()
    send(colleague, version, item="rule:duration", answer="differ", reason="Too short")
    client = Client()
    client.force_login(officer)
    path = reverse("admin:proposals_version_confirm_met", args=[version.pk])
    assert "rules that are met" in client.post(path, follow=True).content.decode()
    values = dict(ScreeningAnswer.objects.values_list("item", "answer"))
    assert values["rule:duration"] == "differ" and "rule:established" not in values
    met = [line for line in sheet(version).lines if line.outcome == "pass"]
    assert len(values) == len(met) and sheet(version).met_and_open == 0


def test_evidence_is_shown_under_words_not_under_codes(version):
    client = Client()
    client.force_login(make_officer())
    page = client.get(reverse("admin:proposals_version_change", args=[version.pk])).content.decode()
    shown = re.findall(r'<div class="evidence">(.*?)</div>', page)
    assert any(shown) and not [text for text in shown if re.search(r"\w_\w+:", text)]
