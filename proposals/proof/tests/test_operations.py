"""What operators see and do: the queue, one broken template among many, receipts made again."""

import io
from datetime import timedelta

import pikepdf
import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.template import TemplateSyntaxError
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from calls.models import ClockReading
from foundation import clock
from proposals import tasks
from proposals.delivery import outbox, scheduler_lease
from proposals.models import DocumentReissue, OutboxMessage, Receipt
from proposals.proof import receipts
from proposals.proof.ledger import sequence
from proposals.proof.reissue import progress_of, reissue_documents
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = pytest.mark.django_db
QUEUE = reverse("admin:proposals_outboxmessage_changelist")
State = OutboxMessage.State


@pytest.fixture
def operator():
    person = make_user(is_staff=True)
    person.groups.add(Group.objects.get(name="Operators"))
    return person


def page(person, path, **sent):
    client = Client()
    client.force_login(person)
    answer = client.post(path, sent, follow=True) if sent else client.get(path)
    return answer.status_code, " ".join(answer.content.decode().split())


def attached(document):
    with pikepdf.open(io.BytesIO(bytes(document.pdf))) as pdf:
        return {name: item.get_file().read_bytes() for name, item in pdf.attachments.items()}


@pytest.fixture
def broken_for(monkeypatch):
    """Let the receipt's template raise for one proposal only, until it is mended."""
    render, broken = receipts.render_to_string, set()

    def rendered(template, context):
        if context["proposal"].pk in broken:
            raise TemplateSyntaxError("a text of the proposal")
        return render(template, context)

    monkeypatch.setattr(receipts, "render_to_string", rendered)
    return broken


def work():
    """What workers of all queues do of the outbox."""
    tasks.process_outbox()
    tasks.process_outbox_documents()


def test_operators_see_that_no_scheduler_runs(operator):
    assert 'data-test="beat-absent"' in page(operator, QUEUE)[1]
    scheduler_lease.acquire("web-1:7")
    assert 'data-test="beat-absent"' not in page(operator, QUEUE)[1]


def test_a_template_that_raises_for_one_proposal_stops_no_other(call, operator, broken_for):
    bad, good = submit(make_ready(call)), submit(make_ready(call))
    broken_for.add(bad.proposal_id)
    work()
    assert [receipt.version for receipt in Receipt.objects.all()] == [good]
    message = OutboxMessage.objects.get(kind="receipt", version=bad)
    assert message.last_error.startswith("TemplateSyntaxError at test_operations.py:")

    OutboxMessage.objects.filter(pk=message.pk).update(attempts=outbox.MAX_ATTEMPTS - 1)
    OutboxMessage.objects.update(due_at=clock.real_now())
    work()
    _status, text = page(operator, QUEUE)
    assert "TemplateSyntaxError at" in text and "a text of the proposal" not in text
    assert bad.proposal.number not in text, "sealed until the deadline"

    broken_for.clear()
    choice = {"action": "try_again", "_selected_action": str(message.pk)}
    assert "1 item will be retried." in page(operator, QUEUE, **choice)[1]
    work()
    assert Receipt.objects.filter(version=bad).count() == 1


def test_a_machine_whose_clock_is_off_is_marked(operator):
    for machine, seconds in (("web-1", 0.002), ("web-2", 20)):
        ClockReading.objects.create(
            machine=machine,
            process="web",
            behind=timedelta(seconds=seconds),
            read_at=clock.real_now(),
        )
    scheduler_lease.acquire("web-1:7")
    _status, text = page(operator, QUEUE)
    assert text.count("outcome-ineligible") == 1
    assert 'outcome-ineligible">web-2' in text


def test_the_queue_is_told_in_figures(call):
    for _number in range(3):
        submit(make_ready(call))
    first, second, _third = OutboxMessage.objects.filter(kind="receipt").order_by("pk")
    OutboxMessage.objects.filter(pk=first.pk).update(state=State.DONE, done_at=clock.real_now())
    hour = clock.real_now() - timedelta(hours=1)
    OutboxMessage.objects.filter(pk=second.pk).update(attempts=1, made_at=hour)
    mine = outbox.queues()[0]
    assert (mine.waiting, mine.in_progress, mine.failing, mine.failed) == (1, 0, 1, 0)
    assert timedelta(hours=1) <= mine.oldest < timedelta(hours=1, minutes=5)
    assert mine.per_minute == pytest.approx(0.1)
    assert [queue.kind for queue in outbox.queues()] == [
        "Proof of submission",
        "Email about a submission",
        "Full proposal (PDF)",
        "Decision letter",
        "Emails",
        "Draft proposals (PDF)",
        "Exports",
        "Other tasks",
    ]


def test_the_queue_takes_the_same_number_of_queries_with_many(
    call, operator, django_assert_num_queries
):
    client = Client()
    client.force_login(operator)
    for count in (1, 5):
        while OutboxMessage.objects.filter(kind="receipt").count() < count:
            submit(make_ready(call))
        client.get(QUEUE)
        with django_assert_num_queries(15):
            client.get(QUEUE)


def test_all_receipts_of_a_call_are_made_again_with_the_same_evidence(call, operator):
    version = submit(make_ready(call))
    work()
    submit(make_ready(call))
    sequence()
    add = reverse("admin:proposals_documentreissue_add")
    sent = {"call": call.pk, "kind": "receipt", "reason": "The logo was wrong."}
    assert page(operator, add, **sent)[0] == 200
    run = DocumentReissue.objects.get()
    assert (run.requested_by, progress_of(run).queued, progress_of(run).made) == (operator, 2, 0)
    watch = reverse("admin:proposals_documentreissue_change", args=[run.pk])
    assert '<progress id="bar" value="0" max="2">' in page(operator, watch)[1]
    work()
    assert progress_of(run).is_over
    assert "All documents have been reissued." in page(operator, watch)[1]
    again, first = Receipt.objects.filter(version=version)
    assert (first.edition, again.edition) == (1, 2)
    assert attached(first) == attached(again)
    assert version.receipt == again


def test_what_is_made_again_waits_for_everything_new(call, operator):
    submit(make_ready(call))
    work()
    reissue_documents(call, "receipt", reason="Look", by=operator)
    for _number in range(2):
        submit(make_ready(call))
    handled = []
    kinds = ("receipt", "submission-email", "proposal-pdf")
    handlers = dict.fromkeys(kinds, lambda message: handled.append(message.cause))
    outbox.process_due(handlers)
    outbox.process_due_documents(handlers, seconds=0)
    assert handled == ["submission"] * 5
    outbox.process_due_documents(handlers, seconds=0)
    assert [item.partition(":")[0] for item in handled] == ["submission"] * 6 + ["reissue"]


def test_what_failed_comes_after_what_fell_due_before_its_wait_was_over(call):
    first, second = submit(make_ready(call)), submit(make_ready(call))

    def fail(message):
        raise ValueError

    kinds = ("receipt", "submission-email", "proposal-pdf")
    outbox.process_due(dict.fromkeys(kinds, fail), seconds=0)
    OutboxMessage.objects.filter(attempts=1).update(due_at=clock.real_now())
    handled = []
    handlers = dict.fromkeys(kinds, lambda message: handled.append((message.version, message.kind)))
    outbox.process_due(handlers)
    assert handled[-1] == (first, "receipt") and (second, "receipt") in handled


def test_one_cause_never_makes_two_editions(call):
    version = submit(make_ready(call))
    receipts.create_receipt(version)
    stored = Receipt.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Receipt.objects.create(
            version=version,
            edition=2,
            cause=stored.cause,
            pdf=b"x",
            sha256="0",
            sealed_at=clock.now(),
        )


def test_only_calls_with_versions_are_offered_and_the_list_counts_in_one_query(
    call, operator, django_assert_num_queries
):
    add = reverse("admin:proposals_documentreissue_add")
    assert call.reference not in page(operator, add)[1]
    submit(make_ready(call))
    assert call.reference in page(operator, add)[1]
    client = Client()
    client.force_login(operator)
    for turn in range(2):
        reissue_documents(call, "receipt", reason=f"Look {turn}", by=operator)
        with django_assert_num_queries(7):
            text = client.get(
                reverse("admin:proposals_documentreissue_changelist")
            ).content.decode()
    assert text.count("0 / 1") == 2


def test_making_again_needs_a_reason_and_the_right_to_do_it(call, operator):
    add = reverse("admin:proposals_documentreissue_add")
    sent = {"call": call.pk, "kind": "receipt", "reason": "   "}
    assert "Enter the reason" in page(operator, add, **sent)[1]
    status, _text = page(make_officer(), add, call=call.pk, kind="receipt", reason="x")
    assert status == 403 and not DocumentReissue.objects.exists()
