"""Check a receipt without database or network: `python manage.py verify_receipt FILE.pdf`.

The check itself is the stand-alone program that is published for everyone (`docs/verify_receipt.py`).
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from proposals.checking import program


class Command(BaseCommand):
    help = "Check seal, attachments, hash and proof of a receipt, without database and network."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--certificate",
            type=Path,
            action="append",
            default=[],
            help="One that you trust (PEM).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = [str(options["file"]), *(str(one) for one in options["certificate"])]
        status = program().main(names)
        if status:
            raise SystemExit(status)
