"""Recompute the whole log: `python manage.py verify_ledger [--head FILE …]`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from proposals.proof.ledger import current_size, sequence
from proposals.proof.ledger_audit import StoredHead, UnreadableHead, find_problems, read_heads


class Command(BaseCommand):
    help = (
        "Recompute the log and report every entry that was changed, removed, moved or inserted. "
        "With --head, also compare it with signed tree heads kept outside the portal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="FILE",
            help=(
                "a daily head, the file with all of them, or the proof.json of a proof of "
                "submission (- for standard input)"
            ),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stored_heads = [head for name in options["head"] for head in self._heads_in(name)]
        sequence()
        number = 0
        for sentence in find_problems(stored_heads):
            number += 1
            self.stdout.write(self.style.ERROR(sentence))
        if number:
            raise CommandError(f"{number} problems found in the log.")
        self.stdout.write(f"The log is intact: {current_size()} entries, all as signed.")
        if stored_heads:
            self.stdout.write(f"It is consistent with all {len(stored_heads)} tree heads given.")

    def _heads_in(self, name: str) -> list[StoredHead]:
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
            heads = read_heads(text)
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}", returncode=2) from None
        except UnicodeDecodeError:
            raise CommandError(f"{name}: The file is not UTF-8 text.", returncode=2) from None
        except UnreadableHead as error:
            raise CommandError(f"{name}: {error}", returncode=2) from None
        if not heads:
            raise CommandError(f"{name}: The file contains no tree head.", returncode=2)
        return heads
