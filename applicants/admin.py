"""People and organisations as officers see them."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from applicants.models import Organisation, User
from applicants.organisations import OfficerTakesNoPart, may_become_officer, refusing_officers
from calls.admin import ReadOnlyAdmin
from foundation.sentences import ngettext

TAKES_PART = _(
    "This person cannot be an officer because the account belongs to an organisation or takes "
    "part in a proposal. Ask the person to leave it or to use a separate account as an officer."
)


class PersonForm(forms.ModelForm):
    """Refuses an officer's role to who takes part in an organisation or a proposal."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        roles = [name for name in ("is_staff", "is_superuser", "groups") if cleaned.get(name)]
        gained = [name for name in roles if name in self.changed_data]
        if gained and not may_become_officer(self.instance):
            self.add_error(gained[0], TAKES_PART)
        return cleaned


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Who is an officer, and with which rights; passwords are never shown or set here."""

    list_display = ["full_name", "email", "is_confirmed", "is_staff", "is_active", "last_login"]
    form = PersonForm
    actions = ["confirm_again"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["full_name", "email"]
    fields = [
        "full_name",
        "email",
        "is_active",
        "rehearses",
        "is_staff",
        "is_superuser",
        "groups",
        "date_joined",
        "last_login",
    ]
    readonly_fields = ["email", "date_joined", "last_login"]
    filter_horizontal = ["groups"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
        return super().get_queryset(request).annotate(confirmed=Exists(confirmed))

    @admin.display(description=_("email address confirmed"), boolean=True)
    def is_confirmed(self, user: Any) -> bool:
        return bool(user.confirmed)

    @admin.action(description=_("Resend the confirmation email"), permissions=["view"])
    def confirm_again(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For people who wait for it; whose address is confirmed gets none."""
        waiting = EmailAddress.objects.filter(user__in=queryset, verified=False)
        for address in waiting:
            address.send_confirmation(request)
        text = ngettext("%(count)s email sent.", "%(count)s emails sent.", len(waiting))
        messages.success(request, text % {"count": len(waiting)})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The person may have joined an organisation between the form's check and the storing."""
        try:
            with refusing_officers():
                return super().changeform_view(request, *args, **kwargs)
        except OfficerTakesNoPart:
            messages.error(request, TAKES_PART)
            return redirect(request.get_full_path())

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
        "legal_name",
        "cluster_name",
        "acronym",
        "kind",
        "country",
        "region",
        "town",
        "website",
        "pic",
        "created_at",
    ]
