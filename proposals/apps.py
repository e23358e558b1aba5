"""The top layer as a Django application: it gives each role its rights."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from proposals.officers.rights import RIGHTS


class ProposalsConfig(AppConfig):
    name = "proposals"

    def ready(self) -> None:
        # Each step is read as its form declares it, in workers and commands too.
        from applicants.organisations import membership_ended  # noqa: PLC0415 -- apps must be loaded
        from proposals import tasks as _tasks  # noqa: F401, PLC0415 -- pages wake workers up by task names
        from proposals.consortium.ended_access import log_left_organisation  # noqa: PLC0415 -- as above
        from proposals.steps import forms as _forms  # noqa: F401, PLC0415 -- apps must be loaded

        post_migrate.connect(grant_role_permissions, sender=self)
        membership_ended.connect(log_left_organisation)


def grant_role_permissions(**_signal: Any) -> None:
    """Give each role the rights of `proposals.officers.rights` and no others.

    Rights exist only after all migrations have been applied.
    """
    from django.contrib.auth.models import Group, Permission  # noqa: PLC0415 -- apps must be loaded

    for name, rights in RIGHTS.items():
        group, _created = Group.objects.get_or_create(name=name)
        wanted = [right.split(".") for right in rights]
        permissions = [
            Permission.objects.filter(content_type__app_label=app, codename=codename).first()
            for app, codename in wanted
        ]
        group.permissions.set([permission for permission in permissions if permission])
