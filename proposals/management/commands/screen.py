"""Judges dossiers from files, without an account and without a database."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from traceback import format_exc
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls.call_export import call_content
from calls.call_file import BadCallFile
from calls.eligibility import Finding, Outcome, canonical
from calls.models import Call
from foundation.instants import day_from, instant_from
from foundation.sentences import gettext as _
from proposals.dossier.file_format import AN_INSTANT
from proposals.dossier.file_reader import UnusableDossier
from proposals.dossier.file_screening import (
    CallConditions,
    Judged,
    conditions_from,
    conditions_in,
    dossiers_in,
    judge_text,
)

SOME_DO_NOT_PASS, UNUSABLE = 1, 2
STANDARD_INPUT = "-"
INDENT = "      "
WIDEST = 100  # characters of a line

WORDS = {
    Outcome.PASS: "met",
    Outcome.WARN: "to review",
    Outcome.NEEDS_REVIEW: "needs review",
    Outcome.INELIGIBLE: "not met",
    Outcome.INADMISSIBLE: "not admissible",
}


class Command(BaseCommand):
    help = (
        "Check dossier files against the rules of their call. Exit status: 0 all pass, 1 some "
        "do not, 2 some input cannot be used (the output names the file, the field and the "
        "error)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files",
            nargs="+",
            metavar="FILE",
            help="a dossier as JSON, or one dossier per line; - for standard input",
        )
        parser.add_argument(
            "--rule-date",
            metavar="D",
            help="the date that decides which countries participate (ISO)",
        )
        parser.add_argument(
            "--received-at", metavar="T", help=f"{AN_INSTANT}; overrides the time in the dossier"
        )
        parser.add_argument("--format", choices=["json", "text"], default="json")
        parser.add_argument(
            "--call",
            action="append",
            type=Path,
            default=[],
            metavar="FILE",
            help="use this call file instead of the shipped ones; can be repeated",
        )
        parser.add_argument(
            "--stored", action="store_true", help="use the calls in the portal's database"
        )

    def handle(self, *args: Any, files: list[str], **options: Any) -> None:
        conditions = self._conditions(options["call"], stored=options["stored"])
        values = {
            "rule_date": _parsed("rule-date", options, day_from, "a date such as 2015-04-21"),
            "received_at": _parsed("received-at", options, instant_from, AN_INSTANT),
        }
        show = self._as_text if options["format"] == "text" else _as_json
        status = 0
        try:
            for name in files:
                for judged in self._judged(name, conditions, values):
                    status = max(status, _status_of(judged))
                    if judged is not None:
                        self.stdout.write(show(judged))
        except BrokenPipeError:  # who read the output has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = UNUSABLE
        except Exception:  # noqa: BLE001 -- Python's own status 1 would say that some do not pass
            self.stderr.write(format_exc())
            status = UNUSABLE
        if status:
            sys.exit(status)

    def _conditions(self, files: list[Path], *, stored: bool) -> dict[str, CallConditions]:
        if stored:
            calls = Call.objects.with_page_parts().select_related("programme")
            return {call.reference: conditions_from(call_content(call)) for call in calls}
        try:
            return conditions_in(files)
        except OSError as error:
            message = f"{error.filename} cannot be read: {error.strerror}."
            raise CommandError(message, returncode=UNUSABLE) from None
        except BadCallFile as problem:
            raise CommandError(str(problem), returncode=UNUSABLE) from None

    def _judged(
        self, name: str, conditions: Mapping[str, CallConditions], values: dict[str, Any]
    ) -> Iterator[Judged | None]:
        """Each dossier of a file; None, and a word to standard error, for what cannot be used."""
        try:
            with _opened(name) as stream:
                for line, text in dossiers_in(stream):
                    try:
                        yield judge_text(text, conditions, **values)
                    except UnusableDossier as unusable:
                        self._report(name, line, unusable)
                        yield None
        except OSError as error:
            self.stderr.write(f"{name} cannot be read: {error.strerror}.")
            yield None

    def _report(self, name: str, line: int | None, unusable: UnusableDossier) -> None:
        where = f"{name}, line {line}" if line else name
        for problem in unusable.problems:
            self.stderr.write(f"{where}: {problem}")

    def _as_text(self, judged: Judged) -> str:
        """For people: what is not met first, each with its mending and its source."""
        verdict = judged.readable
        outcome = self._coloured(verdict.outcome, OVERALL[verdict.outcome])
        met = len(verdict.having(Outcome.PASS))
        lines = [
            self.style.MIGRATE_HEADING(f"{_printable(judged.title)} · strand {judged.strand}"),
            f"  {outcome} · {met} met, countries as of {verdict.rule_date}",
        ]
        not_met = [finding for finding in verdict.findings if finding.outcome != Outcome.PASS]
        for finding in sorted(not_met, key=lambda finding: -finding.outcome.severity):
            lines += self._lines_of(finding)
        return "\n".join([*lines, ""])

    def _lines_of(self, finding: Finding) -> list[str]:
        word = self._coloured(finding.outcome, WORDS[finding.outcome])
        texts = [finding.message]
        if finding.fix:
            texts.append(_("To fix it: %(advice)s") % {"advice": finding.fix.advice})
        texts.append(_("Source: %(source)s") % {"source": finding.source})
        width = min(get_terminal_size().columns, WIDEST)
        indented = [
            fill(
                _printable(text),
                width,
                initial_indent=INDENT,
                subsequent_indent=INDENT,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for text in texts
        ]
        return [f"  {word} · {finding.rule}", *indented]

    def _coloured(self, outcome: Outcome, text: str) -> str:
        paint = {
            Outcome.PASS: self.style.SUCCESS,
            Outcome.WARN: self.style.WARNING,
            Outcome.NEEDS_REVIEW: self.style.WARNING,
        }.get(outcome, self.style.ERROR)
        return paint(text)


OVERALL = {
    Outcome.PASS: "All rules met",
    Outcome.NEEDS_REVIEW: "Needs review",
    Outcome.INELIGIBLE: "Rules not met",
    Outcome.INADMISSIBLE: "Not admissible",
}


def _printable(text: str) -> str:
    """Without what could steer the terminal that it is shown on."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _status_of(judged: Judged | None) -> int:
    if judged is None:
        return UNUSABLE
    return 0 if judged.verdict.outcome == Outcome.PASS else SOME_DO_NOT_PASS


def _as_json(judged: Judged) -> str:
    return canonical(judged.verdict.as_json())


def _parsed(name: str, options: dict[str, Any], parse: Callable[[str], Any], expected: str) -> Any:
    """The value of an option that was given; None where it was not."""
    text = options[name.replace("-", "_")]
    value = None if text is None else parse(text)
    if text is not None and value is None:
        message = f"--{name}: found “{text}”; expected {expected}."
        raise CommandError(message, returncode=UNUSABLE)
    return value


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as stream:
        yield stream
