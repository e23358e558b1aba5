"""Who a request is signed in as: django-allauth's way, with the same look-ups for every address."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db import models

from applicants.models import User
from foundation.query_batches import Param, Queries, query_batch


@query_batch
def _fetch_user() -> Queries:
    return {"users": User.objects.filter(pk=Param("user", models.BigIntegerField())).order_by()}


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
