"""Work on a stranger's file: in a child process, within the limits of the settings, a few at a time."""

import logging
from typing import Any

from django.conf import settings

from foundation import child_process
from foundation.child_process import ChildFailed, Limits, WorkFailed

log = logging.getLogger("portal.files")


def in_child(function: str, content: bytes, *, queue: str, **arguments: Any) -> Any:
    """What "module:function" says of a file. Each queue has places of its own, so that none blocks another.

    Raises:
        Busy: others' files took all places for as long as `PORTAL_FILE_WAIT_SECONDS`.
        WorkFailed: the function raised.
        ChildFailed: a limit was met.
    """
    limits = Limits(seconds=settings.FILE_CHECK_SECONDS, memory=settings.FILE_CHECK_MEMORY)
    folder, count = settings.LOCKS_FOLDER / queue, settings.FILE_CHECKS_AT_ONCE
    with child_process.place(folder, count=count, wait=settings.FILE_CHECK_WAIT):
        try:
            return child_process.run(function, content, limits, **arguments).result
        except WorkFailed:
            raise
        except ChildFailed as failure:
            log.warning("Examining a file (%s) ended: %s", queue, type(failure).__name__)
            raise
