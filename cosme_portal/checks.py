"""System checks of a deployment: `manage.py check --deploy --database default`."""

import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Q

from applicants.models import User
from foundation.admin_site import unguarded
from foundation.client_address import parse_networks, parse_trusted_proxies
from foundation.database_roles import excess_privileges

RUN_TIME_ROLE_HINT = (
    "Create two roles (`manage.py database_roles`); DATABASE_URL names the run-time one."
)


@register(Tags.admin)
def check_admins_are_guarded(**_options: Any) -> list[CheckMessage]:
    """Every registered admin answers only the lookups of its own filters."""
    return [
        Error(
            f"The admin of {model._meta.label} overrides the lookups that it allows.",
            hint="Remove lookup_allowed and to_field_allowed; foundation.admin_site provides them.",
            id="portal.E010",
        )
        for model in unguarded(admin.site)
    ]


def databases_that_answer(aliases: Sequence[str] | None) -> Iterator[str]:
    """Those that can be asked; `check_database` reports the others."""
    for alias in aliases or ():
        with suppress(DatabaseError):
            connections[alias].ensure_connection()
            yield alias


@register(Tags.database, deploy=True)
def check_database_role(*, databases: Sequence[str] | None, **_options: Any) -> list[CheckMessage]:
    """The portal's connection can read and write rows, and nothing that would get past the guards."""
    return [
        Error(f"The portal's database role {sentence}.", hint=RUN_TIME_ROLE_HINT, id="portal.E001")
        for alias in databases_that_answer(databases)
        for sentence in privileges_to_remove(alias)
    ]


def privileges_to_remove(alias: str = "default") -> list[str]:
    with connections[alias].cursor() as cursor:
        return excess_privileges(cursor, only_read=settings.TABLES_ONLY_READ)


@register(Tags.database, deploy=True)
def check_officers_take_no_part(
    *, databases: Sequence[str] | None, **_options: Any
) -> list[CheckMessage]:
    """Whoever was officer and applicant before the guards existed is both still, until one of it ends."""
    return [
        checks.Warning(
            f"{count} officers belong to an organisation or take part in a proposal.",
            hint="Remove their officer role, or remove them from the organisation or proposal.",
            id="portal.W010",
        )
        for alias in databases_that_answer(databases)
        if (count := _officers_who_take_part(alias))
    ]


def _officers_who_take_part(alias: str) -> int:
    if User._meta.db_table not in connections[alias].introspection.table_names():
        return 0
    is_officer = Q(is_staff=True) | Q(is_superuser=True) | Q(groups__isnull=False)
    takes_part = Q(memberships__isnull=False) | Q(collaborations__isnull=False)
    officers = User.objects.using(alias).filter(is_officer, takes_part)
    return officers.values("pk").distinct().count()


def role_warning() -> str:
    """What to say at start in production; empty if the role is right, or this is no production."""
    if not settings.IN_PRODUCTION:
        return ""
    excess = privileges_to_remove()
    if not excess:
        return ""
    listed = "\n".join(f"  - it {sentence}" for sentence in excess)
    return (
        "THE PORTAL USES A DATABASE ROLE THAT CAN BYPASS THE PROTECTION OF SUBMISSIONS AND DECISIONS.\n"
        f"The role of DATABASE_URL has more rights than the portal needs:\n{listed}\n{RUN_TIME_ROLE_HINT}"
    )


@register
def proxies_are_named(**_kwargs: Any) -> list[CheckMessage]:
    """Behind a proxy that is not named all people share its address, and so their limits."""
    try:
        trusted = parse_trusted_proxies(settings.TRUSTED_PROXIES)
    except ValueError as error:
        hint = "Enter addresses, networks such as 10.0.0.0/24, or unix, separated by commas."
        return [Error(f"PORTAL_TRUSTED_PROXIES: {error}.", hint=hint, id="portal.E002")]
    if any(network.prefixlen == 0 for network in trusted.networks):
        hint = "List only your own proxies."
        message = "PORTAL_TRUSTED_PROXIES trusts every address, so any client can forge its own."
        return [Error(message, hint=hint, id="portal.E003")]
    if settings.IN_PRODUCTION and not settings.TRUSTED_PROXIES:
        message = (
            "No trusted proxy is set. Behind a proxy, all users would share its address and its "
            "rate limits."
        )
        hint = (
            "Set PORTAL_TRUSTED_PROXIES, or silence portal.W001 if users reach the portal directly."
        )
        return [checks.Warning(message, hint=hint, id="portal.W001")]
    return []


@register
def check_metrics_addresses(**_kwargs: Any) -> list[CheckMessage]:
    """The figures of the portal are not for everyone."""
    hint = "Enter the addresses or networks of your own monitoring, separated by commas."
    try:
        networks = parse_networks(settings.METRICS_ADDRESSES)
    except ValueError as error:
        return [Error(f"PORTAL_METRICS_ADDRESSES: {error}.", hint=hint, id="portal.E004")]
    if any(network.prefixlen == 0 for network in networks):
        message = "PORTAL_METRICS_ADDRESSES lets everyone read the metrics."
        return [Error(message, hint=hint, id="portal.E005")]
    return []


@register(Tags.database)
def check_migrations_are_known(
    *, databases: Sequence[str] | None, **_options: Any
) -> list[CheckMessage]:
    """The database was made by the migrations of this portal, not by those before its first release."""
    return [
        Error(
            "This database was made by an earlier, unreleased version of the portal.",
            hint="If it holds only the demonstration, run `make clean` and start again.",
            id="portal.E020",
        )
        for alias in databases_that_answer(databases)
        if _unknown_migrations(alias)
    ]


def _unknown_migrations(alias: str) -> set[tuple[str, str]]:
    loader = MigrationLoader(connections[alias])
    ours = {"calls", "applicants", "proposals"}
    applied = {key for key in loader.applied_migrations if key[0] in ours}
    return applied - set(loader.disk_migrations)


def unapplied_migrations(alias: str = "default") -> set[tuple[str, str]]:
    """Migrations of this code that the database lacks, in one query.

    Files are listed once and never imported: a web process has no other use for them.
    """
    applied = MigrationRecorder(connections[alias]).migration_qs.values_list("app", "name")
    return set(shipped_migrations() - set(applied))


@cache
def shipped_migrations() -> frozenset[tuple[str, str]]:
    """App label and name of every migration file of the installed apps."""
    return frozenset(
        (config.label, module.name)
        for config in apps.get_app_configs()
        for module in pkgutil.iter_modules(_migrations_path(config.label))
        if module.name[0] not in "_~" and not module.ispkg
    )


def _migrations_path(label: str) -> list[str]:
    name, _is_explicit = MigrationLoader.migrations_module(label)
    if name is None:
        return []
    try:
        package = import_module(name)
    except ModuleNotFoundError:  # an app without tables
        return []
    return list(getattr(package, "__path__", []))
