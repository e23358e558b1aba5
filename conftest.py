"""Fixtures of all layers: the real call, and the moment at which tests happen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import TransactionTestCase

from calls.models import Call
from cosme_portal.tests.template_database import (
    LOADED_AT,
    ROLE_TABLES,
    delete_rows,
    load_shipped_call,
    provide_template,
    roles_digest,
)
from foundation import clock, limits, work_slices
from foundation.database_roles import RUNTIME, roles_sql

pytest_plugins = ["foundation.tests.plain_words", "proposals.tests.from_elsewhere"]

BRUSSELS = ZoneInfo("Europe/Brussels")

# Tests happen here unless they say otherwise: the last day of the call, in the afternoon.
AFTERNOON = LOADED_AT
DEADLINE = datetime(2015, 4, 21, 17, 0, tzinfo=BRUSSELS)
NEXT_DAY = datetime(2015, 4, 22, 9, 0, tzinfo=BRUSSELS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what can differ from one database server or broker to another.

    All other tests send their statements on one connection in one transaction, the same to any server.
    """
    for item in items:
        database = item.get_closest_marker("django_db")
        commits = database is not None and database.kwargs.get("transaction")
        if commits or {"transactional_db", "running_broker"} & set(
            getattr(item, "fixturenames", ())
        ):
            item.add_marker("servers")


@pytest.fixture(autouse=True)
def afternoon(request: pytest.FixtureRequest) -> Iterator[None]:
    """Stop the clock for tests of this process; those with processes of their own move it otherwise."""
    if "real_clock" in request.keywords:
        yield
        return
    with clock.frozen_at(AFTERNOON):
        yield


@pytest.fixture(autouse=True)
def patient_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks of this process do all that is due, however slow the machine is."""
    monkeypatch.setattr(work_slices, "SLICE", 3600.0)


@pytest.fixture
def call(db: None) -> Call:
    """The shipped call. Every test database holds it."""
    return Call.objects.get(reference="COS-CLUSTER-2014-3-03")


@pytest.fixture
def no_calls(db: None) -> None:
    """A portal before its first call."""
    with database_owner():
        delete_rows(of_app="calls")


# --- The database -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_blocker) -> None:
    """Let test databases be copies of a template that has every migration."""
    with django_db_blocker.unblock():
        template = provide_template()
    connection.settings_dict["TEST"]["TEMPLATE"] = template


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """Let every test run under the run-time role, as the portal does."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(roles_sql())
    _connect_with(f"-c role={RUNTIME}", django_db_blocker)
    with pytest.MonkeyPatch.context() as patch:
        truncate = TransactionTestCase._fixture_teardown  # noqa: SLF001 -- it has no public name
        with django_db_blocker.unblock():
            roles = roles_digest()
        patch.setattr(
            TransactionTestCase, "_fixture_teardown", lambda case: _flush(truncate, case, roles)
        )
        yield
    _connect_with("", django_db_blocker)


def _connect_with(options: str, django_db_blocker) -> None:
    connection.settings_dict.setdefault("OPTIONS", {})["options"] = options
    with django_db_blocker.unblock():
        connection.close()


def _flush(
    truncate: Callable[[TransactionTestCase], None], case: TransactionTestCase, roles: str
) -> None:
    """Leave the database as every test finds it.

    Django would truncate a hundred tables and give the roles their rights again, which takes half a second;
    that is done only after a test that changed roles.
    """
    connection.close()  # whatever the test has left on it
    with database_owner():
        if roles_digest() == roles:
            delete_rows(exclude=ROLE_TABLES)
        else:
            truncate(case)
    load_shipped_call()


@contextmanager
def database_owner() -> Iterator[None]:
    """Act for the time of the block as somebody who owns the database and switches its guards off."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET session_replication_role")
            cursor.execute("RESET ROLE")


@pytest.fixture
def limits_apply(settings: Any) -> Iterator[None]:
    """Limits as in production, beginning with no counts."""
    settings.LIMITS_APPLY = True
    limits.reset_counts()
    yield
    limits.reset_counts()
