"""Find stored files that nothing names any more: `python manage.py collect_orphans [--delete]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from proposals.workspace.stored_files import delete_orphan, find_orphans


class Command(BaseCommand):
    help = (
        "List stored files older than a day that no proposal, reply or export names: of drafts that were "
        "deleted for good, and of uploads that were cut off."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--delete", action="store_true", help="delete them")

    def handle(self, *args: Any, delete: bool, **options: Any) -> None:
        count = freed = 0
        for path in find_orphans():
            size = path.stat().st_size
            count += 1
            if delete and delete_orphan(path):
                freed += size
            self.stdout.write(f"{path}  {size} bytes")
        if not delete:
            self.stdout.write(f"{count} files are named by nothing. --delete deletes them.")
            return
        self.stdout.write(f"{count} files were named by nothing; {freed} bytes are free again.")
