"""Canonical JSON (RFC 8785): equal documents give equal bytes, and equal hashes, on any machine.

Documents here hold texts, whole numbers, truth values, lists and objects with ASCII names: amounts are
texts, so no fraction is ever written (RFC 8785 would have it written as ECMAScript does). For these orjson's
sorted output is the canonical form; tests hold it against an independent implementation of the RFC, and
see that documents are such.
"""

import hashlib
import math
from typing import Any

import orjson


def canonical(document: Any) -> str:
    """The canonical text; its UTF-8 bytes are what is hashed.

    Whether a fraction is a number is not asked here: documents hold none, because it is refused where values
    come in (`facts`, `foundation.strict_json`, forms).

    Raises:
        TypeError: the document holds what JSON does not know, or a whole number of more than 64 bits.
    """
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def dumps(document: Any) -> bytes:
    """JSON for the database, which would get null for what is no number.

    Raises:
        ValueError: the document holds a fraction that is no number.
        TypeError: as `canonical`.
    """
    text = orjson.dumps(document)
    if b"null" in text:
        _refuse_what_is_no_number(document)
    return text


def _refuse_what_is_no_number(value: Any) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _refuse_what_is_no_number(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_what_is_no_number(inner)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not JSON compliant.")


def digest_of(document: Any) -> str:
    """ "sha256:" and the hash of the canonical form: equal data, equal digest."""
    return f"sha256:{hashlib.sha256(canonical(document).encode()).hexdigest()}"
