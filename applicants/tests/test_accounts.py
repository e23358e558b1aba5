"""Accounts: by email with confirmation; no page reveals whether an address has one."""

import re
from collections import Counter

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applicants.models import User
from applicants.tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def sign_up(client, address):
    return client.post(
        reverse("account_signup"),
        {"full_name": "Ana Silva", "email": address, "password1": PASSWORD},
    )


def link_in(message, pattern):
    return re.search(rf"http://127\.0\.0\.1:8000({pattern})", message.body)[1]


def test_a_page_promises_to_keep_what_was_typed_only_where_it_can(client):
    answer = client.post(reverse("account_login"), {"login": "no address", "password": PASSWORD})
    assert answer.context["errors"] and not answer.context["is_kept_whole"]
    answer = client.post(reverse("account_reset_password"), {"email": "no address"})
    assert answer.context["errors"] and answer.context["is_kept_whole"]


def test_a_person_signs_up_confirms_and_is_logged_in(client):
    assert sign_up(client, "ana@test.example")["Location"] == reverse(
        "account_email_verification_sent"
    )
    page = link_in(mail.outbox[0], r"/account/confirm-email/\S+")
    assert "ana@test.example" in client.get(page).content.decode()
    client.post(page)
    user = User.objects.get(email="ana@test.example")
    assert (user.full_name, client.session["_auth_user_id"]) == ("Ana Silva", str(user.pk))


def test_signing_up_with_a_known_address_looks_the_same(client):
    make_user(email="known@test.example")
    known = sign_up(client, "known@test.example")
    client.cookies.clear()
    unknown = sign_up(client, "unknown@test.example")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert User.objects.filter(email="known@test.example").count() == 1
    assert [message.to for message in mail.outbox] == [
        ["known@test.example"],
        ["unknown@test.example"],
    ]


def test_asking_for_a_new_password_looks_the_same(client):
    make_user(email="known@test.example")
    pages = []
    for address in ("known@test.example", "unknown@test.example"):
        response = client.post(reverse("account_reset_password"), {"email": address}, follow=True)
        text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
        pages.append(text.replace(address, ""))
    assert pages[0] == pages[1]


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client):
    make_user(email="known@test.example")
    answers = []
    for address in ("known@test.example", "unknown@test.example"):
        response = client.post(
            reverse("account_login"), {"login": address, "password": "wrong password"}
        )
        answers.append(re.findall(r"invalid-feedback|not correct", response.content.decode()))
    assert answers[0] == answers[1]


def test_a_forgotten_password_is_replaced_by_a_link(client):
    user = make_user(email="ana@test.example")
    client.post(reverse("account_reset_password"), {"email": user.email})
    page = link_in(mail.outbox[0], r"/account/password/reset/key/\S+")
    form = client.get(page)["Location"]
    client.post(form, {"password1": "another long password", "password2": "another long password"})
    user.refresh_from_db()
    assert user.check_password("another long password")


def test_links_in_mails_never_follow_the_host_header(client, settings):
    settings.ALLOWED_HOSTS = ["*"]
    user = make_user(email="ana@test.example")
    client.post(reverse("account_reset_password"), {"email": user.email}, HTTP_HOST="evil.example")
    assert "evil.example" not in mail.outbox[0].body
    assert "http://127.0.0.1:8000/account/password/reset/key/" in mail.outbox[0].body


def test_log_in_pages_are_found_by_their_names(client):
    for name in ("account_login", "account_signup", "account_reset_password"):
        assert client.get(reverse(name)).status_code == 200


def test_two_people_cannot_share_an_address_in_other_capitals():
    make_user(email="ana@test.example")
    from django.db import IntegrityError, transaction  # noqa: PLC0415 -- only here

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="ANA@test.example")


def test_a_kept_call_page_names_its_reader_to_nobody_else(client, call, settings):
    settings.CACHES = settings.CACHES | {
        "pages": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "kept"}
    }
    address = reverse("calls:call", args=[call.reference])
    client.force_login(make_user(full_name="Ada of Lovelace"))
    assert "Ada of Lovelace" in client.get(address).content.decode()
    client.logout()
    client.cookies.clear()
    for _time in range(2):
        html = client.get(address).content.decode()
        assert "Ada of Lovelace" not in html and "Sign in" in html
    client.force_login(make_user(full_name="Grace of Hopper"))
    assert "Grace of Hopper" in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("is_staff", "first_page"), [(True, "admin:index"), (False, "proposals:mine")]
)
def test_people_begin_at_their_own_desk_unless_they_asked_for_a_page(client, is_staff, first_page):
    person = make_user(is_staff=is_staff)
    sent = {"login": person.email, "password": PASSWORD}
    assert client.post(reverse("account_login"), sent)["Location"] == reverse(first_page)
    client.logout()
    asked = reverse("calls:list")
    answer = client.post(f"{reverse('account_login')}?next={asked}", sent | {"next": asked})
    assert answer["Location"] == asked


# --- Equal work --------------------------------------------------------------------------------

WAYS_IN = {
    "sign-up": ("account_signup", "email", {"full_name": "Ana Silva", "password1": PASSWORD}),
    "sign-in": ("account_login", "login", {"password": "a wrong password"}),
    "reset": ("account_reset_password", "email", {}),
}


def work_for(monkeypatch, way, address):
    """What a request costs that anybody can send: statements, password hashes, emails."""
    route, field, fields = WAYS_IN[way]
    hashes = []
    encode = MD5PasswordHasher.encode  # which `verify` calls too

    def counted(hasher, *args):
        hashes.append(1)
        return encode(hasher, *args)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    sent = len(mail.outbox)
    with CaptureQueriesContext(connection) as asked:
        answer = Client().post(reverse(route), fields | {field: address})
    monkeypatch.undo()
    kinds = Counter(query["sql"].split()[0] for query in asked.captured_queries)
    for undone in ("SAVEPOINT", "RELEASE", "ROLLBACK"):  # in a test everything is in a transaction
        kinds.pop(undone, None)
    return {
        "status": answer.status_code,
        "statements": kinds,
        "hashes": len(hashes),
        "emails": len(mail.outbox) - sent,
    }


@pytest.mark.parametrize("way", WAYS_IN)
def test_a_known_and_an_unknown_address_cost_the_same_work(monkeypatch, way):
    make_user(email="known@test.example")
    known = work_for(monkeypatch, way, "known@test.example")
    unknown = work_for(monkeypatch, way, "unknown@test.example")
    assert known == unknown


def test_signing_up_with_a_known_address_changes_no_account(client):
    user = make_user(email="known@test.example", full_name="The Owner")
    sign_up(client, "Known@test.example")
    user.refresh_from_db()
    assert (user.full_name, User.objects.count()) == ("The Owner", 1)
    assert user.check_password(PASSWORD) and "_auth_user_id" not in client.session
