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
        "Check seal, attachments, hash and proof of a receipt, without network; the portal's own "
        "certificates are trusted. Exit status: 0 all holds, 1 something does not, 2 this is no "
        "receipt, 3 intact, but of unknown origin: no certificate is known."
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
            help="another one that you trust (PEM)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = [str(options["file"]), *(str(one) for one in options["certificate"])]
        status = program().main(names, own_certificates())
        if status:
            raise SystemExit(status)
