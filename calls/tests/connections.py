"""Two connections at once, for tests of what the loser of a race is answered: nothing is left to luck."""

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

from django.db import connection, transaction

from foundation import clock

PATIENCE = 10  # seconds; a test that waits as long has failed


class Started:
    """What a thread with a connection of its own does, and what came of it."""

    def __init__(self, action: Callable[[], object], moment) -> None:
        self.result = self.error = self.backend = None
        self._thread = threading.Thread(target=self._run, args=(action, moment))
        self._thread.start()

    def _run(self, action, moment):
        try:
            connection.ensure_connection()
            self.backend = connection.connection.info.backend_pid
            with clock.frozen_at(moment):
                self.result = action()
        except Exception as error:  # noqa: BLE001 -- handed to the test
            self.error = error
        finally:
            connection.close()

    def waits_or_has_ended(self):
        """Come back once it waits for a lock that somebody holds, or has nothing more to do."""
        deadline = time.monotonic() + PATIENCE
        while self._thread.is_alive() and time.monotonic() < deadline:
            if self.backend is not None and _waits_for_a_lock(self.backend):
                return
            self._thread.join(0.01)
        assert not self._thread.is_alive(), "It neither ended nor waited for a lock."

    def outcome(self):
        """What it returned; what it raised is raised here."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "It waits still."
        if self.error is not None:
            raise self.error
        return self.result


def _waits_for_a_lock(backend):
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [backend])
        (is_blocked,) = cursor.fetchone()
    return is_blocked


@contextmanager
def held(rows):
    """Lock these rows; what is started within goes on when the block has ended."""
    with transaction.atomic():
        list(rows.select_for_update(of=("self",)).values_list("pk"))
        yield


def at_once(rows, *actions, moment=None):
    """Let all actions read what they read before they wait for these rows, then let them go on."""
    moment = moment or clock.now()
    with held(rows):
        started = [Started(action, moment) for action in actions]
        for item in started:
            item.waits_or_has_ended()
    return [one.outcome() for one in started]


def overtaken(first, then, *, moment=None):
    """Begin `then` when `first` has been done and not committed; the outcome of `then`."""
    with transaction.atomic():
        first()
        late = Started(then, moment or clock.now())
        late.waits_or_has_ended()
    return late.outcome()
