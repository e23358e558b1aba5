"""Putting a tag on many cases of the list, or taking it off."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from applicants.fields import TextField
from applicants.web import current_user
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.models import Proposal, Version
from proposals.officers.tags import InvalidTag, normalise_tag, tag_cases, untag_cases
from proposals.screening.admin.assignment import chosen_versions

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

ADD, REMOVE = "add", "remove"


class TagForm(forms.Form):
    act = forms.ChoiceField(
        label=gettext_lazy("What to do"),
        choices=[(ADD, gettext_lazy("Add the tag")), (REMOVE, gettext_lazy("Remove the tag"))],
        widget=forms.RadioSelect,
        initial=ADD,
    )
    name = TextField(
        label=gettext_lazy("Tag"),
        max_length=30,
        help_text=gettext_lazy(
            "One word of letters without accents, figures and hyphens, for example “urgent”. "
            "Applicants cannot see tags."
        ),
    )
    remark = TextField(
        label=gettext_lazy("Remark (optional)"),
        required=False,
        max_length=500,
        rows=2,
        help_text=gettext_lazy("Colleagues read it in the history of each case."),
    )

    def clean_name(self) -> str:
        try:
            return normalise_tag(self.cleaned_data["name"])
        except InvalidTag:
            text = _(
                "Enter a tag of letters without accents, figures and hyphens, such as “urgent”."
            )
            raise forms.ValidationError(text) from None


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    def view(request: HttpRequest) -> HttpResponse:
        return _tag(model_admin, request)

    return [model_admin.url("tag/", require_POST(view), "tag", "proposals.add_casetag")]


def choose_tag(
    model_admin: "OfficerAdmin", request: HttpRequest, versions: QuerySet[Version], form: Any = None
) -> HttpResponse:
    """The page that asks for the tag of the chosen cases."""
    return model_admin.render(
        request,
        "admin/proposals/version/tag.html",
        title=_("Tag cases"),
        status=422 if form and form.errors else 200,
        versions=list(versions),
        form=form or TagForm(),
    )


def _tag(model_admin: "OfficerAdmin", request: HttpRequest) -> HttpResponse:
    chosen = chosen_versions(request)
    form = TagForm(request.POST)
    if not form.is_valid():
        return choose_tag(model_admin, request, chosen, form)
    values = form.cleaned_data
    proposals = Proposal.objects.filter(versions__in=chosen).distinct().order_by("pk")
    change = tag_cases if values["act"] == ADD else untag_cases
    count = change(proposals, values["name"], by=current_user(request), remark=values["remark"])
    messages.success(
        request, _changed_message(values["act"], count) % {"count": count, "tag": values["name"]}
    )
    return redirect("admin:proposals_version_changelist")


def _changed_message(act: str, count: int) -> str:
    if act == ADD:
        return ngettext(
            "Tag “%(tag)s” added to %(count)s case.",
            "Tag “%(tag)s” added to %(count)s cases.",
            count,
        )
    return ngettext(
        "Tag “%(tag)s” removed from %(count)s case.",
        "Tag “%(tag)s” removed from %(count)s cases.",
        count,
    )
