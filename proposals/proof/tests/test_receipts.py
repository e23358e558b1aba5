"""The receipt: what the frozen version says, once, with the dossier inside."""

import io
import json
import re
import subprocess
from datetime import timedelta

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, connection, transaction
from django.urls import reverse
from pyhanko.pdf_utils.reader import PdfFileReader

from applicants.models import Organisation
from calls.eligibility import Outcome
from calls.eligibility.rules import title_of
from calls.extensions import extend_deadline
from conftest import AFTERNOON, DEADLINE, database_owner
from foundation import clock
from foundation.pdf_layout import StaticFilesOnly
from proposals.models import ProposalPdf, Receipt, VerdictRecord, Version
from proposals.proof.full_proposal_pdf import create_proposal_pdf
from proposals.proof.receipt_contents import deadline_at_receipt, points_by_rule
from proposals.proof.receipts import (
    create_receipt,
    proof_of_version,
    render_receipt_html,
    render_receipt_pdf,
)
from proposals.tests.factories import make_ready, reload, save, submit
from proposals.workspace.tests.test_uploads import pdf_bytes
from proposals.workspace.uploads import store_file

pytestmark = pytest.mark.django_db


def receipt_of(version):
    create_receipt(version)
    return Receipt.objects.get(version=version)


def opened(receipt):
    return pikepdf.open(io.BytesIO(bytes(receipt.pdf)))


def test_the_attached_dossier_is_byte_for_byte_what_was_hashed(call):
    version = submit(make_ready(call))
    with opened(receipt_of(version)) as pdf:
        attached = pdf.attachments["dossier.json"].get_file().read_bytes()
        verdict = json.loads(pdf.attachments["verdict.json"].get_file().read_bytes())
    assert attached == version.dossier.encode()
    assert verdict == version.verdicts.get().content


def test_it_is_an_archival_pdf_with_tags_and_a_language(call):
    with opened(receipt_of(submit(make_ready(call)))) as pdf:
        metadata = pdf.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en"
        assert len(pdf.pages) <= 2


def html_of(version):
    return render_receipt_html(version, AFTERNOON, proof_of_version(version))


def sentence_of(html):
    return " ".join(re.search(r'<p class="lead">(.*?)</p>', html, re.DOTALL)[1].split())


def test_it_opens_with_what_was_received_from_whom_and_when(call):
    proposal = make_ready(call)
    with clock.frozen_at(DEADLINE - timedelta(minutes=39, seconds=30)):
        version = submit(proposal)
    html = html_of(version)
    sentence = sentence_of(html)
    coordinator = proposal.participants.get(role="coordinator").organisation
    for part in (
        "LASER-GO",
        proposal.number,
        version.submitted_by.full_name,
        coordinator.name,
        "21 April 2015, 16:20:30 Brussels (CEST, UTC+02:00)",
        "39 minutes 30 seconds",
    ):
        assert part in sentence
    assert sentence.count(". ") == 0 and sentence.endswith(".")
    assert html.index("<h1>") < html.index('class="lead"') < html.index("<h2>")


def test_it_says_what_counts_before_what_proves_it(call):
    proposal = make_ready(call)
    version = submit(proposal)
    text = html_of(version)
    order = [
        'class="lead"',
        "COS-CLUSTER-2014-3-03",
        "Photonics for health",
        "EUR\u00a090,000",
        "Lithuania (LT)",
        "No files were submitted.",
        f"{VerdictRecord.OutcomeChoices.PASS.label}.",
        version.sha256,
        "2015-04-21 14:20:00.000 UTC",
        reverse("proof:check"),
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_the_last_moment_is_not_said_to_be_none(call):
    proposal = make_ready(call)
    with clock.frozen_at(DEADLINE - timedelta(milliseconds=1)):
        version = submit(proposal)
    assert deadline_at_receipt(version) == (DEADLINE, "less than a second")


def test_an_extension_afterwards_does_not_change_how_long_before_it_was(call):
    version = submit(make_ready(call))
    before = deadline_at_receipt(version)
    later = DEADLINE + timedelta(days=3)
    extend_deadline(
        call, new_deadline=later, reason="Storm", decided_by="EASME", confirmed_by="A colleague"
    )
    version = Version.objects.get(pk=version.pk)
    assert version.proposal.deadline > DEADLINE
    assert deadline_at_receipt(version) == before == (DEADLINE, "40 minutes 0 seconds")


NAME = "Association pour le développement international des grappes de la photonique "


def with_long_names(call):
    """Twelve partners with the longest names that a profile takes, and files in every slot."""
    countries = ["LT", "FR", "AT", "EL", "BG", "DE", "ES", "IT", "RO", "CZ", "HU", "PL"]
    proposal = make_ready(call, countries=countries)
    save(proposal, "summary", acronym="X" * 30, title_text=(NAME * 3)[:200], duration_months=30)
    with database_owner():
        Organisation.objects.update(
            legal_name=("Legal name: " + NAME * 3)[:199] + ".", cluster_name=(NAME * 3)[:199] + "."
        )
    for deliverable in proposal.strand.deliverables.all():
        file = SimpleUploadedFile(f"{deliverable.code:_<116}.pdf", pdf_bytes())
        store_file(proposal, deliverable.code, file, seen="", by=proposal.started_by)
    return reload(proposal)


def test_twelve_partners_with_long_names_are_on_two_pages_and_whole(call, tmp_path):
    version = submit(with_long_names(call))
    (tmp_path / "receipt.pdf").write_bytes(bytes(receipt_of(version).pdf))
    with pikepdf.open(tmp_path / "receipt.pdf") as pdf:
        assert len(pdf.pages) == 2
    shown = "".join(text_of(tmp_path / "receipt.pdf").split())
    for participant in version.document["consortium"]:
        organisation = participant["organisation"]
        assert "".join(organisation["legal_name"].split()) in shown
        assert "".join(organisation["cluster_name"].split()) in shown
    assert all("".join(file["name"].split()) in shown for file in version.document["files"])


def text_of(file):
    command = ["pdftotext", "-raw", file, "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_receipt_speaks_of_the_version_not_of_the_draft(call):
    proposal = make_ready(call)
    version = submit(proposal)
    save(proposal, "summary", acronym="LATER")
    html = render_receipt_html(version, AFTERNOON, proof_of_version(version))
    assert "LATER" not in html and "LASER-GO" in html


def test_making_it_twice_makes_one(call):
    version = submit(make_ready(call))
    first = receipt_of(version)
    create_receipt(version)
    assert Receipt.objects.get() == first


def test_points_are_named_once_for_each_rule_with_what_was_acknowledged(call):
    proposal = make_ready(call, countries=("LT", "FR", "AT", "AL"))
    save(proposal, "summary", duration_months=30)
    version = submit(reload(proposal))
    verdict = version.verdicts.get().verdict
    open_findings = [finding for finding in verdict.findings if finding.outcome != Outcome.PASS]
    points = points_by_rule(verdict, version.acknowledged)
    assert sum(point.number for point in points) == len(open_findings)
    assert len({(point.title, point.outcome) for point in points}) == len(points)
    (duration,) = [point for point in points if point.title == title_of("duration")]
    assert duration.is_acknowledged
    assert all(point.title in html_of(version) for point in points)
    assert not any(point.is_acknowledged for point in points_by_rule(verdict, []))


@pytest.mark.parametrize("url", ["https://evil.example/x.png", "file:///etc/passwd", "http://x/"])
def test_nothing_from_outside_is_fetched(url):
    with pytest.raises(ValueError, match="nothing from outside"):
        StaticFilesOnly().fetch(url)


def test_all_scripts_of_the_union_are_in_the_fonts(call, tmp_path):
    proposal = make_ready(call)
    words = ["Ελληνικά", "Българска", "Žemaitė", "Łódź", "Győr", "Þórr", "Málaga"]
    save(proposal, "summary", title_text=" ".join(words))
    version = submit(reload(proposal))
    file = tmp_path / "receipt.pdf"
    proof = proof_of_version(version)
    file.write_bytes(
        render_receipt_pdf(version, render_receipt_html(version, AFTERNOON, proof), proof)
    )
    fonts = subprocess.run(["pdffonts", file], capture_output=True, text=True, check=True).stdout
    text = subprocess.run(
        ["pdftotext", file, "-"], capture_output=True, text=True, check=True
    ).stdout
    for word in words:
        assert word in text
    families = {line.split()[0].split("+")[-1] for line in fonts.splitlines()[2:]}
    assert {family.split("-")[0] for family in families} == {"L", "LX", "G", "C"}


def test_the_proposal_pdf_is_the_whole_proposal_sealed_and_made_once(call, tmp_path):
    version = submit(make_ready(call))
    create_proposal_pdf(version)
    create_proposal_pdf(version)
    content = bytes(ProposalPdf.objects.get(version=version).pdf)
    (tmp_path / "proposal.pdf").write_bytes(content)
    shown = subprocess.run(
        ["pdftotext", tmp_path / "proposal.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert f"{version.proposal.number} · version 1" in shown and version.sha256 in shown
    assert "DRAFT" not in shown
    assert len(PdfFileReader(io.BytesIO(content)).embedded_signatures) == 1
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert "Draft" not in str(pdf.docinfo["/Title"])
        metadata = pdf.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")


@pytest.mark.parametrize(
    "verb", ["UPDATE proposals_proposalpdf SET sha256 = ''", "DELETE FROM proposals_proposalpdf"]
)
def test_a_proposal_pdf_is_final(call, verb):
    create_proposal_pdf(submit(make_ready(call)))
    with pytest.raises(InternalError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(verb)
