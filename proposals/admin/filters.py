"""Filters of the list of versions."""

from typing import Any

from django.contrib import admin
from django.db.models import CharField, Exists, F, Func, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from applicants.web import person
from calls import clock
from calls.eligibility.rules import CATALOGUE
from calls.models import Call, Strand
from proposals.admin.pages import is_id
from proposals.desk.cases import screening_officers
from proposals.desk.queue import Queue, in_queue
from proposals.models import Decision, StoredVerdict, Version


class QueueFilter(admin.SimpleListFilter):
    """What waits for whom; shown as a row of links above the list, not at its side."""

    title = _("queue")
    parameter_name = "queue"
    template = "admin/proposals/version/no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Queue.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        return in_queue(queryset, value, officer=person(request), moment=clock.now())


class RehearsalFilter(admin.SimpleListFilter):
    """Real cases, or those of one rehearsal; the list itself keeps them apart."""

    title = _("rehearsal")
    parameter_name = "rehearsal"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rehearsals = Call.objects.filter(rehearsal_of__isnull=False).order_by("-pk")
        return [(str(one.pk), one.reference) for one in rehearsals]

    def choices(self, changelist: Any) -> Any:
        chosen = super().choices(changelist)
        yield next(chosen) | {"display": _("None: real cases")}
        yield from chosen

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        return queryset


def rehearsal_in(request: HttpRequest) -> int | None:
    """The key of the rehearsal that a list is asked for; 0, which none has, where it is no key."""
    asked = request.GET.get(RehearsalFilter.parameter_name, "")
    if not asked:
        return None
    return int(asked) if is_id(asked) else 0


class OfficerFilter(admin.SimpleListFilter):
    title = _("officer")
    parameter_name = "officer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(one.pk), str(one)) for one in screening_officers()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        known = {key for key, _label in self.lookup_choices}
        value = self.value()
        if value not in known:
            return queryset
        return queryset.filter(proposal__assignment__officer=int(value))


class StrandFilter(admin.SimpleListFilter):
    title = _("strand")
    parameter_name = "strand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        opened = Version.objects.open_to(person(request), clock.now())
        opened = opened.rehearsed_in(rehearsal_in(request))
        strands = Strand.objects.filter(Exists(opened.filter(proposal__strand=OuterRef("pk"))))
        strands = strands.select_related("call").order_by("call__reference", "number")
        return [(str(one.pk), f"{one.call.reference}, strand {one.number}") for one in strands]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        known = {key for key, _label in self.lookup_choices}
        value = self.value()
        return queryset.filter(proposal__strand=int(value)) if value in known else queryset


class CountryFilter(admin.SimpleListFilter):
    template = "admin/proposals/version/long_filter.html"
    title = _("country of an applicant")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        country = Func(F("countries"), function="unnest", output_field=CharField())
        opened = Version.objects.open_to(person(request), clock.now()).order_by()
        opened = opened.rehearsed_in(rehearsal_in(request))
        codes = opened.annotate(code=country).values_list("code", flat=True).distinct()
        return [(code, code) for code in sorted(codes)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        value = self.value()
        return queryset.filter(countries__contains=[value]) if value else queryset


class OutcomeFilter(admin.SimpleListFilter):
    title = _("machine's outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(value, label) for value, label in StoredVerdict.OutcomeChoices.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        return queryset.with_latest_outcome(value) if value else queryset


class RuleFilter(admin.SimpleListFilter):
    template = "admin/proposals/version/long_filter.html"
    title = _("rule that asks for a look")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(rule.id, rule.title) for rule in CATALOGUE.values()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        return queryset.with_rule_to_look_at(value) if value in CATALOGUE else queryset


class CountsFilter(admin.SimpleListFilter):
    """Officers screen what counts; earlier and withdrawn versions are one click away."""

    title = _("versions")
    parameter_name = "versions"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("All, also replaced and withdrawn"))]

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("Current ones"),
        }
        yield {
            "selected": self.value() == "all",
            "query_string": changelist.get_query_string({self.parameter_name: "all"}),
            "display": _("All, also replaced and withdrawn"),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        return queryset if self.value() == "all" else queryset.filter(counts_for__isnull=False)


class DecidedFilter(admin.SimpleListFilter):
    """A decision that waits for a second officer is neither recorded nor missing."""

    title = _("decision")
    parameter_name = "decided"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("yes", _("Confirmed")),
            ("waiting", _("Waits for a second officer")),
            ("mine", _("Waits for me")),
            ("no", _("None yet, or sent back")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        waiting = Decision.objects.filter(review=None)
        named: dict[str | None, Any] = {
            "yes": Decision.objects.standing(),
            "waiting": waiting,
            "mine": Decision.objects.waiting_for(person(request)),
        }
        value = self.value()
        if value in named:
            return queryset.filter(pk__in=named[value].values("version"))
        if value == "no":
            open_or_done = waiting.values("version").union(named["yes"].values("version"))
            return queryset.exclude(pk__in=open_or_done)
        return queryset
