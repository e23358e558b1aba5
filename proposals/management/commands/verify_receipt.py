"""Check a receipt without network: `python manage.py verify_receipt FILE.pdf`.

The check itself is the stand-alone program that is published for everyone (`docs/verify_receipt.py`).
Trusted are the portal's own certificates: the configured one, and those that its database has published.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from proposals.proof.signing_key import own_certificates
from proposals.proof.verification import program


class Command(BaseCommand):
    help = (
        "Verify the seal, attachments, hash and log proof of a proof of submission, without "
        "network access. The portal's own certificates are trusted. Exit status: 0 valid, 1 "
        "invalid, 2 not a proof of submission, 3 intact but of unknown origin because no "
        "certificate is known."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--certificate",
            type=Path,
            action="append",
            default=[],
            help="an additional certificate that you trust (PEM)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = [str(options["file"]), *(str(item) for item in options["certificate"])]
        status = program().main(names, own_certificates())
        if status:
            raise SystemExit(status)
