"""A database with all tables, triggers and the shipped call, which test runs copy.

It is made once for each state of the migrations and of the call, and stays on the server for the next run.
"""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
from django.core.management import call_command
from django.db import connection

from calls.call_file import read_call_file
from calls.call_import import load_call
from calls.models import Call
from cosme_portal.settings import ROOT
from foundation import clock

CALL_FILE = ROOT / "calls" / "data" / "cos-cluster-2014-3-03.yaml"
LOADED_AT = datetime(2015, 4, 21, 16, 20, tzinfo=ZoneInfo("Europe/Brussels"))
PREFIX = "portal_template_"
ROLE_TABLES = ("auth_group", "auth_group_permissions", "auth_permission", "django_content_type")
LOCK = 7_240_311  # any number: test processes that start at once ask for the same


def provide_template() -> str:
    """The template's name; made where this server has none of this state. Others are dropped then."""
    name = PREFIX + _state()
    with _server() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # until the connection ends
        server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        existing = {row[0] for row in server.fetchall()}
        if name not in existing:
            for other in existing:
                server.execute(f'DROP DATABASE IF EXISTS "{other}" WITH (FORCE)')
            _make(server, name)
    return name


def load_shipped_call() -> Call:
    """The call that the portal ships, as it was loaded on the afternoon before its deadline."""
    with clock.frozen_at(LOADED_AT):
        return load_call(deepcopy(_shipped_call()))


@cache
def _shipped_call() -> dict[str, Any]:
    return read_call_file(CALL_FILE)


def delete_rows(*, of_app: str = "", exclude: Collection[str] = ()) -> None:
    """Delete all rows of an app's tables, or of every table but some. Only its owner may, without triggers."""
    tables = [table for table in _tables() if table.startswith(of_app) and table not in exclude]
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables
            )
        )
        for [table] in cursor.fetchall():
            cursor.execute(f'DELETE FROM "{table}"')


def roles_digest() -> str:
    """A hash of all groups and permissions."""
    rows = " UNION ALL ".join(f"SELECT t::text AS row FROM {table} t" for table in ROLE_TABLES)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5(string_agg(row, ',' ORDER BY row)) FROM ({rows}) rows")
        return cursor.fetchone()[0]


@cache
def _tables() -> list[str]:
    """Those with rows of the portal. Its views have none of their own."""
    with connection.cursor() as cursor:
        tables = connection.introspection.get_table_list(cursor)
    return [
        table.name for table in tables if table.type == "t" and table.name != "django_migrations"
    ]


def _state() -> str:
    """A hash of what makes tables and rows: migrations, roles, versions of packages, the call and its code."""
    files = [*ROOT.glob("*/migrations/*.py"), ROOT / "foundation" / "database_roles.py"]
    files += [ROOT / "requirements.txt", CALL_FILE, *ROOT.glob("calls/*.py")]
    state = hashlib.sha256()
    for file in sorted(files):
        state.update(
            f"{file.relative_to(ROOT)} {hashlib.sha256(file.read_bytes()).hexdigest()}".encode()
        )
    return state.hexdigest()[:24]


def _make(server: psycopg2.extensions.cursor, name: str) -> None:
    """Under another name first: a run that is stopped half-way leaves no template."""
    unfinished = f"{PREFIX}unfinished"
    server.execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
    server.execute(f'CREATE DATABASE "{unfinished}"')
    with _connected_to(unfinished):
        call_command("migrate", verbosity=0)
        load_shipped_call()
    server.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


@contextmanager
def _server() -> Iterator[psycopg2.extensions.cursor]:
    with connection._nodb_cursor() as cursor:  # noqa: SLF001 -- as Django's creation of test databases
        yield cursor


@contextmanager
def _connected_to(name: str) -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
