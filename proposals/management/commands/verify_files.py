"""Compare every uploaded file with its row: `python manage.py verify_files`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.file_folder import MARKER, file_folder
from proposals.models import FileFolder
from proposals.workspace.stored_files import find_file_problems, named_files


class Command(BaseCommand):
    help = (
        "Read every uploaded file that a proposal or reply names, and compare its SHA-256. Exit "
        "status: 0 all are there and unchanged, 1 at least one is missing or changed. With --adopt, "
        "the database then knows this folder as its own."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--adopt",
            action="store_true",
            help="if all files are there, let the database know this folder (after a move or repair)",
        )

    def handle(self, *args: Any, adopt: bool = False, **options: Any) -> None:
        files = named_files()
        number = 0
        for problem in find_file_problems(files):
            number += 1
            self.stdout.write(self.style.ERROR(str(problem)))
        if number:
            raise CommandError(f"{number} of {len(files)} files are missing or changed.")
        self.stdout.write(f"All {len(files)} files are there and unchanged.")
        if adopt:
            self._adopt()

    def _adopt(self) -> None:
        try:
            FileFolder.adopt()
        except OSError as error:
            raise CommandError(
                f"The marker {MARKER} could not be written to {file_folder()}: {error.strerror}. Nothing was "
                "changed. Let the portal's user write there, then repeat this command."
            ) from None
        self.stdout.write(
            f"{file_folder()} is now the folder of this database. Restart web and workers."
        )
