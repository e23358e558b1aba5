"""The list of cases: which ones and how many in one question, their rows in a second, cells without detours.

Django's own list would compute the rows of all cases to choose fifty of them, count them beside, and render
a form's template for each box.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.templatetags.admin_list import ResultList
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, F, TextField, Value, Window
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from foundation.sentences import gettext as _
from proposals.models import DecisionState
from proposals.screening.admin.filters import CountedFilter
from proposals.screening.queries import fetch_case_rows

MAX_PAGES = 100_000  # more is no page that somebody turned to


@dataclass(frozen=True, slots=True)
class CaseRow:
    """What the list shows of a case.

    `decision` is the newest one's outcome and state, and whether rules or countries changed since. What is
    gathered of a case only when something happened to it is None before.
    """

    pk: int
    number: int
    acronym: str
    received_at: datetime
    proposal: str
    strand: int
    call: str
    countries: list[str]
    officer: str | None
    due_on: date | None
    outcome: str | None
    open_lines: int | None
    coordinator: str | None
    partners: int | None
    grant: Decimal | None
    rate: Decimal | None
    counts: bool
    decision: tuple[str, DecisionState, bool] | None
    tags: list[str]


class CaseList(ChangeList):
    """A page of the list; its results are `CaseRow`s."""

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[Any]:
        """Cases without a value come last, whichever way the list is sorted."""
        return [_with_empty_last(order) for order in super().get_ordering(request, queryset)]

    def get_results(self, request: HttpRequest) -> None:
        if not 1 <= self.page_num <= MAX_PAGES:
            raise IncorrectLookupParameters
        keys = self.queryset.annotate(total=Window(Count("pk"))).values_list("pk", "total")
        most = self.list_max_show_all
        shows_all = self.show_all and len(keys[: most + 1]) <= most
        size = most if shows_all else self.list_per_page
        first = 0 if shows_all else (self.page_num - 1) * size
        chosen = list(keys[first : first + size])
        if not chosen and self.page_num > 1:
            raise IncorrectLookupParameters
        total = chosen[0][1] if chosen else 0
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        self.paginator.count = total
        self.result_count, self.full_result_count = total, None
        self.result_list = rows_of([pk for pk, _total in chosen])
        self.can_show_all, self.multi_page = total <= most, total > self.list_per_page
        self.show_full_result_count, self.show_admin_actions = False, True
        self._count_facets(request)

    def _count_facets(self, request: HttpRequest) -> None:
        """How many cases each choice of each filter leaves, in one query; columns are indexed or short."""
        counted = {
            str(spec.parameter_name): spec
            for spec in self.filter_specs
            if isinstance(spec, CountedFilter)
        }
        searched, _may_repeat = self.model_admin.get_search_results(
            request, self.root_queryset, self.query
        )
        first, *others = (self._facet(request, searched, spec) for spec in counted.values())
        counts: dict[str, dict[str, int]] = {name: {} for name in counted}
        for name, value, count in first.union(*others, all=True):
            counts[name][value] = count
        for name, spec in counted.items():
            spec.counts = counts[name]

    def _facet(self, request: HttpRequest, searched: Any, counted: CountedFilter) -> Any:
        """The cases that all other filters leave, grouped by this one's values."""
        rows = searched
        for spec in self.filter_specs:
            if spec is not counted:
                rows = spec.queryset(request, rows)
        grouped = rows.order_by().annotate(
            facet=Value(counted.parameter_name), value=Cast(counted.facet, TextField())
        )
        return (
            grouped.values("facet", "value")
            .annotate(count=Count("pk"))
            .values_list("facet", "value", "count")
        )

    def cells(self) -> Iterator[ResultList]:
        """The cells of each row, made by the methods that the admin names as columns.

        Django's template writes what it gets, so a row is one text: each cell of its own would cost ten
        times as much, five hundred times on a page.
        """
        columns = [str(name) for name in self.list_display if name != "action_checkbox"]
        makers = [
            (f'<td class="field-{name}">', getattr(self.model_admin, name)) for name in columns[1:]
        ]
        first, name_of = columns[0], getattr(self.model_admin, columns[0])
        has_boxes = len(columns) < len(self.list_display)
        place, filters = reverse("admin:proposals_version_changelist"), self.preserved_filters
        query = f"?{filters}" if filters else ""
        for row in self.result_list:
            box = _box(row) if has_boxes else ""
            link = format_html(LINK, first, f"{place}{row.pk}/change/{query}", name_of(row))
            cells = [f"{begin}{conditional_escape(make(row))}</td>" for begin, make in makers]
            yield ResultList(None, [mark_safe("".join((box, link, *cells)))])  # noqa: S308 -- escaped above


def _with_empty_last(order: Any) -> Any:
    if isinstance(order, str):
        return F(order[1:]).desc(nulls_last=True) if order.startswith("-") else order
    if order.descending:
        order.nulls_last = True
    return order


LINK = '<th class="field-{}"><a href="{}">{}</a></th>'
BOX = (
    '<td class="action-checkbox"><input type="checkbox" name="_selected_action" value="{}" '
    'class="action-select" aria-label="{}"></td>'
)


def _box(row: CaseRow) -> SafeString:
    text = _("Select %(number)s version %(version)s")
    return format_html(BOX, row.pk, text % {"number": row.proposal, "version": row.number})


def rows_of(pks: list[int]) -> list[CaseRow]:
    """What the list shows of the versions with these keys, in this order."""
    rows = fetch_case_rows(pks=pks)
    decisions = {
        pk: (outcome, DecisionState.after(answer), changed is not None)
        for pk, outcome, answer, changed in rows["decisions"]
    }
    tags: dict[int, list[str]] = {}
    for pk, name in rows["tags"]:
        tags.setdefault(pk, []).append(name)
    by_pk = {
        row[0]: CaseRow(*[*_with_types(row), decisions.get(row[0]), tags.get(row[0], [])])
        for row in rows["rows"]
    }
    return [by_pk[pk] for pk in pks]


# JSON holds dates, instants and amounts as texts: by the places of the columns.
READERS: dict[int, Callable[[str], Any]] = {
    3: datetime.fromisoformat,
    9: date.fromisoformat,
    14: Decimal,
    15: Decimal,
}


def _with_types(row: tuple[Any, ...]) -> list[Any]:
    return [
        READERS[place](value) if place in READERS and value is not None else value
        for place, value in enumerate(row)
    ]
