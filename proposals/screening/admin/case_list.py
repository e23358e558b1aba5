"""The list of cases: which ones and how many in one question, their rows in a second, cells without detours.

Django's own list would compute the rows of all cases to choose fifty of them, count them beside, and render
a form's template for each box.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.templatetags.admin_list import ResultList
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, Window
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from foundation.sentences import gettext as _
from proposals.models import DecisionState
from proposals.screening.queries import fetch_case_rows

MAX_PAGES = 100_000  # more is no page that somebody turned to


@dataclass(frozen=True, slots=True)
class CaseRow:
    """What the list shows of a case.

    `decision` is the newest one's outcome and state, and whether rules or countries changed since.
    """

    pk: int
    number: int
    acronym: str
    received_at: datetime
    proposal: str
    strand: int
    officer: str | None
    due_on: date | None
    outcome: str | None
    answers: int
    counts: bool
    decision: tuple[str, DecisionState, bool] | None


class CaseList(ChangeList):
    """A page of the list; its results are `CaseRow`s."""

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
    by_pk = {row[0]: CaseRow(*(*_with_dates(row), decisions.get(row[0]))) for row in rows["rows"]}
    return [by_pk[pk] for pk in pks]


def _with_dates(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """JSON holds dates and instants as texts."""
    pk, number, acronym, received_at, proposal, strand, officer, due_on, *rest = row
    received_at = datetime.fromisoformat(received_at)
    due_on = date.fromisoformat(due_on) if due_on else None
    return (pk, number, acronym, received_at, proposal, strand, officer, due_on, *rest)
