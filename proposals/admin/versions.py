"""The list of submitted versions with its queue, and the pages that begin there.

Permission is the queryset: a version is not in it before the effective deadline of its proposal, for nobody,
superusers included; nor is a case in which the officer has an interest. An attempt to open one all the same
is noted. Drafts are not here at all.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from applicants.web import current_user
from calls.models import Call
from foundation import clock
from proposals.dashboard.admin import call_dashboard
from proposals.models import Export, Proposal, Version
from proposals.officers.admin_pages import OfficerAdmin, find_case
from proposals.reporting.admin import exports, list_rows, statistics
from proposals.screening import queue
from proposals.screening.admin import (
    assignment,
    case_screen,
    columns,
    decision_pages,
    notification_pages,
    saved_filters,
    sheet,
    tagging,
)
from proposals.screening.admin.case_list import CaseList
from proposals.screening.admin.columns import remember_columns
from proposals.screening.admin.filters import (
    ColumnsFilter,
    CountryFilter,
    CountsFilter,
    DecidedFilter,
    OfficerFilter,
    OutcomeFilter,
    QueueFilter,
    RehearsalFilter,
    RuleFilter,
    StrandFilter,
    TagFilter,
    rehearsal_in,
    store_case_count,
)
from proposals.screening.search_language import OPERATORS, Asker, InvalidSearch, search_cases

REFUSED = "portal.search_refused"  # said once, though the list and its counts both search


def _bulk_action(task: str, label: Any) -> Any:
    @admin.action(description=label, permissions=[task])
    def begin(
        self: OfficerAdmin, request: HttpRequest, queryset: QuerySet[Version]
    ) -> HttpResponse:
        return decision_pages.begin_bulk(self, request, task, queryset)

    return begin


def _export_action(kind: Export.Kind) -> Any:
    @admin.action(description=kind.label, permissions=["export"])
    def begin(
        _self: OfficerAdmin, request: HttpRequest, queryset: QuerySet[Version]
    ) -> HttpResponse:
        return exports.begin(request, kind, queryset)

    return begin


def _has_permission(name: str) -> Any:
    """What Django asks before it offers an action: whether this person has the permission."""
    return lambda _self, request: request.user.has_perm(name)


@admin.register(Version)
class VersionAdmin(columns.CaseColumns, OfficerAdmin):
    """Submitted versions, once their deadline has passed."""

    change_list_template = "admin/proposals/version/change_list.html"
    list_display = [columns.FIRST, *columns.COLUMNS.values()]
    list_filter = [
        QueueFilter,
        CountsFilter,
        StrandFilter,
        OutcomeFilter,
        RuleFilter,
        CountryFilter,
        OfficerFilter,
        DecidedFilter,
        TagFilter,
        RehearsalFilter,
        ColumnsFilter,
    ]
    search_fields = ["proposal__number"]
    search_help_text = _(
        "Proposal number, words from the proposal, notes, clarification requests or decisions, or "
        "operators such as is:open officer:me grant:>150000"
    )
    ordering = ["proposal__strand", "received_at"]
    list_per_page = 50
    list_max_show_all = 200
    fields = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count beside each choice of each filter took seconds
    actions = [
        "assign",
        "tag",
        "decide_alike",
        "confirm_alike",
        "inform_alike",
        "as_csv",
        "as_xlsx",
        "as_json",
        "as_files",
        "as_bundle",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        return (
            Version.objects.open_to(current_user(request), clock.now())
            .rehearsed_in(rehearsal_in(request))
            .defer("dossier", "circumstances")
            .select_related("proposal__strand__call")
        )

    def get_list_display(self, request: HttpRequest) -> Any:
        return [columns.FIRST, *(columns.COLUMNS[name] for name in columns.shown_columns(request))]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CaseList]:
        return CaseList

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """A search that cannot be answered finds nothing, and the page says what is possible."""
        asker = Asker(current_user(request), clock.now())
        try:
            return search_cases(queryset, search_term, asker), False
        except InvalidSearch as refusal:
            if not request.META.get(REFUSED):
                messages.error(request, str(refusal))
            request.META[REFUSED] = True
            return queryset.none(), False

    def get_urls(self) -> list[Any]:
        own = [
            *assignment.urls_of(self),
            *tagging.urls_of(self),
            *notification_pages.urls_of(self),
            *call_dashboard.urls_of(self),
            *list_rows.urls_of(self),
            self.url("columns/", remember_columns, "columns", "proposals.view_version"),
            *decision_pages.urls_of(self),
            *saved_filters.urls_of(self),
            *sheet.urls_of(self),
            *statistics.urls_of(self),
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list under its queue, with a word about what is sealed still: how many, and nothing else."""
        officer, moment = current_user(request), clock.now()
        rehearsal = rehearsal_in(request)
        if rehearsal is None:
            counts = queue.lengths_for_officer(officer, moment)
        else:
            versions = queue.current_versions(officer, moment, rehearsal=rehearsal)
            sealed = Proposal.objects.rehearsed_in(rehearsal).sealed(moment).order_by()
            counts = queue.lengths(versions, officer=officer, moment=moment)
            counts["sealed"] = sealed.count()
        store_case_count(request, counts["all"])
        context = {
            "title": _("Cases"),
            "sealed": counts["sealed"],
            "all_cases": counts["all"],
            "call": Call.objects.filter(pk=rehearsal).first() if rehearsal else None,
            "rehearsal": rehearsal,
            "queue": [
                (name, label, counts[name], request.GET.get("queue") == name)
                for name, label in queue.CaseQueue.choices
            ],
            "saved_views": saved_filters.views_for(officer),
            "may_export": self.has_export_permission(request),
            "this_query": saved_filters.query_of(request.GET),
            "column_choices": columns.choices(request),
            "kept_parameters": columns.other_parameters(request),
            "operators": OPERATORS,
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The screening sheet."""
        version = find_case(request, object_id)
        may_look = version is not None and self.has_view_permission(request, version)
        closed = self.conflict_page(request, object_id) if version is None else None
        if closed is not None and self.has_view_permission(request):
            return closed
        if version is None or not may_look or request.method != "GET":
            return super().change_view(request, object_id, form_url, extra_context)
        return case_screen.show(self, request, version)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """All that officers did to the case, reading included."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = find_case(request, object_id)
        if version is None:
            return self.conflict_page(request, object_id) or redirect(
                "admin:proposals_version_changelist"
            )
        return case_screen.history(self, request, version)

    @admin.action(description=_("Assign to officers"), permissions=["assign"])
    def assign(self, request: HttpRequest, queryset: QuerySet[Version]) -> HttpResponse:
        return assignment.choose(self, request, queryset)

    @admin.action(description=_("Add or remove a tag"), permissions=["tag"])
    def tag(self, request: HttpRequest, queryset: QuerySet[Version]) -> HttpResponse:
        return tagging.choose_tag(self, request, queryset)

    decide_alike = _bulk_action("decide", _("Record the same decision for all"))
    confirm_alike = _bulk_action("confirm", _("Confirm colleagues' decisions"))
    inform_alike = _bulk_action("inform", _("Send decision letters"))

    as_csv = _export_action(Export.Kind.CSV)
    as_xlsx = _export_action(Export.Kind.XLSX)
    as_json = _export_action(Export.Kind.JSON)
    as_files = _export_action(Export.Kind.FILES)
    as_bundle = _export_action(Export.Kind.BUNDLE)

    has_export_permission = _has_permission("proposals.add_export")
    has_tag_permission = _has_permission("proposals.add_casetag")
    has_assign_permission = _has_permission("proposals.add_assignment")
    has_decide_permission = _has_permission("proposals.add_decision")
    has_confirm_permission = _has_permission("proposals.add_decisionreview")
    has_inform_permission = _has_permission("proposals.add_decisionnotice")
