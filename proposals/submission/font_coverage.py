"""Which characters the fonts of our PDFs have; the others would be empty boxes in a sealed document.

`data/printable-characters.json` is made from the fonts of the style sheet (`manage.py generate_docs`), so
that no process has to open them to know.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.urls import reverse

from foundation.sentences import gettext as _
from foundation.text import code_point_of
from proposals.dossier.document import Draft, dossier_of
from proposals.steps.wizard import places_of, steps_of

RANGES = Path(__file__).resolve().parent / "data" / "printable-characters.json"
# Blanks, joiners and selectors: a font need not have them.
_NOT_DRAWN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


@dataclass(frozen=True)
class Unprintable:
    """Characters of one part of a proposal that its PDFs cannot show; `url` leads to the part."""

    title: str
    characters: str
    url: str

    @property
    def in_words(self) -> str:
        return ", ".join(f"{sign} ({code_point_of(sign)})" for sign in self.characters)


def unprintable_in(draft: Draft) -> list[Unprintable]:
    """Each part of a draft with characters that cannot be printed, in the order of the steps."""
    return [part for part in _parts_of(draft) if part.characters]


def _parts_of(draft: Draft) -> Iterator[Unprintable]:
    for step in steps_of(draft.proposal.strand):
        for participant, url in places_of(draft, step):
            title = str(step.title)
            if participant is not None:
                title = f"{title}: {participant.organisation.name}"
            text = without_glyph(draft.answers(step.slug, participant))
            yield Unprintable(title, text, url)
    consortium = dossier_of(draft)["consortium"]
    for participant, entry in zip(draft.participants, consortium, strict=True):
        title = _("Cluster profile of %(name)s") % {"name": participant.organisation.name}
        url = reverse("proposals:partner-profile", args=[draft.proposal.number, participant.key])
        text = without_glyph([entry["organisation"], entry["profile"]])
        yield Unprintable(title, text, url)


def without_glyph(value: Any) -> str:
    """The characters in a text, or in all texts of a document, that no font of ours has; each once."""
    signs = {sign for text in _texts_in(value) for sign in text} - printable()
    return "".join(sorted(sign for sign in signs if unicodedata.category(sign) not in _NOT_DRAWN))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_in(item)


@cache
def printable() -> frozenset[str]:
    ranges = json.loads(RANGES.read_text("utf-8"))
    return frozenset(chr(point) for first, last in ranges for point in range(first, last + 1))


def ranges_of_fonts(style_sheet: Path) -> list[tuple[int, int]]:
    """First and last code point of each run of characters that the fonts of a style sheet have."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415 -- opened when documents are generated only

    points: set[int] = set()
    for name in re.findall(r'font-weight: 400; src: url\("([^"]+)"\)', style_sheet.read_text()):
        points |= TTFont(style_sheet.parent / name).getBestCmap().keys()
    ranges: list[tuple[int, int]] = []
    for point in sorted(points):
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1] = ranges[-1][0], point
        else:
            ranges.append((point, point))
    return ranges
