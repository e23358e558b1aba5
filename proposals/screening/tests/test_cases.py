"""Cases in the back office: whose they are, who is kept out, the queue, notes, searching, and who looked at what."""

from datetime import date

import pytest
from django.db import DataError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from conftest import DEADLINE, NEXT_DAY
from foundation import clock
from proposals.models import (
    Assignment,
    CaseEvent,
    CaseState,
    ClarificationRequest,
    Decision,
    SealedAccessAttempt,
    Version,
)
from proposals.officers import cases
from proposals.officers.rights import AUDITORS
from proposals.proof.receipts import create_receipt
from proposals.screening import clarifications, queue, search
from proposals.screening.decisions import (
    CannotDecide,
    notify_applicant,
    record_decision,
    review_decision,
)
from proposals.screening.search import index_opened_cases, matching_cases
from proposals.tests.factories import make_officer, make_ready, reload, save, submit

pytestmark = pytest.mark.django_db
LIST = reverse("admin:proposals_version_changelist")


def officer_client(officer):
    client = Client()
    client.force_login(officer)
    return client


@pytest.fixture
def versions(call):
    return [submit(make_ready(call)) for _number in range(4)]


@pytest.fixture
def next_day(versions):
    with clock.frozen_at(NEXT_DAY):
        yield


def in_queue(name, officer, moment=NEXT_DAY):
    mine = queue.current_versions(officer, moment)
    versions = set(queue.in_queue(mine, name, officer=officer, moment=moment))
    lengths = queue.lengths(mine, officer=officer, moment=moment)
    assert lengths[name] == len(versions)
    assert queue.lengths_for_officer(officer, moment) == lengths | {"sealed": 0}
    return versions


def decided(version, first, second, outcome="eligible"):
    decision = record_decision(version, outcome=outcome, reason="Met.", by=first)
    review_decision(decision, answer="confirmed", reason="", by=second)
    return decision


def test_the_queue_says_what_waits_for_whom(versions, next_day):
    me, colleague = make_officer(), make_officer()
    mine, asked, waiting, done = versions
    cases.assign([mine.proposal, done.proposal], me, by=me)
    cases.assign([asked.proposal], colleague, by=me)
    clarifications.request_clarification(
        asked, "Why?", due_at=NEXT_DAY.replace(day=29), by=colleague
    )
    record_decision(waiting, outcome="eligible", reason="Met.", by=colleague)
    decided(done, me, colleague)
    assert in_queue("mine", me) == {mine}
    assert in_queue("unassigned", me) == {waiting}
    assert in_queue("for-me", me) == {waiting} and in_queue("for-me", colleague) == set()
    assert in_queue("colleague", colleague) == {waiting}
    assert in_queue("applicant", me) == {asked} and in_queue("overdue", me) == set()
    assert in_queue("to-inform", me) == {done}
    assert in_queue("overdue", me, NEXT_DAY.replace(day=29)) == {asked}


def states(version, moment=NEXT_DAY):
    """What the view gathers, asked one by one of decisions and questions."""
    decisions = Decision.objects.filter(version=version)
    unanswered = ClarificationRequest.objects.filter(version=version, reply=None)
    waits, back = decisions.filter(review=None), decisions.filter(review__answer="sent-back")
    dues = sorted(unanswered.values_list("due_at", flat=True))
    return {
        "is_decided": decisions.closing_case().exists(),
        "is_waiting": waits.exists(),
        "needs_letter": decisions.in_force().closing_case().filter(notice=None).exists(),
        "recorded_by": sorted(waits.values_list("decided_by", flat=True)),
        "sent_back_to": sorted(back.values_list("decided_by", flat=True)),
        "first_due_at": dues[0] if dues else None,
        "last_due_at": dues[-1] if dues else None,
    }


def test_the_view_of_all_cases_says_what_each_decision_and_question_says(versions, next_day):
    officers = [make_officer() for _number in range(3)]
    version = versions[0]

    def recorded(outcome, by):
        return record_decision(version, outcome=outcome, reason="Met.", by=officers[by])

    def reviewed(answer, by):
        newest = version.decisions.order_by("-pk").first()
        review_decision(newest, answer=answer, reason="Look again.", by=officers[by])

    history = [
        lambda: clarifications.request_clarification(
            version, "Why?", due_at=NEXT_DAY.replace(day=29), by=officers[0]
        ),
        lambda: clarifications.request_clarification(
            version, "When?", due_at=NEXT_DAY.replace(day=25), by=officers[0]
        ),
        lambda: recorded("ineligible", by=0),
        lambda: reviewed("sent-back", by=1),
        lambda: recorded("clarify", by=1),
        lambda: reviewed("confirmed", by=0),
        lambda: recorded("eligible", by=2),
        lambda: reviewed("confirmed", by=1),
        lambda: notify_applicant(version.decisions.order_by("-pk").first(), by=officers[0]),
        lambda: clarifications.store_reply(
            version.clarification_requests.first(),
            "Because.",
            by=version.submitted_by,
            received_at=NEXT_DAY,
        ),
    ]
    assert not CaseState.objects.exists()
    for step in history:
        step()
        seen = CaseState.objects.filter(version=version).values(*states(version)).get()
        assert seen == states(version)


def test_a_case_is_overdue_after_its_last_day_and_not_on_it(versions, next_day):
    me = make_officer()
    cases.assign([versions[0].proposal], me, by=me, due_on=date(2015, 4, 24))
    on_the_day = NEXT_DAY.replace(day=24, hour=23, minute=59)
    assert in_queue("overdue", me, on_the_day) == set()
    assert in_queue("overdue", me, NEXT_DAY.replace(day=25, hour=0, minute=1)) == {versions[0]}


def test_cases_are_shared_evenly_and_never_go_to_who_has_an_interest(versions, next_day):
    first, second = make_officer(), make_officer()
    cases.assign([versions[0].proposal], first, by=first)
    cases.declare_conflict(versions[1].proposal, reason="My sister works there.", by=second)
    counts = cases.assign_by_load(
        [version.proposal for version in versions[1:]], [first, second], by=first
    )
    owners = dict(Assignment.objects.values_list("proposal", "officer"))
    assert owners[versions[1].proposal_id] == first.pk
    assert sum(counts.values()) == 3 and sorted(owners.values()).count(second.pk) == 2


def test_assigning_to_who_has_an_interest_assigns_nothing(versions, next_day):
    officer = make_officer()
    cases.declare_conflict(versions[1].proposal, reason="A friend.", by=officer)
    client = officer_client(make_officer())
    sent = {"version": [version.pk for version in versions], "officers": [officer.pk]}
    answer = client.post(reverse("admin:proposals_version_assign"), sent)
    assert answer.status_code == 422 and not Assignment.objects.exists()
    assert f"has a conflict of interest in {versions[1].proposal.number}" in answer.content.decode()
    with pytest.raises(IntegrityError, match="conflict of interest"), transaction.atomic():
        Assignment.objects.create(
            proposal=versions[1].proposal,
            officer=officer,
            assigned_by=officer,
            assigned_at=NEXT_DAY,
        )


def test_cases_are_assigned_from_the_list(versions, next_day):
    me, other = make_officer(), make_officer()
    client = officer_client(me)
    chosen = {"action": "assign", "_selected_action": [version.pk for version in versions[:3]]}
    page = client.post(LIST, chosen).content.decode()
    assert "3 cases" in page and versions[0].proposal.number in page
    sent = {
        "version": [version.pk for version in versions[:3]],
        "officers": [me.pk, other.pk],
        "due_on": "2015-05-04",
    }
    text = client.post(
        reverse("admin:proposals_version_assign"), sent, follow=True
    ).content.decode()
    assert "1 case assigned to" in text and "2 cases assigned to" in text and "04.05.2015" in text
    assert CaseEvent.objects.filter(kind="assigned").count() == 3


def all_pages_of(version):
    number = version.proposal.number
    for name in ("change", "history", "decide", "request_clarification", "conflict"):
        yield reverse(f"admin:proposals_version_{name}", args=[version.pk])
    for name in ("version", "receipt", "dossier"):
        yield reverse(f"proposals:{name}", args=[number, 1])


def test_a_case_is_closed_to_who_has_an_interest_in_it(versions, next_day):
    version = versions[0]
    create_receipt(version)
    decision = record_decision(version, outcome="eligible", reason="SECRET", by=make_officer())
    clarifications.request_clarification(
        version, "SECRET", due_at=NEXT_DAY.replace(day=29), by=make_officer()
    )
    officer = make_officer()
    client = officer_client(officer)
    cases.assign([version.proposal], officer, by=officer)
    path = reverse("admin:proposals_version_conflict", args=[version.pk])
    assert client.post(path, {"reason": "  "}).status_code == 422
    assert client.post(path, {"reason": "I advised them."}).status_code == 302
    assert not Assignment.objects.exists()
    for page in all_pages_of(version):
        answer = client.get(page, follow=True)
        assert answer.status_code == 404 or version.sha256 not in answer.content.decode(), page
        assert (
            version.proposal.number not in answer.content.decode()
            or "messagelist" in answer.content.decode()
        )
    for model in ("version", "decision", "clarificationrequest", "caseevent"):
        for query in ("", f"?q={version.proposal.number}", "?q=SECRET"):
            text = client.get(
                reverse(f"admin:proposals_{model}_changelist") + query
            ).content.decode()
            assert f"{version.proposal.number} v" not in text and ">SECRET" not in text, (
                model,
                query,
            )
    review = reverse("admin:proposals_decision_change", args=[decision.pk])
    assert client.post(review, {"answer": "confirmed"}).status_code in {302, 403, 404}
    assert not hasattr(type(decision).objects.get(pk=decision.pk), "review")
    assert SealedAccessAttempt.objects.filter(officer=officer).exists()
    with pytest.raises(CannotDecide):
        record_decision(versions[0], outcome="eligible", reason="x", by=officer)


def test_the_database_keeps_out_who_has_an_interest(versions, next_day):
    officer = make_officer()
    decision = record_decision(versions[0], outcome="eligible", reason="Met", by=make_officer())
    cases.declare_conflict(versions[0].proposal, reason="A friend.", by=officer)
    common = {"version": versions[0]}
    for make in (
        lambda: versions[0].decisions.create(
            outcome="eligible", reason="x", decided_by=officer, decided_at=NEXT_DAY
        ),
        lambda: (
            type(versions[0])
            .objects.get(pk=versions[0].pk)
            .screening_answers.create(
                item="rule:x", answer="agree", answered_by=officer, answered_at=NEXT_DAY
            )
        ),
        lambda: versions[0].clarification_requests.create(
            text="x", due_at=NEXT_DAY.replace(day=29), requested_by=officer, requested_at=NEXT_DAY
        ),
        lambda: versions[0].proposal.case_notes.create(
            text="x", written_by=officer, written_at=NEXT_DAY
        ),
        lambda: decision._meta.get_field("review").related_model.objects.create(
            decision=decision, answer="confirmed", reviewed_by=officer, reviewed_at=NEXT_DAY
        ),
    ):
        with pytest.raises(IntegrityError, match="conflict of interest"), transaction.atomic():
            make()
    assert common["version"].screening_answers.count() == 0


def test_search_finds_words_of_every_text_and_what_officers_wrote(call):
    proposal = make_ready(call)
    save(proposal, "summary", acronym="PHOTON-9", abstract="Lasers against Überdüngung.")
    version = submit(reload(proposal))
    submit(make_ready(call))
    officer = make_officer()
    assert index_opened_cases(clock.now()) == 0  # sealed
    with clock.frozen_at(NEXT_DAY):
        assert index_opened_cases(NEXT_DAY) == 2 and index_opened_cases(NEXT_DAY) == 0
        cases.add_note(proposal, "Call the tax office.", by=officer)
        everything = Version.objects.open_to(officer, NEXT_DAY)
        for text in (
            "photon-9",
            "PHOTON-9",
            "überdüng",
            "lasers against",
            proposal.number,
            "tax office",
        ):
            assert list(matching_cases(everything, text)) == [version], text
        assert not matching_cases(everything, "nothing of that").exists()
        for hostile in ("'", ":*", "a & | !", "\\", "%", "<->", "((("):
            list(matching_cases(everything, hostile))
        result = officer_client(officer).get(LIST + "?q=lasers").content.decode()
        assert "PHOTON-9" in result and "LASER-GO" not in result


def test_a_version_with_too_many_words_for_the_index_is_found_by_its_summary(
    versions, next_day, monkeypatch
):
    take = search.index_case

    def too_long(pk, text):
        if text == search.ALL_TEXTS:
            raise DataError("string is too long for tsvector")
        take(pk, text)

    monkeypatch.setattr(search, "index_case", too_long)
    assert index_opened_cases(NEXT_DAY) == 4
    assert matching_cases(Version.objects.all(), "LASER-GO").count() == 4
    assert not matching_cases(Version.objects.all(), "matchmaking").exists()


def test_an_officer_keeps_filters_of_their_own(versions, next_day):
    me = make_officer()
    client = officer_client(me)
    save_url = reverse("admin:proposals_version_save_filter")
    sent = {"name": "To look at", "query": "outcome=officer&evil=1&e=2&queue=mine"}
    assert client.post(save_url, sent)["Location"] == f"{LIST}?queue=mine&outcome=officer"
    mine = me.saved_filters.get()
    assert mine.query == "queue=mine&outcome=officer"
    assert "To look at" in client.get(LIST).content.decode()
    other = officer_client(make_officer())
    assert "To look at" not in other.get(LIST).content.decode()
    forget = reverse("admin:proposals_version_delete_filter", args=[mine.pk])
    other.post(forget)
    assert me.saved_filters.get() == mine
    client.post(save_url, {"name": "", "query": "queue=mine"})
    client.post(save_url, {"name": "Empty", "query": "evil=1"})
    assert me.saved_filters.count() == 1
    assert client.post(forget).status_code == 302 and not me.saved_filters.exists()


def test_who_looked_at_what_is_kept_and_shown(versions, next_day):
    version, officer, auditor = versions[0], make_officer(), make_officer(AUDITORS)
    create_receipt(version)
    client = officer_client(officer)
    sheet = reverse("admin:proposals_version_change", args=[version.pk])
    client.get(sheet)
    client.get(sheet)  # again at once is the same look
    client.get(reverse("proposals:receipt", args=[version.proposal.number, 1]))
    client.post(reverse("admin:proposals_version_note", args=[version.pk]), {"text": "Seen."})
    kinds = list(CaseEvent.objects.filter(by=officer).values_list("kind", "summary").order_by("pk"))
    assert kinds == [("read", "The screening sheet, v1"), ("read", "receipt, v1"), ("noted", "")]
    with clock.frozen_at(NEXT_DAY.replace(hour=10)):
        client.get(sheet)
    assert CaseEvent.objects.filter(by=officer, kind="read").count() == 3
    page = officer_client(auditor).get(
        reverse("admin:proposals_version_history", args=[version.pk])
    )
    assert page.content.decode().count(str(officer)) >= 4
    listed = officer_client(auditor).get(
        reverse("admin:proposals_caseevent_changelist") + f"?by={officer.pk}"
    )
    assert listed.status_code == 200 and "added a note" in listed.content.decode()
    assert str(version.submitted_by) not in listed.content.decode()


def test_the_consortium_leaves_no_trace_among_the_officers(versions, client):
    client.force_login(versions[0].submitted_by)
    client.get(versions[0].get_absolute_url())
    assert not CaseEvent.objects.exists()


def test_nothing_of_a_case_is_kept_before_the_deadline(call):
    version = submit(make_ready(call))
    officer = make_officer()
    client = officer_client(officer)
    for name, sent in (
        ("note", {"text": "x"}),
        ("answer", {"item": "rule:duration", "answer": "agree"}),
    ):
        path = reverse(f"admin:proposals_version_{name}", args=[version.pk])
        assert client.post(path, sent).status_code == 404
    sent = {"version": [version.pk], "officers": [officer.pk]}
    client.post(reverse("admin:proposals_version_assign"), sent)
    assert not Assignment.objects.exists() and not CaseEvent.objects.exists()
    assert SealedAccessAttempt.objects.count() == 2
    with clock.frozen_at(DEADLINE):
        client.post(reverse("admin:proposals_version_assign"), sent)
    assert Assignment.objects.count() == 1
