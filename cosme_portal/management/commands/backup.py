"""Copy the portal into a folder while people work: `python manage.py backup DIR`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cosme_portal.backup import BackupError, make_backup


class Command(BaseCommand):
    help = (
        "Dump the database, then copy every uploaded file that the dump names, then write a "
        "manifest with the hash of each. DIR must be new or empty."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            manifest = make_backup(folder)
        except BackupError as error:
            raise CommandError(str(error)) from None
        size = sum(manifest.files.values())
        self.stdout.write(
            f"The backup in {folder} is complete: the database and {len(manifest.files)} files "
            f"({size} bytes), as of {manifest.made_at}."
        )
