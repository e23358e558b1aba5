"""A receipt is checked in the browser: nothing is sent, and each kind of damage has its own answer."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pikepdf
import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.urls import reverse

from calls import shared_clock
from proposals.models import ProposalPdf, Receipt, TimestampStatus
from proposals.proof import pdf_signature, signing_key
from proposals.proof.full_proposal_pdf import create_proposal_pdf
from proposals.proof.ledger import sequence
from proposals.proof.receipts import create_receipt
from proposals.proof.verification import program
from proposals.tests.factories import make_ready, reload, save, submit
from proposals.tests.from_elsewhere import (
    WRONG_PROOFS,
    forged_like,
    sealed_elsewhere,
    sealed_with,
    without_seal,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.xdist_group("browser-check-receipt"),
]

TEXTS = {
    key: " ".join(unescape(text).split())
    for key, text in re.findall(
        r'data-text="([\w-]+)">(.+?)</p>',
        render_to_string("proof/includes/receipt_texts.html"),
        re.DOTALL,
    )
}


def page_text(key, **values):
    """The text of the page under this key."""
    return TEXTS[key].format(**values)


def begins(key):
    """The text of the page under this key, up to its first value."""
    return TEXTS[key].partition("{")[0]


def aside(work, *args, **named):
    """Run it in a thread of its own: this one has the event loop of the browser, and sealing starts one."""

    def run():
        try:
            with shared_clock.use_shared_offset():
                return work(*args, **named)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(run).result()


@pytest.fixture
def receipt(call):
    aside(create_receipt, submit(make_ready(call)))
    return bytes(Receipt.objects.get().pdf)


@pytest.fixture
def checking(visit):
    """What the page says of a file, as its headline and all of its text."""
    visitor = visit()
    sent = []
    visitor.page.on("request", lambda request: sent.append((request.method, request.url)))
    visitor.goto(reverse("proof:check"))
    errors = []
    visitor.page.on("console", lambda message: errors.append(message.text))
    visitor.page.on("pageerror", lambda error: errors.append(str(error)))

    def check(content):
        file = {"name": "receipt.pdf", "mimeType": "application/pdf", "buffer": content}
        visitor.page.locator("input[type=file]").set_input_files([])
        visitor.page.locator("input[type=file]").set_input_files([file])
        answer = visitor.page.locator("#answer-place")
        answer.locator(f"h2:not(:text({page_text('title-checking')!r}))").wait_for()
        assert {method for method, _url in sent} == {"GET"}, "something was uploaded"
        visitor.check()
        return answer.locator("h2").inner_text(), " ".join(answer.inner_text().split())

    yield check
    unexpected = [item for item in errors if "404" not in item]
    assert not unexpected


def saved_again(content, change):
    with pikepdf.open(io.BytesIO(content)) as pdf:
        change(pdf)
        stream = io.BytesIO()
        pdf.save(stream)
    return stream.getvalue()


def test_a_genuine_receipt_and_its_proposal_pdf(receipt, checking):
    title, text = checking(receipt)
    assert title == page_text("title-receipt"), text
    assert page_text("counts") in text
    assert text.count(page_text("holds")) >= 6 and page_text("wrong") not in text
    for key in ("seal-unbroken", "all-under-seal", "published-certificate", "entry-in-log"):
        assert begins(key) in text
    aside(create_proposal_pdf, Receipt.objects.get().version)
    title, text = checking(bytes(ProposalPdf.objects.get().pdf))
    assert (
        title == page_text("title-proposal-pdf")
        and TEXTS["about-proposal-pdf"].rpartition("}")[2] in text
    )


def test_each_kind_of_damage_has_its_own_answer(receipt, checking):
    wrong = page_text("title-wrong")
    title, text = checking(receipt.replace(b"Seal of the portal", b"Seal of the porter"))
    assert title == wrong and page_text("bytes-changed") in text
    [seal] = program().places(receipt)
    letter = re.compile(rb"[A-Fa-f]").search(receipt, seal.start + seal.length).start()
    other_case = receipt[:letter] + receipt[letter : letter + 1].swapcase() + receipt[letter + 1 :]
    title, text = checking(other_case)
    assert title == wrong and page_text("bytes-changed")[:-1] in text
    title, text = checking(receipt + b"% more\n")
    assert title == wrong and page_text("added-after-seal") in text

    def strip(pdf):
        del pdf.attachments["dossier.json"]

    title, text = checking(saved_again(receipt, strip))
    assert title == wrong and page_text("bytes-changed")[:-1] in text
    stripped = saved_again(without_seal(receipt), strip)
    title, text = checking(aside(pdf_signature.seal_pdf, stripped, reason="Stripped"))
    assert title == wrong and page_text("not-inside", files="dossier.json") in text
    for content in (b"no pdf", b"%PDF-1.7\n%%EOF", bytes(3 * 1024 * 1024)):
        assert checking(content)[0] == page_text("title-no-receipt")


def test_a_changed_byte_anywhere_is_found(receipt, checking):
    for place in range(30, len(receipt) - 30, len(receipt) // 12):
        item = bytearray(receipt)
        item[place] ^= 1
        assert checking(bytes(item))[0] != page_text("title-receipt"), place


def test_a_seal_of_another_portal_is_foreign(receipt, checking, settings, tmp_path):
    settings.SEAL_FILE = str(tmp_path / "other.pem")
    signing_key.load_signing_key.cache_clear()
    try:
        forged = aside(pdf_signature.seal_pdf, without_seal(receipt), reason="Forged")
    finally:
        signing_key.load_signing_key.cache_clear()
    title, text = checking(forged)
    assert title == page_text("title-foreign")
    assert begins("foreign-certificate") in text and page_text("about-foreign") in text


@pytest.mark.parametrize("is_same_issuer", [True, False])
def test_a_certificate_of_the_same_serial_number_does_not_vouch(receipt, checking, is_same_issuer):
    title, text = checking(aside(forged_like, receipt, is_same_issuer=is_same_issuer))
    assert title in {page_text("title-foreign"), page_text("title-wrong")}
    assert page_text("published-certificate") not in text


def test_a_text_that_looks_like_a_seal_is_none(receipt, checking):
    def entitle(pdf):
        pdf.docinfo["/Title"] = "/ByteRange [0 4 10 20]"

    sealed = aside(
        pdf_signature.seal_pdf, saved_again(without_seal(receipt), entitle), reason="Title"
    )
    title, text = checking(sealed)
    assert title == page_text("title-unknown") and page_text("wrong") not in text


def test_each_way_in_which_a_proof_is_wrong_is_told(call, checking):
    for _number in range(3):
        version = submit(make_ready(call))
    for change, sentence in WRONG_PROOFS:
        title, text = checking(aside(sealed_with, version, change))
        assert title == page_text("title-wrong") and sentence in text


def test_a_receipt_of_another_portal(call, checking, settings, tmp_path):
    foreign = aside(sealed_elsewhere, call, settings, tmp_path)
    aside(create_receipt, submit(make_ready(call)))
    title, text = checking(foreign)
    assert title == page_text("title-foreign") and text.count(f"{page_text('wrong')} ") == 1


def test_an_earlier_version_no_longer_counts(call, checking):
    proposal = make_ready(call)
    first = submit(proposal)
    aside(create_receipt, first)
    save(proposal, "summary", acronym="AGAIN")
    submit(reload(proposal))
    title, text = checking(bytes(Receipt.objects.get(version=first).pdf))
    assert title == page_text("title-receipt"), text
    assert page_text("no-longer-counts") in text


def test_a_time_stamp_is_checked_too(call, checking, settings, stamp_service):
    settings.TIMESTAMP_URL = stamp_service
    aside(create_receipt, submit(make_ready(call)))
    receipt = Receipt.objects.get()
    assert receipt.timestamp_status == TimestampStatus.IN_SEAL
    title, text = checking(bytes(receipt.pdf))
    assert title == page_text("title-receipt"), text
    service, time = "Time-stamp service[^.]*", r"20\d\d-\S+Z"
    assert re.search(page_text("stamp-holds", service=service, time=time), text)


def test_a_proof_at_a_later_place_holds(call, checking):
    for _number in range(6):
        submit(make_ready(call))
    sequence()
    version = submit(make_ready(call))
    aside(create_receipt, version)
    title, text = checking(bytes(Receipt.objects.get().pdf))
    assert title == page_text("title-receipt") and begins("entry-in-log") in text
