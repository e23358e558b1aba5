"""What web processes and workers look at when they start."""

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection

from cosme_portal.checks import role_warning
from proposals.models import FileFolder

log = logging.getLogger("portal.startup")

FOLDER_ADVICE = (
    "Until this is put right, no file is stored. Mount the right folder, or run `manage.py "
    "verify_files --adopt` if this one has all files."
)


def warn_at_start() -> None:
    """Log what is dangerous in production: too many rights in the database, another folder of files.

    A database that is away keeps nobody from starting. The connection is closed again, because a
    server that forks must not share it.
    """
    if not settings.IN_PRODUCTION:
        return
    try:
        for warning in _warnings():
            log.critical(warning)
    except DatabaseError as error:
        log.warning("The database could not be checked at start: %s", type(error).__name__)
    finally:
        connection.close()


def _warnings() -> Iterator[str]:
    if warning := role_warning():
        yield warning
    try:
        problem = FileFolder.remember()
    except OSError as error:
        problem = f"The folder of uploaded files cannot be used: {error.strerror}."
    if problem:
        yield f"{problem} {FOLDER_ADVICE}"
