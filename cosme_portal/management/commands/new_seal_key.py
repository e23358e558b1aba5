"""A new key to seal with: `python manage.py new_seal_key [FILE]`."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from foundation import clock
from proposals.proof.signing_key import fingerprint_in, make_key_and_certificate, write_new_key

DEFAULT_YEARS, MAX_YEARS = 10, 30
MAX_NAME = 64  # characters, of a common name in X.509


class Command(BaseCommand):
    help = (
        "Make a P-256 key and a certificate that it signs itself, in one PEM file that only its owner "
        "can read. Never overwrites a file. FILE is PORTAL_SEAL_FILE unless named."
    )
    requires_system_checks: list[str] = []  # the portal is not complete without what this makes

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", nargs="?", default="", help="PORTAL_SEAL_FILE")
        parser.add_argument(
            "--name", default="", help="name in the certificate, as readers of a receipt see it"
        )
        parser.add_argument(
            "--years", type=int, default=DEFAULT_YEARS, help="how long it is valid (%(default)s)"
        )

    def handle(self, *args: Any, file: str, name: str, years: int, **options: Any) -> None:
        name = name or f"Seal of {settings.BASE_URL.partition('://')[2]}"[:MAX_NAME]
        if not 1 <= years <= MAX_YEARS:
            raise CommandError(f"Choose from 1 to {MAX_YEARS} years. No key was made.")
        if len(name) > MAX_NAME:
            raise CommandError(f"Choose a name of at most {MAX_NAME} characters. No key was made.")
        begins = clock.real_now()
        pem = make_key_and_certificate(name, begins, begins + timedelta(days=365 * years))
        path = Path(file or settings.SEAL_FILE)
        self._write(path, pem)
        self.stdout.write(
            f"{path} holds a new key and its certificate “{name}”, valid for {years} years.\n"
            f"SHA-256 of the certificate: {fingerprint_in(pem)}\n"
            "Only its owner can read the file: that must be the user of web and workers. Set "
            "PORTAL_SEAL_FILE to it, keep an encrypted copy of it elsewhere, restart web and workers, and "
            "publish the SHA-256 where people can compare it."
        )

    def _write(self, path: Path, pem: bytes) -> None:
        try:
            write_new_key(path, pem)
        except FileExistsError:
            raise CommandError(
                f"{path} exists and was not changed: a key that is lost cannot be made again. Choose "
                "another file."
            ) from None
        except OSError as error:
            raise CommandError(
                f"{path} could not be written: {error.strerror}. Create its folder, owned by the portal's "
                "user. No key was made."
            ) from None
