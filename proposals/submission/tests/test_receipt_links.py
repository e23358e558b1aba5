"""Links to a proof of submission: for contact persons without access, for one document, for a time."""

import re
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail, signing
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import complete_profile, make_user
from conftest import NEXT_DAY
from foundation import clock
from proposals import tasks
from proposals.consortium.drafts import section_of
from proposals.consortium.participants import remove_participant
from proposals.delivery import outbox
from proposals.dossier.document import Draft
from proposals.models import QueuedEmail, Receipt
from proposals.proof.receipts import create_receipt
from proposals.submission.notifications import notify_submission
from proposals.submission.receipt_links import (
    LINK_LIFETIME,
    contacts_by_key,
    receipt_link,
    version_behind,
)
from proposals.tests.factories import make_officer, make_ready, partner_of, reload, submit

pytestmark = pytest.mark.django_db

LINK = re.compile(r"https?://\S+/proposals/receipts/\S+/")


@pytest.fixture
def version(call):
    version = submit(make_ready(call))
    create_receipt(version)
    return version


def contact_of(version, key="p2"):
    return contacts_by_key(Draft(version.proposal))[key]


@pytest.fixture
def link(version):
    return receipt_link(version, key="p2", address=contact_of(version))


def token_in(link):
    return link.rstrip("/").rpartition("/")[2]


def pdf_of(link):
    return reverse("proposals:receipt-by-link", args=[token_in(link)])


def test_contact_persons_get_a_link_and_those_who_sign_in_get_the_page(version):
    partner = partner_of(version.proposal)
    QueuedEmail.objects.all().delete()
    notify_submission(version)
    mail.outbox.clear()
    outbox.process_due_emails(tasks.EMAIL_SENDER)
    by_address = {message.to[0]: message for message in mail.outbox}
    own = by_address[partner.email]
    assert not LINK.search(own.body) and version.url in own.body
    message = by_address[contact_of(version)]
    [address] = LINK.findall(message.body)
    assert message.alternatives[0].content.count("<a ") == 1
    assert f'href="{address}"' in message.alternatives[0].content
    page = Client().get(urlsplit(address).path)
    assert page.status_code == 200 and page.context["version"] == version
    assert "/proposals/receipts/" in str(QueuedEmail.objects.values("text", "html"))
    assert token_in(address) not in str(QueuedEmail.objects.values("text", "html"))


def test_a_contact_person_who_takes_part_signs_in(version):
    address = contact_of(version)
    version.proposal.participants.get(key="p3").organisation.memberships.create(
        user=make_user(email=address)
    )
    QueuedEmail.objects.all().delete()
    notify_submission(version)
    assert not LINK.search(QueuedEmail.objects.get(to=address).text)


def test_it_opens_the_document_without_signing_in_and_nothing_else(version, link):
    client = Client()
    answer = client.get(pdf_of(link))
    assert answer.content == bytes(Receipt.objects.get(version=version).pdf)
    assert answer["Content-Disposition"].startswith("attachment")
    for route in ("version", "receipt", "proposal-pdf", "dossier"):
        address = reverse(f"proposals:{route}", args=[version.proposal.number, version.number])
        assert client.get(address).status_code == 302


def test_the_page_names_the_document_and_tells_nothing_of_the_proposal(version, link):
    html = Client().get(link).content.decode()
    assert version.proposal.number in html and pdf_of(link) in html
    document = version.document
    names = [row["organisation"]["legal_name"] for row in document["consortium"]]
    secrets = [
        *names,
        document["summary"]["acronym"],
        document["summary"]["title"],
        "@test.example",
    ]
    assert [text for text in secrets if text in html] == []


def test_each_link_opens_its_own_version(version, link):
    later = submit(reload(version.proposal))
    assert version_behind(token_in(link)) == version
    other = receipt_link(later, key="p2", address=contact_of(later))
    assert version_behind(token_in(other)) == later
    assert Client().get(pdf_of(other)).url == other  # its receipt is not made yet
    assert pdf_of(other) not in Client().get(other).content.decode()


@pytest.mark.parametrize("kind", ["page", "pdf"])
def test_addresses_stay_out_of_caches_and_referrers(link, kind):
    for path in (link, link.replace("receipts/", "receipts/x")):
        answer = Client().get(path if kind == "page" else pdf_of(path))
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "strict-origin"


def shut(link):
    return [Client().get(path).status_code for path in (link, pdf_of(link))] == [404, 404]


def test_it_expires(link, monkeypatch):
    now = time.time()
    monkeypatch.setattr(
        signing.time, "time", lambda: now + (LINK_LIFETIME / timedelta(seconds=1)) - 60
    )
    assert Client().get(link).status_code == 200
    monkeypatch.setattr(
        signing.time, "time", lambda: now + (LINK_LIFETIME / timedelta(seconds=1)) + 60
    )
    assert shut(link)


def test_another_contact_address_revokes_it(version, link):
    organisation = version.proposal.participants.get(key="p2").organisation
    contact = {"contact_name": "New", "contact_email": "new@test.example"}
    complete_profile(organisation, by=version.submitted_by, contact=contact)
    assert shut(link)
    assert not shut(receipt_link(version, key="p2", address="new@test.example"))


def test_it_closes_with_the_partner(version, link):
    proposal = reload(version.proposal)
    seen = section_of(proposal, "consortium").version
    participant = proposal.participants.get(key="p2")
    remove_participant(participant, seen_version=seen, by=proposal.started_by)
    assert shut(link)


def test_it_is_for_the_partner_and_the_address_that_it_was_made_for(version, link):
    assert shut(receipt_link(version, key="p3", address=contact_of(version)))
    assert shut(receipt_link(version, key="p99", address=contact_of(version)))
    assert shut(receipt_link(version, key="p2", address="other@test.example"))


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "é", "..%5C", "a" * 3000, "...", "x:y"])
def test_odd_tokens_lead_nowhere(token):
    for ending in ("", "pdf/"):
        answer = Client().get(f"/proposals/receipts/{token}/{ending}")
        assert answer.status_code in {400, 404}


def test_a_changed_token_and_one_for_another_purpose_lead_nowhere(version, link):
    token = token_in(link)
    content = signing.TimestampSigner(salt="other", sep=".").sign_object([version.pk, "p2", "x"])
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), "A" + token, content):
        assert version_behind(wrong) is None


def test_it_outlives_a_change_of_the_secret_key(link, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of this test"
    assert Client().get(link).status_code == 200


@pytest.mark.parametrize("moment", [None, NEXT_DAY], ids=["before", "after"])
def test_it_opens_nothing_to_an_officer(link, moment):
    client = Client()
    client.force_login(make_officer())
    with clock.frozen_at(moment or clock.now()):
        assert [client.get(path).status_code for path in (link, pdf_of(link))] == [403, 403]


def test_it_takes_nothing(link):
    for path in (link, pdf_of(link)):
        assert Client().head(path).status_code == 200
        assert Client().post(path).status_code == 405
