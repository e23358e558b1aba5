"""Two workers at once, or a worker while somebody acts: one email, one head of a day, and none that is untrue."""

from datetime import timedelta

import pytest

from calls.tests.connections import at_once, overtaken
from conftest import DEADLINE, NEXT_DAY
from foundation import clock
from proposals.consortium.deadline_reminders import remind_of_deadlines, set_reminders
from proposals.delivery import outbox
from proposals.delivery.emails import send_email
from proposals.models import DailyHead, OutboxMessage, QueuedEmail
from proposals.officers.rights import AUDITORS
from proposals.proof import ledger
from proposals.proof.daily_heads import publish_daily_heads
from proposals.proof.reissue import reissue_documents
from proposals.screening import clarifications
from proposals.tests.factories import make_officer, make_ready, reload, submit

pytestmark = pytest.mark.django_db(transaction=True)

DUE = NEXT_DAY.replace(day=29, hour=17)


def mails(prefix):
    return QueuedEmail.objects.filter(key__startswith=prefix)


@pytest.fixture
def reminded(call):
    """A proposal about which somebody is reminded an hour before the deadline."""
    proposal = make_ready(call)
    with clock.frozen_at(DEADLINE - timedelta(days=1)):
        set_reminders(proposal, wanted=True, by=proposal.started_by)
    with clock.frozen_at(DEADLINE - timedelta(hours=1)):
        yield proposal


def test_a_deadline_of_which_two_workers_remind_at_once_gives_one_email(reminded):
    moment = clock.now()
    overtaken(lambda: remind_of_deadlines(moment), lambda: remind_of_deadlines(moment))
    assert mails("deadline:").count() == 1


def test_nobody_who_is_just_submitting_is_told_that_nothing_was_submitted(reminded):
    moment = clock.now()
    notified = overtaken(lambda: submit(reload(reminded)), lambda: remind_of_deadlines(moment))
    assert (notified, mails("deadline:").exists()) == (0, False)


@pytest.fixture
def question(call):
    version = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        yield clarifications.request_clarification(
            version, "Who owns it?", due_at=DUE, by=make_officer()
        )


def test_nobody_who_is_just_answering_is_reminded_of_the_question(question):
    by, moment = question.version.proposal.started_by, DUE - timedelta(hours=1)
    with clock.frozen_at(moment):
        reminded = overtaken(
            lambda: clarifications.store_reply(question, "We own it.", by=by, received_at=moment),
            lambda: clarifications.remind_of_clarification_requests(moment),
        )
    assert reminded == 0
    assert not mails(f"question:{question.pk}:1:").exists()


def test_a_question_of_which_two_workers_remind_at_once_gives_one_email_to_each(question):
    moment = DUE - timedelta(hours=1)
    overtaken(
        lambda: clarifications.remind_of_clarification_requests(moment),
        lambda: clarifications.remind_of_clarification_requests(moment),
    )
    sent = mails(f"question:{question.pk}:1:")
    assert sent.count() == sent.values("to").distinct().count() > 0


def test_a_promise_that_one_worker_keeps_is_not_kept_by_another(call):
    submit(make_ready(call))
    handled = []
    handlers = dict.fromkeys(OutboxMessage.Kind, handled.append)
    overtaken(lambda: outbox.process_due(handlers), lambda: outbox.process_due(handlers))
    assert len(handled) == OutboxMessage.objects.exclude(kind="proposal-pdf").count() > 0


def test_an_email_that_two_workers_would_send_at_once_is_sent_once(question, mailoutbox):
    sent_by_the_other = overtaken(
        lambda: outbox.process_due_emails(send_email), lambda: outbox.process_due_emails(send_email)
    )
    assert sent_by_the_other == 0
    assert len(mailoutbox) == QueuedEmail.objects.count() > 0


def test_a_head_of_a_day_that_two_workers_publish_at_once_is_published_and_emailed_once(call):
    auditor = make_officer(AUDITORS)
    submit(make_ready(call))
    ledger.sequence()
    published = overtaken(
        lambda: publish_daily_heads(NEXT_DAY), lambda: publish_daily_heads(NEXT_DAY)
    )
    assert (published, DailyHead.objects.count()) == (0, 1)
    assert mails("log-head:").filter(to=auditor.email).count() == 1


def test_receipts_that_two_clicks_let_make_again_are_made_again_once(call):
    submit(make_ready(call))
    operator = make_officer()

    def asked():
        return reissue_documents(call, "receipt", reason="Look", by=operator).pk

    assert len(set(at_once(type(call).objects.filter(pk=call.pk), asked, asked))) == 1
