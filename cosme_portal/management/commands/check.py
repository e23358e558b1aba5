"""Django's checks; with --deploy they open the database too."""

from typing import Any

from django.core.management.commands import check
from django.db import DEFAULT_DB_ALIAS

from cosme_portal.checks import databases_that_answer


class Command(check.Command):
    """Django's own leaves out the database unless it is named, and fails if it does not answer."""

    def handle(self, *app_labels: Any, **options: Any) -> None:
        if options["deploy"]:
            aliases = options["databases"] or [DEFAULT_DB_ALIAS]
            options["databases"] = list(databases_that_answer(aliases))
        super().handle(*app_labels, **options)
