"""Exports: what one has asked for, how far it is, and the link to fetch it by."""

from typing import Any

from django.contrib import admin, messages
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from applicants.web import current_user
from foundation.sentences import gettext as _
from proposals.delivery import wakeup
from proposals.models import EXPORT_RETENTION, Export, Version
from proposals.officers.admin_pages import DetailPageAdmin
from proposals.reporting import exports

TEMPLATES = "admin/proposals/export"


def begin(request: HttpRequest, kind: str, versions: QuerySet[Version]) -> HttpResponse:
    """Ask for an export of what was chosen in the list, and go to its progress."""
    chosen = list(versions.order_by().values_list("pk", flat=True))
    try:
        export = exports.request_export(kind, chosen, by=current_user(request))
    except exports.NothingToExport:
        messages.error(request, _("You cannot export any of these versions."))
        return redirect("admin:proposals_version_changelist")
    wakeup.wake_worker("make_exports")
    return redirect("admin:proposals_export_change", export.pk)


@admin.register(Export)
class ExportAdmin(DetailPageAdmin):
    """One's own exports; what others take out is in the history of each case."""

    list_display = ["kind", "requested_at", "state", "total_of", "size"]
    list_filter = ["state"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        return super().get_queryset(request).filter(requested_by=current_user(request))

    def get_urls(self) -> list[Any]:
        own = [
            self.url(
                "<int:pk>/progress/",
                require_safe(self._progress),
                "progress",
                "proposals.view_export",
            ),
            self.url("<int:pk>/file/", require_safe(self._file), "file", exports.RIGHT),
            self.url("<int:pk>/cancel/", require_POST(self._cancel), "cancel", exports.RIGHT),
        ]
        return own + super().get_urls()

    def detail_page(self, request: HttpRequest, export: Export) -> HttpResponse:
        """The progress of one, and its file."""
        return self.render(
            request,
            f"{TEMPLATES}/export.html",
            title=str(export),
            export=export,
            days=EXPORT_RETENTION.days,
        )

    def _progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        export = get_object_or_404(self.get_queryset(request), pk=pk)
        return self.render(
            request, f"{TEMPLATES}/state.html", title="", export=export, days=EXPORT_RETENTION.days
        )

    def _file(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The file, for whoever asked for it, until its time is over."""
        export = get_object_or_404(self.get_queryset(request), pk=pk)
        try:
            content = default_storage.open(export.path) if export.can_be_fetched else None
        except FileNotFoundError:  # deleted after its time, a moment ago
            content = None
        if content is None:
            messages.error(
                request,
                _("This file is not ready yet or has expired. Create a new export if needed."),
            )
            return redirect("admin:proposals_export_change", pk)
        return FileResponse(content, as_attachment=True, filename=exports.file_name_of(export))

    def _cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        export = get_object_or_404(self.get_queryset(request), pk=pk)
        if exports.cancel(export):
            messages.success(request, _("Export cancelled. No file was kept."))
        else:
            export.refresh_from_db(fields=["state"])
            text = _("The export was not cancelled. Its status is now: %(state)s.")
            messages.warning(request, text % {"state": export.get_state_display()})
        return redirect("admin:proposals_export_change", pk)

    @admin.display(description=gettext_lazy("versions"))
    def total_of(self, export: Export) -> int:
        return export.total
