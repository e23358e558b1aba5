"""The log for everyone: signed heads, proofs, certificates. Tells hashes and numbers, and nothing else."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render

from foundation.sentences import gettext as _
from proposals.models import LedgerEntry, Receipt, SealCertificate, TreeHead
from proposals.proof import ledger
from proposals.proof.daily_heads import daily_heads_as_lines
from proposals.proof.verification import check_receipt, find_by_hash
from proposals.steps.forms import FileForm


def check(request: HttpRequest) -> HttpResponse:
    """Check a receipt that somebody holds; the file is read, answered, and forgotten."""
    form = FileForm(request.POST or None, request.FILES or None)
    context = {"form": form, "no_hash": "0" * 64}
    if request.method != "POST":
        return render(request, "proof/check_receipt.html", context)
    if form.is_valid() and form.cleaned_data["file"].size > MAX_RECEIPT_SIZE:
        text = _("This file is larger than 2 MB. Choose the proof of submission (PDF).")
        form.add_error("file", text)
    if not form.is_valid():
        return render(request, "proof/check_receipt.html", context, status=422)
    answer = check_receipt(form.cleaned_data["file"].read())
    context |= {"form": FileForm(), "answer": answer}
    status = 503 if answer.problem else 200
    return render(request, "proof/check_receipt.html", context, status=status)


def document(request: HttpRequest, sha256: str) -> JsonResponse:
    """Which version a sealed document is of, by the hash of its file, and whether that version counts.

    Only who holds the file can know its hash.
    """
    document = find_by_hash(sha256)
    if document is None:
        raise Http404
    version = document.version
    return JsonResponse(
        {
            "kind": "receipt" if isinstance(document, Receipt) else "proposal_pdf",
            "proposal": version.proposal.number,
            "version": version.number,
            "edition": document.edition,
            "counts": version.proposal.current_version_id == version.pk,
        }
    )


def head(request: HttpRequest) -> JsonResponse:
    """The newest signed head, or that of `?size=`."""
    return JsonResponse(ledger.head_as_json(_head(request.GET.get("size", ""))))


def daily_heads(request: HttpRequest) -> StreamingHttpResponse:
    """The last signed head of each day, one JSON object on a line: to be kept elsewhere."""
    return StreamingHttpResponse(daily_heads_as_lines(), content_type="application/jsonl")


def inclusion(request: HttpRequest, position: int) -> JsonResponse:
    """That an entry is in the log, for the newest head or that of `?size=`."""
    entry = LedgerEntry.objects.filter(position=min(position, LARGEST)).first()
    if entry is None:
        raise Http404
    try:
        return JsonResponse(ledger.inclusion_proof(entry, _head(request.GET.get("size", ""))))
    except ledger.NoSuchEntry:
        raise Http404 from None


def consistency(request: HttpRequest) -> JsonResponse:
    """That the log of `?first=` is the beginning of that of `?second=`."""
    first, second = _head(request.GET.get("first", "")), _head(request.GET.get("second", ""))
    if first.size > second.size:
        raise Http404
    return JsonResponse(ledger.consistency_proof(first, second))


def certificates(request: HttpRequest) -> JsonResponse:
    """Every certificate that the portal has ever signed with, the newest first."""
    seal_certificates = SealCertificate.objects.values("fingerprint", "pem", "first_used_at")
    return JsonResponse({"certificates": list(seal_certificates)})


LARGEST = 10**15
MAX_RECEIPT_SIZE = 2 * 1024 * 1024  # bytes; anyone may send one, and a PDF unpacks to more


def _head(size: str) -> TreeHead:
    if size and not (size.isascii() and size.isdigit() and len(size) < len(str(LARGEST))):
        raise Http404
    try:
        return ledger.head_of_size(int(size) if size else None)
    except ledger.NoSuchEntry:
        raise Http404 from None
