"""The admin site: what an address may ask of it is decided here, for every registered admin.

A list answers the parameters of its own filters, and nothing else. Any other lookup could follow relations to
data that the reader may not see, and read it character by character from whether rows appear.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.exceptions import (
    DisallowedModelAdminLookup,
    DisallowedModelAdminToField,
)
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Field, Model
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from psycopg2.errors import UniqueViolation

from foundation.sentences import gettext as _
from foundation.typed import repost_form

# Sent with `request` and `lookups` when a list refuses lookups; the sender is the model of the list.
lookup_refused = Signal()

DATE_PARTS = ("year", "month", "day")


class ListedLookups(admin.ModelAdmin):
    """Lets an address ask only what the filters of the list ask; the site puts it before every admin."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.listed_lookups(request or HttpRequest())

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Rows are named by their key only, in popups too."""
        pk = self.opts.pk
        return to_field == pk.name

    def listed_lookups(self, request: HttpRequest) -> set[str]:
        """The parameters that the filters of the list read, exactly as its links write them."""
        names = {f"{self.date_hierarchy}__{part}" for part in DATE_PARTS if self.date_hierarchy}
        for entry in self.get_list_filter(request):
            names.update(self._parameters_of(entry, request))
        return names

    def _parameters_of(self, entry: Any, request: HttpRequest) -> frozenset[str]:
        cached: dict[Any, frozenset[str]] = self.__dict__.setdefault("_cached_parameters", {})
        if entry not in cached:
            cached[entry] = frozenset(parameters_of(entry, self, request))
        return cached[entry]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except (DisallowedModelAdminLookup, DisallowedModelAdminToField):
            lookups = [name for name in request.GET if not self.lookup_allowed(name, "", request)]
            lookup_refused.send(sender=self.model, request=request, lookups=lookups)
            return render(request, "admin/lookup_refused.html", status=400)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Of two who take one name at once the later is shown the form's own error, with what they typed.

        Their form was valid when it looked; looked at again, after the database refused it, it is not.
        """
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                raise
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Only what was chosen is named: what depends on it may be sealed, or not this person's to see."""
        chosen = list(objs)
        _names, _counts, lacking, protected = super().get_deleted_objects(objs, request)
        name = self.opts.verbose_name if len(chosen) == 1 else self.opts.verbose_name_plural
        others = [_("Related records")] if protected else []
        return [str(row) for row in chosen], {name: len(chosen)}, lacking, others


def parameters_of(entry: Any, model_admin: admin.ModelAdmin, request: HttpRequest) -> Iterable[str]:
    """What Django's own filter of an entry of `list_filter` takes from an address."""
    if isinstance(entry, type) and issubclass(entry, admin.SimpleListFilter):
        return [str(entry.parameter_name)]
    if callable(entry):
        return _known(entry(request, {}, model_admin.model, model_admin))
    field, create = entry if isinstance(entry, list | tuple) else (entry, None)
    make: Any = create or admin.FieldListFilter.create
    path = field.name if isinstance(field, Field) else str(field)
    target = get_fields_from_path(model_admin.model, path)[-1]
    return _known(make(target, request, {}, model_admin.model, model_admin, field_path=path))


def _known(spec: Any) -> list[str]:
    return [name for name in spec.expected_parameters() if name]


class PortalAdminSite(admin.AdminSite):
    """Puts `ListedLookups` before every admin, those of other packages too."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        data = admin_class or admin.ModelAdmin
        super().register(model_or_iterable, guarded(data), **options)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Who is signed in without an officers' role gets 403, not a page to sign in that leads back here.

        A form that was sent after the session ended comes back filled.
        """

        def refusing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied(
                    _("These pages are for officers. Your account does not have an officer role.")
                )
            if request.method == "POST" and not request.user.is_authenticated:
                return repost_form(request, login_url=reverse("admin:login"), status=401)
            answer: HttpResponse = inner(request, *args, **kwargs)
            return answer

        inner = super().admin_view(view, cacheable)
        return refusing

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Every page has it in its context for a side bar, which this site does not have: made when shown."""
        get = super().get_app_list
        return SimpleLazyObject(lambda: get(request, app_label))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Answers for fields that a registered admin offers in this way, and for no others."""
        asked = tuple(
            request.GET.get(name, "") for name in ("app_label", "model_name", "field_name")
        )
        if asked not in self._autocompleted(request):
            raise PermissionDenied
        return super().autocomplete_view(request)

    def _autocompleted(self, request: HttpRequest) -> set[tuple[str, ...]]:
        return {
            (model._meta.app_label, str(model._meta.model_name), str(name))
            for model, its_admin in self._registry.items()
            for name in its_admin.get_autocomplete_fields(request)
        }


def guarded(admin_class: type[admin.ModelAdmin]) -> type[admin.ModelAdmin]:
    if issubclass(admin_class, ListedLookups):
        return admin_class
    place = {"__module__": admin_class.__module__, "__doc__": admin_class.__doc__}
    return type(admin_class.__name__, (ListedLookups, admin_class), place)


def unguarded(site: admin.AdminSite) -> list[type[Model]]:
    """Models whose admin decides by itself what an address may ask."""
    decided = ("lookup_allowed", "to_field_allowed", "listed_lookups")
    return [
        model
        for model, its_admin in site._registry.items()  # noqa: SLF001 -- what is registered
        if any(
            getattr(type(its_admin), name) is not getattr(ListedLookups, name, None)
            for name in decided
        )
    ]
