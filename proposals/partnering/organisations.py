"""Finding organisations by their profile, where they allow it.

What can be searched is made by a worker from record and profile, a few seconds after they change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchRank
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from applicants import choices
from applicants.models import Membership, Organisation
from applicants.profile import profile_of
from calls.eligibility import digest_of
from foundation.folding import words_in
from foundation.search_words import searched
from proposals.delivery.fault_isolation import for_each
from proposals.models import OrganisationSearchIndex
from proposals.partnering.facets import (
    EMERGING_INDUSTRY,
    MARKET,
    SECTOR,
    Facet,
    country_names,
    counts_of,
    facets_of,
)
from proposals.partnering.requests import add_search_words
from proposals.partnering.search import PER_PAGE
from proposals.partnering.search_query import MAX_PAGES, MAX_TYPED_LENGTH
from proposals.partnering.search_terms import MAX_WORDS, matching_query, terms_of

FACETS = (
    Facet("country", _("Country"), "organisation__country", country_names, False),
    Facet(
        "kind",
        _("Type of organisation"),
        "organisation__kind",
        lambda: dict(Organisation.Kind.choices),
        False,
    ),
    SECTOR,
    EMERGING_INDUSTRY,
    Facet("technology", _("Technology field"), "technologies", lambda: dict(choices.TECHNOLOGIES)),
    MARKET,
)
MAX_SEARCHED_LENGTH = 4000  # characters; PostgreSQL refuses to index a text that is far too long
BY_NAME = {facet.name: facet for facet in FACETS}


def index_organisations() -> int:
    """Update what can be searched of each organisation that allows it, where something changed."""
    rows = Organisation.objects.filter(is_findable=True).select_related("text")
    organisations = rows.prefetch_related("profile_sections").iterator(200)
    made = for_each("organisation search index", organisations, _index_organisation)
    OrganisationSearchIndex.objects.filter(organisation__is_findable=False).delete()
    return made


def _index_organisation(organisation: Organisation) -> bool:
    text = _text_of(organisation)
    digest = digest_of(text)
    present = getattr(organisation, "text", None)
    if present is not None and present.digest == digest:
        return False
    with transaction.atomic():
        OrganisationSearchIndex.objects.update_or_create(
            organisation=organisation, defaults=text | {"digest": digest}
        )
        add_search_words([text["searchable_text"]])
    return True


def _text_of(organisation: Organisation) -> dict[str, Any]:
    answers = profile_of(organisation).answers
    description = str(answers["identity"].get("description", ""))
    names = f"{organisation.legal_name} {organisation.cluster_name} {organisation.acronym}"
    place = f"{organisation.town} {organisation.region}"
    sectors = answers["sectors"]
    return {
        "description": description,
        "searchable_text": " ".join(
            words_in(f"{names} {place} {description[:MAX_SEARCHED_LENGTH]}")
        ),
        "sectors": list(sectors.get("sectors", [])),
        "emerging_industries": list(sectors.get("emerging_industries", [])),
        "technologies": list(sectors.get("technologies", [])),
        "markets": list(answers["markets"].get("third_markets", [])),
    }


@dataclass(frozen=True)
class FoundOrganisations:
    """Organisations of one page, how many there are in all, and the facets."""

    rows: list[OrganisationSearchIndex]
    total: int
    facets: list[Any]
    text: str
    chosen: Mapping[str, list[str]]
    page: int
    terms: list[list[str]]
    is_cut: bool
    left_out: str


def find_organisations(query_dict: QueryDict) -> FoundOrganisations:
    """Organisations that allow it and that somebody acts for; what is not known is left out."""
    typed = " ".join(query_dict.get("q", "").split())
    text = typed[:MAX_TYPED_LENGTH]
    chosen = {
        facet.name: values
        for facet in FACETS
        if (values := [text for text in query_dict.getlist(facet.name) if text in facet.choices()])
    }
    number = query_dict.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 1  # noqa: PLR2004 -- digits
    page = min(max(page, 1), MAX_PAGES)
    terms, _corrected = terms_of(text)
    query = matching_query(terms)
    people = Membership.objects.filter(organisation=OuterRef("organisation"))
    base = OrganisationSearchIndex.objects.filter(Exists(people), organisation__is_findable=True)
    if query is not None:
        base = base.filter(search_vector=query)
    asked = {name: BY_NAME[name].condition(values) for name, values in chosen.items()}
    counted = counts_of(base, asked, FACETS)
    order: list[Any] = ["organisation__legal_name"]
    if query is not None:
        order.insert(0, SearchRank(F("search_vector"), query).desc())
    rows = (
        base.filter(*asked.values())
        .select_related("organisation")
        .defer("searchable_text", "search_vector")
    )
    first = (page - 1) * PER_PAGE
    return FoundOrganisations(
        list(rows.order_by(*order)[first : first + PER_PAGE]),
        counted.get(("total", ""), 0),
        facets_of(chosen, counted, FACETS),
        text,
        chosen,
        page,
        terms,
        len(typed) > MAX_TYPED_LENGTH,
        searched(words_in(text), MAX_WORDS)[1],
    )
