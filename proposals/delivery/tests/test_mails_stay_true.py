"""A mail is true when it is sent, though it may have waited; and it goes to nobody who takes part no longer."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from applicants.organisations import end_membership, join
from applicants.tests.factories import make_user
from conftest import AFTERNOON, DEADLINE
from foundation import clock
from proposals import tasks
from proposals.consortium import drafts, invitations, participants
from proposals.consortium.deadline_reminders import remind_of_deadlines, set_reminders
from proposals.delivery import outbox
from proposals.models import Invitation, QueuedEmail
from proposals.submission.notifications import notify_submission
from proposals.submission.submit import withdraw
from proposals.tests.factories import make_draft, make_ready, member_of, reload, submit
from proposals.workspace.comments import add_comment

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(call):
    return make_draft(call)


def partner_in(proposal, key="p2"):
    return proposal.participants.select_related("proposal", "organisation").get(key=key)


def sent_to(address):
    """What the worker sends there now."""
    QueuedEmail.objects.exclude(to=address).delete()
    mail.outbox.clear()
    outbox.process_due_emails(tasks.EMAIL_SENDER)
    return [item.subject for item in mail.outbox]


def invited(proposal, **kwargs):
    return invitations.invite(
        proposal,
        email="kim@test.example",
        purpose=Invitation.Purpose.WRITE,
        participant=partner_in(proposal),
        by=kwargs.get("by", proposal.started_by),
    )


def test_an_invitation_that_is_open_is_sent(draft):
    invited(draft)
    assert len(sent_to("kim@test.example")) == 1


def test_an_invitation_that_was_taken_back_is_not_sent(draft):
    invitations.revoke(invited(draft), by=draft.started_by)
    assert sent_to("kim@test.example") == []


def test_of_an_invitation_that_was_repeated_only_the_newest_link_is_sent(draft):
    invitations.resend(invited(draft), by=draft.started_by)
    assert len(sent_to("kim@test.example")) == 1


def test_an_invitation_of_a_person_who_was_removed_is_not_sent(draft):
    coordinator = partner_in(draft, "p1").organisation
    issuer = member_of(coordinator)
    invited(draft, by=issuer)
    end_membership(coordinator, user=issuer, by=draft.started_by)
    assert sent_to("kim@test.example") == []


def test_a_comment_is_not_sent_to_who_was_removed_meanwhile(draft):
    organisation = partner_in(draft).organisation
    person = member_of(organisation)
    add_comment(
        draft, step="summary", key="", text=f"@{person.full_name}: look", by=draft.started_by
    )
    section = drafts.section_of(draft, drafts.CONSORTIUM)
    participants.remove_participant(
        partner_in(draft), seen_version=section.version, by=draft.started_by
    )
    assert sent_to(person.email) == [f"{organisation.name} no longer takes part in a proposal"]


def test_a_reminder_is_not_sent_once_something_was_submitted(call):
    proposal = make_ready(call)
    with clock.frozen_at(DEADLINE - timedelta(hours=30)):
        set_reminders(proposal, wanted=True, by=proposal.started_by)
    assert remind_of_deadlines(AFTERNOON) == 1
    submit(proposal)
    assert not any("has not been submitted" in item for item in sent_to(proposal.started_by.email))


def test_a_reminder_is_not_sent_after_the_deadline(call):
    proposal = make_draft(call)
    with clock.frozen_at(DEADLINE - timedelta(hours=30)):
        set_reminders(proposal, wanted=True, by=proposal.started_by)
    assert remind_of_deadlines(AFTERNOON) == 1
    with clock.frozen_at(DEADLINE):
        assert sent_to(proposal.started_by.email) == []


def counts_in(version):
    QueuedEmail.objects.all().delete()
    notify_submission(version)
    return QueuedEmail.objects.filter(key__startswith="submitted:").first().text


def test_a_mail_about_a_version_says_what_counts_when_it_is_made(call):
    proposal = make_ready(call)
    first = submit(proposal)
    assert "Version 1 is your current submission" in counts_in(first)
    submit(reload(proposal))
    assert "replaced by version 2" in counts_in(first)
    withdraw(
        reload(proposal), reason="We stop here.", by=proposal.started_by, received_at=clock.now()
    )
    assert "has been withdrawn" in counts_in(first)


def test_that_an_organisation_declines_is_not_told_to_who_leads_no_longer(draft):
    partner, coordinator = partner_in(draft), partner_in(draft, "p1").organisation
    leader = member_of(coordinator)
    end_membership(coordinator, user=draft.started_by, by=leader)
    invitations.decline_for(partner, reason="No time", by=member_of(partner.organisation))
    notified = QueuedEmail.objects.filter(key__startswith="declined:").values_list("to", flat=True)
    assert list(notified) == [leader.email]


def test_who_takes_part_by_another_way_is_not_told_to_see_nothing_any_more(draft):
    second, third = partner_in(draft), partner_in(draft, "p3")
    both, user = make_user(), member_of(second.organisation)
    for organisation in (second.organisation, third.organisation):
        join(organisation, user=both)
    section = drafts.section_of(draft, drafts.CONSORTIUM)
    participants.remove_participant(second, seen_version=section.version, by=draft.started_by)
    results = {
        row.to: "You no longer have access to the draft" in row.text
        for row in QueuedEmail.objects.filter(key__startswith="removed:")
    }
    assert (results[both.email], results[user.email]) == (False, True)


def page_of(person, path, **kwargs):
    client = Client()
    client.force_login(person)
    answer = client.post(path, kwargs, follow=True) if kwargs else client.get(path)
    return " ".join(answer.content.decode().split())


def test_a_withdrawn_proposal_is_not_said_never_to_have_been_submitted(call):
    proposal = make_ready(call)
    submit(proposal)
    withdraw(reload(proposal), reason="Stop.", by=proposal.started_by, received_at=clock.now())
    with clock.frozen_at(DEADLINE):
        for name in ("proposal", "check"):
            text = page_of(
                proposal.started_by, reverse(f"proposals:{name}", args=[proposal.number])
            )
            assert "The proposal was withdrawn" in text
            assert "No proposal was submitted before the deadline" not in text


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(days=8), "You will be reminded 7 days, 1 day and 2 hours before the deadline."),
        (timedelta(hours=3), "You will be reminded 2 hours before the deadline."),
        (timedelta(hours=2), "It is too late for reminders."),
    ],
)
def test_who_wants_reminders_is_told_which_of_them_come(draft, left, text):
    path = reverse("proposals:reminders", args=[draft.number])
    with clock.frozen_at(DEADLINE - left):
        assert text in page_of(draft.started_by, path, wanted="yes")
