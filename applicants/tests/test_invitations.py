"""A colleague's link: one address, used once, ended by removal, listed, cancelled, sent again."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from applicants.invitations import INVITATION_LIFETIME, invite_colleague
from applicants.models import ColleagueInvitation
from applicants.organisations import end_membership, join, register_partner
from applicants.tests.factories import make_organisation, make_user
from conftest import AFTERNOON
from foundation import clock

pytestmark = pytest.mark.django_db


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def link():
    return urlsplit(re.search(r"http\S+/join/\S+", mail.outbox[-1].body)[0]).path


@pytest.fixture
def ana():
    return make_user()


@pytest.fixture
def ben():
    return make_user()


@pytest.fixture
def organisation(ana):
    return make_organisation(by=ana)


@pytest.fixture
def invitation(organisation, ana, ben):
    return invite_colleague(organisation, email=ben.email.upper(), by=ana)


def is_member(organisation, user):
    return organisation.members.filter(pk=user.pk).exists()


def test_looking_changes_nothing_and_accepting_works_once(organisation, invitation, ana, ben):
    path, client = link(), client_of(ben)
    for _visit in range(3):
        assert client.get(path).status_code == 200
    assert not is_member(organisation, ben)
    assert client.post(path).status_code == 302
    assert is_member(organisation, ben)
    end_membership(organisation, user=ben, by=ana)
    assert (client.get(path).status_code, client.post(path).status_code) == (410, 410)
    assert not is_member(organisation, ben)


def test_removing_a_colleague_ends_other_open_links(organisation, invitation, ana, ben):
    path = link()
    join(organisation, user=ben)
    invite_colleague(organisation, email="carl@test.example", by=ben)
    end_membership(organisation, user=ben, by=ana)
    assert client_of(ben).post(path).status_code == 410
    assert client_of(make_user(email="carl@test.example")).post(link()).status_code == 410
    assert not organisation.colleague_invitations.filter(state="pending").exists()


def test_a_removed_colleague_is_invited_again(organisation, invitation, ana, ben):
    client_of(ben).post(link())
    end_membership(organisation, user=ben, by=ana)
    invite_colleague(organisation, email=ben.email, by=ana)
    assert client_of(ben).post(link()).status_code == 302
    assert is_member(organisation, ben)


def test_a_link_ends_with_the_right_of_who_sent_it(ana, organisation):
    record = register_partner(make_organisation(), steward=organisation)
    record.members.clear()
    carl, dora = make_user(), make_user()
    invite_colleague(record, email=carl.email, by=ana)
    path = link()
    invite_colleague(record, email=dora.email, by=ana)
    assert client_of(dora).post(link()).status_code == 302
    assert client_of(carl).post(path).status_code == 410
    listed = client_of(dora).get(record.get_absolute_url()).content.decode()
    assert carl.email in listed


def test_an_inactive_person_invites_nobody(organisation, invitation, ana, ben):
    ana.is_active = False
    ana.save()
    assert client_of(ben).post(link()).status_code == 410


def test_the_list_cancels_and_sends_again(organisation, invitation, ana, ben):
    client, old = client_of(ana), link()
    assert ben.email in client.get(organisation.get_absolute_url()).content.decode()
    again = reverse("applicants:invite-colleague", args=[organisation.pk])
    client.post(again, {"email": ben.email})
    assert ColleagueInvitation.objects.get().times_sent == 2
    assert client_of(ben).get(old).status_code == 404, "replaced by the new one"
    cancel = reverse(
        "applicants:cancel-colleague-invitation", args=[organisation.pk, invitation.pk]
    )
    assert client.post(cancel).status_code == 302
    assert client_of(ben).post(link()).status_code == 410
    client.get("/")  # shows the messages
    assert ben.email not in client.get(organisation.get_absolute_url()).content.decode()
    assert client.post(cancel).status_code == 302
    client.post(again, {"email": ben.email})
    assert client_of(ben).post(link()).status_code == 302


def test_strangers_cancel_nothing(organisation, invitation):
    cancel = reverse(
        "applicants:cancel-colleague-invitation", args=[organisation.pk, invitation.pk]
    )
    assert client_of(make_user()).post(cancel).status_code == 404
    other = make_user()
    theirs = make_organisation(by=other)
    cancel = reverse("applicants:cancel-colleague-invitation", args=[theirs.pk, invitation.pk])
    assert client_of(other).post(cancel).status_code == 404


def test_a_link_is_for_one_address_and_for_seven_days(organisation, invitation, ben):
    assert client_of(make_user()).get(link()).status_code == 404
    with clock.frozen_at(AFTERNOON + INVITATION_LIFETIME):
        assert client_of(ben).post(link()).status_code == 410
    with clock.frozen_at(AFTERNOON + INVITATION_LIFETIME - timedelta(seconds=1)):
        assert client_of(ben).post(link()).status_code == 302


def test_the_database_holds_no_token_and_opens_no_answered_link(organisation, invitation, ben):
    token = link().rstrip("/").rpartition("/")[2]
    assert token not in str(ColleagueInvitation.objects.values())
    client_of(ben).post(link())
    with pytest.raises(IntegrityError), transaction.atomic():
        ColleagueInvitation.objects.update(state="pending", answered_at=None)


def test_the_page_of_a_link_keeps_its_address_to_itself(organisation, invitation, ben):
    assert client_of(ben).get(link())["Referrer-Policy"] == "strict-origin"


@pytest.mark.parametrize("token", ["x", "%00", "é", "a" * 3000, "..%5C"])
def test_odd_tokens_lead_nowhere(ben, token):
    assert client_of(ben).get(f"/organisations/join/{token}/").status_code in {400, 404}
