"""Canonical JSON (RFC 8785): equal documents give equal bytes, and equal hashes, on any machine.

Documents here hold texts, whole numbers, truth values, lists and objects with ASCII names: amounts are
texts, so no fraction is ever written. For these the standard library's sorted output is the canonical
form; tests hold it against an independent implementation of the RFC.
"""

import hashlib
import json
from typing import Any


def canonical(document: Any) -> str:
    """The canonical text; its UTF-8 bytes are what is hashed.

    Raises:
        ValueError: the document holds a fraction that is no number.
    """
    return json.dumps(
        document, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def digest_of(document: Any) -> str:
    """ "sha256:" and the hash of the canonical form: equal data, equal digest."""
    return f"sha256:{hashlib.sha256(canonical(document).encode()).hexdigest()}"
