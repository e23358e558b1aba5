"""An officer's notifications, and which of them come by email."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from applicants.web import current_user
from foundation import clock
from foundation.sentences import gettext as _
from proposals.models import OfficerNotification, OfficerPreferences
from proposals.officers.notifications import mark_notifications_read

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

MAX_SHOWN = 200
READS = "proposals.view_version"


class PreferencesForm(forms.Form):
    emails_at_once = forms.MultipleChoiceField(
        label=gettext_lazy("Email me at once when"),
        choices=OfficerNotification.Kind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    wants_digest = forms.BooleanField(
        label=gettext_lazy("Email me every morning how many cases wait for me"), required=False
    )


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    def page(request: HttpRequest) -> HttpResponse:
        return _notifications(model_admin, request)

    return [
        model_admin.url("notifications/", require_safe(page), "notifications", READS),
        model_admin.url("notifications/read/", _mark_all_read, "read_notifications", READS),
        model_admin.url("notifications/emails/", _save_preferences, "notification_emails", READS),
        model_admin.url("notifications/<int:pk>/open/", _open, "open_notification", READS),
    ]


def _notifications(model_admin: "OfficerAdmin", request: HttpRequest) -> HttpResponse:
    officer = current_user(request)
    shown = OfficerNotification.objects.shown_to(officer, clock.now())
    rows = list(shown.select_related("proposal", "call").order_by("-pk")[:MAX_SHOWN])
    return model_admin.render(
        request,
        "admin/proposals/version/notifications.html",
        title=_("Notifications"),
        unread=[item for item in rows if item.read_at is None and item.settled_at is None],
        earlier=[item for item in rows if item.read_at or item.settled_at],
        form=PreferencesForm(initial=_stored(request)),
    )


def _stored(request: HttpRequest) -> dict[str, Any]:
    stored = OfficerPreferences.objects.filter(officer=current_user(request)).first()
    preferences = stored or OfficerPreferences()
    return {
        "emails_at_once": preferences.emails_at_once,
        "wants_digest": preferences.wants_digest,
    }


@require_POST
def _open(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a notification as read, and go to what it is about."""
    officer, moment = current_user(request), clock.now()
    shown = OfficerNotification.objects.shown_to(officer, moment).select_related("proposal")
    notification = get_object_or_404(shown, pk=pk)
    mark_notifications_read(officer, moment, pk=pk)
    if notification.proposal is None:
        return redirect(reverse("admin:calls_call_publish", args=[notification.call_id]))
    version = notification.proposal.current_version_id
    if version is None:
        messages.info(request, _("This proposal was withdrawn."))
        return redirect("admin:proposals_version_notifications")
    return redirect("admin:proposals_version_change", version)


@require_POST
def _mark_all_read(request: HttpRequest) -> HttpResponse:
    mark_notifications_read(current_user(request), clock.now())
    messages.success(request, _("All notifications are marked as read."))
    return redirect("admin:proposals_version_notifications")


@require_POST
def _save_preferences(request: HttpRequest) -> HttpResponse:
    form = PreferencesForm(request.POST)
    if form.is_valid():
        OfficerPreferences.objects.update_or_create(
            officer=current_user(request), defaults=form.cleaned_data
        )
        messages.success(request, _("Your choice of emails is saved."))
    else:
        messages.error(request, _("Nothing was saved. Choose from the emails on this page."))
    return redirect("admin:proposals_version_notifications")
