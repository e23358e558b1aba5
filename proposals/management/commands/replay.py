"""Makes every stored verdict again and reports any byte that differs."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from proposals.conditions.verdict_replay import ReplayResult, replay_in_parts
from proposals.models import VerdictRecord


class Command(BaseCommand):
    help = (
        "Recompute every stored verdict from its facts, rules and countries. Exit status: 0 all "
        "identical, 1 at least one differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--call", metavar="REF", help="only verdicts of this call")
        parser.add_argument("--processes", type=int, default=1, metavar="N")

    def handle(self, *args: Any, call: str | None, processes: int, **options: Any) -> None:
        verdicts = VerdictRecord.objects.all()
        if call:
            verdicts = verdicts.filter(version__proposal__strand__call__reference=call)
        total, outcome = verdicts.count(), ReplayResult()
        for part in replay_in_parts(verdicts, processes=max(1, processes)):
            outcome.add(part)
            for difference in part.differences:
                self.stdout.write(self.style.ERROR(str(difference)))
            self._show_progress(outcome.seen, total)
        self._sum_up(outcome)
        if outcome.differences:
            sys.exit(1)

    def _show_progress(self, seen: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{seen} of {total}", ending="\n" if seen >= total else "")

    def _sum_up(self, outcome: ReplayResult) -> None:
        self.stdout.write(f"{outcome.same} verdicts are identical, byte for byte.")
        if outcome.older:
            self.stdout.write(
                f"{outcome.older} could not be checked because their facts were not stored."
            )
        if outcome.differences:
            self.stdout.write(self.style.ERROR(f"{len(outcome.differences)} differ."))
