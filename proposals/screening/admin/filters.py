"""Filters of the list of versions."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.core.cache import caches
from django.db.models import Case, CharField, Exists, F, Func, OuterRef, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from applicants.web import current_user
from calls.eligibility.rules import CATALOGUE
from calls.models import Call, Strand
from foundation import clock
from proposals.models import CaseTag, Decision, Proposal, VerdictRecord, Version
from proposals.officers.admin_pages import is_id
from proposals.officers.cases import screening_officers
from proposals.screening.queue import CaseQueue, in_queue
from proposals.screening.sheet import BEING_MADE

IS_BEING_MADE = "being-made"  # in addresses, beside the outcomes
MAX_TAGS = 100  # in the filter; the search finds the others
CACHE_TIMEOUT = (
    300  # the countries among so many cases of an officer; fetched again when one more opens
)


class QueueFilter(admin.SimpleListFilter):
    """What waits for whom; shown as a row of links above the list, not at its side."""

    title = _("queue")
    parameter_name = "queue"
    template = "admin/proposals/version/no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(CaseQueue.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        return in_queue(queryset, value, officer=current_user(request), moment=clock.now())


class ColumnsFilter(admin.SimpleListFilter):
    """Which columns the list shows; chosen above it. It leaves out no case."""

    title = _("columns")
    parameter_name = "columns"
    template = "admin/proposals/version/no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset


class RehearsalFilter(admin.SimpleListFilter):
    """Real cases, or those of one rehearsal; the list itself keeps them apart."""

    title = _("rehearsal")
    parameter_name = "rehearsal"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rehearsals = Call.objects.filter(rehearsal_of__isnull=False).order_by("-pk")
        return [(str(rehearsal.pk), rehearsal.reference) for rehearsal in rehearsals]

    def choices(self, changelist: Any) -> Any:
        chosen = super().choices(changelist)
        yield next(chosen) | {"display": _("None (real cases)")}
        yield from chosen

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        return queryset


def rehearsal_in(request: HttpRequest) -> int | None:
    """The key of the rehearsal that a list is asked for; 0, which none has, where it is no key."""
    asked = request.GET.get(RehearsalFilter.parameter_name, "")
    if not asked:
        return None
    return int(asked) if is_id(asked) else 0


def store_case_count(request: HttpRequest, count: int) -> None:
    """Let the filters know how many current cases this officer may read; the list counts them anyway."""
    request.META["portal.open_cases"] = count


def open_cases(request: HttpRequest) -> int:
    """What was kept, so that what is remembered of so many cases is not said of more; 0 where nothing was."""
    return int(request.META.get("portal.open_cases", 0))


class CountedFilter(admin.SimpleListFilter):
    """A filter whose choices say how many cases they leave, with the other filters as they are.

    `facet` is what the cases are grouped by; `CaseList` counts all such filters in one query.
    """

    facet: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.counts: dict[str, int] | None = None

    def choices(self, changelist: Any) -> Any:
        everything, *others = super().choices(changelist)
        yield everything
        for choice, (key, label) in zip(others, self.lookup_choices, strict=True):
            if self.counts is not None:
                choice["display"] = f"{label} ({self.counts.get(str(key), 0)})"
            yield choice


class OfficerFilter(CountedFilter):
    facet = F("proposal__assignment__officer")
    title = _("officer")
    parameter_name = "officer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(officer.pk), str(officer)) for officer in screening_officers()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        known = {key for key, _label in self.lookup_choices}
        value = self.value()
        if value not in known:
            return queryset
        return queryset.filter(proposal__assignment__officer=int(value))


class StrandFilter(CountedFilter):
    facet = F("proposal__strand")
    title = _("strand")
    parameter_name = "strand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        submitted = Proposal.objects.filter(strand=OuterRef("pk"), current_version__isnull=False)
        strands = Strand.objects.filter(Exists(submitted), call__deadline__lte=clock.now())
        rehearsal = rehearsal_in(request)
        strands = (
            strands.filter(call__rehearsal_of=None)
            if rehearsal is None
            else strands.filter(call=rehearsal, call__rehearsal_of__isnull=False)
        )
        names = strands.order_by("call__reference", "number")
        return [
            (str(pk), f"{reference}, strand {number}")
            for pk, reference, number in names.values_list("pk", "call__reference", "number")
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        known = {key for key, _label in self.lookup_choices}
        value = self.value()
        return queryset.filter(proposal__strand=int(value)) if value in known else queryset


class CountryFilter(CountedFilter):
    facet = Func(F("countries"), function="unnest", output_field=CharField())
    template = "admin/proposals/version/long_filter.html"
    title = _("applicant's country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        key = f"screening:countries:{current_user(request).pk}:{rehearsal_in(request)}:{open_cases(request)}"
        result = partial(_countries_of_open_cases, request)
        codes = caches["pages"].get_or_set(key, result, CACHE_TIMEOUT)
        return [(code, code) for code in codes or ()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        value = self.value()
        return queryset.filter(countries__contains=[value]) if value else queryset


def _countries_of_open_cases(request: HttpRequest) -> list[str]:
    country = Func(F("countries"), function="unnest", output_field=CharField())
    opened = Version.objects.open_to(current_user(request), clock.now()).order_by()
    opened = opened.rehearsed_in(rehearsal_in(request))
    return sorted(opened.annotate(code=country).values_list("code", flat=True).distinct())


class OutcomeFilter(CountedFilter):
    facet = Case(
        When(case_state__outcome__gt="", then=F("case_state__outcome")),
        When(current_of__isnull=False, then=Value(IS_BEING_MADE)),
    )
    title = _("result of the automatic check")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*VerdictRecord.OutcomeChoices.choices, (IS_BEING_MADE, BEING_MADE)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value == IS_BEING_MADE:
            return queryset.being_checked()
        return queryset.filter(case_state__outcome=value) if value else queryset


class RuleFilter(CountedFilter):
    facet = Func(F("case_state__rules"), function="unnest", output_field=CharField())
    template = "admin/proposals/version/long_filter.html"
    title = _("rule to review")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(rule.id, rule.title) for rule in CATALOGUE.values()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value not in CATALOGUE:
            return queryset
        return queryset.filter(case_state__rules__contains=[value])


class TagFilter(CountedFilter):
    facet = F("proposal__case_tags__name")
    title = _("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        opened = Version.objects.open_to(current_user(request), clock.now())
        opened = opened.rehearsed_in(rehearsal_in(request)).filter(proposal=OuterRef("proposal"))
        names = (
            CaseTag.objects.filter(Exists(opened)).order_by("name").values_list("name", flat=True)
        )
        return [(name, name) for name in names.distinct()[:MAX_TAGS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        value = self.value()
        if not value:
            return queryset
        tags = CaseTag.objects.filter(proposal=OuterRef("proposal"), name=value)
        return queryset.filter(Exists(tags))


class CountsFilter(admin.SimpleListFilter):
    """Officers screen what counts; earlier and withdrawn versions are one click away."""

    title = _("versions")
    parameter_name = "versions"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("All, including replaced and withdrawn"))]

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("Current"),
        }
        yield {
            "selected": self.value() == "all",
            "query_string": changelist.get_query_string({self.parameter_name: "all"}),
            "display": _("All, including replaced and withdrawn"),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        return queryset if self.value() == "all" else queryset.filter(current_of__isnull=False)


class DecidedFilter(admin.SimpleListFilter):
    """A decision that waits for a second officer is neither recorded nor missing."""

    title = _("decision")
    parameter_name = "decided"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("yes", _("Confirmed")),
            ("waiting", _("Waiting for a second officer")),
            ("mine", _("Waiting for my confirmation")),
            ("no", _("None, or returned")),
            ("earlier", _("Decided under earlier rules")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        waiting = Decision.objects.filter(review=None)
        named: dict[str | None, Callable[[], Any]] = {
            "yes": Decision.objects.confirmed,
            "waiting": lambda: waiting,
            "mine": lambda: Decision.objects.waiting_for(current_user(request)),
            "earlier": lambda: Decision.objects.in_force().under_earlier_conditions(),
        }
        value = self.value()
        if value in named:
            return queryset.filter(pk__in=named[value]().values("version"))
        if value == "no":
            confirmed = Decision.objects.confirmed().values("version")
            return queryset.exclude(pk__in=waiting.values("version").union(confirmed))
        return queryset
