"""Who sends a request: session and person, read with prepared statements, for nearly every request asks."""

import re
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import models

from applicants.models import User
from foundation import clock
from foundation.query_batches import Columns, Param, Queries, query_batch

KEY = re.compile(r"[a-z0-9]{32}")


@query_batch
def _fetch_session() -> Queries:
    key, present = Param("key", models.TextField()), Param("present", models.DateTimeField())
    sessions = Session.objects.filter(session_key=key, expire_date__gt=present)
    return {"sessions": Columns(sessions, "session_data")}


@query_batch
def _fetch_user() -> Queries:
    return {"users": User.objects.filter(pk=Param("user", models.BigIntegerField())).order_by()}


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


def look_into_users(email: str) -> None:
    """The second look-up of django-allauth, which it leaves out where the first finds a confirmed address."""
    list(User.objects.filter(email=email.lower()).iterator(2000))


def _is_confirmed(email: str) -> bool:
    from allauth.account.models import EmailAddress  # noqa: PLC0415 -- after the apps

    return bool(EmailAddress.objects.filter(email=email.lower(), verified=True).exists())


class PersonBackend(AuthenticationBackend):
    """django-allauth's way to log in, with the same look-ups whether an address is known or not."""

    def _authenticate_by_email(self, email: str, password: str) -> Any:
        person = super()._authenticate_by_email(email, password)
        if person is None and _is_confirmed(email):
            look_into_users(email)
        return person

    def get_user(self, user_id: int) -> User | None:
        results = _fetch_user(user=user_id)["users"]
        return next((item for item in results if self.user_can_authenticate(item)), None)
