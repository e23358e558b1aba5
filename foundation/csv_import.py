"""Tables that people bring as CSV: read with care, shown row by row before anything is stored."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from foundation.sentences import gettext as _
from foundation.spreadsheets import escape_formula
from foundation.text import clean_identifier, clean_text, names_something, unsafe_in

MAX_FILE_SIZE = 1_000_000  # bytes
MAX_ROWS = 1000
MAX_CELL_LENGTH = 10_000
MAX_SHOWN_LENGTH = 40  # characters of a cell, in a sentence about it
# What is compared letter by letter: without characters that nobody sees.
IDENTIFIERS = frozenset(
    {"email", "contact_email", "pic", "telephone", "website", "een_reference", "cordis_link"}
)
NAMES = ("name", "title", "legal_name")
_BREAKS = re.compile("\r\n|\r")
_FORMULA = re.compile(r"^\s*(?:[=@]|[+-](?![\d ()./-]+$))")


class InvalidCsv(Exception):
    """The whole file cannot be used; the text says why, and what to do."""


class RowAction(StrEnum):
    """What happens to a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass
class CsvRow:
    """One line of a file: its number there (the heading is line 1), what it says, and what is wrong."""

    line: int
    cells: Mapping[str, str]
    problems: list[str] = field(default_factory=list)
    action: RowAction = RowAction.NEW
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a reader knows the row by."""
        return self.cells.get("name") or self.cells.get("title") or ""

    @property
    def is_usable(self) -> bool:
        return self.action != RowAction.WRONG


def text_of(content: bytes, *, most: int = MAX_FILE_SIZE) -> str:
    """The text of a file of at most so many bytes.

    Raises:
        InvalidCsv: it is too large, or not UTF-8.
    """
    if len(content) > most:
        text = _("The file is larger than %(most)s MB. Split it and import the parts one by one.")
        raise InvalidCsv(text % {"most": most // MAX_FILE_SIZE})
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidCsv(
            _(
                "Line %(line)s cannot be read because the file is not in UTF-8. Save it as "
                "“CSV UTF-8” and try again."
            )
            % {"line": line}
        ) from None


def read_rows(
    text: str,
    *,
    needed: Sequence[str],
    known: Sequence[str],
    check: Callable[[CsvRow], None],
    most: int = MAX_ROWS,
) -> list[CsvRow]:
    """Each line with what would happen to it; `check` looks at one and says so in it. Nothing is stored.

    Columns are separated by commas, by semicolons as Excel does in most of Europe, or by tabs as in cells
    that are copied from a spreadsheet.

    Raises:
        InvalidCsv: there is no heading, a column is missing, or there are more than `most` rows.
    """
    if unsafe := unsafe_in(_BREAKS.sub("\n", text)):
        raise InvalidCsv(f"{unsafe} {_('Save the file as “CSV UTF-8”.')}")
    text = clean_text(text)
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        heading = ["_".join(name.lower().split()) for name in next(reader, [])]
        missing = [name for name in needed if name not in heading]
        if missing:
            raise InvalidCsv(
                _("Columns are missing: %(missing)s. The first line names the columns: %(known)s.")
                % {"missing": ", ".join(missing), "known": ", ".join(known)}
            )
        return _checked(reader, heading, known, check, most)
    except csv.Error as error:
        text = _("Line %(line)s cannot be read as CSV (%(error)s).")
        raise InvalidCsv(text % {"line": reader.line_num, "error": error}) from None


def _checked(
    reader: Any,
    heading: list[str],
    known: Sequence[str],
    check: Callable[[CsvRow], None],
    most: int,
) -> list[CsvRow]:
    rows: list[CsvRow] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) >= most:
            text = _(
                "There are more than %(most)s rows. Split them and import the parts one by one."
            )
            raise InvalidCsv(text % {"most": f"{most:,}"})
        named = {name: _cell(name, cell) for name, cell in zip(heading, cells, strict=False)}
        row = CsvRow(reader.line_num, {name: named.get(name, "") for name in known})
        _look_at_cells(row)
        if not row.problems:
            check(row)
        if row.problems:
            row.action = RowAction.WRONG
        rows.append(row)
    return rows


def _cell(name: str, text: str) -> str:
    return clean_identifier(text) if name in IDENTIFIERS else text.strip()


def _look_at_cells(row: CsvRow) -> None:
    """Note formulas, texts that are too long, and names in which nothing can be read."""
    for name in NAMES:
        if row.cells.get(name) and not names_something(row.cells[name]):
            text = _("%(name)s must contain at least one letter or digit.")
            row.problems.append(text % {"name": name})
    for name, cell in row.cells.items():
        if _FORMULA.match(cell):
            text = _("%(name)s must not be a formula (“%(cell)s”).")
            row.problems.append(text % {"name": name, "cell": _in_short(cell)})
        if len(cell) > MAX_CELL_LENGTH:
            row.problems.append(_("%(name)s is too long.") % {"name": name})


def _in_short(cell: str) -> str:
    return f"{cell[:MAX_SHOWN_LENGTH]}…" if len(cell) > MAX_SHOWN_LENGTH else cell


def split_list(cell: str) -> list[str]:
    """The parts of a cell that holds a list: “en|fr”."""
    return [part.strip() for part in cell.split("|") if part.strip()]


def as_cell(value: Any) -> str:
    """A value as a cell that no spreadsheet takes for a formula."""
    text = (
        "|".join(value)
        if isinstance(value, list | tuple)
        else str(value if value is not None else "")
    )
    return escape_formula(text)
