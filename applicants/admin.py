"""People and organisations as officers see them."""

from django.contrib import admin

from applicants.models import Organisation, User
from calls.admin import ReadOnlyAdmin


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Who is an officer, and with which rights; passwords are never shown or set here."""

    list_display = ["full_name", "email", "is_staff", "is_active"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["full_name", "email"]
    fields = [
        "full_name", "email", "is_active", "is_staff", "is_superuser", "groups", "date_joined",
        "last_login",
    ]  # fmt: skip
    readonly_fields = ["email", "date_joined", "last_login"]
    filter_horizontal = ["groups"]

    def has_add_permission(self, request: object) -> bool:
        """People sign up themselves, so that an address is always confirmed."""
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Organisation)
class OrganisationAdmin(ReadOnlyAdmin):
    list_display = ["legal_name", "cluster_name", "kind", "country", "pic"]
    list_filter = ["kind", "country"]
    search_fields = ["legal_name", "cluster_name", "acronym", "pic"]
    fields = [
        "legal_name", "cluster_name", "acronym", "kind", "country", "region", "town", "website",
        "pic", "created_at",
    ]  # fmt: skip
