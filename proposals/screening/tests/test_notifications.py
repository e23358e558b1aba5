"""What officers are notified of: on their pages, at once by email, and by a digest every morning."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from conftest import NEXT_DAY
from foundation import clock
from proposals.models import OfficerNotification, OfficerPreferences, QueuedEmail
from proposals.officers import cases
from proposals.officers.notifications import unread_count
from proposals.officers.rights import HELPDESK
from proposals.screening import clarifications, officer_emails
from proposals.screening.decisions import record_decision, review_decision
from proposals.tests.factories import make_officer, make_ready, reload, save, submit

pytestmark = pytest.mark.django_db
Kind = OfficerNotification.Kind
WORD = "Zwinkelword"
PAGE = reverse("admin:proposals_version_notifications")


@pytest.fixture
def version(call):
    proposal = make_ready(call)
    save(proposal, "summary", acronym=WORD, title_text=WORD, abstract=WORD)
    made = submit(reload(proposal))
    with clock.frozen_at(NEXT_DAY):
        yield made


def client_of(officer):
    client = Client()
    client.force_login(officer)
    return client


def unread_kinds(officer):
    shown = OfficerNotification.objects.shown_to(officer, clock.now()).unread()
    return sorted(shown.values_list("kind", flat=True))


def emails_to(officer):
    return QueuedEmail.objects.filter(to=officer.email).order_by("pk")


def test_a_decision_notifies_who_can_confirm_it_until_somebody_does(version):
    first, second, third = (make_officer() for _number in range(3))
    cases.declare_conflict(version.proposal, reason="My cousin.", by=third)
    decision = record_decision(version, outcome="eligible", reason=WORD, by=first)
    assert [unread_kinds(officer) for officer in (first, second, third)] == [
        [],
        [Kind.TO_CONFIRM],
        [],
    ]
    review_decision(decision, answer="sent-back", reason=WORD, by=second)
    assert [unread_kinds(officer) for officer in (first, second)] == [[Kind.SENT_BACK], []]
    record_decision(version, outcome="ineligible", reason=WORD, by=first)
    assert unread_kinds(first) == [] and unread_kinds(second) == [Kind.TO_CONFIRM]


def test_a_reply_notifies_who_asked_and_whose_case_it_is(version):
    asked_by, owner, other = (make_officer() for _number in range(3))
    cases.assign([version.proposal], owner, by=owner)
    question = clarifications.request_clarification(
        version, WORD, due_at=NEXT_DAY + timedelta(days=9), by=asked_by
    )
    clarifications.store_reply(question, WORD, by=version.submitted_by, received_at=NEXT_DAY)
    kinds = [unread_kinds(officer) for officer in (asked_by, owner, other)]
    assert kinds == [[Kind.REPLIED], [Kind.REPLIED], []]


def test_what_happened_at_once_is_one_email_without_a_text_of_the_proposal(version, call):
    first, second = make_officer(), make_officer()
    another = None
    with clock.frozen_at(NEXT_DAY - timedelta(days=1)):
        another = submit(make_ready(call))
    for item in (version, another):
        record_decision(item, outcome="eligible", reason=WORD, by=first)
    assert officer_emails.email_new_notifications(clock.now()) == 1
    assert officer_emails.email_new_notifications(clock.now()) == 0
    mail = emails_to(second).get()
    texts = mail.subject + mail.text + mail.html
    assert version.proposal.number in texts and another.proposal.number in texts
    assert WORD not in texts and not emails_to(first).exists()
    assert officer_emails.is_for_an_officer(mail)
    second.groups.clear()
    assert not officer_emails.is_for_an_officer(mail)


def test_an_officer_chooses_which_emails_come(version):
    first, second = make_officer(), make_officer()
    client = client_of(second)
    send = reverse("admin:proposals_version_notification_emails")
    assert client.post(send, {"emails_at_once": ["sent-back"]}).status_code == 302
    stored = OfficerPreferences.objects.get(officer=second)
    assert (stored.emails_at_once, stored.wants_digest) == (["sent-back"], False)
    client.post(send, {"emails_at_once": ["evil"]})
    stored.refresh_from_db()
    assert stored.emails_at_once == ["sent-back"]
    record_decision(version, outcome="eligible", reason=WORD, by=first)
    officer_emails.email_new_notifications(clock.now())
    assert not emails_to(second).exists() and unread_count(second, clock.now()) == 1


def test_nothing_of_a_case_that_is_sealed_again_or_closed_is_shown_or_sent(version, call):
    first, second = make_officer(), make_officer()
    record_decision(version, outcome="eligible", reason=WORD, by=first)
    cases.declare_conflict(version.proposal, reason="My cousin.", by=second)
    assert unread_kinds(second) == []
    assert version.proposal.number not in client_of(second).get(PAGE).content.decode()
    officer_emails.email_new_notifications(clock.now())
    assert not emails_to(second).exists()
    row = OfficerNotification.objects.get(officer=second)
    opening = reverse("admin:proposals_version_open_notification", args=[row.pk])
    assert client_of(second).post(opening).status_code == 404


def test_the_page_counts_opens_and_marks(version):
    first, second = make_officer(), make_officer()
    record_decision(version, outcome="eligible", reason=WORD, by=first)
    client = client_of(second)
    page = client.get(PAGE)
    assert 'class="unread">1<' in page.content.decode()
    row = page.context["unread"][0]
    opening = reverse("admin:proposals_version_open_notification", args=[row.pk])
    assert client_of(first).post(opening).status_code == 404
    answer = client.post(opening)
    assert answer["Location"] == reverse("admin:proposals_version_change", args=[version.pk])
    assert unread_count(second, clock.now()) == 0
    OfficerNotification.objects.update(read_at=None)
    client.post(reverse("admin:proposals_version_read_notifications"))
    assert unread_count(second, clock.now()) == 0
    helpdesk = client_of(make_officer(HELPDESK))
    assert helpdesk.get(PAGE).status_code == 403
    assert 'data-test="notifications"' not in helpdesk.get(reverse("admin:index")).content.decode()


def test_a_digest_comes_once_in_the_morning_and_only_if_something_waits(version):
    busy, idle, silent = make_officer(), make_officer(), make_officer()
    OfficerPreferences.objects.create(officer=silent, wants_digest=False)
    cases.assign([version.proposal], busy, by=busy)
    at_six, at_eight = (NEXT_DAY.replace(hour=hour, minute=5) for hour in (6, 8))
    with clock.frozen_at(at_six):
        assert officer_emails.queue_digests(at_six) == 0
    with clock.frozen_at(at_eight):
        assert officer_emails.queue_digests(at_eight) == 1
        assert officer_emails.queue_digests(at_eight) == 0
    mail = emails_to(busy).get()
    assert WORD not in mail.subject + mail.text + mail.html
    assert not emails_to(idle).exists() and not emails_to(silent).exists()
    tomorrow = at_eight + timedelta(days=1)
    with clock.frozen_at(tomorrow):
        assert officer_emails.queue_digests(tomorrow) == 1
