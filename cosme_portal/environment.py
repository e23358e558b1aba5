"""Secrets from the environment, or from files that it names, as systemd, containers and Kubernetes do.

A secret in a file is in no list of processes, in no crash report, and not in the environment of children.
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

OWNER_URL, RUNTIME_URL = "DATABASE_OWNER_URL", "DATABASE_URL"


def read_secret(name: str, default: str = "") -> str:
    """The value of the variable NAME, or the content of the file that NAME_FILE names, without its line end.

    Raises:
        ImproperlyConfigured: both are set, or the file cannot be read or is empty.
    """
    value, path = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if not path:
        return value or default
    if value:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set: unset one of them.")
    try:
        content = Path(path).read_text("utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {path}, which cannot be read ({type(error).__name__}). Check the "
            "path, and that the portal's user may read it."
        ) from None
    if not content:
        raise ImproperlyConfigured(
            f"{name}_FILE names {path}, which is empty. Write the value into it, or unset {name}_FILE."
        )
    return content


def has_secret(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def act_as_database_owner() -> None:
    """Let `DATABASE_URL` of this process name the role that owns the tables, where one is set."""
    if has_secret(OWNER_URL):
        for ending in ("", "_FILE"):
            os.environ[RUNTIME_URL + ending] = os.environ.get(OWNER_URL + ending, "")
