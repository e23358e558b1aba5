"""`manage.py check --deploy` opens what the portal needs: each finding is a sentence, with what to do.

Nothing is changed but for a file of one byte, written to the folder of uploads and removed.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 -- Django's name
from django.db import DatabaseError, connection, connections
from django.http.request import validate_host

from applicants.models import User
from calls import database_clock
from cosme_portal.celery import app
from cosme_portal.checks import databases_that_answer, unapplied_migrations
from cosme_portal.mail_server import SENDING_BACKEND, connection_problem
from foundation import clock
from foundation.file_folder import file_folder, write_probe
from proposals.models import FileFolder
from proposals.proof.signing_key import InvalidSigningKey, load_signing_key
from proposals.workspace.virus_scan import scanner_problem

RENEW_BEFORE = timedelta(days=60)
BROKER_SECONDS = 5
OTHERS = 0o007  # the bits of a file's mode for everybody else
READS_FILES = "Give the folder to the user of web and workers, and mount it for all machines."

Findings = Iterator[CheckMessage]


# --- Without the database ---------------------------------------------------------------------


@register(deploy=True)
def check_seal(**_options: Any) -> list[CheckMessage]:
    """Key and certificate are readable, belong together, and are valid for a while."""
    path = Path(settings.SEAL_FILE)
    if settings.MAKES_DEMO_SEAL and not settings.SEAL_PEM and not path.exists():
        return []  # looking must not make one
    load_signing_key.cache_clear()
    try:
        certificate = load_signing_key().certificate
    except InvalidSigningKey as error:
        hint = "Correct PORTAL_SEAL_FILE and its owner, or make a key: `manage.py new_seal_key`."
        return [Error(f"The seal key cannot be used: {error}", hint=hint, id="portal.E031")]
    left = certificate.not_valid_after_utc - clock.real_now()
    return [*_validity(left, certificate.not_valid_before_utc > clock.real_now()), *_mode_of(path)]


def _validity(left: timedelta, is_early: bool) -> Findings:
    renew = "Install a key with a new certificate; earlier receipts stay valid."
    if is_early:
        message = "The certificate of the seal key is not valid yet."
        yield Error(message, hint="Check its dates and this machine's clock.", id="portal.E032")
    elif left < timedelta():
        message = "The certificate of the seal key has expired, so new receipts look invalid."
        yield Error(message, hint=renew, id="portal.E032")
    elif left < RENEW_BEFORE:
        message = f"The certificate of the seal key expires in {left.days} days."
        yield Warning(message, hint=renew, id="portal.W032")


def _mode_of(path: Path) -> Findings:
    if not settings.SEAL_PEM and path.exists() and path.stat().st_mode & OTHERS:
        message = f"Every user of this machine can read the seal key in {path}."
        yield Warning(message, hint=f"Run chmod 600 {path}, as its owner.", id="portal.W033")


@register(deploy=True)
def check_folders(**_options: Any) -> list[CheckMessage]:
    """Uploads can be stored, and the places of file checks can be taken."""
    findings: list[CheckMessage] = []
    try:
        write_probe(file_folder())
    except OSError as error:
        message = f"Files cannot be stored in {file_folder()} (PORTAL_FILES): {error.strerror}."
        findings.append(Error(message, hint=READS_FILES, id="portal.E034"))
    locks = Path(settings.LOCKS_FOLDER)
    try:  # the folder itself is made when it is first needed
        write_probe(next(place for place in (locks, *locks.parents) if place.exists()))
    except OSError as error:
        message = f"Uploads cannot be checked: {locks} cannot be written: {error.strerror}."
        hint = "Set PORTAL_VAR to a folder that the portal's user can write."
        findings.append(Error(message, hint=hint, id="portal.E035"))
    return findings


@register(deploy=True)
def check_static_files(**_options: Any) -> list[CheckMessage]:
    """In production pages name collected files by their hash, and fail without the list of them."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not settings.IN_PRODUCTION or os.access(manifest, os.R_OK):
        return []
    message = f"No collected static files can be read in {settings.STATIC_ROOT}: no page works."
    hint = "Run `manage.py collectstatic --noinput` with the PORTAL_VAR of the web processes."
    return [Error(message, hint=hint, id="portal.E036")]


@register(deploy=True)
def check_broker(**_options: Any) -> list[CheckMessage]:
    """Without it workers start only when they look by themselves, and limits count for each process."""
    broker = app.connection_for_write(connect_timeout=BROKER_SECONDS)
    try:
        broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except Exception as error:  # noqa: BLE001 -- each transport has errors of its own
        message = f"The broker of REDIS_URL does not answer ({type(error).__name__})."
        hint = "Start Redis or Valkey, or correct REDIS_URL; check its password and the network."
        return [Error(message, hint=hint, id="portal.E037")]
    finally:
        broker.release()
    return []


@register(deploy=True)
def check_mail_server(**_options: Any) -> list[CheckMessage]:
    """The mail server can be reached and accepts the portal's user; nothing is sent."""
    if settings.EMAIL_BACKEND != SENDING_BACKEND:
        message = "PORTAL_MAIL_URL sends no email: nobody can confirm an address or be invited."
        hint = "Set it to the address of a mail server: smtp+tls://user:password@host:587."
        return [Warning(message, hint=hint, id="portal.W038")]
    findings: list[CheckMessage] = []
    if problem := connection_problem():
        hint = "Try again with `manage.py send_test_mail ADDRESS`."
        findings.append(Error(problem, hint=hint, id="portal.E038"))
    if parseaddr(settings.DEFAULT_FROM_EMAIL)[1].endswith("@localhost"):
        message = "Emails come from an address that does not exist (PORTAL_MAIL_FROM)."
        hint = "Set PORTAL_MAIL_FROM to an address of your domain, which may receive replies."
        findings.append(Warning(message, hint=hint, id="portal.W039"))
    return findings


@register(deploy=True)
def check_host(**_options: Any) -> list[CheckMessage]:
    """The name in links of emails and documents is one that the portal answers to."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    if validate_host(host, settings.ALLOWED_HOSTS):
        return []
    message = f"Links in emails lead to {host} (PORTAL_BASE_URL), which PORTAL_HOSTS does not name."
    return [Error(message, hint=f"Add {host} to PORTAL_HOSTS.", id="portal.E040")]


@register(deploy=True)
def check_virus_scanner(**_options: Any) -> list[CheckMessage]:
    """If one is configured it answers; uploads wait in quarantine while it does not."""
    problem = scanner_problem() if settings.CLAMD else ""
    hint = "Start clamd, or correct PORTAL_CLAMD. Uploads wait in quarantine until it answers."
    return [Error(problem, hint=hint, id="portal.E041")] if problem else []


# --- With the database --------------------------------------------------------------------------


@register(deploy=True)
def check_database_answers(**_options: Any) -> list[CheckMessage]:
    """Without it nothing works; the checks below are left out then."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        message = f"The database cannot be opened: {reason}."
        hint = "Start PostgreSQL, or correct DATABASE_URL; check its roles and pg_hba.conf."
        return [Error(message, hint=hint, id="portal.E042")]
    return []


@register(Tags.database, deploy=True)
def check_database(*, databases: Sequence[str] | None, **_options: Any) -> list[CheckMessage]:
    """The database has all tables, has this machine's time, and knows the folder of files."""
    return [
        finding for alias in databases_that_answer(databases) for finding in _findings_in(alias)
    ]


def _findings_in(alias: str) -> Findings:
    yield from _clock()
    if not connections[alias].introspection.table_names():
        yield Error(
            "The database has no tables yet.", hint="Run `manage.py migrate`.", id="portal.E043"
        )
        return
    if missing := unapplied_migrations(alias):
        message = f"{len(missing)} migrations have not been applied."
        hint = "Run `manage.py migrate`; `manage.py backup` first, if the portal is in use."
        yield Error(message, hint=hint, id="portal.E043")
        return
    yield from _cache_table(alias)
    yield from _known_folder()
    yield from _administrators()


def _clock() -> Findings:
    database_clock.measure()
    if database_clock.is_off():
        hint = "Synchronise the clocks of all machines (NTP): deadlines are judged by the second."
        yield Error(database_clock.skew_text(), hint=hint, id="portal.E045")


def _cache_table(alias: str) -> Findings:
    name = settings.CACHE_TABLE
    if name not in connections[alias].introspection.table_names():
        yield Error(
            f"The table {name} is missing.",
            hint="Run `manage.py createcachetable`.",
            id="portal.E044",
        )


def _known_folder() -> Findings:
    if problem := FileFolder.problem():
        hint = (
            "Mount the right folder. If this one has all files (after a move, say), run `manage.py "
            "verify_files --adopt`."
        )
        yield Error(problem, hint=hint, id="portal.E046")


def _administrators() -> Findings:
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        hint = "Run `manage.py create_first_admin ADDRESS --name NAME`."
        yield Warning("The portal has no administrator.", hint=hint, id="portal.W047")
