"""What the back office shows on its first page."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import result_headers
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from calls.eligibility import Finding
from calls.templatetags.components import finding_source
from calls.templatetags.instants import instant
from foundation import clock
from foundation.isolation import isolated_html
from foundation.sentences import gettext as _
from proposals.dossier.evidence_words import evidence_label, evidence_text
from proposals.dossier.outcome_words import outcome_words
from proposals.models import AbuseReport, Enquiry, PartnershipRequest, ScreeningAnswer
from proposals.officers.notifications import unread_count
from proposals.screening import queue
from proposals.screening.remedies import Remedy
from proposals.screening.sheet import Checklist, ElementLine, SheetLine, overall_for_officers

register = template.Library()


@register.filter
def has_ended(remedy: Remedy, moment: datetime) -> bool:
    return remedy.has_ended(moment)


@register.filter
def officer_overall_words(outcome: str) -> str:
    return overall_for_officers(outcome)


@register.simple_tag
def sheet_finding(finding: Finding, rule_date: str) -> SafeString:
    """A finding on the screening sheet, with its evidence; countries are called as on the rule date."""
    day = date.fromisoformat(rule_date)
    evidence = format_html_join(
        " · ",
        "{}: {}",
        (
            (evidence_label(name), isolated_html(evidence_text(name, value, day)))
            for name, value in finding.evidence.items()
        ),
    )
    return format_html(
        '<li class="finding finding-{0}"><div><span class="outcome outcome-{0}">{1}</span> {2}</div>'
        '<div class="evidence">{3}</div><div class="source">{4}</div></li>',
        finding.outcome.value,
        outcome_words(finding.outcome),
        isolated_html(finding.message),
        evidence,
        finding_source(finding),
    )


@register.simple_tag(takes_context=True)
def answer_form(
    context: Context, line: SheetLine | ElementLine | Checklist, legend: str, *, with_reason: bool
) -> SafeString:
    """The form in which an officer answers a line of the sheet, without a script too.

    A sheet has eighty of them; an included template for each took a sixth of the page's time.
    """
    answer = line.answer
    choices = _radio_inputs(line.choices, answer.answer if answer else "", get_language())
    state: SafeString | str = ""
    if answer:
        author = isolated_html(str(answer.answered_by))
        state = format_html("{}, {}", author, instant(context, answer.answered_at))
    return format_html(
        '<form method="post" action="{}" class="line-form" data-line="{}">'
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="item" value="{}"><input type="hidden" name="revision" value="{}">'
        '<fieldset{}><legend>{}</legend><span class="choices">{}</span>{}'
        '<button type="submit" class="button line-save">{}</button>'
        '<span class="line-state" role="status">{}</span></fieldset></form>',
        context["answer_url"],
        line.item,
        context["csrf_token"],
        line.item,
        answer.revision if answer else 0,
        "" if context["may_answer"] and context["counts"] else DISABLED,
        isolated_html(legend),
        choices,
        _field_for_reason(answer) if with_reason else "",
        _("Save"),
        state,
    )


CHECKED, DISABLED = mark_safe(" checked"), mark_safe(" disabled")


@lru_cache(maxsize=64)
def _radio_inputs(
    choices: tuple[ScreeningAnswer.Answer, ...], selected: str, language: str | None
) -> SafeString:
    """The same few groups of inputs on every line of every sheet, in the `language` of the page."""
    return format_html_join(
        "",
        '<label><input type="radio" name="answer" value="{}"{}> {}</label>',
        (
            (choice.value, CHECKED if choice.value == selected else "", choice.label)
            for choice in choices
        ),
    )


def _field_for_reason(answer: ScreeningAnswer | None) -> SafeString:
    return format_html(
        '<label class="why"><span>{}</span><textarea name="reason" rows="1">{}</textarea></label>',
        _("Reason"),
        answer.reason if answer else "",
    )


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
