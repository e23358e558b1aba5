"""A backup that is made while people submit gives a portal in which every receipt and file is as it was."""

import os
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from django.conf import settings as portal_settings
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from conftest import AFTERNOON
from cosme_portal.backup import BackupError, make_backup, read_backup
from cosme_portal.tests.processes import missing
from foundation import clock
from foundation.database_roles import (
    OWNER,
    RUNTIME,
    address_with_role,
    excess_privileges,
    roles_sql,
)
from proposals.models import ProposalFile, Receipt, Version, path_of
from proposals.proof.receipts import create_receipt
from proposals.tests.factories import make_ready, reload, submit
from proposals.workspace.tests.test_uploads import pdf_bytes, upload

pytestmark = pytest.mark.django_db(transaction=True)
# One for each process that runs tests: two restore at once.
RESTORED = f"portal_restored_by_{os.environ.get('PYTEST_XDIST_WORKER', 'a_test')}"


def address_of(name):
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{name}"))


def on_server(*statements):
    server = psycopg2.connect(address_of("postgres"))
    server.autocommit = True
    with server.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    server.close()


@pytest.fixture
def source(monkeypatch, settings):
    """The test's own database, for commands that take the address from the environment."""
    settings.DATABASE_OWNER_URL = address_of(connection.settings_dict["NAME"])
    try:
        subprocess.run(["pg_restore", "--version"], check=True, capture_output=True)
    except FileNotFoundError:
        if not settings.POSTGRESQL_BIN:
            missing("pg_restore is missing. On Debian: sudo apt-get install postgresql-client")


@pytest.fixture
def restored_address():
    on_server(
        f"DROP DATABASE IF EXISTS {RESTORED} WITH (FORCE)",
        f"CREATE DATABASE {RESTORED} TEMPLATE template0",
    )
    yield address_of(RESTORED)
    on_server(f"DROP DATABASE IF EXISTS {RESTORED} WITH (FORCE)")


def restore(folder, address, files, *, owner=""):
    """`manage.py restore` on a machine of its own: another database, another folder of files."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "cosme_portal.settings",
        "PORTAL_MODE": "test",
        "DATABASE_URL": address_with_role(address, RUNTIME),
        "DATABASE_OWNER_URL": owner or address,
        "PORTAL_FILES": str(files),
        "PORTAL_POSTGRESQL_BIN": portal_settings.POSTGRESQL_BIN,
    }
    command = [sys.executable, "-W", "ignore", "manage.py", "restore", str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def rows(address, sql):
    server = psycopg2.connect(address)
    with server.cursor() as cursor:
        cursor.execute(sql)
        result = cursor.fetchall()
    server.close()
    return result


def people_at_work(proposals, stop):
    """Upload and submit until asked to stop, as people do during a backup."""
    number = 0
    try:
        while not stop.is_set():
            proposal = proposals[number % len(proposals)]
            with clock.frozen_at(AFTERNOON):
                upload(proposal, pdf_bytes(marker=f"later {number}"))
                create_receipt(submit(reload(proposal)))
            number += 1
    finally:
        connection.close()


def test_a_busy_portal_is_restored_with_every_receipt_and_file(
    call, source, restored_address, tmp_path
):
    proposals = [make_ready(call) for _number in range(2)]
    for number, proposal in enumerate(proposals):
        upload(proposal, pdf_bytes(marker=f"first {number}"))
        create_receipt(submit(reload(proposal)))
    stop = threading.Event()
    people = threading.Thread(target=people_at_work, args=(proposals, stop))
    people.start()
    try:
        manifest = make_backup(tmp_path / "backup")
    finally:
        stop.set()
        people.join()
    assert manifest.rows["proposals_version"] >= 2 and len(manifest.files) >= 2

    done = restore(tmp_path / "backup", restored_address, tmp_path / "files")
    assert done.returncode == 0, done.stderr + done.stdout
    for sentence in (
        "files are there and unchanged",
        "The log is intact",
        "identical, byte for byte",
    ):
        assert sentence in done.stdout
    receipts = "SELECT sha256, pdf FROM proposals_receipt ORDER BY id"
    restored = [(sha256, bytes(content)) for sha256, content in rows(restored_address, receipts)]
    assert len(restored) == manifest.rows["proposals_receipt"] >= 2
    sources = dict(Receipt.objects.values_list("sha256", "pdf"))
    assert all(bytes(sources[sha256]) == content for sha256, content in restored)
    for sha256 in manifest.files:
        file = tmp_path / "files" / path_of(sha256)
        assert file.read_bytes() and file.stat().st_mode & 0o077 == 0, "others can read it"


def test_a_restore_lets_the_run_time_role_do_no_more_than_before(
    call, source, restored_address, tmp_path
):
    make_backup(tmp_path / "backup")
    server = psycopg2.connect(restored_address)
    with server, server.cursor() as cursor:
        cursor.execute(roles_sql())
    server.close()
    owner = address_with_role(restored_address, OWNER)
    done = restore(tmp_path / "backup", restored_address, tmp_path / "files", owner=owner)
    assert done.returncode == 0, done.stderr + done.stdout
    server = psycopg2.connect(address_with_role(restored_address, RUNTIME))
    with server, server.cursor() as cursor:
        assert excess_privileges(cursor) == []
    server.close()


def test_a_backup_says_which_file_is_missing(call, source, tmp_path):
    proposal = make_ready(call)
    upload(proposal, pdf_bytes())
    file = ProposalFile.objects.get()
    Path(default_storage.path(file.path)).unlink()
    with pytest.raises(BackupError, match=file.sha256):
        make_backup(tmp_path / "backup")
    assert not (tmp_path / "backup" / "manifest.json").exists()
    with pytest.raises(CommandError, match="1 of 1 files are missing or changed"):
        call_command("verify_files", stdout=StringIO())


@pytest.mark.parametrize("damage", ["dump", "file", "manifest"])
def test_a_damaged_backup_is_refused(call, source, tmp_path, damage):
    upload(make_ready(call), pdf_bytes())
    folder = tmp_path / "backup"
    make_backup(folder)
    read_backup(folder)
    victim = {
        "dump": folder / "database.dump",
        "file": next((folder / "files").rglob("*.pdf")),
        "manifest": folder / "manifest.json",
    }[damage]
    victim.write_bytes(victim.read_bytes()[:-20])
    with pytest.raises(BackupError):
        read_backup(folder)


def test_a_backup_takes_no_folder_that_holds_something(source, tmp_path):
    (tmp_path / "other").write_text("x")
    with pytest.raises(CommandError, match="not empty"):
        call_command("backup", tmp_path)


def test_a_database_with_tables_is_not_restored_into(call, source, tmp_path):
    make_backup(tmp_path / "backup")
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", tmp_path / "backup")
    assert Version.objects.count() == 0
