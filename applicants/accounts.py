"""How django-allauth meets this portal."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from applicants.emails import with_html
from foundation.client_address import client_address
from foundation.limits import allows_recipient


class AccountAdapter(DefaultAccountAdapter):
    """Where people begin. Emails point to the portal's own address, whatever a request's host header."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed. Contact the helpdesk if this is a mistake"),
        "cannot_remove_primary_email": _("Make another email address the primary one first"),
        "duplicate_email": _("This email address already belongs to your account"),
        "email_password_mismatch": _("The email address or password is incorrect. Try again"),
        "email_taken": _("Enter a different email address: this one cannot be added"),
        "enter_current_password": _("Enter your current password"),
        "incorrect_password": _("The password is incorrect. Try again"),
        "invalid_login": _("The email address or password is incorrect. Try again"),
        "invalid_password_reset": _("This link has expired or was already used"),
        "max_email_addresses": _("You cannot add more than %d email addresses"),
        "rate_limited": _("You have sent too many requests. Try again later"),
        "same_as_current": _("Enter a value that differs from the current one"),
        "select_only_one": _("Select only one email address"),
        "unverified_primary_email": _("Confirm this email address before you make it primary"),
    }

    def get_login_redirect_url(self, request: Any) -> str:
        """Officers and operators begin in the back office; a page that was requested comes first, for all."""
        if request.user.is_staff:
            return reverse("admin:index")
        return str(super().get_login_redirect_url(request))

    def get_client_ip(self, request: Any) -> str:
        return client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """At most a few emails an hour go to one address, whoever asks for them; earlier links still work."""
        if allows_recipient("account-email", email):
            super().send_mail(template_prefix, email, context)

    def render_mail(self, *args: Any, **kwargs: Any) -> Any:
        return with_html(super().render_mail(*args, **kwargs))

    def get_email_confirmation_url(self, request: Any, emailconfirmation: Any) -> str:
        path: str = super().get_email_confirmation_url(request, emailconfirmation)
        return settings.BASE_URL + "/" + path.split("://", 1)[-1].split("/", 1)[-1]

    def get_reset_password_from_key_url(self, key: str) -> str:
        url: str = super().get_reset_password_from_key_url(key)
        return settings.BASE_URL + "/" + url.split("://", 1)[-1].split("/", 1)[-1]
