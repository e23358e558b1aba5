"""Changing rules and countries: a form, a look at what it would do, and the word that puts it in force."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from applicants.web import current_user
from calls.admin import ReadOnlyAdmin
from calls.conditions import requires_second_person
from calls.eligibility.countries import Participation
from calls.eligibility.rules import CATALOGUE
from calls.models import Call, ConditionChange, Programme
from foundation import clock
from foundation.sentences import gettext as _
from proposals.conditions import change_requests, rule_changes
from proposals.conditions.admin.change_forms import (
    CountryRowForm,
    ReasonForm,
    rule_list,
    with_one_more,
)
from proposals.dossier.evidence_words import condition_label, condition_text
from proposals.models import ProposedChange
from proposals.officers.admin_pages import is_id

NEW = "new"
TEMPLATES = "admin/proposals/proposedchange"


@admin.register(ProposedChange)
class ProposedChangeAdmin(ReadOnlyAdmin):
    """Proposed changes of rules and countries, with their impact."""

    list_display = ["target", "reason", "state", "proposed_by", "proposed_at"]
    list_filter = ["state"]
    list_select_related = ["call", "programme", "proposed_by"]
    ordering = ["-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("proposals.add_proposedchange")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProposedChange]:
        related = ("call__programme", "programme", "proposed_by", "applied_by", "change")
        return super().get_queryset(request).select_related(*related)

    def get_urls(self) -> list[Any]:
        own = [
            path(
                "<int:pk>/impact/",
                self.admin_site.admin_view(require_safe(self.impact_view)),
                name="proposals_proposedchange_impact",
            )
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        targets = {
            "programmes": Programme.objects.all(),
            "calls": Call.objects.order_by("reference").only("reference", "pk"),
        }
        return super().changelist_view(request, targets | (extra_context or {}))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if "call" in request.GET:
            calls = Call.objects.select_related("programme").prefetch_related("strands")
            call = _found(calls, request.GET["call"])
            return self._rules_page(request, call)
        if "programme" in request.GET:
            programme = _found(Programme.objects.all(), request.GET["programme"])
            return self._countries_page(request, programme)
        return redirect("admin:proposals_proposedchange_changelist")

    def _countries_page(self, request: HttpRequest, programme: Programme) -> HttpResponse:
        rows = list(programme.country_set().rows)
        wanted = request.GET.get("row")
        context = self._context(request, _("Countries for %(name)s") % {"name": programme})
        if wanted is None:
            context |= {"programme": programme, "rows": rows, "today": clock.now().date()}
            return render(request, f"{TEMPLATES}/countries.html", context)
        row = _row_in(rows, wanted)
        initial = (
            {name: getattr(row, name) for name in Participation.__dataclass_fields__} if row else {}
        )
        form = CountryRowForm(request.POST or None, initial=initial, rows=rows, row=row)
        reason = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid() & reason.is_valid():
            return self._propose(request, programme, form.proposed(), reason)
        context |= {"programme": programme, "row": row, "form": form, "reason_form": reason}
        return render(request, f"{TEMPLATES}/country.html", context)

    def _rules_page(self, request: HttpRequest, call: Call) -> HttpResponse:
        data = request.POST or None
        adds = request.POST.get("add_rule") if "add" in request.POST else None
        if data is not None and adds in CATALOGUE:
            data = with_one_more(data, adds)
        formset = rule_list(call, data)
        reason = ReasonForm(
            request.POST if data is not None and "add" not in request.POST else None,
            initial={"reason": request.POST.get("reason", "")},
        )
        is_sent = request.method == "POST" and "add" not in request.POST
        if is_sent and formset.is_valid() & reason.is_valid():
            return self._propose(request, call, formset.entries(), reason)
        context = self._context(request, _("Rules for %(name)s") % {"name": call})
        context |= {
            "call": call,
            "formset": formset,
            "reason_form": reason,
            "catalogue": [(rule.id, rule.title) for rule in CATALOGUE.values()],
            "is_sent": is_sent,
        }
        return render(request, f"{TEMPLATES}/rules.html", context)

    def _propose(
        self, request: HttpRequest, target: Call | Programme, conditions: Any, reason: ReasonForm
    ) -> HttpResponse:
        try:
            change = change_requests.propose_change(
                target, conditions, reason=reason.cleaned_data["reason"], by=current_user(request)
            )
        except rule_changes.NothingChanges:
            text = _("You have not changed anything, so there is nothing to propose.")
            messages.warning(request, text)
            return redirect("admin:proposals_proposedchange_changelist")
        return redirect(change)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        change = _found(self.get_queryset(request), object_id)
        if not self.has_view_permission(request, change):
            raise PermissionDenied
        if request.method == "POST":
            return self._act(request, change)
        context = self._context(request, str(change.target)) | _shown(change)
        return render(request, f"{TEMPLATES}/change.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page itself shows the result of the change."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:proposals_proposedchange_change", object_id)

    def impact_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that moves while a worker computes; asked again until it is there."""
        change = _found(self.get_queryset(request), str(pk))
        if not self.has_view_permission(request, change):
            raise PermissionDenied
        context = self._context(request, str(change.target)) | _shown(change)
        return render(request, f"{TEMPLATES}/impact.html", context)

    def _act(self, request: HttpRequest, change: ProposedChange) -> HttpResponse:
        if not request.user.has_perm("proposals.change_proposedchange"):
            raise PermissionDenied
        try:
            if "again" in request.POST:
                rule_changes.retry_change(change)
                return redirect(change)
            rule_changes.apply(change, by=current_user(request))
        except rule_changes.ConditionsChanged:
            text = _(
                "These conditions have changed since this was proposed, so it was not applied. "
                "Propose the change again."
            )
            messages.error(request, text)
        except rule_changes.SecondOfficerRequired:
            text = _(
                "You proposed this change and the call is published. A second officer must "
                "apply it."
            )
            messages.error(request, text)
        except rule_changes.AlreadyApplied as applied:
            text = _("%(who)s has already applied this change.")
            messages.warning(request, text % {"who": applied.change.applied_by})
        except rule_changes.ImpactNotReady:
            text = _(
                "The change was not applied because its impact is not known yet. Wait until it has "
                "been calculated."
            )
            messages.error(request, text)
        else:
            messages.success(request, _("Change applied."))
        return redirect(change)

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"title": title, "opts": self.opts}


def _found(queryset: QuerySet[Any], pk: str) -> Any:
    if not is_id(pk):
        raise Http404
    return get_object_or_404(queryset, pk=int(pk))


def _row_in(rows: list[Participation], wanted: str) -> Participation | None:
    """The row that an address names as “MD:2015-04-07”; None for a new one."""
    if wanted == NEW:
        return None
    for row in rows:
        if wanted == name_of(row):
            return row
    raise Http404


def name_of(row: Participation) -> str:
    return f"{row.country}:{row.in_force_on or ''}"


def _shown(change: ProposedChange) -> dict[str, Any]:
    now, wanted = _lists(change)
    return {
        "change": change,
        "edits": edits_between(now, wanted),
        "is_reordered": change.call is not None and _order(now, wanted) != _order(wanted, now),
        "propose_again_url": _propose_again_url(change),
        "is_current": change.base == rule_changes.digest_in_force(change.target),
        "needs_second_person": requires_second_person(change.target),
        "impact": change.impact or {},
        "version_url": reverse("admin:proposals_version_changelist"),
    }


def _propose_again_url(change: ProposedChange) -> str:
    kind = "call" if change.call_id else "programme"
    return reverse("admin:proposals_proposedchange_add") + f"?{kind}={change.target.pk}"


def _key(entry: dict[str, Any]) -> tuple[str, str]:
    """What an entry is about: a rule for its strands, or a country."""
    if "rule" in entry:
        return entry["rule"], ", ".join(entry.get("strands", []))
    return entry["country"], ""


def _order(entries: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The order of those that both lists have."""
    there = {_key(entry) for entry in others}
    return [_key(entry) for entry in entries if _key(entry) in there]


def edits_between(now: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each entry that is added, removed or changed; of a changed one the fields that differ."""
    gone = [entry for entry in now if entry not in wanted]
    new = [entry for entry in wanted if entry not in now]
    edits = []
    for entry in gone:
        same = next((other for other in new if _key(other) == _key(entry)), None)
        if same is not None:
            new.remove(same)
        edits.append(_edit(entry, same))
    return edits + [_edit(None, entry) for entry in new]


def _edit(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    entry = before or after or {}
    names = dict.fromkeys([*(before or {}), *(after or {})])
    today = clock.now().date()
    fields = [
        (
            condition_label(name),
            condition_text(name, (before or {}).get(name), today),
            condition_text(name, (after or {}).get(name), today),
        )
        for name in names
        if name not in KEYS and (before or {}).get(name) != (after or {}).get(name)
    ]
    kind = "changed" if before and after else "removed" if before else "added"
    code, strands = _key(entry)
    title = condition_text("rule" if "rule" in entry else "country", code, today)
    return {"kind": kind, "code": code, "title": title, "strands": strands, "fields": fields}


KEYS = ("rule", "country")  # what an entry is about; its title says it


def _lists(change: ProposedChange) -> tuple[list[Any], list[Any]]:
    """What was in force and what is wanted; of an applied change, as its record has it."""
    if change.change is not None:
        return change.change.before, change.change.after
    if change.call is not None:
        return change.call.rules, change.conditions
    return change.target.country_set().as_json(), change.conditions  # type: ignore[union-attr]


@admin.register(ConditionChange)
class ConditionChangeAdmin(ReadOnlyAdmin):
    """The history of rules and countries: what was changed, why, by whom, when."""

    list_display = ["made_at", "call", "programme", "reason", "made_by", "confirmed_by"]
    list_filter = ["call", "programme"]
    list_select_related = ["call", "programme"]
    fields = [
        "call",
        "programme",
        "reason",
        "made_by",
        "confirmed_by",
        "made_at",
        "before",
        "after",
    ]
