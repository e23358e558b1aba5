"""Compare every uploaded file with its row: `python manage.py verify_files`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from proposals.workspace.stored_files import find_file_problems, named_files


class Command(BaseCommand):
    help = (
        "Read every uploaded file that a proposal or reply names, and compare its SHA-256. Exit "
        "status: 0 all are there and unchanged, 1 at least one is missing or changed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        files = named_files()
        number = 0
        for problem in find_file_problems(files):
            number += 1
            self.stdout.write(self.style.ERROR(str(problem)))
        if number:
            raise CommandError(f"{number} of {len(files)} files are missing or changed.")
        self.stdout.write(f"All {len(files)} files are there and unchanged.")
