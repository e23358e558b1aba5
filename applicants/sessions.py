"""Sessions in the database, read with compiled queries, for nearly every request asks."""

import re
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import models

from foundation import clock
from foundation.query_batches import Columns, Param, Queries, query_batch

KEY = re.compile(r"[a-z0-9]{32}")


@query_batch
def _fetch_session() -> Queries:
    key, present = Param("key", models.TextField()), Param("present", models.DateTimeField())
    sessions = Session.objects.filter(session_key=key, expire_date__gt=present)
    return {"sessions": Columns(sessions, "session_data")}


class SessionStore(db.SessionStore):
    """Django's sessions in the database (`SESSION_ENGINE` is the module)."""

    def _validate_session_key(self, key: str | None) -> bool:
        """Cookies may hold any sign, a NUL too; a key has only those that it is made of."""
        return bool(key and KEY.fullmatch(key))

    def load(self) -> dict[str, Any]:
        for (data,) in _fetch_session(key=self.session_key, present=clock.real_now())["sessions"]:
            content: dict[str, Any] = self.decode(data)
            return content
        self._session_key = None
        return {}
