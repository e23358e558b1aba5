"""The list of submitted versions with its queue, and the pages that begin there.

Permission is the queryset: a version is not in it before the effective deadline of its proposal, for nobody,
superusers included; nor is a case in which the officer has an interest. An attempt to open one all the same
is noted. Drafts are not here at all.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from applicants.models import UNNAMED_USER
from applicants.web import current_user
from calls.models import Call
from calls.templatetags.instants import in_short
from foundation import clock
from proposals.models import Decision, Export, Proposal, Version
from proposals.officers.admin_pages import OfficerAdmin, find_case
from proposals.reporting.admin import exports, statistics
from proposals.screening import queue
from proposals.screening.admin import assignment, decision_pages, saved_filters, sheet
from proposals.screening.admin.case_list import CaseList, CaseRow
from proposals.screening.admin.filters import (
    CountryFilter,
    CountsFilter,
    DecidedFilter,
    OfficerFilter,
    OutcomeFilter,
    QueueFilter,
    RehearsalFilter,
    RuleFilter,
    StrandFilter,
    rehearsal_in,
    store_case_count,
)
from proposals.screening.queries import number_of_answers
from proposals.screening.search import matching_cases
from proposals.screening.sheet import check_summary

DECIDED = dict(Decision.OutcomeChoices.choices)


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
class VersionAdmin(OfficerAdmin):
    """Submitted versions, once their deadline has passed."""

    change_list_template = "admin/proposals/version/change_list.html"
    list_display = [
        "number_and_version",
        "acronym_or_title",
        "strand",
        "machine",
        "received",
        "whose",
        "answered_lines",
        "decision",
    ]
    list_filter = [
        QueueFilter,
        CountsFilter,
        StrandFilter,
        OutcomeFilter,
        RuleFilter,
        CountryFilter,
        OfficerFilter,
        DecidedFilter,
        RehearsalFilter,
    ]
    search_fields = ["proposal__number"]
    search_help_text = _(
        "Proposal number, or words from the proposal, notes, clarification requests or decisions"
    )
    ordering = ["proposal__strand", "received_at"]
    list_per_page = 50
    list_max_show_all = 200
    fields = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count beside each choice of each filter took seconds
    actions = [
        "assign",
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
            .annotate(answers=number_of_answers())
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CaseList]:
        return CaseList

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        return (matching_cases(queryset, search_term) if search_term.strip() else queryset), False

    def get_urls(self) -> list[Any]:
        own = [
            *assignment.urls_of(self),
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
            "saved_filters": saved_filters.of(officer),
            "this_query": saved_filters.query_of(request.GET),
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
        return sheet.show(self, request, version)

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
        return sheet.history(self, request, version)

    @admin.display(description=_("proposal"), ordering="proposal__number")
    def number_and_version(self, row: CaseRow) -> SafeString:
        return format_html('<span class="one-line">{} v{}</span>', row.proposal, row.number)

    @admin.display(description=_("acronym"), ordering="acronym")
    def acronym_or_title(self, row: CaseRow) -> str:
        return row.acronym

    @admin.display(description=_("strand"), ordering="proposal__strand__number")
    def strand(self, row: CaseRow) -> int:
        return row.strand

    @admin.display(description=_("automatic check"))
    def machine(self, row: CaseRow) -> str:
        text = check_summary(row.outcome, counts=row.counts) or "–"
        if row.outcome is None:
            return text
        return format_html('<span class="outcome outcome-{}">{}</span>', row.outcome, text)

    @admin.display(description=_("received"), ordering="received_at")
    def received(self, row: CaseRow) -> SafeString:
        day, _space, rest = in_short(row.received_at).partition(", ")
        return format_html('<span class="one-line">{},</span> {}', day, rest)

    @admin.display(description=_("officer"), ordering="proposal__assignment__officer__full_name")
    def whose(self, row: CaseRow) -> str:
        until = f", {row.due_on:%d.%m.%Y}" if row.due_on else ""
        return "–" if row.officer is None else f"{row.officer or UNNAMED_USER}{until}"

    @admin.display(description=_("checked"), ordering="answers")
    def answered_lines(self, row: CaseRow) -> int:
        return row.answers

    @admin.display(description=_("decision"))
    def decision(self, row: CaseRow) -> str:
        if row.decision is None:
            return "–"
        outcome, state, is_earlier = row.decision
        text = f"{DECIDED[outcome]} ({state.label})"
        if is_earlier:
            text = _("%(decision)s, under earlier rules") % {"decision": text}
        return text

    @admin.action(description=_("Assign to officers"), permissions=["assign"])
    def assign(self, request: HttpRequest, queryset: QuerySet[Version]) -> HttpResponse:
        return assignment.choose(self, request, queryset)

    decide_alike = _bulk_action("decide", _("Record the same decision for all"))
    confirm_alike = _bulk_action("confirm", _("Confirm colleagues' decisions"))
    inform_alike = _bulk_action("inform", _("Send decision letters"))

    as_csv = _export_action(Export.Kind.CSV)
    as_xlsx = _export_action(Export.Kind.XLSX)
    as_json = _export_action(Export.Kind.JSON)
    as_files = _export_action(Export.Kind.FILES)
    as_bundle = _export_action(Export.Kind.BUNDLE)

    has_export_permission = _has_permission("proposals.add_export")
    has_assign_permission = _has_permission("proposals.add_assignment")
    has_decide_permission = _has_permission("proposals.add_decision")
    has_confirm_permission = _has_permission("proposals.add_decisionreview")
    has_inform_permission = _has_permission("proposals.add_decisionnotice")
