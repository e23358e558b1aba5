"""Canonical JSON (RFC 8785): equal documents give equal bytes, and equal hashes, on any machine.

Documents here hold texts, whole numbers, truth values, lists and objects with ASCII names: amounts are
texts, so no fraction is ever written (RFC 8785 would have it written as ECMAScript does). For these orjson's
sorted output is the canonical form; tests hold it against an independent implementation of the RFC, and
see that documents are such.
"""

import hashlib
from typing import Any

import orjson


def canonical(document: Any) -> str:
    """The canonical text; its UTF-8 bytes are what is hashed.

    Raises:
        TypeError: the document holds what JSON does not know, or a whole number of more than 64 bits.
    """
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def digest_of(document: Any) -> str:
    """ "sha256:" and the hash of the canonical form: equal data, equal digest."""
    return f"sha256:{hashlib.sha256(canonical(document).encode()).hexdigest()}"
