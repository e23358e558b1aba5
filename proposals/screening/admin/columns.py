"""The columns of the list of cases: what there are, which ones a list shows, and what each cell says."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.db.models import Case, IntegerField, OuterRef, Subquery, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from applicants.models import UNNAMED_USER
from applicants.web import current_user
from calls.eligibility import Outcome
from calls.templatetags.instants import amount, in_short
from foundation import clock
from foundation.sentences import gettext
from proposals.models import CaseTag, Decision, OfficerPreferences
from proposals.screening.admin import saved_filters
from proposals.screening.admin.case_list import CaseRow
from proposals.screening.sheet import check_summary

PARAMETER = "columns"
FIRST = "number_and_version"
# Name in addresses and preferences → the method that makes the cell.
COLUMNS: dict[str, str] = {
    "acronym": "acronym_or_title",
    "call": "call_reference",
    "strand": "strand",
    "coordinator": "coordinator",
    "countries": "countries",
    "partners": "partners",
    "grant": "grant",
    "rate": "rate",
    "outcome": "automatic_check",
    "lines": "open_lines",
    "received": "received",
    "age": "age",
    "officer": "whose",
    "due": "due",
    "decision": "decision",
    "tags": "tags",
}
USUAL = "acronym coordinator grant outcome lines officer due decision".split()
DECIDED = dict(Decision.OutcomeChoices.choices)
SEVERITY = Case(
    *(When(case_state__outcome=outcome.value, then=Value(outcome.severity)) for outcome in Outcome),
    output_field=IntegerField(),
)
FIRST_TAG = Subquery(
    CaseTag.objects.filter(proposal=OuterRef("proposal")).order_by("name").values("name")[:1]
)


def known_columns(names: list[str]) -> list[str]:
    """Those of the names that are columns, each once, in the order of the list."""
    wanted = {part for name in names for part in name.split(",")}
    return [name for name in COLUMNS if name in wanted]


def shown_columns(request: HttpRequest) -> list[str]:
    """What the address asks for, or what the officer prefers, or the usual ones; asked once for a request."""
    chosen = request.META.get("portal.columns")
    if chosen is None:
        chosen = known_columns(request.GET.getlist(PARAMETER)) or _preferred(request) or USUAL
        request.META["portal.columns"] = chosen
    return list(chosen)


def _preferred(request: HttpRequest) -> list[str]:
    stored = OfficerPreferences.objects.filter(officer=current_user(request))
    return known_columns(next(iter(stored.values_list("columns", flat=True)), []))


def choices(request: HttpRequest) -> list[tuple[str, Any, bool]]:
    """Name, label and whether it is shown, of every column."""
    chosen = shown_columns(request)
    labels = (
        (name, getattr(CaseColumns, method).short_description) for name, method in COLUMNS.items()
    )
    return [(name, label, name in chosen) for name, label in labels]


def other_parameters(request: HttpRequest) -> list[tuple[str, str]]:
    """What else the address of the list asks for, but for order and page: columns have other places then."""
    left_out = {PARAMETER, ORDER_VAR, PAGE_VAR}
    return [
        (name, value)
        for name, values in request.GET.lists()
        if name not in left_out
        for value in values
    ]


@require_POST
def remember_columns(request: HttpRequest) -> HttpResponse:
    """Show these columns from now on; the list stays as it is otherwise."""
    chosen = known_columns(request.POST.getlist(PARAMETER))
    OfficerPreferences.objects.update_or_create(
        officer=current_user(request), defaults={"columns": chosen}
    )
    messages.success(request, gettext("Your list shows these columns from now on."))
    query = saved_filters.query_of(request.POST, without_columns=True)
    return redirect(saved_filters.list_address(query))


class CaseColumns:
    """The cells of a row; the list is sorted by what `ordering` names."""

    @admin.display(description=_("proposal"), ordering="proposal__number")
    def number_and_version(self, row: CaseRow) -> SafeString:
        return format_html('<span class="one-line">{} v{}</span>', row.proposal, row.number)

    @admin.display(description=_("acronym"), ordering="acronym")
    def acronym_or_title(self, row: CaseRow) -> str:
        return row.acronym

    @admin.display(description=_("call"), ordering="proposal__strand__call__reference")
    def call_reference(self, row: CaseRow) -> str:
        return row.call

    @admin.display(description=_("strand"), ordering="proposal__strand__number")
    def strand(self, row: CaseRow) -> int:
        return row.strand

    @admin.display(description=_("coordinator"), ordering="case_state__coordinator")
    def coordinator(self, row: CaseRow) -> str:
        return row.coordinator or "–"

    @admin.display(description=_("countries"), ordering="countries")
    def countries(self, row: CaseRow) -> str:
        return " ".join(row.countries)

    @admin.display(description=_("partners"), ordering="case_state__partners")
    def partners(self, row: CaseRow) -> Any:
        return "–" if row.partners is None else row.partners

    @admin.display(description=_("grant (EUR)"), ordering="case_state__requested_grant")
    def grant(self, row: CaseRow) -> str:
        if row.grant is None:
            return "–"
        return format_html('<span class="one-line">{}</span>', amount(row.grant))

    @admin.display(description=_("rate"), ordering="case_state__rate")
    def rate(self, row: CaseRow) -> str:
        return "–" if row.rate is None else f"{row.rate.normalize():f}%"

    @admin.display(description=_("automatic check"), ordering=SEVERITY)
    def automatic_check(self, row: CaseRow) -> str:
        text = check_summary(row.outcome, counts=row.counts) or "–"
        if not row.outcome:
            return text
        return format_html('<span class="outcome outcome-{}">{}</span>', row.outcome, text)

    @admin.display(description=_("open lines"), ordering="case_state__open_lines")
    def open_lines(self, row: CaseRow) -> Any:
        return "–" if row.open_lines is None else row.open_lines

    @admin.display(description=_("received"), ordering="received_at")
    def received(self, row: CaseRow) -> SafeString:
        day, _space, rest = in_short(row.received_at).partition(", ")
        return format_html('<span class="one-line">{},</span> {}', day, rest)

    @admin.display(description=_("age (days)"), ordering="-received_at")
    def age(self, row: CaseRow) -> int:
        return (clock.now() - row.received_at) // timedelta(days=1)

    @admin.display(description=_("officer"), ordering="proposal__assignment__officer__full_name")
    def whose(self, row: CaseRow) -> str:
        return "–" if row.officer is None else row.officer or str(UNNAMED_USER)

    @admin.display(description=_("due"), ordering="proposal__assignment__due_on")
    def due(self, row: CaseRow) -> str:
        if row.due_on is None:
            return "–"
        return format_html('<span class="one-line">{}</span>', f"{row.due_on:%d.%m.%Y}")

    @admin.display(description=_("decision"), ordering="case_state__decision")
    def decision(self, row: CaseRow) -> str:
        if row.decision is None:
            return "–"
        outcome, state, is_earlier = row.decision
        text = f"{DECIDED[outcome]} ({state.label})"
        if is_earlier:
            text = gettext("%(decision)s, under earlier rules") % {"decision": text}
        return text

    @admin.display(description=_("tags"), ordering=FIRST_TAG)
    def tags(self, row: CaseRow) -> SafeString | str:
        pairs = ((name,) for name in row.tags)
        return format_html_join(" ", '<span class="case-tag">{}</span>', pairs) or "–"
