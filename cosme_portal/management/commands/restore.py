"""Make a portal from a backup and prove it: `python manage.py restore DIR`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from cosme_portal.backup import BackupError, Manifest, lost_rows, read_backup, restore_backup


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database and the folder of files, then check every file, the "
        "log and every verdict. Create database and roles first (`database_roles`)."
    )
    requires_system_checks: list[str] = []  # there are no tables yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            manifest = read_backup(folder)
            restore_backup(folder, manifest)
        except BackupError as error:
            raise CommandError(str(error)) from None
        self._compare(manifest)
        call_command("verify_files", adopt=True, stdout=self.stdout, stderr=self.stderr)
        for command in ("verify_ledger", "replay"):
            call_command(command, stdout=self.stdout, stderr=self.stderr)
        self.stdout.write(self.style.SUCCESS(f"The portal is as it was at {manifest.made_at}."))

    def _compare(self, manifest: Manifest) -> None:
        if lost := lost_rows(manifest):
            raise CommandError("The restored database differs. " + "; ".join(lost))
        for table, count in manifest.rows.items():
            self.stdout.write(f"{table}: {count} rows, as in the backup.")
