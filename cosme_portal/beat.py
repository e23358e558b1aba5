"""Beat on any number of machines: the one that holds the lease sends the periodic tasks, the others wait."""

import os
import socket
from typing import Any

from celery.beat import PersistentScheduler
from django.db import Error, connection

from proposals.delivery.scheduler_lease import RENEW_EVERY, acquire


class GuardedScheduler(PersistentScheduler):
    """Celery's scheduler. It sends a task only while this process holds the lease in the database."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; returns after how many seconds to ask again."""
        if not self._holds_lease():
            return RENEW_EVERY.total_seconds()
        return min(super().tick(*args, **kwargs), RENEW_EVERY.total_seconds())

    def _holds_lease(self) -> bool:
        try:
            return acquire(self.holder)
        except Error:  # without a database no task could do its work
            connection.close()  # the next attempt opens another
            return False
