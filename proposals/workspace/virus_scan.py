"""Files and the virus scanner: nobody can open a file before it has passed, where a scanner is configured.

The scanner is asked when a file arrives. While it does not answer the file waits in quarantine: it belongs to
the draft, and can be submitted, but nobody can open it; a worker asks again.
"""

import io
import logging
from datetime import timedelta
from typing import Any

from clamav_client.clamd import ClamdError, ClamdNetworkSocket, ClamdUnixSocket
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from foundation import clock
from foundation.sentences import gettext as _
from proposals.consortium.drafts import lock_draft
from proposals.consortium.members import consortium_members, coordinator_emails
from proposals.delivery.claims import claim_first, is_unclaimed
from proposals.delivery.emails import EmailContent, queue_email
from proposals.delivery.fault_isolation import NotTried, for_each
from proposals.models import ClarificationFile, ProposalFile, StoredPdf

log = logging.getLogger("portal.scanning")
TIMEOUT = 10.0  # seconds
RETRY = timedelta(seconds=60)
File = ProposalFile | ClarificationFile


class ScannerUnavailable(Exception):
    """No scanner is configured, or it does not answer."""


def scan(content: bytes) -> StoredPdf.Scan:
    """PASSED or INFECTED; NONE where no scanner is configured, WAITING while it does not answer."""
    if not settings.CLAMD:
        return StoredPdf.Scan.NONE
    try:
        is_clean = _ask(content)
    except ScannerUnavailable as error:
        text = "The virus scanner is unavailable (%s); the file stays in quarantine."
        log.warning(text, str(error))
        return StoredPdf.Scan.WAITING
    return StoredPdf.Scan.PASSED if is_clean else StoredPdf.Scan.INFECTED


def _ask(content: bytes) -> bool:
    try:
        answer = _scanner().instream(io.BytesIO(content))
    except (ClamdError, OSError) as error:
        raise ScannerUnavailable(type(error).__name__) from None
    status, _name = (answer or {}).get("stream", ("ERROR", None))
    if status not in {"OK", "FOUND"}:
        raise ScannerUnavailable(status)
    return bool(status == "OK")


def scanner_problem() -> str:
    """Why the configured scanner cannot be used, in a sentence; empty if it answers."""
    try:
        _scanner().ping()
    except (ClamdError, OSError, ValueError) as error:
        return f"The virus scanner of PORTAL_CLAMD does not answer ({type(error).__name__})."
    return ""


def _scanner() -> ClamdNetworkSocket:
    """`PORTAL_CLAMD` is a path of a Unix socket, or host:port."""
    if settings.CLAMD.startswith("/"):
        return ClamdUnixSocket(path=settings.CLAMD, timeout=TIMEOUT)
    host, _colon, port = settings.CLAMD.rpartition(":")
    return ClamdNetworkSocket(host=host, port=int(port), timeout=TIMEOUT)


def scan_waiting(*, seconds: float | None = None) -> int:
    """Scan files in quarantine; returns how many got an answer."""
    kinds: tuple[type[File], ...] = (ProposalFile, ClarificationFile)
    waiting = (file for kind in kinds for file in _free(kind).order_by("pk").iterator(100))
    return for_each("virus scan", waiting, _scan_again, seconds=seconds)


def _scan_again(waiting: File) -> bool:
    file: File | None = claim_first(_free(type(waiting)).filter(pk=waiting.pk))
    if file is None:  # another worker has it by now
        raise NotTried
    with file.open() as stored:
        result = scan(stored.read())
    if result not in {StoredPdf.Scan.PASSED, StoredPdf.Scan.INFECTED}:
        raise NotTried
    _settle(file, result)
    return True


def _free(kind: type[File]) -> QuerySet[Any]:
    return kind._default_manager.filter(is_unclaimed(RETRY), scan=StoredPdf.Scan.WAITING)


@transaction.atomic
def _settle(file: File, result: StoredPdf.Scan) -> None:
    """Open a file that has passed; remove an infected one from the draft and notify the leads.

    Whether it is in the draft still is asked under the lock: it may have been replaced while it was scanned.
    """
    file.scan = result
    if isinstance(file, ClarificationFile):
        file.save(update_fields=["scan"])  # officers see that it is infected, and ask again
        return
    lock_draft(file.proposal)
    file.save(update_fields=["scan"])
    if result == StoredPdf.Scan.PASSED:
        return
    ProposalFile.objects.filter(pk=file.pk, replaced_at=None).update(replaced_at=clock.now())
    proposal = file.proposal
    queue_email(
        EmailContent(
            subject=_("Virus found in a file of proposal %(number)s") % {"number": proposal.number},
            what_happened=_("The virus scanner found a virus in “%(name)s”.") % {"name": file.name},
            status=_(
                "The file has been removed from the draft and cannot be opened. A version that was "
                "submitted with this file has not changed."
            ),
            next_step=_(
                "Create the PDF again on a clean computer, upload it and submit the proposal again before "
                "the deadline."
            ),
            link=reverse("proposals:step", args=[proposal.number, "deliverables"]),
            link_label=_("View deliverables and files"),
        ),
        to={*coordinator_emails(proposal), *_uploader_who_takes_part(file)},
        proposal=proposal,
        key=f"infected:{file.pk}",
    )


def _uploader_who_takes_part(file: ProposalFile) -> list[str]:
    return [
        member.email for member in consortium_members(file.proposal) if member == file.uploaded_by
    ]
