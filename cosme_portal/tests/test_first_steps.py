"""What operators run on a new machine: first administrator, test email, seal key."""

import re
import stat
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse

from applicants.models import User
from applicants.tests.factories import make_user
from cosme_portal import mail_server
from foundation import clock
from proposals.proof.signing_key import load_signing_key

ADDRESS = "ada@agency.example"


def output_of(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def create_first_admin(address=ADDRESS, name="Ada Lovelace"):
    return output_of("create_first_admin", address, "--name", name)


def link_in(text):
    return re.search(r"http://127\.0\.0\.1:8000(/account/password/reset/key/\S+)", text)[1]


def choose_password(client, page, password):
    client.post(page.request["PATH_INFO"], {"password1": password, "password2": password})


@pytest.mark.django_db
def test_the_first_administrator_chooses_a_password_by_a_link_and_signs_in_without_email(client):
    path = link_in(create_first_admin())
    page = client.get(path, follow=True)
    choose_password(client, page, "a long enough passphrase")
    client.logout()
    signing_in = {"login": ADDRESS, "password": "a long enough passphrase"}
    assert client.post(reverse("account_login"), signing_in)["Location"] == reverse("admin:index")
    assert client.get(reverse("admin:applicants_user_changelist")).status_code == 200
    assert mail.outbox == []


@pytest.mark.django_db
def test_the_link_works_once(client):
    path = link_in(create_first_admin())
    choose_password(client, client.get(path, follow=True), "a long enough passphrase")
    assert User.objects.get().check_password("a long enough passphrase")
    choose_password(client, client.get(path, follow=True), "another long passphrase")
    assert User.objects.get().check_password("a long enough passphrase")


@pytest.mark.django_db
@pytest.mark.parametrize("is_active", [True, False])
def test_there_is_no_second_first_administrator(is_active):
    make_user(is_superuser=True, is_staff=True, is_active=is_active)
    with pytest.raises(CommandError, match="An administrator exists"):
        create_first_admin()
    assert not User.objects.filter(email=ADDRESS).exists()


@pytest.mark.django_db
def test_an_applicant_is_not_made_administrator():
    make_user(email=ADDRESS)
    with pytest.raises(CommandError, match="has an account"):
        create_first_admin(ADDRESS.upper())
    assert not User.objects.get().is_superuser


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "name"), [("ada", "Ada"), (ADDRESS, "\u200b"), (ADDRESS, "")])
def test_an_administrator_has_an_address_and_a_name(address, name):
    with pytest.raises(CommandError, match="No administrator was created"):
        create_first_admin(address, name)
    assert not User.objects.exists()


# --- Email ----------------------------------------------------------------------------------------


def test_a_test_email_is_sent_as_the_portal_sends(settings):
    output = output_of("send_test_mail", ADDRESS)
    (message,) = mail.outbox
    assert message.to == [ADDRESS] and message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert "sends no email" in output  # tests keep it in memory


def test_the_name_of_a_server_that_accepted_it_is_shown(settings, monkeypatch):
    settings.EMAIL_HOST = "mail.agency.example"
    monkeypatch.setattr(
        "cosme_portal.management.commands.send_test_mail.SENDING_BACKEND", settings.EMAIL_BACKEND
    )
    assert "mail.agency.example accepted" in output_of("send_test_mail", ADDRESS)


def test_a_server_that_is_away_is_named(settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = mail_server.SENDING_BACKEND, "127.0.0.1"
    settings.EMAIL_PORT = 9
    with pytest.raises(CommandError, match=r"Nothing was sent\. Mail server 127\.0\.0\.1, port 9"):
        output_of("send_test_mail", ADDRESS)


def test_only_an_address_gets_a_test_email():
    with pytest.raises(CommandError, match="not an email address"):
        output_of("send_test_mail", "ada")
    assert mail.outbox == []


# --- Seal key -------------------------------------------------------------------------------------


@pytest.fixture
def forgotten():
    load_signing_key.cache_clear()
    yield
    load_signing_key.cache_clear()


def test_a_new_key_is_what_the_settings_expect_and_its_owner_alone_reads_it(
    settings, tmp_path, forgotten
):
    settings.SEAL_FILE = str(tmp_path / "seal.pem")
    settings.MAKES_DEMO_SEAL = False
    output = output_of("new_seal_key", "--name", "Seal of the Agency")
    key = load_signing_key()
    assert key.certificate.subject.rfc4514_string() == "CN=Seal of the Agency"
    assert key.fingerprint in output and "PRIVATE KEY" not in output
    assert key.certificate.not_valid_before_utc <= clock.real_now()
    assert stat.S_IMODE((tmp_path / "seal.pem").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path):
    path = tmp_path / "seal.pem"
    path.write_text("the only copy")
    with pytest.raises(CommandError, match="was not changed"):
        output_of("new_seal_key", str(path))
    assert path.read_text() == "the only copy"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "arguments", [["--years", "0"], ["--years", "31"], ["--name", "x" * 65], []]
)
def test_a_key_that_cannot_be_made_leaves_nothing(tmp_path, arguments):
    folder = tmp_path if arguments else tmp_path / "missing"
    with pytest.raises(CommandError, match="No key was made"):
        output_of("new_seal_key", str(folder / "seal.pem"), *arguments)
    assert list(tmp_path.iterdir()) == []
