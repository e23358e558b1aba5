"""A database with all tables and guards that test runs copy instead of applying every migration.

It is made once for each state of the migrations and stays on the server for the next run.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from django.core.management import call_command
from django.db import connection

from cosme_portal.settings import ROOT

PREFIX = "portal_template_"
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


def _state() -> str:
    """A hash of what makes the tables: migrations, guards of every table, versions of packages."""
    files = [*ROOT.glob("*/migrations/*.py"), ROOT / "foundation" / "database_roles.py"]
    files.append(ROOT / "requirements.txt")
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
