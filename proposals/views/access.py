"""What a person may touch: every view fetches through one of these, so permission is the fetch."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render

from applicants.web import person
from calls import clock
from proposals.dossier import Draft
from proposals.drafting import NotOpen
from proposals.models import Proposal, Version
from proposals.screening import note_sealed_access
from proposals.wizard import sidebar

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def while_open(view: "View[P]") -> "View[P]":
    """What comes after the deadline changes nothing; the page says so and gives the text back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotOpen as refusal:
            typed = [
                (name, value)
                for name, values in request.POST.lists()
                if name not in {"csrfmiddlewaretoken", "seen_version"}
                for value in values
            ]
            context = {"refusal": refusal, "typed": typed}
            return render(request, "proposals/closed.html", context, status=409)

    return guarded


def draft_of(request: HttpRequest, number: str) -> Draft:
    """The draft of a proposal in whose consortium the person is; 404 for everyone else."""
    proposals = Proposal.objects.with_page_parts().with_role_of(person(request))
    found = proposals.filter(number=number).first()
    if found is None:
        raise Http404
    return Draft(found)


def version_of(request: HttpRequest, number: str, version: int) -> Version:
    """A version that the person may read: the consortium's people, officers after the deadline."""
    user = person(request)
    proposal = Proposal.objects.readable_by(user, clock.now()).filter(number=number).first()
    if proposal is None and user.is_staff:
        _note_attempt(request, number)
    versions = Version.objects.select_related(
        "proposal__strand__call__programme", "proposal__counting", "submitted_by"
    )
    return get_object_or_404(versions, proposal=proposal, proposal__isnull=False, number=version)


def _note_attempt(request: HttpRequest, number: str) -> None:
    sealed = Proposal.objects.filter(number=number).first()
    if sealed is not None:
        note_sealed_access(sealed, officer=person(request), path=request.path)


def leads(draft: Draft) -> bool:
    """Whether the person acts for the coordinator: only these change the consortium and submit."""
    return draft.proposal.coordinates


def page_of(draft: Draft, current: str, **more: Any) -> dict[str, Any]:
    """What every page of a draft shows beside its own content."""
    moment = clock.now()
    return {
        "draft": draft,
        "proposal": draft.proposal,
        "call": draft.proposal.call,
        "strand": draft.proposal.strand,
        "steps": sidebar(draft, current),
        "current": current,
        "is_open": draft.proposal.is_open(moment),
        "leads": leads(draft),
        **more,
    }
