"""Looking at partnership requests before they are published, and at what people report."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from applicants.fields import TextField
from applicants.web import current_user
from foundation.sentences import gettext as _
from proposals.delivery import wakeup
from proposals.models import AbuseReport, PartnershipRequest
from proposals.officers.admin_pages import DetailPageAdmin
from proposals.partnering import conversations, requests


class ShutForm(forms.Form):
    """Close what should not be there; its people read why."""

    remark = TextField(
        label=gettext_lazy("Reason for closing"),
        max_length=2000,
        rows=4,
        help_text=gettext_lazy("Shown to the organisation. It cannot reopen the request."),
    )


class LookForm(forms.Form):
    """Publish it, or say what has to be changed."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Your decision"),
        choices=(
            ("publish", gettext_lazy("Publish")),
            ("refuse", gettext_lazy("Do not publish")),
        ),
        widget=forms.RadioSelect,
    )
    remark = TextField(
        label=gettext_lazy("What needs to change"),
        required=False,
        max_length=2000,
        rows=4,
        help_text=gettext_lazy(
            "Required if you do not publish the request. Shown to the organisation."
        ),
    )


@admin.register(PartnershipRequest)
class PartnershipRequestAdmin(DetailPageAdmin):
    """What organisations ask and offer; those that wait are published here."""

    list_display = ["number", "title", "organisation", "call", "kind", "state", "changed_at"]
    list_filter = ["state", "call", "kind"]
    list_select_related = ["organisation", "call"]
    search_fields = ["number", "title", "text", "organisation__legal_name"]
    fields = ["number", "title"]
    change_permission = "proposals.change_partnershiprequest"

    def detail_page(
        self, request: HttpRequest, partnership_request: PartnershipRequest
    ) -> HttpResponse:
        waits = partnership_request.state == PartnershipRequest.State.WAITING
        form = (LookForm if waits or not partnership_request.is_public else ShutForm)(
            request.POST or None
        )
        if request.method == "POST" and form.is_valid():
            try:
                self._do(partnership_request, form.cleaned_data, request)
            except requests.CannotPublish as refusal:
                form.add_error(None, str(refusal))
                partnership_request.refresh_from_db()
                waits = partnership_request.state == PartnershipRequest.State.WAITING
            else:
                wakeup.wake_worker()
                messages.success(
                    request, _("Request updated. The organisation is notified by email.")
                )
                return redirect("admin:proposals_partnershiprequest_changelist")
        return self.render(
            request,
            "admin/proposals/partnershiprequest/look.html",
            title=str(partnership_request),
            status=422 if form.errors else 200,
            request_=partnership_request,
            form=form,
            waits=waits,
            may_act=self.may_act(request) and (waits or partnership_request.is_public),
        )

    def _do(
        self, partnership_request: PartnershipRequest, values: dict[str, Any], request: HttpRequest
    ) -> None:
        if "answer" not in values:
            requests.remove_by_staff(
                partnership_request, remark=values["remark"], by=current_user(request)
            )
        elif values["answer"] == "publish":
            requests.approve(partnership_request, by=current_user(request))
        else:
            requests.refuse(partnership_request, remark=values["remark"], by=current_user(request))


class HandleForm(forms.Form):
    """What was done about a report."""

    outcome = TextField(
        label=gettext_lazy("Findings and action taken"),
        max_length=2000,
        rows=4,
        help_text=gettext_lazy("Shown to the person who made the report."),
    )
    remark = TextField(
        label=gettext_lazy("Reason for closing the request (optional)"),
        max_length=2000,
        required=False,
        rows=3,
        help_text=gettext_lazy(
            "If you enter a reason, the request is closed and only its organisation can see it, "
            "together with the reason. It cannot reopen the request. Leave this empty to keep "
            "the request published."
        ),
    )


@admin.register(AbuseReport)
class ReportAdmin(DetailPageAdmin):
    """What people say is not right. Only here the helpdesk reads a conversation, and only a reported one."""

    list_display = ["made_at", "request", "made_by", "handled_by", "handled_at"]
    list_select_related = ["request", "made_by", "handled_by"]
    fields = ["reason"]
    change_permission = "proposals.change_abusereport"

    def detail_page(self, request: HttpRequest, report: AbuseReport) -> HttpResponse:
        form = HandleForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                conversations.handle_report(report, by=current_user(request), **form.cleaned_data)
            except conversations.AlreadyHandled as handled:
                report = handled.report
                text = _("%(who)s has already closed this report.")
                form.add_error(None, text % {"who": report.handled_by or _("A colleague")})
            except requests.CannotPublish as refusal:
                form.add_error("remark", str(refusal))
            else:
                wakeup.wake_worker()
                messages.success(request, _("Report closed."))
                return redirect("admin:proposals_abusereport_changelist")
        letters = (
            report.conversation.messages.select_related("written_by") if report.conversation else []
        )
        return self.render(
            request,
            "admin/proposals/abusereport/report.html",
            title=str(report),
            status=422 if form.errors else 200,
            report=report,
            request_=report.request,
            letters=list(letters),
            form=form,
            may_act=self.may_act(request) and report.handled_at is None,
        )
