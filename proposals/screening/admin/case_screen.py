"""The screen on which an officer screens one case: the proposal beside what needs a person."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse

from applicants.web import current_user
from calls.eligibility.facts import Audience
from foundation import clock
from foundation.query_batches import Results, set_related
from foundation.sentences import gettext as _
from proposals.dossier.document import Draft
from proposals.dossier.facts import files_of
from proposals.models import ClarificationRequest, Decision, ScreeningAnswer, Version
from proposals.officers import cases
from proposals.proof.receipts import version_context
from proposals.screening import decisions as deciding
from proposals.screening import sheet as sheets
from proposals.screening.admin.case_place import case_url, place_of_case
from proposals.screening.partners import partner_statuses
from proposals.screening.queries import (
    MAX_NEIGHBOURS,
    NEIGHBOUR_COLUMNS,
    fetch_neighbours,
    fetch_sheet,
)
from proposals.submission.notifications import contact_persons

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

TEMPLATES = "admin/proposals/version"
MAX_EVENTS = 500
PAGES = ("answer", "confirm_met", "note", "request_clarification", "decide", "next", "conflict")
ALL = (
    "all"  # that every element of every checklist is shown; most officers need the exceptions only
)


def show(model_admin: "OfficerAdmin", request: HttpRequest, version: Version) -> HttpResponse:
    """The case; that somebody looked at it is noted."""
    cases.log_read(version, _("The screening sheet"), by=current_user(request))
    context = _context(request, version) | _around(model_admin, request, version)
    return model_admin.render(request, f"{TEMPLATES}/case.html", title=str(version), **context)


def _around(model_admin: "OfficerAdmin", request: HttpRequest, version: Version) -> dict[str, Any]:
    """The place in the list, and the addresses to which the page sends, which lead back to that place."""
    place = place_of_case(model_admin, request, version)
    pages = PAGES
    urls = {f"{page}_url": case_url(version.pk, place.query, page=page) for page in pages}
    elements_url = case_url(version.pk, place.query, elements=ALL)
    shows_elements = request.GET.get("elements") == ALL
    return {"place": place, "elements_url": elements_url, "shows_elements": shows_elements, **urls}


def _context(request: HttpRequest, version: Version) -> dict[str, Any]:
    """Of what most cases have none of, only the keys are read first."""
    rows = fetch_sheet(version=version.pk, proposal=version.proposal_id)
    verdicts = rows["verdicts"]
    of_officers = [item for item in verdicts if item.audience == Audience.OFFICER.value]
    of_applicants = (item for item in verdicts if item.audience == Audience.APPLICANT.value)
    version.initial_verdict = next(of_applicants, None)
    verdict = of_officers[-1].verdict if of_officers else None
    decisions = _decisions(version) if rows["decisions"] else []
    context = version_context(version)
    counts = version.proposal.current_version_id == version.pk
    context |= {
        "waits": any(decision.reviewed is None for decision in decisions),
        "verdicts": verdicts,
        "verdict": verdict,
        "being_made": sheets.BEING_MADE,
        "sheet": sheets.sheet_of(version, verdict, _answers_in(rows)),
        "files": files_of(version, context["dossier"]),
        "contacts": contact_persons(Draft(version.proposal)),
        "decisions": decisions,
        "counts": counts,
        "receipt": bool(rows["receipts"]),
        "has_proposal_pdf": bool(rows["proposal_pdfs"]),
        "questions": _clarification_requests(version) if rows["clarification_requests"] else [],
        "notes": (
            list(version.proposal.case_notes.present().select_related("written_by"))
            if rows["notes"]
            else []
        ),
        "decides_here": counts
        and not decisions
        and request.user.has_perm("proposals.add_decision"),
        "rate": _rate(context["dossier"]["budget"]),
        "partners": partner_statuses(version, verdict),
        "neighbours": _neighbours(request, version),
        "assignment": version.proposal.assigned,
        "in_force": deciding.decision_in_force(version) if decisions else None,
        "may_answer": request.user.has_perm("proposals.add_screeninganswer"),
        "may_ask": counts and request.user.has_perm("proposals.add_clarificationrequest"),
    }
    return context


def _rate(budget: dict[str, str]) -> Decimal | None:
    """The percentage of the eligible costs that is requested; none where there are no costs."""
    costs = Decimal(budget["total_costs"])
    return 100 * Decimal(budget["total_grant"]) / costs if costs else None


def _answers_in(rows: Results) -> list[ScreeningAnswer]:
    authors = {author.pk: author for author in rows["authors"]}
    for answer in rows["answers"]:
        set_related(answer, answered_by=authors[answer.answered_by_id])
    return rows["answers"]


def _decisions(version: Version) -> list[Decision]:
    related = ("decided_by", "review__reviewed_by", "notice", "reverses")
    return list(version.decisions.with_conditions_since().select_related(*related))


def _clarification_requests(version: Version) -> list[ClarificationRequest]:
    requests = version.clarification_requests.select_related("requested_by", "reply__replied_by")
    return list(requests.prefetch_related("reply__files"))


def _neighbours(request: HttpRequest, version: Version) -> tuple[list[tuple[Any, str]], int]:
    """Other counting versions of the call with an organisation of this one, and which they share.

    At most so many, and how many there are beside them.
    """
    rows = fetch_neighbours(
        officer=current_user(request).pk,
        moment=clock.now(),
        call=version.proposal.call.pk,
        proposal=version.proposal_id,
        organisations=version.organisations,
    )
    names = {organisation.pk: organisation.name for organisation in rows["organisations"]}
    results = [dict(zip(NEIGHBOUR_COLUMNS, row, strict=True)) for row in rows["neighbours"]]
    shared = [sorted(set(item["organisations"]) & names.keys()) for item in results]
    texts = [", ".join(names[pk] for pk in pks) for pks in shared]
    total = results[0]["total"] if results else 0
    return list(zip(results, texts, strict=True)), max(0, total - MAX_NEIGHBOURS)


def history(model_admin: "OfficerAdmin", request: HttpRequest, version: Version) -> HttpResponse:
    """All that officers did to the case of a version, newest first."""
    events = version.proposal.case_events.select_related("by")
    return model_admin.render(
        request,
        f"{TEMPLATES}/history.html",
        title=_("History of %(number)s") % {"number": version.proposal.number},
        version=version,
        events=list(events[:MAX_EVENTS]),
        more=max(0, events.count() - MAX_EVENTS),
    )
