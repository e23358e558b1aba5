"""Reading the first sheet of an Excel workbook that a stranger made; runs in a child process with limits."""

import csv
import io
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook

ZIP = b"PK\x03\x04"  # how a workbook of Excel 2007 and later begins


def is_workbook(content: bytes) -> bool:
    return content.startswith(ZIP)


def first_sheet_as_csv(content: bytes, *, rows: int, columns: int) -> str:
    """The first rows and columns of the first sheet, with the values that formulas had when it was saved."""
    workbook = load_workbook(
        io.BytesIO(content), read_only=True, data_only=True, keep_vba=False, keep_links=False
    )
    sheet = workbook.worksheets[0]
    result = io.StringIO()
    writer = csv.writer(result, lineterminator="\n")
    for cells in sheet.iter_rows(min_row=1, max_row=rows, max_col=columns, values_only=True):
        writer.writerow([_text_of(cell) for cell in cells])
    return result.getvalue()


def _text_of(cell: Any) -> str:
    """A cell as somebody would type it: a code of digits is a number for Excel."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date | datetime | time):
        return cell.isoformat()
    return str(cell)
