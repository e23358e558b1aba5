"""The first administrator of a portal, made before email works."""

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django import forms
from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from applicants.addresses import is_address
from applicants.forms import SignupNameForm
from applicants.models import User

LOCK = 7413009262  # of PostgreSQL, for all who would make the first administrator at once


class AdministratorExists(Exception):
    """The portal has an administrator: the next one is made in the admin, by a colleague."""


class AddressTaken(Exception):
    """The address has an account, and nobody may be officer and applicant."""


class AdministratorForm(SignupNameForm):
    """Who the first administrator is; the characters that are accepted are those of a sign-up."""

    email = forms.EmailField(max_length=254)


@transaction.atomic
def create_first_administrator(*, email: str, full_name: str) -> User:
    """An administrator without a password, whose address counts as confirmed.

    Raises:
        AdministratorExists: there is one, active or not.
        AddressTaken: somebody has signed up with the address.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    if User.objects.filter(is_superuser=True).exists():
        raise AdministratorExists
    if User.objects.filter(is_address("email", email)).exists():
        raise AddressTaken
    user = User.objects.create_superuser(email, None, full_name=full_name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def password_link(user: User) -> str:
    """The address at which this person chooses a password, once, within `PASSWORD_RESET_TIMEOUT`."""
    place = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return settings.BASE_URL + reverse("account_reset_password_from_key", kwargs=place)
