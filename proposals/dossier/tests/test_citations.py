"""Each rule of a shipped call cites a text that can be read, and whatever prints a finding prints where."""

import io
import json
from urllib.parse import urlsplit

import pikepdf
import pytest
from django.test import Client
from django.urls import reverse

from calls.call_file import read_call_file
from calls.eligibility import Outcome
from calls.eligibility.verdict import Finding
from calls.rule_reference import as_markdown
from conftest import NEXT_DAY
from foundation import clock
from proposals.dossier.file_screening import SHIPPED
from proposals.dossier.tests.test_file_screening import changed, run
from proposals.models import Receipt, VerdictRecord
from proposals.proof.receipts import create_receipt
from proposals.screening import letters
from proposals.screening.automatic_check import screen_closed
from proposals.screening.decisions import findings_by_rule, record_decision
from proposals.tests.factories import make_officer, make_ready, reload, save, submit

CALLS = sorted(SHIPPED.glob("*.yaml"))
RULES = [
    pytest.param(entry, id=f"{file.stem}-{place}-{entry['rule']}")
    for file in CALLS
    for place, entry in enumerate(read_call_file(file)["call"]["rules"])
]


@pytest.mark.parametrize("entry", RULES)
def test_each_rule_cites_a_text_that_can_be_read(entry):
    parts = urlsplit(entry["link"])
    assert parts.scheme in {"http", "https"} and "." in parts.netloc
    assert entry["citation"].strip()


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def with_findings(call):
    """A proposal with findings that are met, to look at again, and for an officer."""
    proposal = make_ready(call, countries=("LT", "FR", "AT", "AL"))
    save(proposal, "summary", duration_months=30)
    markets = [
        {"country": "US", "region": "", "reason": "Demand"},
        {"country": "", "region": "ASEAN", "reason": "Demand"},
    ]
    save(proposal, "vision", markets=markets)
    return reload(proposal)


def links_of(findings, *, without=()):
    results = {finding.link for finding in findings if finding.outcome not in without}
    assert results and "" not in results
    return results


def missing(links, text):
    text = text.replace("&amp;", "&")
    return {link for link in links if link not in text}


@pytest.mark.django_db
def test_pages_of_applicants_print_the_link_of_each_finding(call):
    proposal = with_findings(call)
    client = signed_in(proposal.started_by)
    check = client.get(reverse("proposals:check", args=[proposal.number]))
    verdict = check.context["verdict"]
    assert missing(links_of(verdict.findings), check.content.decode()) == set()
    consortium = client.get(reverse("proposals:consortium", args=[proposal.number]))
    about = [
        finding
        for finding in verdict.findings
        if finding.subject == "consortium" or finding.subject[0] == "p"
    ]
    about = [item for item in about if item.rule not in ("one-application", "budget-adds-up")]
    about = [item for item in about if item.subject != "proposal"]
    assert missing(links_of(about), consortium.content.decode()) == set()


@pytest.mark.django_db
def test_sheet_and_letter_print_the_link_of_each_finding_and_a_receipt_holds_it(call):
    version = submit(with_findings(call))
    verdict = VerdictRecord.objects.get(version=version).verdict
    create_receipt(version)
    with pikepdf.open(io.BytesIO(bytes(Receipt.objects.get().pdf))) as pdf:
        held = pdf.attachments["verdict.json"].get_file().read_bytes().decode()
    assert missing(links_of(verdict.findings), held) == set()

    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        officer = make_officer()
        sheet = signed_in(officer).get(reverse("admin:proposals_version_change", args=[version.pk]))
        decision = record_decision(version, outcome="ineligible", reason="x", by=officer)
    assert missing(links_of(verdict.findings), sheet.content.decode()) == set()
    letter = letters.render_letter_html(decision, version, notified_at=NEXT_DAY)
    stored = letters.verdict_behind(decision, version)
    shown = links_of(stored.verdict.findings, without={Outcome.PASS, Outcome.WARN})
    assert missing(shown, letter) == set()


def test_text_of_the_command_prints_the_link_of_each_finding(tmp_path):
    file = tmp_path / "serbia.json"
    file.write_text(json.dumps(changed(consortium__2__organisation__country="RS")))
    verdict = json.loads(run(file)[0])
    not_met = {finding["link"] for finding in verdict["findings"] if finding["outcome"] != "pass"}
    assert len(not_met) > 1 and "" not in not_met
    assert missing(not_met, run(file, format="text")[0]) == set()


def test_texts_for_a_reason_hold_the_link():
    finding = Finding(
        rule="duration",
        version=1,
        subject="proposal",
        outcome=Outcome.NEEDS_REVIEW,
        message="Too long.",
        evidence={},
        citation="Call text",
        link="https://call.example/text",
    )
    assert all("https://call.example/text" in result.text for result in findings_by_rule([finding]))


def test_a_finding_that_was_stored_without_a_link_can_still_be_read():
    stored = {
        "rule": "duration",
        "version": 1,
        "subject": "proposal",
        "outcome": "officer",
        "message": "x",
        "evidence": {},
        "citation": "Call text",
        "fix": None,
    }
    assert Finding.from_json(stored).source == "Call text"


def test_the_reference_of_rules_links_to_each_text():
    contents = [read_call_file(file) for file in CALLS]
    text = as_markdown(contents)
    assert (
        missing({rule["link"] for content in contents for rule in content["call"]["rules"]}, text)
        == set()
    )


@pytest.mark.django_db
def test_the_self_check_links_to_each_text(call, client):
    query = {
        "strand": "3.1",
        "kind": "cluster-organisation",
        "country": "LT",
        "registration": "registered",
        "services": "yes",
        "independent": "yes",
        "partner_1": "FR",
        "fits_1": "yes",
        "partner_2": "RS",
        "fits_2": "no",
    }
    answer = client.get(reverse("calls:self-check", args=[call.reference]), query)
    result = answer.context["result"]
    links = {item.link for item in (*result.met, *result.open, *result.against)}
    assert "" not in links
    assert missing(links, answer.content.decode()) == set()
