"""What the back office shows on its first page."""

from datetime import datetime
from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import result_headers
from django.template import Context
from django.urls import reverse

from foundation import clock
from foundation.sentences import gettext as _
from proposals.models import AbuseReport, Enquiry, PartnershipRequest
from proposals.officers.notifications import unread_count
from proposals.screening import queue
from proposals.screening.remedies import Remedy
from proposals.screening.sheet import overall_for_officers

register = template.Library()


@register.filter
def has_ended(remedy: Remedy, moment: datetime) -> bool:
    return remedy.has_ended(moment)


@register.filter
def officer_overall_words(outcome: str) -> str:
    return overall_for_officers(outcome)


@register.inclusion_tag("admin/change_list_results.html")
def case_rows(cl: Any) -> dict[str, Any]:
    """The table of a list that makes its own cells, by Django's template."""
    headers = list(result_headers(cl))
    sorted_by = sum(bool(header["sortable"] and header["sorted"]) for header in headers)
    return {
        "result_headers": headers,
        "num_sorted_fields": sorted_by,
        "results": list(cl.cells()),
        "result_hidden_fields": [],
    }


@register.simple_tag(takes_context=True)
def helpdesk_queue(context: Context) -> list[tuple[Any, str, int]]:
    """Label, address and number of what waits for an answer, each for who may give it."""
    user = context["request"].user
    waiting: list[tuple[str, Any, str, Any]] = [
        (
            "change_enquiry",
            _("New enquiries"),
            "enquiry_changelist",
            Enquiry.objects.filter(state="new"),
        ),
        (
            "change_abusereport",
            _("Abuse reports"),
            "abusereport_changelist",
            AbuseReport.objects.filter(handled_at=None),
        ),
        (
            "change_partnershiprequest",
            _("Partnership requests to check"),
            "partnershiprequest_changelist",
            PartnershipRequest.objects.filter(state=PartnershipRequest.State.WAITING),
        ),
    ]
    return [
        (label, reverse(f"admin:proposals_{page}"), rows.count())
        for right, label, page, rows in waiting
        if user.has_perm(f"proposals.{right}")
    ]


@register.simple_tag(takes_context=True)
def my_queue(context: Context) -> list[tuple[str, Any, int]]:
    """Name, label and length of each queue, for who may read cases; empty for others."""
    officer = context["request"].user
    if not officer.has_perm("proposals.view_version"):
        return []
    moment = clock.now()
    counts = queue.lengths_for_officer(officer, moment)
    return [(name, label, counts[name]) for name, label in queue.CaseQueue.choices]


@register.simple_tag(takes_context=True)
def unread_notifications(context: Context) -> int | None:
    """How many notifications the officer has not read; None for who reads no cases."""
    request = context.get("request")
    officer = getattr(request, "user", None)
    if officer is None or not officer.has_perm("proposals.view_version"):
        return None
    return unread_count(officer, clock.now())
