"""Finding requests: words that may be misspelt, facets with counts that combine, and an order.

Within a facet, any of the chosen values will do; all facets that are asked must hold. The number beside a
value says how many there would be with it, whatever is chosen in the same facet.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import BooleanField, Case, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from applicants import choices as vocabularies
from calls.eligibility.countries import choices_on
from foundation import clock
from foundation.folding import SHORTEST_CORRECTED, fold, trigrams_of, words_in
from foundation.search_words import searched
from proposals.models import LANGUAGES, PartnershipRequest, PartnershipRequestQuerySet

MAX_TYPED_LENGTH, MAX_WORDS, PER_PAGE, MAX_PAGES = 200, 8, 20, 500
MAX_SUGGESTIONS = 5  # of words that are taken instead of one
MAX_WORDS_COMPARED = 40  # that have a trigram of it
LIKE_ENOUGH = 0.4  # shared trigrams among all of two words
NEARLY_SAME = (
    0.75  # of the characters of two words are in the same order; for swapped and lost letters
)
LAST = 99
MAX_SHOWN_LENGTH = 40  # characters of what an address asks in vain, in a sentence
AFTER_ALL_SIGNS = "\uffff"  # stands behind every letter
SORTS = {"best": _("Best match"), "newest": _("Newest"), "closing": _("Closing soon")}


@dataclass(frozen=True)
class Facet:
    """A question with a list of answers: `column` holds one code, or several where `is_list`."""

    name: str
    label: str | Promise
    column: str
    choices: Callable[[], Mapping[str, Any]]
    is_list: bool = True

    def condition(self, values: list[str]) -> Q:
        return Q(**{f"{self.column}__{'overlap' if self.is_list else 'in'}": values})


def country_names() -> Mapping[str, Any]:
    return dict(choices_on(clock.now().date()))


SECTOR = Facet("sector", _("Sectoral industry"), "sectors", lambda: dict(vocabularies.SECTORS))
EMERGING_INDUSTRY = Facet(
    "emerging",
    _("Emerging industry"),
    "emerging_industries",
    lambda: dict(vocabularies.EMERGING_INDUSTRIES),
)
MARKET = Facet("market", _("Target market"), "markets", country_names)
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
    Facet(
        "technology", _("Technology field"), "technologies", lambda: dict(vocabularies.TECHNOLOGIES)
    ),
    MARKET,
    Facet("wanted", _("Country of the partner"), "countries", country_names),
    Facet("language", _("Language"), "languages", lambda: LANGUAGES),
)
BY_NAME = {facet.name: facet for facet in FACETS}


@dataclass(frozen=True)
class PartnerSearch:
    """What somebody looks for; `ignored` is what of an address could not be understood.

    `draft` is the number of the draft that results are judged for, and `gap_only` asks for what it lacks:
    both mean something to its own people only.
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
        """What to tell about words that are not looked for."""
        return searched(words_in(self.text), MAX_WORDS)[1]

    @property
    def is_blank(self) -> bool:
        return not (self.text or self.chosen or self.past or self.gap_only)

    @property
    def for_everybody(self) -> "PartnerSearch":
        """The same without a draft: what can be kept, read by a feed, or taken out as a table."""
        return replace(self, draft="", gap_only=False)

    def of_draft(self, number: str) -> "PartnerSearch":
        """The same, judged for the draft that was found; where there is none, without one."""
        if not number:
            return self.for_everybody
        return replace(self, draft=number if self.draft else "")

    def address(self, **changes: Any) -> str:
        """The same question as the end of an address, with something changed; the page is left out."""
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
    """What an address asks; what it does not know is named and left out, never an error."""
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


@dataclass(frozen=True)
class SearchResult:
    """Requests of one page, how many there are in all, facet by facet, and how words were understood."""

    requests: list[PartnershipRequest]
    total: int
    facets: list[tuple[Facet, list[tuple[str, Any, int, bool]]]]
    terms: list[list[str]]
    corrected: dict[str, list[str]]

    @property
    def has_more(self) -> bool:
        return self.total > PER_PAGE


_NEAR = """
    SELECT typed.word, near.word, near.likeness
    FROM jsonb_to_recordset(%s) AS typed(word text, trigrams text[])
    CROSS JOIN LATERAL (
        SELECT w.word,
            shared.n::float / (cardinality(w.trigrams) + cardinality(typed.trigrams) - shared.n) AS likeness
        FROM proposals_searchword w
        CROSS JOIN LATERAL (
            SELECT count(*) AS n FROM unnest(w.trigrams) g WHERE g = ANY(typed.trigrams)
        ) shared
        WHERE w.trigrams && typed.trigrams
        ORDER BY likeness DESC, w.word LIMIT %s
    ) near
    WHERE NOT EXISTS (
        SELECT 1 FROM proposals_searchword k
        WHERE k.word ~>=~ typed.word AND k.word ~<~ (typed.word || %s)
    )
"""


def spelling_suggestions(words: list[str]) -> dict[str, list[str]]:
    """For each word that occurs nowhere, at most five near in sound or letters; one query."""
    typed = [
        {"word": word, "trigrams": trigrams_of(word)}
        for word in words
        if len(word) >= SHORTEST_CORRECTED
    ]
    if not typed:
        return {}
    results: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, [json.dumps(typed), MAX_WORDS_COMPARED, AFTER_ALL_SIGNS])
        for word, near, likeness in cursor.fetchall():
            if likeness >= LIKE_ENOUGH or _is_nearly(word, near):
                results.setdefault(word, []).append(near)
    return {word: _beginnings(near)[:MAX_SUGGESTIONS] for word, near in results.items()}


def _beginnings(words: list[str]) -> list[str]:
    """Those that no shorter one begins: a beginning finds them anyway."""
    return [
        word
        for word in words
        if not any(word != other and word.startswith(other) for other in words)
    ]


def _is_nearly(word: str, near: str) -> bool:
    """Whether letters were swapped, lost or doubled: "laesr" for "laser", "koera" for "korea"."""
    longest = SHORTEST_CORRECTED * 2
    if word[0] != near[0] or abs(len(word) - len(near)) > 1 or len(word) > longest:
        return False
    return SequenceMatcher(None, word, near).ratio() >= NEARLY_SAME


def terms_of(text: str) -> tuple[list[list[str]], dict[str, list[str]]]:
    """For each word that was typed, the beginnings that will do; and which words were taken for others."""
    words, _left_out = searched(words_in(text), MAX_WORDS)
    near = spelling_suggestions(words)
    return [near.get(word, [word]) for word in words], near


def matching_query(terms: list[list[str]]) -> SearchQuery | None:
    """All of the words, each in one of its forms; words are letters and digits only.

    A form stands whole beside its beginning: PostgreSQL knows how often whole words occur, and so chooses
    its way better.
    """
    if not terms:
        return None
    every = " & ".join(
        "(" + " | ".join(f"{form} | {form}:*" for form in forms) + ")" for forms in terms
    )
    return SearchQuery(every, config="simple", search_type="raw")


def search_requests(
    question: PartnerSearch,
    moment: datetime,
    *,
    closing: set[tuple[str, str]] | None = None,
    fitting: Mapping[tuple[str, str], int] | None = None,
) -> SearchResult:
    """Answer a question. With `gap_only` only those whose (country, kind of organisation) are in `closing`.

    `fitting` orders the same pairs, the best first, for "best match" of somebody who has a draft.
    """
    terms, corrected = terms_of(question.text)
    query = matching_query(terms)
    base = _base(question, moment, query)
    asked = {name: BY_NAME[name].condition(values) for name, values in question.chosen.items()}
    if question.gap_only:
        asked["gap"] = _any_of(closing or set()) & Q(kind=PartnershipRequest.Kind.OFFERING)
    counted = counts_of(base, asked, FACETS)
    rows = base.filter(*asked.values()).order_by(*_order(question, query, fitting or {}))
    first = (question.page - 1) * PER_PAGE
    page = rows.with_page_parts().defer("searchable_text", "search_vector")[
        first : first + PER_PAGE
    ]
    return SearchResult(
        list(page),
        counted.get(("total", ""), 0),
        facets_of(question.chosen, counted, FACETS),
        terms,
        corrected,
    )


def rows_for(question: PartnerSearch, moment: datetime) -> PartnershipRequestQuerySet:
    """Everything that a question finds, in no order; what a draft lacks is not asked."""
    terms, _corrected = terms_of(question.text)
    asked = [BY_NAME[name].condition(values) for name, values in question.chosen.items()]
    rows: PartnershipRequestQuerySet = _base(question, moment, matching_query(terms)).filter(*asked)
    return rows


def newer_than(
    question: PartnerSearch, since: datetime, moment: datetime
) -> PartnershipRequestQuerySet:
    """What a question finds that was published after an instant, the newest first."""
    return rows_for(question, moment).filter(published_at__gt=since).order_by("-published_at")


def _any_of(pairs: set[tuple[str, str]]) -> Q:
    condition = Q(organisation__kind="")  # of nobody
    by_kind: dict[str, list[str]] = {}
    for country, kind in sorted(pairs):
        by_kind.setdefault(kind, []).append(country)
    for kind, countries in by_kind.items():
        condition |= Q(organisation__kind=kind, organisation__country__in=countries)
    return condition


def _base(question: PartnerSearch, moment: datetime, query: SearchQuery | None) -> Any:
    rows = PartnershipRequest.objects.all()
    rows = rows.ever_published() if question.past else rows.open_at(moment)
    if question.call:
        rows = rows.filter(call__reference=question.call)
    return rows.filter(search_vector=query) if query is not None else rows


def _order(
    question: PartnerSearch, query: SearchQuery | None, fitting: Mapping[tuple[str, str], int]
) -> list[Any]:
    newest = [F("published_at").desc(), "-pk"]
    if question.sort == "closing":
        return ["expires_at", "call__deadline", *newest]
    if question.sort == "newest" or (query is None and not fitting):
        return newest
    order: list[Any] = []
    if fitting:
        order.append(
            Case(
                When(kind=PartnershipRequest.Kind.LOOKING, then=Value(LAST)),
                *(
                    When(organisation__country=country, organisation__kind=kind, then=Value(place))
                    for (country, kind), place in fitting.items()
                ),
                default=Value(LAST),
            )
        )
    if query is not None:
        order.append(SearchRank(F("search_vector"), query).desc())
    return [*order, *newest]


def counts_of(
    base: QuerySet[Any], asked: Mapping[str, Q], facets: Sequence[Facet]
) -> dict[tuple[str, str], int]:
    """How many stand behind each value of each facet, and in all: one query over the same rows."""
    flags = {
        f"is_{name}": ExpressionWrapper(condition, output_field=BooleanField())
        for name, condition in asked.items()
    }
    columns = {f"c_{facet.name}": F(facet.column) for facet in facets}
    sql, params = (
        base.order_by().annotate(**flags).values(*flags, **columns).query.sql_with_params()
    )
    # Names are ours; every value is a parameter.
    parts = [f"SELECT 'total', '', count(*) FROM base{_where(flags)}"]  # noqa: S608 -- as said above
    for facet in facets:
        others = [flag for flag in flags if flag != f"is_{facet.name}"]
        column = f"c_{facet.name}"
        rows = f"base, unnest({column}) v" if facet.is_list else "base"
        value = "v" if facet.is_list else column
        parts.append(
            f"SELECT '{facet.name}', {value}, count(*) FROM {rows}{_where(others)} GROUP BY {value}"  # noqa: S608 -- as said above
        )
    whole = f"WITH base AS MATERIALIZED ({sql}) " + " UNION ALL ".join(parts)
    with connection.cursor() as cursor:
        cursor.execute(whole, params)
        return {(facet, value): count for facet, value, count in cursor.fetchall()}


def _where(flags: Any) -> str:
    names = list(flags)
    return " WHERE " + " AND ".join(names) if names else ""


def facets_of(
    asked: Mapping[str, list[str]], counted: Mapping[tuple[str, str], int], facets: Sequence[Facet]
) -> list[tuple[Facet, list[tuple[str, Any, int, bool]]]]:
    """Each facet with its values: code, words, how many, whether it is chosen; those chosen on top."""
    result = []
    for facet in facets:
        labels, chosen = facet.choices(), asked.get(facet.name, [])
        values = {value for name, value in counted if name == facet.name} | set(chosen)
        rows = [
            (value, labels.get(value, value), counted.get((facet.name, value), 0), value in chosen)
            for value in values
        ]
        rows.sort(key=lambda row: (not row[3], -row[2], str(row[1])))
        if rows:
            result.append((facet, rows))
    return result


@dataclass(frozen=True)
class MatchExcerpt:
    """Why a request is among the results: where, and the words around what was found."""

    where: str | Promise
    before: str
    match: str
    after: str

    @property
    def excerpt(self) -> str:
        return f"{self.where}: {self.before}{self.match}{self.after}"


def excerpts_for(request: PartnershipRequest, terms: list[list[str]]) -> list[MatchExcerpt]:
    """The first place of each word that was asked for: in title, text, the organisation's name or country."""
    places: list[tuple[str | Promise, str]] = [
        (_("Title"), request.title),
        (_("Description"), request.text),
    ]
    if request.organisation and request.shows_name:
        places.append((_("Organisation"), request.organisation.name))
    if request.organisation:
        places.append((_("Country"), request.organisation.country_name))
    reasons: list[MatchExcerpt] = []
    for forms in terms:
        reason = next((r for where, text in places if (r := _first(where, text, forms))), None)
        if reason is not None and all(reason.excerpt != item.excerpt for item in reasons):
            reasons.append(reason)
    return reasons


def _first(
    where: str | Promise, text: str, forms: list[str], around: int = 50
) -> MatchExcerpt | None:
    for word in re.finditer(r"[^\W_]+", text):
        if any(fold(word[0]).startswith(form) for form in forms):
            begin = max(0, word.start() - around)
            lead = "…" if begin else ""
            tail = "…" if word.end() + around < len(text) else ""
            return MatchExcerpt(
                where,
                lead + text[begin : word.start()],
                word[0],
                text[word.end() : word.end() + around] + tail,
            )
    return None
