"""The project as a Django application: it has the pages that belong to no single app."""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_save

from foundation import form_messages, form_rules
from foundation.database_roles import guards_sql
from foundation.stored_texts import clean_before_saving
from foundation.text_guards import TEXT_GUARDS_SQL


class PortalConfig(AppConfig):
    name = "cosme_portal"
    verbose_name = "COSME portal"

    def ready(self) -> None:
        from cosme_portal import checks, deployment_checks  # noqa: F401, PLC0415 -- registers them
        from cosme_portal.celery import app  # noqa: F401, PLC0415 -- tasks find their broker

        form_rules.install()
        form_messages.install()
        pre_save.connect(clean_before_saving)
        # After the last app with tables: every table is there.
        post_migrate.connect(guard_every_table, sender=apps.get_app_config("proposals"))


class PortalAdminConfig(AdminConfig):
    """Django's admin on a site that decides for every registered admin what an address may ask."""

    default_site = "foundation.admin_site.PortalAdminSite"


def guard_every_table(*, using: str, **_signal: Any) -> None:
    """Install the guards that do not belong to one model. They stay installed until someone drops them."""
    with connections[using].cursor() as cursor:
        cursor.execute(guards_sql(only_read=settings.TABLES_ONLY_READ))
        cursor.execute(TEXT_GUARDS_SQL)
