"""Uploading, removing and downloading the PDFs of a proposal."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods

from applicants.web import current_user, login_required_keep_post
from calls.models import RequiredDeliverable
from foundation import clock
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.consortium.access import (
    base_context,
    get_draft_or_404,
    get_version_or_404,
    return_input_on_failure,
)
from proposals.consortium.drafts import NotOpen
from proposals.dossier.document import Draft
from proposals.models import ProposalFile
from proposals.steps.forms import FileForm
from proposals.workspace.uploads import FileChanged, InvalidFile, remove_file, store_file

UPLOAD = "X-Upload"  # sent by a page that shows the progress itself


def _what_changed(conflict: FileChanged) -> str:
    if conflict.current is None:
        return _("The file was removed since you opened the page. Nothing else was changed.")
    text = _(
        "%(who)s uploaded “%(name)s” since you opened the page, so nothing was changed. Check "
        "that file first and try again if it is still needed."
    )
    return text % {"who": conflict.current.uploaded_by, "name": conflict.current.name}


@login_required_keep_post
@return_input_on_failure
def upload(request: HttpRequest, number: str, slot: str) -> HttpResponse:
    """Add or replace the PDF of a deliverable."""
    draft = get_draft_or_404(request, number)
    deliverable = _deliverable(draft, slot)
    form = FileForm(request.POST or None, request.FILES or None)
    context = base_context(
        draft,
        "deliverables",
        form=form,
        deliverable=deliverable,
        file=draft.files.get(slot),
        seen=draft.files[slot].sha256 if slot in draft.files else "",
        earlier=draft.proposal.files.filter(slot=slot, replaced_at__isnull=False).select_related(
            "uploaded_by"
        ),
    )
    if request.method != "POST":
        return render(request, "workspace/upload.html", context)
    stored, status = _store(request, draft, slot, form)
    is_open = context["is_open"] = draft.proposal.is_open(clock.now())
    if UPLOAD in request.headers:
        return _in_short(request, draft, form, stored, status)
    if stored is None:
        more = {"came_too_late": not is_open}
        return render(request, "workspace/upload.html", context | more, status=status)
    messages.success(request, _stored_words(stored))
    return redirect("proposals:step", number, "deliverables")


def _store(
    request: HttpRequest, draft: Draft, slot: str, form: FileForm
) -> tuple[ProposalFile | None, int]:
    """The stored file, or None and the status that says why; the form then holds the sentence."""
    if not form.is_valid() or _refuse_dishonest_name(request, form):
        return None, 422
    try:
        stored = store_file(
            draft.proposal,
            slot,
            form.cleaned_data["file"],
            seen=request.POST.get("seen", ""),
            by=current_user(request),
        )
    except InvalidFile as refusal:
        form.add_error("file", str(refusal))
        return None, 422
    except FileChanged as conflict:
        form.add_error("file", _what_changed(conflict))
        return None, 409
    except NotOpen:
        form.add_error("file", _("The deadline has passed. The draft was not changed."))
        return None, 409
    return stored, 200


def _in_short(
    request: HttpRequest, draft: Draft, form: FileForm, stored: ProposalFile | None, status: int
) -> JsonResponse:
    """For a page that stays: the sentence, and what to show of the file."""
    if stored is None:
        text = " ".join(str(error) for error in form.errors.get("file", []))
        return JsonResponse({"words": text}, status=status)
    context = {"file": stored, "proposal": draft.proposal}
    html = render_to_string("workspace/includes/file.html", context, request)
    return JsonResponse({"words": _stored_words(stored), "sha256": stored.sha256, "html": html})


def _stored_words(stored: ProposalFile) -> str:
    text = ngettext(
        "“%(name)s” uploaded: %(pages)s page, SHA-256 %(hash)s….",
        "“%(name)s” uploaded: %(pages)s pages, SHA-256 %(hash)s….",
        stored.pages,
    )
    message = text % {"name": stored.name, "pages": stored.pages, "hash": stored.sha256[:12]}
    if stored.can_be_opened:
        return message
    return f"{message} {_('You can open it after the virus scan.')}"


def _refuse_dishonest_name(request: HttpRequest, form: FileForm) -> bool:
    name = getattr(request, "dishonest_name", "")
    if name:
        text = _(
            "The file name contains a folder or a character that cannot be printed. Rename "
            "the file, for example roadmap.pdf, and select it again."
        )
        form.add_error("file", text)
    return bool(name)


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def remove(request: HttpRequest, number: str, slot: str) -> HttpResponse:
    draft = get_draft_or_404(request, number)
    _deliverable(draft, slot)
    try:
        remove_file(
            draft.proposal, slot, seen=request.POST.get("seen", ""), by=current_user(request)
        )
    except FileChanged as conflict:
        messages.warning(request, _what_changed(conflict))
    except NotOpen:
        messages.error(request, _("The deadline has passed. The file was not removed."))
    else:
        messages.success(request, _("File removed from the draft."))
    return redirect("proposals:step", number, "deliverables")


def _deliverable(draft: Draft, slot: str) -> RequiredDeliverable:
    for deliverable in draft.deliverables:
        if deliverable.code == slot:
            return deliverable
    raise Http404


@login_required_keep_post
def download_draft_file(request: HttpRequest, number: str, slot: str) -> HttpResponseBase:
    draft = get_draft_or_404(request, number)
    file = draft.files.get(slot)
    if file is None:
        raise Http404
    return _as_download(request, file)


@login_required_keep_post
def download_earlier_file(
    request: HttpRequest, number: str, slot: str, pk: int
) -> HttpResponseBase:
    """A file that was in a slot before."""
    draft = get_draft_or_404(request, number)
    return _as_download(request, get_object_or_404(draft.proposal.files, slot=slot, pk=pk))


@login_required_keep_post
def download_version_file(
    request: HttpRequest, number: str, version: int, sha256: str
) -> HttpResponseBase:
    """A file that a version binds; by its hash, so that it is exactly that one."""
    result = get_version_or_404(request, number, version)
    bound = {file["sha256"] for file in result.document["files"]}
    if sha256 not in bound:
        raise Http404
    file = get_object_or_404(result.proposal.files.filter(sha256=sha256).order_by("-pk")[:1])
    return _as_download(request, file)


def _as_download(request: HttpRequest, file: ProposalFile) -> HttpResponseBase:
    """Always to be saved, never shown within the portal's own address; nothing out of quarantine."""
    if not file.can_be_opened:
        return render(request, "workspace/quarantine.html", {"file": file}, status=409)
    return FileResponse(
        file.open(), as_attachment=True, filename=file.download_name, content_type="application/pdf"
    )
