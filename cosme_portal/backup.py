"""A copy of the portal in a folder, made while people work, and a portal made from such a copy.

The folder holds a dump of the database, every file that the dump names, and a manifest with the hash of each.
The dump comes first: a file is stored before the row that names it and never overwritten, so each file that
the dump names can be copied afterwards. The manifest comes last: a folder without one is no backup.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg2
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection

from foundation import clock
from foundation.database_roles import guards_sql
from proposals.models import path_of
from proposals.workspace.stored_files import hash_of

MANIFEST, DUMP, FILES = "manifest.json", "database.dump", "files"
FORMAT = 1
# Rows that prove something; the restored database must hold as many.
COUNTED = ("proposals_proposal", "proposals_version", "proposals_receipt", "proposals_ledgerentry")
_NAMED = """
    SELECT sha256, size FROM proposals_proposalfile UNION SELECT sha256, size FROM proposals_clarificationfile
"""


class BackupError(Exception):
    """A backup that cannot be made or used; the text says why and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: `files` maps the SHA-256 of each file to its bytes; `made_at` is in UTC."""

    made_at: str
    dump_sha256: str
    files: dict[str, int]
    rows: dict[str, int]
    format: int = FORMAT


def make_backup(folder: Path) -> Manifest:
    """Write a backup into a new or empty folder.

    Raises:
        BackupError: the folder is not empty, pg_dump failed, or a named file is missing or changed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty. Choose a new folder for each backup.")
    (folder / FILES).mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)  # it holds everything
    made_at = clock.real_now()
    with _snapshot() as (name, cursor):
        _run("pg_dump", "--format=custom", f"--snapshot={name}", f"--file={folder / DUMP}")
        files, rows = _named_files(cursor), _count(cursor)
    for sha256, size in files.items():
        _copy_checked(
            Path(default_storage.path(path_of(sha256))), _copy_of(folder, sha256), sha256, size
        )
    manifest = Manifest(_text_of(made_at), hash_of(folder / DUMP), files, rows)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True))
    return manifest


def read_backup(folder: Path) -> Manifest:
    """The manifest of a backup, once the dump and each file were found to be as it says.

    Raises:
        BackupError: something is missing or changed.
    """
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError):
        raise BackupError(
            f"{folder} has no readable {MANIFEST}: it is not a complete backup."
        ) from None
    if manifest.format != FORMAT:
        raise BackupError(f"The backup has format {manifest.format}; this version reads {FORMAT}.")
    _check(folder / DUMP, manifest.dump_sha256)
    for sha256 in manifest.files:
        _check(_copy_of(folder, sha256), sha256)
    return manifest


def restore_backup(folder: Path, manifest: Manifest) -> None:
    """Fill an empty database, and the folder of files, from a backup that `read_backup` has read.

    Raises:
        BackupError: the database has tables, or pg_restore failed, which leaves the database empty.
    """
    with connection.cursor() as cursor:
        if connection.introspection.table_names(cursor):
            raise BackupError(
                "The database is not empty. Create a new one and set DATABASE_URL to it."
            )
    connection.close()
    _run("pg_restore", "--single-transaction", "--no-owner", str(folder / DUMP))
    _guard_tables()
    for sha256 in manifest.files:
        _store(_copy_of(folder, sha256), path_of(sha256))


def _guard_tables() -> None:
    """Default privileges let the run-time role write every new table, also those that it must not."""
    server = psycopg2.connect(_address())
    try:
        with server, server.cursor() as cursor:
            cursor.execute(guards_sql(only_read=settings.TABLES_ONLY_READ))
    finally:
        server.close()


def _store(copy: Path, path: str) -> None:
    """As an upload is stored: on the disk, and readable by the portal's own user only."""
    if default_storage.exists(path):
        return
    with copy.open("rb") as content:
        default_storage.save(path, File(content))


def lost_rows(manifest: Manifest) -> list[str]:
    """Each table that does not hold the rows that the backup counted, in a sentence."""
    with connection.cursor() as cursor:
        present = _count(cursor)
    return [
        f"{table}: {present[table]} rows instead of {count}"
        for table, count in manifest.rows.items()
        if present[table] != count
    ]


@contextmanager
def _snapshot() -> Iterator[tuple[str, Any]]:
    """A state of the database that pg_dump can share, and a cursor that sees the same."""
    server = psycopg2.connect(_address())
    try:
        server.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with server.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            [name] = cursor.fetchone()
            yield name, cursor
    finally:
        server.close()


def _named_files(cursor: Any) -> dict[str, int]:
    cursor.execute(_NAMED)
    return dict(cursor.fetchall())


def _count(cursor: Any) -> dict[str, int]:
    counts = {}
    for table in COUNTED:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 -- our own names
        [counts[table]] = cursor.fetchone()
    return counts


def _address() -> str:
    """The owner's address where one is set: the run-time role reads all rows but creates no tables."""
    return str(settings.DATABASE_OWNER_URL or settings.DATABASE_URL)


def _without_password(address: str) -> tuple[str, dict[str, str]]:
    """The address and the environment for a program: everybody on the machine can read its arguments."""
    parts = urlsplit(address)
    if parts.password is None:
        return address, {}
    user, _at, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}@{host}"
    return urlunsplit(parts._replace(netloc=netloc)), {"PGPASSWORD": unquote(parts.password)}


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL on the portal's database."""
    address, password = _without_password(_address())
    path = shutil.which(
        program, path=f"{settings.POSTGRESQL_BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    )
    if path is None:
        raise BackupError(
            f"{program} is not installed. On Debian: apt-get install postgresql-client"
        )
    command = [path, f"--dbname={address}", *arguments]
    done = subprocess.run(  # noqa: S603 -- no shell, and no text of a user
        command, env=os.environ | password, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()}")


def _copy_of(folder: Path, sha256: str) -> Path:
    return folder / FILES / sha256[:2] / f"{sha256}.pdf"


def _copy_checked(source: Path, target: Path, sha256: str, size: int) -> None:
    target.parent.mkdir(exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        raise BackupError(
            f"The file {sha256} is missing. `manage.py verify_files` lists all."
        ) from None
    if target.stat().st_size != size:
        raise BackupError(f"The file {sha256} was changed. `manage.py verify_files` lists all.")
    _check(target, sha256)


def _check(path: Path, sha256: str) -> None:
    if not path.is_file():
        raise BackupError(f"{path} is missing.")
    if hash_of(path) != sha256:
        raise BackupError(f"{path} was changed.")


def _text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
