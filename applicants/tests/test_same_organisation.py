"""An organisation that may be here already is said when it is entered, and offered."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from applicants.models import Organisation
from applicants.tests.factories import make_organisation, make_user

pytestmark = pytest.mark.django_db
NEW = reverse("applicants:new-organisation")


@pytest.fixture
def known(db):
    return make_organisation(legal_name="Müller Photonik e.V.", country="DE", pic="999988877")


def enter(user=None, **kwargs):
    client = Client()
    client.force_login(user or make_user())
    typed = {
        "legal_name": "Another name",
        "kind": Organisation.Kind.CLUSTER.value,
        "country": "DE",
        "pic": "",
    }
    return client.post(NEW, typed | kwargs)


@pytest.mark.parametrize(
    "value",
    [
        {"pic": "999988877"},
        {"pic": "999 988 877", "country": "FR"},
        {"legal_name": "MUELLER PHOTONIK"},
        {"legal_name": "Müller  Photonik e. V."},
        {"kind": "runs-cluster", "cluster_name": "Müller Photonik"},
    ],
)
def test_a_like_organisation_is_said_and_can_be_entered_as_another(known, value):
    kind = {"kind": Organisation.Kind.RUNS_CLUSTER.value} if "kind" in value else {}
    answer = enter(**value | kind)
    html = answer.content.decode()
    assert answer.status_code == 200 and known.legal_name in html and "Germany" in html
    assert known.website not in html or not known.website
    assert Organisation.objects.count() == 1
    assert enter(**value | kind, is_another="on").status_code == 302
    assert Organisation.objects.count() == 2


@pytest.mark.parametrize("value", [{}, {"legal_name": "Müller Photonik e.V.", "country": "AT"}])
def test_others_are_entered_at_once(known, value):
    assert enter(**value).status_code == 302


def test_a_record_that_keeps_its_name_is_saved_without_a_question(known):
    other = make_organisation(by=make_user(), legal_name="Müller Photonik", country="DE")
    client = Client()
    client.force_login(other.members.get())
    typed = {
        "legal_name": "Müller Photonik",
        "kind": other.kind,
        "country": "DE",
        "town": "Jena",
        "seen_version": "0",
    }
    page = reverse("applicants:edit-organisation", args=[other.pk])
    assert client.post(page, typed).status_code == 302


@pytest.mark.parametrize("pic", ["000000000", "12345678", "99998887a", "1234567890"])
def test_what_is_no_pic_is_refused(pic):
    assert enter(pic=pic).status_code == 200
    assert not Organisation.objects.exists()
    with pytest.raises(ValidationError):
        Organisation(
            legal_name="A", kind=Organisation.Kind.CLUSTER.value, country="DE", pic=pic
        ).full_clean()
