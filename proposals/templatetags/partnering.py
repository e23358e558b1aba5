"""Partner search on other pages: a call's newest requests, and what a request says in words."""

from typing import Any

from django import template
from django.template import Context

from applicants import choices
from calls.eligibility.countries import name_on
from calls.models import Call, Strand
from foundation import clock
from foundation.sentences import gettext as _
from proposals.models import LANGUAGES, PartnershipRequest
from proposals.partnering.requests import newest_of

register = template.Library()


@register.inclusion_tag("partnering/includes/on_call_page.html", takes_context=True)
def partner_requests(context: Context) -> dict[str, Any]:
    """How many organisations look for partners for the call of a page, and the newest requests."""
    call = context["call"]
    return {"call": call, "state": context["state"]} | newest_of(call, clock.now())


@register.simple_tag
def requests_by_strand(call: Call) -> list[tuple[Strand, dict[str, Any]]]:
    """Each strand of a call with how many requests are open in it, and the newest."""
    moment = clock.now()
    return [
        (strand, newest_of(call, moment, strand=strand.code, at_most=2))
        for strand in call.strands.all()
    ]


@register.inclusion_tag("helpdesk/on_call_page.html", takes_context=True)
def questions_and_answers(context: Context) -> dict[str, Any]:
    """What was asked about the call of a page and is of general use, and where to ask."""
    call = context["call"]
    return {"call": call, "answers": list(call.published_answers.all())}


@register.filter
def request_facts(request: PartnershipRequest) -> list[tuple[str, list[str]]]:
    """Label and words of what a request names from lists; empty ones are left out."""
    day = clock.now().date()

    def words(codes: list[str], names: Any) -> list[str]:
        return [str(names.get(code, code)) for code in codes]

    results = [
        (
            _("Emerging industries"),
            words(request.emerging_industries, dict(choices.EMERGING_INDUSTRIES)),
        ),
        (_("Technology fields"), words(request.technologies, dict(choices.TECHNOLOGIES))),
        (_("Sectoral industries"), words(request.sectors, dict(choices.SECTORS))),
        (_("Target markets"), [name_on(code, day) for code in request.markets]),
        (_("Countries of the partner"), [name_on(code, day) for code in request.countries]),
        (_("Languages"), words(request.languages, LANGUAGES)),
    ]
    return [(label, values) for label, values in results if values]
