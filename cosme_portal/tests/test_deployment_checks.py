"""`manage.py check --deploy` opens what the portal needs, and each finding says what to do."""

import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import uuid
from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection

from applicants.tests.factories import make_user
from cosme_portal import deployment_checks, mail_server
from cosme_portal.settings import ROOT
from cosme_portal.tests.test_settings import PRODUCTION
from foundation import clock, file_folder
from proposals.models import FileFolder
from proposals.proof.signing_key import load_signing_key, make_key_and_certificate, write_new_key


def ids(findings):
    return [finding.id for finding in findings]


def test_every_finding_says_what_to_do():
    found = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        env=PRODUCTION
        | {
            "PATH": "",
            "DATABASE_URL": "postgres://nobody:secret-word@127.0.0.1:9/none",
            "REDIS_URL": "redis://:secret-word@127.0.0.1:9/0",
            "PORTAL_MAIL_URL": "smtp://somebody:secret-word@127.0.0.1:9",
            "PORTAL_CLAMD": "127.0.0.1:9",
            "PORTAL_FILES": "/nowhere/files",
            "PORTAL_VAR": "/proc/nowhere",
            "PORTAL_HOSTS": "another.example",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    lines = found.stderr.splitlines()
    numbers = {line.partition("(")[2].partition(")")[0]: at for at, line in enumerate(lines)}
    expected = {31, 34, 35, 36, 37, 38, 40, 41, 42}
    assert {f"portal.E0{number}" for number in expected} <= set(numbers)
    ours = [at for name, at in numbers.items() if name.startswith("portal.")]
    assert all(lines[at + 1].strip().startswith("HINT: ") for at in ours)
    assert "Traceback" not in found.stderr and "secret-word" not in found.stderr


# --- Seal ---------------------------------------------------------------------------------------


@pytest.fixture
def seal(settings, tmp_path):
    """Writes a key whose certificate is valid for some days from an instant on."""
    settings.SEAL_FILE = str(tmp_path / "seal.pem")

    def made(*, days, begins=timedelta(days=-1000)):
        now = clock.real_now()
        pem = make_key_and_certificate("Seal", now + begins, now + timedelta(days=days))
        write_new_key(tmp_path / "seal.pem", pem)
        return tmp_path / "seal.pem"

    yield made
    load_signing_key.cache_clear()


@pytest.mark.parametrize(
    ("days", "begins", "expected"),
    [(400, -1, []), (30, -1, ["portal.W032"]), (-1, -9, ["portal.E032"]), (9, 1, ["portal.E032"])],
)
def test_the_validity_of_the_certificate_is_checked(seal, days, begins, expected):
    seal(days=days, begins=timedelta(days=begins))
    assert ids(deployment_checks.check_seal()) == expected


def test_a_key_that_everybody_can_read_is_named(seal):
    seal(days=400).chmod(0o644)
    assert ids(deployment_checks.check_seal()) == ["portal.W033"]


def test_a_certificate_of_another_key_is_named(seal):
    path = seal(days=400)
    key, other = (
        path.read_bytes(),
        make_key_and_certificate("Other", clock.real_now(), clock.real_now() + timedelta(days=400)),
    )
    begin = b"-----BEGIN CERTIFICATE-----"
    path.write_bytes(key.partition(begin)[0] + begin + other.partition(begin)[2])
    (finding,) = deployment_checks.check_seal()
    assert finding.id == "portal.E031" and "another key" in finding.msg


def test_looking_makes_no_demonstration_key(settings, tmp_path):
    settings.SEAL_FILE, settings.MAKES_DEMO_SEAL = str(tmp_path / "seal.pem"), True
    assert deployment_checks.check_seal() == []
    assert list(tmp_path.iterdir()) == []


# --- Folder of files ----------------------------------------------------------------------------


@pytest.fixture
def files(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "files")
    yield tmp_path / "files"
    file_folder.expect_marker(None)


@pytest.mark.django_db
def test_the_first_process_introduces_folder_and_database_to_each_other(files):
    assert FileFolder.problem() == ""
    assert FileFolder.remember() == FileFolder.remember() == ""
    assert str(FileFolder.objects.get().marker) in (files / file_folder.MARKER).read_text()


@pytest.mark.django_db
def test_an_empty_folder_in_place_of_the_known_one_is_named_and_takes_no_file(files, call):
    FileFolder.remember()
    files.rename(files.with_name("unmounted"))
    files.mkdir()
    assert "has no marker file" in FileFolder.remember()
    assert not file_folder.is_expected_folder()
    assert list(files.iterdir()) == []
    files.rmdir()
    files.with_name("unmounted").rename(files)
    assert FileFolder.remember() == "" and file_folder.is_expected_folder()


@pytest.mark.django_db
def test_the_folder_of_another_database_is_named(files):
    FileFolder.remember()
    (files / file_folder.MARKER).write_text(f"{uuid.uuid4()}\n")
    assert "belongs to another database" in FileFolder.problem()


@pytest.mark.django_db
def test_a_folder_that_has_all_files_can_be_adopted(files):
    FileFolder.remember()
    (files / file_folder.MARKER).unlink()
    call_command("verify_files")
    assert FileFolder.problem() != ""
    call_command("verify_files", "--adopt")
    assert FileFolder.problem() == ""


@pytest.mark.django_db
def test_a_damaged_marker_is_never_overwritten(files):
    files.mkdir()
    (files / file_folder.MARKER).write_text("no id")
    with pytest.raises(OSError, match="damaged"):
        FileFolder.remember()
    assert (files / file_folder.MARKER).read_text() == "no id"


def test_a_folder_that_is_not_there_is_named_and_not_made(files):
    assert "portal.E034" in ids(deployment_checks.check_folders())
    assert not files.exists()


# --- Database -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_portal_without_administrator_or_cache_table_is_named():
    assert ids(deployment_checks.check_database(databases=["default"])) == [
        "portal.E044",  # tests cache in memory
        "portal.W047",
    ]
    make_user(is_superuser=True, is_staff=True)
    assert ids(deployment_checks.check_database(databases=["default"])) == ["portal.E044"]


@pytest.mark.django_db
def test_a_clock_that_is_off_is_named(monkeypatch):
    monkeypatch.setattr(clock, "behind", timedelta())
    monkeypatch.setattr(clock, "real_now", lambda now=clock.real_now: now() - timedelta(seconds=5))
    assert "portal.E045" in ids(deployment_checks.check_database(databases=["default"]))


@pytest.mark.django_db
def test_migrations_that_are_missing_are_named(monkeypatch):
    monkeypatch.setattr(
        deployment_checks, "unapplied_migrations", lambda _alias: {("calls", "1"), ("calls", "2")}
    )
    (finding,) = deployment_checks.check_database(databases=["default"])
    assert finding.id == "portal.E043" and finding.msg.startswith("2 ")


@pytest.mark.django_db
def test_checking_changes_no_row(files):
    with connection.execute_wrapper(only_reads):
        run_checks(include_deployment_checks=True, databases=["default"])
    assert not FileFolder.objects.exists()


def only_reads(execute, sql, params, many, context):
    assert sql.lstrip().split()[0].upper() in {"SELECT", "SAVEPOINT", "RELEASE"}, sql
    return execute(sql, params, many, context)


# --- Mail server --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (smtplib.SMTPAuthenticationError(535, b"for ada@agency.example"), "password"),
        (smtplib.SMTPSenderRefused(550, b"", "ada@agency.example"), "PORTAL_MAIL_FROM"),
        (smtplib.SMTPRecipientsRefused({"ada@agency.example": (550, b"")}), "relaying"),
        (smtplib.SMTPNotSupportedError("STARTTLS"), "smtp+tls"),
        (ssl.SSLCertVerificationError("self-signed"), "certificate"),
        (ssl.SSLError("wrong version number"), "smtp+ssl"),
        (socket.gaierror(-2, "Name or service not known"), "DNS"),
        (TimeoutError("timed out"), "firewall"),
        (ConnectionRefusedError(111, "refused"), "listens"),
        (smtplib.SMTPDataError(554, b"ada@agency.example is unwanted"), "log of the mail server"),
    ],
)
def test_what_a_mail_server_refuses_is_said_without_addresses(settings, error, word):
    settings.EMAIL_HOST = "mail.agency.example"
    problem = mail_server.problem_of(error)
    assert word in problem and "mail.agency.example" in problem
    assert "ada@" not in problem


@pytest.fixture
def greeter():
    """A mail server that greets, and knows nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connected, _address = server.accept()
            with connected, connected.makefile("rwb", buffering=0) as lines:
                lines.write(b"220 greeter\r\n")
                for line in lines:
                    received.append(line.split()[0].upper())
                    lines.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 greeter\r\n")

        received = []
        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1], received
        thread.join(timeout=10)


def test_a_mail_server_is_asked_without_sending(settings, greeter):
    port, received = greeter
    settings.EMAIL_BACKEND = mail_server.SENDING_BACKEND
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.DEFAULT_FROM_EMAIL = "COSME portal <portal@agency.example>"
    assert deployment_checks.check_mail_server() == []
    assert received == [b"QUIT"]


def test_a_backend_that_sends_nothing_is_named():
    assert ids(deployment_checks.check_mail_server()) == ["portal.W038"]
