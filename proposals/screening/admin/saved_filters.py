"""Views of the list of cases that an officer keeps under a name, alone or for colleagues."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
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
PARAMETERS = "queue versions strand outcome rule country officer decided tag q o".split()
COLUMNS = "columns"
MAX_QUERY_LENGTH = 500


class SavedFilterForm(forms.Form):
    name = NameField(max_length=60)
    query = forms.CharField(max_length=MAX_QUERY_LENGTH, required=False)
    is_shared = forms.BooleanField(required=False)


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    return [
        model_admin.url("filters/", save, "save_filter", "proposals.view_version"),
        model_admin.url(
            "filters/<int:pk>/delete/", delete, "delete_filter", "proposals.view_version"
        ),
    ]


def views_for(officer: User) -> list[tuple[SavedFilter, bool]]:
    """Each view that this officer's list offers, and whether it is the officer's own.

    A view is only the address of a list: whoever opens it sees the cases that they may see.
    """
    shown = SavedFilter.objects.shown_to(officer).select_related("officer")
    return [(view, view.officer_id == officer.pk) for view in shown]


def query_of(query_dict: QueryDict, *, without_columns: bool = False) -> str:
    """What of an address is a question to the list, in a fixed order."""
    parameters = QueryDict(mutable=True)
    if not without_columns and (columns := ",".join(query_dict.getlist(COLUMNS))):
        parameters[COLUMNS] = columns
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
        messages.error(request, _("View not saved. Choose a filter and enter a short name for it."))
        return redirect(list_address(query))
    is_shared = form.cleaned_data["is_shared"]
    SavedFilter.objects.update_or_create(
        officer=current_user(request),
        name=form.cleaned_data["name"],
        defaults={"query": query, "is_shared": is_shared},
    )
    text = _("View saved and shared.") if is_shared else _("View saved. Only you can see it.")
    messages.success(request, text)
    return redirect(list_address(query))


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    SavedFilter.objects.filter(officer=current_user(request), pk=pk).delete()
    messages.success(request, _("View deleted."))
    return redirect(list_address(""))


def list_address(query: str) -> str:
    return reverse("admin:proposals_version_changelist") + (f"?{query}" if query else "")
