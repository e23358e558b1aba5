"""An officer belongs to no organisation, whichever way in is tried: forms, functions, raw SQL, two at once."""

import threading

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from applicants.models import Membership, Organisation, User
from applicants.organisations import OfficerTakesNoPart, join, may_become_officer
from applicants.tests.factories import make_organisation, make_user
from conftest import database_owner

pytestmark = pytest.mark.django_db

ROLES = ["is_staff", "is_superuser", "group"]


def make_officer_of(user, role):
    if role == "group":
        user.groups.add(Group.objects.first())
    else:
        User.objects.filter(pk=user.pk).update(**{role: True})
    return User.objects.get(pk=user.pk)


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", ROLES)
def test_an_officer_joins_no_organisation(role):
    officer, organisation = make_officer_of(make_user(), role), make_organisation()
    with pytest.raises(OfficerTakesNoPart):
        join(organisation, user=officer)
    with pytest.raises(OfficerTakesNoPart):
        make_organisation(by=officer)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO applicants_membership (user_id, organisation_id, joined_at)"
            " VALUES (%s, %s, now())",
            [officer.pk, organisation.pk],
        )
    assert not Membership.objects.filter(user=officer).exists()


@pytest.mark.parametrize("role", ROLES)
def test_who_is_of_an_organisation_becomes_no_officer(role):
    user = make_user()
    make_organisation(by=user)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_officer_of(user, role)
    assert not may_become_officer(user) and may_become_officer(make_user())
    assert not User.objects.get(pk=user.pk).is_officer


def test_an_officer_is_shown_why_and_gets_back_what_was_typed():
    client = client_of(make_user(is_staff=True))
    page = client.post(reverse("applicants:new-organisation"), {"legal_name": "Cluster Nowhere"})
    assert page.status_code == 403 and "Cluster Nowhere" in page.content.decode()
    assert not Organisation.objects.exists()


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "groups"])
def test_the_form_of_people_refuses_in_a_sentence(field):
    member = make_user()
    make_organisation(by=member)
    chief = client_of(make_user(is_staff=True, is_superuser=True))
    value = Group.objects.first().pk if field == "groups" else "on"
    address = reverse("admin:applicants_user_change", args=[member.pk])
    page = chief.post(address, {"full_name": "New Name", "is_active": "on", field: value})
    assert page.status_code == 200 and page.context["errors"]
    assert "New Name" in page.content.decode()
    assert not User.objects.get(pk=member.pk).is_officer


def test_the_form_of_people_makes_officers_of_others():
    person = make_user()
    chief = client_of(make_user(is_staff=True, is_superuser=True))
    address = reverse("admin:applicants_user_change", args=[person.pk])
    data = {"full_name": "Kim", "is_active": "on", "is_staff": "on"}
    assert chief.post(address, data).status_code == 302
    assert User.objects.get(pk=person.pk).is_staff


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ROLES)
def test_of_becoming_officer_and_joining_at_once_only_the_first_wins(role):
    """The second waits for the first one's transaction, and then sees what it did."""
    user, organisation = make_user(), make_organisation()
    outcomes = []

    def become():
        try:
            make_officer_of(User.objects.get(pk=user.pk), role)
            outcomes.append("became")
        except IntegrityError:
            outcomes.append("refused")
        finally:
            connection.close()

    waiting = threading.Thread(target=become)
    with transaction.atomic():
        join(organisation, user=user)
        waiting.start()
        waiting.join(timeout=0.3)
        assert waiting.is_alive()
    waiting.join(timeout=10)
    assert outcomes == ["refused"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ROLES)
def test_of_joining_and_becoming_officer_at_once_only_the_first_wins(role):
    user, organisation = make_user(), make_organisation()
    outcomes = []

    def enter():
        try:
            join(organisation, user=user)
            outcomes.append("joined")
        except OfficerTakesNoPart:
            outcomes.append("refused")
        finally:
            connection.close()

    waiting = threading.Thread(target=enter)
    with transaction.atomic():
        make_officer_of(user, role)
        waiting.start()
        waiting.join(timeout=0.3)
        assert waiting.is_alive()
    waiting.join(timeout=10)
    assert outcomes == ["refused"]


def test_a_check_counts_those_who_were_both_before_the_guards():
    from cosme_portal.checks import check_officers_take_no_part  # noqa: PLC0415 -- of the layer above

    assert check_officers_take_no_part(databases=["default"]) == []
    both = make_user()
    make_organisation(by=both)
    with database_owner():
        User.objects.filter(pk=both.pk).update(is_staff=True)
    (warning,) = check_officers_take_no_part(databases=["default"])
    assert warning.msg.startswith("1 ")
