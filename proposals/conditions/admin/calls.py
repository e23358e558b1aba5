"""Setting up a call: begin or clone it, write it, look at it, publish it with a second yes, extend it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from applicants.once import idempotent
from applicants.web import current_user
from calls import call_setup, rehearsals
from calls.admin import ReadOnlyInline
from calls.conditions import requires_second_person
from calls.models import (
    Call,
    CallSection,
    Contact,
    Extension,
    Incident,
    RequiredDeliverable,
    Strand,
)
from calls.views.call import page_as_open
from foundation import clock
from foundation.sentences import gettext as _
from proposals.conditions import call_administration
from proposals.conditions.admin.call_forms import (
    BeginForm,
    CallForm,
    CloneForm,
    ContactForm,
    ExtensionForm,
    IncidentForm,
    IndividualExtensionForm,
    RehearsalClockForm,
    RehearsalForm,
    SectionForm,
    StrandForm,
)
from proposals.delivery import wakeup
from proposals.models import ProposedExtension, PublicationRequest
from proposals.officers.admin_pages import OfficerAdmin, is_id

TEMPLATES = "admin/calls/call"
CHANGE = "calls.change_call"
PROPOSED = gettext_lazy(
    "Extension proposed. Your colleagues have been asked by email. The deadline changes once a "
    "second officer confirms it."
)
EXTENDED = gettext_lazy(
    "Deadline changed. The reason is on the call page and applicants are notified by email."
)


class PartInline(admin.StackedInline):
    """A part of a call that call managers write; strands of a published call stay as they are."""

    extra = 0
    final_when_published = False

    def _may_write(self, request: HttpRequest, call: Any) -> bool:
        is_final = self.final_when_published and call is not None and call.published_at is not None
        is_copy = call is not None and call.is_rehearsal
        return request.user.has_perm(CHANGE) and not is_final and not is_copy

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("calls.view_call")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_write(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_write(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_write(request, obj)


class SectionInline(PartInline):
    model = CallSection
    form = SectionForm


class StrandInline(PartInline):
    model = Strand
    form = StrandForm
    final_when_published = True
    show_change_link = True


class ContactInline(PartInline):
    model = Contact
    form = ContactForm


class ExtensionInline(ReadOnlyInline):
    model = Extension
    fields = ["old_deadline", "new_deadline", "reason", "decided_by", "incident"]


class IncidentInline(ReadOnlyInline):
    model = Incident
    fields = ["began_at", "ended_at", "text", "recorded_by"]


@admin.register(Call)
class CallAdmin(OfficerAdmin):
    """Calls, published or in preparation."""

    form = CallForm
    change_form_template = f"{TEMPLATES}/change_form.html"
    change_list_template = f"{TEMPLATES}/change_list.html"
    list_display = [
        "reference",
        "title",
        "published_at",
        "opens_at",
        "deadline",
        "budget",
        "rehearsal_of",
    ]
    list_select_related = ["rehearsal_of"]
    search_fields = ["reference", "title"]
    inlines = [SectionInline, StrandInline, ContactInline, ExtensionInline, IncidentInline]
    fields = [
        "reference",
        "programme",
        "title",
        "summary",
        "published_at",
        "opens_at",
        "first_deadline",
        "deadline",
        "zone",
        "budget",
        "open_points",
        "remedies",
        "checklist",
        "declaration",
        "moderates_requests",
        "bulk_with_remarks",
    ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A rehearsal shows what its call says: write there, and rehearse again."""
        return request.user.has_perm(CHANGE) and not (obj is not None and obj.is_rehearsal)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("calls.add_call")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        always = ["reference", "programme", "published_at", "deadline", "zone"]
        is_published = obj is not None and obj.published_at is not None
        return [*always, "opens_at", "first_deadline"] if is_published else always

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Call | None:
        """What is sent is written over the call as it is by then: nobody extends it in between."""
        if request.method == "POST" and is_id(object_id):
            Call.objects.select_for_update().filter(pk=object_id).first()
        result: Any = super().get_object(request, object_id, from_field)
        if result is not None:
            result.mark = call_administration.mark_of_texts(result)
            result.is_stale = request.POST.get("seen", result.mark) != result.mark
        return result

    def save_model(self, request: HttpRequest, obj: Call, form: Any, change: bool) -> None:
        obj.changed_at = clock.real_now()
        if obj.published_at is None and not obj.extensions.exists():
            obj.deadline = obj.first_deadline
        obj.save()

    def get_urls(self) -> list[Any]:
        own = [
            self.url("<int:pk>/clone/", idempotent(self._clone), "clone", "calls.add_call"),
            self.url(
                "<int:pk>/preview/", require_safe(self._preview), "preview", "calls.view_call"
            ),
            self.url(
                "<int:pk>/publish/", require_safe(self._publish), "publish", "calls.view_call"
            ),
            self.url(
                "<int:pk>/publish/request/",
                require_POST(self._ask),
                "request_publication",
                "proposals.add_publicationrequest",
            ),
            self.url(
                "<int:pk>/publish/confirm/",
                require_POST(self._confirm),
                "confirm_publication",
                "proposals.change_publicationrequest",
            ),
            self.url(
                "<int:pk>/rehearse/", idempotent(self._rehearse), "rehearse", "calls.add_call"
            ),
            self.url("<int:pk>/clock/", self._clock, "clock", "calls.add_call"),
            self.url(
                "<int:pk>/extend/", self._extend, "extend", "proposals.view_proposedextension"
            ),
            self.url(
                "<int:pk>/extend/confirm/",
                require_POST(self._confirm_extension),
                "confirm_extension",
                "proposals.change_proposedextension",
            ),
            self.url(
                "<int:pk>/extend/withdraw/",
                require_POST(self._withdraw_extension),
                "withdraw_extension",
                "calls.add_extension",
            ),
            self.url(
                "<int:pk>/extend-proposal/",
                idempotent(self._extend_proposal),
                "extend_proposal",
                "proposals.add_individualextension",
            ),
            self.url(
                "<int:pk>/incident/", idempotent(self._incident), "incident", "calls.add_incident"
            ),
        ]
        return own + super().get_urls()

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Begin an empty call; everything else is written on its own page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BeginForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                made = call_setup.begin_call(**form.cleaned_data)
            except call_setup.ReferenceTaken:
                form.add_error(
                    "reference",
                    _("A call with this reference already exists. Enter another reference."),
                )
            else:
                messages.success(request, _("Call created. Only officers can see it."))
                return redirect("admin:calls_call_change", made.pk)
        return self._form_page(
            request, None, form, title=_("Create a call"), button=_("Create call")
        )

    def _form_page(
        self, request: HttpRequest, call: Call | None, form: forms.Form, **words: Any
    ) -> HttpResponse:
        status = 422 if form.errors else 200
        return self.render(
            request, f"{TEMPLATES}/form.html", status=status, call=call, form=form, **words
        )

    def _clone(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = get_object_or_404(Call, pk=pk)
        form = CloneForm(request.POST or None, initial={"title": source.title})
        if request.method == "POST" and form.is_valid():
            try:
                made = call_setup.clone_call(source, **form.cleaned_data)
            except call_setup.ReferenceTaken:
                form.add_error(
                    "reference",
                    _("A call with this reference already exists. Enter another reference."),
                )
            else:
                messages.success(
                    request, _("Call copied without its dates. Complete the points listed below.")
                )
                return redirect("admin:calls_call_publish", made.pk)
        title = _("Copy %(reference)s") % {"reference": source.reference}
        return self._form_page(request, source, form, title=title, button=_("Copy call"))

    def _rehearse(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = get_object_or_404(Call, pk=pk)
        form = RehearsalForm(request.POST or None, initial={"starts_at": source.opens_at})
        if request.method == "POST" and form.is_valid():
            try:
                made = rehearsals.begin_rehearsal(source, **form.cleaned_data)
            except rehearsals.CannotRehearse as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(
                    request,
                    _(
                        "Rehearsal started. Staff can find it under Calls. Its cases are listed "
                        "separately."
                    ),
                )
                return redirect("admin:calls_call_change", made.pk)
        title = _("Rehearse %(reference)s") % {"reference": source.reference}
        return self._form_page(request, source, form, title=title, button=_("Start rehearsal"))

    def _clock(self, request: HttpRequest, pk: int) -> HttpResponse:
        call = get_object_or_404(Call.objects.filter(rehearsal_of__isnull=False), pk=pk)
        deadline = call.in_rehearsal_time(call.deadline)
        form = RehearsalClockForm(request.POST or None, initial={"to": deadline})
        if request.method == "POST" and form.is_valid():
            try:
                rehearsals.move_clock(call, **form.cleaned_data)
            except rehearsals.ClockCannotMove as refusal:
                form.add_error("to", str(refusal))
            else:
                messages.success(request, _("Rehearsal clock set."))
                return redirect("admin:calls_call_change", pk)
        title = _("Clock for %(reference)s") % {"reference": call.reference}
        return self._form_page(
            request, call, form, title=title, button=_("Set the rehearsal clock")
        )

    def _preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The call's page as applicants will see it once it is open."""
        return HttpResponse(page_as_open(request, get_object_or_404(Call, pk=pk)))

    def _publish(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What is left to do; asking for it to be published, and the second yes."""
        call = get_object_or_404(Call, pk=pk)
        asked = PublicationRequest.objects.filter(call=call).select_related(
            "requested_by", "confirmed_by"
        )
        return self.render(
            request,
            f"{TEMPLATES}/publish.html",
            title=_("Publish %(reference)s") % {"reference": call.reference},
            call=call,
            obstacles=list(call_setup.obstacles_to_publishing(call)),
            remarks=list(call_setup.remarks_before_publishing(call)),
            asked=asked.first(),
            mark=call_administration.mark_of(call, asked.first()),
            may_ask=request.user.has_perm("proposals.add_publicationrequest"),
            may_confirm=request.user.has_perm("proposals.change_publicationrequest"),
        )

    def _ask(self, request: HttpRequest, pk: int) -> HttpResponse:
        text = _("A colleague can now approve publication.")
        return self._published(request, pk, call_administration.request_publication, text)

    def _confirm(self, request: HttpRequest, pk: int) -> HttpResponse:
        text = _("Call published.")
        seen = request.POST.get("seen", "")
        confirm = partial(call_administration.confirm_publication, seen=seen)
        return self._published(request, pk, confirm, text)

    def _published(
        self, request: HttpRequest, pk: int, act: Callable[..., object], text: str
    ) -> HttpResponse:
        try:
            act(get_object_or_404(Call, pk=pk), by=current_user(request))
        except call_administration.CannotPublishCall as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, text)
        return redirect("admin:calls_call_publish", pk)

    def _extend(self, request: HttpRequest, pk: int) -> HttpResponse:
        call = get_object_or_404(Call, pk=pk)
        may_propose = request.user.has_perm("calls.add_extension")
        if request.method == "POST" and not may_propose:
            raise PermissionDenied
        form = ExtensionForm(request.POST or None, call=call)
        if request.method == "POST" and form.is_valid():
            seen = request.POST.get("seen", "")
            act, text = (
                (partial(call_administration.propose_extension, seen=seen), PROPOSED)
                if requires_second_person(call)
                else (call_administration.extend_unpublished, EXTENDED)
            )
            try:
                act(call, by=current_user(request), **form.cleaned_data)
            except call_administration.CannotExtend as refusal:
                form.add_error("until", str(refusal))
            else:
                wakeup.wake_worker()
                messages.success(request, str(text))
                return redirect("admin:calls_call_extend", pk)
        waiting = ProposedExtension.objects.filter(call=call, extension=None)
        return self.render(
            request,
            f"{TEMPLATES}/extend.html",
            title=_("Extend %(reference)s for everyone") % {"reference": call.reference},
            status=422 if form.errors else 200,
            call=call,
            form=form,
            waiting=waiting.select_related("proposed_by", "incident").first(),
            may_propose=may_propose,
            may_confirm=request.user.has_perm("proposals.change_proposedextension"),
        )

    def _confirm_extension(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            proposed = self._shown_extension(request, pk)
            call_administration.confirm_extension(proposed, by=current_user(request))
        except call_administration.CannotExtend as refusal:
            messages.error(request, str(refusal))
        else:
            wakeup.wake_worker()
            messages.success(request, str(EXTENDED))
        return redirect("admin:calls_call_extend", pk)

    def _withdraw_extension(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            proposed = self._shown_extension(request, pk)
            if not call_administration.withdraw_extension(proposed):
                raise call_administration.CannotExtend(call_administration.what_became_of(proposed))
        except call_administration.CannotExtend as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("Proposed extension withdrawn. The deadline has not changed.")
            )
        return redirect("admin:calls_call_extend", pk)

    def _shown_extension(self, request: HttpRequest, pk: int) -> ProposedExtension:
        """The proposal that the page showed: a later one is another deadline, for another reason."""
        newest = ProposedExtension.objects.filter(call_id=pk).first()
        if newest is None:
            raise call_administration.CannotExtend(_("This proposed extension has been withdrawn."))
        if newest.proposed_at.isoformat() != request.POST.get("proposed_at", ""):
            raise call_administration.CannotExtend(call_administration.what_became_of(newest))
        return newest

    def _extend_proposal(self, request: HttpRequest, pk: int) -> HttpResponse:
        call = get_object_or_404(Call, pk=pk)
        form = IndividualExtensionForm(request.POST or None, call=call)
        if request.method == "POST" and form.is_valid():
            try:
                call_administration.extend_for_one(
                    call, by=current_user(request), **form.cleaned_data
                )
            except call_administration.CannotExtend as refusal:
                form.add_error(None, str(refusal))
            else:
                wakeup.wake_worker()
                messages.success(
                    request,
                    _("Deadline changed for this proposal. Its consortium is notified by email."),
                )
                return redirect("admin:calls_call_change", pk)
        title = _("Extend %(reference)s for one proposal") % {"reference": call.reference}
        return self._form_page(request, call, form, title=title, button=_("Change the deadline"))

    def _incident(self, request: HttpRequest, pk: int) -> HttpResponse:
        call = get_object_or_404(Call, pk=pk)
        form = IncidentForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            who = str(current_user(request))
            call_setup.record_incident(call, recorded_by=who, **form.cleaned_data)
            messages.success(request, _("Incident recorded. An extension can now refer to it."))
            return redirect("admin:calls_call_change", pk)
        title = _("Record an incident for %(reference)s") % {"reference": call.reference}
        return self._form_page(request, call, form, title=title, button=_("Record incident"))


class DeliverableInline(PartInline):
    model = RequiredDeliverable
    fields = ["position", "code", "title", "text", "is_scoreboard"]
    final_when_published = True

    def _may_write(self, request: HttpRequest, call: Any) -> bool:
        return super()._may_write(request, call.call if isinstance(call, Strand) else call)


@admin.register(Strand)
class StrandAdmin(OfficerAdmin):
    """The deliverables of a strand; a strand itself is written on its call's page."""

    inlines = [DeliverableInline]
    list_display = ["call", "number", "title"]
    list_select_related = ["call"]
    fields = ("call", "number", "code", "title", "purpose")
    readonly_fields = ("call", "number", "code", "title", "purpose")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(CHANGE)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("calls.view_call")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Strand]:
        return super().get_queryset(request).select_related("call")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        Call.objects.filter(pk=form.instance.call_id).update(changed_at=clock.real_now())
