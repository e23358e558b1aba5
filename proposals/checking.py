"""Checking a receipt that somebody holds: with the published program, and with what only the portal knows."""

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from django.conf import settings

from proposals.models import Receipt, SealCertificate, Version

PROGRAM = settings.ROOT / "docs" / "verify_receipt.py"


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

    `version` is known where the file is, byte for byte, a receipt that this portal has made.
    """

    holds: list[str]
    broken: list[str]
    refusal: str = ""
    version: Version | None = None

    @property
    def is_good(self) -> bool:
        return not self.broken and not self.refusal

    @property
    def counts(self) -> bool:
        """Whether the version of the receipt is the one that counts."""
        return self.version is not None and self.version.proposal.counting_id == self.version.pk


def check_receipt(content: bytes) -> Answer:
    """Check a file with the portal's own certificates. Nothing of it is stored."""
    trusted = [pem.encode() for pem in SealCertificate.objects.values_list("pem", flat=True)]
    if not trusted:
        return Answer([], [], "This portal has not sealed anything yet.")
    try:
        holds, broken = program().check(content, trusted)
    except program().NoReceipt as refusal:
        return Answer([], [], str(refusal))
    stored = Receipt.objects.filter(sha256=hashlib.sha256(content).hexdigest())
    found = stored.select_related("version__proposal").defer("pdf", "version__dossier").first()
    return Answer(holds, broken, version=found.version if found is not None else None)
