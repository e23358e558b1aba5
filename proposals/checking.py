"""Checking a receipt that somebody holds: with the published program, and with what only the portal knows."""

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from django.conf import settings
from django.utils.translation import gettext as _

from proposals.models import Annex, Receipt, SealCertificate, SealedDocument, Version

PROGRAM = settings.ROOT / "docs" / "verify_receipt.py"

FOREIGN = "The seal is a foreign one"  # how the program begins to say so


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
class Answer:
    """What holds and what does not, in sentences; why it is no receipt, if it is none.

    `version` is known where the file is, byte for byte, one that this portal has made: a receipt, or the
    annex of one (`is_annex`), which is sealed too but proves nothing of the log.
    """

    holds: list[str]
    broken: list[str]
    refusal: str = ""
    version: Version | None = None
    is_annex: bool = False

    @property
    def is_good(self) -> bool:
        return not self.broken and not self.refusal

    @property
    def is_of_another_portal(self) -> bool:
        """Whole and consistent, but sealed and logged by a certificate that is none of ours."""
        return len(self.broken) == 1 and self.broken[0].startswith(FOREIGN)

    @property
    def counts(self) -> bool:
        """Whether the version of the receipt is the one that counts."""
        return self.version is not None and self.version.proposal.counting_id == self.version.pk


def check_receipt(content: bytes) -> Answer:
    """Check a file with the portal's own certificates. Nothing of it is stored."""
    trusted = [pem.encode() for pem in SealCertificate.objects.values_list("pem", flat=True)]
    if not trusted:
        return Answer([], [], _("This portal has not sealed anything yet."))
    known = known_by(hashlib.sha256(content).hexdigest())
    version = known.version if known else None
    if isinstance(known, Annex):
        sentence = _("The file is as the portal sealed it.")
        return Answer([sentence], [], version=version, is_annex=True)
    try:
        holds, broken = program().check(content, trusted)
    except program().NoReceipt as refusal:
        return Answer([], [], str(refusal))
    return Answer(holds, broken, version=version)


def known_by(sha256: str) -> SealedDocument | None:
    """The receipt or annex, of any edition, that the portal keeps under this hash of the file."""
    for kind in (Receipt, Annex):
        stored = kind.objects.filter(sha256=sha256).select_related("version__proposal")
        found = stored.defer("pdf", "version__dossier").first()
        if found is not None:
            return found
    return None
