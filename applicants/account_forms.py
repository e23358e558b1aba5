"""Sign-up and a forgotten password cost the same work whether the address has an account or not.

A difference in time shows a stranger what the equal pages hide. What only one branch does, the other does
too, for nobody.
"""

from typing import Any

from allauth.account import forms
from allauth.account.models import EmailAddress
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from applicants.addresses import is_address
from applicants.auth_backends import look_into_users
from applicants.models import User


def _name_the_email(field: Any) -> None:
    field.label = _("Email address")
    field.widget.attrs.pop("placeholder", None)


class LoginForm(forms.LoginForm):  # type: ignore[misc, unused-ignore]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_the_email(self.fields["login"])


class AddEmailForm(forms.AddEmailForm):  # type: ignore[misc, unused-ignore]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_the_email(self.fields["email"])


class SignupForm(forms.SignupForm):  # type: ignore[misc, unused-ignore]
    account_already_exists: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_the_email(self.fields["email"])

    def try_save(self, request: HttpRequest) -> Any:
        """Of two requests for one address at once the later is answered as for one that has an account."""
        if self.account_already_exists:
            self._make_nobody(request)
            return super().try_save(request)
        try:
            return super().try_save(request)
        except IntegrityError:
            if not User.objects.filter(is_address("email", self.cleaned_data["email"])).exists():
                raise
        self.account_already_exists = True
        return super().try_save(request)

    @transaction.atomic
    def save(self, request: HttpRequest) -> Any:
        return super().save(request)

    def _make_nobody(self, request: HttpRequest) -> None:
        """Create an account as for a new address, password hash included, and undo it."""
        email = self.cleaned_data["email"]
        self.cleaned_data["email"] = f"{get_random_string(len(email))}@nobody.invalid".lower()
        self.account_already_exists = False
        with transaction.atomic():
            nobody = super().save(request)
            addresses = EmailAddress.objects.filter(user=nobody)
            addresses.filter(verified=True).exists()
            list(addresses.select_related())
            transaction.set_rollback(True)
        User.objects.filter(pk=nobody.pk).first()
        self.cleaned_data["email"] = email
        self.account_already_exists = True


class ResetPasswordForm(forms.ResetPasswordForm):  # type: ignore[misc, unused-ignore]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_the_email(self.fields["email"])

    def clean_email(self) -> str:
        email = str(super().clean_email())
        if any(user.email == email.lower() for user in self.users):
            look_into_users(email)
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        if not self.users:
            nobody = User(pk=0, email=self.cleaned_data["email"])
            default_token_generator.make_token(nobody)
            EmailAddress.objects.filter(user_id=0, email=nobody.email).exists()
            list(EmailAddress.objects.filter(user_id=0).values_list("email"))
        return str(super().save(request, **kwargs))
