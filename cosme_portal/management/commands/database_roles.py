"""Create the owner's and the run-time role: `python manage.py database_roles | psql …`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from foundation.database_roles import OWNER, RUNTIME, BadRoleName, roles_sql


class Command(BaseCommand):
    help = (
        "Print the SQL that creates two database roles: one that owns the tables and one for running "
        "the portal, which cannot TRUNCATE, ALTER or disable triggers. With --apply, run it over "
        "DATABASE_OWNER_URL."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--owner", default=OWNER, help="role that owns the tables (%(default)s)"
        )
        parser.add_argument(
            "--runtime", default=RUNTIME, help="role that runs the portal (%(default)s)"
        )
        parser.add_argument(
            "--apply",
            action="store_true",
            help="run the SQL over DATABASE_OWNER_URL, whose role may create roles",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sql = roles_sql(
                owner=options["owner"],
                runtime=options["runtime"],
                only_read=settings.TABLES_ONLY_READ,
            )
        except BadRoleName as error:
            raise CommandError(
                f"“{error}” cannot be a role here. Choose two different names of lower case letters, "
                "digits and underscores."
            ) from None
        if not options["apply"]:
            self.stdout.write(sql)
            return
        if not settings.DATABASE_OWNER_URL:
            raise CommandError(
                "Set DATABASE_OWNER_URL to the address of a role that may create roles and owns the "
                "database, or pipe the SQL into psql without --apply."
            )
        self._apply(sql)
        self.stdout.write(
            f"{options['owner']} owns the tables, {options['runtime']} can read and write their rows.\n"
            "Set a password for each (ALTER ROLE … PASSWORD), then let DATABASE_URL name "
            f"{options['runtime']} and DATABASE_OWNER_URL {options['owner']}."
        )

    def _apply(self, sql: str) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        except Error as error:
            raise CommandError(f"PostgreSQL refused, and nothing was changed: {error}") from None
