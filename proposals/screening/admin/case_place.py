"""Where a case is in the list that an officer came from: its number, and its neighbours on both sides.

The list is named by its query, as Django's admin keeps it in links. Only the list's own filters, search
and order are read of it: anything else could ask for what is sealed.
"""

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.db import connection
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from proposals.models import Version
from proposals.screening.admin.case_list import CaseList
from proposals.screening.admin.filters import CountsFilter, QueueFilter
from proposals.screening.queue import CaseQueue

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

PRESERVED = "_changelist_filters"  # Django's name for the query of the list in links to its rows
MAX_QUERY = 2000  # characters; a longer one is no query of the list
# One list of keys in the order of the list; positions in it count from 1.
_PLACE = """
    SELECT array_position(pks, %s), cardinality(pks),
        pks[array_position(pks, %s) - 1], pks[array_position(pks, %s) + 1]
    FROM (SELECT ARRAY({keys}) AS pks) AS listed
"""


@dataclass(frozen=True)
class CasePlace:
    """`number` of `total`; no number where the case is not in the list (any more)."""

    query: str
    number: int | None = None
    total: int = 0
    previous: int | None = None
    next: int | None = None
    page: int = 1

    @property
    def queue(self) -> str:
        """The name of the queue that the list shows; empty where it shows none."""
        name = QueryDict(self.query).get(QueueFilter.parameter_name, "")
        return str(CaseQueue(name).label) if name in CaseQueue.values else ""

    @property
    def list_url(self) -> str:
        """The page of the list on which the case is."""
        query = QueryDict(self.query, mutable=True)
        query.pop(PAGE_VAR, None)
        if self.page > 1:
            query[PAGE_VAR] = str(self.page)
        url = reverse("admin:proposals_version_changelist")
        return f"{url}?{query.urlencode()}" if query else url

    @property
    def previous_url(self) -> str:
        return case_url(self.previous, self.query) if self.previous else ""

    @property
    def next_url(self) -> str:
        return case_url(self.next, self.query) if self.next else ""


def list_query(request: HttpRequest) -> str:
    """The query of the list that the officer came from; empty where it is none."""
    query = request.GET.get(PRESERVED, "")
    return query if len(query) <= MAX_QUERY else ""


def case_url(
    pk: int, query: str, *, page: str = "change", fragment: str = "", **params: str
) -> str:
    """The address of a page of a case, from which the way leads back to the same list."""
    url = reverse(f"admin:proposals_version_{page}", args=[pk])
    if query:
        params[PRESERVED] = query
    encoded = f"?{urlencode(params)}" if params else ""
    return f"{url}{encoded}{f'#{fragment}' if fragment else ''}"


def place_of_case(model_admin: "OfficerAdmin", request: HttpRequest, version: Version) -> CasePlace:
    """The place of a version in the list from which the officer came, in one query."""
    query = list_query(request)
    try:
        keys = _keys_in_order(model_admin, request, query)
    except IncorrectLookupParameters:
        return CasePlace("")
    statement, params = keys.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_PLACE.format(keys=statement), [version.pk] * 3 + list(params))
        number, total, earlier, later = cursor.fetchone()
    page = (number - 1) // model_admin.list_per_page + 1 if number else 1
    return CasePlace(query, number, total, earlier, later, page)


def _keys_in_order(model_admin: Any, request: HttpRequest, query: str) -> Any:
    """The keys that the list of this query holds, without their rows."""
    filters = {item.parameter_name: item for item in model_admin.list_filter}
    asked = QueryDict(query)
    allowed = QueryDict(mutable=True)
    for name in (SEARCH_VAR, ORDER_VAR, *filters):
        if name in asked:
            allowed[name] = asked[name]
    used = [item for name, item in filters.items() if name in allowed or item is CountsFilter]
    of_list: Any = copy(request)
    of_list.GET = allowed
    columns = _columns(model_admin, of_list) if ORDER_VAR in allowed else []
    listed = _CaseOrder(
        of_list,
        model_admin.model,
        columns,
        model_admin.list_display_links,
        used,
        None,
        model_admin.search_fields,
        False,
        model_admin.list_per_page,
        model_admin.list_max_show_all,
        (),
        model_admin,
        None,
        None,
    )
    return listed.queryset.values_list("pk", flat=True)


def _columns(model_admin: Any, request: HttpRequest) -> list[Any]:
    """The columns of the list, whose places name the order; the boxes for actions are one, too."""
    boxes = ["action_checkbox"] if model_admin.get_actions(request) else []
    return [*boxes, *model_admin.get_list_display(request)]


class _CaseOrder(CaseList):
    """The list without its rows: which cases are in it, and in which order."""

    def get_results(self, request: HttpRequest) -> None:
        """Nothing of a row is needed."""
