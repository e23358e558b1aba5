"""The directory of contact points, as the helpdesk keeps it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from applicants.fields import SeveralField
from calls.fields import CountryField
from foundation import clock
from foundation.csv_import import InvalidCsv, RowAction, text_of
from foundation.fields import DayField
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.helpdesk import contact_points
from proposals.models import LANGUAGES, ContactPoint
from proposals.officers.admin_pages import OfficerAdmin


class ContactPointForm(forms.ModelForm):
    country = CountryField(required=False)
    languages = SeveralField(
        label=gettext_lazy("Languages"), choices=list(LANGUAGES.items()), required=False
    )
    checked_on = DayField(
        label=gettext_lazy("Date checked"),
        required=False,
        help_text=gettext_lazy("For example, 21.4.2015. Leave empty if nobody has checked it yet."),
    )
    website = forms.URLField(label=gettext_lazy("Website"), required=False, assume_scheme="https")

    class Meta:
        model = ContactPoint
        fields = contact_points.KNOWN

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if not any(values.get(name) for name in ("email", "telephone", "website")):
            self.add_error(None, _("Enter an email address, a telephone number or a website."))
        checked_on = values.get("checked_on")
        if checked_on and checked_on > clock.now().date():
            self.add_error("checked_on", _("The date of the check must not be in the future."))
        return values


class FileForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("CSV file"))


@admin.register(ContactPoint)
class ContactPointAdmin(OfficerAdmin):
    """Offices that help, with the day on which each was last checked."""

    form = ContactPointForm
    change_list_template = "admin/proposals/contactpoint/change_list.html"
    list_display = ["name", "kind", "country", "region", "checked_on"]
    list_filter = ["kind", "country"]
    search_fields = ["name", "region", "town"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("proposals.add_contactpoint")

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("proposals.change_contactpoint")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("proposals.delete_contactpoint")

    def get_urls(self) -> list[Any]:
        own = [self.url("import/", self._import, "import", "proposals.add_contactpoint")]
        return own + super().get_urls()

    def _import(self, request: HttpRequest) -> HttpResponse:
        """First what would happen, row by row; then, with a yes, it happens."""
        is_sent = request.method == "POST"
        form = FileForm(request.POST, request.FILES) if is_sent else FileForm()
        context: dict[str, Any] = {"form": form, "rows": None, "known": contact_points.KNOWN}
        if is_sent:
            try:
                text = _text_in(request, form)
                rows = contact_points.read_contact_points(text) if text is not None else None
            except InvalidCsv as refusal:
                form.add_error(None if "text" in request.POST else "file", str(refusal))
            else:
                if rows is not None and "do" in request.POST:
                    return self._stored(request, contact_points.store_contact_points(rows))
                usable = sum(row.action in {RowAction.NEW, RowAction.CHANGED} for row in rows or ())
                context |= {"rows": rows, "text": text, "usable": usable}
        title = _("Import contact points")
        template = "admin/proposals/contactpoint/import.html"
        status = 422 if form.errors and context["rows"] is None else 200
        return self.render(request, template, title=title, status=status, **context)

    def _stored(self, request: HttpRequest, count: int) -> HttpResponse:
        text = ngettext("%(count)s row imported.", "%(count)s rows imported.", count)
        messages.success(request, text % {"count": count})
        return redirect("admin:proposals_contactpoint_changelist")


def _text_in(request: HttpRequest, form: FileForm) -> str | None:
    """The text that was shown before, or that of a file; None where neither was sent."""
    if "text" in request.POST:
        return request.POST["text"]
    return text_of(form.cleaned_data["file"].read()) if form.is_valid() else None
