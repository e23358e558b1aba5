"""Checking a receipt that somebody holds: with the published program, and with what only the portal knows."""

import hashlib
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from django.conf import settings

from foundation.child_process import Busy, ChildFailed
from foundation.limited_work import in_child
from foundation.sentences import gettext as _
from proposals.models import ProposalPdf, Receipt, SealCertificate, SealedDocument, Version

PROGRAM = settings.ROOT / "docs" / "verify_receipt.py"

CHECK = "docs/verify_receipt.py:check"
FOREIGN = "The seal was not made with a trusted certificate"  # how the program begins to say so


@cache
def program() -> ModuleType:
    """The stand-alone program that everyone gets, as a module: there is one way to check."""
    spec = importlib.util.spec_from_file_location("verify_receipt", PROGRAM)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class VerificationResult:
    """What holds and what does not, in sentences; why it is no receipt, or why it could not be checked.

    `version` is known where the file is, byte for byte, one that this portal has made: a receipt, or the
    full proposal PDF (`is_proposal_pdf`), which is sealed too but proves nothing of the log.
    """

    passed: list[str]
    failed: list[str]
    refusal: str = ""
    problem: str = ""
    version: Version | None = None
    is_proposal_pdf: bool = False

    @property
    def is_good(self) -> bool:
        return not (self.failed or self.refusal or self.problem)

    @property
    def is_of_another_portal(self) -> bool:
        """Sealed by a certificate that is none of ours; then nothing else of it was looked at."""
        return len(self.failed) == 1 and self.failed[0].startswith(FOREIGN)

    @property
    def counts(self) -> bool:
        """Whether the version of the receipt is the one that counts."""
        return (
            self.version is not None and self.version.proposal.current_version_id == self.version.pk
        )


def check_receipt(content: bytes) -> VerificationResult:
    """Check a file with the portal's own certificates. Nothing of it is stored.

    Anyone may send one, so a file without a seal, or with none of our certificates in it, costs one search
    in its bytes. Others are checked in a child process, which unpacks nothing before the seal is found ours.
    """
    trusted = list(SealCertificate.objects.values_list("pem", flat=True))
    if not trusted:
        return VerificationResult([], [], _("This portal has not sealed any documents yet."))
    known = find_by_hash(hashlib.sha256(content).hexdigest())
    version = known.version if known else None
    if isinstance(known, ProposalPdf):
        sentence = _("The file is unchanged since the portal sealed it.")
        return VerificationResult([sentence], [], version=version, is_proposal_pdf=True)
    try:
        holds, broken = _checked(content, trusted)
    except program().NoReceipt as refusal:
        return VerificationResult([], [], str(refusal))
    except (Busy, ChildFailed) as failure:
        return VerificationResult([], [], problem=_problem(failure))
    return VerificationResult(holds, broken, version=version)


def _checked(content: bytes, trusted: list[str]) -> tuple[list[str], list[str]]:
    if not _has_seal_of(content, trusted):
        return [], [
            _(
                "The seal was not made with a trusted certificate: it names no certificate of this portal."
            )
        ]
    holds, broken = in_child(CHECK, content, queue="receipts", trusted=trusted)
    return holds, broken


def _problem(failure: Exception) -> str:
    if isinstance(failure, Busy):
        return _("The portal is verifying other documents at the moment. Try again in a minute.")
    return _("The check was stopped because this file takes too much time or memory.")


def _has_seal_of(content: bytes, trusted: Iterable[str]) -> bool:
    """Whether a seal in the file holds one of these certificates, or none that can be read: it is damaged."""
    seals = [place.digits(content).lower() for place in program().places(content)]
    certificates = [_der(pem).hex().encode() for pem in trusted]
    return not seals or any(certificate in seal for certificate in certificates for seal in seals)


@cache
def _der(pem: str) -> bytes:
    from cryptography import x509  # noqa: PLC0415 -- loaded where a receipt is checked only
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 -- as above

    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def find_by_hash(sha256: str) -> SealedDocument | None:
    """The receipt or proposal PDF, of any edition, that the portal keeps under this hash of the file."""
    for kind in (Receipt, ProposalPdf):
        stored = kind.objects.filter(sha256=sha256).select_related("version__proposal")
        document = stored.defer("pdf", "version__dossier").first()
        if document is not None:
            return document
    return None
