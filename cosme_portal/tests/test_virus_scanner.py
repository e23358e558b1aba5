"""Files and a real virus scanner: refused when infected, in quarantine while it is away."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cosme_portal.tests import processes
from foundation import clock
from proposals.delivery import outbox
from proposals.delivery.emails import send_email
from proposals.models import ProposalFile
from proposals.tests.factories import make_draft, make_ready, submit
from proposals.workspace import virus_scan
from proposals.workspace.tests.test_uploads import pdf_bytes
from proposals.workspace.uploads import InvalidFile, store_file

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("processes")]

# The harmless text that every scanner knows as a virus (EICAR), in two halves so that none finds it here.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
Scan = ProposalFile.Scan


@pytest.fixture(scope="module")
def scanner(tmp_path_factory):
    """A clamd of our own, which knows this one signature: its socket."""
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
    if program is None:
        processes.missing("clamd is missing. On Debian: sudo apt-get install clamav-daemon")
    folder = tmp_path_factory.mktemp("clamd")
    folder.chmod(0o755)
    (folder / "test.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
    socket = Path("/tmp") / f"clamd-{folder.parent.name}.socket"  # noqa: S108 -- short enough for a socket
    socket.unlink(missing_ok=True)
    settings = folder / "clamd.conf"
    settings.write_text(
        f"LocalSocket {socket}\nDatabaseDirectory {folder}\nForeground yes\nLogFile {folder}/log\n"
    )
    running = subprocess.Popen([program, "--config-file", str(settings)], stdout=subprocess.DEVNULL)
    try:
        processes.wait_until(socket.exists)
        yield str(socket)
    finally:
        running.terminate()
        running.wait(timeout=20)


def infected():
    return pdf_bytes(pages=1) + b"\n% " + EICAR + b"\n"


def upload(proposal, content, name="plan.pdf"):
    file = SimpleUploadedFile(name, content, "application/pdf")
    seen = proposal.files.filter(slot="roadmap", replaced_at=None).values_list("sha256", flat=True)
    return store_file(proposal, "roadmap", file, seen=seen.first() or "", by=proposal.started_by)


def test_a_clean_file_passes_and_an_infected_one_is_refused(call, scanner, settings):
    settings.CLAMD = scanner
    proposal = make_draft(call)
    stored = upload(proposal, pdf_bytes(pages=1))
    assert (stored.scan, stored.can_be_opened) == (Scan.PASSED, True)
    with pytest.raises(InvalidFile, match="A virus was found in this file"):
        upload(proposal, infected())
    assert proposal.files.get(replaced_at=None) == stored


def test_while_the_scanner_is_away_a_file_waits_and_nobody_opens_it(call, scanner, settings):
    settings.CLAMD = "/no/such/socket"
    proposal = make_ready(call)
    content = pdf_bytes(pages=1)
    stored = upload(proposal, content)
    client = Client()
    client.force_login(proposal.started_by)
    path = reverse("proposals:draft-file", args=[proposal.number, "roadmap"])
    shut = client.get(path)
    assert shut.status_code == 409 and "still being checked" in shut.content.decode()
    version = submit(proposal)  # quarantine keeps nobody from submitting
    bound = reverse("proposals:version-file", args=[proposal.number, version.number, stored.sha256])
    assert client.get(bound).status_code == 409
    settings.CLAMD = scanner
    assert virus_scan.scan_waiting() == 1
    assert b"".join(client.get(path).streaming_content) == content


def test_what_is_found_later_leaves_the_draft_and_the_leads_are_told(call, scanner, settings):
    settings.CLAMD = "127.0.0.1:9"  # nobody listens there
    proposal = make_draft(call)
    stored = upload(proposal, infected())
    assert stored.scan == Scan.WAITING
    assert virus_scan.scan_waiting() == 0  # still away
    settings.CLAMD = scanner
    ProposalFile.objects.update(claimed_at=clock.real_now() - timedelta(minutes=2))
    assert virus_scan.scan_waiting() == 1
    stored.refresh_from_db()
    assert stored.scan == Scan.INFECTED and stored.replaced_at is not None
    outbox.process_due_emails(send_email)
    assert "Virus found in a file" in mail.outbox[-1].subject
    assert mail.outbox[-1].to == [proposal.started_by.email]


def test_without_a_scanner_files_are_stored_unscanned(call, settings):
    settings.CLAMD = ""
    stored = upload(make_draft(call), infected())
    assert (stored.scan, stored.can_be_opened) == (Scan.NONE, True)
