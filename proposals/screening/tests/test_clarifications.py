"""Questions to a consortium and its answers: on record, in time, once, and never a change of the version."""

from datetime import timedelta

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from conftest import NEXT_DAY
from foundation import clock
from proposals.models import (
    ClarificationFile,
    ClarificationReply,
    ClarificationRequest,
    LedgerRecord,
    QueuedEmail,
    Version,
)
from proposals.proof.ledger import sequence
from proposals.proof.ledger_audit import find_problems
from proposals.screening.clarifications import (
    CannotReply,
    CannotRequestClarification,
    remind_of_clarification_requests,
    request_clarification,
    store_reply,
)
from proposals.submission.submit import withdraw
from proposals.tests.factories import make_officer, make_ready, partner_of, reload, submit
from proposals.workspace.tests.test_uploads import pdf_bytes

pytestmark = pytest.mark.django_db
DUE = NEXT_DAY.replace(day=29, hour=17)


@pytest.fixture
def version(call):
    submitted = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        yield submitted


@pytest.fixture
def question(version):
    return request_clarification(
        version, "Who owns LITEK?\nPlease send its statutes.", due_at=DUE, by=make_officer()
    )


def pdf(name="statutes.pdf", pages=2):
    return SimpleUploadedFile(name, pdf_bytes(pages=pages), "application/pdf")


def as_person(person):
    client = Client()
    client.force_login(person)
    return client


def path_of(question, name="reply"):
    return reverse(f"proposals:{name}", args=[question.version.proposal.number, question.pk])


def test_an_officer_asks_and_the_consortium_is_told(version):
    client = as_person(make_officer())
    path = reverse("admin:proposals_version_request_clarification", args=[version.pk])
    text = client.get(path + "?item=rule:duration").content.decode()
    assert 'value="29 April 2015 17:00"' in text
    assert client.post(path, {"text": "  ", "due_at": "2015-04-29T17:00"}).status_code == 422
    early = client.post(path, {"text": "Why?", "due_at": "2015-04-22T08:59"})
    assert early.status_code == 422 and "must be in the future" in early.content.decode()
    sent = {"text": "Why <b>18</b> months?", "due_at": "2015-04-29T17:00", "item": "rule:duration"}
    assert client.post(path, sent).status_code == 302
    question = ClarificationRequest.objects.get()
    assert (question.due_at, question.item) == (DUE, "rule:duration")
    mails = QueuedEmail.objects.filter(key__startswith="question:")
    assert version.submitted_by.email in {mail.to for mail in mails}
    assert "&lt;b&gt;" in mails[0].html and "17:00:00 Brussels" in mails[0].text
    lead = as_person(version.submitted_by)
    assert "Clarification request" in lead.get(reverse("proposals:mine")).content.decode()
    overview = lead.get(version.proposal.get_absolute_url()).content.decode()
    assert "The officers have sent your consortium a clarification request." in overview


def test_people_of_the_coordinator_answer_once_with_files(question, version):
    lead = as_person(version.submitted_by)
    before = Version.objects.values().get(pk=version.pk)
    assert "Send reply" in lead.get(path_of(question)).content.decode()
    sent = {"text": "Its members.", "pdfs": [pdf(), pdf("register.pdf", 1)]}
    assert lead.post(path_of(question), sent).status_code == 302
    stored = ClarificationReply.objects.get()
    assert stored.text == "Its members." and stored.replied_by == version.submitted_by
    assert [(file.name, file.pages) for file in stored.files.all()] == [
        ("statutes.pdf", 2),
        ("register.pdf", 1),
    ]
    assert Version.objects.values().get(pk=version.pk) == before
    again = lead.post(path_of(question), {"text": "More of it"})
    assert again.status_code == 409
    assert "already replied to this clarification request" in again.content.decode()
    assert "More of it" in again.content.decode()
    officer = as_person(make_officer())
    page = officer.get(
        reverse("admin:proposals_version_change", args=[version.pk])
    ).content.decode()
    assert "Its members." in page and "statutes.pdf" in page
    file = ClarificationFile.objects.order_by("pk").first()
    fetched = officer.get(reverse("admin:proposals_version_reply_file", args=[version.pk, file.pk]))
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="statutes.pdf"'
    own = lead.get(reverse("proposals:reply-file", args=[version.proposal.number, file.pk]))
    assert b"".join(own.streaming_content) == b"".join(fetched.streaming_content)
    sequence()
    assert list(find_problems()) == []
    assert {"question", "reply"} <= set(LedgerRecord.objects.values_list("kind", flat=True))


def test_an_answer_one_second_late_is_refused_and_given_back(question, version):
    lead = as_person(version.submitted_by)
    with clock.frozen_at(DUE):
        answer = lead.post(path_of(question), {"text": "Typed for an hour", "pdfs": [pdf()]})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Your reply was not accepted" in text and "Typed for an hour" in text
    assert not ClarificationReply.objects.exists()
    with clock.frozen_at(DUE - timedelta(milliseconds=1)):
        assert lead.post(path_of(question), {"text": "Just in time"}).status_code == 302


def test_the_database_refuses_a_late_answer_and_any_change(question, version):
    with pytest.raises(IntegrityError, match="reply_is_in_time"), transaction.atomic():
        ClarificationReply.objects.create(
            clarification_request=question,
            text="x",
            replied_by=version.submitted_by,
            replied_at=DUE,
        )
    store_reply(
        question, "Its members.", files=[pdf()], by=version.submitted_by, received_at=NEXT_DAY
    )
    for table in ("clarificationrequest", "clarificationreply"):
        for statement in ("UPDATE proposals_{} SET text = 'x'", "DELETE FROM proposals_{}"):
            with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(statement.format(table))


@pytest.mark.parametrize("bad", ["encrypted", "no-pdf", "six"])
def test_a_file_that_cannot_be_taken_keeps_the_text_and_stores_nothing(question, version, bad):
    files = {
        "encrypted": [
            SimpleUploadedFile(
                "a.pdf", pdf_bytes(encryption=pikepdf.Encryption(owner="x", user="x"))
            )
        ],
        "no-pdf": [pdf(), SimpleUploadedFile("a.pdf", b"<html>")],
        "six": [pdf() for _number in range(6)],
    }[bad]
    sent = {"text": "Its members.", "pdfs": files}
    answer = as_person(version.submitted_by).post(path_of(question), sent)
    assert answer.status_code == 422 and "Its members." in answer.content.decode()
    assert not ClarificationReply.objects.exists() and not ClarificationFile.objects.exists()


def test_a_partner_reads_and_does_not_answer_and_a_stranger_sees_nothing(question, version):
    partner = as_person(partner_of(version.proposal))
    assert "Only the coordinator can reply." in partner.get(path_of(question)).content.decode()
    assert partner.post(path_of(question), {"text": "I know"}).status_code == 403
    stranger = as_person(make_user())
    assert stranger.get(path_of(question)).status_code == 404
    assert stranger.post(path_of(question), {"text": "I know"}).status_code == 404


def test_a_question_of_another_proposal_is_not_there(question, version, call):
    with clock.frozen_at(version.received_at):
        other = submit(make_ready(call))
    path = reverse("proposals:reply", args=[other.proposal.number, question.pk])
    assert as_person(other.submitted_by).get(path).status_code == 404


def test_nobody_asks_about_what_does_not_count(version):
    with clock.frozen_at(version.received_at):
        withdraw(
            reload(version.proposal), reason="x", by=version.submitted_by, received_at=clock.now()
        )
    result = Version.objects.select_related("proposal__strand__call").get(pk=version.pk)
    with pytest.raises(CannotRequestClarification, match="replaced or withdrawn"):
        request_clarification(result, "Why?", due_at=DUE, by=make_officer())


def test_reminders_come_three_days_and_one_day_before_once_each(question):
    def reminded(moment):
        with clock.frozen_at(moment):
            remind_of_clarification_requests(moment)
        return QueuedEmail.objects.filter(key__startswith=f"question:{question.pk}").count()

    first = reminded(NEXT_DAY)
    assert reminded(DUE - timedelta(days=3, seconds=1)) == first
    assert reminded(DUE - timedelta(days=3)) == 2 * first
    assert reminded(DUE - timedelta(days=2)) == 2 * first
    assert reminded(DUE - timedelta(hours=20)) == 3 * first
    assert reminded(DUE + timedelta(days=1)) == 3 * first


def test_what_is_answered_is_not_reminded_of(question, version):
    store_reply(question, "Its members.", by=version.submitted_by, received_at=NEXT_DAY)
    before = QueuedEmail.objects.count()
    with clock.frozen_at(DUE - timedelta(hours=5)):
        assert remind_of_clarification_requests(clock.now()) == 0
    assert QueuedEmail.objects.count() == before
    with pytest.raises(CannotReply, match="already replied"):
        store_reply(question, "More", by=version.submitted_by, received_at=NEXT_DAY)


def test_a_file_in_quarantine_is_opened_by_nobody(question, version):
    store_reply(question, "See file", files=[pdf()], by=version.submitted_by, received_at=NEXT_DAY)
    ClarificationFile.objects.update(scan="waiting")
    file = ClarificationFile.objects.get()
    officer = as_person(make_officer())
    path = reverse("admin:proposals_version_reply_file", args=[version.pk, file.pk])
    assert officer.get(path).status_code == 409
    own = reverse("proposals:reply-file", args=[version.proposal.number, file.pk])
    assert as_person(version.submitted_by).get(own).status_code == 409


def test_the_list_of_questions_is_filtered(question, version):
    officer = as_person(make_officer())
    path = reverse("admin:proposals_clarificationrequest_changelist")
    for query, is_there in (
        ("", True),
        ("?answer=waiting", True),
        ("?answer=overdue", False),
        ("?answer=answered", False),
    ):
        assert ("Who owns LITEK?" in officer.get(path + query).content.decode()) == is_there, query
    with clock.frozen_at(DUE):
        assert "Who owns LITEK?" in officer.get(path + "?answer=overdue").content.decode()
