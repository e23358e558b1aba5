"""The first administrator, before email works: `python manage.py create_first_admin ADDRESS --name NAME`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from applicants.administrators import (
    AddressTaken,
    AdministratorExists,
    AdministratorForm,
    create_first_administrator,
    password_link,
)


class Command(BaseCommand):
    help = (
        "Create the first administrator and print a link, once, at which that person chooses a "
        "password. Needs no email. Refuses if an administrator exists."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", metavar="ADDRESS", help="email address to sign in with")
        parser.add_argument("--name", required=True, help="full name, as colleagues will see it")

    def handle(self, *args: Any, address: str, name: str, **options: Any) -> None:
        form = AdministratorForm({"email": address, "full_name": name})
        if not form.is_valid():
            problems = " ".join(str(error) for errors in form.errors.values() for error in errors)
            raise CommandError(f"No administrator was created. {problems}")
        try:
            user = create_first_administrator(**form.cleaned_data)
        except AdministratorExists:
            raise CommandError(
                "An administrator exists, so nothing was changed. An administrator makes others under "
                "People in the back office. For a forgotten password or a lost link run `manage.py "
                "changepassword ADDRESS`."
            ) from None
        except AddressTaken:
            raise CommandError(
                "This address has an account, so nothing was changed. Choose another address: nobody "
                "can be administrator and applicant."
            ) from None
        self.stdout.write(
            f"{user} is now an administrator, without a password. Open this link within "
            f"{settings.PASSWORD_RESET_TIMEOUT // 3600} hours and choose one. The link works once and "
            "is not shown again; whoever has it can sign in as administrator.\n"
        )
        self.stdout.write(password_link(user))
