"""The seal, checked by programs that are not ours, and by the one that everyone gets."""

import io
import os
import re
import shutil
import subprocess
import sys
import time

import page
import pikepdf
import pytest
from asn1crypto import pem as asn1_pem
from asn1crypto import tsp
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from pyhanko.pdf_utils.reader import PdfFileReader

from cosme_portal.settings import ROOT
from cosme_portal.tests import processes
from foundation import child_process, clock
from proposals.models import ProposalFile, ProposalPdf, Receipt, TimestampStatus, Version
from proposals.proof import pdf_signature, signing_key
from proposals.proof.full_proposal_pdf import create_proposal_pdf
from proposals.proof.receipts import add_pending_timestamps, create_receipt
from proposals.proof.verification import program
from proposals.tests.factories import make_ready, reload, save, submit
from proposals.tests.from_elsewhere import (
    WRONG_PROOFS,
    forged_like,
    sealed_elsewhere,
    sealed_with,
    with_attachments,
    without_seal,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def receipt(call):
    create_receipt(submit(make_ready(call)))
    return bytes(Receipt.objects.get().pdf)


@pytest.fixture
def trusted():
    return signing_key.load_signing_key().pem.encode()


AWAY = "http://127.0.0.1:9/tsa"  # nothing listens there


def check(content, *trusted):
    return program().check(content, list(trusted))


def changed(content, old, new):
    assert content.count(old) >= 1
    return content.replace(old, new, 1)


def run(*command, stdin=None):
    if shutil.which(command[0]) is None:
        processes.missing(
            f"{command[0]} is missing. On Debian: sudo apt-get install poppler-utils qpdf"
        )
    return subprocess.run(
        command, capture_output=True, text=stdin is None, input=stdin, check=False
    )


def test_all_of_it_holds(receipt, trusted):
    holds, broken = check(receipt, trusted)
    assert broken == []
    assert [sentence.split(":")[0].split("(")[0].strip() for sentence in holds] == [
        "The seal is intact.",
        "The seal covers the whole file.",
        "The seal was made with a certificate that you trust",
        "The seal contains no external time stamp. Its time is stated only by the portal.",
        "The attached dossier matches the log entry",
        "The log contains this entry as number 1 of 3.",
        "The root of the log was signed with the same certificate on 2015-04-21T14",
    ]


def test_without_a_trusted_certificate_it_says_on_which_one_all_rests(receipt):
    holds, broken = check(receipt)
    assert broken == [] and any("The result depends on this certificate" in hold for hold in holds)
    assert any(signing_key.load_signing_key().fingerprint in hold for hold in holds)


def test_a_changed_byte_anywhere_is_found(receipt, trusted):
    start, length, again, _rest = (
        PdfFileReader(io.BytesIO(receipt)).embedded_signatures[0].byte_range
    )
    anywhere = range(20, len(receipt) - 20, len(receipt) // 40)
    in_the_seal = range(start + length, again, 3)
    for place in (*anywhere, *in_the_seal):
        item = bytearray(receipt)
        item[place] ^= 1
        try:
            _holds, broken = check(bytes(item), trusted)
        except program().NoReceipt:
            continue
        except Exception as error:  # noqa: BLE001 -- the loop names the place
            pytest.fail(f"byte {place}: {error!r}")
        assert broken, place


def test_a_digit_of_the_seal_in_the_other_case_is_found(receipt, trusted):
    [seal] = program().places(receipt)
    digits = seal.digits(receipt)
    letters = [place for place, digit in enumerate(digits) if chr(digit).isalpha()]
    for place in letters[:: len(letters) // 20]:
        item = bytearray(receipt)
        item[seal.start + seal.length + 1 + place] ^= 0x20
        _holds, broken = check(bytes(item), trusted)
        assert broken, place


def test_something_added_afterwards_is_found(receipt, trusted):
    with pikepdf.open(io.BytesIO(receipt)) as pdf:
        pdf.docinfo["/Title"] = "Another"
        stream = io.BytesIO()
        pdf.save(stream)
    _holds, broken = check(stream.getvalue(), trusted)
    assert any("changed after it was sealed" in item for item in broken)
    _holds, broken = check(receipt + b"% more\n", trusted)
    assert broken == ["Something was added to the file after it was sealed."]


def test_a_foreign_seal_is_told_from_ours_and_nothing_is_unpacked(
    receipt, trusted, settings, tmp_path, monkeypatch
):
    settings.SEAL_FILE = str(tmp_path / "foreign.pem")
    signing_key.load_signing_key.cache_clear()
    try:
        forged = pdf_signature.seal_pdf(without_seal(receipt), reason="Forged")
    finally:
        signing_key.load_signing_key.cache_clear()
    monkeypatch.setattr(program(), "attachments", pytest.fail)
    _holds, (broken,) = check(forged, trusted)
    assert broken.startswith("The seal was not made with a trusted certificate")


@pytest.mark.parametrize("is_same_issuer", [True, False])
def test_a_certificate_of_the_same_serial_number_is_foreign(receipt, trusted, is_same_issuer):
    forged = forged_like(receipt, is_same_issuer=is_same_issuer)
    _holds, broken = check(forged, trusted)
    assert broken and "The proof of submission is genuine" not in sent(forged)
    assert "not valid" in sent(forged) or "did not seal this file" in sent(forged)


def test_a_stripped_attachment_is_named(receipt, trusted):
    with pikepdf.open(io.BytesIO(without_seal(receipt))) as pdf:
        del pdf.attachments["dossier.json"]
        stream = io.BytesIO()
        pdf.save(stream)
    _holds, broken = check(pdf_signature.seal_pdf(stream.getvalue(), reason="Stripped"), trusted)
    assert any(
        item.startswith("Missing attachments: dossier.json. They were removed") for item in broken
    )


def test_a_text_that_looks_like_a_seal_is_none(receipt, trusted):
    """As a title could, in the part of a document that is not compressed."""
    with pikepdf.open(io.BytesIO(without_seal(receipt))) as pdf:
        pdf.docinfo["/Title"] = "/ByteRange [0 4 10 20] /ByteRange [0 99999999 9999999999 1]"
        stream = io.BytesIO()
        pdf.save(stream, compress_streams=False)
    sealed = pdf_signature.seal_pdf(stream.getvalue(), reason="Title")
    assert sealed.count(b"/ByteRange") > 1
    assert check(sealed, trusted)[1] == []


@pytest.mark.parametrize("change", ["broken", "added"])
def test_nothing_is_unpacked_of_a_file_that_was_changed(receipt, trusted, monkeypatch, change):
    monkeypatch.setattr(program(), "attachments", pytest.fail)
    wrong = {
        "broken": changed(receipt, b"Seal of the portal", b"Seal of the porter"),
        "added": receipt + b"% more\n",
    }
    assert check(wrong[change], trusted)[1]


@pytest.mark.parametrize("content", [b"", b"no pdf", b"%PDF-1.7\n%%EOF"])
def test_what_is_no_receipt_is_said_to_be_none(content):
    with pytest.raises(program().NoReceipt):
        check(content)


def test_a_pdf_without_a_seal_is_no_receipt():
    from proposals.workspace.tests.test_uploads import pdf_bytes  # noqa: PLC0415 -- only here

    with pytest.raises(program().NoReceipt, match="has no seal"):
        check(pdf_bytes(pages=1))


class Counted(bytes):
    """Bytes that know how many of them were copied out."""

    copied = 0

    def __getitem__(self, key):
        part = super().__getitem__(key)
        Counted.copied += len(part) if isinstance(part, bytes) else 1
        return part


def test_a_file_of_many_places_costs_no_more_than_its_length():
    content = Counted(b"%PDF-1.7\n" + b"/ByteRange[0 7 9 0]\n" * 5000)
    Counted.copied = 0
    assert program().places(content) == []
    assert Counted.copied < 2 * len(content)


def test_the_program_runs_alone_without_portal_and_database(receipt, trusted, tmp_path):
    file, certificate = tmp_path / "receipt.pdf", tmp_path / "portal.pem"
    file.write_bytes(receipt)
    certificate.write_bytes(trusted)
    alone = tmp_path / "verify_receipt.py"
    shutil.copy(ROOT / "docs" / "verify_receipt.py", alone)
    done = run(sys.executable, str(alone), str(file), str(certificate))
    assert done.returncode == 0 and "ok    The seal is intact." in done.stdout
    file.write_bytes(changed(receipt, b"Seal of the portal", b"Seal of the porter"))
    done = run(sys.executable, str(alone), str(file), str(certificate))
    assert done.returncode == 1 and "WRONG" in done.stdout
    assert len(alone.read_text().splitlines()) <= 280


def test_without_a_trusted_certificate_the_program_never_says_that_all_is_well(receipt, tmp_path):
    file = tmp_path / "receipt.pdf"
    file.write_bytes(receipt)
    alone = str(ROOT / "docs" / "verify_receipt.py")
    done = run(sys.executable, alone, str(file))
    assert done.returncode == 3 and "The file is intact but its origin is unknown" in done.stdout
    file.write_bytes(receipt + b"% more\n")
    assert run(sys.executable, alone, str(file)).returncode == 1
    (tmp_path / "wrong.pem").write_text("no certificate")
    for names in ((tmp_path / "absent.pdf",), (file, tmp_path / "wrong.pem"), (alone,)):
        done = run(sys.executable, alone, *map(str, names))
        assert done.returncode == 2 and "Traceback" not in done.stderr


def test_the_command_trusts_the_portals_own_certificates(call, settings, tmp_path):
    file = tmp_path / "receipt.pdf"
    foreign = sealed_elsewhere(call, settings, tmp_path)
    create_receipt(submit(make_ready(call)))
    file.write_bytes(bytes(Receipt.objects.get().pdf))
    call_command("verify_receipt", str(file))
    file.write_bytes(foreign)
    with pytest.raises(SystemExit) as status:
        call_command("verify_receipt", str(file))
    assert status.value.code == 1


def test_the_command_needs_neither_database_nor_private_key(receipt, trusted, tmp_path):
    file, certificate = tmp_path / "receipt.pdf", tmp_path / "portal.pem"
    file.write_bytes(receipt)
    certificate.write_text(
        trusted.decode().partition("-----BEGIN CERT")[1]
        + trusted.decode().partition("-----BEGIN CERT")[2]
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "cosme_portal.settings",
        "PORTAL_MODE": "test",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none",
        "PORTAL_SEAL_FILE": str(certificate),
    }
    command = [sys.executable, "manage.py", "verify_receipt", str(file)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    environment["PORTAL_SEAL_FILE"] = str(tmp_path / "absent.pem")
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3 and not (tmp_path / "absent.pem").exists()


def test_other_programs_find_the_seal_valid(receipt, trusted, tmp_path):
    file = tmp_path / "receipt.pdf"
    file.write_bytes(receipt)
    output = run("pdfsig", str(file)).stdout
    assert "Signature is Valid." in output and "Total document signed" in output
    assert "ETSI.CAdES.detached" in output
    pem = tmp_path / "portal.pem"
    pem.write_bytes(trusted)
    asked = ["sign", "validate", "--pretty-print", "--no-revocation-check", "--trust", str(pem)]
    output = run(sys.executable, "-W", "ignore", "-m", "pyhanko", *asked, str(file)).stdout
    assert "The signature is judged VALID." in output
    assert "The signature covers the entire file." in output
    structure = run("qpdf", "--check", str(file))
    assert structure.returncode == 0, structure.stdout + structure.stderr
    listed = run("pdfdetach", "-list", str(file)).stdout
    for name in ("dossier.json", "verdict.json", "proof.json"):
        assert name in listed


PROFILES = (page.ValidationProfile.PDF_UA_1, page.ValidationProfile.PDF_A_3A)
# It takes a last byte of a stream that is a carriage return for a part of the line's end; qpdf checks lengths.
MISTAKEN = {"PDFA3A-STREAM-LENGTH-001"}


@pytest.mark.parametrize("strand", ["3.1", "3.2"])
@pytest.mark.parametrize("count", [3, 12])
def test_another_program_finds_receipt_and_proposal_pdf_accessible_and_archival(
    call, strand, count
):
    """Every rule of PDF/UA-1 (104) and PDF/A-3a (156) that it can check."""
    countries = ["LT", "FR", "AT", "EL", "BG", "DE", "ES", "IT", "RO", "CZ", "HU", "PL"][:count]
    version = submit(make_ready(call, strand=strand, countries=countries))
    create_receipt(version)
    create_proposal_pdf(version)
    for document in (Receipt.objects.get(), ProposalPdf.objects.get()):
        for profile in PROFILES:
            validation_report = page.validate_pdf_bytes(bytes(document.pdf), profile=profile)
            assert {failure.rule_id for failure in validation_report.failures} <= MISTAKEN
            assert validation_report.rules.total > 100
    with pikepdf.open(io.BytesIO(Receipt.objects.get().pdf)) as pdf:
        assert len(pdf.pages) <= 2


def test_it_says_that_it_is_accessible_and_archival(receipt):
    with pikepdf.open(io.BytesIO(receipt)) as pdf:
        metadata = pdf.Root.Metadata.read_bytes().decode()
        with pdf.open_metadata() as read:
            assert (read["pdfuaid:part"], read["pdfaid:part"], read["pdfaid:conformance"]) == (
                "1",
                "3",
                "A",
            )
        assert "PDF/UA identification" in metadata
        assert pdf.Root.MarkInfo.Marked and "/StructTreeRoot" in pdf.Root


@pytest.fixture(autouse=True)
def no_memory_of_a_service_that_was_away(monkeypatch):
    monkeypatch.setattr(pdf_signature, "_next_attempt_at", clock.real_now())


def test_a_time_stamp_service_stamps_the_seal(call, settings, trusted, stamp_service):
    settings.TIMESTAMP_URL = stamp_service
    create_receipt(submit(make_ready(call)))
    content = bytes(Receipt.objects.get().pdf)
    seal = PdfFileReader(io.BytesIO(content)).embedded_signatures[0]
    unsigned = {attr["type"].native for attr in seal.signer_info["unsigned_attrs"]}
    assert "signature_time_stamp_token" in unsigned
    assert check(content, trusted)[1] == []


def text_of(pdf):
    output = run("pdftotext", "-", "-", stdin=bytes(pdf)).stdout
    return " ".join(output.decode().split())


def test_while_the_time_stamp_service_is_away_a_receipt_is_sealed_without_and_says_so(
    call, settings, trusted
):
    settings.TIMESTAMP_URL = AWAY
    create_receipt(submit(make_ready(call)))
    receipt = Receipt.objects.get()
    assert (
        check(bytes(receipt.pdf), trusted)[1] == []
        and receipt.timestamp_status == TimestampStatus.PENDING
    )
    assert "The time-stamp service was not available when this document was issued." in text_of(
        receipt.pdf
    )


def test_a_stamp_that_was_missing_is_added_later_and_changes_no_sealed_byte(
    call, settings, trusted, stamp_service, monkeypatch
):
    settings.TIMESTAMP_URL = AWAY
    version = submit(make_ready(call))
    create_receipt(version)
    create_proposal_pdf(version)
    assert add_pending_timestamps() == 0
    monkeypatch.setattr(pdf_signature, "_next_attempt_at", clock.real_now())
    settings.TIMESTAMP_URL = stamp_service
    assert add_pending_timestamps() == 2
    assert add_pending_timestamps() == 0
    after, before = Receipt.objects.all()
    assert (before.edition, after.edition, after.timestamp_status) == (
        1,
        2,
        TimestampStatus.IN_SEAL,
    )
    assert before.sealed_at == after.sealed_at
    for document in (before, after):
        assert check(bytes(document.pdf), trusted)[1] == []
    assert any("Time-stamp service of a test" in item for item in check(bytes(after.pdf))[0])
    start, gap, end, _rest = PdfFileReader(io.BytesIO(before.pdf)).embedded_signatures[0].byte_range
    assert bytes(before.pdf)[: start + gap] == bytes(after.pdf)[: start + gap]
    assert bytes(before.pdf)[end:] == bytes(after.pdf)[end:]


def test_a_service_that_answers_nonsense_keeps_no_receipt_waiting(
    call, settings, trusted, monkeypatch
):
    async def nonsense(self, request):
        return tsp.TimeStampResp.load(b"<html>busy</html>")

    settings.TIMESTAMP_URL = AWAY
    monkeypatch.setattr(pdf_signature.HTTPTimeStamper, "async_request_tsa_response", nonsense)
    create_receipt(submit(make_ready(call)))
    receipt = Receipt.objects.get()
    assert (
        receipt.timestamp_status == TimestampStatus.PENDING
        and check(bytes(receipt.pdf), trusted)[1] == []
    )


def test_a_service_that_was_away_is_not_asked_for_a_while(call, settings, caplog):
    settings.TIMESTAMP_URL = AWAY
    for _number in range(2):
        create_receipt(submit(make_ready(call)))
    assert caplog.text.count("The time-stamp service is unavailable") == 1


def test_a_stamp_of_another_seal_is_found(call, settings, trusted, stamp_service, monkeypatch):
    settings.TIMESTAMP_URL = stamp_service
    other = pdf_signature.request_timestamp(b"another signature")
    monkeypatch.setattr(pdf_signature, "request_timestamp", lambda _signature: other)
    create_receipt(submit(make_ready(call)))
    broken = check(bytes(Receipt.objects.get().pdf), trusted)[1]
    assert broken == ["The time stamp belongs to another seal."]


def test_the_certificates_are_published(receipt, trusted):
    published = Client().get("/proof/certificates/").json()["certificates"]
    assert [item["pem"].encode() for item in published] == [trusted]
    assert asn1_pem.detect(trusted)


def sent(content):
    """What the page says when a file is sent to it, without the texts that wait for its script."""
    file = SimpleUploadedFile("receipt.pdf", content, "application/pdf")
    answer = Client().post("/proof/check/", {"file": file})
    html = re.sub(r"<template\b.*?</template>", "", answer.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_anyone_checks_a_receipt_on_a_page_without_an_account(receipt):
    assert "current version" in sent(receipt) and "The proof of submission is genuine" in sent(
        receipt
    )
    wrong = sent(changed(receipt, b"Seal of the portal", b"Seal of the porter"))
    assert "This proof of submission is not valid" in wrong and "current version" not in wrong
    assert "This is not a proof of submission" in sent(b"%PDF-1.7 no more")
    assert not ProposalFile.objects.exists()


def test_the_page_says_of_an_earlier_version_that_it_no_longer_counts(call):
    proposal = make_ready(call)
    first = submit(proposal)
    create_receipt(first)
    save(proposal, "summary", acronym="AGAIN")
    submit(reload(proposal))
    text = sent(bytes(Receipt.objects.get(version=first).pdf))
    assert "no longer the current version" in text and "It was replaced by a later version" in text


def test_the_page_tells_a_proposal_pdf_from_a_receipt(receipt):
    version = Version.objects.get()
    create_proposal_pdf(version)
    text = sent(bytes(ProposalPdf.objects.get().pdf))
    assert "The document is genuine" in text and "The proof of submission, a separate file" in text


def test_a_huge_file_is_not_unpacked_on_the_page(receipt):
    assert "This file is larger than 2 MB." in sent(b"%PDF-1.7" + bytes(2 * 1024 * 1024))


def test_a_file_without_our_seal_costs_nothing_on_the_page(call, settings, tmp_path, monkeypatch):
    foreign = sealed_elsewhere(call, settings, tmp_path)
    create_receipt(submit(make_ready(call)))
    monkeypatch.setattr(child_process, "run", pytest.fail)
    monkeypatch.setattr(program(), "check", pytest.fail)
    begun = time.process_time()
    bombs = with_attachments(20, 50)
    assert len(bombs) < 2 * 1024 * 1024
    begun = time.process_time()
    assert "This is not a proof of submission" in sent(bombs)
    assert time.process_time() - begun < 0.5
    assert "This portal did not seal this file" in sent(foreign)


def test_a_check_that_meets_a_limit_says_so(receipt, monkeypatch):
    for failure, part in (
        (child_process.OutOfTime, "takes too much time or memory"),
        (child_process.Busy, "Try again in a minute"),
    ):

        def failing(*args, _failure=failure, **named):
            raise _failure

        monkeypatch.setattr(child_process, "run", failing)
        assert part in sent(receipt) and "The file could not be checked" in sent(receipt)


def test_an_attachment_that_unpacks_to_a_huge_one_is_cut(receipt, monkeypatch):
    monkeypatch.setattr(program(), "MAX_UNPACKED_SIZE", 10)
    assert {len(attachment) for attachment in program().attachments(receipt).values()} == {10}


@pytest.mark.parametrize(("change", "sentence"), WRONG_PROOFS, ids=range(len(WRONG_PROOFS)))
def test_each_way_in_which_a_proof_is_wrong_is_told(call, trusted, change, sentence):
    for _number in range(3):
        version = submit(make_ready(call))
    content = sealed_with(version, change)
    assert any(item.startswith(sentence) for item in check(content, trusted)[1])


def test_a_receipt_of_another_portal_is_told_from_a_changed_one(call, settings, tmp_path):
    foreign = sealed_elsewhere(call, settings, tmp_path)
    create_receipt(submit(make_ready(call)))
    text = sent(foreign)
    assert "This portal did not seal this file" in text and "not valid" not in text
    assert "Only that portal" in text


def test_after_a_change_of_the_key_earlier_receipts_stay_genuine(receipt, settings, tmp_path):
    settings.SEAL_FILE = str(tmp_path / "next.pem")
    signing_key.load_signing_key.cache_clear()
    try:
        version = submit(make_ready(Version.objects.get().proposal.call))
        create_receipt(version)
        assert "The proof of submission is genuine" in sent(receipt)
        assert "The proof of submission is genuine" in sent(
            bytes(Receipt.objects.get(version=version).pdf)
        )
    finally:
        signing_key.load_signing_key.cache_clear()


def test_before_anything_was_sealed_the_page_says_so(db):
    assert "has not sealed any documents yet" in sent(b"%PDF-1.7")
