"""The log: what comes into it, how it is proved, and that no change of it stays unnoticed."""

import base64
import json
import re
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, connection, transaction
from django.test import Client

from conftest import AFTERNOON, DEADLINE, NEXT_DAY, database_owner
from foundation import clock, merkle
from proposals.models import (
    ClosingCommitment,
    LedgerEntry,
    LedgerRecord,
    Receipt,
    SealCertificate,
    TreeHead,
)
from proposals.proof import ledger
from proposals.proof.closing_commitment import SETTLED_AFTER, commit_closed_calls
from proposals.proof.ledger_audit import find_problems
from proposals.proof.receipts import create_receipt
from proposals.proof.signing_key import verify_signature
from proposals.screening.decisions import record_decision
from proposals.submission.submit import TooLate, withdraw
from proposals.tasks import complete_ledger
from proposals.tests.factories import make_officer, make_ready, reload, save, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(call):
    """A log with a key, an extension, submissions, a withdrawal, a late attempt and a decision."""
    proposal = make_ready(call)
    submit(proposal)
    save(proposal, "summary", acronym="AGAIN")
    submit(reload(proposal))
    withdraw(reload(proposal), reason="Why", by=proposal.started_by, received_at=clock.now())
    with pytest.raises(TooLate):
        submit(reload(proposal), received_at=DEADLINE)
    other = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        record_decision(other, outcome="eligible", reason="Fine", by=make_officer())
        ledger.sequence()
    return proposal


def kinds():
    return list(LedgerEntry.objects.order_by("position").values_list("record__kind", flat=True))


def by_force(statement, *values):
    """As somebody would who owns the database and switches the guards off."""
    with database_owner(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_everything_that_counts_for_proof_is_in_the_log(filled):
    assert sorted(kinds()) == sorted(
        ["submission"] * 3 + ["withdrawal", "refused", "decision", "extension", "key"]
    )
    assert list(find_problems()) == []


def test_the_log_holds_no_name_and_no_address(filled):
    text = " ".join(LedgerRecord.objects.values_list("content", flat=True))
    assert filled.started_by.full_name not in text and "@" not in text


def test_no_entry_of_a_proposal_can_be_guessed_from_its_hash(filled):
    """Who knows the number tries every millisecond of a day; an outcome is secret until its letter."""
    contents = [json.loads(item) for item in LedgerRecord.objects.values_list("content", flat=True)]
    salts = [content.get("salt", "") for content in contents if "proposal" in content]
    assert len(salts) == 6 == len(set(salts))
    assert all(re.fullmatch(r"[0-9a-f]{32}", salt) for salt in salts)


def test_places_are_given_outside_of_the_submission(call):
    submit(make_ready(call))
    assert not LedgerEntry.objects.exists()
    assert ledger.sequence() == LedgerEntry.objects.count() > 0
    assert ledger.sequence() == 0


@pytest.mark.django_db(transaction=True)
def test_a_receipt_waits_for_the_worker_that_is_giving_places(call):
    version = submit(make_ready(call))
    held, done, outcome = threading.Event(), threading.Event(), []

    def hold():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ledger.LOCK])
                held.set()
                done.wait(timeout=20)
        finally:
            connection.close()

    def receipt():
        try:
            with clock.frozen_at(AFTERNOON):
                create_receipt(version)
            outcome.append(Receipt.objects.filter(version=version).exists())
        finally:
            connection.close()

    other, waiting = threading.Thread(target=hold), threading.Thread(target=receipt)
    other.start()
    held.wait(timeout=20)
    assert ledger.sequence() == 0  # who need not wait goes on
    waiting.start()
    waiting.join(timeout=0.5)
    assert waiting.is_alive()
    done.set()
    other.join()
    waiting.join(timeout=30)
    assert outcome == [True]


def test_a_submission_that_is_rolled_back_leaves_no_trace(call):
    proposal = make_ready(call)
    with transaction.atomic():
        submit(proposal)
        transaction.set_rollback(True)
    ledger.sequence()
    assert "submission" not in kinds()


@pytest.mark.parametrize("table", ["ledgerrecord", "ledgerentry", "ledgernode", "treehead"])
@pytest.mark.parametrize("verb", ["DELETE FROM proposals_{}", "UPDATE proposals_{} SET {}"])
def test_the_database_refuses_to_change_the_log(filled, table, verb):
    columns = {
        "ledgerrecord": "content = 'x'",
        "ledgerentry": "leaf = ''",
        "ledgernode": "hash = ''",
        "treehead": "root = ''",
    }
    with pytest.raises(InternalError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(verb.format(table, columns[table]))


# --- Proofs by address ---------------------------------------------------------------------------


def test_anyone_gets_a_proof_that_holds_without_the_portal(filled, client):
    head = client.get("/proof/log/").json()
    for position in range(head["size"]):
        proof = client.get(f"/proof/log/entries/{position}/").json()
        record = LedgerEntry.objects.get(position=position).record
        assert merkle.verify_inclusion(
            merkle.leaf_hash(record.content.encode()),
            position,
            proof["head"]["size"],
            [bytes.fromhex(step) for step in proof["path"]],
            bytes.fromhex(head["root"]),
        )
    published = client.get("/proof/certificates/").json()["certificates"][0]
    signed = json.dumps(
        {"root": head["root"], "signed_at": head["signed_at"], "size": head["size"]},
        separators=(",", ":"),
    )
    assert verify_signature(signed.encode(), base64.b64decode(head["signature"]), published["pem"])
    assert not verify_signature(
        b"x" + signed.encode(), base64.b64decode(head["signature"]), published["pem"]
    )


def test_an_earlier_head_is_shown_to_be_the_beginning_of_the_log(filled, client):
    earlier = client.get("/proof/log/").json()
    submit(make_ready(filled.call))
    ledger.sequence()
    proof = client.get(f"/proof/log/consistency/?first={earlier['size']}").json()
    assert merkle.verify_consistency(
        earlier["size"],
        proof["second"]["size"],
        bytes.fromhex(earlier["root"]),
        bytes.fromhex(proof["second"]["root"]),
        [bytes.fromhex(step) for step in proof["path"]],
    )
    assert proof["second"]["size"] > earlier["size"]


@pytest.mark.parametrize(
    "path",
    [
        "entries/99999/",
        "entries/999999999999999999999999/",
        "?size=0",
        "?size=99",
        "?size=²",
        "?size=-1",
        "entries/0/?size=7777",
        "consistency/?first=99",
        "?size=" + "9" * 400,
    ],
)
def test_proofs_of_what_is_not_there_are_404(filled, client, path):
    assert client.get(f"/proof/log/{path}").status_code == 404


def test_an_empty_log_has_no_head(db, client):
    assert client.get("/proof/log/").status_code == 404


def test_a_proof_takes_a_fixed_number_of_questions(filled, django_assert_num_queries):
    with django_assert_num_queries(4):
        Client().get("/proof/log/entries/3/")


# --- Nothing stays unnoticed ---------------------------------------------------------------------


def found():
    return " | ".join(find_problems())


def test_a_changed_note_is_named(filled):
    entry = LedgerEntry.objects.get(record__kind="withdrawal")
    by_force(
        "UPDATE proposals_ledgerrecord SET content = replace(content, '2015', '2014') WHERE id = %s",
        entry.record_id,
    )
    assert f"Changed: entry {entry.position}" in found()


def test_a_changed_version_is_named(filled):
    version = filled.versions.get(number=1)
    by_force("UPDATE proposals_version SET sha256 = repeat('0', 64) WHERE id = %s", version.pk)
    assert f"version:{version.pk}" in found() and "has changed" in found()


def test_a_missing_entry_is_named(filled):
    by_force("DELETE FROM proposals_ledgerentry WHERE position = 2")
    assert "Missing: entry 2" in found()


def test_a_missing_end_is_named(filled):
    last = ledger.current_size() - 1
    by_force("DELETE FROM proposals_ledgerentry WHERE position = %s", last)
    assert f"Entry {last} and later entries are missing" in found()


def test_entries_that_changed_places_are_named(filled):
    entry, other = LedgerEntry.objects.filter(position__in=[1, 2])
    by_force("UPDATE proposals_ledgerentry SET position = -1 WHERE position = 1")
    by_force("UPDATE proposals_ledgerentry SET position = 1 WHERE position = 2")
    by_force("UPDATE proposals_ledgerentry SET position = 2 WHERE position = -1")
    assert entry.pk != other.pk
    assert re.search(r"Changed or moved: entries \d to \d do not match the stored hash", found())


def test_an_entry_that_was_slipped_in_at_the_end_is_named(filled):
    record = ledger.queue_record(
        LedgerRecord.Kind.SUBMISSION,
        "version:999999",
        at=clock.now(),
        proposal="X",
        version=1,
        sha256="0",
    )
    LedgerEntry.objects.create(
        position=ledger.current_size(),
        record=record,
        leaf=merkle.leaf_hash(record.content.encode()),
    )
    assert "Inserted: entries from" in found() and "version:999999" in found()


def test_a_version_that_the_log_does_not_know_is_named(filled):
    version = filled.versions.get(number=2)
    by_force(
        "UPDATE proposals_ledgerrecord SET subject = 'version:777' WHERE subject = %s",
        f"version:{version.pk}",
    )
    assert f"Missing: version:{version.pk} exists" in found()


def test_a_head_with_another_signature_is_named(filled):
    by_force("UPDATE proposals_treehead SET signature = '\\x00'")
    assert "Forged: the head of" in found()


def test_everything_recomputed_by_a_forger_still_breaks_the_signed_head(filled):
    """Content, leaf and inner nodes are all made to fit again; only the key is not theirs."""
    entry = LedgerEntry.objects.get(record__kind="refused")
    changed = entry.record.content.replace("2015", "2014")
    by_force(
        "UPDATE proposals_ledgerrecord SET content = %s WHERE id = %s", changed, entry.record_id
    )
    by_force(
        "UPDATE proposals_ledgerentry SET leaf = %s WHERE position = %s",
        merkle.leaf_hash(changed.encode()),
        entry.position,
    )
    leaves = [bytes(ledger_entry.leaf) for ledger_entry in LedgerEntry.objects.order_by("position")]
    frontier = merkle.CompactRange(0, lambda level, index: b"")
    for leaf in leaves:
        for level, index, value in frontier.append(leaf):
            by_force(
                "UPDATE proposals_ledgernode SET hash = %s WHERE level = %s AND index = %s",
                value,
                level,
                index,
            )
    assert "do not match the root that was signed for them" in found()


def test_the_command_says_that_the_log_is_whole_or_what_is_wrong(filled, capsys):
    call_command("verify_ledger")
    assert "The log is intact: 8 entries" in capsys.readouterr().out
    by_force("DELETE FROM proposals_ledgerentry WHERE position = 2")
    with pytest.raises(CommandError, match="problems found in the log"):
        call_command("verify_ledger")


# --- Closing -------------------------------------------------------------------------------------


def test_at_closing_count_and_root_are_published_and_nothing_else(filled, call, client):
    assert commit_closed_calls(DEADLINE) == 0
    moment = DEADLINE + SETTLED_AFTER
    with clock.frozen_at(moment):
        assert commit_closed_calls(moment) == 1
        assert commit_closed_calls(moment) == 0
        page = client.get(call.get_absolute_url()).content.decode()
    made = ClosingCommitment.objects.get()
    assert (made.versions, made.counting) == (3, 1) and made.root in page
    assert "3 versions were received" in page


def test_a_version_that_is_slipped_in_after_closing_is_found(filled, call):
    with clock.frozen_at(NEXT_DAY):
        commit_closed_calls(clock.now())
    by_force("UPDATE proposals_version SET sha256 = repeat('1', 64) WHERE number = 1")
    assert "with a different root" in found()


def test_another_key_goes_on_and_the_old_signatures_stay_checkable(filled, settings, tmp_path):
    from proposals.proof import signing_key  # noqa: PLC0415 -- only here

    settings.SEAL_FILE = str(tmp_path / "new.pem")
    signing_key.load_signing_key.cache_clear()
    try:
        submit(make_ready(filled.call))
        ledger.sequence()
        assert SealCertificate.objects.count() == 2
        assert (
            TreeHead.objects.order_by("-size").first().key
            == signing_key.load_signing_key().fingerprint
        )
        assert list(find_problems()) == []
    finally:
        signing_key.load_signing_key.cache_clear()


def test_the_key_of_a_demonstration_says_so(db):
    from proposals.proof.signing_key import load_signing_key  # noqa: PLC0415 -- only here

    assert "DEMO" in load_signing_key().certificate.subject.rfc4514_string()
    assert timedelta(0) < load_signing_key().certificate.not_valid_after_utc - clock.real_now()


def test_a_note_whose_transaction_stayed_open_very_long_gets_its_place_within_the_hour(
    filled, monkeypatch
):
    ledger.sequence()
    monkeypatch.setattr(ledger, "WINDOW", 0)
    LedgerRecord.objects.create(
        pk=0, kind="refused", subject="other:0", content="{}", recorded_at=AFTERNOON
    )
    assert ledger.sequence() == 0
    complete_ledger()
    assert LedgerEntry.objects.filter(record=0).exists()
    assert list(find_problems()) == []
