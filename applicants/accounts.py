"""How django-allauth meets this portal."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.urls import reverse

from applicants.emails import with_html
from foundation.client_address import client_address
from foundation.limits import allows_recipient


class AccountAdapter(DefaultAccountAdapter):
    """Where people begin; mails point to the portal's own address, whatever host header a request carries."""

    def get_login_redirect_url(self, request: Any) -> str:
        """Officers and operators begin at their desk; a page that was asked for comes first, for everyone."""
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
