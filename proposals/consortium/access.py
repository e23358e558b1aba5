"""What a person may touch: every view fetches through one of these, so permission is the fetch.

One table says what an address asks of a person (`proposals.consortium.permissions`); views do not decide.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render

from applicants.autosave import is_autosave, not_stored_response
from applicants.models import User
from applicants.web import current_user
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.sentences import gettext as _
from foundation.typed import posted_texts
from proposals.audit.sealed_access import log_sealed_access_attempt
from proposals.consortium.drafts import NotOpen
from proposals.consortium.ended_access import deleted_draft_of, ended_access_of
from proposals.consortium.open_questions import open_clarification_requests
from proposals.consortium.permissions import (
    ConsortiumAccess,
    ConsortiumRole,
    is_allowed,
    requires_own_part,
    writes,
)
from proposals.consortium.queries import fetch_consortium_access, fetch_own_proposal
from proposals.dossier.document import Draft
from proposals.models import EndedAccess, Proposal, ProposalQuerySet, Version, takes_part
from proposals.officers.cases import log_read
from proposals.steps.wizard import WizardProgress, sidebar, url_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class NotAllowedHere(PermissionDenied):
    """The person is of the consortium, but this is not theirs to look at or to send."""


class AccessEnded(Http404):
    """The person had access and has it no longer; the page says why.

    The status is that of a stranger, whose page says nothing.
    """


def return_input_on_failure(view: "View[P]") -> "View[P]":
    """What cannot be stored any more is said, and the typed text is given back.

    That is what comes after the deadline, what somebody sends whose part or access was taken away
    meanwhile, and what is sent to a part that is gone. Whoever never had access gets the same answer for
    every number, with nothing in it but what they typed themselves.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotOpen as refusal:
            return _return_input(request, "consortium/closed.html", 409, refusal=refusal)
        except (NotAllowedHere, Http404) as refusal:
            if request.method != "POST":
                raise
            status = 403 if isinstance(refusal, NotAllowedHere) else 404
            why = why_refused(refusal)
            if is_autosave(request):
                return not_stored_response(why, status)
            return _return_input(request, "consortium/gone.html", status, why=why)

    return guarded


def why_refused(refusal: Exception) -> str:
    """The reason in a sentence; empty for any refusal that would say which row is missing."""
    return str(refusal) if isinstance(refusal, NotAllowedHere | AccessEnded) else ""


def _return_input(
    request: HttpRequest, template: str, status: int, **context: Any
) -> HttpResponseBase:
    return render(request, template, context | {"typed": posted_texts(request)}, status=status)


def get_draft_or_404(request: HttpRequest, number: str) -> Draft:
    """The draft of a proposal in whose consortium the person is, if the table lets it do this here.

    Raises:
        Http404: a stranger, or no such proposal.
        NotAllowedHere: of the consortium, but without the right to look at or send this.
    """
    user = current_user(request)
    proposal = fetch_own_proposal(user, number)
    if proposal is not None and proposal.coordinates and not requires_own_part(_route(request)):
        return _permitted(request, proposal, ConsortiumAccess(ConsortiumRole.LEAD))
    if proposal is None:
        proposals = Proposal.objects.with_page_parts().of_consortium_member(user)
        proposal = proposals.filter(number=number).first()
    access = fetch_consortium_access(user, proposal) if proposal is not None else None
    if proposal is None or access is None:
        raise _no_access(user, number)
    return _permitted(request, proposal, access)


def _no_access(user: User, number: str) -> Http404:
    """What a person hears who takes part no longer; a stranger hears the same for every number."""
    ended = ended_access_of(user, number)
    if ended is not None:
        return AccessEnded(_why_ended(ended))
    deleted = deleted_draft_of(user, number)
    if deleted is not None and deleted.deleted_at is not None:
        text = _(
            "This draft was deleted on %(when)s. The coordinator can restore it within 30 "
            "days, under “My work”."
        )
        return AccessEnded(text % {"when": in_words(deleted.deleted_at)})
    return Http404()


def _why_ended(ended: EndedAccess) -> str:
    kinds = EndedAccess.Kind
    texts = {
        kinds.PARTNER_REMOVED: _(
            "You no longer have access to this proposal because %(name)s was removed from the "
            "consortium on %(when)s. What you wrote is kept. If this is a mistake, contact "
            "the coordinator."
        ),
        kinds.PERSON_REMOVED: _(
            "The coordinator removed your access to this proposal on %(when)s. What you wrote "
            "is kept. If this is a mistake, contact the coordinator."
        ),
        kinds.LEFT_ORGANISATION: _(
            "You no longer have access to this proposal because you stopped acting for "
            "%(name)s on %(when)s. What you wrote is kept. If this is a mistake, ask a "
            "colleague there to invite you again."
        ),
    }
    values = {"name": ended.organisation_name, "when": in_words(ended.ended_at)}
    return texts[kinds(ended.kind)] % values


def _permitted(request: HttpRequest, proposal: Proposal, access: ConsortiumAccess) -> Draft:
    route = _route(request)
    place = request.resolver_match.kwargs if request.resolver_match else {}
    if not is_allowed(access, route, request.method or "", place):
        raise NotAllowedHere(_why_not(access))
    proposal.access = access
    proposal.is_written_here = writes(access, route, place)
    return Draft(proposal)


def _route(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.url_name or "") if match is not None else ""


def _why_not(access: ConsortiumAccess) -> str:
    if access.role == ConsortiumRole.READER:
        return _("You were invited to read this proposal. You cannot edit it.")
    return _(
        "Only the coordinator can do this, or the partner to whom this section is assigned. "
        "Ask the coordinator to assign it to your organisation."
    )


def _readable_by(user: User, moment: datetime) -> ProposalQuerySet:
    """The consortium's people always; officers once its own deadline has passed, no one else."""
    condition: Q = takes_part(user)
    if user.is_active and user.is_staff and user.has_perm("proposals.view_version"):
        opened = Version.objects.open_to(user, moment).filter(proposal=OuterRef("pk"))
        condition |= Q(Exists(opened))
    return Proposal.objects.with_deadline().filter(condition, deleted_at=None)


def get_version_or_404(request: HttpRequest, number: str, version: int) -> Version:
    """A version that the person may read: the consortium's people, officers after the deadline."""
    user = current_user(request)
    proposal = _readable_by(user, clock.now()).filter(number=number).first()
    if proposal is None and user.is_staff:
        _log_attempt(request, number)
    elif proposal is None:
        raise _no_access(user, number)
    versions = Version.objects.select_related(
        "proposal__strand__call__programme", "proposal__current_version", "submitted_by"
    )
    result = get_object_or_404(versions, proposal=proposal, proposal__isnull=False, number=version)
    if user.is_staff:
        log_read(result, _route(request), by=user)
    return result


def _log_attempt(request: HttpRequest, number: str) -> None:
    sealed = Proposal.objects.filter(number=number).first()
    if sealed is not None:
        log_sealed_access_attempt(sealed, officer=current_user(request), path=request.path)


def leads(draft: Draft) -> bool:
    """Whether the person acts for the coordinator: only these change the consortium and submit."""
    return draft.proposal.access.leads


def base_context(draft: Draft, current: str, **more: Any) -> dict[str, Any]:
    """What every page of a draft shows beside its own content."""
    moment = clock.now()
    is_open = draft.proposal.is_open(moment)
    asked = [] if is_open else list(open_clarification_requests(draft.proposal, moment))
    steps = sidebar(draft, current)
    return {
        "draft": draft,
        "proposal": draft.proposal,
        "call": draft.proposal.call,
        "strand": draft.proposal.strand,
        "steps": steps,
        "progress": WizardProgress(steps, url_of(draft, "check")),
        "current": current,
        "is_open": is_open,
        "asked": asked,
        "leads": leads(draft),
        "can_write": is_open and draft.proposal.is_written_here,
        **more,
    }
