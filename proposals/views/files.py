"""Uploading, removing and downloading the PDFs of a proposal."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from applicants.web import person, signed_in
from calls.models import RequiredDeliverable
from proposals.dossier import Draft
from proposals.drafting import NotOpen
from proposals.forms import FileForm
from proposals.models import ProposalFile
from proposals.uploads import FileChanged, UnusableFile, remove_file, store_file
from proposals.views.access import draft_of, page_of, version_of

_CHANGED = gettext_lazy(
    "Someone put another file here since you opened the page. Nothing was changed: look at that file "
    "first, and do it again if it is still right."
)


@signed_in
def upload(request: HttpRequest, number: str, slot: str) -> HttpResponse:
    """Add or replace the PDF of a deliverable."""
    draft = draft_of(request, number)
    deliverable = _deliverable(draft, slot)
    form = FileForm(request.POST or None, request.FILES or None)
    context = page_of(
        draft,
        "deliverables",
        form=form,
        deliverable=deliverable,
        file=draft.files.get(slot),
        seen=draft.files[slot].sha256 if slot in draft.files else "",
    )
    if request.method != "POST":
        return render(request, "proposals/upload.html", context)
    if form.is_valid() and not _refuse_dishonest_name(request, form):
        try:
            stored = store_file(
                draft.proposal,
                slot,
                form.cleaned_data["file"],
                seen=request.POST.get("seen", ""),
                by=person(request),
            )
        except UnusableFile as refusal:
            form.add_error("file", str(refusal))
        except FileChanged:
            form.add_error("file", _CHANGED)
            return render(request, "proposals/upload.html", context, status=409)
        except NotOpen:
            return render(
                request, "proposals/upload.html", context | {"came_too_late": True}, status=409
            )
        else:
            text = _("“%(name)s” is stored: %(pages)s pages, SHA-256 %(hash)s….")
            values = {"name": stored.name, "pages": stored.pages, "hash": stored.sha256[:12]}
            messages.success(request, text % values)
            return redirect("proposals:step", number, "deliverables")
    return render(request, "proposals/upload.html", context, status=422)


def _refuse_dishonest_name(request: HttpRequest, form: FileForm) -> bool:
    name = getattr(request, "dishonest_name", "")
    if name:
        text = _(
            "The name of this file contains a folder or a sign that cannot be printed. Give it a "
            "plain name such as roadmap.pdf and choose it again."
        )
        form.add_error("file", text)
    return bool(name)


@signed_in
@require_http_methods(["POST"])
def remove(request: HttpRequest, number: str, slot: str) -> HttpResponse:
    draft = draft_of(request, number)
    _deliverable(draft, slot)
    try:
        remove_file(draft.proposal, slot, seen=request.POST.get("seen", ""))
    except FileChanged:
        messages.warning(request, _CHANGED)
    except NotOpen:
        messages.error(request, _("The deadline has passed; the file stays as it is."))
    else:
        messages.success(request, _("The file is removed from the draft."))
    return redirect("proposals:step", number, "deliverables")


def _deliverable(draft: Draft, slot: str) -> RequiredDeliverable:
    for deliverable in draft.deliverables:
        if deliverable.code == slot:
            return deliverable
    raise Http404


@signed_in
def download_draft_file(request: HttpRequest, number: str, slot: str) -> HttpResponseBase:
    draft = draft_of(request, number)
    file = draft.files.get(slot)
    if file is None:
        raise Http404
    return _as_download(file)


@signed_in
def download_version_file(
    request: HttpRequest, number: str, version: int, sha256: str
) -> HttpResponseBase:
    """A file that a version binds; by its hash, so that it is exactly that one."""
    found = version_of(request, number, version)
    bound = {file["sha256"] for file in found.document["files"]}
    if sha256 not in bound:
        raise Http404
    file = get_object_or_404(found.proposal.files.filter(sha256=sha256).order_by("-pk")[:1])
    return _as_download(file)


def _as_download(file: ProposalFile) -> HttpResponseBase:
    """Always to be saved, never shown within the portal's own address."""
    return FileResponse(
        file.open(), as_attachment=True, filename=file.name, content_type="application/pdf"
    )
