"""The officers' desk: submitted versions of closed calls, and what officers record.

Permission is the queryset: a version is not in it before the effective deadline of its proposal, for
nobody, superusers included. An attempt to open one all the same is noted. Drafts are not here at all.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from applicants.web import person
from calls import clock
from calls.admin import ReadOnlyAdmin
from calls.eligibility.rules import CATALOGUE
from calls.models import Strand
from calls.templatetags.instants import in_words
from proposals.dossier import Draft
from proposals.facts import files_of
from proposals.models import (
    Annex,
    Decision,
    IndividualExtension,
    RefusedAttempt,
    SealedAccess,
    StoredVerdict,
    Version,
)
from proposals.notices import people_of
from proposals.receipts import context_of
from proposals.screening import note_sealed_access

LONGEST_ID = 18  # digits that fit into a bigint


class StrandFilter(admin.SimpleListFilter):
    title = _("strand")
    parameter_name = "strand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        strands = Strand.objects.select_related("call")
        return [(str(one.pk), f"{one.call.reference}, strand {one.number}") for one in strands]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Version]) -> QuerySet[Version]:
        known = {key for key, _label in self.lookup_choices}
        value = self.value()
        return queryset.filter(proposal__strand=int(value)) if value in known else queryset


class CountryFilter(admin.SimpleListFilter):
    title = _("country of an applicant")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        seen = Version.objects.open_to_officers(clock.now()).values_list("countries", flat=True)
        codes = sorted({code for codes in seen for code in codes})
        return [(code, code) for code in codes]

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
            "display": _("That count"),
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


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    """Submitted versions, once their deadline has passed."""

    change_form_template = "admin/proposals/version/change_form.html"
    list_display = ["number_and_version", "acronym", "strand", "machine", "received", "decision"]
    list_filter = [
        CountsFilter,
        StrandFilter,
        OutcomeFilter,
        RuleFilter,
        CountryFilter,
        DecidedFilter,
    ]
    search_fields = ["proposal__number"]
    search_help_text = _("Number of a proposal")
    ordering = ["proposal__strand", "received_at"]
    list_per_page = 50
    list_max_show_all = 200
    fields = ()
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        return (
            Version.objects.open_to_officers(clock.now())
            .with_latest_verdict()
            .select_related("proposal__strand__call", "submitted_by")
            .prefetch_related(Prefetch("decisions", Decision.objects.select_related("review")))
        )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Version | None:
        if not (object_id.isascii() and object_id.isdigit() and len(object_id) <= LONGEST_ID):
            return None
        found = super().get_object(request, object_id, from_field)
        if found is None:
            sealed = Version.objects.select_related("proposal").filter(pk=object_id).first()
            if sealed is not None:
                note_sealed_access(sealed.proposal, officer=person(request), path=request.path)
        return found

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with a word about what is sealed still: how many, and nothing else."""
        opened = Version.objects.open_to_officers(clock.now()).values("pk")
        sealed = Version.objects.counting().exclude(pk__in=opened).count()
        return super().changelist_view(request, {"sealed": sealed} | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if found is not None and self.has_view_permission(request, found):
            context |= _sheet_of(found)
        return super().change_view(request, object_id, form_url, context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Versions have no edits to tell of; the sheet has their decisions."""
        return self.change_view(request, object_id, extra_context=extra_context)

    @admin.display(description=_("proposal"), ordering="proposal__number")
    def number_and_version(self, version: Version) -> str:
        return f"{version.proposal.number} v{version.number}"

    @admin.display(description=_("acronym"))
    def acronym(self, version: Version) -> str:
        return str(version.document["summary"]["acronym"])

    @admin.display(description=_("strand"), ordering="proposal__strand__number")
    def strand(self, version: Version) -> str:
        return f"{version.proposal.strand.number}"

    @admin.display(description=_("machine says"))
    def machine(self, version: Version) -> SafeString:
        outcome = version.latest_outcome or ""
        label = dict(StoredVerdict.OutcomeChoices.choices).get(outcome, "–")
        return format_html('<span class="outcome outcome-{}">{}</span>', outcome, label)

    @admin.display(description=_("received"), ordering="received_at")
    def received(self, version: Version) -> str:
        return in_words(version.received_at, seconds=True)

    @admin.display(description=_("decision"))
    def decision(self, version: Version) -> str:
        decisions = list(version.decisions.all())
        if not decisions:
            return "–"
        newest = decisions[0]
        return f"{newest.get_outcome_display()} ({newest.state.label})"


def _sheet_of(version: Version) -> dict[str, Any]:
    """What an officer reads of one version, with the newest verdict."""
    newest = version.verdicts.order_by("-pk").first()
    context = context_of(version)
    context |= {
        "verdicts": list(version.verdicts.all()),
        "verdict": newest.verdict if newest else None,
        "rule_titles": {rule.id: rule.title for rule in CATALOGUE.values()},
        "files": files_of(version, context["dossier"]),
        "contacts": people_of(Draft(version.proposal)),
        "decisions": list(version.decisions.select_related("decided_by", "review__reviewed_by")),
        "counts": version.proposal.counting_id == version.pk,
        "receipt": version.receipt,
        "has_annex": Annex.objects.filter(version=version).exists(),
        "decide_url": reverse("admin:proposals_decision_add") + f"?version={version.pk}",
    }
    return context


@admin.register(RefusedAttempt)
class RefusedAttemptAdmin(ReadOnlyAdmin):
    """Submissions that came too late, by number, time and hash only."""

    list_display = ["proposal", "received_at", "deadline", "attempted_by"]
    list_select_related = ["proposal", "attempted_by"]
    fields = ["proposal", "received_at", "deadline", "sha256", "attempted_by"]


@admin.register(SealedAccess)
class SealedAccessAdmin(ReadOnlyAdmin):
    """Attempts of officers to open a proposal before its deadline."""

    list_display = ["officer", "proposal", "path", "tried_at"]
    list_select_related = ["proposal", "officer"]
    fields = ["officer", "proposal", "path", "tried_at"]


@admin.register(IndividualExtension)
class IndividualExtensionAdmin(ReadOnlyAdmin):
    list_display = ["proposal", "until", "reason", "granted_by", "granted_at"]
    list_select_related = ["proposal", "granted_by"]
