"""Files of a proposal: checked when they are uploaded, kept by their hash, never overwritten."""

import errno
import hashlib
import logging
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.db import transaction
from django.http.multipartparser import MultiPartParser
from django.utils.translation import gettext_lazy as _lazy

from applicants.models import User
from foundation import clock
from foundation.child_process import Busy, ChildFailed, OutOfMemory, OutOfTime
from foundation.file_folder import is_expected_folder
from foundation.limited_work import in_child
from foundation.sentences import gettext as _
from foundation.text import clean_file_name, names_something, unsafe_in
from proposals.audit.activity import log_activity
from proposals.consortium.drafts import check_open, lock_draft
from proposals.models import Proposal, ProposalActivity, ProposalFile, StoredPdf, path_of
from proposals.workspace.virus_scan import scan

MAX_FILE_NAME_LENGTH = 120
HEADER, HEADER_WITHIN = (
    b"%PDF-",
    1024,
)  # as readers do; mail programs and editors put things before it
MIB = 1024 * 1024

# What a person reads, by the answer of `pdf_inspection` and by the limit that was met.
SENTENCES = {
    "no-pdf": _lazy("This file is not a PDF. Save the document as a PDF and upload it again."),
    "encrypted": _lazy(
        "This PDF is protected by a password. Save it without a password and upload it again."
    ),
    "damaged": _lazy(
        "This PDF is damaged and cannot be opened. Export it again and upload the new file."
    ),
    "no-page": _lazy("This PDF has no pages. Export it again and upload the new file."),
    "pages": _lazy(
        "This PDF has more than %(pages)s pages. Upload only the part that the call requires."
    ),
    "unpacked": _lazy(
        "This PDF contains more than %(unpacked)s MB of data. Save it with fewer or smaller "
        "images and upload it again."
    ),
    "complex": _lazy(
        "This PDF is too complex to be checked. Print it to a new PDF and upload the new file."
    ),
    "memory": _lazy(
        "This PDF needs more than %(memory)s MB of memory to open. Print it to a new PDF and "
        "upload the new file."
    ),
    "code": _lazy(
        "This PDF contains program code (JavaScript, or an interactive video or model), which "
        "is not accepted. Print it to a new PDF without the code and upload the new file."
    ),
    "launch": _lazy(
        "This PDF contains a link that starts a program or opens a file on the reader's "
        "computer, which is not accepted. Remove the link, or print it to a new PDF, and "
        "upload the new file."
    ),
    "form": _lazy(
        "This PDF is an XFA form, which is not accepted. Print the completed form to a new "
        "PDF and upload the new file."
    ),
    "time": _lazy(
        "This PDF could not be checked within %(seconds)s seconds. Print it to a new PDF and "
        "upload the new file."
    ),
    "busy": _lazy(
        "The portal is busy checking other files. Your file was not saved; upload it again in "
        "a minute."
    ),
    "failed": _lazy(
        "The portal could not check this PDF, so it was not saved. Print it to a new PDF and upload the "
        "new file. If this happens again, contact the helpdesk."
    ),
}

log = logging.getLogger("portal.uploads")


class InvalidFile(Exception):
    """The file is refused; the text says why, for the person who chose it."""


class FileChanged(Exception):
    """The slot was filled or emptied since the page was opened; nothing was changed.

    `current` is the file that is in it now, None where it is empty.
    """

    def __init__(self, current: ProposalFile | None) -> None:
        super().__init__(str(current))
        self.current = current


def store_file(
    proposal: Proposal, slot: str, upload: UploadedFile, *, seen: str, by: User
) -> ProposalFile:
    """Check a PDF and put it into a slot; the file that was there is kept as an earlier one.

    `seen` is the SHA-256 of the file that the person saw in the slot, empty for none. The same bytes that
    came into the slot meanwhile (a second click) are not stored again.

    Raises:
        NotOpen: the deadline has passed.
        FileChanged: another file is in the slot by now.
        InvalidFile: no PDF that can be opened, empty, too large, running code, or no room for it.
    """
    moment = clock.now()
    check_open(proposal, moment)
    checked = check_upload(upload)
    save_pdf(checked)
    with transaction.atomic():
        present = _locked_slot(proposal, slot)
        if present is not None and present.sha256 == checked.sha256 != seen:
            return present
        _empty_slot(present, seen=seen, moment=moment)
        return ProposalFile.objects.create(
            proposal=proposal,
            slot=slot,
            name=checked.name,
            sha256=checked.sha256,
            size=len(checked.content),
            pages=checked.pages,
            uploaded_at=moment,
            uploaded_by=by,
            scan=checked.scan,
        )


@dataclass(frozen=True)
class ValidatedPdf:
    """A PDF that can be taken, and what was found out about it."""

    name: str
    content: bytes
    sha256: str
    pages: int
    scan: StoredPdf.Scan


def check_upload(upload: UploadedFile) -> ValidatedPdf:
    """Look into a file that somebody sent; nothing is kept yet.

    Raises:
        InvalidFile: as `pages_of`; empty, too large, with a virus, or with a name that is too long.
    """
    content = _content_of(upload)
    scanned = scan(content)
    if scanned == StoredPdf.Scan.INFECTED:
        raise InvalidFile(
            _(
                "A virus was found in this file, so it was not saved. Create the PDF again on "
                "a clean computer."
            )
        )
    pages = pages_of(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return ValidatedPdf(upload.name or "file.pdf", content, sha256, pages, scanned)


def save_pdf(checked: ValidatedPdf) -> None:
    """Keep the bytes under their hash.

    Raises:
        InvalidFile: there is no room for it.
    """
    _store(checked.content, path_of(checked.sha256))


def _store(content: bytes, path: str) -> None:
    """Write the file unless it is there, whole: a write that was cut off left a shorter one."""
    try:
        if not is_expected_folder():
            raise OSError("another folder")
        if _is_stored(path, len(content)):
            return
        default_storage.delete(path)
        default_storage.save(path, ContentFile(content))
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "another-folder")
        log.error("A file could not be stored (%s).", reason)
        raise InvalidFile(
            _(
                "The portal cannot store this file at the moment. Your other data is not "
                "affected. Try again later."
            )
        ) from None


def _is_stored(path: str, size: int) -> bool:
    """Whether the file is there, whole. It is young again then, and `collect_orphans` leaves it alone."""
    try:
        os.utime(default_storage.path(path))
        return bool(default_storage.size(path) == size)
    except FileNotFoundError:
        return False


def remove_file(proposal: Proposal, slot: str, *, seen: str, by: User) -> None:
    """Empty a slot of the draft; the file stays with the versions that bind it.

    Raises:
        NotOpen, FileChanged: as `store_file`.
    """
    moment = clock.now()
    check_open(proposal, moment)
    with transaction.atomic():
        _empty_slot(_locked_slot(proposal, slot), seen=seen, moment=moment)
        text = _("PDF for “%(slot)s” removed from the draft") % {"slot": slot}
        log_activity(proposal, ProposalActivity.Kind.FILE_REMOVED, text, by=by, at=moment)


def _locked_slot(proposal: Proposal, slot: str) -> ProposalFile | None:
    """The file in a slot, which stays there until the transaction ends."""
    lock_draft(proposal)
    present = proposal.files.filter(slot=slot, replaced_at=None)
    return present.select_related("uploaded_by").first()


def _empty_slot(present: ProposalFile | None, *, seen: str, moment: datetime) -> None:
    if (present.sha256 if present else "") != seen:
        raise FileChanged(present)
    if present is not None:
        present.replaced_at = moment
        present.save(update_fields=["replaced_at"])


def _content_of(upload: UploadedFile) -> bytes:
    name = upload.name or ""
    if len(name) > MAX_FILE_NAME_LENGTH:
        raise InvalidFile(_("The file name must be 120 characters or fewer"))
    if upload.size is not None and upload.size > settings.MAX_FILE_SIZE:
        text = _("“%(name)s” has %(size)s MB. The file must be %(most)s MB or smaller")
        size = f"{upload.size / 1024 / 1024:.1f}"
        most = settings.MAX_FILE_SIZE // 1024 // 1024
        raise InvalidFile(text % {"name": name, "size": size, "most": most})
    content: bytes = upload.read()
    if not content:
        raise InvalidFile(_("“%(name)s” is empty. Select another PDF") % {"name": name})
    return content


def pages_of(content: bytes) -> int:
    """How many pages a PDF has. It is opened in a child process, whatever it unpacks to or runs.

    Raises:
        InvalidFile: it is no PDF, needs a password, has no page, runs code, or meets a limit.
    """
    if HEADER not in content[:HEADER_WITHIN]:
        raise InvalidFile(sentence_for("no-pdf"))
    report = _report_on(content)
    if report["answer"] != "taken":
        raise InvalidFile(sentence_for(report["answer"]))
    pages: int = report["pages"]
    return pages


def _report_on(content: bytes) -> dict[str, Any]:
    try:
        report: dict[str, Any] = in_child(
            "proposals.workspace.pdf_inspection:inspect",
            content,
            queue="uploads",
            max_pages=settings.FILE_CHECK_PAGES,
            max_unpacked=settings.FILE_CHECK_UNPACKED,
        )
    except Busy:
        return {"answer": "busy"}
    except OutOfTime:
        return {"answer": "time"}
    except OutOfMemory:
        return {"answer": "memory"}
    except ChildFailed:
        return {"answer": "failed"}
    return report


def sentence_for(answer: str) -> str:
    figures = {
        "pages": settings.FILE_CHECK_PAGES,
        "unpacked": settings.FILE_CHECK_UNPACKED // MIB,
        "memory": settings.FILE_CHECK_MEMORY // MIB,
        "seconds": settings.FILE_CHECK_SECONDS,
    }
    return str(SENTENCES[answer]) % figures


class RejectUnsafeFilenames(FileUploadHandler):
    """Notes file names that hide a path or control characters, which Django would quietly clean.

    `request.dishonest_name` is the first such name; a view refuses it with a sentence.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 -- Django's name for it
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> Any:
        request: Any = self.request
        others = [handler for handler in request.upload_handlers if handler is not self]
        parser = _FileNameParser(META, input_data, others, encoding or "utf-8")
        result = parser.parse()
        request.dishonest_name = parser.dishonest_name
        return result

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class _FileNameParser(MultiPartParser):
    dishonest_name = ""

    def sanitize_file_name(self, file_name: str) -> str | None:
        if not is_safe_file_name(file_name) and not self.dishonest_name:
            self.dishonest_name = file_name
        return super().sanitize_file_name(clean_file_name(file_name))


def is_safe_file_name(name: str) -> bool:
    """A plain name: no folder, no drive, no control character. What is only unseen is left out instead."""
    has_folder = any(mark in name for mark in ("/", "\\", "\n", "\r", "\t")) or name == ".."
    return not has_folder and unsafe_in(name) is None and names_something(name)
