"""Partner search: the requests that match, page by page, with the counts of each facet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Case, F, Q, Value, When

from proposals.models import PartnershipRequest, PartnershipRequestQuerySet
from proposals.partnering.facets import Facet, counts_of, facets_of
from proposals.partnering.search_query import BY_NAME, FACETS, PartnerSearch
from proposals.partnering.search_terms import matching_query, terms_of

PER_PAGE = 20
LAST = 99  # place of a request that a draft gives no reason to prefer


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


def search_requests(
    search: PartnerSearch,
    moment: datetime,
    *,
    closing: set[tuple[str, str]] | None = None,
    fitting: Mapping[tuple[str, str], int] | None = None,
) -> SearchResult:
    """Search. With `gap_only` only those whose (country, kind of organisation) are in `closing`.

    `fitting` orders the same pairs, the best first, for "best match" of somebody who has a draft.
    """
    terms, corrected = terms_of(search.text)
    query = matching_query(terms)
    base = _base(search, moment, query)
    asked = {name: BY_NAME[name].condition(values) for name, values in search.chosen.items()}
    if search.gap_only:
        asked["gap"] = _any_of(closing or set()) & Q(kind=PartnershipRequest.Kind.OFFERING)
    counted = counts_of(base, asked, FACETS)
    rows = base.filter(*asked.values()).order_by(*_order(search, query, fitting or {}))
    first = (search.page - 1) * PER_PAGE
    page = rows.with_page_parts().defer("searchable_text", "search_vector")[
        first : first + PER_PAGE
    ]
    return SearchResult(
        list(page),
        counted.get(("total", ""), 0),
        facets_of(search.chosen, counted, FACETS),
        terms,
        corrected,
    )


def rows_for(search: PartnerSearch, moment: datetime) -> PartnershipRequestQuerySet:
    """Everything that a search finds, in no order; what a draft lacks is not asked."""
    terms, _corrected = terms_of(search.text)
    asked = [BY_NAME[name].condition(values) for name, values in search.chosen.items()]
    rows: PartnershipRequestQuerySet = _base(search, moment, matching_query(terms)).filter(*asked)
    return rows


def newer_than(
    search: PartnerSearch, since: datetime, moment: datetime
) -> PartnershipRequestQuerySet:
    """What a search finds that was published after an instant, the newest first."""
    return rows_for(search, moment).filter(published_at__gt=since).order_by("-published_at")


def _any_of(pairs: set[tuple[str, str]]) -> Q:
    condition = Q(organisation__kind="")  # of nobody
    by_kind: dict[str, list[str]] = {}
    for country, kind in sorted(pairs):
        by_kind.setdefault(kind, []).append(country)
    for kind, countries in by_kind.items():
        condition |= Q(organisation__kind=kind, organisation__country__in=countries)
    return condition


def _base(search: PartnerSearch, moment: datetime, query: SearchQuery | None) -> Any:
    rows = PartnershipRequest.objects.all()
    rows = rows.ever_published() if search.past else rows.open_at(moment)
    if search.call:
        rows = rows.filter(call__reference=search.call)
    return rows.filter(search_vector=query) if query is not None else rows


def _order(
    search: PartnerSearch, query: SearchQuery | None, fitting: Mapping[tuple[str, str], int]
) -> list[Any]:
    newest = [F("published_at").desc(), "-pk"]
    if search.sort == "closing":
        return ["expires_at", "call__deadline", *newest]
    if search.sort == "newest" or (query is None and not fitting):
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
