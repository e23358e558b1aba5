"""Check a receipt without database or network: `python manage.py verify_receipt FILE.pdf`.

The check itself is the stand-alone program that is published for everyone (`docs/verify_receipt.py`).
"""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

PROGRAM = settings.ROOT / "docs" / "verify_receipt.py"


@cache
def program() -> ModuleType:
    """The published program as a module."""
    spec = importlib.util.spec_from_file_location("verify_receipt", PROGRAM)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
