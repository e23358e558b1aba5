"""Officers act on one case at once: the loser hears what stands by now, and nothing is recorded twice."""

import pytest
from django.contrib.messages import ERROR, SUCCESS, WARNING
from django.db import IntegrityError
from django.urls import reverse

from applicants.organisations import join
from applicants.tests.factories import make_user
from calls.tests.connections import at_once, overtaken
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from proposals.conditions.call_administration import CannotExtend, extend_for_one
from proposals.consortium.tests.test_races_of_people import attempt, message_levels
from proposals.models import (
    Assignment,
    CaseEvent,
    ClarificationReply,
    ClarificationRequest,
    Decision,
    DecisionNotice,
    OutboxMessage,
    Proposal,
    ScreeningAnswer,
    Version,
)
from proposals.officers import cases
from proposals.screening import bulk, clarifications, decisions, sheet
from proposals.screening.automatic_check import screen_closed
from proposals.submission.submit import withdraw
from proposals.tests.factories import make_officer, make_ready, reload, submit
from proposals.workspace.tests.test_pages import client_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)

DUE = NEXT_DAY.replace(day=29, hour=17)
LINE = "rule:min-countries"


@pytest.fixture
def version(call):
    made = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        yield made


def row(version):
    return Proposal.objects.filter(pk=version.proposal_id)


def fetch_again(version):
    """As a request of its own would read it."""
    return Version.objects.get(pk=version.pk)


def events(version, kind):
    return version.proposal.case_events.filter(kind=kind).count()


def posting(officer, version, name, *, itself=False, **sent):
    """A request of this officer to a page of the case, ready to be sent."""
    client = client_of(officer)
    path = reverse(f"admin:proposals_version_{name}", args=[version.pk])
    headers = {"X-Autosave": "1"} if itself else {}
    return lambda: client.post(path, sent, headers=headers)


def statuses(answers):
    return sorted(answer.status_code for answer in answers)


def the(answers, status):
    (result,) = (answer for answer in answers if answer.status_code == status)
    return result


# --- The sheet -----------------------------------------------------------------------------------


def test_of_two_officers_who_answer_a_line_at_once_the_later_hears_of_the_first(version):
    ana, ben = make_officer(), make_officer()
    answers = at_once(
        row(version),
        posting(ana, version, "answer", itself=True, item=LINE, answer="agree", revision=0),
        posting(ben, version, "answer", itself=True, item=LINE, answer="ask", revision=0),
    )
    assert statuses(answers) == [200, 409]
    stored = ScreeningAnswer.objects.get()
    assert str(stored.answered_by) in the(answers, 409).json()["words"]
    assert events(version, CaseEvent.Kind.ANSWERED) == stored.revision == 1


def test_an_answer_that_was_sent_twice_is_saved_once_and_both_hear_so(version):
    sent = posting(
        make_officer(), version, "answer", itself=True, item=LINE, answer="agree", revision=0
    )
    assert statuses(at_once(row(version), sent, sent)) == [200, 200]
    assert events(version, CaseEvent.Kind.ANSWERED) == 1


def test_who_agrees_with_all_that_is_met_leaves_what_a_colleague_is_just_answering(version):
    ana, ben = make_officer(), make_officer()
    answer = overtaken(
        lambda: sheet.save_answer(
            version, LINE, answer="differ", reason="Two only", seen_revision=0, by=ana
        ),
        posting(ben, version, "confirm_met"),
    )
    assert message_levels([answer]) == [[SUCCESS]]
    assert ScreeningAnswer.objects.get(item=LINE).answered_by == ana
    assert ScreeningAnswer.objects.filter(answered_by=ben).exists()


# --- An interest that is declared meanwhile ------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sent", "status"),
    [
        ("answer", {"item": LINE, "answer": "agree", "revision": 0, "itself": True}, 409),
        ("answer", {"item": LINE, "answer": "agree", "revision": 0}, 404),
        ("confirm_met", {}, 404),
        ("note", {"text": "A note that is long enough to be given back to who typed it."}, 404),
        ("request_clarification", {"text": "Why?", "due_at": "29.4.2015 17:00"}, 404),
        ("decide", {"outcome": "eligible", "reason": "All is met.", "sure": "on"}, 422),
    ],
)
def test_who_declares_an_interest_in_another_window_does_nothing_more(version, name, sent, status):
    officer = make_officer()
    answer = overtaken(
        lambda: cases.declare_conflict(version.proposal, reason="My brother's", by=officer),
        posting(officer, version, name, **sent),
    )
    assert answer.status_code == status
    assert "interest" in answer.content.decode()
    assert set(version.proposal.case_events.values_list("kind", flat=True)) == {"conflict"}


def test_a_case_goes_to_nobody_who_declares_an_interest_in_it_meanwhile(version):
    officer, head = make_officer(), make_officer()
    outcome = overtaken(
        lambda: cases.declare_conflict(version.proposal, reason="My brother's", by=officer),
        attempt(
            lambda: cases.assign([version.proposal], officer, by=head),
            cases.ConflictOfInterestError,
        ),
    )
    assert (outcome, Assignment.objects.exists()) == ("ConflictOfInterestError", False)


def test_the_database_lets_no_act_slip_past_an_interest_that_is_being_declared(version):
    officer = make_officer()
    with pytest.raises(IntegrityError, match="declared a conflict of interest"):
        overtaken(
            lambda: cases.declare_conflict(version.proposal, reason="My brother's", by=officer),
            lambda: ScreeningAnswer.objects.create(
                version=version,
                item=LINE,
                answer="agree",
                answered_by=officer,
                answered_at=NEXT_DAY,
            ),
        )


# --- Assigning -----------------------------------------------------------------------------------


def test_a_case_that_two_clicks_assign_changes_hands_once(version):
    officer, head = make_officer(), make_officer()
    data = at_once(
        row(version), *[lambda: cases.assign([fetch_again(version).proposal], officer, by=head)] * 2
    )
    assert sorted(data) == [0, 1]
    assert events(version, CaseEvent.Kind.ASSIGNED) == 1


def test_who_assigns_what_a_colleague_has_just_assigned_hears_that_nothing_changed(version):
    officer, head = make_officer(), make_officer()
    sent = {"version": version.pk, "officers": officer.pk}
    client = client_of(head)
    path = reverse("admin:proposals_version_assign")
    answer = overtaken(
        lambda: cases.assign([version.proposal], officer, by=make_officer()),
        lambda: client.post(path, sent),
    )
    assert message_levels([answer]) == [[WARNING]]


# --- Questions and answers -----------------------------------------------------------------------


def test_nobody_asks_about_a_version_that_is_being_withdrawn(version):
    applicant = version.proposal.started_by
    answer = overtaken(
        lambda: withdraw(version.proposal, reason="A slip", by=applicant, received_at=AFTERNOON),
        posting(
            make_officer(), version, "request_clarification", text="Why?", due_at="29.4.2015 17:00"
        ),
    )
    assert answer.status_code == 422
    assert "replaced or withdrawn" in text_of(answer)
    assert not ClarificationRequest.objects.exists()


def test_a_question_that_two_ask_at_once_is_asked_once_and_the_other_hears_by_whom(version):
    sent = {"text": "Why?", "due_at": "29.4.2015 17:00"}
    answers = at_once(
        row(version),
        *[posting(make_officer(), version, "request_clarification", **sent) for _one in range(2)],
    )
    assert statuses(answers) == [302, 422]
    assert str(ClarificationRequest.objects.get().requested_by) in text_of(the(answers, 422))


@pytest.fixture
def question(version):
    return clarifications.request_clarification(
        version, "Who owns it?", due_at=DUE, by=make_officer()
    )


def replying(question, person, text):
    client = client_of(person)
    number = question.version.proposal.number
    path = reverse("proposals:reply", args=[number, question.pk])
    return lambda: client.post(path, {"text": text})


def test_of_two_who_answer_a_question_at_once_the_later_sees_the_answer_that_counts(question):
    coordinator = question.version.proposal.participants.get(key="p1").organisation
    colleague = make_user()
    join(coordinator, user=colleague)
    people = [question.version.proposal.started_by, colleague]
    answers = at_once(
        ClarificationRequest.objects.filter(pk=question.pk),
        *[replying(question, person, f"We own it. {person.pk}") for person in people],
    )
    assert statuses(answers) == [302, 409]
    text = text_of(the(answers, 409))
    (lost,) = (person for person in people if person != ClarificationReply.objects.get().replied_by)
    assert f"This request has been answered: {ClarificationReply.objects.get().replied_by}" in text
    assert f"We own it. {lost.pk}" in text


def test_an_answer_to_the_officers_that_was_sent_twice_is_taken_once_and_both_hear_so(question):
    sent = replying(question, question.version.proposal.started_by, "We own it.")
    answers = at_once(ClarificationRequest.objects.filter(pk=question.pk), sent, sent)
    assert statuses(answers) == [302, 302]
    assert (
        events(question.version, CaseEvent.Kind.REPLIED) == ClarificationReply.objects.count() == 1
    )


# --- Deciding ------------------------------------------------------------------------------------


def deciding_on(version, officer, outcome="eligible"):
    return posting(officer, version, "decide", outcome=outcome, reason="As found.", sure="on")


def test_of_two_outcomes_recorded_at_once_the_later_officer_hears_of_the_first(version):
    answers = at_once(row(version), *[deciding_on(version, make_officer()) for _one in range(2)])
    assert statuses(answers) == [302, 422]
    assert str(Decision.objects.get().decided_by) in text_of(the(answers, 422))


def test_an_outcome_that_was_sent_twice_is_recorded_once_and_both_hear_so(version):
    sent = deciding_on(version, make_officer())
    assert statuses(at_once(row(version), sent, sent)) == [302, 302]
    assert events(version, CaseEvent.Kind.DECIDED) == Decision.objects.count() == 1


def test_the_database_lets_one_outcome_wait_of_two_that_are_recorded_at_once(version):
    def recorded(officer):
        return lambda: Decision.objects.create(
            version=version, outcome="eligible", reason="x", decided_by=officer, decided_at=NEXT_DAY
        )

    with pytest.raises(IntegrityError, match="waits for a second officer"):
        overtaken(recorded(make_officer()), recorded(make_officer()))


def test_what_is_being_extended_is_not_decided_on(version):
    outcome = overtaken(
        lambda: extend_for_one(
            version.proposal.call,
            version.proposal.number,
            until=DUE,
            reason="Outage",
            incident=None,
            by=make_officer(),
        ),
        attempt(
            lambda: decisions.record_decision(
                fetch_again(version), outcome="eligible", reason="Met.", by=make_officer()
            ),
            decisions.StillSealed,
        ),
    )
    assert (outcome, Decision.objects.exists()) == ("StillSealed", False)


def test_what_is_being_decided_on_is_not_extended(version):
    outcome = overtaken(
        lambda: decisions.record_decision(
            version, outcome="eligible", reason="Met.", by=make_officer()
        ),
        attempt(
            lambda: extend_for_one(
                version.proposal.call,
                version.proposal.number,
                until=DUE,
                reason="Outage",
                incident=None,
                by=make_officer(),
            ),
            CannotExtend,
        ),
    )
    assert outcome == "CannotExtend"


@pytest.fixture
def decision(version):
    return decisions.record_decision(version, outcome="eligible", reason="Met.", by=make_officer())


def reviewing(decision, officer, answer):
    client = client_of(officer)
    path = reverse("admin:proposals_decision_change", args=[decision.pk])
    return lambda: client.post(path, {"answer": answer, "reason": "Looked at.", "sure": "on"})


def test_of_two_answers_to_an_outcome_at_once_the_later_officer_hears_of_the_first(decision):
    answers = at_once(
        row(decision.version),
        reviewing(decision, make_officer(), "confirmed"),
        reviewing(decision, make_officer(), "sent-back"),
    )
    assert statuses(answers) == [302, 422]
    review = Decision.objects.get().review
    text = text_of(the(answers, 422))
    assert str(review.reviewed_by) in text
    assert review.get_answer_display() in text


def test_an_answer_to_an_outcome_that_was_sent_twice_is_given_once_and_both_hear_so(decision):
    sent = reviewing(decision, make_officer(), "confirmed")
    assert statuses(at_once(row(decision.version), sent, sent)) == [302, 302]
    assert events(decision.version, CaseEvent.Kind.REVIEWED) == 1


def test_an_outcome_of_a_version_that_is_being_withdrawn_is_not_confirmed(decision):
    proposal = decision.version.proposal
    answer = overtaken(
        lambda: withdraw(proposal, reason="A slip", by=proposal.started_by, received_at=AFTERNOON),
        reviewing(decision, make_officer(), "confirmed"),
    )
    assert answer.status_code == 422
    assert "replaced or withdrawn" in text_of(answer)


def informing(decision, officer):
    client = client_of(officer)
    path = reverse("admin:proposals_decision_notify", args=[decision.pk])
    return lambda: client.post(path, {"seen": "on"})


@pytest.fixture
def confirmed(decision):
    decisions.review_decision(decision, answer="confirmed", reason="", by=make_officer())
    return decision


def test_a_decision_that_two_tell_at_once_is_told_once_by_one_letter(confirmed):
    answers = at_once(
        row(confirmed.version), *[informing(confirmed, make_officer()) for _one in range(2)]
    )
    assert message_levels(answers) == [[SUCCESS], [ERROR]]
    assert DecisionNotice.objects.count() == 1
    assert OutboxMessage.objects.filter(kind=OutboxMessage.Kind.LETTER).count() == 1


def test_a_decision_that_is_being_reversed_is_not_told(confirmed):
    version = confirmed.version
    later = decisions.record_decision(
        version, outcome="ineligible", reason="Not met.", by=make_officer()
    )
    answer = overtaken(
        lambda: decisions.review_decision(later, answer="confirmed", reason="", by=make_officer()),
        informing(confirmed, make_officer()),
    )
    assert message_levels([answer]) == [[ERROR]]
    assert not DecisionNotice.objects.exists()


def test_of_two_who_decide_a_bundle_at_once_the_later_hears_which_cases_changed(version):
    def running(officer):
        shown = bulk.cases_for("decide", [fetch_again(version)], by=officer)
        marks = {case.version.pk: case.mark for case in shown}
        return attempt(
            lambda: bulk.run(
                "decide",
                marks,
                by=officer,
                versions=lambda: [fetch_again(version)],
                seen=[version.pk],
                outcome="eligible",
                reason="Met.",
            ),
            bulk.CasesChanged,
        )

    outcomes = at_once(row(version), running(make_officer()), running(make_officer()))
    assert sorted(outcomes) == ["CasesChanged", "done"]
    assert Decision.objects.count() == 1


def test_a_note_of_a_case_is_kept_by_both_who_write_at_once(version):
    sent = [
        posting(make_officer(), version, "note", text=f"The {number}th note") for number in "45"
    ]
    assert message_levels(at_once(row(version), *sent)) == [[SUCCESS], [SUCCESS]]
    assert version.proposal.case_notes.count() == len(sent)
    assert reload(version.proposal).current_version_id == version.pk
