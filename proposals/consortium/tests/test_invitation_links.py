"""Links into a proposal end when they are used, cancelled, replaced, or their sender's right ends; people are told."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from applicants.organisations import end_membership, join
from applicants.tests.factories import make_user
from conftest import AFTERNOON, DEADLINE
from foundation import clock
from proposals.consortium import drafts, invitations, members, participants
from proposals.delivery import outbox
from proposals.delivery.emails import send_email
from proposals.models import Invitation, QueuedEmail
from proposals.tests.factories import make_draft, make_ready, member_of, partner_of, reload, submit
from proposals.workspace.deletion import delete_draft

pytestmark = pytest.mark.django_db

Purpose = Invitation.Purpose


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def sent_to(user):
    outbox.process_due_emails(send_email)
    return [item for item in mail.outbox if item.to == [user.email]]


def invited(proposal, purpose=Purpose.WRITE, email="kim@test.example", by=None):
    participant = None if purpose == Purpose.READ else proposal.participants.get(key="p2")
    return invitations.invite(
        proposal,
        email=email,
        purpose=purpose,
        participant=participant,
        by=by or proposal.started_by,
    )


def path_of(invitation):
    return reverse("proposals:invitation", args=[invitation.token])


def text_of(page):
    return " ".join(page.content.decode().split())


def remove(proposal, key="p2"):
    seen = drafts.section_of(proposal, "consortium").version
    participant = proposal.participants.get(key=key)
    participants.remove_participant(participant, seen_version=seen, by=proposal.started_by)


# --- Links -------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", list(Purpose))
def test_looking_uses_no_link(call, purpose):
    path = path_of(invited(make_ready(call), purpose))
    for _visit in range(3):
        assert Client().get(path).status_code == 200
    assert Invitation.objects.get().state == "pending"


def test_the_database_holds_no_token_before_or_after_sending(call):
    invitation = invited(make_draft(call))
    token = invitation.token
    assert token not in str(Invitation.objects.values())
    outbox.process_due_emails(send_email)
    assert any(token in item.body for item in mail.outbox)
    assert not any(
        token in queued_email.text + queued_email.html for queued_email in QueuedEmail.objects.all()
    )


def test_sending_again_replaces_the_link(call):
    proposal = make_draft(call)
    first = invited(proposal)
    old = path_of(first)
    invitations.resend(first, by=proposal.started_by)
    assert Client().get(old).status_code == 404
    outbox.process_due_emails(send_email)
    links = [word for word in mail.outbox[-1].body.split() if "/invitations/" in word]
    assert Client().get(urlsplit(links[-1]).path).status_code == 200


def test_a_link_ends_when_its_sender_no_longer_leads_and_a_colleague_sends_it_again(call):
    proposal = make_draft(call)
    organisation = proposal.participants.get(key="p1").organisation
    colleague = member_of(organisation)
    invitation = invited(proposal, by=colleague)
    path = path_of(invitation)
    end_membership(organisation, user=colleague, by=proposal.started_by)
    guest = make_user()
    page = client_of(guest).post(path)
    assert page.status_code == 410 and not proposal.collaborators.exists()
    with pytest.raises(invitations.InvitationNotOpen):
        invitations.accept(invitation, user=guest)
    lead = client_of(proposal.started_by)
    assert "no longer works" in text_of(
        lead.get(reverse("proposals:people", args=[proposal.number]))
    )
    invitations.resend(invitation, by=proposal.started_by)
    invitation.refresh_from_db()
    assert invitations.accept(invitation, user=guest)


def test_an_invited_person_answers_from_the_page_of_work_without_the_link(call):
    proposal = make_draft(call)
    kim = make_user(email="kim@test.example")
    invitation = invited(proposal)
    address = reverse("proposals:own-invitation", args=[invitation.pk])
    assert address in client_of(kim).get(reverse("proposals:mine")).content.decode()
    assert client_of(make_user()).get(address).status_code == 404
    assert client_of(kim).post(address).status_code == 302
    assert proposal.collaborators.get().user == kim


def test_an_invitation_cancelled_after_it_was_opened_says_so(call):
    proposal = make_draft(call)
    invitation, client = invited(proposal), client_of(make_user())
    assert client.get(path_of(invitation)).status_code == 200
    invitations.revoke(invitation, by=proposal.started_by)
    page = client.post(path_of(invitation))
    assert page.status_code == 410 and "cancelled" in text_of(page)


def test_no_invitation_is_open_after_the_deadline(call):
    proposal = make_draft(call)
    invitation = invited(proposal)
    assert invitation.expires_at == DEADLINE
    invitations.resend(invitation, by=proposal.started_by)
    invitation.refresh_from_db()
    assert invitation.expires_at == DEADLINE
    outbox.process_due_emails(send_email)
    bodies = " ".join(item.body for item in mail.outbox)
    assert "21 April 2015, 17:00" in bodies and "14 days" not in bodies


def test_early_invitations_are_open_for_two_weeks(call):
    with clock.frozen_at(AFTERNOON - timedelta(days=40)):
        proposal = make_draft(call)
        assert invited(proposal).expires_at == clock.now() + timedelta(days=14)


# --- Access that ended -------------------------------------------------------------------------


def pages_of(proposal):
    return [
        proposal.get_absolute_url(),
        reverse("proposals:step", args=[proposal.number, "summary"]),
        reverse("proposals:description", args=[proposal.number, "p2"]),
    ]


def assert_explained(user, proposal, text):
    for path in pages_of(proposal):
        page = client_of(user).get(path)
        assert page.status_code == 404 and text in text_of(page)
        stranger = client_of(make_user()).get(path)
        assert stranger.status_code == 404 and text not in text_of(stranger)


def test_a_writer_whose_partner_is_removed_is_told_and_sees_why(call):
    proposal = make_draft(call)
    guest = make_user()
    invitations.accept(invited(proposal), user=guest)
    name = proposal.participants.get(key="p2").organisation.name
    remove(proposal)
    assert any(name in item.body and proposal.number in item.subject for item in sent_to(guest))
    assert_explained(guest, proposal, name)
    typed = client_of(guest).post(pages_of(proposal)[2], {"description": "Long text of mine"})
    assert typed.status_code == 404 and "Long text of mine" in typed.content.decode()


def test_people_of_a_removed_partner_see_why(call):
    proposal = make_ready(call)
    submit(proposal)
    partner = partner_of(proposal)
    organisation = partner.organisations.get()
    remove(proposal, proposal.participants.get(organisation=organisation).key)
    assert_explained(partner, proposal, organisation.name)
    version = reverse("proposals:version", args=[proposal.number, 1])
    assert organisation.name in text_of(client_of(partner).get(version))
    assert client_of(make_user()).get(version).status_code == 404


def test_what_is_not_stored_names_the_true_reason_or_none(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    part = reverse("proposals:description", args=[proposal.number, "p2"])
    step = reverse("proposals:step", args=[proposal.number, "summary"])
    remove(proposal, "p2")
    typed = {"description": "Services", "title_text": "Photonics"}
    assert lead.post(part, typed).context["why"] == ""
    assert client_of(make_user()).post(step, typed).context["why"] == ""
    delete_draft(reload(proposal), by=proposal.started_by)
    refusal = lead.post(step, typed)
    assert "Photonics" in text_of(refusal) and "deleted" in refusal.context["why"]
    assert "coordinator has changed" not in text_of(refusal)


def test_a_person_whose_access_is_removed_is_told_and_sees_why(call):
    proposal = make_draft(call)
    guest = make_user()
    members.remove_collaborator(
        invitations.accept(invited(proposal, Purpose.READ), user=guest), by=proposal.started_by
    )
    assert any(proposal.number in item.subject for item in sent_to(guest))
    assert_explained(guest, proposal, "removed your access")


def test_who_left_an_organisation_sees_why(call):
    proposal = make_draft(call)
    organisation = proposal.participants.get(key="p1").organisation
    colleague = member_of(organisation)
    end_membership(organisation, user=colleague, by=proposal.started_by)
    assert_explained(colleague, proposal, organisation.name)
    join(organisation, user=colleague)
    assert client_of(colleague).get(proposal.get_absolute_url()).status_code == 200


def test_who_still_takes_part_otherwise_keeps_access_and_is_told_of_the_change(call):
    proposal = make_draft(call)
    guest = make_user()
    invitations.accept(invited(proposal, Purpose.READ), user=guest)
    invitations.accept(invited(proposal, email="kim2@test.example"), user=guest)
    remove(proposal)
    assert client_of(guest).get(proposal.get_absolute_url()).status_code == 200
    assert any("changed" in item.subject for item in sent_to(guest))


def test_people_of_a_deleted_draft_see_that_it_was_deleted(call):
    proposal = make_draft(call)
    partner, guest = partner_of(proposal), make_user()
    invitations.accept(invited(proposal, Purpose.READ), user=guest)
    delete_draft(proposal, by=proposal.started_by)
    for user in (partner, guest):
        assert_explained(user, proposal, "deleted")
