"""Calls and countries as officers see them. What is final can be read only."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse

from calls.models import Call, Contact, CountryParticipation, Extension, Programme, Strand


class ReadOnlyAdmin(admin.ModelAdmin):
    """To be looked at: rows come from call files and domain functions."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter of the list offers: any other question could tell of sealed proposals."""
        offered = {getattr(one, "parameter_name", one) for one in self.list_filter}
        return lookup.partition("__")[0] in offered

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who may not look learns nothing, not even whether there is such a row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


def with_https(db_field: Any, **kwargs: Any) -> Any:
    """Addresses that are typed without a scheme are meant as https, as in Django 6."""
    kwargs["assume_scheme"] = "https"
    return db_field.formfield(**kwargs)


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False
    show_change_link = False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.URLField):
            return with_https(db_field, **kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class StrandInline(ReadOnlyInline):
    model = Strand
    fields = ["number", "topic", "title", "budget"]


class ExtensionInline(ReadOnlyInline):
    model = Extension
    fields = ["old_deadline", "new_deadline", "reason", "decided_by"]


class ContactInline(ReadOnlyInline):
    model = Contact
    fields = ["kind", "name", "url", "email", "telephone"]


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    list_display = ["reference", "title", "opens_at", "deadline", "budget"]
    search_fields = ["reference", "title"]
    inlines = [StrandInline, ExtensionInline, ContactInline]
    fields = [
        "programme", "reference", "title", "summary", "published_at", "opens_at",
        "first_deadline", "deadline", "zone", "budget", "rules",
    ]  # fmt: skip


class ParticipationInline(ReadOnlyInline):
    model = CountryParticipation
    fields = ["country", "gate", "signed_on", "in_force_on", "counts_until", "source"]


@admin.register(Programme)
class ProgrammeAdmin(ReadOnlyAdmin):
    list_display = ["code", "name", "legal_basis"]
    inlines = [ParticipationInline]
