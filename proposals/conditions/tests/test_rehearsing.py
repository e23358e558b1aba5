"""Rehearsing a call: a marked copy with a clock of its own, kept apart from everything real."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from calls.models import Call
from calls.rehearsals import CannotRehearse, ClockCannotMove, begin_rehearsal, move_clock
from conftest import AFTERNOON, BRUSSELS, DEADLINE, NEXT_DAY
from foundation import clock
from proposals.conditions.call_administration import (
    CannotPublishCall,
    extend_unpublished,
    request_publication,
)
from proposals.models import ClosingCommitment, QueuedEmail, Version
from proposals.officers import cases
from proposals.officers.rights import CALL_MANAGERS
from proposals.proof.closing_commitment import commit_closed_calls
from proposals.proof.full_proposal_pdf import proposal_context
from proposals.tests.factories import make_draft, make_officer, make_ready, submit

pytestmark = pytest.mark.django_db

LIST = "admin:proposals_version_changelist"
A_YEAR_LATER = datetime(2016, 4, 25, 9, 0, tzinfo=BRUSSELS)


@pytest.fixture
def rehearsal(call):
    """Begun a year after the real call, by a clock that says what it said on its last afternoon."""
    with clock.frozen_at(A_YEAR_LATER):
        return begin_rehearsal(call, starts_at=AFTERNOON)


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_its_dates_stand_where_its_clock_has_them(call, rehearsal):
    assert rehearsal.is_rehearsal and rehearsal.reference == f"{call.reference}-R1"
    assert rehearsal.title == f"Rehearsal: {call.title}"[:200]
    assert rehearsal.deadline - A_YEAR_LATER == DEADLINE - AFTERNOON
    assert rehearsal.opens_at - A_YEAR_LATER == call.opens_at - AFTERNOON
    assert rehearsal.in_rehearsal_time(A_YEAR_LATER) == AFTERNOON
    assert rehearsal.rule_date == call.rule_date and rehearsal.rules == call.rules
    assert begin_rehearsal(call, starts_at=AFTERNOON).reference == f"{call.reference}-R2"


def test_its_clock_goes_forward_to_its_deadline_and_no_further(rehearsal):
    with clock.frozen_at(A_YEAR_LATER):
        for wrong in (AFTERNOON, AFTERNOON - timedelta(days=1), DEADLINE + timedelta(minutes=1)):
            with pytest.raises(ClockCannotMove):
                move_clock(rehearsal, to=wrong)
        moved = move_clock(rehearsal, to=DEADLINE - timedelta(minutes=1))
        assert moved.deadline == A_YEAR_LATER + timedelta(minutes=1)
        closed = move_clock(rehearsal, to=DEADLINE)
        assert not closed.is_open(clock.now()) and closed.rule_date == DEADLINE.date()
        with pytest.raises(ClockCannotMove, match="can no longer be changed"):
            move_clock(rehearsal, to=NEXT_DAY)


def test_its_clock_moves_after_an_extension_too(rehearsal):
    with clock.frozen_at(A_YEAR_LATER):
        until = rehearsal.deadline + timedelta(hours=1)
        extend_unpublished(rehearsal, until=until, reason="Storm", incident=None, by=make_officer())
        step = timedelta(minutes=10)
        moved = move_clock(rehearsal, to=AFTERNOON + step)
    assert moved.deadline == until - step


def test_what_is_handed_in_is_judged_by_its_clock_and_stays_in_time(call, rehearsal):
    with clock.frozen_at(A_YEAR_LATER):
        version = submit(make_ready(rehearsal), received_at=A_YEAR_LATER)
        verdict = version.verdicts.get(audience="applicant")
        assert (verdict.outcome, verdict.content["rule_date"]) == ("pass", "2015-04-21")
        closed = move_clock(rehearsal, to=DEADLINE)
    assert version.received_at <= closed.deadline


def test_staff_see_it_and_accounts_that_rehearse_begin_proposals_in_it(call, rehearsal):
    page = reverse("calls:call", args=[rehearsal.reference])
    start = reverse("proposals:start", args=[rehearsal.reference, "3.1"])
    with clock.frozen_at(A_YEAR_LATER):
        for path in (page, start, page + "check/"):
            assert client_of(make_user()).get(path).status_code == 404
        assert Client().get(page).status_code == 404
        staff = client_of(make_officer())
        assert "Rehearsal: nothing here has any effect." in text_of(staff.get(page))
        assert staff.get(start).status_code == 403  # an officer takes part in no proposal
        applicant = client_of(make_user(rehearses=True))
        assert "Rehearsal: nothing here has any effect." in text_of(applicant.get(page))
        assert applicant.get(start).status_code == 200
        assert rehearsal.reference in text_of(staff.get(reverse("calls:list")))
        assert rehearsal.reference not in text_of(Client().get(reverse("calls:list")))


def test_nobody_looks_for_partners_in_it(call, rehearsal):
    """A request would be read by people who cannot see the call."""
    with clock.frozen_at(A_YEAR_LATER):
        staff = client_of(make_officer())
        search, new = (
            reverse("partners:search"),
            reverse("partners:new", args=[rehearsal.reference]),
        )
        assert search in text_of(staff.get(call.get_absolute_url()))
        assert f"{search}?call=" not in text_of(staff.get(rehearsal.get_absolute_url()))
        assert staff.get(search, {"call": rehearsal.reference}).status_code == 404
        assert staff.get(new).status_code == 404


def test_its_pages_mails_and_receipts_say_what_it_is(rehearsal):
    with clock.frozen_at(A_YEAR_LATER):
        draft = make_draft(rehearsal)
        answer = client_of(draft.started_by).get(draft.get_absolute_url())
        assert "Time in this rehearsal: <time" in text_of(answer)
        extend_unpublished(
            rehearsal,
            until=rehearsal.deadline + timedelta(days=1),
            reason="Storm",
            incident=None,
            by=make_officer(),
        )
        subjects = QueuedEmail.objects.filter(proposal=draft).values_list("subject", flat=True)
        assert subjects and all(subject.startswith("[Rehearsal] ") for subject in subjects)
        version = submit(make_ready(rehearsal), received_at=A_YEAR_LATER)
    context = proposal_context(version.proposal, version.document, version)
    assert "REHEARSAL OF A CALL" in render_to_string("proof/proposal.html", context)


def test_its_cases_are_never_among_real_ones(call, rehearsal):
    real = submit(make_ready(call))
    with clock.frozen_at(A_YEAR_LATER):
        rehearsed = submit(make_ready(rehearsal), received_at=A_YEAR_LATER)
        move_clock(rehearsal, to=DEADLINE)
        officer = make_officer(CALL_MANAGERS)
        officer_client = client_of(officer)
        listing = officer_client.get(reverse(LIST))
        assert [item.pk for item in listing.context["cl"].queryset] == [real.pk]
        lengths = {name: count for name, _label, count, _here in listing.context["queue"]}
        assert lengths["unassigned"] == 1
        apart = officer_client.get(reverse(LIST), {"rehearsal": rehearsal.pk})
        assert [item.pk for item in apart.context["cl"].queryset] == [rehearsed.pk]
        assert "Rehearsal: nothing here has any effect." in text_of(apart)
        for nonsense in (call.pk, "x", "9" * 30):
            assert (
                not officer_client.get(reverse(LIST), {"rehearsal": nonsense})
                .context["cl"]
                .queryset
            )
        assert (
            officer_client.get(reverse("admin:proposals_version_statistics")).context["call"]
            == call
        )
        assert "Rehearsal: nothing here" in text_of(
            officer_client.get(reverse("admin:proposals_version_change", args=[rehearsed.pk]))
        )


def test_what_officers_have_of_a_rehearsal_is_no_load(call, rehearsal):
    first, second = make_officer(), make_officer()
    real = submit(make_ready(call)).proposal
    with clock.frozen_at(A_YEAR_LATER):
        rehearsed = submit(make_ready(rehearsal), received_at=A_YEAR_LATER).proposal
        move_clock(rehearsal, to=DEADLINE)
        cases.assign([rehearsed], first, by=second)
        assert cases.assign_by_load([real], [first, second], by=second) == {first: 1}


def test_the_closing_commits_to_real_calls_only(call, rehearsal):
    with clock.frozen_at(A_YEAR_LATER):
        move_clock(rehearsal, to=DEADLINE)
    with clock.frozen_at(A_YEAR_LATER + timedelta(days=1)):
        commit_closed_calls(clock.now())
    assert set(ClosingCommitment.objects.values_list("call", flat=True)) == {call.pk}


def test_it_is_never_published_nor_turned_into_a_real_call(call, rehearsal):
    with (
        clock.frozen_at(A_YEAR_LATER),
        pytest.raises(CannotPublishCall, match="cannot be published"),
    ):
        request_publication(rehearsal, by=make_officer(CALL_MANAGERS))
    for change in (
        {"published_at": A_YEAR_LATER},
        {"rehearsal_of": None},
        {"first_deadline": rehearsal.first_deadline - timedelta(hours=1)},
        {"deadline": rehearsal.deadline - timedelta(hours=1)},
    ):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            Call.objects.filter(pk=rehearsal.pk).update(**change)
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(clock_offset=timedelta(days=1))


def test_a_call_that_is_not_written_yet_cannot_be_rehearsed(call, rehearsal):
    with pytest.raises(CannotRehearse, match="The start must be before the deadline"):
        begin_rehearsal(call, starts_at=DEADLINE)
    with pytest.raises(CannotRehearse, match="from the original call"):
        begin_rehearsal(rehearsal, starts_at=AFTERNOON)
    call.sections.all().delete()
    with pytest.raises(CannotRehearse, match="at least one section"):
        begin_rehearsal(call, starts_at=AFTERNOON)


def test_a_call_manager_begins_one_and_moves_its_clock(call):
    officer_client = client_of(make_officer(CALL_MANAGERS))
    with clock.frozen_at(A_YEAR_LATER):
        page = reverse("admin:calls_call_rehearse", args=[call.pk])
        assert "The start must be before the deadline" in text_of(
            officer_client.post(page, {"starts_at": "2015-04-22T10:00"})
        )
        begun = officer_client.post(page, {"starts_at": "2015-04-21T16:00"}, follow=True)
        made = Call.objects.get(rehearsal_of=call)
        assert "Rehearsal: nothing here has any effect." in text_of(begun)
        assert not begun.context["has_change_permission"]
        hands = reverse("admin:calls_call_clock", args=[made.pk])
        assert "Enter a time after" in text_of(
            officer_client.post(hands, {"to": "2015-04-21T15:00"})
        )
        assert officer_client.get(hands).status_code == 200
        answer = officer_client.post(hands, {"to": "2015-04-21T17:00"}, follow=True)
        assert "Rehearsal clock set." in text_of(answer)
        assert not Call.objects.get(pk=made.pk).is_open(clock.now())
    assert officer_client.get(reverse("admin:calls_call_clock", args=[call.pk])).status_code == 404
    assert not Version.objects.exists()
