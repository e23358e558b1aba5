"""Organisations that may be found by their profile."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from applicants.models import User
from foundation import clock
from proposals.partnering import partner_fit
from proposals.partnering.organisations import FoundOrganisations, find_organisations
from proposals.partnering.search import PER_PAGE


@require_safe
def organisations(request: HttpRequest) -> HttpResponse:
    """Who allows it to be found, with what each would bring to the draft of who looks."""
    found_organisations = find_organisations(request.GET)
    pairs = {(row.organisation.country, row.organisation.kind) for row in found_organisations.rows}
    consortium = None
    if isinstance(request.user, User):
        drafts = partner_fit.own_open_drafts(request.user, "", clock.now())
        consortium = partner_fit.consortium_of(drafts[0]) if drafts else None
    fits = partner_fit.fits(consortium, pairs) if consortium else {}
    last = max(1, -(-found_organisations.total // PER_PAGE))
    context = {
        "found": found_organisations,
        "consortium": consortium,
        "rows": [
            (row, fits.get((row.organisation.country, row.organisation.kind)))
            for row in found_organisations.rows
        ],
        "facets": [
            (facet, [(*row[1:], _with(found_organisations, facet.name, row[0])) for row in rows])
            for facet, rows in found_organisations.facets
        ],
        "last": last,
        "before": _address(found_organisations, page=found_organisations.page - 1)
        if found_organisations.page > 1
        else None,
        "after": _address(found_organisations, page=found_organisations.page + 1)
        if found_organisations.page < last
        else None,
    }
    return render(request, "partnering/organisations.html", context)


def _address(found_organisations: FoundOrganisations, chosen: Any = None, page: int = 1) -> str:
    asked = found_organisations.chosen if chosen is None else chosen
    parts = [("q", found_organisations.text)] if found_organisations.text else []
    parts += [(name, value) for name, values in asked.items() for value in values]
    return urlencode([*parts, ("page", str(page))] if page > 1 else parts)


def _with(found_organisations: FoundOrganisations, facet: str, value: str) -> str:
    """The address with a value of a facet chosen, or no longer."""
    values = list(found_organisations.chosen.get(facet, []))
    values.remove(value) if value in values else values.append(value)
    return _address(found_organisations, {**found_organisations.chosen, facet: values})
