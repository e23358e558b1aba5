"""Check and submit, the page of a version, its receipt, and withdrawing."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from applicants.web import (
    applicants_only,
    current_user,
    hide_token_address,
    login_required_keep_post,
)
from calls.eligibility import Outcome, Verdict
from calls.request_arrival import full_arrival, received_at
from foundation import clock
from foundation.downloads import JSON, PDF, download
from foundation.sentences import gettext as _
from proposals.consortium.access import base_context, get_draft_or_404, get_version_or_404
from proposals.consortium.confirmations import missing_confirmations
from proposals.consortium.drafts import NotOpen
from proposals.delivery import wakeup
from proposals.dossier.document import Draft, dossier_of
from proposals.dossier.facts import judge_draft, readable
from proposals.models import OutboxMessage, Proposal, ProposalPdf, Receipt, SealedDocument, Version
from proposals.proof.receipts import version_context
from proposals.steps.forms import DeclarationForm, WithdrawalForm
from proposals.steps.wizard import by_step, corrections_of, fix_url
from proposals.submission import submit
from proposals.submission.font_coverage import unprintable_in
from proposals.submission.receipt_links import LINK_LIFETIME, version_behind
from proposals.workspace.dossier_diff import changes_since_current


@login_required_keep_post
def check(request: HttpRequest, number: str) -> HttpResponse:
    """What the rules say of the draft; from here the coordinator's people submit it."""
    draft = get_draft_or_404(request, number)
    if request.method == "POST":
        return _submit(request, draft)
    moment = clock.now()
    received = moment if draft.proposal.is_open(moment) else None
    verdict = judge_draft(draft, received_at=received, reader=current_user(request))
    return render(request, "submission/check.html", _check_page(request, draft, verdict))


def _check_page(
    request: HttpRequest, draft: Draft, verdict: Verdict, *, key: UUID | None = None, **more: Any
) -> dict[str, Any]:
    verdict = readable(verdict, dossier_of(draft))

    is_open = draft.proposal.is_open(clock.now())

    def with_links(*outcomes: Outcome) -> list[tuple[Any, str | None, str]]:
        return [
            (item, fix_url(draft, item) if is_open else None, title)
            for title, item in by_step(draft, verdict.having(*outcomes))
        ]

    corrections, blocking = corrections_of(draft), with_links(Outcome.INADMISSIBLE)
    return base_context(
        draft,
        "check",
        verdict=verdict,
        corrections=corrections,
        blocking=blocking,
        to_complete=len(corrections) + len(blocking),
        to_acknowledge=with_links(Outcome.NEEDS_REVIEW, Outcome.INELIGIBLE),
        warnings=with_links(Outcome.WARN),
        passed=verdict.having(Outcome.PASS),
        idempotency_key=key or uuid4(),
        changes=changes_since_current(draft),
        unconfirmed=missing_confirmations(draft),
        unprintable=unprintable_in(draft),
        declaration=draft.proposal.call.declaration_asked,
        **{"declaration_form": _declaration_form(draft), **more},
    )


def _declaration_form(draft: Draft, data: QueryDict | None = None) -> DeclarationForm | None:
    """The tick of the call's declaration; None where it asks for none, or nobody could declare."""
    declaration, coordinator = draft.proposal.call.declaration_asked, draft.coordinator
    if declaration is None or coordinator is None:
        return None
    name = coordinator.organisation.name
    return DeclarationForm(data, declaration=declaration, coordinator=name)


def _submit(request: HttpRequest, draft: Draft) -> HttpResponse:
    key = _idempotency_key(request)
    # One box acknowledges everything that was listed, so its value is a list of names.
    data = " ".join(request.POST.getlist("acknowledged")).split()
    try:
        with submit.count_refusals():
            version = submit.submit_draft(
                draft.proposal,
                by=current_user(request),
                received_at=full_arrival(request),
                idempotency_key=key,
                acknowledged=data,
                declared=request.POST.get("declared", ""),
            )
    except Proposal.DoesNotExist:  # deleted while this click waited: the page says so
        get_draft_or_404(request, draft.proposal.number)
        raise
    except submit.TooLate as refusal:
        context = base_context(draft, "check", attempt=refusal.attempt)
        return render(request, "submission/too_late.html", context, status=409)
    except submit.NeedsCorrection:
        draft = Draft(draft.proposal)
        verdict = judge_draft(draft, received_at=clock.now(), reader=current_user(request))
        context = _check_page(request, draft, verdict, key=key, needs_correction=True)
        return render(request, "submission/check.html", context, status=422)
    except submit.Incomplete as refusal:
        context = _check_page(request, draft, refusal.verdict, key=key, was_incomplete=True)
        return render(request, "submission/check.html", context, status=422)
    except submit.NotConsented as refusal:
        context = _check_page(
            request,
            draft,
            refusal.verdict,
            key=key,
            was_not_acknowledged=refusal.needs_acknowledgement,
            was_not_declared=refusal.needs_declaration,
            is_acknowledged=not refusal.needs_acknowledgement,
            declaration_form=_declaration_form(draft, request.POST),
        )
        return render(request, "submission/check.html", context, status=422)
    if not version.is_of_this_click:
        verdict = judge_draft(draft, received_at=clock.now(), reader=current_user(request))
        context = _check_page(request, draft, verdict, used_for=version)
        return render(request, "submission/check.html", context, status=409)
    wakeup.wake_worker()
    # The proof is in this very response: a second request might never get through.
    context = {
        "draft": draft,
        "proposal": draft.proposal,
        "call": draft.proposal.call,
        "strand": draft.proposal.strand,
        "version": version,
        "counts": draft.proposal.current_version_id == version.pk,
        "receipt_state": "waiting",
    }
    return render(request, "submission/submitted.html", context)


def _idempotency_key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("idempotency_key", ""))
    except ValueError:
        return uuid4()


@login_required_keep_post
def version(request: HttpRequest, number: str, version: int) -> HttpResponse:
    """What was submitted, when, under which hash; needs no worker and no email."""
    result = get_version_or_404(request, number, version)
    return render(request, "submission/version.html", _version_page(result))


def _version_page(version: Version) -> dict[str, Any]:
    proposal = version.proposal
    return version_context(version) | {
        "counts": proposal.current_version_id == version.pk,
        "is_open": proposal.is_open(clock.now()),
        "receipt_state": _receipt_state(version),
        "withdrawal": getattr(version, "withdrawal", None),
        "has_proposal_pdf": ProposalPdf.objects.filter(version=version).exists(),
    }


def _receipt_state(version: Version) -> str:
    """ "ready", "waiting", or "failed" where an operator must look."""
    if Receipt.objects.filter(version=version).exists():
        return "ready"
    message = version.outbox_messages.filter(kind=OutboxMessage.Kind.RECEIPT, reissue=None).first()
    has_failed = message is not None and message.state == OutboxMessage.State.FAILED
    return "failed" if has_failed else "waiting"


@login_required_keep_post
def receipt_state(request: HttpRequest, number: str, version: int) -> HttpResponse:
    """The part of the page that says whether the receipt is ready; asked again until it is."""
    result = get_version_or_404(request, number, version)
    context = {
        "version": result,
        "proposal": result.proposal,
        "receipt_state": _receipt_state(result),
    }
    return render(request, "submission/includes/receipt_state.html", context)


@login_required_keep_post
def receipt(request: HttpRequest, number: str, version: int) -> HttpResponse:
    """The receipt as a PDF."""
    return _sealed(Receipt, get_version_or_404(request, number, version))


@login_required_keep_post
def proposal_pdf(request: HttpRequest, number: str, version: int) -> HttpResponse:
    """The proposal PDF: the whole proposal as a sealed PDF."""
    return _sealed(ProposalPdf, get_version_or_404(request, number, version))


def _sealed(kind: type[SealedDocument], version: Version) -> HttpResponse:
    stored = kind.objects.select_related("version__proposal").newest_of(version)
    if stored is None:
        raise Http404
    return download(bytes(stored.pdf), name=stored.file_name, content_type=PDF)


@login_required_keep_post
def dossier(request: HttpRequest, number: str, version: int) -> HttpResponse:
    """Exactly the bytes that were hashed."""
    result = get_version_or_404(request, number, version)
    name = f"dossier-{number}-v{result.number}.json"
    return download(result.dossier.encode(), name=name, content_type=JSON)


@login_required_keep_post
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take the counting version back, with a reason."""
    draft = get_draft_or_404(request, number)
    form = WithdrawalForm(request.POST or None)
    context = base_context(draft, "overview", form=form)
    if request.method != "POST" or not form.is_valid():
        return render(request, "submission/withdraw.html", context)
    try:
        submit.withdraw(
            draft.proposal,
            reason=form.cleaned_data["reason"],
            by=current_user(request),
            received_at=received_at(request),
        )
    except NotOpen:
        context |= {"came_too_late": True}
        return render(request, "submission/withdraw.html", context, status=409)
    except submit.NothingToWithdraw:
        messages.warning(request, _("There is no submitted proposal to withdraw."))
    else:
        wakeup.wake_worker()
        messages.success(
            request,
            _("Proposal withdrawn. You can submit it again before the deadline."),
        )
    return redirect(draft.proposal)


# --- Behind the links in emails to contact persons -----------------------------------------------


@require_safe
def receipt_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """What a contact person without access can download by a link. The link is the key.

    Looking changes nothing: programs that check emails open every link.
    """
    return hide_token_address(_receipt_link_page(request, token))


@require_safe
def receipt_by_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """The receipt as a PDF, and nothing else of the proposal."""
    return hide_token_address(_receipt_by_link(request, token))


@applicants_only
def _receipt_link_page(request: HttpRequest, token: str) -> HttpResponse:
    version = version_behind(token)
    if version is None:
        return _link_does_not_work(request)
    context = {
        "version": version,
        "proposal": version.proposal,
        "call": version.proposal.call,
        "token": token,
        "days": LINK_LIFETIME.days,
        "is_ready": Receipt.objects.filter(version=version).exists(),
    }
    return render(request, "submission/receipt_link.html", context)


@applicants_only
def _receipt_by_link(request: HttpRequest, token: str) -> HttpResponse:
    version = version_behind(token)
    if version is None:
        return _link_does_not_work(request)
    if not Receipt.objects.filter(version=version).exists():
        return redirect("proposals:receipt-link", token)
    return _sealed(Receipt, version)


def _link_does_not_work(request: HttpRequest) -> HttpResponse:
    """The same answer to a link that was never ours, has expired, or was revoked."""
    context = {"days": LINK_LIFETIME.days}
    return render(request, "submission/receipt_link_shut.html", context, status=404)
