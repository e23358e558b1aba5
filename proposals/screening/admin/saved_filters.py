"""Filters of the list of versions that an officer keeps under a name."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from applicants.fields import NameField
from applicants.models import User
from applicants.web import current_user
from foundation.sentences import gettext as _
from proposals.models import SavedFilter

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

# What an address of the list may ask; nothing else is kept.
PARAMETERS = "queue versions strand outcome rule country officer decided q o".split()
MAX_QUERY_LENGTH = 500


class SavedFilterForm(forms.Form):
    name = NameField(max_length=60)
    query = forms.CharField(max_length=MAX_QUERY_LENGTH, required=False)


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    return [
        model_admin.url("filters/", save, "save_filter", "proposals.view_version"),
        model_admin.url(
            "filters/<int:pk>/delete/", delete, "delete_filter", "proposals.view_version"
        ),
    ]


def of(officer: User) -> QuerySet[SavedFilter]:
    return SavedFilter.objects.filter(officer=officer)


def query_of(query_dict: QueryDict) -> str:
    """What of an address is a question to the list, in a fixed order."""
    parameters = QueryDict(mutable=True)
    for name in PARAMETERS:
        value = query_dict.get(name)
        if isinstance(value, str) and value:
            parameters[name] = value
    return parameters.urlencode()


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the list's present question; the same name again replaces the former one."""
    form = SavedFilterForm(request.POST)
    query = query_of(QueryDict(request.POST.get("query", "")))
    if not form.is_valid() or not query:
        messages.error(
            request, _("Filter not saved. Choose a filter and enter a short name for it.")
        )
        return redirect(_list(query))
    SavedFilter.objects.update_or_create(
        officer=current_user(request), name=form.cleaned_data["name"], defaults={"query": query}
    )
    messages.success(request, _("Filter saved."))
    return redirect(_list(query))


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    of(current_user(request)).filter(pk=pk).delete()
    messages.success(request, _("Filter deleted."))
    return redirect(_list(""))


def _list(query: str) -> str:
    return reverse("admin:proposals_version_changelist") + (f"?{query}" if query else "")
