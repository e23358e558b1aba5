"""A worker that is killed while it renders loses nothing: another one makes the receipt, once."""

import pytest

from calls import clock
from conftest import AFTERNOON
from cosme_portal.tests.processes import kill, start_worker, wait_until, worker
from proposals.models import OutboxMessage, Receipt
from proposals.tests.factories import make_ready, submit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("processes")]


def test_a_receipt_arrives_though_its_worker_was_killed(call, running_broker):
    version = submit(make_ready(call))
    receipt = OutboxMessage.objects.filter(kind="receipt", version=version)

    first = start_worker()
    wait_until(lambda: receipt.filter(state=OutboxMessage.State.CLAIMED).exists(), every=0.002)
    kill(first)
    assert not Receipt.objects.exists(), "the worker was too fast to be killed in its work"

    with worker():
        wait_until(lambda: receipt.filter(state=OutboxMessage.State.DONE).exists())
    assert Receipt.objects.get().version == version
    assert receipt.get().attempts == 2
    assert clock.now() == AFTERNOON


def test_receipts_are_made_without_anyone_hurrying(call, running_broker):
    """Beat comes by: a hint that was lost costs seconds, not the receipt."""
    submit(make_ready(call))
    with worker():
        wait_until(Receipt.objects.exists)
