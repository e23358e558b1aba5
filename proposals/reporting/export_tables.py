"""Versions as a table, in three formats that are written row by row, so that memory does not grow.

Texts come from applicants: in CSV a cell that a spreadsheet would take for a formula gets an apostrophe in
front (OWASP, CSV injection); in XLSX texts are written as texts, which are never computed.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from applicants.models import UNNAMED_USER
from calls.eligibility.countries import name_on
from calls.eligibility.facts import Role
from calls.eligibility.rules import title_of
from foundation.instants import as_rfc3339
from foundation.spreadsheets import escape_formula
from proposals.models import Decision, DecisionState, VersionQuerySet
from proposals.screening.sheet import check_summary

CHUNK = 25  # versions that are held at once, with those of the chunk before

# Name in JSON → heading of the column.
COLUMNS: dict[str, str | Promise] = {
    "proposal": _("Proposal"),
    "version": _("Version"),
    "call": _("Call"),
    "strand": _("Strand"),
    "acronym": _("Acronym"),
    "title": _("Title"),
    "coordinator": _("Coordinator"),
    "applicants": _("Applicants"),
    "countries": _("Countries"),
    "costs": _("Total eligible costs (EUR)"),
    "grant": _("Requested EU contribution (EUR)"),
    "received_at": _("Received (UTC)"),
    "automatic_check": _("Automatic check"),
    "rules": _("Rules to review"),
    "officer": _("Officer"),
    "due_on": _("Decision due by"),
    "outcome": _("Outcome"),
    "state": _("Status of the decision"),
    "decided_at": _("Decided (UTC)"),
    "reason": _("Reason"),
    "notified_at": _("Letter sent (UTC)"),
    "sha256": _("SHA-256"),
}

Row = dict[str, Any]


def export_rows(versions: VersionQuerySet) -> Iterator[Row]:
    """A row for each version; two queries for every twenty-five.

    Read as values: models would hold each other, and pile up until the garbage collector comes by.
    """
    result = versions.with_latest_verdict().order_by("pk")
    stream = result.values("pk", *READ).iterator(CHUNK)
    while chunk := list(islice(stream, CHUNK)):
        decisions = _decisions_of([item["pk"] for item in chunk])
        for version in chunk:
            yield _row(version, decisions.get(version["pk"], []))


READ = (
    "number",
    "dossier",
    "acronym",
    "countries",
    "received_at",
    "sha256",
    "latest_outcome",
    "latest_rules",
    "proposal__number",
    "proposal__current_version",
    "proposal__strand__code",
    "proposal__strand__call__reference",
    "proposal__assignment__due_on",
    "proposal__assignment__officer__full_name",
)
DECIDED = ("version", "outcome", "reason", "decided_at", "review__answer", "notice__notified_at")


def _decisions_of(versions: list[int]) -> dict[int, list[Row]]:
    """What was decided about each, the newest first."""
    results: dict[int, list[Row]] = {}
    for decision in Decision.objects.filter(version__in=versions).order_by("-pk").values(*DECIDED):
        results.setdefault(decision["version"], []).append(decision)
    return results


def _row(version: Row, decisions: list[Row]) -> Row:
    dossier = json.loads(version["dossier"])
    applicants = [
        participant
        for participant in dossier["consortium"]
        if participant["role"] != Role.ASSOCIATED.value
    ]
    leads = [applicant for applicant in applicants if applicant["role"] == Role.COORDINATOR.value]
    officer = version["proposal__assignment__officer__full_name"]
    return {
        "proposal": version["proposal__number"],
        "version": version["number"],
        "call": version["proposal__strand__call__reference"],
        "strand": version["proposal__strand__code"],
        "acronym": version["acronym"],
        "title": dossier["summary"]["title"],
        "coordinator": leads[0]["organisation"]["legal_name"] if leads else "",
        "applicants": [applicant["organisation"]["legal_name"] for applicant in applicants],
        "countries": version["countries"],
        "costs": Decimal(dossier["budget"]["total_costs"]),
        "grant": Decimal(dossier["budget"]["total_grant"]),
        "received_at": version["received_at"],
        "automatic_check": check_summary(
            version["latest_outcome"], counts=version["proposal__current_version"] == version["pk"]
        ),
        "rules": version["latest_rules"] or [],
        "officer": "" if officer is None else officer or str(UNNAMED_USER),
        "due_on": version["proposal__assignment__due_on"],
        **_decided(decisions),
        "sha256": version["sha256"],
    }


OUTCOMES = dict(Decision.OutcomeChoices.choices)


def _decided(data: list[Row]) -> Row:
    """The newest decision: a confirmed one, if there is one."""
    states = [DecisionState.after(row["review__answer"]) for row in data]
    place = states.index(DecisionState.CONFIRMED) if DecisionState.CONFIRMED in states else 0
    newest = data[place] if data else {}
    return {
        "outcome": OUTCOMES[newest["outcome"]] if newest else "",
        "state": states[place].label if newest else "",
        "decided_at": newest.get("decided_at"),
        "reason": newest.get("reason", ""),
        "notified_at": newest.get("notice__notified_at"),
    }


def write_csv(rows: Iterable[Row], out: IO[bytes]) -> None:
    """UTF-8 with a mark at the start, by which spreadsheets know it."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([str(heading) for heading in COLUMNS.values()])
    for row in rows:
        writer.writerow([escape_formula(as_text(_shown(name, row))) for name in COLUMNS])
    text.detach()


def _shown(name: str, row: Row) -> Any:
    """What a table for people shows: names of rules and countries, for which JSON has the codes."""
    if name == "rules":
        return [title_of(rule) for rule in row["rules"]]
    if name == "countries":
        return [name_on(code, row["received_at"].date()) for code in row["countries"]]
    return row[name]


def as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return as_rfc3339(value)
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def write_xlsx(rows: Iterable[Row], out: IO[bytes]) -> None:
    import xlsxwriter  # noqa: PLC0415 -- loaded where a table of this kind is written

    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet("Versions")
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for column, heading in enumerate(COLUMNS.values()):
        sheet.write_string(0, column, str(heading), bold)
        sheet.set_column(column, column, WIDTH)
    last = 0
    for last, row in enumerate(rows, start=1):
        for column, name in enumerate(COLUMNS):
            _write_cell(sheet, last, column, _shown(name, row))
    sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
    book.close()


WIDTH = 18  # characters
MAX_CELL_LENGTH = 32_767  # characters in a cell of XLSX


def _write_cell(sheet: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, int | Decimal):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, _fitting(as_text(value)))


def _fitting(text: str) -> str:
    """What a cell of XLSX can hold; where that is not all, the cell says so."""
    if len(text) <= MAX_CELL_LENGTH:
        return text
    text_cut = _(
        "Shortened: too long for a cell in Excel. The CSV and JSON exports contain all of it."
    )
    suffix = f"… [{text_cut}]"
    return text[: MAX_CELL_LENGTH - len(suffix)] + suffix


def write_json(rows: Iterable[Row], out: IO[bytes]) -> None:
    """A list of objects; amounts are texts, instants RFC 3339."""
    out.write(b"[")
    for number, row in enumerate(rows):
        plain = {name: _plain(row[name]) for name in COLUMNS}
        out.write((",\n" if number else "\n").encode())
        out.write(json.dumps(plain, ensure_ascii=False).encode())
    out.write(b"\n]\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Sequence | int):
        return value
    return None if value is None else as_text(value)
