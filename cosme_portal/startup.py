"""What web processes and workers look at when they start."""

import logging

from django.db import DatabaseError, connection

from cosme_portal.checks import role_warning

log = logging.getLogger("portal.startup")


def warn_of_excess_privileges() -> None:
    """Log a warning that cannot be overlooked if the portal runs under another role than its own.

    A database that is away keeps nobody from starting. The connection is closed again, because a
    server that forks must not share it.
    """
    try:
        warning = role_warning()
    except DatabaseError as error:
        log.warning("The database role could not be checked: %s", type(error).__name__)
        return
    finally:
        connection.close()
    if warning:
        log.critical(warning)
