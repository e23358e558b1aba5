"""Pages of partner search: finding requests, reading one, and writing one's own."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from applicants.models import Organisation, User
from applicants.once import idempotent
from applicants.profile import profile_of
from applicants.web import current_user, login_required_keep_post
from calls.models import Call
from foundation import clock
from foundation.sentences import gettext as _
from foundation.typed import posted_texts
from proposals.consortium.access import return_input_on_failure
from proposals.models import PartnershipRequest, Proposal
from proposals.partnering import partner_fit, requests
from proposals.partnering.forms import RequestForm, WhoForm
from proposals.partnering.search import PER_PAGE, search_requests
from proposals.partnering.search_excerpts import excerpts_for
from proposals.partnering.search_query import SORTS, parse_query


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Requests that fit a question; for who leads a draft also what each would do to its consortium."""
    moment = clock.now()
    asked = parse_query(request.GET)
    consortium, drafts = _consortium(request, asked.call)
    question = asked.of_draft(consortium.proposal.number if consortium else "")
    call = _call_asked_for(question.call, drafts)
    effects = partner_fit.fits(consortium, _all_pairs(moment)) if consortium else {}
    result = search_requests(
        question,
        moment,
        closing={pair for pair, fit in effects.items() if fit.helps},
        fitting={pair: fit.place for pair, fit in effects.items()},
    )
    members = consortium.members if consortium else set()
    context = {
        "question": question,
        "found": result,
        "rows": [
            {
                "request": request,
                "reasons": excerpts_for(request, result.terms),
                "fit": _fit_of(request, effects),
                "is_member": request.organisation_id in members,
            }
            for request in result.requests
        ],
        "call": call,
        "consortium": consortium,
        "drafts": drafts,
        "sorts": [(name, text, question.address(sort=name)) for name, text in SORTS.items()],
        "pages": _pages(question, result.total),
        "moment": moment,
        "gap_is_unknown": asked.gap_only and not consortium,
        "has_ended": call is not None and moment >= call.deadline,
        "open_query": question.for_everybody.address(),
        "facets": [
            (facet, [(*row[1:], question.with_value(facet.name, row[0])) for row in rows])
            for facet, rows in result.facets
        ],
        "chosen": [
            (facet.label, text, question.with_value(facet.name, value))
            for facet, rows in result.facets
            for value, text, _count, is_chosen in rows
            if is_chosen
        ],
    }
    return render(request, "partnering/search.html", context)


def _fit_of(
    partnership_request: PartnershipRequest, effects: dict[partner_fit.Pair, partner_fit.Fit]
) -> partner_fit.Fit | None:
    """What who offers to be a partner would do to the consortium; who looks for partners has one."""
    pair = partner_fit.pair_of(partnership_request.organisation)
    offers = partnership_request.kind == PartnershipRequest.Kind.OFFERING
    return effects.get(pair) if pair and offers else None


def _call_asked_for(reference: str, drafts: list[Proposal]) -> Call | None:
    """The call that a search is narrowed to; that of a draft is known."""
    if not reference:
        return None
    at_hand = (draft.call for draft in drafts if draft.call.reference == reference)
    call = next(at_hand, None)
    return call or get_object_or_404(
        Call.objects.published_at_moment(clock.now()), reference=reference
    )


def _consortium(request: HttpRequest, call: str) -> tuple[Any, list[Proposal]]:
    """The draft that results are judged for: the one that was chosen, else the newest."""
    if not isinstance(request.user, User):
        return None, []
    drafts = partner_fit.own_open_drafts(request.user, call, clock.now())
    wanted = request.GET.get("for", "")
    chosen = next(
        (draft for draft in drafts if draft.number == wanted), drafts[0] if drafts else None
    )
    return (partner_fit.consortium_of(chosen) if chosen else None), drafts


def _all_pairs(moment: Any) -> set[partner_fit.Pair]:
    """Countries and kinds of organisations that have open requests: few, however many there are."""
    partnership_requests = PartnershipRequest.objects.open_at(moment).order_by()
    return set(
        partnership_requests.values_list("organisation__country", "organisation__kind").distinct()
    )


def _pages(question: Any, total: int) -> dict[str, Any]:
    last = max(1, -(-total // PER_PAGE))
    return {
        "page": question.page,
        "last": last,
        "before": question.address(page=question.page - 1) if question.page > 1 else None,
        "after": question.address(page=question.page + 1) if question.page < last else None,
    }


@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """A request as everybody reads it, also after it has ended; what is not published, to its own people."""
    moment = clock.now()
    partnership_request, is_own = _readable(request, number)
    context: dict[str, Any] = {
        "request_": partnership_request,
        "is_own": is_own,
        "is_open": partnership_request.is_open(moment),
        "can_renew": moment < partnership_request.call.deadline
        and (
            not partnership_request.is_open(moment)
            or partnership_request.end != partnership_request.call.deadline
        ),
        "call": partnership_request.call,
        "strands": [
            strand
            for strand in partnership_request.call.strands.all()
            if strand.code in partnership_request.strands
        ],
        "about": _about(partnership_request),
        "missing": requests.missing_of_profile(partnership_request.organisation)
        if is_own
        and partnership_request.organisation
        and partnership_request.state == PartnershipRequest.State.DRAFT
        else [],
    }
    consortium, _drafts = _consortium(request, partnership_request.call.reference)
    pair = partner_fit.pair_of(partnership_request.organisation)
    if consortium and pair and not is_own:
        context |= {"consortium": consortium, "fit": partner_fit.fits(consortium, [pair])[pair]}
    return render(request, "partnering/request.html", context)


def _about(partnership_request: PartnershipRequest) -> str:
    """What its profile says of the organisation; empty where it does not want to be named."""
    if partnership_request.organisation is None or not partnership_request.shows_name:
        return ""
    return str(
        profile_of(partnership_request.organisation).answers["identity"].get("description", "")
    )


def _readable(request: HttpRequest, number: str) -> tuple[PartnershipRequest, bool]:
    rows = PartnershipRequest.objects.with_page_parts().prefetch_related("call__strands")
    partnership_request = rows.filter(number=number.upper()).first()
    if partnership_request is None:
        raise Http404
    is_own = isinstance(request.user, User) and bool(
        partnership_request.organisation
        and partnership_request.organisation.members.filter(pk=request.user.pk).exists()
    )
    if not is_own and not partnership_request.is_public:
        raise Http404
    return partnership_request, is_own


@login_required_keep_post
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The requests of a person's organisations, whatever their state."""
    rows = PartnershipRequest.objects.written_by(current_user(request)).with_page_parts()
    moment = clock.now()
    context = {
        "requests": [(row, row.is_open(moment)) for row in rows.order_by("-changed_at")],
        "calls": [
            call for call in Call.objects.published_at_moment(moment) if moment < call.deadline
        ],
        "organisations": Organisation.objects.with_member(current_user(request)),
    }
    return render(request, "partnering/mine.html", context)


@login_required_keep_post
@idempotent
def new(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Write a request for a call; what the organisation's profile says is filled in."""
    moment = clock.now()
    calls = Call.objects.published_at_moment(moment).prefetch_related("strands")
    call = get_object_or_404(calls, reference=reference)
    own = Organisation.objects.with_member(current_user(request)).prefetch_related(
        "profile_sections"
    )
    who = WhoForm(request.POST or request.GET or None, organisations=own)
    if moment >= call.deadline or not own:
        context = {"call": call, "own": own, "typed": posted_texts(request)}
        return render(request, "partnering/cannot_write.html", context, status=409)
    only = own[0] if len(own) == 1 else None
    organisation = only or (who.cleaned_data["organisation"] if who.is_valid() else None)
    if organisation is None:
        context = {"call": call, "who": WhoForm(organisations=own), "typed": posted_texts(request)}
        status = 422 if request.method == "POST" else 200
        return render(request, "partnering/who.html", context, status=status)
    form = RequestForm(
        request.POST if request.method == "POST" else None,
        call=call,
        initial=_from_profile(organisation),
    )
    if request.method == "POST" and form.is_valid():
        made = requests.draft_request(
            organisation, call, form.values_to_store(), by=current_user(request)
        )
        if "publish" in request.POST:
            return publish(request, made.number)
        messages.success(
            request, _("Draft saved. Only your organisation can see it until you publish it.")
        )
        return redirect(made)
    context = {"form": form, "call": call, "organisation": organisation}
    context |= {"missing": requests.missing_of_profile(organisation)}
    return render(request, "partnering/form.html", context, status=422 if form.errors else 200)


def _from_profile(organisation: Organisation) -> dict[str, Any]:
    answers = profile_of(organisation).answers
    sectors = answers.get("sectors", {})
    names = ("sectors", "emerging_industries", "technologies")
    return {name: sectors.get(name, []) for name in names} | {
        "markets": answers.get("markets", {}).get("third_markets", []),
        "languages": ["en"],
        "role": "partner",
    }


@login_required_keep_post
@return_input_on_failure
def edit(request: HttpRequest, number: str) -> HttpResponse:
    partnership_request = _own(request, number)
    form = RequestForm(
        request.POST or None, call=partnership_request.call, instance=partnership_request
    )
    context: dict[str, Any] = {
        "form": form,
        "call": partnership_request.call,
        "request_": partnership_request,
        "organisation": partnership_request.organisation,
    }
    if request.method != "POST" or not form.is_valid():
        return render(request, "partnering/form.html", context, status=422 if form.errors else 200)
    try:
        saved = requests.save_request(
            _own(request, number),
            form.values_to_store(),
            seen_revision=form.cleaned_data["seen_revision"] or 0,
        )
    except requests.CannotPublish as refusal:
        form.add_error(None, str(refusal))
        return render(request, "partnering/form.html", context, status=409)
    except requests.RequestChanged as conflict:
        data: Any = form.data
        typed = data.copy()
        typed["seen_revision"] = str(conflict.current.revision)
        form.data = typed
        context |= {"conflict": conflict.current}
        return render(request, "partnering/form.html", context, status=409)
    waits = saved.state == PartnershipRequest.State.WAITING
    messages.success(
        request,
        _("Saved. An officer will review the request before it is published again.")
        if waits
        else _("Request saved."),
    )
    return redirect(saved)


def _own(request: HttpRequest, number: str) -> PartnershipRequest:
    rows = PartnershipRequest.objects.written_by(current_user(request)).with_page_parts()
    return get_object_or_404(rows.prefetch_related("call__strands"), number=number.upper())


def _refused(
    request: HttpRequest, partnership_request: PartnershipRequest, refusal: requests.CannotPublish
) -> HttpResponse:
    """Back to the request, or to the list where it is there no longer."""
    messages.error(request, str(refusal))
    is_there = PartnershipRequest.objects.filter(pk=partnership_request.pk).exists()
    return redirect(partnership_request) if is_there else redirect("partners:mine")


def _step(
    act: Callable[[PartnershipRequest], PartnershipRequest], success_message: Promise
) -> Callable[..., HttpResponseBase]:
    """A view that takes one of a person's own requests a step further, and says so."""

    @login_required_keep_post
    @return_input_on_failure
    @require_POST
    def taken(request: HttpRequest, number: str) -> HttpResponse:
        partnership_request = _own(request, number)
        try:
            done = act(partnership_request)
        except requests.CannotPublish as refusal:
            return _refused(request, partnership_request, refusal)
        else:
            waits = done.state == PartnershipRequest.State.WAITING
            messages.success(
                request,
                _(
                    "An officer will review the request before it is published. You will "
                    "receive an email."
                )
                if waits
                else str(success_message),
            )
        return redirect(partnership_request)

    return taken


@login_required_keep_post
@return_input_on_failure
@require_POST
def delete(request: HttpRequest, number: str) -> HttpResponse:
    """Delete a draft."""
    partnership_request = _own(request, number)
    try:
        requests.discard(partnership_request)
    except requests.CannotPublish as refusal:
        return _refused(request, partnership_request, refusal)
    messages.success(request, _("Draft deleted."))
    return redirect("partners:mine")


publish = _step(
    requests.publish, gettext_lazy("Request published. It is now listed on the page of the call.")
)
renew = _step(
    requests.renew,
    gettext_lazy("Request reopened for 90 days, or until the deadline if that is earlier."),
)
mark_filled = _step(
    partial(requests.end, is_filled=True), gettext_lazy("Request marked as filled.")
)
close = _step(
    partial(requests.end, is_filled=False),
    gettext_lazy("Request closed. It can still be read."),
)
