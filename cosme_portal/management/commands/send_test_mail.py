"""Whether email works: `python manage.py send_test_mail ADDRESS`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from applicants.emails import send_html_email
from cosme_portal.mail_server import SENDING_BACKEND, problem_of
from foundation.sentences import gettext as _


class Command(BaseCommand):
    help = (
        "Send one email to ADDRESS at once, as the portal sends its own, and say in a sentence what "
        "the mail server refused."
    )
    requires_system_checks: list[str] = []  # nothing else has to work

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", metavar="ADDRESS")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError(f"{address} is not an email address. Nothing was sent.") from None
        subject = _("Test email from the COSME portal")
        text = _(
            "This email was sent by an operator of the portal at %(url)s to find out whether the "
            "portal can send email. You do not need to do anything."
        )
        try:
            send_html_email(subject, text % {"url": settings.BASE_URL + "/"}, to=address)
        except OSError as error:  # smtplib's errors are OSErrors too
            raise CommandError(f"Nothing was sent. {problem_of(error)}") from None
        self._report(address)

    def _report(self, address: str) -> None:
        if settings.EMAIL_BACKEND != SENDING_BACKEND:
            self.stdout.write(
                f"PORTAL_MAIL_URL sends no email: {settings.EMAIL_BACKEND} has it. Set PORTAL_MAIL_URL "
                "to the address of a mail server (smtp+tls://user:password@host:587)."
            )
            return
        self.stdout.write(
            f"{settings.EMAIL_HOST} accepted the email from {settings.DEFAULT_FROM_EMAIL} to {address}. "
            "Look whether it arrives, and whether it is marked as spam: if so, check the SPF, DKIM and "
            "DMARC records of the sender's domain."
        )
