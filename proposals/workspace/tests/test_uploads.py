"""Files: refused with a reason when they arrive, kept by their hash, never lost."""

import errno
import hashlib
import io
import json
import re
from uuid import uuid4

import pikepdf
import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from conftest import DEADLINE
from foundation import clock
from proposals.models import ProposalFile, path_of
from proposals.tests.factories import make_draft, make_ready, reload, submit

pytestmark = pytest.mark.django_db


def pdf_bytes(pages=2, encryption=None, marker="x"):
    """A PDF that is the same byte for byte whenever it is made (an encrypted one is not)."""
    pdf = pikepdf.new()
    for _page in range(pages):
        pdf.add_blank_page()
    pdf.docinfo["/Title"] = marker
    buffer = io.BytesIO()
    pdf.save(buffer, encryption=encryption or False, deterministic_id=encryption is None)
    return buffer.getvalue()


def upload(proposal, content, name="roadmap.pdf", slot="roadmap", seen=None):
    client = Client()
    client.force_login(proposal.started_by)
    path = reverse("proposals:upload", args=[proposal.number, slot])
    file = SimpleUploadedFile(name, content, "application/pdf")
    present = ProposalFile.objects.filter(proposal=proposal, slot=slot, replaced_at=None).first()
    if seen is None:
        seen = present.sha256 if present else ""
    return client.post(path, {"file": file, "seen": seen})


def raw_upload(proposal, name, content=None):
    """A multipart request with a file name that a browser would not send."""
    client = Client()
    client.force_login(proposal.started_by)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.encode()
        + b'"\r\nContent-Type: application/pdf\r\n\r\n'
        + (content or pdf_bytes())
        + b"\r\n--x--\r\n"
    )
    path = reverse("proposals:upload", args=[proposal.number, "roadmap"])
    return client.post(path, body, content_type="multipart/form-data; boundary=x")


def test_a_pdf_is_kept_with_its_size_pages_and_hash(call):
    proposal = make_draft(call)
    content = pdf_bytes(pages=3)
    assert upload(proposal, content).status_code == 302
    file = ProposalFile.objects.get()
    assert (file.name, file.size, file.pages) == ("roadmap.pdf", len(content), 3)
    with file.open() as stored:
        assert stored.read() == content


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<html>not a pdf</html>", "This file is not a PDF"),
        (b"", "The file is empty"),
        (b"%PDF-1.7 broken", "This PDF is damaged and cannot be opened"),
        (pdf_bytes(pages=0), "This PDF has no pages"),
        (
            pdf_bytes(encryption=pikepdf.Encryption(owner="o", user="u")),
            "This PDF is protected by a password",
        ),
    ],
)
def test_an_unusable_file_is_refused_with_the_reason(call, content, sentence):
    proposal = make_draft(call)
    answer = upload(proposal, content)
    assert (answer.status_code, ProposalFile.objects.count()) == (422, 0)
    assert sentence in answer.content.decode()


def test_a_file_that_is_too_large_is_refused_with_its_size(call, settings):
    settings.MAX_FILE_SIZE = 1024
    answer = upload(make_draft(call), pdf_bytes(marker="y" * 3000))
    assert "MB or smaller" in answer.content.decode()


@pytest.mark.parametrize("name", ["../../etc/roadmap.pdf", "C:\\roadmap.pdf", "road\x07map.pdf"])
def test_a_name_that_hides_a_path_or_a_sign_is_refused(call, name):
    answer = raw_upload(make_draft(call), name)
    assert "contains a folder or a character that cannot be printed" in answer.content.decode()
    assert not ProposalFile.objects.exists()


def test_an_honest_name_in_any_script_is_kept(call):
    assert raw_upload(make_draft(call), "план – Łódź.pdf").status_code == 302
    assert ProposalFile.objects.get().name == "план – Łódź.pdf"


def test_a_body_larger_than_anything_taken_gets_a_page(call, settings):
    settings.MAX_TEXT_SIZE = settings.MAX_BODY_SIZE = 2000
    answer = upload(make_draft(call), pdf_bytes(marker="y" * 5000))
    assert answer.status_code == 413
    assert "You sent too much data" in answer.content.decode()


def test_a_text_larger_than_anything_taken_gets_a_page(call, settings):
    settings.MAX_TEXT_SIZE = settings.MAX_STEP_SIZE = 1000
    proposal = make_draft(call)
    client = Client()
    client.force_login(proposal.started_by)
    path = reverse("proposals:step", args=[proposal.number, "summary"])
    answer = client.post(path, "a=" + "x" * 2000, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413


def test_replacing_keeps_the_earlier_file_and_the_version_keeps_its_own(call):
    proposal = make_ready(call)
    first = pdf_bytes(marker="first")
    upload(proposal, first)
    version = submit(reload(proposal))
    upload(proposal, pdf_bytes(marker="second"), name="new.pdf")
    assert ProposalFile.objects.count() == 2
    (bound,) = json.loads(version.dossier)["files"]
    client = Client()
    client.force_login(proposal.started_by)
    path = reverse("proposals:version-file", args=[proposal.number, 1, bound["sha256"]])
    answer = client.get(path)
    assert b"".join(answer.streaming_content) == first
    assert answer["Content-Disposition"] == 'attachment; filename="roadmap.pdf"'


def test_a_file_that_someone_else_put_there_is_not_replaced_or_removed_blindly(call):
    proposal = make_draft(call)
    upload(proposal, pdf_bytes(marker="theirs"))
    answer = upload(proposal, pdf_bytes(marker="mine"), seen="")
    assert answer.status_code == 409
    assert f"{proposal.started_by} uploaded “roadmap.pdf” since" in answer.content.decode()
    client = Client()
    client.force_login(proposal.started_by)
    client.post(reverse("proposals:remove-file", args=[proposal.number, "roadmap"]), {"seen": ""})
    assert ProposalFile.objects.get().replaced_at is None


def test_a_file_that_the_version_does_not_bind_is_not_served_with_it(call):
    proposal = make_ready(call)
    submit(proposal)
    upload(proposal, pdf_bytes())
    client = Client()
    client.force_login(proposal.started_by)
    sha256 = ProposalFile.objects.get().sha256
    path = reverse("proposals:version-file", args=[proposal.number, 1, sha256])
    assert client.get(path).status_code == 404


def test_no_file_is_taken_after_the_deadline(call):
    proposal = make_draft(call)
    with clock.frozen_at(DEADLINE):
        answer = upload(proposal, pdf_bytes())
    assert (answer.status_code, ProposalFile.objects.count()) == (409, 0)


def test_the_bytes_of_a_file_cannot_be_exchanged_by_sql(call):
    upload(make_draft(call), pdf_bytes())
    for statement in (
        "UPDATE proposals_proposalfile SET sha256 = repeat('0', 64)",
        "DELETE FROM proposals_proposalfile",
    ):
        with (
            pytest.raises(DatabaseError, match=r"Cannot update|never deleted"),
            transaction.atomic(),
        ):
            with connection.cursor() as cursor:
                cursor.execute(statement)


def test_a_full_disk_is_said_and_what_was_there_stays(call, monkeypatch):
    proposal = make_draft(call)
    upload(proposal, pdf_bytes(marker="first"))

    def no_room(*args, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "_save", no_room)
        answer = upload(proposal, pdf_bytes(marker=uuid4().hex))  # nobody has stored it
    assert "The portal cannot store this file at the moment." in answer.content.decode()
    with ProposalFile.objects.get().open() as stored:
        assert stored.read() == pdf_bytes(marker="first")
    assert upload(proposal, pdf_bytes(marker="second")).status_code == 302


def test_a_file_whose_writing_was_cut_off_is_written_anew(call):
    proposal, content = make_draft(call), pdf_bytes()
    path = path_of(hashlib.sha256(content).hexdigest())
    default_storage.save(path, ContentFile(content[:100]))  # what a killed process leaves
    upload(proposal, content)
    with ProposalFile.objects.get().open() as stored:
        assert stored.read() == content


# --- Downloads ---------------------------------------------------------------------------------


def also_a_page():
    """A PDF that a browser or Windows' own host of scripts reads as a page with a script, by its name."""
    return b"<script>alert(1)</script>\n" + pdf_bytes()


@pytest.mark.parametrize(
    ("name", "saved_as"),
    [
        ("roadmap.pdf", "roadmap.pdf"),
        ("ROADMAP.PDF", "ROADMAP.PDF"),
        ("roadmap.html", "roadmap.html.pdf"),
        ("roadmap.pdf.hta", "roadmap.pdf.hta.pdf"),
        ("roadmap\u202efdp.svg", "roadmapfdp.svg.pdf"),
        ("roadmap", "roadmap.pdf"),
    ],
)
def test_a_download_is_saved_as_a_pdf_whatever_its_name_was(call, name, saved_as):
    proposal = make_draft(call)
    assert raw_upload(proposal, name, also_a_page()).status_code == 302
    client = Client()
    client.force_login(proposal.started_by)
    answer = client.get(reverse("proposals:draft-file", args=[proposal.number, "roadmap"]))
    assert answer.getvalue() == also_a_page()
    assert answer["Content-Disposition"] == f'attachment; filename="{saved_as}"'
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_every_answer_with_a_kept_file_names_it_as_a_pdf():
    """A view that is added later does not hand out the name that somebody gave a file."""
    sent = [
        (file, line.strip())
        for folder in ("applicants", "calls", "proposals", "cosme_portal")
        for file in (settings.ROOT / folder).rglob("*.py")
        if "tests" not in file.parts
        for line in file.read_text().splitlines()
        if re.search(r"filename=\w+\.name\b", line)
    ]
    assert sent == []
