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

LONGEST_COMPARED = 2000  # words; a longer text is shown whole, for comparing takes the square of it


def is_empty(value: Any) -> bool:
    """Nothing at all, nothing but space, or a list of that."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, list):
        return all(is_empty(one) for one in value)
    return value is None or (hasattr(value, "__len__") and len(value) == 0)


@dataclass(frozen=True)
class Difference:
    """A field of which two people say different things, with its name, its label and both texts."""

    name: str
    label: str | Promise
    mine: str
    theirs: str

    @property
    def marked(self) -> tuple[SafeString, SafeString]:
        return marked(self.mine, self.theirs)


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
        one, other = mine.get(name), theirs.get(name)
        if _same(one, other):
            answers[name] = other if name in theirs else one
        elif base is not None and _same(one, base.get(name)):
            answers[name] = other
            taken.append(name)
        elif base is not None and _same(other, base.get(name)):
            answers[name] = one
        else:
            rows = _merged_rows(base.get(name), one, other) if base is not None else None
            answers[name] = one if rows is None else rows
            (conflicts if rows is None else taken).append(name)
    return Merge(answers, tuple(taken), tuple(conflicts))


def _same(one: Any, other: Any) -> bool:
    return one == other or (is_empty(one) and is_empty(other))


def _merged_rows(base: Any, mine: Any, theirs: Any) -> list[dict[str, Any]] | None:
    """Lists in which both only changed different fields of a row, or added rows; None for a conflict."""
    before = base or []
    lists = (before, mine or [], theirs or [])
    if any(not isinstance(one, list) for one in lists):
        return None
    if any(not isinstance(row, dict) for one in lists for row in one):
        return None
    if min(len(mine or []), len(theirs or [])) < len(before):
        return None
    merged = [merge(*three) for three in zip(*lists, strict=False)]
    if any(one.conflicts for one in merged):
        return None
    added = theirs[len(before) :] + [
        row for row in mine[len(before) :] if row not in theirs[len(before) :]
    ]
    return [one.answers for one in merged] + added


def marked(one: str, other: str) -> tuple[SafeString, SafeString]:
    """Both texts as HTML: what only the first has is <del>, what only the second has is <ins>."""
    left, right = _words(one), _words(other)
    if max(len(left), len(right)) > LONGEST_COMPARED:
        return format_html("{}", one), format_html("{}", other)
    first, second = [], []
    for kind, a, b, c, d in difflib.SequenceMatcher(
        None, left, right, autojunk=False
    ).get_opcodes():
        first.append(_piece("del" if kind != "equal" else "", "".join(left[a:b])))
        second.append(_piece("ins" if kind != "equal" else "", "".join(right[c:d])))
    return _together(first), _together(second)


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|[^\s]+", text)


def _piece(tag: str, text: str) -> SafeString:
    if not tag or not text:
        return format_html("{}", text)
    return format_html("<del>{}</del>" if tag == "del" else "<ins>{}</ins>", text)


def _together(pieces: list[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((piece,) for piece in pieces))
