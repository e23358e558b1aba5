"""The checklist of the definition: claims confirmed as a whole, exceptions one by one, elements set per call."""

import pytest
from django.test import Client
from django.urls import reverse

from calls.models import Call
from conftest import NEXT_DAY
from foundation import clock
from proposals.models import CaseState, ScreeningAnswer, Version
from proposals.screening.automatic_check import screen_closed
from proposals.screening.sheet import (
    ExceptionsOpen,
    NoSuchLine,
    newest_verdict,
    save_answer,
    sheet_of,
)
from proposals.screening.undo import undo_events
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = pytest.mark.django_db
REQUIRED_AND_NOT_CLAIMED = ["C2", "C3", "C4", "C12"]  # a made profile claims C1 only


@pytest.fixture
def version(call):
    submitted = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        yield submitted


def checklist(version, key="p1"):
    fresh = Version.objects.get(pk=version.pk)
    sheet = sheet_of(fresh, newest_verdict(fresh).verdict)
    return next(row for row in sheet.checklists if row.key == key)


def answer(version, item, text, officer=None):
    values = {"reason": "", "seen_revision": 0, "by": officer or make_officer()}
    return save_answer(version, item, answer=text, **values)


def set_checklist(version, *elements):
    rows = [
        {"code": code, "text": text, "required": is_required}
        for code, text, is_required in elements
    ]
    Call.objects.filter(pk=version.proposal.call.pk).update(checklist=rows)
    return Version.objects.get(pk=version.pk)


def test_what_is_required_and_not_claimed_is_an_exception(version):
    shown = checklist(version)
    assert [line.element.code for line in shown.exceptions] == REQUIRED_AND_NOT_CLAIMED
    assert shown.open_exceptions == 4 and len(shown.others) == 8


def test_what_an_officer_does_not_find_is_an_exception_too(version):
    answer(version, "element:p1:C1", "no")
    assert checklist(version).exceptions[0].element.code == "C1"


def test_a_checklist_is_confirmed_as_a_whole_once_its_exceptions_are_answered(version):
    officer = make_officer()
    for code in REQUIRED_AND_NOT_CLAIMED:
        with pytest.raises(ExceptionsOpen):
            answer(version, "checklist:p1", "agree", officer)
        answer(version, f"element:p1:{code}", "yes", officer)
    assert not checklist(version).is_answered
    answer(version, "checklist:p1", "agree", officer)
    assert checklist(version).is_answered and not checklist(version, "p2").is_answered
    assert ScreeningAnswer.objects.count() == 5


def test_the_applicant_can_be_asked_about_a_checklist_with_exceptions(version):
    answer(version, "checklist:p1", "ask")
    assert checklist(version).is_answered


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("checklist:p9", "agree"),
        ("checklist:p1", "differ"),
        ("checklist:p1:C1", "agree"),
        ("checklist:", "agree"),
    ],
)
def test_what_is_no_checklist_takes_no_answer(version, item, text):
    with pytest.raises(NoSuchLine):
        answer(version, item, text)


def test_the_elements_are_those_of_the_call(version):
    changed = set_checklist(version, ("C1", "Is a group.", True), ("X1", "Has a seat here.", True))
    shown = checklist(changed)
    assert [line.element.code for line in shown.exceptions] == ["X1"]
    assert [str(line.element.text) for line in shown.others] == ["Is a group."]
    answer(changed, "element:p1:X1", "yes")
    with pytest.raises(NoSuchLine):
        answer(changed, "element:p1:C2", "yes")


def test_a_call_without_elements_has_no_checklist(version):
    changed = set_checklist(version)
    assert sheet_of(changed, newest_verdict(changed).verdict).checklists == []
    with pytest.raises(NoSuchLine):
        answer(changed, "checklist:p1", "agree")


def open_lines(version):
    return CaseState.objects.get(version=version).open_lines


def test_the_list_counts_a_checklist_that_is_confirmed_until_it_is_undone(version):
    officer = make_officer()
    changed = set_checklist(version, ("C1", "Is a group.", True))
    answer(changed, "rule:duration", "agree", officer)
    before = open_lines(changed)
    saved = answer(changed, "checklist:p1", "agree", officer)
    answer(changed, "element:p2:C1", "yes", officer)
    assert open_lines(changed) == before - 2
    undo_events([saved.event.pk], by=officer)
    assert open_lines(changed) == before - 1


def test_the_page_shows_exceptions_and_all_elements_on_demand(version):
    client = Client()
    client.force_login(make_officer())
    path = reverse("admin:proposals_version_change", args=[version.pk])
    shown = client.get(path).content.decode()
    assert 'id="element:p1:C2"' in shown and 'id="element:p1:C1"' not in shown
    assert 'id="element:p1:C1"' in client.get(path, {"elements": "all"}).content.decode()
    answer(version, "element:p1:C5", "yes")
    shown = client.get(path).content.decode()
    assert 'id="element:p1:C1"' in shown and 'id="element:p2:C1"' not in shown


def test_the_page_says_that_exceptions_come_first(version):
    client = Client()
    client.force_login(make_officer())
    path = reverse("admin:proposals_version_answer", args=[version.pk])
    sent = {"item": "checklist:p1", "answer": "agree", "revision": 0}
    refused = client.post(path, sent, headers={"X-Autosave": "1"})
    assert refused.status_code == 422 and refused.json()["words"]
    assert not ScreeningAnswer.objects.exists()
