"""Recompute the whole log: `python manage.py verify_ledger`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from proposals.auditing import audit
from proposals.ledger import current_size, sequence


class Command(BaseCommand):
    help = "Recompute the log and name every entry that was changed, left out, moved or slipped in."

    def handle(self, *args: Any, **options: Any) -> None:
        sequence()
        found = 0
        for sentence in audit():
            found += 1
            self.stdout.write(self.style.ERROR(sentence))
        if found:
            raise CommandError(f"{found} things are wrong with the log.")
        self.stdout.write(f"The log is whole: {current_size()} entries, each as it was signed.")
