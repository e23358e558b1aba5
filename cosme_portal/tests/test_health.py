"""Monitoring learns whether a process lives, can serve people, and what behind it fails."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from cosme_portal import broker, checks, health
from foundation import clock
from foundation.file_folder import MARKER
from foundation.recent_value import RecentValue
from proposals.models import FileFolder, OutboxMessage
from proposals.tests.factories import make_ready, submit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_answers(monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    monkeypatch.setattr(health, "readiness", RecentValue(health.run_checks, seconds=0))
    monkeypatch.setattr(health, "queue_lengths", lambda: {"urgent": 2})


def ask(path="/health/ready", **headers):
    answer = Client().get(path, **headers)
    return answer.status_code, answer.json()


def failed_in(body):
    return {name for name, check in body["checks"].items() if check["status"] == "failed"}


def test_all_is_well(call):
    status, body = ask()
    assert (status, body["status"]) == (200, "ready")
    assert {check["status"] for check in body["checks"].values()} == {"ok"}


@pytest.mark.parametrize("path", ["/health/", "/health/live", "/health/ready"])
def test_it_is_answered_by_any_name_without_tls_and_stored_by_nobody(settings, path):
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["portal.example"]
    answer = Client().get(path, HTTP_HOST="10.1.2.3:8000")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert not answer.cookies
    if path != "/health/":
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_process_lives_without_a_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ask("/health/live")[0] == 200


def raise_database_error():
    raise DatabaseError("could not connect to server at 10.9.8.7")


def test_without_a_database_it_is_not_ready_and_says_what_is_unknown(monkeypatch):
    monkeypatch.setattr(health.database_clock, "measure", raise_database_error)
    status, body = ask()
    assert (status, body["status"], failed_in(body)) == (503, "not ready", {"database"})
    unknown = {name for name, check in body["checks"].items() if check["status"] == "unknown"}
    assert unknown == {"clock", "migrations", "files", "outbox"}
    assert "10.9.8.7" not in str(body)


def test_a_clock_that_is_off_is_not_ready(monkeypatch):
    monkeypatch.setattr(health.database_clock, "measure", lambda: None)
    monkeypatch.setattr(clock, "behind", timedelta(seconds=-2.5))
    status, body = ask()
    assert (status, failed_in(body)) == (503, {"clock"})
    assert body["checks"]["clock"]["behind_seconds"] == -2.5


def test_a_migration_that_was_not_applied_is_not_ready(monkeypatch):
    shipped = checks.shipped_migrations()
    monkeypatch.setattr(
        checks, "shipped_migrations", lambda: shipped | {("proposals", "9999_next")}
    )
    status, body = ask()
    assert (status, failed_in(body)) == (503, {"migrations"})
    assert body["checks"]["migrations"]["unapplied"] == 1


def test_the_files_of_migrations_are_those_that_django_loads():
    loader = checks.MigrationLoader(connection)
    assert checks.shipped_migrations() == set(loader.disk_migrations)
    assert set(MigrationRecorder(connection).applied_migrations()) >= checks.shipped_migrations()


def test_a_folder_that_cannot_be_written_is_not_ready(settings, monkeypatch):
    monkeypatch.setattr(health.os, "access", lambda path, mode: False)  # root may write everywhere
    status, body = ask()
    assert (status, failed_in(body)) == (503, {"files"})


def test_a_folder_that_the_database_does_not_know_is_not_ready(settings):
    FileFolder.adopt()
    assert ask()[0] == 200
    (settings.MEDIA_ROOT / MARKER).unlink()  # as in the place of a share that is not mounted
    status, body = ask()
    assert (status, failed_in(body)) == (503, {"files"})
    assert str(settings.MEDIA_ROOT) not in str(body)


def test_without_a_broker_people_are_served_and_monitoring_reads_degraded(monkeypatch):
    def raise_away():
        raise broker.BrokerUnavailable("Error 111 connecting to 10.9.8.7:6379.")

    monkeypatch.setattr(health, "queue_lengths", raise_away)
    status, body = ask()
    assert (status, body["status"], failed_in(body)) == (200, "degraded", {"broker"})
    assert "10.9.8.7" not in str(body)


def test_a_receipt_that_waits_too_long_is_degraded(call):
    submit(make_ready(call))
    assert ask()[1]["status"] == "ready"
    OutboxMessage.objects.update(due_at=clock.real_now() - timedelta(minutes=6))
    status, body = ask()
    assert (status, body["status"], failed_in(body)) == (200, "degraded", {"outbox"})
    assert body["checks"]["outbox"]["oldest_seconds"] >= 360


def test_a_full_proposal_may_wait(call):
    submit(make_ready(call))
    OutboxMessage.objects.filter(kind="proposal-pdf").update(
        due_at=clock.real_now() - timedelta(hours=1)
    )
    assert ask()[1]["status"] == "ready"


def test_the_number_of_queries_does_not_grow(call, django_assert_num_queries):
    for _number in range(2):
        with django_assert_num_queries(4):
            ask()
        submit(make_ready(call))


def test_a_flood_of_questions_is_answered_from_one_look(monkeypatch):
    looks = []
    monkeypatch.setattr(
        health, "readiness", RecentValue(lambda: looks.append(1) or [], seconds=3600)
    )
    for _time in range(5):
        assert ask()[0] == 200
    assert len(looks) == 1


def test_queue_lengths_come_from_the_broker(running_broker, settings):
    settings.CELERY_BROKER_URL = running_broker
    with broker.connect() as client:
        client.rpush("documents", "task", "task")
        assert broker.queue_lengths()["documents"] == 2
        client.delete("documents")


def test_a_broker_that_is_away_is_an_error_at_once(settings, tmp_path):
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path}/none.sock"
    with pytest.raises(broker.BrokerUnavailable):
        broker.queue_lengths()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/health/", "/health/ready"])
def test_a_process_is_healthy_again_once_its_database_is_back(path):
    """Also if nothing else is asked of it: no other statement finds the connection closed."""
    assert ask(path)[0] == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
    other.close()
    connection.health_check_done = False  # as the next request finds it
    assert ask(path)[0] == 200
