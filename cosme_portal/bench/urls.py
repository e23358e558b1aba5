"""The portal's addresses with the baselines beside them, on the same server."""

from django.contrib import admin
from django.db import connection, models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST

from cosme_portal.urls import urlpatterns as portal
from proposals.models import Version


class BenchRow(models.Model):
    """A row with nothing to check."""

    text = models.TextField()

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "bench_row"

    def __str__(self) -> str:
        return self.text


@require_POST
def commit_one_row(request: HttpRequest) -> HttpResponse:
    """The baseline of everything that stores: one row, committed, by the shortest way that there is."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_row (text) VALUES (%s)", [request.POST.get("text", "")])
    return HttpResponse("stored")


@require_POST
def create_one_row(request: HttpRequest) -> HttpResponse:
    """The same as Django's views do it: a row of a model."""
    BenchRow._default_manager.create(text=request.POST.get("text", ""))
    return HttpResponse("stored")


def bare_template(request: HttpRequest) -> HttpResponse:
    """The baseline of a public page: a template as long as the call page, and no query."""
    return render(request, "bench/bare.html", {"lines": LINES})


LINES = mark_safe("<p>One paragraph of a call, and nothing to compute.</p>\n" * 600)  # noqa: S308 -- our own

# The baseline of the officers' lists: Django's own list of the same table, with nothing of ours.
plain = admin.AdminSite(name="bench-admin")
plain.has_permission = lambda request: True  # type: ignore[method-assign]


class PlainVersionAdmin(admin.ModelAdmin):
    """As many columns of the same and related rows as the back office has, filters, fifty to a page."""

    change_list_template = "admin/change_list.html"
    list_display = [
        "proposal__number",
        "acronym",
        "proposal__strand__number",
        "countries",
        "received_at",
        "proposal__assignment__officer",
        "number",
        "committed_at",
    ]
    list_filter = ["proposal__strand", "proposal__assignment__officer", "received_at"]
    list_select_related = ["proposal__strand", "proposal__assignment__officer"]
    search_fields = ["proposal__number", "acronym"]
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        return Version.objects.defer("dossier", "circumstances")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return True

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """So that rows have boxes, as those of the back office."""
        return True


plain.register(Version, PlainVersionAdmin)

urlpatterns = [
    path("bench/admin/", plain.urls),
    path("bench/commit/", commit_one_row),
    path("bench/create/", create_one_row),
    path("bench/template/", bare_template),
    *portal,
]
