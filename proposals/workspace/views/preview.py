"""The whole proposal as one page and as a PDF, and the deadline for a calendar."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from applicants.web import current_user, login_required_keep_post
from calls.calendars import calendar_of
from foundation import clock
from foundation.downloads import CALENDAR, PDF, download
from proposals.consortium.access import base_context, get_draft_or_404
from proposals.delivery import wakeup
from proposals.dossier.document import dossier_of
from proposals.models import DraftPdf
from proposals.proof import full_proposal_pdf
from proposals.workspace.dossier_diff import changes_since_current


@login_required_keep_post
def preview(request: HttpRequest, number: str) -> HttpResponse:
    """The draft as a reader will see it once it is submitted."""
    draft = get_draft_or_404(request, number)
    context = full_proposal_pdf.proposal_context(draft.proposal, dossier_of(draft), clock.now())
    result = DraftPdf.objects.filter(proposal=draft.proposal).defer("dossier").first()
    context |= {"print": result, "changes": changes_since_current(draft)}
    return render(request, "workspace/preview.html", base_context(draft, "preview", **context))


@login_required_keep_post
def draft_pdf(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for the draft as a PDF (POST), or take it (GET)."""
    draft = get_draft_or_404(request, number)
    if request.method == "POST":
        full_proposal_pdf.request_draft_pdf(draft, by=current_user(request))
        wakeup.wake_worker("make_draft_pdfs")
        return redirect("proposals:draft-pdf", number)
    draft_print = DraftPdf.objects.filter(proposal=draft.proposal).first()
    if draft_print is None:
        return redirect("proposals:preview", number)
    if draft_print.pdf is not None and "pdf" in request.GET:
        return download(bytes(draft_print.pdf), name=f"draft-{number}.pdf", content_type=PDF)
    template = "includes/print_state" if request.headers.get("HX-Request") else "print"
    context = base_context(draft, "preview", print=draft_print)
    return render(request, f"workspace/{template}.html", context)


@login_required_keep_post
def calendar(request: HttpRequest, number: str) -> HttpResponse:
    """The deadline of this proposal as a calendar file."""
    draft = get_draft_or_404(request, number)
    proposal = draft.proposal
    text = calendar_of(
        proposal.call,
        deadline=proposal.deadline,
        about=proposal.number,
        path=proposal.get_absolute_url(),
    )
    return download(text, name=f"deadline-{number}.ics", content_type=CALENDAR)
