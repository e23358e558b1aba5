"""Each day's head of the log goes where the portal cannot take it back, and is compared later."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from conftest import AFTERNOON, NEXT_DAY, database_owner
from foundation import clock
from proposals.models import DailyHead, QueuedEmail
from proposals.officers.rights import AUDITORS
from proposals.proof import ledger
from proposals.proof.daily_heads import daily_heads_as_lines, publish_daily_heads
from proposals.proof.ledger_audit import UnreadableHead, find_problems, read_heads
from proposals.proof.receipts import proof_of_version
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(call):
    made = submit(make_ready(call))
    ledger.sequence()
    return made


def test_the_last_head_of_a_day_is_published_once_the_day_is_over(call, version):
    submit(make_ready(call))
    ledger.sequence()
    assert publish_daily_heads(clock.now()) == 0
    assert publish_daily_heads(NEXT_DAY) == 1
    assert publish_daily_heads(NEXT_DAY) == 0
    daily = DailyHead.objects.get()
    assert daily.day == AFTERNOON.date()
    assert daily.head == ledger.head_of_size(None)


def test_a_day_without_entries_has_no_head_of_its_own(call, version):
    later = NEXT_DAY + timedelta(days=5)
    assert publish_daily_heads(later) == 1
    with clock.frozen_at(later):
        ledger.queue_record(ledger.Kind.KEY, "key:test", at=later)
        ledger.sequence()
    assert publish_daily_heads(later + timedelta(days=2)) == 1
    days = list(DailyHead.objects.values_list("day", flat=True))
    assert days == [AFTERNOON.date(), later.date()]


def test_auditors_and_witnesses_get_it_by_email(version, settings):
    settings.LOG_WITNESSES = ["witness@court.example"]
    auditor = make_officer(role=AUDITORS)
    publish_daily_heads(NEXT_DAY)
    mails = QueuedEmail.objects.filter(key__startswith="log-head:")
    assert set(mails.values_list("to", flat=True)) == {"witness@court.example", auditor.email}
    (line,) = daily_heads_as_lines()
    assert json.loads(line)["root"] in mails[0].text


def test_everybody_can_take_the_file_out_and_the_log_begins_with_it(
    version, client, tmp_path, django_assert_num_queries
):
    publish_daily_heads(NEXT_DAY)
    with django_assert_num_queries(1):
        answer = client.get(reverse("proof:daily_heads"))
        content = answer.getvalue()
    file = tmp_path / "heads.jsonl"
    file.write_bytes(content)
    call_command("verify_ledger", head=[str(file)])


def test_a_receipts_proof_is_such_a_head_too(version, tmp_path):
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof_of_version(version)))
    call_command("verify_ledger", head=[str(file)])


def test_another_log_is_noticed_though_it_is_whole_in_itself(call, version):
    """The whole log is made again with one entry less: nothing in it contradicts itself."""
    publish_daily_heads(NEXT_DAY)
    stored = read_heads("".join(daily_heads_as_lines()))
    with database_owner(), connection.cursor() as cursor:
        for table in ("dailyhead", "treehead", "ledgernode", "ledgerentry"):
            cursor.execute(f"DELETE FROM proposals_{table}")
        cursor.execute("DELETE FROM proposals_ledgerrecord WHERE kind = 'key'")
    ledger.queue_record(ledger.Kind.WITHDRAWAL, "other:1", at=clock.now())
    ledger.sequence()
    assert list(find_problems()) == []
    assert [sentence.partition(":")[0] for sentence in find_problems(stored)] == ["Another log"]


def test_a_shorter_log_and_a_head_of_somebody_else_are_noticed(version):
    publish_daily_heads(NEXT_DAY)
    (stored,) = read_heads("".join(daily_heads_as_lines()))
    longer = type(stored)(**(vars(stored) | {"size": stored.size + 7}))
    forged = type(stored)(**(vars(stored) | {"root": "0" * 64}))
    assert [sentence.partition(":")[0] for sentence in find_problems([longer, forged])] == [
        "Unknown",
        "Missing",
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "{}", "null", '{"size": "x"}', "[" * 100_000, '{"head": {}}']
)
def test_what_is_no_head_is_refused_with_a_sentence(text, tmp_path):
    if text:
        with pytest.raises(UnreadableHead):
            read_heads(text)
    file = tmp_path / "head.json"
    file.write_text(text)
    with pytest.raises(CommandError) as refused:
        call_command("verify_ledger", head=[str(file)])
    assert refused.value.returncode == 2


def test_a_published_head_is_final(version):
    publish_daily_heads(NEXT_DAY)
    for change in (
        lambda: DailyHead.objects.update(day="2020-01-01"),
        lambda: DailyHead.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
