"""The receipt: what the frozen version says, once, with the dossier inside."""

import io
import json
import subprocess

import pikepdf
import pytest
from django.db import InternalError, connection, transaction
from pyhanko.pdf_utils.reader import PdfFileReader

from conftest import AFTERNOON
from foundation.pdf_layout import StaticFilesOnly
from proposals.models import ProposalPdf, Receipt
from proposals.proof.full_proposal_pdf import create_proposal_pdf
from proposals.proof.receipts import (
    create_receipt,
    proof_of_version,
    render_receipt_html,
    render_receipt_pdf,
)
from proposals.tests.factories import make_ready, reload, save, submit

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
        assert len(pdf.pages) <= 3


def test_it_says_everything_in_the_order_a_person_wants(call, tmp_path):
    proposal = make_ready(call)
    version = submit(proposal)
    text = render_receipt_html(version, AFTERNOON, proof_of_version(version))
    order = [
        "LASER-GO",
        f"{proposal.number} · version 1",
        "2015-04-21 14:20:00.000 UTC",
        version.submitted_by.full_name,
        "COS-CLUSTER-2014-3-03",
        version.sha256,
        "Lithuania (LT)",
        "No files were submitted.",
        "Eligible.",
        "How to verify this document",
        version.url,
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


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


def test_acknowledged_findings_are_named_with_their_source(call):
    proposal = make_ready(call)
    save(proposal, "summary", duration_months=30)
    version = submit(reload(proposal))
    html = render_receipt_html(version, AFTERNOON, proof_of_version(version))
    assert "The project takes 30 months; the call allows at most 24 months." in html
    assert "Call text, duration of projects" in html
    assert "Acknowledged by the applicant." in html


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
