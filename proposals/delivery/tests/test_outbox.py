"""The outbox keeps its promises, whatever happens to those who keep them."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection

from foundation import clock
from proposals import tasks
from proposals.delivery import outbox, wakeup
from proposals.delivery.emails import send_email
from proposals.dossier.document import Draft
from proposals.models import OutboxMessage, QueuedEmail, Receipt
from proposals.submission.notifications import contacts_of, notify_submission
from proposals.tests.factories import make_ready, partner_of, submit

pytestmark = pytest.mark.django_db

State = OutboxMessage.State


def messages(**kwargs):
    return OutboxMessage.objects.filter(**kwargs).order_by("kind")


def later(**kwargs):
    """Let a wait be over: plumbing asks real time, so the stamps are moved instead."""
    OutboxMessage.objects.update(**kwargs)


def handlers(**kwargs):
    kinds = ("receipt", "submission-email", "proposal-pdf")
    return dict.fromkeys(kinds, lambda version: None) | kwargs


def process_all(handlers):
    return outbox.process_due(handlers) + outbox.process_due_documents(handlers)


def test_each_item_is_handled_once_in_the_order_of_submissions(call):
    first, second = [submit(make_ready(call)) for _number in range(2)]
    handled = []
    noting = {kind: lambda item: handled.append((item.version, item.kind)) for kind in handlers()}
    assert outbox.process_due(noting) == 4
    assert outbox.process_due_documents(noting) == 2
    assert process_all(noting) == 0
    assert handled == [
        (first, "receipt"), (first, "submission-email"),
        (second, "receipt"), (second, "submission-email"),
        (first, "proposal-pdf"), (second, "proposal-pdf"),
    ]  # fmt: skip


def test_what_a_dead_worker_had_comes_before_a_backlog(call):
    submit(make_ready(call))
    last = submit(make_ready(call))
    long_ago = clock.real_now() - outbox.stale_after() - timedelta(seconds=1)
    messages(kind="receipt", version=last).update(
        state=State.CLAIMED, claimed_at=long_ago, attempts=1
    )
    handled = []
    outbox.process_due(dict.fromkeys(handlers(), handled.append), seconds=0)
    assert [item.version for item in handled] == [last]


def test_a_slice_of_time_that_is_over_leaves_the_rest_for_later(call):
    submit(make_ready(call))
    assert outbox.process_due(handlers(), seconds=0) == 1
    assert messages(state=State.DUE).count() == 2


def test_a_failing_promise_waits_and_is_tried_again_and_stops_no_other(call):
    submit(make_ready(call))

    def fail(version):
        raise OSError("secret text of a proposal")

    assert process_all(handlers(receipt=fail)) == 2
    receipt = messages(kind="receipt").get()
    assert (receipt.state, receipt.attempts) == (State.DUE, 1)
    assert re.fullmatch(r"OSError at test_outbox\.py:\d+", receipt.last_error)
    assert receipt.due_at > clock.real_now()
    assert outbox.process_due(handlers()) == 0
    later(due_at=clock.real_now())
    assert outbox.process_due(handlers()) == 1


def test_a_claim_of_a_dead_worker_is_freed(call):
    submit(make_ready(call))
    long_ago = clock.real_now() - outbox.stale_after() - timedelta(seconds=1)
    later(state=State.CLAIMED, claimed_at=long_ago, attempts=1)
    assert process_all(handlers()) == 3


def test_a_claim_of_a_living_worker_is_left_alone(call):
    submit(make_ready(call))
    later(state=State.CLAIMED, claimed_at=clock.real_now(), attempts=1)
    assert process_all(handlers()) == 0


def test_a_worker_that_was_too_slow_does_not_touch_what_another_took_over(call):
    submit(make_ready(call))

    def slow(version):
        later(attempts=2)  # another worker claimed it meanwhile

    outbox.process_due(handlers(receipt=slow), seconds=0)
    assert messages(kind="receipt").get().state == State.CLAIMED


def test_after_many_failures_an_operator_must_look_and_can_try_again(call):
    submit(make_ready(call))

    def fail(version):
        raise ValueError

    for _attempt in range(outbox.MAX_ATTEMPTS):
        later(due_at=clock.real_now())
        outbox.process_due(handlers(receipt=fail))
    assert messages(kind="receipt").get().state == State.FAILED
    assert outbox.retry(messages(kind="receipt")) == 1
    assert outbox.process_due(handlers()) == 1


def test_the_wait_grows_and_has_an_end():
    waits = [
        min(outbox.FIRST_RETRY_DELAY * 2 ** (n - 1), outbox.MAX_RETRY_DELAY) for n in range(1, 13)
    ]
    assert waits[0] == timedelta(seconds=5) and waits[-1] == timedelta(minutes=10)


def test_the_receipt_does_not_depend_on_the_mail(call, settings):
    settings.EMAIL_BACKEND = "no.such.backend"
    version = submit(make_ready(call))
    tasks.process_outbox()
    assert Receipt.objects.filter(version=version).exists()
    assert {queued_email.state for queued_email in QueuedEmail.objects.all()} == {State.DUE}


def test_every_contact_gets_a_mail_of_its_own(call):
    proposal = make_ready(call)
    partner = partner_of(proposal)
    version = submit(proposal)
    notify_submission(version)
    notify_submission(version)  # a worker that died after it had done it
    outbox.process_due_emails(send_email)
    assert {queued_email.state for queued_email in QueuedEmail.objects.all()} == {State.DONE}
    received = [item for item in mail.outbox if " received" in item.subject]
    contacts = contacts_of(Draft(proposal))
    assert sorted(message.to for message in received) == [[address] for address in contacts]
    assert partner.email in contacts and len(contacts) == 3 + 3 + 1
    own = next(message for message in received if message.to == [partner.email])
    for part in (proposal.number, version.sha256, "UTC+02:00", version.url):
        assert part in own.body
        assert part in own.alternatives[0].content


def test_submitting_does_not_need_a_broker(call, settings, monkeypatch):
    def away(**_options):
        raise OSError("connection refused")

    monkeypatch.setattr(tasks.process_outbox, "apply_async", away)
    monkeypatch.setattr(wakeup, "_broker_retry_at", clock.real_now())
    monkeypatch.setattr(wakeup, "_next_hint_at", clock.real_now())
    wakeup.wake_worker()
    asked = []
    monkeypatch.setattr(tasks.process_outbox, "apply_async", lambda **_options: asked.append(1))
    wakeup.wake_worker()
    assert asked == []  # it does not wait for a broker that was away a moment ago


def test_in_a_rush_one_hint_a_second_is_sent_and_beat_comes_by_as_often(settings, monkeypatch):
    asked = []
    monkeypatch.setattr(
        tasks.process_outbox, "apply_async", lambda **_options: asked.append("outbox")
    )
    monkeypatch.setattr(
        tasks.make_draft_pdfs, "apply_async", lambda **_options: asked.append("prints")
    )
    monkeypatch.setattr(wakeup, "_next_hint_at", clock.real_now())
    for _turn in range(5):
        wakeup.wake_worker()
        wakeup.wake_worker("make_draft_pdfs")  # for these beat is slower
    assert asked == ["outbox"] + ["prints"] * 5
    assert settings.CELERY_BEAT_SCHEDULE["process_outbox"]["schedule"] <= wakeup.HINT_EVERY.seconds
    monkeypatch.setattr(wakeup, "_next_hint_at", clock.real_now())
    wakeup.wake_worker()
    assert asked[-1] == "outbox"


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same_promise(call):
    submit(make_ready(call))
    import threading  # noqa: PLC0415 -- only this test has two workers

    taken, gate = [], threading.Barrier(2)

    def work():
        try:
            gate.wait()
            process_all({kind: lambda v, k=kind: taken.append(k) for kind in handlers()})
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == ["proposal-pdf", "receipt", "submission-email"]
