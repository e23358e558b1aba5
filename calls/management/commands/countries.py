"""Tells which countries participated on a day."""

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls.country_list import CountryRow, countries_on
from calls.models import Programme
from foundation import clock


class Command(BaseCommand):
    help = "List the countries that participated on a given day (default: today), with the legal basis."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("day", nargs="?", metavar="DAY", help="for example 2015-04-21")
        parser.add_argument("--programme", default="COSME", metavar="CODE")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, day: str | None, programme: str, **options: Any) -> None:
        result = Programme.objects.filter(code=programme).first()
        if result is None:
            known = ", ".join(Programme.objects.values_list("code", flat=True)) or "none yet"
            raise CommandError(
                f"The programme “{programme}” does not exist. Known programmes: {known}."
            )
        answer = countries_on(_day(day), result.country_set(), result.legal_basis)
        if options["format"] == "json":
            self.stdout.write(json.dumps(answer.as_json(), ensure_ascii=False, indent=2))
            return
        self.stdout.write(f"{answer.counting} countries participated on {answer.day}.")
        for title, rows in (
            ("Member States", answer.members),
            ("Others", answer.others),
            ("Signed, not in force: needs review", answer.signed_only),
        ):
            if rows:
                self.stdout.write(f"\n{title}")
            for row in rows:
                self.stdout.write(f"  {_line(row)}")


def _line(row: CountryRow) -> str:
    since = f"since {row.in_force_on}" if row.in_force_on else f"signed {row.signed_on}"
    until = f" until {row.counts_until}" if row.counts_until else ""
    return f"{row.code}  {row.name}: {since}{until} ({row.source})"


def _day(text: str | None) -> date:
    if text is None:
        return clock.now().date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"Found “{text}”; expected a day such as 2015-04-21.") from None
