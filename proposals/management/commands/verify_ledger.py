"""Recompute the whole log: `python manage.py verify_ledger [--head FILE …]`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from proposals.proof.ledger import current_size, sequence
from proposals.proof.ledger_audit import KeptHead, UnreadableHead, audit, read_heads


class Command(BaseCommand):
    help = (
        "Recompute the log and name every entry that was changed, left out, moved or slipped in. With "
        "--head, also compare it with signed heads that were kept outside of the portal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="FILE",
            help="a daily head, the file of all of them, or a receipt’s proof.json (- for standard input)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kept = [head for name in options["head"] for head in self._heads_in(name)]
        sequence()
        found = 0
        for sentence in audit(kept):
            found += 1
            self.stdout.write(self.style.ERROR(sentence))
        if found:
            raise CommandError(f"{found} things are wrong with the log.")
        self.stdout.write(f"The log is whole: {current_size()} entries, each as it was signed.")
        if kept:
            self.stdout.write(
                f"It begins with each of the {len(kept)} heads that were kept outside."
            )

    def _heads_in(self, name: str) -> list[KeptHead]:
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
            heads = read_heads(text)
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}", returncode=2) from None
        except UnicodeDecodeError:
            raise CommandError(f"{name}: It is no text in UTF-8.", returncode=2) from None
        except UnreadableHead as error:
            raise CommandError(f"{name}: {error}", returncode=2) from None
        if not heads:
            raise CommandError(f"{name}: There is no head in it.", returncode=2)
        return heads
