"""Brings contact points in from a table; can run as often as one likes."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.csv_import import InvalidCsv, text_of
from proposals.helpdesk.contact_points import read_contact_points, store_contact_points


class Command(BaseCommand):
    help = "Import or update contact points from a CSV file. If a row has an error, nothing is imported."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            rows = read_contact_points(text_of(file.read_bytes()))
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except InvalidCsv as refusal:
            raise CommandError(f"{file}: {refusal}") from None
        wrong = [f"line {row.line}: {' '.join(row.problems)}" for row in rows if not row.is_usable]
        if wrong:
            raise CommandError("Nothing was imported.\n" + "\n".join(wrong))
        self.stdout.write(f"{store_contact_points(rows)} contact points created or updated.")
