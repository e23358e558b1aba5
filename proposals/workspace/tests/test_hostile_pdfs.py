"""Hostile PDFs: each gets its right answer, within its limits, and the portal's own process takes no part."""

import resource

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from foundation import child_process
from foundation.child_process import Limits
from proposals.models import ProposalFile
from proposals.tests.factories import make_draft
from proposals.tests.hostile_pdfs import (
    CORPUS,
    MIB,
    TAKEN,
    a_bomb_in_a_page,
    a_bomb_in_an_object_stream,
    an_empty_user_password,
    javascript_on_opening,
    more_pages_than_are_taken,
    plain_pdf,
)
from proposals.workspace import pdf_inspection, uploads
from proposals.workspace.tests.test_uploads import upload

SMALL = {"FILE_CHECK_UNPACKED": 24 * MIB, "FILE_CHECK_MEMORY": 160 * MIB}


def answer_to(content):
    """What the portal says of a file: a key of its sentences, or TAKEN."""
    file = SimpleUploadedFile("a.pdf", content, "application/pdf")
    try:
        uploads.check_upload(file)
    except uploads.InvalidFile as refusal:
        if str(refusal) == "“a.pdf” is empty. Select another PDF":
            return "empty"
        return next(key for key in uploads.SENTENCES if uploads.sentence_for(key) == str(refusal))
    return TAKEN


@pytest.mark.parametrize("name", CORPUS)
def test_each_has_its_right_answer_within_its_limits(name, settings, monkeypatch):
    for limit, value in SMALL.items():
        setattr(settings, limit, value)
    peaks = []
    run = child_process.run

    def measured(*args, **named):
        done = run(*args, **named)
        peaks.append(done.peak)
        return done

    monkeypatch.setattr(child_process, "run", measured)
    content = CORPUS[name].make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert answer_to(content) in CORPUS[name].answers
    assert all(peak <= SMALL["FILE_CHECK_MEMORY"] for peak in peaks)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # kB


@pytest.mark.parametrize(
    ("limit", "value", "content", "key"),
    [
        ("FILE_CHECK_PAGES", 4, more_pages_than_are_taken(), "pages"),
        ("FILE_CHECK_UNPACKED", MIB, a_bomb_in_a_page(), "unpacked"),
        ("FILE_CHECK_MEMORY", 64 * MIB, a_bomb_in_a_page(), "memory"),
        ("FILE_CHECK_SECONDS", 0.01, plain_pdf(), "time"),
        ("FILE_CHECKS_AT_ONCE", 0, plain_pdf(), "busy"),
    ],
)
def test_each_limit_is_a_setting_with_a_sentence_of_its_own(settings, limit, value, content, key):
    settings.FILE_CHECK_WAIT = 0
    setattr(settings, limit, value)
    assert answer_to(content) == key
    assert len({str(sentence) for sentence in uploads.SENTENCES.values()}) == len(uploads.SENTENCES)


def test_a_child_that_crashes_is_no_error_page(monkeypatch):
    def crashed(*args, **named):
        raise child_process.Crashed

    monkeypatch.setattr(child_process, "run", crashed)
    assert answer_to(plain_pdf()) == "failed"


def test_every_answer_of_the_inspection_has_asentence_for():
    words = {
        value
        for name, value in vars(pdf_inspection).items()
        if name.isupper() and isinstance(value, str)
    }
    assert words - {TAKEN} <= set(uploads.SENTENCES)


@pytest.mark.django_db
def test_the_person_reads_the_reason_and_nothing_is_stored(call):
    proposal = make_draft(call)
    answer = upload(proposal, javascript_on_opening())
    assert (answer.status_code, ProposalFile.objects.count()) == (422, 0)
    assert "Print it to a new PDF" in answer.content.decode()
    assert upload(proposal, an_empty_user_password()).status_code == 302


def test_a_bomb_is_ended_within_the_default_limits():
    done = child_process.run(
        "proposals.workspace.pdf_inspection:inspect",
        a_bomb_in_an_object_stream(),
        Limits(seconds=20, memory=512 * MIB),
        max_pages=1000,
        max_unpacked=200 * MIB,
    )
    assert done.result == {"answer": "unpacked"} and done.peak < 100 * MIB
