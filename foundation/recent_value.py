"""A value that is computed at most once in some seconds, however many ask for it."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class RecentValue(Generic[Value]):
    """What `compute` returned last, in this process. Who asks while it is computed waits for that."""

    def __init__(self, compute: Callable[[], Value], *, seconds: float) -> None:
        self._compute = compute
        self._seconds = seconds
        self._lock = threading.Lock()
        self._value: Value | None = None
        self._expires_at = -float("inf")

    def get(self) -> Value:
        with self._lock:
            if self._value is None or time.monotonic() >= self._expires_at:
                self._value = self._compute()
                self._expires_at = time.monotonic() + self._seconds
            return self._value

    def expire(self) -> None:
        """Let the next question be answered by computing."""
        self._expires_at = -float("inf")
