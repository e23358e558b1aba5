"""Decisions in the back office: reasons, A third officer, reversing, many at once, and letters."""

import re
import subprocess
from datetime import date
from io import BytesIO

import page
import pikepdf
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from applicants.models import Organisation
from applicants.tests.factories import make_user
from calls.eligibility import digest_of
from calls.models import Call
from conftest import NEXT_DAY
from foundation import clock
from foundation.legal_periods import InvalidPeriod, last_day_of
from proposals import tasks
from proposals.conditions.call_administration import extend_for_one
from proposals.models import (
    Decision,
    DecisionNotice,
    DecisionReview,
    Letter,
    OutboxMessage,
    QueuedEmail,
    Version,
)
from proposals.officers import cases
from proposals.proof.ledger import sequence
from proposals.proof.ledger_audit import find_problems
from proposals.proof.tests.test_pdf_signature import MISTAKEN, PROFILES
from proposals.screening import bulk, clarifications, decisions
from proposals.screening.automatic_check import screen_closed
from proposals.screening.decisions import (
    CannotDecide,
    CannotNotify,
    CannotReview,
    decision_in_force,
    notify_applicant,
    record_decision,
    review_decision,
)
from proposals.screening.letters import letter_of, render_letter_pdf
from proposals.screening.sheet import newest_verdict, sheet_of
from proposals.submission.submit import withdraw
from proposals.tests.factories import (
    make_officer,
    make_ready,
    partner_of,
    put_in_place_of_p2,
    reload,
    submit,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions(call):
    made = [submit(make_ready(call, countries=("LT", "FR", "AL"))) for _number in range(3)]
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        yield made


@pytest.fixture
def version(versions):
    return versions[0]


def officer_client(officer=None):
    client = Client()
    client.force_login(officer or make_officer())
    return client


def decided(version, outcome="ineligible", reason="Not established."):
    decision = record_decision(version, outcome=outcome, reason=reason, by=make_officer())
    review_decision(decision, answer="confirmed", reason="", by=make_officer())
    return decision


def text_of_pdf(pdf):
    result = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(result.stdout.decode().split())


def text_of(answer):
    return " ".join(answer.content.decode().split())


def fetch_again(version):
    return Version.objects.select_related("proposal__strand__call").get(pk=version.pk)


def test_texts_of_findings_are_put_into_the_reason_and_nothing_typed_is_lost(version):
    client = officer_client()
    path = reverse("admin:proposals_version_decide", args=[version.pk])
    page = text_of(client.get(path))
    assert "Add findings of the automatic check to the reason" in page
    filled = client.post(path, {"outcome": "ineligible", "reason": "Typed.", "add": "established"})
    assert filled.status_code == 200 and not Decision.objects.exists()
    text = text_of(filled)
    assert "Typed." in text and "signed its COSME agreement" in text and "checked" in text
    assert "[Call page, eligible applicants" in text


def test_an_outcome_of_a_version_that_waits_for_an_answer_is_not_recorded_twice(version):
    record_decision(version, outcome="eligible", reason="Met", by=make_officer())
    with pytest.raises(CannotDecide, match="waiting for a second officer"):
        record_decision(version, outcome="ineligible", reason="Not", by=make_officer())
    path = reverse("admin:proposals_version_decide", args=[version.pk])
    answer = officer_client().post(path, {"outcome": "ineligible", "reason": "Typed for long"})
    assert answer.status_code == 422 and "Typed for long" in text_of(answer)


def test_what_was_withdrawn_meanwhile_is_not_decided_on(version):
    with clock.frozen_at(version.received_at):
        withdraw(
            reload(version.proposal), reason="x", by=version.submitted_by, received_at=clock.now()
        )
    with pytest.raises(CannotDecide, match="replaced or withdrawn"):
        record_decision(fetch_again(version), outcome="eligible", reason="x", by=make_officer())


def test_what_was_extended_meanwhile_is_sealed_and_the_typed_reason_comes_back(call, version):
    client = officer_client()
    path = reverse("admin:proposals_version_decide", args=[version.pk])
    assert client.get(path).status_code == 200
    extend_for_one(
        call,
        version.proposal.number,
        until=NEXT_DAY.replace(day=23),
        reason="Fire",
        incident=None,
        by=make_officer(),
    )
    sent = {"outcome": "ineligible", "reason": "A reason that took half an hour to write."}
    answer = client.post(path, sent)
    text = text_of(answer)
    assert answer.status_code == 404 and "Its deadline may have been extended" in text
    assert sent["reason"] in text and not Decision.objects.exists()
    assert version.proposal.number not in text and "LASER-GO" not in text


def test_where_two_have_differed_a_third_officer_answers(version):
    first, second, third = make_officer(), make_officer(), make_officer()
    decision = record_decision(version, outcome="eligible", reason="Met", by=first)
    review_decision(decision, answer="sent-back", reason="It is not.", by=second)
    again = record_decision(version, outcome="eligible", reason="It is", by=first)
    with pytest.raises(CannotReview, match="A third officer"):
        review_decision(again, answer="confirmed", reason="", by=second)
    with (
        pytest.raises(IntegrityError, match="decision_is_reviewed_by_another_officer"),
        transaction.atomic(),
    ):
        DecisionReview.objects.create(
            decision=again, answer="confirmed", reviewed_by=second, reviewed_at=NEXT_DAY
        )
    assert again not in Decision.objects.waiting_for(second)
    assert again in Decision.objects.waiting_for(third)
    review_decision(again, answer="confirmed", reason="", by=third)
    assert decision_in_force(version) == again


def test_who_was_convinced_may_be_confirmed_by_the_same_colleague(version):
    first, second = make_officer(), make_officer()
    decision = record_decision(version, outcome="eligible", reason="Met", by=first)
    review_decision(decision, answer="sent-back", reason="It is not.", by=second)
    other = record_decision(version, outcome="ineligible", reason="Right", by=first)
    review_decision(other, answer="confirmed", reason="", by=second)
    assert decision_in_force(version) == other


def test_a_decision_is_reversed_by_another_and_both_stay(version):
    first = decided(version)
    second = record_decision(version, outcome="eligible", reason="Ratified.", by=make_officer())
    assert second.reverses == first and decision_in_force(version) == first
    review_decision(second, answer="confirmed", reason="", by=make_officer())
    assert decision_in_force(version) == second
    assert version.decisions.confirmed().count() == 2


# --- Many at once ------------------------------------------------------------------------------


def bulk_post(client, task, versions, marks=None, **sent):
    path = reverse("admin:proposals_version_bulk", args=[task])
    shown = marks or [
        f"{item.pk}:{mark}" for item, mark in marks_of(task, versions, client.officer)
    ]
    seen = [version.pk for version in versions] if "do" in sent else []
    return client.post(path, {"case": shown, "shown": shown_words(**sent), "seen": seen} | sent)


def shown_words(outcome="", reason="", with_findings=None, **_more):
    """What the preview of these words gives back to the portal."""
    findings = str(bool(with_findings)) if outcome else ""
    return digest_of([outcome, reason, findings])


def test_words_that_were_changed_after_the_preview_are_not_recorded(versions, client_of_officer):
    client = client_of_officer
    preview = {"outcome": "eligible", "reason": "Met."}
    shown = re.search(
        r'name="shown" value="([^"]+)"', text_of(bulk_post(client, "decide", versions, **preview))
    )[1]
    changed = preview | {"reason": "Something else.", "do": "yes", "shown": shown}
    answer = text_of(bulk_post(client, "decide", versions, **changed))
    assert "the decision or the reason changed after the preview" in answer
    assert answer.count("Something else.") == 4 and not Decision.objects.exists()
    assert (
        bulk_post(client, "decide", versions, do="yes", **preview | {"shown": shown}).status_code
        == 302
    )
    assert set(Decision.objects.values_list("reason", flat=True)) == {"Met."}


def test_what_is_left_out_is_named_in_the_preview_too(versions, client_of_officer):
    client = client_of_officer
    record_decision(versions[0], outcome="eligible", reason="Met.", by=make_officer())
    listed = {"action": "decide_alike", "_selected_action": [version.pk for version in versions]}
    page = client.post(reverse("admin:proposals_version_changelist"), listed)
    left = [item.version.pk for item in page.context["left_out"]]
    assert left == [versions[0].pk]
    sent = {"outcome": "eligible", "reason": "Met.", "left_out": left}
    preview = text_of(bulk_post(client, "decide", versions[1:], **sent))
    assert "Not included" in preview and str(versions[0]) in preview


def marks_of(task, versions, officer):
    fetched = [fetch_again(version) for version in versions]
    return [(case.version, case.mark) for case in bulk.cases_for(task, fetched, by=officer)]


@pytest.fixture
def client_of_officer(versions):
    officer = make_officer()
    client = officer_client(officer)
    client.officer = officer
    return client


def test_many_cases_are_shown_exactly_and_then_decided(versions, client_of_officer):
    client = client_of_officer
    chosen = {"action": "decide_alike", "_selected_action": [version.pk for version in versions]}
    page = text_of(client.post(reverse("admin:proposals_version_changelist"), chosen))
    assert "3 cases" in page and "Record these decisions" not in page
    sent = {"outcome": "ineligible", "reason": "One partner is out.", "with_findings": "on"}
    preview = text_of(bulk_post(client, "decide", versions, **sent))
    assert "Record these decisions" in preview and not Decision.objects.exists()
    assert preview.count("signed its COSME agreement") == 3
    assert bulk_post(client, "decide", versions, do="yes", **sent).status_code == 302
    assert Decision.objects.filter(outcome="ineligible").count() == 3
    assert "signed its COSME agreement" in Decision.objects.first().reason
    second = officer_client(make_officer())
    second.officer = make_officer()
    assert bulk_post(second, "confirm", versions, do="yes").status_code == 302
    assert Decision.objects.confirmed().count() == 3
    assert bulk_post(second, "inform", versions, do="yes").status_code == 302
    assert DecisionNotice.objects.count() == 3


def test_a_case_with_remarks_is_done_in_a_bulk_only_where_it_was_ticked(
    versions, client_of_officer
):
    """Nothing of the sheet is answered, which the page of a single case would remark too."""
    client = client_of_officer
    sent = {"outcome": "eligible", "reason": "Met."}
    preview = bulk_post(client, "decide", versions, **sent)
    for case in preview.context["cases"]:
        assert case.remarks == decisions.remarks_on(case.version, "eligible", by=client.officer)
    boxes = re.findall(r'<input type="checkbox" name="seen"[^>]*>', preview.content.decode())
    assert len(boxes) == 3 and not any("checked" in box for box in boxes)
    ticked = versions[0]
    bulk_post(client, "decide", versions, do="yes", seen=[ticked.pk], **sent)
    assert [decision.version for decision in Decision.objects.all()] == [ticked]


def test_a_call_keeps_cases_with_remarks_out_of_a_bulk(call, versions, client_of_officer):
    Call.objects.filter(pk=call.pk).update(bulk_with_remarks=False)
    client = client_of_officer
    sent = {"outcome": "eligible", "reason": "Met."}
    preview = bulk_post(client, "decide", versions, **sent)
    assert not preview.context["cases"] and len(preview.context["left_out"]) == 3
    answer = bulk_post(
        client, "decide", versions, do="yes", seen=[version.pk for version in versions], **sent
    )
    assert answer.status_code == 409 and not Decision.objects.exists()


def test_confirming_shows_the_same_remarks_for_one_case_and_for_many(versions, client_of_officer):
    decision = record_decision(versions[0], outcome="eligible", reason="Met.", by=make_officer())
    client = client_of_officer
    (case,) = bulk.cases_for("confirm", [fetch_again(versions[0])], by=client.officer)
    path = reverse("admin:proposals_decision_change", args=[decision.pk])
    answer = client.post(path, {"answer": "confirmed", "reason": ""})
    assert answer.status_code == 422 and answer.context["remarks"] == case.remarks != []
    assert not Decision.objects.confirmed().exists()
    assert client.post(path, {"answer": "confirmed", "reason": "", "sure": "on"}).status_code == 302
    assert Decision.objects.confirmed().exists()


def test_if_one_case_changed_meanwhile_nothing_is_done_and_it_is_named(versions, client_of_officer):
    client = client_of_officer
    shown = [f"{item.pk}:{mark}" for item, mark in marks_of("decide", versions, client.officer)]
    record_decision(versions[1], outcome="eligible", reason="Met", by=make_officer())
    sent = {"outcome": "ineligible", "reason": "Typed", "do": "yes"}
    answer = bulk_post(client, "decide", versions, marks=shown, **sent)
    assert answer.status_code == 409
    text = text_of(answer)
    assert (
        "Nothing was done" in text
        and f"{versions[1]}: A decision on this version is already" in text
    )
    assert "Typed" in text and Decision.objects.count() == 1


def test_a_verdict_made_again_meanwhile_stops_the_run(versions, client_of_officer):
    client = client_of_officer
    shown = [f"{item.pk}:{mark}" for item, mark in marks_of("decide", versions, client.officer)]
    newest = versions[2].verdicts.order_by("-pk").first()
    newest.pk, newest.cause = None, "change 1: A test"
    newest._state.adding = True
    newest.save()
    sent = {"outcome": "ineligible", "reason": "Typed", "do": "yes"}
    text = text_of(bulk_post(client, "decide", versions, marks=shown, **sent))
    assert f"{versions[2]} has changed since you opened this page" in text
    assert not Decision.objects.exists()


def test_a_case_with_an_interest_is_not_decided_on_in_a_bulk(versions, client_of_officer):
    client = client_of_officer
    shown = [f"{item.pk}:{mark}" for item, mark in marks_of("decide", versions, client.officer)]
    cases.declare_conflict(versions[0].proposal, reason="A friend", by=client.officer)
    sent = {"outcome": "ineligible", "reason": "Typed", "do": "yes"}
    answer = bulk_post(client, "decide", versions, marks=shown, **sent)
    assert answer.status_code == 409 and "You can no longer open one of these cases" in text_of(
        answer
    )
    assert not Decision.objects.exists()


def test_of_two_runs_at_once_the_second_stops(versions, client_of_officer):
    """Both were shown the same cases; the lock lets one go first."""
    client = client_of_officer
    shown = [f"{item.pk}:{mark}" for item, mark in marks_of("decide", versions, client.officer)]
    sent = {"outcome": "ineligible", "reason": "Typed", "do": "yes"}
    other = officer_client(make_officer())
    assert bulk_post(other, "decide", versions, marks=shown, **sent).status_code == 302
    assert bulk_post(client, "decide", versions, marks=shown, **sent).status_code == 409
    assert Decision.objects.count() == 3


@pytest.mark.parametrize("case", [["x:y"], ["999999999:abc"], [""], []])
def test_damaged_cases_do_nothing(versions, client_of_officer, case):
    answer = bulk_post(
        client_of_officer,
        "decide",
        versions,
        marks=case or ["0:0"],
        outcome="eligible",
        reason="x",
        do="yes",
    )
    assert answer.status_code in {302, 409} and not Decision.objects.exists()


@pytest.mark.parametrize("task", ["decide", "confirm", "inform"])
def test_an_officer_whose_role_is_taken_away_with_the_page_open_does_nothing(
    versions, client_of_officer, task
):
    client_of_officer.officer.groups.clear()
    answer = bulk_post(client_of_officer, task, versions, outcome="eligible", reason="x", do="yes")
    assert answer.status_code == 403 and not Decision.objects.exists()


# --- Letters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "period", "end"),
    [
        ("2015-04-22", "30 days", "2015-05-22"),
        ("2015-01-31", "1 month", "2015-02-28"),
        ("2015-04-22", "2 months", "2015-06-22"),
        ("2016-02-29", "2 years", "2018-02-28"),
        ("2015-04-22", "2 weeks", "2015-05-06"),
    ],
)
def test_periods_are_counted_from_the_day_after(start, period, end):
    assert last_day_of(date.fromisoformat(start), period) == date.fromisoformat(end)


@pytest.mark.parametrize("text", ["", "0 days", "soon", "1 month ", "99999 days", "1 fortnight"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(InvalidPeriod):
        last_day_of(date(2015, 4, 22), text)


def test_deciding_and_informing_are_two_steps(version):
    decision = record_decision(version, outcome="ineligible", reason="x", by=make_officer())
    with pytest.raises(CannotNotify, match="once a second officer has confirmed it"):
        notify_applicant(decision, by=make_officer())
    with (
        pytest.raises(IntegrityError, match="notice_is_of_confirmed_decision"),
        transaction.atomic(),
    ):
        DecisionNotice.objects.create(
            decision=decision, notified_by=make_officer(), notified_at=NEXT_DAY
        )
    review_decision(decision, answer="confirmed", reason="", by=make_officer())
    lead = officer_client(version.submitted_by)
    notices = reverse("proposals:decisions", args=[version.proposal.number])
    assert "There is no decision yet" in text_of(lead.get(notices))
    notify_applicant(decision, by=make_officer())
    with pytest.raises(
        CannotNotify, match="already sent the applicant a letter about this decision"
    ):
        notify_applicant(decision, by=make_officer())


def test_a_word_that_something_must_be_clarified_is_no_letter(version):
    with pytest.raises(CannotNotify, match="clarification request instead"):
        notify_applicant(decided(version, outcome="clarify"), by=make_officer())


def test_the_letter_is_sealed_mailed_and_stands_in_the_workspace(version):
    decision = decided(version, reason="The third partner is not established.\n\nSorry.")
    client = officer_client()
    page = reverse("admin:proposals_decision_change", args=[decision.pk])
    assert "Send letter" in text_of(client.get(page))
    letter_page = reverse("admin:proposals_decision_letter", args=[decision.pk])
    sample = client.get(letter_page).content
    assert "SAMPLE" in text_of_pdf(sample) and b"/ByteRange" not in sample
    assert (
        client.post(reverse("admin:proposals_decision_notify", args=[decision.pk])).status_code
        == 302
    )
    assert "The letter is being created" in text_of(client.get(page))
    tasks.process_outbox()
    tasks.process_outbox()
    sealed = bytes(letter_of(decision).pdf)
    text = text_of_pdf(sealed)
    for part in (
        "Your proposal is not eligible",
        "The third partner is not established.",
        "signed its COSME agreement",
        "Review of admissibility and eligibility",
        "until 22 May 2015",
        "until 22 June 2015",
        version.sha256,
        "within 30 days",
    ):
        assert part in text, part
    assert b"/ByteRange" in sealed and "SAMPLE" not in text
    mails = QueuedEmail.objects.filter(key__startswith="letter:")
    assert version.submitted_by.email in {mail.to for mail in mails}
    state = text_of(client.get(page))
    assert (
        "Letter with electronic seal (PDF)" in state
        and f"{version.submitted_by.email}: done" in state
    )
    assert client.get(letter_page).content == sealed
    number = version.proposal.number
    for person, status in (
        (version.submitted_by, 200),
        (partner_of(version.proposal), 200),
        (make_user(), 404),
    ):
        answer = officer_client(person).get(reverse("proposals:letter", args=[number, decision.pk]))
        assert answer.status_code == status
    assert (
        officer_client(version.submitted_by)
        .get(reverse("proposals:letter", args=[number, 999]))
        .status_code
        == 404
    )
    sequence()
    assert list(find_problems()) == []


def test_a_letter_is_made_once_whatever_dies_on_the_way(version):
    decision = decided(version)
    notify_applicant(decision, by=make_officer())
    message = OutboxMessage.objects.get(kind="letter")
    for _turn in range(3):
        tasks.HANDLERS["letter"](OutboxMessage.objects.get(pk=message.pk))
    assert Letter.objects.count() == 1
    assert QueuedEmail.objects.filter(key__startswith=f"letter:{decision.pk}:").count() == len(
        set(QueuedEmail.objects.filter(key__startswith="letter:").values_list("to", flat=True))
    )


def test_a_reversed_decision_has_a_letter_of_its_own_that_says_so(version):
    first = decided(version)
    notify_applicant(first, by=make_officer())
    second = decided(version, outcome="eligible", reason="Ratified.")
    notify_applicant(second, by=make_officer())
    tasks.process_outbox()
    text = text_of_pdf(bytes(letter_of(second).pdf))
    assert "This letter replaces the letter of 22 April 2015, 09:00:00 Brussels" in text
    assert "which stated: “Your proposal is not eligible and will not be evaluated.”" in text
    assert letter_of(first).pk != letter_of(second).pk
    with pytest.raises(CannotNotify):
        notify_applicant(first, by=make_officer())


@pytest.fixture
def notified(version):
    """A version of which a letter said on 22 April 2015 that it is not eligible."""
    notify_applicant(decided(version, reason="Seat outside."), by=make_officer())
    return fetch_again(version)


DECISION_IN_FORCE = (
    "Not eligible",
    "Seat outside.",
    "22 April 2015, 09:00:00 Brussels",
    "30 days, until 22 May 2015",
    "2 months, until 22 June 2015",
    "still open",
)


def test_periods_of_a_letter_that_went_out_stay_when_the_call_names_others(notified):
    call = notified.proposal.call
    call.remedies = [{"title": "Another way", "within": "5 days", "text": "Write to us."}]
    call.save()
    page = text_of(
        officer_client().get(reverse("admin:proposals_version_decide", args=[notified.pk]))
    )
    for part in DECISION_IN_FORCE:
        assert part in page, part
    decision = fetch_again(notified).decisions.get()
    letter = text_of_pdf(render_letter_pdf(decision, fetch_again(notified), notified_at=NEXT_DAY))
    assert "2 months, until 22 June 2015" in letter and "Another way" not in letter


def test_who_records_a_reversal_sees_what_was_decided_and_told(notified):
    client, path = officer_client(), reverse("admin:proposals_version_decide", args=[notified.pk])
    page = text_of(client.get(path))
    for part in ("Your decision will replace an earlier one", *DECISION_IN_FORCE):
        assert part in page, part
    answer = client.post(path, {"outcome": "eligible", "reason": "Ratified."})
    assert answer.status_code == 422
    assert any(
        "replaces the decision “Not eligible”" in remark for remark in answer.context["remarks"]
    )
    assert any(
        "A letter of 22 April 2015" in remark
        and "Review of admissibility and eligibility: 22 May 2015" in remark
        for remark in answer.context["remarks"]
    )


def test_who_confirms_a_reversal_sees_both_texts_the_letter_and_its_periods(notified):
    again = record_decision(notified, outcome="eligible", reason="Ratified.", by=make_officer())
    client, path = officer_client(), reverse("admin:proposals_decision_change", args=[again.pk])
    page = text_of(client.get(path))
    for part in ("This decision replaces an earlier one", "Ratified.", *DECISION_IN_FORCE):
        assert part in page, part
    answer = client.post(path, {"answer": "confirmed", "reason": ""})
    assert answer.status_code == 422
    assert any(
        "replaces the decision “Not eligible”" in remark for remark in answer.context["remarks"]
    )
    assert client.post(path, {"answer": "confirmed", "reason": "", "sure": "on"}).status_code == 302
    earlier = text_of(
        client.get(reverse("admin:proposals_decision_change", args=[again.reverses_id]))
    )
    assert "It was replaced by “Eligible”" in earlier


def test_many_reversals_are_shown_and_ticked_as_one_is(notified, client_of_officer):
    client = client_of_officer
    preview = bulk_post(client, "decide", [notified], outcome="eligible", reason="Ratified.")
    for part in DECISION_IN_FORCE:
        assert part in text_of(preview), part
    again = record_decision(notified, outcome="eligible", reason="Ratified.", by=make_officer())
    shown = text_of(bulk_post(client, "confirm", [notified]))
    for part in ("This decision replaces an earlier one", "Ratified.", *DECISION_IN_FORCE):
        assert part in shown, part
    bulk_post(client, "confirm", [notified], do="yes", seen=[])
    assert again not in Decision.objects.confirmed()


def test_periods_that_have_ended_are_said_to_have(notified):
    with clock.frozen_at(NEXT_DAY.replace(month=5, day=23)):
        page = text_of(
            officer_client().get(reverse("admin:proposals_version_decide", args=[notified.pk]))
        )
    assert re.search(r"until 22 May 2015 <span[^>]*>\s*expired", page)
    assert re.search(r"until 22 June 2015 <span[^>]*>\s*still open", page)


def test_the_letter_is_named_also_where_a_decision_between_was_never_told(notified):
    decided(notified, outcome="clarify", reason="Ask.")
    last = decided(notified, outcome="eligible", reason="Ratified.")
    assert "which stated: “Your proposal is not eligible" in text_of_pdf(
        render_letter_pdf(last, fetch_again(notified), notified_at=NEXT_DAY)
    )
    page = text_of(officer_client().get(reverse("admin:proposals_decision_change", args=[last.pk])))
    assert "The applicant was informed of “Not eligible” about version 1" in page


def test_of_a_decision_that_nobody_was_told_of_the_letter_says_nothing(version):
    decided(version)
    last = decided(version, outcome="eligible", reason="Ratified.")
    assert "replaces" not in text_of_pdf(
        render_letter_pdf(last, fetch_again(version), notified_at=NEXT_DAY)
    )
    page = text_of(officer_client().get(reverse("admin:proposals_decision_change", args=[last.pk])))
    assert (
        "This decision replaces an earlier one" in page
        and "No letter has been sent about it." in page
    )


def test_the_history_says_what_was_reversed(notified):
    decided(notified, outcome="eligible", reason="Ratified.")
    page = text_of(
        officer_client().get(reverse("admin:proposals_version_history", args=[notified.pk]))
    )
    assert page.count("Eligible, replaces “Not eligible”") == 2
    sheet_page = text_of(
        officer_client().get(reverse("admin:proposals_version_change", args=[notified.pk]))
    )
    assert "replaces “Not eligible”" in sheet_page and "Letter sent" in sheet_page
    listing = text_of(officer_client().get(reverse("admin:proposals_decision_changelist")))
    assert "Replaces" in listing.replace("replaces", "Replaces")


def test_the_applicant_sees_which_letter_is_replaced_and_until_when_to_contest(notified):
    lead = officer_client(notified.submitted_by)
    path = reverse("proposals:decisions", args=[notified.proposal.number])
    assert "Review of admissibility and eligibility: 22 May 2015" in text_of(lead.get(path))
    again = decided(notified, outcome="eligible", reason="Ratified.")
    assert "replaced" not in text_of(lead.get(path))
    notify_applicant(again, by=make_officer())
    page = text_of(lead.get(path))
    assert "This decision is no longer in force." in page
    assert "This letter replaces an earlier one:" in page
    assert page.count("Review of admissibility and eligibility: 22 May 2015") == 1
    tasks.process_outbox()
    (mail,) = QueuedEmail.objects.filter(
        key__startswith=f"letter:{again.pk}:", to=notified.submitted_by.email
    )
    assert "has changed" in mail.text and "22 April 2015" in mail.text


def test_a_letter_tells_nothing_of_other_proposals(call):
    with clock.frozen_at(NEXT_DAY.replace(day=20)):
        first, second = make_ready(call), make_ready(call)
        shared = first.participants.get(key="p2").organisation
        put_in_place_of_p2(second, shared)
        version = submit(reload(first))
        submit(reload(second))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        assert version.verdicts.get(audience="officer").rules_not_met == ["one-application"]
        decision = decided(fetch_again(version), outcome="eligible", reason="Met.")
        text = text_of_pdf(render_letter_pdf(decision, fetch_again(version), notified_at=NEXT_DAY))
    assert "another submitted proposal" not in text
    assert "All of them are met." in text


def test_a_sample_says_on_every_page_that_it_is_none(version):
    decision = decided(version, reason="Long. " * 900)
    pdf = render_letter_pdf(decision, fetch_again(version), notified_at=NEXT_DAY, is_sample=True)
    with pikepdf.open(BytesIO(pdf)) as opened:
        pages = len(opened.pages)
    assert (
        pages > 1 and text_of_pdf(pdf).count("SAMPLE: this letter has not been sent") == pages + 1
    )


def test_another_program_finds_the_letter_accessible_and_archival(version):
    decision = decided(version)
    notify_applicant(decision, by=make_officer())
    tasks.process_outbox()
    for profile in PROFILES:
        validation_report = page.validate_pdf_bytes(bytes(letter_of(decision).pdf), profile=profile)
        assert {failure.rule_id for failure in validation_report.failures} <= MISTAKEN


@pytest.mark.parametrize("table", ["letter", "decisionnotice"])
def test_letters_and_notices_are_final(version, table):
    notify_applicant(decided(version), by=make_officer())
    tasks.process_outbox()
    for statement in (f"UPDATE proposals_{table} SET id = id", f"DELETE FROM proposals_{table}"):
        with pytest.raises(Exception, match="Cannot"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)


def test_hostile_texts_stay_texts_in_the_letter(version):
    decision = decided(version, reason="<img src=x onerror=alert(1)> & <b>bold</b>")
    pdf = render_letter_pdf(decision, fetch_again(version), notified_at=NEXT_DAY)
    assert "<b>bold</b>" in text_of_pdf(pdf)
    with pikepdf.open(BytesIO(pdf)) as opened:
        assert "/Lang" in opened.Root and "/StructTreeRoot" in opened.Root


def test_a_careless_outcome_is_asked_about(versions):
    version, officer = versions[0], make_officer()
    cases.assign([version.proposal], make_officer(), by=officer)
    clarifications.request_clarification(
        version, "Why?", due_at=NEXT_DAY.replace(day=29), by=officer
    )
    remarks = " ".join(
        decisions.remarks_on(Version.objects.get(pk=version.pk), "eligible", by=officer)
    )
    for part in (
        "This case is assigned to",
        "points on the screening sheet are checked",
        "can still reply to a clarification request until",
    ):
        assert part in remarks
    assert decisions.remarks_on(Version.objects.get(pk=version.pk), "clarify", by=officer) == [
        f"This case is assigned to {version.proposal.assignment.officer}."
    ]


def test_who_gets_an_outcome_back_finds_it_with_what_was_said(versions):
    first, second = make_officer(), make_officer()
    decision = record_decision(versions[0], outcome="eligible", reason="All met.", by=first)
    review_decision(decision, answer="sent-back", reason="Look at p2.", by=second)
    client = officer_client(first)
    listing = client.get(reverse("admin:proposals_version_changelist"), {"queue": "sent-back"})
    assert [item.pk for item in listing.context["cl"].queryset] == [versions[0].pk]
    page = text_of(client.get(reverse("admin:proposals_version_decide", args=[versions[0].pk])))
    assert "Look at p2." in page and "All met." in page
    record_decision(versions[0], outcome="ineligible", reason="p2 is out.", by=first)
    again = client.get(reverse("admin:proposals_version_changelist"), {"queue": "sent-back"})
    assert not again.context["cl"].queryset


def test_texts_for_applicants_say_nothing_of_other_proposals(version):
    stored = newest_verdict(version)
    content = stored.verdict.as_json()
    for finding in content["findings"]:
        finding["outcome"] = "officer" if finding["rule"] == "one-application" else "pass"
    stored.content = content
    assert decisions.snippets(version, stored) == []


# --- Names in texts ------------------------------------------------------------------------------

KEY = re.compile(r"\(p\d|\((?:consortium|proposal|submission)\)")


@pytest.fixture
def alike(call):
    """Two partners in Albania that have the same name, about both of which an officer decides."""
    proposal = make_ready(call, countries=("LT", "FR", "AT", "AL", "AL"))
    for participant in proposal.participants.filter(key__in=("p4", "p5")):
        Organisation.objects.filter(pk=participant.organisation_id).update(
            legal_name="Tirana Cluster", cluster_name=""
        )
    version = submit(reload(proposal))
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        yield fetch_again(version)


def test_letter_and_reasons_name_participants_and_never_keys(alike):
    texts = [text for _rule, text in decisions.snippets(alike, newest_verdict(alike))]
    letter = text_of_pdf(
        render_letter_pdf(decided(alike), fetch_again(alike), notified_at=NEXT_DAY)
    )
    for text in (*texts, letter):
        assert not KEY.search(text)
        assert "Tirana Cluster" not in re.sub(r"Tirana Cluster \(", "", text)
    assert "Tirana Cluster (participant 4) is established in Albania" in letter
    assert "Tirana Cluster (participant 5) is established in Albania" in letter
    assert "officer decides" not in letter


def test_what_the_reason_quotes_is_not_said_again_in_the_letter(alike):
    reason = "\n\n".join(text for _rule, text in decisions.snippets(alike, newest_verdict(alike)))
    letter = text_of_pdf(
        render_letter_pdf(decided(alike, reason=reason), fetch_again(alike), notified_at=NEXT_DAY)
    )
    assert letter.count("Tirana Cluster (participant 4) is established in Albania") == 1
    assert "Findings quoted in the reasons above are not repeated here." in letter
    assert "All of them are met" not in letter


def test_rule_and_source_are_said_once_however_many_findings_a_rule_has(alike):
    texts = dict(decisions.snippets(alike, newest_verdict(alike)))
    assert texts["established"].count("Established in a participating country") == 1
    assert texts["established"].count("[") == 1


def test_no_page_of_a_case_shows_the_key_of_a_participant(alike):
    client = officer_client()
    sent = {"item": "element:p4:C1", "answer": "yes", "revision": 0}
    item = next(line.item for line in sheet_of(alike, None).checklists[3].lines)
    answer = client.post(
        reverse("admin:proposals_version_answer", args=[alike.pk]), sent | {"item": item}
    )
    assert answer.status_code == 302
    decision = record_decision(alike, outcome="ineligible", reason="x", by=make_officer())
    pages = [
        client.get(reverse("admin:proposals_version_change", args=[alike.pk])),
        client.get(reverse("admin:proposals_version_decide", args=[alike.pk])),
        client.get(reverse("admin:proposals_decision_change", args=[decision.pk])),
        client.get(
            f"{reverse('admin:proposals_version_request_clarification', args=[alike.pk])}?item=rule:established"
        ),
        *[
            client.get(address)
            for address in page_addresses(
                client.get(reverse("admin:proposals_version_change", args=[alike.pk]))
            )
        ],
        officer_client(alike.submitted_by).get(
            reverse("proposals:version", args=[alike.proposal.number, 1])
        ),
    ]
    for answer in pages:
        assert answer.status_code == 200
        shown = re.sub(r"<[^>]*>", " ", answer.content.decode())
        assert not re.search(r"\bp[1-5]\b", shown), re.search(
            r".{60}\bp[1-5]\b.{40}", shown, re.DOTALL
        )


def page_addresses(sheet_page):
    """Pages of the same case to which the sheet leads."""
    results = re.findall(
        r'href="(/admin/proposals/version/\d+/[^"?]*)"', sheet_page.content.decode()
    )
    return {item for item in results if "replies" not in item}
