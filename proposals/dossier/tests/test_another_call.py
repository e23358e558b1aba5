"""A call that is nothing like that of 2014: what pages, papers and mails say comes from the call."""

import re
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from calls.call_file import read_call_file
from calls.call_import import load_call
from foundation import clock
from proposals.dossier.document import Draft
from proposals.dossier.facts import judge_draft
from proposals.dossier.file_screening import SHIPPED
from proposals.models import QueuedEmail
from proposals.proof.ledger import sequence
from proposals.proof.receipts import proof_of_version, render_receipt_html
from proposals.submission.notifications import notify_submission
from proposals.tests.factories import make_draft, make_ready, reload, submit

pytestmark = pytest.mark.django_db

LONDON = ZoneInfo("Europe/London")
OPEN = datetime(2015, 6, 1, 12, 0, tzinfo=LONDON)
DEADLINE = datetime(2015, 6, 30, 17, 0, tzinfo=LONDON)
RATES = {"A": "0.8", "B": "0.7", "C": "0.6"}


def content_of(codes="ABC", rates=RATES):
    content = deepcopy(read_call_file(SHIPPED / "cos-cluster-2014-3-03.yaml"))
    content["programme"] |= {
        "code": "OTHER",
        "name": "Another programme",
        "legal_basis": "Regulation (EU) No 1/2015",
    }
    call = content["call"]
    call |= {
        "reference": "OTHER-2015-1",
        "title": "Clusters for health",
        "zone": "Europe/London",
        "extensions": None,
        "first_deadline": DEADLINE,
        "summary": "A call of another programme.",
        "contacts": [],
        "sections": [],
        "published_at": datetime(2015, 5, 1, tzinfo=LONDON),
        "opens_at": datetime(2015, 5, 1, tzinfo=LONDON),
    }
    first = call["strands"][0]
    call["strands"] = [
        first
        | {
            "code": code,
            "number": number,
            "title": f"Way {code}",
            "topic": None,
            "budget": Decimal("100000.00"),
        }
        for number, code in enumerate(codes, start=1)
    ]
    wanted = ("in-time", "established", "third-markets")
    cited = {"citation": "Call text", "link": "https://other.example/call"}
    call["rules"] = [
        {name: value for name, value in entry.items() if name not in ("citation", "link")} | cited
        for entry in call["rules"]
        if entry["rule"] in wanted
    ]
    call["rules"] += [
        {"rule": "co-financing-rate", "maximum": rates[code], "strands": [code]} | cited
        for code in codes
    ]
    call["rules"] += [
        {"rule": "min-countries", "minimum": number, "strands": [code]} | cited
        for number, code in enumerate(codes, start=2)
    ]
    return content


@pytest.fixture
def now():
    with clock.frozen_at(OPEN):
        yield


@pytest.fixture
def other(now, db):
    return load_call(content_of())


def shown(html):
    """What a reader sees, without the portal's own name."""
    text = re.sub(
        r"<(script|style|title)\b.*?</\1>|<meta[^>]*>|<[^>]+>", " ", html, flags=re.DOTALL
    )
    return " ".join(text.split()).replace("COSME portal", "")


def page_of(client, name, *args):
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return shown(answer.content.decode())


FOREIGN = ("Brussels", "CEST", "Article 6", "1287/2013", "COSME", "Two strands", "75%")


def not_of_this_call(text):
    return [message for message in FOREIGN if message in text]


def test_the_call_page_says_what_this_call_says(other, client):
    text = page_of(client, "calls:call", other.reference)
    for message in (
        "3 strands",
        "up to 80%",
        "up to 70%",
        "up to 60%",
        "30 June 2015, 17:00 London (BST, UTC+01:00)",
        "Strand A",
        "Strand B",
        "Strand C",
    ):
        assert message in text
    assert text.count("up to 80%") == 1
    assert not_of_this_call(text) == []
    assert "innovation cluster" not in text


def test_one_strand_and_one_rate_are_said_as_such(now, client):
    other = load_call(content_of("A"))
    text = page_of(client, "calls:call", other.reference)
    assert "choose the one that fits" not in text
    assert text.count("up to 80%") == 1


@pytest.mark.parametrize(
    ("code", "percent", "countries"), [("A", 80, 2), ("B", 70, 3), ("C", 60, 4)]
)
def test_the_pages_of_a_draft_say_what_its_strand_says(other, code, percent, countries):
    proposal = make_draft(other, strand=code)
    client = Client()
    client.force_login(proposal.started_by)
    texts = {
        slug: page_of(client, "proposals:step", proposal.number, slug)
        for slug in ("summary", "budget", "vision", "activities")
    }
    texts["check"] = page_of(client, "proposals:check", proposal.number)
    texts["consortium"] = page_of(client, "proposals:consortium", proposal.number)
    texts["proposal"] = page_of(client, "proposals:proposal", proposal.number)
    assert {
        slug: message for slug, text in texts.items() if (message := not_of_this_call(text))
    } == {}
    assert f"up to {percent}%" in texts["check"]
    assert f"at least {countries} different participating countries." in texts["consortium"]
    assert f"Strand {code}" in texts["budget"]
    assert "(maximum –" not in texts["budget"]


def test_receipt_mail_and_verdict_speak_of_this_call(other):
    proposal = make_ready(other, strand="A")
    version = submit(proposal, received_at=OPEN)
    sequence()
    receipt = shown(render_receipt_html(version, OPEN, proof_of_version(version)))
    assert "1 June 2015, 12:00:00 London (BST, UTC+01:00)" in receipt
    assert not_of_this_call(receipt) == []
    notify_submission(version)
    mail = QueuedEmail.objects.filter(key__startswith="submitted:").first()
    assert "London" in mail.text and "Brussels" not in mail.text
    late = judge_draft(Draft(reload(proposal)), received_at=DEADLINE, reader=proposal.started_by)
    (finding,) = [finding for finding in late.findings if finding.rule == "in-time"]
    assert "30 June 2015, 17:00:00.000 London (BST, UTC+01:00)" in finding.message
    assert [
        not_of_this_call(finding.message)
        for finding in late.findings
        if not_of_this_call(finding.message)
    ] == []


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_shipped_call_is_shown_with_its_own_strands(file, db, client):
    content = read_call_file(file)
    call = load_call(content)
    if call.published_at is None:
        type(call).objects.filter(pk=call.pk).update(published_at=OPEN)
    with clock.frozen_at(max(OPEN, call.first_deadline.replace(tzinfo=LONDON))):
        html = client.get(reverse("calls:call", args=[call.reference]))
    if html.status_code == 404:
        pytest.skip("not published, and so shown to nobody")
    text = shown(html.content.decode())
    strands = content["call"]["strands"]
    assert f"{len(strands)} strands" in text
    assert [strand["title"] for strand in strands if strand["title"] not in text] == []
