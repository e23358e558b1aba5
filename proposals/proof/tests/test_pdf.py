"""Layout: in one child of each process, one document after the other; what hangs is ended and tried again."""

import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psutil
import pytest

from cosme_portal.settings import ROOT
from foundation import clock
from foundation import pdf as printing
from foundation.pdf import LayoutFailed, render_pdf
from proposals import tasks
from proposals.delivery import outbox
from proposals.dossier.document import Draft
from proposals.models import DraftPdf, OutboxMessage, Receipt
from proposals.proof.full_proposal_pdf import make_draft_pdfs, request_draft_pdf
from proposals.tests.factories import make_ready, reload, submit

PAGE = "<html lang='en'><title>One</title><body><h1>One</h1></body></html>"
HANGING = "proposals.tests.hanging_layout:pdf"


@pytest.fixture
def hanging(monkeypatch, settings):
    monkeypatch.setattr(printing, "LAYOUT", HANGING)
    settings.LAYOUT_SECONDS = 0.5


def children():
    alive = [
        child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE
    ]
    return [child for child in alive if "child_main" in " ".join(child.cmdline())]


def test_two_threads_lay_out_in_one_child_one_after_the_other():
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _n: render_pdf(PAGE, sheet="receipt.css"), range(8)))
    assert all(pdf.startswith(b"%PDF-1.7") for pdf in made)
    assert len(children()) == 1


def test_a_process_of_the_portal_does_not_load_the_layout():
    code = (
        "import django, sys; django.setup(); import cosme_portal.urls, proposals.tasks, proposals.admin;"
        "sys.exit('weasyprint' in sys.modules)"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "cosme_portal.settings", "PORTAL_MODE": "test"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=environment)


def test_a_layout_that_hangs_is_ended_and_leaves_no_process(hanging):
    begun = time.monotonic()
    with pytest.raises(LayoutFailed):
        render_pdf(PAGE, sheet="receipt.css")
    assert time.monotonic() - begun < 3 and children() == []


def test_what_cannot_be_laid_out_is_said_without_its_text(caplog):
    with pytest.raises(LayoutFailed) as failure:
        render_pdf("<img src='https://example.org/secret'>" + PAGE, sheet="absent.css")
    assert "secret" not in str(failure.value) + caplog.text
    assert render_pdf(PAGE, sheet="receipt.css")


@pytest.mark.django_db
def test_a_receipt_whose_layout_hangs_is_made_when_it_does_not(
    call, hanging, monkeypatch, settings
):
    version = submit(make_ready(call))
    assert outbox.process_due({"receipt": tasks.HANDLERS["receipt"]}, seconds=0) == 0
    message = OutboxMessage.objects.get(version=version, kind="receipt")
    assert message.state == OutboxMessage.State.DUE
    assert message.last_error.startswith("LayoutFailed")
    monkeypatch.setattr(printing, "LAYOUT", "foundation.pdf_layout:pdf")
    settings.LAYOUT_SECONDS = 60
    OutboxMessage.objects.exclude(pk=message.pk).update(state=OutboxMessage.State.DONE)
    OutboxMessage.objects.filter(pk=message.pk).update(
        due_at=clock.real_now() - timedelta(seconds=1)
    )
    assert outbox.process_due(tasks.HANDLERS, seconds=0) == 1
    assert Receipt.objects.filter(version=version).count() == 1


@pytest.mark.django_db
def test_a_print_whose_layout_hangs_does_not_keep_others_waiting(call, hanging):
    proposal = make_ready(call)
    asked = request_draft_pdf(Draft(reload(proposal)), by=proposal.started_by)
    assert make_draft_pdfs() == 0
    assert DraftPdf.objects.get(pk=asked.pk).error == "LayoutFailed"


def _lay_out(queue):
    queue.put(len(render_pdf(PAGE, sheet="receipt.css")))


def test_a_forked_process_has_a_child_of_its_own_and_leaves_the_other_alone():
    render_pdf(PAGE, sheet="receipt.css")
    before = children()
    forking = multiprocessing.get_context("fork")
    queue = forking.SimpleQueue()
    forked = forking.Process(target=_lay_out, args=[queue])
    forked.start()
    assert queue.get() > 1000
    forked.join()
    assert render_pdf(PAGE, sheet="receipt.css") and children() == before != []
