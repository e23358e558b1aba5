"""An officer is in no consortium: as guest of a proposal, by confirming, or by being made one later."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from applicants.models import User
from applicants.organisations import OfficerTakesNoPart, may_become_officer
from applicants.tests.factories import make_user
from proposals.consortium import invitations
from proposals.models import Collaborator, Confirmation, Invitation
from proposals.tests.factories import make_draft, make_officer, make_ready

pytestmark = pytest.mark.django_db

ROLES = [{"is_staff": True}, {"is_superuser": True}]


def invited(proposal, purpose="read"):
    participant = None if purpose == "read" else proposal.participants.get(key="p2")
    return invitations.invite(
        proposal,
        email="kim@test.example",
        purpose=Invitation.Purpose(purpose),
        participant=participant,
        by=proposal.started_by,
    )


@pytest.mark.parametrize("purpose", ["read", "write"])
def test_an_officer_accepts_no_invitation(call, purpose):
    proposal = make_draft(call)
    invitation, officer = invited(proposal, purpose), make_officer()
    with pytest.raises(OfficerTakesNoPart):
        invitations.accept(invitation, user=officer)
    invitation.refresh_from_db()
    assert invitation.state == "pending" and not Collaborator.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO proposals_collaborator (proposal_id, user_id, joined_at) VALUES (%s, %s, now())",
            [proposal.pk, officer.pk],
        )


@pytest.mark.parametrize("role", ROLES)
def test_who_takes_part_by_invitation_becomes_no_officer(call, role):
    user = make_user()
    invitations.accept(invited(make_draft(call)), user=user)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(**role)
    with pytest.raises(IntegrityError), transaction.atomic():
        user.groups.add(make_officer().groups.first())
    assert not may_become_officer(user)


def test_an_officer_is_shown_nothing_behind_a_link(call):
    proposal = make_ready(call)
    client = Client()
    client.force_login(make_officer())
    for purpose in ("read", "write", "confirm"):
        address = reverse("proposals:invitation", args=[invited(proposal, purpose).token])
        for page in (client.get(address), client.post(address, {"name": "Kim"})):
            assert page.status_code == 403 and "LASER-GO" not in page.content.decode()
    assert not Confirmation.objects.exists()


def test_an_officer_starts_no_proposal(call):
    client = Client()
    client.force_login(make_officer())
    address = reverse("proposals:start", args=[call.reference, "3.1"])
    assert (client.get(address).status_code, client.post(address).status_code) == (403, 403)


@pytest.mark.django_db(transaction=True)
def test_of_accepting_and_becoming_officer_at_once_only_the_first_wins(call):
    invitation, user, outcomes = invited(make_draft(call)), make_user(), []

    def become():
        try:
            User.objects.filter(pk=user.pk).update(is_staff=True)
            outcomes.append("became")
        except IntegrityError:
            outcomes.append("refused")
        finally:
            connection.close()

    waiting = threading.Thread(target=become)
    with transaction.atomic():
        invitations.accept(invitation, user=user)
        waiting.start()
        waiting.join(timeout=0.3)
        assert waiting.is_alive()
    waiting.join(timeout=10)
    assert outcomes == ["refused"]
