"""ZIP files of versions: all their files with hashes, or a bundle for auditors that checks itself.

Written entry by entry. Names inside are made here; what applicants called their files is only a part of them.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from calls.eligibility import canonical
from calls.models import AppliedConditions
from foundation import clock
from proposals.dossier.facts import files_of
from proposals.models import (
    ClarificationFile,
    LedgerEntry,
    Proposal,
    ProposalPdf,
    Receipt,
    SealCertificate,
    TreeHead,
    VerdictRecord,
    Version,
    VersionQuerySet,
)
from proposals.proof import ledger
from proposals.proof.receipts import NotLogged, proof_of_version
from proposals.reporting.export_tables import as_text
from proposals.screening.letters import letter_of

CHUNK = 50
EPOCH = (2015, 1, 1, 0, 0, 0)  # entries have no date of their own: equal content, equal bytes
MAX_NAME_LENGTH = 80
CODE = (
    "calls/__init__.py",
    "calls/eligibility",
    "foundation/__init__.py",
    "foundation/canonical_json.py",
    "foundation/folding.py",
)

_HOW_TO_CHECK = """\
Audit bundle of the COSME portal.

Run "python check_bundle.py --trust certificate.pem" to verify it without the portal, a network or a
database. Download the certificate from the portal (/proof/certificates/); do not use the copy in this
bundle. Python 3.11 is enough to check the hashes and the log. To check signatures and verdicts as well,
run "pip install cryptography pydantic" first.

versions/         one folder for each version: the dossier as hashed, every verdict with its facts, rules
                  and countries, the log entry with its proof, the sealed proof of submission, decisions,
                  officers' findings, clarification requests and replies, all files
conditions/       rules and countries, named by their hashes
log/              all entries of the portal's log (only the hash for proposals that were sealed when the
                  bundle was created), the signed roots, the certificates
calls/, foundation/  the code of the rules, used to recompute the verdicts
verify_receipt.py verifies one proof of submission (needs pyHanko and pikepdf)
manifest.json     the SHA-256 of every file
"""


class _Archive:
    """A ZIP that remembers the hash of everything that it takes."""

    def __init__(self, zip_file: zipfile.ZipFile) -> None:
        self.zip = zip_file
        self.hashes: dict[str, str] = {}

    def add(self, name: str, content: bytes | str) -> None:
        if name in self.hashes:
            return  # the same file under the same hash
        raw = content.encode() if isinstance(content, str) else content
        self.add_in_parts(name, [raw])

    def add_in_parts(self, name: str, parts: Iterable[bytes]) -> None:
        """Write what may be too long to be held at once: the log grows for years."""
        info = zipfile.ZipInfo(name, EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        digest = hashlib.sha256()
        with self.zip.open(info, "w", force_zip64=True) as entry:
            for part in parts:
                entry.write(part)
                digest.update(part)
        self.hashes[name] = digest.hexdigest()

    def add_manifest(self, content: str) -> None:
        manifest = {"content": content, "files": dict(sorted(self.hashes.items()))}
        self.add("manifest.json", _json(manifest))


@contextmanager
def _archive(out: IO[bytes]) -> Iterator[_Archive]:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as zip_file:
        yield _Archive(zip_file)


def _fetched(versions: VersionQuerySet) -> Iterator[Version]:
    result = versions.select_related("proposal__strand__call__programme", "submitted_by")
    yield from result.prefetch_related("proposal__files").order_by("pk").iterator(CHUNK)


def folder_of(version: Version) -> str:
    return f"versions/{version.proposal.number}-v{version.number}"


def safe_name(sha256: str, name: str) -> str:
    """A name that means nothing to any file system, whatever the applicant called the file."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name).stem).strip("-")[:MAX_NAME_LENGTH]
    return f"{sha256[:12]}-{stem or 'file'}.pdf"


def write_files(versions: VersionQuerySet, out: IO[bytes], progress: Any) -> None:
    """Dossier, receipt, whole proposal and every file of each version; `progress` is called after each."""
    with _archive(out) as archive:
        for version in _fetched(versions):
            folder = folder_of(version)
            archive.add(f"{folder}/dossier.json", version.dossier)
            _add_documents(archive, version, folder)
            progress()
        sums = sorted(archive.hashes.items())
        archive.add("SHA256SUMS", "".join(f"{digest}  {name}\n" for name, digest in sums))
        archive.add_manifest("Files of submitted versions")


def _add_documents(archive: _Archive, version: Version, folder: str) -> None:
    for kind, name in ((Receipt, "receipt.pdf"), (ProposalPdf, "proposal.pdf")):
        sealed = kind.objects.newest_of(version)
        if sealed is not None:
            archive.add(f"{folder}/{name}", bytes(sealed.pdf))
    bound = [file["row"] for file in files_of(version, version.document)]
    replied = ClarificationFile.objects.filter(reply__clarification_request__version=version)
    for file in [*bound, *replied]:
        if file.can_be_opened:
            with file.open() as stored:
                archive.add(f"{folder}/files/{safe_name(file.sha256, file.name)}", stored.read())


def write_bundle(versions: VersionQuerySet, out: IO[bytes], progress: Any) -> None:
    """Everything by which an auditor can check what was received, found and decided, without the portal."""
    with _archive(out) as archive:
        conditions: set[str] = set()
        for version in _fetched(versions):
            conditions |= _add_version(archive, version)
            progress()
        for applied_conditions in AppliedConditions.objects.filter(pk__in=conditions):
            archive.add(
                f"conditions/{applied_conditions.digest.removeprefix('sha256:')}.json",
                applied_conditions.content,
            )
        _add_log(archive)
        _add_programs(archive)
        archive.add_manifest("Audit bundle of the COSME portal")


def _add_version(archive: _Archive, version: Version) -> set[str]:
    """The digests of the conditions by which its verdicts were made."""
    folder = folder_of(version)
    archive.add(f"{folder}/dossier.json", version.dossier)
    archive.add(f"{folder}/version.json", _json(_about(version)))
    conditions = _add_verdicts(archive, version, folder)
    _add_proof(archive, version, folder)
    archive.add(f"{folder}/decisions.json", _json(list(_decisions(archive, version, folder))))
    archive.add(f"{folder}/sheet.json", _json(list(_answers(version))))
    archive.add(f"{folder}/questions.json", _json(list(_questions(version))))
    _add_documents(archive, version, folder)
    return conditions


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _about(version: Version) -> dict[str, Any]:
    return {
        "proposal": version.proposal.number,
        "version": version.number,
        "call": version.proposal.strand.call.reference,
        "counts": version.proposal.current_version_id == version.pk,
        "sha256": version.sha256,
        "received_at": as_text(version.received_at),
        "committed_at": as_text(version.committed_at),
        "acknowledged": version.acknowledged,
        "circumstances": version.circumstances,
    }


def _add_verdicts(archive: _Archive, version: Version, folder: str) -> set[str]:
    used: set[str] = set()
    stored: Iterable[VerdictRecord] = version.verdicts.order_by("pk")
    for number, item in enumerate(stored, start=1):
        content = {
            "audience": item.audience,
            "made_at": as_text(item.made_at),
            "cause": item.cause,
            "facts": item.facts,
            "facts_digest": item.facts_digest,
            "rule_set": item.rule_set_id,
            "country_set": item.country_set_id,
            "verdict": item.content,
        }
        archive.add(f"{folder}/verdict-{number}.json", canonical(content))
        used |= {digest for digest in (item.rule_set_id, item.country_set_id) if digest}
    return used


def _add_proof(archive: _Archive, version: Version, folder: str) -> None:
    try:
        archive.add(f"{folder}/proof.json", canonical(proof_of_version(version)))
    except NotLogged:
        archive.add(f"{folder}/proof.json", "null")


def _decisions(archive: _Archive, version: Version, folder: str) -> Iterator[dict[str, Any]]:
    related = ("decided_by", "review__reviewed_by", "notice__notified_by")
    for number, decision in enumerate(version.decisions.select_related(*related).order_by("pk"), 1):
        review, information = decision.reviewed, decision.notified
        letter = letter_of(decision) if information else None
        if letter is not None:
            archive.add(f"{folder}/letter-{number}.pdf", bytes(letter.pdf))
        yield {
            "outcome": decision.outcome,
            "reason": decision.reason,
            "decided_by": str(decision.decided_by),
            "decided_at": as_text(decision.decided_at),
            "reverses": decision.reverses_id is not None,
            "answer": review.answer if review else None,
            "answer_reason": review.reason if review else "",
            "reviewed_by": str(review.reviewed_by) if review else None,
            "reviewed_at": as_text(review.reviewed_at) if review else None,
            "informed_at": as_text(information.notified_at) if information else None,
        }


def _answers(version: Version) -> Iterator[dict[str, Any]]:
    for screening_answer in version.screening_answers.select_related("answered_by").order_by(
        "item"
    ):
        yield {
            "item": screening_answer.item,
            "answer": screening_answer.answer,
            "reason": screening_answer.reason,
            "answered_by": str(screening_answer.answered_by),
            "answered_at": as_text(screening_answer.answered_at),
        }


def _questions(version: Version) -> Iterator[dict[str, Any]]:
    for request in version.clarification_requests.select_related("reply").order_by("pk"):
        reply = request.answered
        yield {
            "text": request.text,
            "asked_at": as_text(request.requested_at),
            "due_at": as_text(request.due_at),
            "sha256": request.sha256,
            "reply": reply.text if reply else None,
            "replied_at": as_text(reply.replied_at) if reply else None,
            "reply_sha256": reply.sha256 if reply else None,
            "files": [file.sha256 for file in reply.files.all()] if reply else [],
        }


def _add_log(archive: _Archive) -> None:
    """Of proposals that are sealed still only the hash of each entry, by which the roots come out."""
    sealed = set(
        Proposal.objects.with_deadline()
        .filter(effective_deadline__gt=clock.now())  # type: ignore[misc]  # annotated
        .values_list("number", flat=True)
    )
    entries = LedgerEntry.objects.order_by("position").values_list(
        "position", "record__content", "leaf"
    )
    lines = (
        _log_line(position, content, bytes(leaf), sealed).encode() + b"\n"
        for position, content, leaf in entries.iterator(CHUNK * 20)
    )
    archive.add_in_parts("log/entries.ndjson", lines)
    heads = [ledger.head_as_json(head) for head in TreeHead.objects.order_by("size").iterator()]
    archive.add("log/heads.json", _json(heads))
    for certificate in SealCertificate.objects.all():
        archive.add(f"log/certificates/{certificate.fingerprint}.pem", certificate.pem)


def _log_line(position: int, content: str, leaf: bytes, sealed: set[str]) -> str:
    if json.loads(content).get("proposal") in sealed:
        return json.dumps({"position": position, "leaf": leaf.hex()})
    return json.dumps({"position": position, "entry": content}, ensure_ascii=False)


def _add_programs(archive: _Archive) -> None:
    root = Path(settings.ROOT)
    archive.add("README.txt", _HOW_TO_CHECK)
    for name in ("check_bundle.py", "verify_receipt.py"):
        archive.add(name, (root / "docs" / name).read_bytes())
    for start in CODE:
        path = root / start
        for item in [path] if path.is_file() else sorted(path.rglob("*.py")):
            archive.add(item.relative_to(root).as_posix(), item.read_bytes())
