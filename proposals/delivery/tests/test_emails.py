"""What an email holds besides its subject: a salutation, its cause, one button, and the proof of submission."""

import pytest
from django.core import mail

from applicants.emails import send_html_email
from applicants.tests.factories import make_user
from proposals import tasks
from proposals.consortium import invitations
from proposals.delivery import outbox
from proposals.delivery.emails import _usual_reason
from proposals.helpdesk.enquiries import NewEnquiry, submit_enquiry
from proposals.models import Invitation, QueuedEmail, Receipt
from proposals.proof.receipts import create_receipt
from proposals.submission.notifications import notify_submission
from proposals.tests.factories import make_draft, make_ready, submit

pytestmark = pytest.mark.django_db


def send():
    mail.outbox.clear()
    outbox.process_due_emails(tasks.EMAIL_SENDER)
    return list(mail.outbox)


def submitted(call, **person):
    version = submit(make_ready(call, lead=make_user(**person)))
    QueuedEmail.objects.all().delete()  # what came before the submission
    return version


def test_each_person_is_greeted_by_name_and_others_without(call):
    version = submitted(call, full_name="Lina Vaitkutė")
    notify_submission(version)
    texts = {message.to[0]: message.body for message in send()}
    assert "Lina Vaitkutė" in texts[version.submitted_by.email].splitlines()[0]
    first_lines = {text.splitlines()[0] for text in texts.values()}
    assert len(texts) > 1
    assert len(first_lines) > 1


def test_a_name_that_looks_like_a_link_is_none(call):
    version = submitted(call, full_name="https://evil.example/ click")
    notify_submission(version)
    own = next(message for message in send() if message.to == [version.submitted_by.email])
    assert "https://evil.example" not in own.body
    assert "https://evil.example" not in own.alternatives[0].content


def test_the_proof_of_submission_goes_with_the_email_once_it_is_made(call):
    version = submitted(call)
    notify_submission(version)
    create_receipt(version)
    messages = send()
    assert messages
    for message in messages:
        ((name, content, kind),) = message.attachments
        assert name.endswith(".pdf")
        assert kind == "application/pdf"
        assert content == bytes(Receipt.objects.get(version=version).pdf)


def test_an_email_does_not_wait_for_the_proof(call):
    version = submitted(call)
    notify_submission(version)
    assert all(not message.attachments for message in send())


def test_mailboxes_know_that_no_person_sent_it(call):
    send_html_email("Subject", "Text", to="kim@test.example")
    proposal = make_draft(call)
    invitations.invite(
        proposal,
        email="kim@test.example",
        purpose=Invitation.Purpose.READ,
        participant=None,
        by=proposal.started_by,
    )
    direct = list(mail.outbox)
    for message in direct + send():
        assert message.message()["Auto-Submitted"] == "auto-generated"


def test_an_email_has_one_button_and_says_why_it_came(call):
    version = submitted(call)
    notify_submission(version)
    for message in send():
        html = message.alternatives[0].content
        assert html.count("<a ") == 1
        assert version.proposal.number in html


def test_an_invitation_names_who_entered_the_address_and_links_to_nothing_of_theirs(call):
    lead = make_user(full_name="https://evil.example/ click")
    proposal = make_draft(call, lead=lead)
    QueuedEmail.objects.all().delete()
    invitations.invite(
        proposal,
        email="kim@test.example",
        purpose=Invitation.Purpose.READ,
        participant=None,
        by=lead,
    )
    (message,) = send()
    reason = message.body.strip().splitlines()[-1]
    assert "click" in reason
    assert "https://evil.example" not in message.body
    assert "https://evil.example" not in message.alternatives[0].content


def test_who_asks_the_helpdesk_without_an_account_reads_why_an_email_comes(call):
    asked = NewEnquiry(
        name="Kim", email="kim@test.example", subject="Countries", message="Is Kosovo in?"
    )
    submit_enquiry(asked, call=call, user=None)
    (message,) = send()
    proposal = make_draft(call)
    assert message.body.strip().splitlines()[-1] != _usual_reason(proposal)
    assert message.body.strip().splitlines()[-1] != _usual_reason(None)
