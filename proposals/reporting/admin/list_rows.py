"""The rows of the list of cases as a file: the columns, the order and the cases that the list shows."""

import csv
import io
from collections.abc import Callable
from html import unescape
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from applicants.models import User
from applicants.web import current_user
from foundation import clock
from foundation.sentences import gettext as _
from foundation.spreadsheets import escape_formula
from proposals.models import CaseEvent, Version
from proposals.reporting.export_tables import as_text
from proposals.reporting.exports import RIGHT
from proposals.screening.admin.case_list import CaseRow, rows_of
from proposals.screening.admin.columns import COLUMNS, shown_columns

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

MAX_ROWS = 20_000
BATCH_SIZE = 500
# What a spreadsheet computes with, where the list shows it as people read it.
VALUES: dict[str, Callable[[CaseRow], Any]] = {
    "countries": lambda row: row.countries,
    "grant": lambda row: row.grant,
    "rate": lambda row: row.rate,
    "received": lambda row: row.received_at,
    "due": lambda row: row.due_on,
    "tags": lambda row: row.tags,
}


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    def view(request: HttpRequest) -> HttpResponse:
        return _export(model_admin, request)

    return [model_admin.url("rows/", require_POST(view), "rows", RIGHT)]


def _export(model_admin: "OfficerAdmin", request: HttpRequest) -> HttpResponse:
    """The file, and in the history of each case that it was exported."""
    try:
        case_list = model_admin.get_changelist_instance(request)
    except (DisallowedModelAdminLookup, IncorrectLookupParameters):
        messages.error(request, _("Nothing was exported: the address of the list was not valid."))
        return redirect("admin:proposals_version_changelist")
    pks = list(case_list.queryset.values_list("pk", flat=True)[: MAX_ROWS + 1])
    if len(pks) > MAX_ROWS:
        text = _("Nothing was exported: the list has more than %(count)s rows. Filter it first.")
        messages.error(request, text % {"count": f"{MAX_ROWS:,}"})
        return redirect("admin:proposals_version_changelist")
    _log_export(pks, by=current_user(request))
    out = io.StringIO()
    write_rows(out, pks, shown_columns(request), model_admin)
    answer = HttpResponse(
        out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="cases.csv"'
    return answer


def write_rows(out: Any, pks: list[int], columns: list[str], model_admin: Any) -> None:
    """A heading, then a line for each case; no cell is a formula."""
    writer = csv.writer(out)
    headings = (getattr(model_admin, COLUMNS[name]).short_description for name in columns)
    writer.writerow([_("proposal"), _("version"), *map(str, headings)])
    for start in range(0, len(pks), BATCH_SIZE):
        for row in rows_of(pks[start : start + BATCH_SIZE]):
            cells = (_cell(name, row, model_admin) for name in columns)
            writer.writerow([row.proposal, row.number, *map(escape_formula, cells)])


def _cell(name: str, row: CaseRow, model_admin: Any) -> str:
    if name in VALUES:
        return as_text(VALUES[name](row))
    cell = getattr(model_admin, COLUMNS[name])(row)
    return unescape(strip_tags(cell)) if isinstance(cell, SafeString) else str(cell)


def _log_export(pks: list[int], *, by: User) -> None:
    moment, text = clock.now(), _("Rows of the list (CSV)")
    proposals = Version.objects.filter(pk__in=pks).order_by().values_list("proposal", flat=True)
    CaseEvent.objects.bulk_create(
        (
            CaseEvent(proposal_id=pk, kind=CaseEvent.Kind.EXPORTED, summary=text, by=by, at=moment)
            for pk in sorted(set(proposals))
        ),
        batch_size=BATCH_SIZE,
    )
