"""Officers order receipts or proposal PDFs of a call again, and follow the progress."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from applicants.web import current_user
from calls.admin import ReadOnlyAdmin
from proposals.models import (
    DocumentReissue,
)
from proposals.proof import reissue


@admin.register(DocumentReissue)
class DocumentReissueAdmin(ReadOnlyAdmin):
    """Reissues of all receipts or proposal PDFs of a call, and their progress."""

    change_form_template = "admin/proposals/documentreissue/change_form.html"
    list_display = ["kind", "call", "reason", "requested_by", "requested_at", "progress"]
    list_select_related = ["call", "requested_by"]
    fields = ["call", "kind", "reason"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("proposals.add_documentreissue")

    def save_model(
        self, request: HttpRequest, obj: DocumentReissue, form: Any, change: bool
    ) -> None:
        made = reissue.reissue_documents(
            obj.call, obj.kind, reason=obj.reason, by=current_user(request)
        )
        obj.pk = made.pk

    def get_queryset(self, request: HttpRequest) -> QuerySet[DocumentReissue]:
        return reissue.with_progress(super().get_queryset(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = reissue.calls_with_versions()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, buttons | (extra_context or {}))

    def response_add(
        self, request: HttpRequest, obj: DocumentReissue, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the progress of the new reissue."""
        return redirect("admin:proposals_documentreissue_change", obj.pk)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The row is its own record."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        result = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if result is not None:
            context |= {"reissue": result, "progress": reissue.progress_of(result)}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description=_("issued"))
    def progress(self, run: DocumentReissue) -> str:
        return f"{run.made} / {run.queued}"
