"""System checks of a deployment: `manage.py check --deploy --database default`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from foundation.database_roles import excess_privileges

RUN_TIME_ROLE_HINT = (
    "Create two roles (`manage.py database_roles`); DATABASE_URL names the run-time one."
)


@register(Tags.database, deploy=True)
def check_database_role(*, databases: Sequence[str] | None, **_options: Any) -> list[CheckMessage]:
    """The portal's connection can read and write rows, and nothing that would get past the guards."""
    return [
        Error(f"The portal's database role {sentence}.", hint=RUN_TIME_ROLE_HINT, id="portal.E001")
        for alias in databases or ()
        for sentence in privileges_to_remove(alias)
    ]


def privileges_to_remove(alias: str = "default") -> list[str]:
    with connections[alias].cursor() as cursor:
        return excess_privileges(cursor)


def role_warning() -> str:
    """What to say at start in production; empty if the role is right, or this is no production."""
    if not settings.IN_PRODUCTION:
        return ""
    excess = privileges_to_remove()
    if not excess:
        return ""
    listed = "\n".join(f"  - it {sentence}" for sentence in excess)
    return (
        "THE PORTAL RUNS UNDER A DATABASE ROLE THAT CAN GET PAST THE GUARDS OF SUBMISSIONS AND DECISIONS.\n"
        f"The role of DATABASE_URL has more rights than the portal needs:\n{listed}\n{RUN_TIME_ROLE_HINT}"
    )
