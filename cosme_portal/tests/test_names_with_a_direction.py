"""Names that reverse what follows: on every page, in every mail and paper, nothing beside the name is reversed."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from applicants.models import Organisation
from applicants.tests.factories import make_organisation, make_user
from conftest import NEXT_DAY
from foundation import clock
from foundation.text import FIRST_STRONG_ISOLATE, POP_ISOLATE
from proposals.dossier.tests.test_unreadable_answers import pages_of, profile_pages_of
from proposals.models import QueuedEmail
from proposals.proof.ledger import sequence
from proposals.proof.receipts import proof_of_version, render_receipt_html
from proposals.screening.automatic_check import screen_closed
from proposals.submission.notifications import notify_submission
from proposals.tests.factories import make_officer, make_ready, reload, save, submit
from proposals.workspace.tests.test_uploads import pdf_bytes, upload

pytestmark = pytest.mark.django_db

NAME = "\u202eZwinkel"
ISOLATED = re.compile(
    f"{FIRST_STRONG_ISOLATE}[^{POP_ISOLATE}]*{NAME}[^{POP_ISOLATE}]*{POP_ISOLATE}"
)
NOT_SHOWN = {"textarea", "script", "style"}
READ_BY_PEOPLE = {"title", "aria-label", "alt", "placeholder"}


class Shown(HTMLParser):
    """Collects each text of a page in which the name is not isolated."""

    def __init__(self):
        super().__init__()
        self.open, self.found = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in {"input", "br", "img", "link", "meta", "hr", "wbr"}:
            self.open.append(tag)
        for name, value in attrs:
            if name in READ_BY_PEOPLE and self.reaches_out(value or ""):
                self.found.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if {"bdi", *NOT_SHOWN} & set(self.open):
            return
        if self.reaches_out(data):
            self.found.append(f"{'>'.join(self.open[-3:])}: {' '.join(data.split())}")

    @staticmethod
    def reaches_out(text):
        left = ISOLATED.sub("", text)
        return NAME in left and " ".join(left.split()) != NAME


def reaching_out(html):
    page = Shown()
    page.feed(html)
    return page.found


@pytest.fixture
def version(call):
    lead = make_user(full_name=f"{NAME}")
    body = make_organisation(
        by=lead, legal_name=NAME, cluster_name=NAME, acronym=NAME, country="LT"
    )
    proposal = make_ready(call, lead=lead, coordinator=body)
    Organisation.objects.filter(participations__proposal=proposal).update(cluster_name=NAME)
    save(proposal, "summary", acronym=NAME, title_text=NAME)
    upload(reload(proposal), pdf_bytes(), name=f"{NAME}.pdf")
    made = submit(reload(proposal))
    sequence()
    return made


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_parser_finds_what_reaches_out():
    assert reaching_out(f"<p>By {NAME}, 3 May</p>") == [f"p: By {NAME}, 3 May"]
    assert reaching_out(f"<p>By <bdi>{NAME}</bdi>, 3 May <b title='{NAME} x'></b></p>") != []
    assert reaching_out(f"<p>By <bdi>{NAME}</bdi>, 3 May</p><td>{NAME}</td>") == []


def test_no_page_of_a_consortium_is_reversed(version):
    proposal = version.proposal
    client = client_of(proposal.started_by)
    organisation = proposal.participants.get(key="p1").organisation
    pages = [
        *pages_of(proposal),
        *profile_pages_of(organisation),
        reverse("proposals:version", args=[proposal.number, 1]),
    ]
    results = {
        path: texts for path in pages if (texts := reaching_out(client.get(path).content.decode()))
    }
    assert results == {}


def test_no_page_of_the_officers_is_reversed(version):
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        officer = make_officer()
        officer.full_name = NAME
        officer.save()
        client = client_of(officer)
        pages = [
            reverse("admin:proposals_version_changelist"),
            reverse("admin:proposals_version_change", args=[version.pk]),
            reverse("admin:proposals_version_decide", args=[version.pk]),
            reverse("admin:proposals_version_request_clarification", args=[version.pk]),
            reverse("admin:proposals_version_statistics"),
            reverse("admin:index"),
        ]
        results = {
            path: texts
            for path in pages
            if (texts := reaching_out(client.get(path).content.decode()))
        }
    assert results == {}


def test_no_mail_is_reversed(version):
    notify_submission(version)
    mails = list(QueuedEmail.objects.all())
    assert any(f"Title: {FIRST_STRONG_ISOLATE}{NAME}" in mail.text for mail in mails)
    for mail in mails:
        assert reaching_out(mail.html) == [], mail.subject
        lines = [mail.subject, *mail.text.splitlines()]
        assert [line for line in lines if Shown.reaches_out(line)] == []


def test_no_receipt_is_reversed(version):
    assert reaching_out(render_receipt_html(version, clock.now(), proof_of_version(version))) == []
