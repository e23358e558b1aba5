"""One bad row stops no other, in whatever workers do with many; operators see it until it succeeds."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from applicants.models import Organisation
from applicants.tests.factories import make_user
from calls.call_file import read_call_file
from calls.call_import import load_call
from calls.extensions import extend_deadline
from calls.models import Call
from conftest import AFTERNOON, DEADLINE, NEXT_DAY
from cosme_portal.settings import ROOT
from foundation import clock
from proposals import tasks
from proposals.audit.sealed_access import log_sealed_access_attempt
from proposals.conditions import rule_changes
from proposals.consortium import deadline_reminders
from proposals.delivery import fault_isolation, outbox
from proposals.dossier.document import Draft
from proposals.models import (
    CaseSearchIndex,
    ClosingCommitment,
    DailyHead,
    Export,
    JobFailure,
    OrganisationSearchIndex,
    OutboxMessage,
    Proposal,
    ProposalFile,
    ProposedChange,
    QueuedEmail,
    Receipt,
    SavedSearch,
    StoredPdf,
    TimestampStatus,
    VerdictRecord,
)
from proposals.partnering import organisations, saved_searches
from proposals.proof import (
    closing_commitment,
    daily_heads,
    full_proposal_pdf,
    ledger,
    pdf_signature,
    receipts,
)
from proposals.reporting import exports
from proposals.screening import automatic_check, clarifications, search
from proposals.tests.factories import make_draft, make_officer, make_ready, submit
from proposals.tests.partners import make_owner, make_request
from proposals.workspace import deletion, virus_scan
from proposals.workspace.tests.test_uploads import pdf_bytes, upload

pytestmark = pytest.mark.django_db

SECRET = "what a person wrote"
TROUBLES = reverse("admin:proposals_jobfailure_changelist")


@pytest.fixture(autouse=True)
def files_of_its_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def poison(monkeypatch):
    """Let a function raise where its arguments are bad, until it is mended."""

    def poisoned(module, name, is_bad):
        sound = getattr(module, name)

        def may_raise(*args, **kwargs):
            if is_bad(*args, **kwargs):
                raise ValueError(SECRET)
            return sound(*args, **kwargs)

        monkeypatch.setattr(module, name, may_raise)
        return lambda: monkeypatch.setattr(module, name, sound)

    return poisoned


@pytest.fixture
def operators_page():
    """What an operator reads about troubles."""
    person = make_user(is_staff=True)
    person.groups.add(Group.objects.get(name="Operators"))
    client = Client()
    client.force_login(person)

    def read(path=TROUBLES):
        answer = client.get(path)
        assert answer.status_code == 200
        return answer.content.decode()

    return read


@pytest.fixture
def seen(operators_page, caplog):
    """That just one row is in trouble, for all operators to see, and that no text of a person is."""

    def one_trouble(work, row):
        failure = JobFailure.objects.get()
        assert (failure.job, failure.row) == (work, str(row))
        page = operators_page()
        assert work in page and str(row) in page and failure.last_error in page
        assert SECRET not in page + caplog.text
        assert f"{work}, {row} failed" in caplog.text
        assert 'File "' in caplog.text, "the log says from where it came"
        return failure

    return one_trouble


def now_due():
    JobFailure.objects.update(due_at=clock.real_now())


# --- The helper ----------------------------------------------------------------------------------


def odd(row):
    if row == 2:
        raise ValueError(SECRET)
    return 1


def test_a_row_that_fails_stops_no_other_and_waits(seen):
    assert fault_isolation.for_each("sums", [1, 2, 3], odd) == 2
    failure = seen("sums", 2)
    assert (failure.state, failure.attempts) == (JobFailure.State.DUE, 1)
    tried = []
    fault_isolation.for_each("sums", [1, 2, 3], tried.append)
    assert tried == [1, 3], "its wait is not over"


def test_a_row_in_trouble_takes_no_place_of_another():
    fault_isolation.for_each("sums", [2], odd)
    tried = []
    fault_isolation.for_each("sums", [2, 4, 5], tried.append, seconds=0)
    assert tried == [4]


def test_a_row_that_succeeds_later_is_in_trouble_no_more():
    fault_isolation.for_each("sums", [2], odd)
    now_due()
    fault_isolation.for_each("sums", [2], lambda row: 1)
    assert not JobFailure.objects.exists()


def test_a_row_that_always_fails_is_left_to_operators_who_let_it_be_tried_again():
    for _attempt in range(outbox.MAX_ATTEMPTS):
        now_due()
        fault_isolation.for_each("sums", [2], odd)
    failure = JobFailure.objects.get()
    assert (failure.state, failure.attempts) == (JobFailure.State.FAILED, outbox.MAX_ATTEMPTS)
    now_due()
    assert fault_isolation.for_each("sums", [2], lambda row: 1) == 0
    assert outbox.retry(JobFailure.objects.all()) == 1
    assert fault_isolation.for_each("sums", [2], lambda row: 1) == 1


class Gone(Exception):
    pgcode = "57P01"  # admin_shutdown


def test_a_database_that_is_away_ends_the_work_at_once(caplog):
    tried = []

    def away(row):
        tried.append(row)
        raise OperationalError from Gone()

    with pytest.raises(OperationalError):
        fault_isolation.for_each("sums", [1, 2, 3], away)
    with pytest.raises(OperationalError):
        fault_isolation.run_steps(
            "task", first=lambda: away(1), second=lambda: tried.append("second")
        )
    assert tried == [1, 1]
    assert not JobFailure.objects.exists() and "failed" not in caplog.text


def test_a_step_that_fails_stops_no_other_and_comes_each_time(seen):
    for _turn in range(outbox.MAX_ATTEMPTS + 1):
        assert fault_isolation.run_steps("task", first=lambda: odd(2), second=lambda: 3) == 3
    assert seen("task", "first").attempts == outbox.MAX_ATTEMPTS + 1
    fault_isolation.run_steps("task", first=lambda: 1)
    assert not JobFailure.objects.exists()


def test_a_trouble_that_nothing_asks_for_any_more_is_forgotten():
    fault_isolation.for_each("sums", [2], odd)
    assert fault_isolation.delete_stale_failures() == 0
    JobFailure.objects.update(due_at=clock.real_now() - timedelta(days=2))
    assert fault_isolation.delete_stale_failures() == 1


def test_the_page_of_the_queue_counts_troubles(operators_page):
    fault_isolation.for_each("sums", [2], odd)
    *_messages, other = outbox.queues()
    assert (other.kind, other.failing, other.failed) == ("Other tasks", 1, 0)
    assert "Other tasks" in operators_page(reverse("admin:proposals_outboxmessage_changelist"))


def test_exports_and_prints_that_failed_are_counted_for_operators(call, poison, caplog):
    proposal = make_ready(call)
    submit(proposal)
    full_proposal_pdf.request_draft_pdf(Draft(proposal), by=proposal.started_by)
    Export.objects.create(
        kind="csv", versions=[1], requested_by=make_officer(), requested_at=AFTERNOON
    )
    poison(full_proposal_pdf, "render_proposal_pdf", lambda *_args, **_kw: True)
    poison(exports, "_write", lambda *_args: True)
    tasks.make_draft_pdfs()
    tasks.make_exports()
    failed_kinds = {queue.kind: queue.failed for queue in outbox.queues() if queue.failed}
    assert failed_kinds == {"Draft proposals (PDF)": 1, "Exports": 1}
    assert caplog.text.count('File "') >= 2 and SECRET not in caplog.text


# --- The work -----------------------------------------------------------------------------------


def test_a_document_that_cannot_be_stamped_stops_no_other(
    call, settings, monkeypatch, seen, poison
):
    versions = [submit(make_ready(call)) for _number in range(3)]
    for version in versions:
        Receipt.objects.create(
            version=version,
            edition=1,
            cause="submission",
            pdf=str(version.pk).encode(),
            sha256="0",
            sealed_at=clock.now(),
            timestamp_status=TimestampStatus.PENDING,
        )
    monkeypatch.setattr(pdf_signature, "expected_timestamp", lambda: TimestampStatus.IN_SEAL)
    monkeypatch.setattr(pdf_signature, "add_timestamp", lambda pdf: pdf)
    poison(pdf_signature, "add_timestamp", lambda pdf: pdf == str(versions[0].pk).encode())
    assert receipts.add_pending_timestamps() == 2
    stamped = Receipt.objects.filter(timestamp_status=TimestampStatus.IN_SEAL).values_list(
        "version", flat=True
    )
    assert set(stamped) == {versions[1].pk, versions[2].pk}
    seen("time stamps", f"receipt {versions[0].receipt.pk}")


def test_a_file_that_is_lost_from_the_disk_keeps_no_other_in_quarantine(
    call, settings, monkeypatch, seen
):
    settings.CLAMD = "/no/such/socket"
    for pages in (1, 2, 3):
        upload(make_draft(call), pdf_bytes(pages=pages))
    lost, *others = ProposalFile.objects.order_by("pk")
    with lost.open() as stored:
        Path(stored.name).unlink()
    monkeypatch.setattr(virus_scan, "_ask", lambda content: True)
    assert virus_scan.scan_waiting() == 2
    passed = ProposalFile.objects.filter(scan=StoredPdf.Scan.PASSED)
    assert set(passed) == set(others)
    seen("virus scan", f"proposalfile {lost.pk}")


def test_a_version_with_too_many_words_is_found_by_its_summary(call, monkeypatch):
    versions = [submit(make_ready(call)) for _number in range(2)]
    many = " ".join(f"word{number:07}" for number in range(120_000))
    monkeypatch.setattr(search, "ALL_TEXTS", f"to_tsvector('simple', '{many}' || v.id::text)")
    assert search.index_opened_cases(NEXT_DAY) == 2
    case_texts = CaseSearchIndex.objects.filter(search_vector="laser-go").values_list(
        "version", flat=True
    )
    assert set(case_texts) == {version.pk for version in versions}


def test_a_version_whose_words_cannot_be_taken_stops_no_other(call, seen, poison):
    bad, good = [submit(make_ready(call)) for _number in range(2)]
    poison(search, "index_case", lambda pk, text: pk == bad.pk)
    assert search.index_opened_cases(NEXT_DAY, seconds=0) == 0
    assert search.index_opened_cases(NEXT_DAY, seconds=0) == 1
    assert CaseSearchIndex.objects.get().version == good
    seen("words", bad.pk)


def test_a_version_that_cannot_be_screened_takes_no_place_of_another(call, seen, poison):
    bad, good = [submit(make_ready(call)) for _number in range(2)]
    poison(automatic_check, "officer_judgement", lambda version: version == bad)
    automatic_check.screen_closed(NEXT_DAY, seconds=0)
    assert automatic_check.screen_closed(NEXT_DAY, seconds=0) == 1
    assert VerdictRecord.objects.get(audience="officer").version == good
    seen("screening", bad.pk)


def test_a_profile_that_cannot_be_read_keeps_no_other_from_being_found(seen, poison):
    bad, good = [make_owner()[1] for _number in range(2)]
    Organisation.objects.filter(pk__in=[bad.pk, good.pk]).update(is_findable=True)
    poison(organisations, "profile_of", lambda organisation: organisation == bad)
    assert organisations.index_organisations() == 1
    assert OrganisationSearchIndex.objects.get().organisation == good
    seen("organisation search index", f"organisation {bad.pk}")


def a_change(call, rule):
    rules = [entry for entry in call.rules if entry["rule"] != rule]
    return rule_changes.propose(call, rules, reason="Corrigendum", by=make_officer())


def test_a_change_that_cannot_be_worked_on_stops_no_other(call, monkeypatch, seen, poison):
    monkeypatch.setattr(rule_changes, "SMALL", -1)
    bad, good = a_change(call, "duration"), a_change(call, "budget-adds-up")
    poison(rule_changes, "count_impact", lambda change: change == bad)
    assert rule_changes.work_on_changes() == 1
    assert ProposedChange.objects.get(pk=good.pk).state == ProposedChange.State.READY
    seen("changes", bad.pk)


def test_a_version_that_cannot_be_judged_again_stops_no_other(call, seen, poison):
    bad, good = [submit(make_ready(call)) for _number in range(2)]
    change = a_change(call, "duration")
    restore = poison(
        rule_changes, "build_verdict", lambda version, *_rest, **_words: version == bad
    )
    rule_changes.apply(change, by=make_officer())
    assert [
        verdict_record.version for verdict_record in VerdictRecord.objects.exclude(cause="")
    ] == [good]
    change.refresh_from_db()
    assert change.state == ProposedChange.State.APPLIED, "it is not done"
    seen("changes", change.pk)
    restore()
    now_due()
    ProposedChange.objects.update(claimed_at=None)
    assert rule_changes.work_on_changes() == 1
    change.refresh_from_db()
    assert (change.state, change.verdicts_made) == (ProposedChange.State.DONE, 2)


def test_a_proposal_that_cannot_be_reminded_of_stops_no_other(call, seen, poison):
    with clock.frozen_at(DEADLINE - timedelta(days=20)):
        bad, good = make_draft(call), make_draft(call)
        for item in (bad, good):
            deadline_reminders.set_reminders(item, wanted=True, by=item.started_by)
    poison(deadline_reminders, "queue_email", lambda text, *, proposal, **_rest: proposal == bad)
    assert deadline_reminders.remind_of_deadlines(DEADLINE - timedelta(days=1)) == 1
    assert QueuedEmail.objects.get(key__startswith="deadline:").proposal == good
    seen("deadline reminders", bad.pk)


def test_a_question_that_cannot_be_reminded_of_stops_no_other(call, seen, poison):
    due = NEXT_DAY + timedelta(days=7)
    versions = [submit(make_ready(call)) for _number in range(2)]
    with clock.frozen_at(NEXT_DAY):
        bad, good = [
            clarifications.request_clarification(version, "Why?", due_at=due, by=make_officer())
            for version in versions
        ]
    QueuedEmail.objects.all().delete()
    poison(
        clarifications, "_notify_clarification_request", lambda question, **_rest: question == bad
    )
    with clock.frozen_at(due - timedelta(hours=20)):
        assert clarifications.remind_of_clarification_requests(clock.now()) == 1
    assert QueuedEmail.objects.filter(key__startswith=f"question:{good.pk}:").exists()
    seen("clarification reminders", bad.pk)


def test_a_search_that_cannot_be_told_of_stops_no_other(call, seen, poison):
    early = AFTERNOON - timedelta(hours=3)
    bad, good = [
        SavedSearch.objects.create(
            user=make_user(),
            name="All",
            query="",
            made_at=early,
            seen_until=early,
            sends_emails=True,
        )
        for _number in range(2)
    ]
    with clock.frozen_at(AFTERNOON - timedelta(minutes=1)):
        make_request(call)
    poison(saved_searches, "search_of", lambda saved: saved == bad)
    assert saved_searches.notify_new_requests(AFTERNOON) == 1
    assert QueuedEmail.objects.get(key__startswith="search:").to == good.user.email
    seen("saved search emails", bad.pk)


def test_a_draft_that_cannot_be_purged_stops_no_other(call, seen):
    bad, good = make_draft(call), make_draft(call)
    log_sealed_access_attempt(
        bad, officer=make_officer(), path="/"
    )  # a record that nobody may delete
    for proposal in (bad, good):
        deletion.delete_draft(proposal, by=proposal.started_by)
    assert deletion.purge_deleted(AFTERNOON + deletion.DELETED_DRAFT_RETENTION) == 1
    assert list(Proposal.objects.all()) == [bad]
    seen("purge of deleted drafts", bad.pk)


def test_an_export_that_cannot_be_deleted_stops_no_other(call, seen, poison):
    officer = make_officer()
    bad, good = [
        Export.objects.create(
            kind="csv",
            versions=[],
            requested_by=officer,
            requested_at=AFTERNOON,
            state="done",
            made_at=AFTERNOON - timedelta(days=3),
            path=f"exports/{number}",
        )
        for number in range(2)
    ]
    poison(default_storage, "delete", lambda path: path == bad.path)
    assert exports.delete_old_exports() == 1
    assert Export.objects.get(state="gone") == good
    seen("expired exports", bad.pk)


def test_a_call_that_cannot_be_committed_stops_no_other(call, seen, poison):
    other = load_call(read_call_file(ROOT / "calls" / "data" / "cos-clusint-2016-03-01.yaml"))
    moment = max(call.deadline for call in Call.objects.all()) + timedelta(days=1)
    poison(closing_commitment, "commitment_over", lambda result, _moment: result == call)
    with clock.frozen_at(moment):
        assert closing_commitment.commit_closed_calls(moment) == 1
    assert ClosingCommitment.objects.get().call == other
    seen("closing", call.pk)


def test_a_day_whose_head_cannot_be_published_is_published_later(call, seen, poison):
    for day in (AFTERNOON, NEXT_DAY):
        with clock.frozen_at(day):
            ledger.queue_record(ledger.Kind.KEY, f"key:{day}", at=day)
            ledger.sequence()
    bad = AFTERNOON.date()
    later = NEXT_DAY + timedelta(days=2)
    restore = poison(daily_heads, "_words_of", lambda head, day: day == bad)
    assert daily_heads.publish_daily_heads(later) == 1
    assert DailyHead.objects.get().day == NEXT_DAY.date()
    seen("daily heads", bad)
    restore()
    now_due()
    assert daily_heads.publish_daily_heads(later) == 1
    assert DailyHead.objects.filter(day=bad).exists()


def test_an_extension_that_cannot_be_noted_keeps_nothing_else_out_of_the_log(call, seen, poison):
    extension = extend_deadline(
        call, new_deadline=NEXT_DAY, reason="A storm", decided_by="Authority", confirmed_by="B"
    )
    poison(ledger, "queue_record_of", lambda row: row == extension)
    version = submit(make_ready(call))
    ledger.sequence()
    assert receipts.proof_of_version(version)
    seen("missing log entries", f"extension {extension.pk}")


# --- The tasks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "bad", "good"),
    [
        (tasks.process_outbox, (outbox, "process_due"), [(outbox, "process_due_emails")]),
        (
            tasks.remind_of_deadlines,
            (deadline_reminders, "remind_of_deadlines"),
            [
                (saved_searches, "notify_new_requests"),
                (clarifications, "remind_of_clarification_requests"),
            ],
        ),
        (
            tasks.screen_closed_calls,
            (automatic_check, "screen_closed"),
            [(search, "index_opened_cases"), (organisations, "index_organisations")],
        ),
        (
            tasks.tidy_up,
            (exports, "delete_old_exports"),
            [
                (tasks.enquiries, "delete_expired"),
                (tasks.presence, "delete_stale"),
                (tasks.received_draft, "delete_old_changes"),
                (deletion, "purge_deleted"),
                (fault_isolation, "delete_stale_failures"),
            ],
        ),
    ],
    ids=["outbox", "reminders", "screening", "tidying"],
)
def test_a_step_of_a_task_that_fails_stops_no_other(task, bad, good, monkeypatch, poison):
    done = []
    for module, name in good:
        monkeypatch.setattr(module, name, lambda *_args, name=name, **_kw: done.append(name))
    poison(*bad, lambda *_args, **_kw: True)
    task()
    assert sorted(done) == sorted(name for _module, name in good)
    assert JobFailure.objects.count() == 1


def test_a_task_of_one_step_tells_of_its_failure(poison, seen):
    poison(ledger, "sequence", lambda **_kw: True)
    tasks.sequence_ledger()
    seen("sequence_ledger", "log")


# --- The outbox ---------------------------------------------------------------------------------


def test_a_promise_that_ends_its_workers_is_given_up(call):
    """Only a claim counts the attempts of a worker that died with its promise."""
    submit(make_ready(call))
    deadly = OutboxMessage.objects.filter(kind="receipt")
    long_ago = clock.real_now() - outbox.stale_after() - timedelta(seconds=1)
    deadly.update(state="claimed", claimed_at=long_ago, attempts=outbox.MAX_ATTEMPTS)
    handled = []
    handlers = {
        kind: lambda message: handled.append(message.kind)
        for kind in ("receipt", "submission-email", "proposal-pdf")
    }
    assert outbox.process_due(handlers) == 1 and "receipt" not in handled
    message = deadly.get()
    assert message.state == OutboxMessage.State.FAILED and message.last_error


def test_a_promise_that_was_tried_very_often_can_still_fail(call):
    submit(make_ready(call))
    OutboxMessage.objects.filter(kind="receipt").update(attempts=32_000)

    def fail(message):
        raise ValueError(SECRET)

    kinds = ("receipt", "submission-email", "proposal-pdf")
    outbox.process_due(dict.fromkeys(kinds, lambda message: None) | {"receipt": fail})
    assert OutboxMessage.objects.get(kind="receipt").state == OutboxMessage.State.FAILED
