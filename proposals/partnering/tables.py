"""Requests as CSV and JSON, and from CSV with a look at what would happen."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from applicants import choices
from applicants.models import Organisation, User
from calls.fields import country_in
from calls.models import Call
from foundation.csv_import import CsvRow, RowAction, as_cell, read_rows, split_list
from foundation.sentences import gettext as _
from proposals.models import LANGUAGES, PartnershipRequest
from proposals.partnering.forms import check_cordis_link, check_een_reference
from proposals.partnering.requests import draft_request

NEEDED = ("kind", "role", "strands", "title", "text", "languages")
LISTS: Mapping[str, Any] = {
    "sectors": dict(choices.SECTORS),
    "emerging_industries": dict(choices.EMERGING_INDUSTRIES),
    "technologies": dict(choices.TECHNOLOGIES),
    "languages": LANGUAGES,
}
KNOWN = (
    *NEEDED,
    "sectors",
    "emerging_industries",
    "technologies",
    "markets",
    "countries",
    "een_reference",
    "cordis_link",
)
MAX_TITLE_LENGTH, MAX_TEXT_LENGTH = 120, 6000
COLUMNS = ("number", "call", "organisation", "country", "published_at", "open_until", *KNOWN)


def as_row(request: PartnershipRequest) -> dict[str, Any]:
    """What everybody may read of a published request."""
    named = request.organisation if request.shows_name else None
    own = {name: getattr(request, name) for name in KNOWN}
    return own | {
        "number": request.number,
        "call": request.call.reference,
        "organisation": named.name if named else "",
        "country": request.organisation.country if request.organisation else "",
        "published_at": request.published_at.isoformat() if request.published_at else "",
        "open_until": request.end.isoformat() if request.end else "",
    }


def as_csv(requests: Iterable[PartnershipRequest]) -> str:
    """A table for spreadsheets, whose cells are no formulas."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for request in requests:
        row = as_row(request)
        writer.writerow([as_cell(row[name]) for name in COLUMNS])
    return "\ufeff" + buffer.getvalue()


def as_json(requests: Iterable[PartnershipRequest]) -> str:
    return json.dumps([as_row(request) for request in requests], ensure_ascii=False, indent=1)


def read_requests(text: str, *, organisation: Organisation, call: Call) -> list[CsvRow]:
    """Each row of a table with what would happen to it. Raises InvalidCsv."""
    own = PartnershipRequest.objects.filter(organisation=organisation, call=call)
    there = set(own.values_list("title", flat=True))
    strands = {strand.code for strand in call.strands.all()}

    def check(row: CsvRow) -> None:
        row.values = _parse_values(row, strands)
        if row.values["title"] in there:
            row.action = RowAction.SAME
        there.add(row.values["title"])

    return read_rows(text, needed=NEEDED, known=KNOWN, check=check)


def _parse_values(row: CsvRow, strands: set[str]) -> dict[str, Any]:
    """What a row says, as it is stored; what is wrong is noted in the row."""
    cells, values = row.cells, dict[str, Any](row.cells)
    for name, enum in (("kind", PartnershipRequest.Kind), ("role", PartnershipRequest.Role)):
        if cells[name] not in enum.values:
            text = _("%(name)s must be one of: %(choices)s.")
            row.problems.append(text % {"name": name, "choices": ", ".join(enum.values)})
    for name, longest in (("title", MAX_TITLE_LENGTH), ("text", MAX_TEXT_LENGTH)):
        if not cells[name] or len(cells[name]) > longest:
            text = _("%(name)s must be 1 to %(longest)s characters.")
            row.problems.append(text % {"name": name, "longest": longest})
    for name, known in ({"strands": strands} | dict(LISTS)).items():
        values[name] = split_list(cells[name])
        unknown = [code for code in values[name] if code not in known]
        if unknown or (name in NEEDED and not values[name]):
            text = _("%(name)s: unknown code %(codes)s.")
            row.problems.append(text % {"name": name, "codes": ", ".join(unknown) or "–"})
    for name in ("markets", "countries"):
        values[name] = [
            country_in(CsvRow(row.line, {name: code}, row.problems), name)
            for code in split_list(cells[name])
        ]
    _check_references(row)
    return values


def _check_references(row: CsvRow) -> None:
    try:
        if row.cells["een_reference"]:
            check_een_reference(row.cells["een_reference"])
        check_cordis_link(row.cells["cordis_link"])
    except ValidationError as error:
        row.problems.append(" ".join(error.messages))


@transaction.atomic
def store_requests(
    rows: Iterable[CsvRow], *, organisation: Organisation, call: Call, by: User
) -> int:
    """Make a draft of each row that can be used and is not there yet; returns how many."""
    made = 0
    for row in rows:
        if row.action == RowAction.NEW:
            draft_request(organisation, call, row.values, by=by)
            made += 1
    return made
