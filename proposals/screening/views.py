"""Clarification requests and letters, as a consortium reads and answers them in its workspace."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy

from applicants.fields import TextField
from applicants.web import current_user, login_required_keep_post
from calls.request_arrival import received_at
from foundation import clock
from foundation.downloads import PDF, download
from foundation.sentences import gettext as _
from proposals.consortium.access import (
    base_context,
    get_draft_or_404,
    leads,
    return_input_on_failure,
)
from proposals.models import ClarificationFile, ClarificationRequest
from proposals.screening import clarifications, letters
from proposals.workspace.uploads import InvalidFile

OK = 200


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """Any number of files."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        single = super().clean
        if isinstance(data, list | tuple):
            return [single(row, initial) for row in data]
        return [single(data, initial)] if data else []


class ReplyForm(forms.Form):
    text = TextField(
        label=gettext_lazy("Your reply"),
        max_length=20_000,
        rows=10,
        help_text=gettext_lazy(
            "You can send only one reply. Your submitted proposal does not change."
        ),
    )
    pdfs = SeveralFilesField(
        label=gettext_lazy("PDF files"),
        required=False,
        widget=SeveralFiles(attrs={"accept": ".pdf,application/pdf"}),
        help_text=gettext_lazy(
            "Up to five files. Hold Ctrl to select more than one. If there is a problem, you "
            "will need to select them again."
        ),
    )


@login_required_keep_post
def clarification_list(request: HttpRequest, number: str) -> HttpResponse:
    """All questions about the proposal, with their answers."""
    draft = get_draft_or_404(request, number)
    asked = (
        ClarificationRequest.objects.filter(version__proposal=draft.proposal)
        .select_related("version", "reply__replied_by")
        .prefetch_related("reply__files")
    )
    context = base_context(draft, "clarifications", questions=list(asked), moment=clock.now())
    return render(request, "screening/questions.html", context)


@login_required_keep_post
@return_input_on_failure
def reply(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Read a question and answer it: people of the coordinator, once, in time."""
    draft = get_draft_or_404(request, number)
    question = get_object_or_404(
        ClarificationRequest.objects.select_related(
            "version__proposal__strand__call", "reply__replied_by"
        ),
        version__proposal=draft.proposal,
        pk=pk,
    )
    form = ReplyForm(request.POST or None, request.FILES or None)
    status = OK
    if request.method == "POST":
        status = _answer(request, question, form)
        if status == OK:
            messages.success(request, _("Reply sent. The officers can now read it."))
            return redirect("proposals:clarifications", number)
        question.refresh_from_db()  # the page shows what is stored by now
    context = base_context(
        draft,
        "clarifications",
        question=question,
        form=form,
        moment=clock.now(),
        may_reply=leads(draft),
    )
    return render(request, "screening/reply.html", context, status=status)


def _answer(request: HttpRequest, question: ClarificationRequest, form: ReplyForm) -> int:
    """Take the answer; the status says how that went, the form why not."""
    if not form.is_valid():
        return 422
    dishonest = getattr(request, "dishonest_name", "")
    if dishonest:
        form.add_error("pdfs", _("Rename your files: use plain names such as statutes.pdf"))
        return 422
    try:
        clarifications.store_reply(
            question,
            form.cleaned_data["text"],
            files=form.cleaned_data["pdfs"],
            by=current_user(request),
            received_at=received_at(request),
        )
    except InvalidFile as refusal:
        form.add_error("pdfs", str(refusal))
        return 422
    except clarifications.CannotReply as refusal:
        form.add_error(None, str(refusal))
        return 409
    return OK


@login_required_keep_post
def decisions(request: HttpRequest, number: str) -> HttpResponse:
    """Letters about decisions."""
    draft = get_draft_or_404(request, number)
    sent_letters = letters.letters_of(draft.proposal.versions.defer("dossier", "circumstances"))
    context = base_context(draft, "decisions", sent_letters=sent_letters)
    return render(request, "screening/decisions.html", context)


@login_required_keep_post
def letter(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """The sealed letter of a decision."""
    draft = get_draft_or_404(request, number)
    sent_letters = letters.letters_of(draft.proposal.versions.defer("dossier", "circumstances"))
    document = next(
        (shown_letter.document for shown_letter in sent_letters if shown_letter.decision.pk == pk),
        None,
    )
    if document is None:
        raise Http404
    return download(bytes(document.pdf), name=document.file_name, content_type=PDF)


@login_required_keep_post
def reply_file(request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
    """A PDF that the consortium has sent with an answer."""
    draft = get_draft_or_404(request, number)
    file = get_object_or_404(
        ClarificationFile, pk=pk, reply__clarification_request__version__proposal=draft.proposal
    )
    if not file.can_be_opened:
        return render(request, "workspace/quarantine.html", {"file": file}, status=409)
    return FileResponse(
        file.open(), as_attachment=True, filename=file.download_name, content_type="application/pdf"
    )
