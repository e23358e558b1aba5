"""Two act on one file, export, comment or draft at once: the loser hears what stands, and nothing is undone."""

from datetime import timedelta

import pytest
from django.contrib.messages import INFO, SUCCESS, WARNING
from django.core.files.storage import default_storage
from django.urls import reverse

from calls.tests.connections import at_once, overtaken
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from proposals import tasks
from proposals.consortium.tests.test_races_of_people import message_levels
from proposals.models import (
    CaseEvent,
    Comment,
    Export,
    Proposal,
    ProposalActivity,
    ProposalFile,
    StoredPdf,
    Version,
)
from proposals.reporting import exports
from proposals.tests.factories import (
    make_draft,
    make_officer,
    make_ready,
    reload,
    submit,
    submit_fields,
)
from proposals.workspace import comments, deletion, virus_scan
from proposals.workspace.tests.test_pages import client_of, text_of
from proposals.workspace.tests.test_uploads import pdf_bytes, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files_of_its_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


def row(result):
    return type(result).objects.filter(pk=result.pk)


def posting(person, name, *place, **sent):
    client = client_of(person)
    path = reverse(name, args=place)
    return lambda: client.post(path, sent)


def in_draft(proposal):
    return proposal.files.filter(replaced_at=None)


# --- Files ---------------------------------------------------------------------------------------


def test_a_file_that_was_sent_twice_is_stored_once_and_both_hear_so(call):
    proposal, content = make_draft(call), pdf_bytes()
    answers = at_once(row(proposal), *[lambda: upload(proposal, content, seen="")] * 2)
    assert [answer.status_code for answer in answers] == [302, 302]
    assert ProposalFile.objects.count() == 1


def test_of_two_files_for_one_slot_at_once_the_later_hears_of_the_first(call):
    proposal = make_draft(call)
    answers = at_once(
        row(proposal),
        *[
            lambda mark=mark: upload(
                proposal, pdf_bytes(marker=mark), name=f"plan-{mark}.pdf", seen=""
            )
            for mark in "ab"
        ],
    )
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    stored = in_draft(proposal).get()
    assert f"{stored.uploaded_by} uploaded “{stored.name}” since" in text_of(refused)


def test_a_file_that_two_clicks_remove_is_removed_once_and_the_later_hears_so(call):
    proposal = make_draft(call)
    upload(proposal, pdf_bytes())
    seen = in_draft(proposal).get().sha256
    place = ("proposals:remove-file", proposal.number, "roadmap")
    answers = at_once(
        row(proposal),
        *[posting(proposal.started_by, *place, seen=seen) for _window in "12"],
    )
    pages = [answer.client.get(answer.url) for answer in answers]
    levels = sorted([message.level for message in page.context["messages"]] for page in pages)
    assert levels == [[SUCCESS], [WARNING]]
    assert any("was removed since you opened the page" in text_of(page) for page in pages)
    assert proposal.activity_log.filter(kind=ProposalActivity.Kind.FILE_REMOVED).count() == 1


@pytest.mark.parametrize("result", [StoredPdf.Scan.PASSED, StoredPdf.Scan.INFECTED])
def test_a_file_that_is_replaced_while_it_is_scanned_stays_replaced(call, monkeypatch, result):
    proposal = make_draft(call)
    upload(proposal, pdf_bytes())
    scanned = in_draft(proposal).get()
    in_draft(proposal).update(scan=StoredPdf.Scan.WAITING)

    def scan_while_somebody_replaces_it(_content):
        with clock.frozen_at(AFTERNOON + timedelta(seconds=1)):
            upload(proposal, pdf_bytes(marker="new"))
        return result

    monkeypatch.setattr(virus_scan, "scan", scan_while_somebody_replaces_it)
    with clock.frozen_at(AFTERNOON + timedelta(minutes=1)):
        assert virus_scan.scan_waiting() == 1
    scanned.refresh_from_db()
    assert scanned.scan == result
    assert scanned.replaced_at == AFTERNOON + timedelta(seconds=1)
    assert in_draft(proposal).get().sha256 != scanned.sha256


# --- Exports -------------------------------------------------------------------------------------


@pytest.fixture
def version(call):
    made = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        yield made


def asking(version, officer):
    return lambda: exports.request_export(Export.Kind.JSON, [version.pk], by=officer).pk


def test_an_export_that_two_clicks_ask_for_is_made_once(version):
    officer = make_officer()
    asked = at_once(row(officer), *[asking(version, officer)] * 2)
    assert len(set(asked)) == 1
    assert CaseEvent.objects.filter(kind=CaseEvent.Kind.EXPORTED).count() == 1


def test_an_export_that_a_worker_is_making_is_left_alone_by_another(version):
    asking(version, make_officer())()
    assert overtaken(exports.make_exports, exports.make_exports) == 0


def test_who_cancels_an_export_twice_hears_that_it_is_cancelled(version):
    officer = make_officer()
    export = Export.objects.get(pk=asking(version, officer)())
    sent = posting(officer, "admin:proposals_export_cancel", export.pk)
    answers = [sent(), sent()]
    page = answers[1].client.get(answers[1].url)
    texts = [str(message) for message in page.context["messages"]]
    assert any("Its status is now: cancelled." in text for text in texts)


def test_who_fetches_an_export_whose_file_is_just_being_deleted_is_told_so(version):
    officer = make_officer()
    export = Export.objects.get(pk=asking(version, officer)())
    tasks.make_exports()
    export.refresh_from_db()
    default_storage.delete(export.path)
    client = client_of(officer)
    answer = client.get(reverse("admin:proposals_export_file", args=[export.pk]), follow=True)
    assert answer.status_code == 200
    assert "has expired" in text_of(answer)


# --- Comments ------------------------------------------------------------------------------------


def test_a_comment_that_two_settle_at_once_names_the_first_and_the_later_hears_of_them(call):
    proposal = make_draft(call)
    guest = proposal.started_by
    made = comments.add_comment(proposal, step="summary", key="", text="Really?", by=guest)
    first = make_officer()
    answer = overtaken(
        lambda: comments.set_done(made, done=True, by=first),
        posting(guest, "proposals:resolve-comment", proposal.number, made.pk, done="yes"),
    )
    assert message_levels([answer]) == [[INFO]]
    assert Comment.objects.get().done_by == first


# --- Deleting and bringing back ------------------------------------------------------------------


def test_a_draft_that_is_being_deleted_is_not_submitted_and_the_page_says_why(call):
    proposal = make_ready(call)
    answer = overtaken(
        lambda: deletion.delete_draft(proposal, by=proposal.started_by),
        posting(proposal.started_by, "proposals:check", proposal.number, **submit_fields(proposal)),
    )
    assert answer.status_code == 404
    assert "This draft was deleted" in text_of(answer)
    assert not Version.objects.exists()


def test_a_draft_that_is_being_submitted_is_not_deleted(call):
    proposal = make_ready(call)
    answer = overtaken(
        lambda: submit(reload(proposal)),
        posting(proposal.started_by, "proposals:delete", proposal.number),
    )
    assert answer.status_code == 409
    assert Proposal.objects.get().deleted_at is None


def test_a_draft_that_two_bring_back_at_once_is_back_and_both_hear_so(call):
    proposal = make_draft(call)
    deletion.delete_draft(proposal, by=proposal.started_by)
    place = ("proposals:restore", proposal.number)
    answers = at_once(row(proposal), *[posting(proposal.started_by, *place) for _window in "12"])
    assert message_levels(answers) == [[INFO], [SUCCESS]]
    assert proposal.activity_log.filter(kind=ProposalActivity.Kind.RESTORED).count() == 1


def test_a_draft_that_is_being_brought_back_is_not_deleted_for_ever(call):
    proposal = make_draft(call)
    deletion.delete_draft(proposal, by=proposal.started_by)
    late = clock.now() + deletion.DELETED_DRAFT_RETENTION
    with clock.frozen_at(late - timedelta(seconds=1)):
        purged = overtaken(
            lambda: deletion.restore_draft(proposal, by=proposal.started_by),
            lambda: deletion.purge_deleted(late),
        )
    assert (purged, Proposal.objects.count()) == (0, 1)


def test_who_brings_back_a_draft_that_is_gone_gets_a_page_that_says_so(call):
    proposal = make_draft(call)
    deletion.delete_draft(proposal, by=proposal.started_by)
    sent = posting(proposal.started_by, "proposals:restore", proposal.number)
    deletion.purge_deleted(clock.now() + deletion.DELETED_DRAFT_RETENTION)
    answer = sent()
    assert "Your changes were not saved" in text_of(answer)


def test_what_is_saved_in_a_draft_that_is_being_deleted_is_there_when_it_is_back(call):
    proposal = make_draft(call)
    section = proposal.sections.filter(step="summary").first()
    seen = section.version if section else 0
    client = client_of(proposal.started_by)
    path = reverse("proposals:step", args=[proposal.number, "summary"])
    answer = overtaken(
        lambda: deletion.delete_draft(proposal, by=proposal.started_by),
        lambda: client.post(
            path, {"acronym": "LATE", "seen_version": seen}, headers={"X-Autosave": "1"}
        ),
    )
    assert answer.status_code == 200
    deletion.restore_draft(proposal, by=proposal.started_by)
    assert proposal.sections.get(step="summary").answers["acronym"] == "LATE"
