"""A decision needs two different officers, about the version that counts, with a reason where it goes back."""

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from conftest import NEXT_DAY
from foundation import clock
from proposals.models import Decision, DecisionReview, DecisionState, LedgerRecord
from proposals.proof.ledger import sequence
from proposals.proof.ledger_audit import find_problems
from proposals.screening.decisions import CannotReview, record_decision, review_decision
from proposals.submission.submit import withdraw
from proposals.tests.factories import make_officer, make_ready, reload, submit

pytestmark = pytest.mark.django_db
LIST = reverse("admin:proposals_version_changelist")


@pytest.fixture
def next_day():
    with clock.frozen_at(NEXT_DAY):
        yield


@pytest.fixture
def version(call):
    return submit(make_ready(call))


@pytest.fixture
def decision(version, next_day):
    return record_decision(version, outcome="ineligible", reason="No cluster.", by=make_officer())


def answer(decision, officer, **sent):
    client = Client()
    client.force_login(officer)
    path = reverse("admin:proposals_decision_change", args=[decision.pk])
    got = client.post(path, sent) if sent else client.get(path)
    return got.status_code, " ".join(got.content.decode().split())


def state_of(decision):
    return Decision.objects.get(pk=decision.pk).state


def test_another_officer_confirms_and_the_decision_stands(decision):
    second = make_officer()
    status, text = answer(decision, second)
    assert status == 200 and "No cluster." in text and "Save review" in text
    status, text = answer(decision, second, answer="confirmed")
    assert (
        status == 422 and "points on the screening sheet are checked" in text
    )  # nothing was, on purpose
    assert answer(decision, second, answer="confirmed", sure="on")[0] == 302
    assert state_of(decision) == DecisionState.CONFIRMED
    assert list(Decision.objects.confirmed()) == [decision]
    assert LedgerRecord.objects.filter(kind="review").count() == 1
    sequence()
    assert list(find_problems()) == []


def test_what_is_sent_back_has_a_reason_and_does_not_stand(decision):
    second = make_officer()
    status, text = answer(decision, second, answer="sent-back", reason="   ")
    assert status == 422 and "Enter what needs to be reviewed." in text
    assert answer(decision, second, answer="sent-back", reason="Annex 2 shows one.")[0] == 302
    assert state_of(decision) == DecisionState.SENT_BACK
    assert not Decision.objects.confirmed().exists()


def test_who_decided_cannot_confirm_under_any_role(decision):
    status, text = answer(decision, decision.decided_by)
    assert "A second officer must review it" in text
    decision.decided_by.is_superuser = True
    decision.decided_by.save()
    status, text = answer(decision, decision.decided_by, answer="confirmed")
    assert status == 422 and "A second officer must review it" in text
    with pytest.raises(IntegrityError, match="two different officers"), transaction.atomic():
        DecisionReview.objects.create(
            decision=decision,
            answer="confirmed",
            reviewed_by=decision.decided_by,
            reviewed_at=NEXT_DAY,
        )


def test_two_answers_to_one_decision_are_one_too_many(decision):
    review_decision(decision, answer="confirmed", reason="", by=make_officer())
    status, text = answer(decision, make_officer(), answer="sent-back", reason="Late")
    assert status == 422 and "has already reviewed this decision" in text


def test_a_decision_about_a_version_that_no_longer_counts_cannot_be_confirmed(call, version):
    """It was withdrawn in time, but that reached the portal after the decision did."""
    with clock.frozen_at(NEXT_DAY):
        decision = record_decision(version, outcome="eligible", reason="Met", by=make_officer())
    withdraw(reload(version.proposal), reason="x", by=version.submitted_by, received_at=clock.now())
    with clock.frozen_at(NEXT_DAY):
        decision = Decision.objects.get(pk=decision.pk)
        with pytest.raises(CannotReview, match="replaced or withdrawn"):
            review_decision(decision, answer="confirmed", reason="", by=make_officer())
        with (
            pytest.raises(IntegrityError, match="decision_is_reviewed_by_another_officer"),
            transaction.atomic(),
        ):
            DecisionReview.objects.create(
                decision=decision,
                answer="confirmed",
                reviewed_by=make_officer(),
                reviewed_at=NEXT_DAY,
            )


def test_an_answer_is_final(decision):
    review_decision(decision, answer="confirmed", reason="", by=make_officer())
    for statement in (
        "UPDATE proposals_decisionreview SET answer = 'sent-back', reason = 'x'",
        "DELETE FROM proposals_decisionreview",
    ):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)


def test_an_officer_whose_right_is_taken_away_with_the_page_open_is_refused(decision):
    second = make_officer()
    second.groups.clear()
    second.user_permissions.add(Permission.objects.get(codename="view_decision"))
    assert answer(decision, second, answer="confirmed")[0] == 403
    assert not DecisionReview.objects.exists()


def listed(officer, query):
    client = Client()
    client.force_login(officer)
    return client.get(LIST + query).content.decode()


def test_the_list_says_what_waits_for_whom(decision):
    number, second = decision.version.proposal.number, make_officer()
    assert "Not eligible (waiting for a second officer)" in listed(second, "")
    for query, officer, is_listed in (
        ("?decided=mine", second, True),
        ("?decided=mine", decision.decided_by, False),
        ("?decided=waiting", decision.decided_by, True),
        ("?decided=no", second, False),
        ("?decided=yes", second, False),
    ):
        assert (number in listed(officer, query)) == is_listed, (query, officer)
    review_decision(decision, answer="sent-back", reason="Look again", by=second)
    assert number in listed(second, "?decided=no")
    again = record_decision(
        decision.version, outcome="eligible", reason="Annex 2", by=decision.decided_by
    )
    review_decision(again, answer="confirmed", reason="", by=make_officer())
    assert number in listed(second, "?decided=yes")
    assert number not in listed(second, "?decided=no")
    sheet = listed(second, f"{decision.version_id}/change/")
    assert "Look again" in sheet and "confirmed by a second officer" in sheet


def test_the_list_takes_the_same_number_of_queries_with_many_decisions(
    call, decision, django_assert_num_queries
):
    client = Client()
    client.force_login(make_officer())
    client.get(LIST)
    with django_assert_num_queries(16):
        client.get(LIST)
    for _number in range(3):
        with clock.frozen_at(decision.version.received_at):
            more = submit(make_ready(call))
        record_decision(more, outcome="eligible", reason="Met", by=make_officer())
    with django_assert_num_queries(16):
        client.get(LIST)


def test_who_may_not_see_decisions_gets_none(decision):
    stranger = make_officer()
    stranger.groups.clear()
    assert answer(decision, stranger)[0] == 403
