"""Undoing what an officer did a moment ago: findings, notes and assignments, and nothing that others built on."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from conftest import NEXT_DAY
from foundation import clock
from proposals.models import Assignment, CaseEvent, CaseNote, ScreeningAnswer
from proposals.officers import cases
from proposals.screening.automatic_check import screen_closed
from proposals.screening.sheet import AnsweredMeanwhile, confirm_met_rules, save_answer
from proposals.screening.undo import CannotUndo, undo_events
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(call):
    submitted = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        yield submitted


def answer(version, text, by, *, seen=0, item="rule:duration", reason=""):
    return save_answer(version, item, answer=text, reason=reason, seen_revision=seen, by=by)


def newest(kind):
    return CaseEvent.objects.filter(kind=kind).order_by("-pk")[0].pk


def test_an_answer_is_undone_to_none(version):
    officer = make_officer()
    saved = answer(version, "agree", officer)
    assert undo_events([saved.event.pk], by=officer) == 1
    assert not ScreeningAnswer.objects.exists()
    kinds = CaseEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds)[-2:] == ["answered", "undone"]


def test_an_answer_is_undone_to_the_one_of_a_colleague(version):
    first, second = make_officer(), make_officer()
    answer(version, "differ", first, reason="Too short")
    saved = answer(version, "agree", second, seen=1)
    undo_events([saved.event.pk], by=second)
    stored = ScreeningAnswer.objects.get()
    assert (stored.answer, stored.reason, stored.answered_by) == ("differ", "Too short", first)
    assert stored.revision == 3


def test_a_page_from_before_does_not_overwrite_what_came_after_an_undone_answer(version):
    officer = make_officer()
    undo_events([answer(version, "agree", officer).event.pk], by=officer)
    answer(version, "differ", officer, reason="Too short")
    with pytest.raises(AnsweredMeanwhile):
        answer(version, "agree", make_officer(), seen=1)


def test_many_answers_are_undone_at_once(version):
    officer = make_officer()
    events = [saved.event.pk for saved in confirm_met_rules(version, by=officer)]
    assert undo_events(events, by=officer) == len(events) > 5
    assert not ScreeningAnswer.objects.exists()


def test_all_or_nothing_is_undone(version):
    officer = make_officer()
    first = answer(version, "agree", officer)
    other = answer(version, "agree", officer, item="rule:established")
    answer(version, "ask", officer, item="rule:established", seen=1)
    with pytest.raises(CannotUndo):
        undo_events([first.event.pk, other.event.pk], by=officer)
    assert ScreeningAnswer.objects.count() == 2


def test_what_somebody_else_answered_since_stays(version):
    officer = make_officer()
    saved = answer(version, "agree", officer)
    answer(version, "differ", make_officer(), seen=1, reason="No")
    with pytest.raises(CannotUndo):
        undo_events([saved.event.pk], by=officer)
    assert ScreeningAnswer.objects.get().answer == "differ"


def test_nobody_undoes_what_others_did(version):
    saved = answer(version, "agree", make_officer())
    with pytest.raises(CannotUndo):
        undo_events([saved.event.pk], by=make_officer())


def test_it_is_undone_once_and_for_a_moment(version):
    officer = make_officer()
    saved = answer(version, "agree", officer)
    with clock.frozen_at(NEXT_DAY + timedelta(minutes=1)), pytest.raises(CannotUndo):
        undo_events([saved.event.pk], by=officer)
    undo_events([saved.event.pk], by=officer)
    for pks in ([saved.event.pk], [], [0]):
        with pytest.raises(CannotUndo):
            undo_events(pks, by=officer)


def test_a_case_that_is_closed_to_the_officer_stays_as_it_is(version):
    officer = make_officer()
    saved = answer(version, "agree", officer)
    cases.declare_conflict(version.proposal, reason="My brother", by=officer)
    with pytest.raises(CannotUndo):
        undo_events([saved.event.pk], by=officer)


def test_a_note_is_withdrawn_and_kept(version):
    officer = make_officer()
    note = cases.add_note(version.proposal, "Wrong case.", by=officer)
    undo_events([newest("noted")], by=officer)
    assert not version.proposal.case_notes.present().exists()
    assert CaseNote.objects.get(pk=note.pk).text == "Wrong case."


def test_a_note_is_final_but_for_a_moment(version):
    note = cases.add_note(version.proposal, "Seen.", by=make_officer())
    rows = CaseNote.objects.filter(pk=note.pk)
    for change in (lambda: rows.update(text="Not seen."), rows.delete):
        with pytest.raises(Exception, match="Cannot"), transaction.atomic():
            change()
    late = NEXT_DAY + timedelta(minutes=3)
    with clock.frozen_at(late), pytest.raises(IntegrityError, match="final"), transaction.atomic():
        rows.update(withdrawn_at=late)


def test_an_assignment_goes_back_to_whom_it_was(version):
    first, second = make_officer(), make_officer()
    cases.assign([version.proposal], first, by=first)
    cases.assign([version.proposal], second, by=first, due_on=NEXT_DAY.date())
    undo_events([newest("assigned")], by=first)
    stored = Assignment.objects.get()
    assert (stored.officer, stored.due_on) == (first, None)
    events = CaseEvent.objects.filter(kind="assigned").order_by("pk")
    undo_events([events[0].pk], by=first)
    assert not Assignment.objects.exists()


def test_an_assignment_does_not_go_back_to_an_officer_with_a_conflict(version):
    first, second = make_officer(), make_officer()
    cases.assign([version.proposal], first, by=second)
    cases.assign([version.proposal], second, by=second)
    cases.declare_conflict(version.proposal, reason="My brother", by=first)
    with pytest.raises(CannotUndo):
        undo_events([newest("assigned")], by=second)
    assert Assignment.objects.get().officer == second


def test_pages_offer_to_undo(version):
    officer = make_officer()
    client = Client()
    client.force_login(officer)
    path = reverse("admin:proposals_version_change", args=[version.pk])
    for name, values in (
        ("answer", {"item": "rule:duration", "answer": "agree", "revision": 0}),
        ("confirm_met", {}),
        ("note", {"text": "Seen."}),
    ):
        sent = reverse(f"admin:proposals_version_{name}", args=[version.pk])
        shown = client.post(sent, values, follow=True).content.decode()
        offer = shown.split("data-undo>")[1].split("</form>")[0]
        events = [part.split('"')[0] for part in offer.split('name="event" value="')[1:]]
        undone = client.post(
            reverse("admin:proposals_version_undo"), {"event": events, "back": path}
        )
        assert undone["Location"] == path
    assert not ScreeningAnswer.objects.exists()
    assert not version.proposal.case_notes.present().exists()


@pytest.mark.parametrize(
    "values", [{}, {"event": "x"}, {"event": "9" * 30, "back": "//evil.example"}]
)
def test_what_names_no_event_undoes_nothing(version, values):
    client = Client()
    client.force_login(make_officer())
    answer = client.post(reverse("admin:proposals_version_undo"), values)
    assert answer["Location"] == reverse("admin:proposals_version_changelist")


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "-1", "admin:index"])
def test_undo_leads_back_to_paths_of_the_portal_only(version, back):
    client = Client()
    client.force_login(make_officer())
    answer = client.post(reverse("admin:proposals_version_undo"), {"event": ["1"], "back": back})
    assert (answer.status_code, answer.url) == (302, reverse("admin:proposals_version_changelist"))
