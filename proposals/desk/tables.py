"""Versions as a table, in three formats that are written row by row, so that memory does not grow.

Texts come from applicants: in CSV a cell that a spreadsheet would take for a formula gets an apostrophe in
front (OWASP, CSV injection); in XLSX texts are written as texts, which are never computed.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.db.models import Prefetch
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from calls.eligibility.facts import Role
from proposals.models import Decision, StoredVerdict, Version, VersionQuerySet

CHUNK = 50  # versions that are held at once, each with its parsed dossier
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")

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
    "costs": _("Eligible costs (EUR)"),
    "grant": _("Requested grant (EUR)"),
    "received_at": _("Received (UTC)"),
    "machine": _("Machine says"),
    "rules": _("Rules that ask for a look"),
    "officer": _("Officer"),
    "due_on": _("To be decided by"),
    "outcome": _("Outcome"),
    "state": _("State of the outcome"),
    "decided_at": _("Decided (UTC)"),
    "reason": _("Reason"),
    "informed_at": _("Informed (UTC)"),
    "sha256": _("SHA-256"),
}

Row = dict[str, Any]


def rows_of(versions: VersionQuerySet) -> Iterator[Row]:
    """A row for each version; a fixed number of queries for every fifty."""
    decisions = Decision.objects.select_related("review", "information").order_by("-pk")
    found = (
        versions.with_latest_verdict()
        .select_related("proposal__strand__call", "proposal__assignment__officer")
        .prefetch_related(Prefetch("decisions", decisions))
        .defer("circumstances")
        .order_by("pk")
    )
    for version in found.iterator(CHUNK):
        yield _row(version)


def _row(version: Version) -> Row:
    dossier = version.document
    applicants = [one for one in dossier["consortium"] if one["role"] != Role.ASSOCIATED.value]
    names = [one["organisation"]["legal_name"] for one in applicants]
    leads = [one for one in applicants if one["role"] == Role.COORDINATOR.value]
    assignment = version.proposal.assigned
    return {
        "proposal": version.proposal.number,
        "version": version.number,
        "call": version.proposal.strand.call.reference,
        "strand": version.proposal.strand.code,
        "acronym": version.acronym,
        "title": dossier["summary"]["title"],
        "coordinator": leads[0]["organisation"]["legal_name"] if leads else "",
        "applicants": names,
        "countries": version.countries,
        "costs": Decimal(dossier["budget"]["total_costs"]),
        "grant": Decimal(dossier["budget"]["total_grant"]),
        "received_at": version.received_at,
        "machine": dict(StoredVerdict.OutcomeChoices.choices).get(version.latest_outcome or "", ""),
        "rules": version.latest_rules or [],
        "officer": str(assignment.officer) if assignment else "",
        "due_on": assignment.due_on if assignment else None,
        **_decided(version),
        "sha256": version.sha256,
    }


def _decided(version: Version) -> Row:
    """The newest decision: one that stands, if there is one."""
    given = list(version.decisions.all())
    standing = [one for one in given if one.reviewed and one.reviewed.answer == "confirmed"]
    newest = next(iter(standing or given), None)
    information = newest.told if newest else None
    return {
        "outcome": newest.get_outcome_display() if newest else "",
        "state": newest.state.label if newest else "",
        "decided_at": newest.decided_at if newest else None,
        "reason": newest.reason if newest else "",
        "informed_at": information.informed_at if information else None,
    }


def write_csv(rows: Iterable[Row], out: IO[bytes]) -> None:
    """UTF-8 with a mark at the start, by which spreadsheets know it."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([str(heading) for heading in COLUMNS.values()])
    for row in rows:
        writer.writerow([harmless(as_text(row[name])) for name in COLUMNS])
    text.detach()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(STARTS_A_FORMULA) else cell


def as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def write_xlsx(rows: Iterable[Row], out: IO[bytes]) -> None:
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
            _write_cell(sheet, last, column, row[name])
    sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
    book.close()


WIDTH = 18  # signs
LONGEST_CELL = 32_767  # signs, of a cell of XLSX


def _write_cell(sheet: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, int | Decimal):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, as_text(value)[:LONGEST_CELL])


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
