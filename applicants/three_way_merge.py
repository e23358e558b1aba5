"""Two texts that grew from one: what only one person touched merges by itself, the rest is a conflict.

Pure functions over answers of a step: plain JSON, a name for each field, perhaps lists of rows.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Row = dict[str, Any]

MAX_LIST_ROWS = 60  # of a list
ROW_ID = "row"  # names a row of a list for as long as it lives; no dossier shows it
MAX_COMPARED_WORDS = 2000  # words and blanks; a longer text is shown whole


def is_empty(value: Any) -> bool:
    """Nothing at all, nothing but space, or a list of that."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, list):
        return all(is_empty(item) for item in value)
    return value is None or (hasattr(value, "__len__") and len(value) == 0)


@dataclass(frozen=True)
class Difference:
    """A field of which two people say different things, with its name, its label and both texts."""

    name: str
    label: str | Promise
    mine: str
    theirs: str
    is_list: bool = False

    @property
    def diff_html(self) -> tuple[SafeString, SafeString]:
        return diff_html(self.mine, self.theirs)


@dataclass(frozen=True)
class Merge:
    """`answers` hold theirs where only they changed a field, and mine in fields that are in conflict."""

    answers: dict[str, Any]
    taken: tuple[str, ...]
    conflicts: tuple[str, ...]


def merge(
    base: Mapping[str, Any] | None, mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Merge:
    """Merge what two people made of `base`; without it every field that differs is a conflict."""
    answers: dict[str, Any] = {}
    taken: list[str] = []
    conflicts: list[str] = []
    for name in dict.fromkeys([*mine, *theirs]):
        item, other = mine.get(name), theirs.get(name)
        if _same(item, other):
            answers[name] = other if name in theirs else item
        elif base is not None and _same(item, base.get(name)):
            answers[name] = other
            taken.append(name)
        elif base is not None and _same(other, base.get(name)):
            answers[name] = item
        else:
            rows = _merged_rows(base.get(name), item, other) if base is not None else None
            answers[name] = item if rows is None else rows
            (conflicts if rows is None else taken).append(name)
    return Merge(answers, tuple(taken), tuple(conflicts))


def _same(item: Any, other: Any) -> bool:
    return item == other or (is_empty(item) and is_empty(other))


def _merged_rows(base: Any, mine: Any, theirs: Any) -> list[dict[str, Any]] | None:
    """Lists of rows, distinguished by their ids; None where a row is in conflict or the list gets too long.

    A row that one person changed and the other removed is a conflict. New rows of both are kept, theirs
    first; the same new row twice is one.
    """
    lists = (base or [], mine or [], theirs or [])
    if any(not isinstance(list_, list) for list_ in lists):
        return None
    if any(not isinstance(row, dict) for list_ in lists for row in list_):
        return None
    before, here, there = (index_by_row_id(list_) for list_ in lists)
    new_there = [_without_id(row) for row_id, row in there.items() if row_id not in before]
    here = {
        row_id: row
        for row_id, row in here.items()
        if row_id in before or row_id in there or _without_id(row) not in new_there
    }
    merged: list[Row] = []
    for row_id in dict.fromkeys([*before, *there, *here]):
        row = _merged_row(before.get(row_id), here.get(row_id), there.get(row_id))
        if row is None:
            return None
        if row:
            merged.append(row)
    return merged if len(merged) <= MAX_LIST_ROWS else None


def _merged_row(before: Row | None, here: Row | None, there: Row | None) -> Row | None:
    """The row that comes out of three; empty for one that is removed, None for a conflict."""
    if here is not None and there is not None:
        merged = merge(before or {}, here, there)
        return None if merged.conflicts else merged.answers
    present = here if here is not None else there
    if before is None:
        return present
    return {} if present is None or present == before else None


def _without_id(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != ROW_ID}


def concat_rows(mine: list[Row], theirs: list[Row]) -> list[Row]:
    """The rows of both: theirs, then those of mine that they do not have."""
    there = index_by_row_id(theirs)
    return [
        *there.values(),
        *(row for row_id, row in index_by_row_id(mine).items() if row_id not in there),
    ]


def index_by_row_id(rows: list[Row]) -> dict[str, Row]:
    """Rows by their ids. Rows that were stored without one are named after their place."""
    named = ((row.get(ROW_ID) or f"old-{place}", row) for place, row in enumerate(rows))
    return {str(row_id): row | {ROW_ID: row_id} for row_id, row in named}


def diff_html(text: str, other: str) -> tuple[SafeString, SafeString]:
    """Both texts as HTML: what only the first has is <del>, what only the second has is <ins>.

    Passages in common are looked for by words that are rare. By each blank and each "the" it would take the
    cube of a text's length: half a minute for a page that was rewritten.
    """
    left, right = _words(text), _words(other)
    if max(len(left), len(right)) > MAX_COMPARED_WORDS:
        return format_html("{}", text), format_html("{}", other)
    first, second = [], []
    matcher = difflib.SequenceMatcher(str.isspace, left, right)
    for kind, a, b, c, d in matcher.get_opcodes():
        is_same = kind == "equal"
        first.append(_piece("{}" if is_same else "<del>{}</del>", left[a:b]))
        second.append(_piece("{}" if is_same else "<ins>{}</ins>", right[c:d]))
    return _join(first), _join(second)


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|[^\s]+", text)


def _piece(html: str, words: list[str]) -> SafeString:
    return format_html(html if words else "{}", "".join(words))


def _join(pieces: list[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((piece,) for piece in pieces))
