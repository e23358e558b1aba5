"""What somebody searches for: text, facets and order, read from the query string of an address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from applicants import choices
from foundation.folding import words_in
from foundation.search_words import searched
from proposals.models import LANGUAGES, PartnershipRequest
from proposals.partnering.facets import EMERGING_INDUSTRY, MARKET, SECTOR, Facet, country_names
from proposals.partnering.search_terms import MAX_WORDS

MAX_TYPED_LENGTH = 200
MAX_PAGES = 500
MAX_SHOWN_LENGTH = 40  # characters of an ignored value, in a sentence
SORTS = {"best": _("Best match"), "newest": _("Newest"), "closing": _("Closing soon")}


FACETS = (
    Facet(
        "kind", _("Type of request"), "kind", lambda: dict(PartnershipRequest.Kind.choices), False
    ),
    Facet("strand", _("Strand"), "strands", dict),
    Facet("role", _("Role"), "role", lambda: dict(PartnershipRequest.Role.choices), False),
    Facet(
        "country", _("Country of the organisation"), "organisation__country", country_names, False
    ),
    SECTOR,
    EMERGING_INDUSTRY,
    Facet("technology", _("Technology field"), "technologies", lambda: dict(choices.TECHNOLOGIES)),
    MARKET,
    Facet("wanted", _("Country of the partner"), "countries", country_names),
    Facet("language", _("Language"), "languages", lambda: LANGUAGES),
)


BY_NAME = {facet.name: facet for facet in FACETS}


@dataclass(frozen=True)
class PartnerSearch:
    """What somebody looks for; `ignored` is what of an address could not be understood.

    `draft` is the number of the draft that results are judged for, and `gap_only` asks for what it lacks:
    both mean something to its consortium only.
    """

    text: str = ""
    call: str = ""
    chosen: Mapping[str, list[str]] = field(default_factory=dict)
    sort: str = "best"
    past: bool = False
    gap_only: bool = False
    draft: str = ""
    page: int = 1
    ignored: tuple[str, ...] = ()
    is_cut: bool = False

    @property
    def left_out(self) -> str:
        """A sentence about words that are not looked for."""
        return searched(words_in(self.text), MAX_WORDS)[1]

    @property
    def is_blank(self) -> bool:
        return not (self.text or self.chosen or self.past or self.gap_only)

    @property
    def for_everybody(self) -> "PartnerSearch":
        """The same without a draft: what can be saved, read by a feed or exported."""
        return replace(self, draft="", gap_only=False)

    def of_draft(self, number: str) -> "PartnerSearch":
        """The same, judged for the draft that was found; where there is none, without one."""
        if not number:
            return self.for_everybody
        return replace(self, draft=number if self.draft else "")

    def address(self, **changes: Any) -> str:
        """The same search as a query string, with changes; the page is left out."""
        parts: list[tuple[str, str]] = []
        for name in ("q", "call", "sort", "past", "gap", "for"):
            value = changes.get(name, self._part(name))
            if value:
                parts.append((name, value))
        chosen = changes.get("chosen", self.chosen)
        parts += [(name, value) for name, values in chosen.items() for value in values]
        if changes.get("page", 1) > 1:
            parts.append(("page", str(changes["page"])))
        return urlencode(parts)

    def _part(self, name: str) -> str:
        return {
            "q": self.text,
            "call": self.call,
            "sort": "" if self.sort == "best" else self.sort,
            "past": "1" if self.past else "",
            "gap": "1" if self.gap_only else "",
            "for": self.draft,
        }[name]

    def with_value(self, facet: str, value: str) -> str:
        """The address with a value of a facet chosen, or no longer."""
        values = list(self.chosen.get(facet, []))
        if value in values:
            values.remove(value)
        else:
            values.append(value)
        chosen = {name: others for name, others in self.chosen.items() if name != facet}
        return self.address(chosen=chosen | ({facet: values} if values else {}))


def parse_query(query_dict: QueryDict) -> PartnerSearch:
    """Read a search from an address; unknown values are ignored and named, never an error."""
    ignored: list[str] = []
    chosen: dict[str, list[str]] = {}
    for facet in FACETS:
        values = list(dict.fromkeys(query_dict.getlist(facet.name)))
        known = facet.choices()
        accepted = [
            text
            for text in values
            if text in known or (facet.name == "strand" and _is_strand(text))
        ]
        ignored += [_in_short(text) for text in values if text not in accepted]
        if accepted:
            chosen[facet.name] = accepted
    text = " ".join(query_dict.get("q", "").split())
    sort = query_dict.get("sort", "best")
    page = query_dict.get("page", "1")
    is_page = page.isascii() and page.isdigit() and 0 < int(page[:6]) <= MAX_PAGES
    return PartnerSearch(
        text=text[:MAX_TYPED_LENGTH],
        call=query_dict.get("call", "")[:40],
        chosen=chosen,
        sort=sort if sort in SORTS else "best",
        past=query_dict.get("past") == "1",
        gap_only=query_dict.get("gap") == "1",
        draft=_number_in(query_dict.get("for", "")),
        page=int(page) if is_page else 1,
        ignored=tuple(ignored),
        is_cut=len(text) > MAX_TYPED_LENGTH,
    )


def _in_short(value: str) -> str:
    return f"{value[:MAX_SHOWN_LENGTH]}…" if len(value) > MAX_SHOWN_LENGTH else value


def _number_in(text: str) -> str:
    number = text.strip().upper()
    return number if re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", number) else ""


def _is_strand(code: str) -> bool:
    return re.fullmatch(r"[0-9A-Za-z.\-]{1,10}", code) is not None
