"""The top floor as a Django application: it sees to it that officers and operators have their rights."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

OFFICERS, OPERATORS = "Officers", "Operators"

# What officers may do; nothing of it changes or deletes what is final.
OFFICERS_RIGHTS = (
    "proposals.view_version",
    "proposals.view_decision",
    "proposals.add_decision",
    "proposals.add_decisionreview",
    "proposals.view_proposedchange",
    "proposals.add_proposedchange",
    "proposals.change_proposedchange",
    "calls.view_conditionchange",
    "proposals.view_outboxmessage",
    "proposals.view_refusedattempt",
    "proposals.view_sealedaccess",
    "proposals.view_individualextension",
    "calls.view_call",
    "calls.view_programme",
    "applicants.view_organisation",
)

# What operators may do: see how work behind the pages goes, and have it done again.
OPERATORS_RIGHTS = (
    "proposals.view_outboxmessage",
    "proposals.view_mail",
    "proposals.view_remaking",
    "proposals.add_remaking",
)

RIGHTS = {OFFICERS: OFFICERS_RIGHTS, OPERATORS: OPERATORS_RIGHTS}


class ProposalsConfig(AppConfig):
    name = "proposals"

    def ready(self) -> None:
        post_migrate.connect(give_groups_their_rights, sender=self)


def give_groups_their_rights(**_signal: Any) -> None:
    """Make the groups of officers and operators, with the rights of this page and no others."""
    from django.contrib.auth.models import Group, Permission  # noqa: PLC0415 -- apps must be loaded

    for name, rights in RIGHTS.items():
        group, _created = Group.objects.get_or_create(name=name)
        wanted = [right.split(".") for right in rights]
        permissions = [
            Permission.objects.filter(content_type__app_label=app, codename=codename).first()
            for app, codename in wanted
        ]
        group.permissions.set([permission for permission in permissions if permission])
