"""JSON from outside: an object says each thing once.

JSON's readers take the last of two values under one key, and other programs the first; so two programs
could read two different documents. Numbers that JSON does not have (NaN, Infinity) are refused, too.
"""

import json
from typing import Any, NoReturn


class KeyTwice(ValueError):
    """An object has two values under one `key`."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The field “{key}” appears twice in one object.")
        self.key = key


def check_keys(text: str | bytes) -> None:
    """See that no object of a JSON text has a key twice.

    Raises:
        KeyTwice: one has.
        ValueError: the text is no JSON, or nested too deeply.
    """
    try:
        json.loads(
            text,
            object_pairs_hook=_once_each,
            parse_constant=_no_number,
            parse_int=str,
            parse_float=str,
        )
    except RecursionError:
        raise ValueError("The text is nested too deeply.") from None


def _once_each(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _value in pairs}) == len(pairs):
        return
    seen: set[str] = set()
    for key, _value in pairs:
        if key in seen:
            raise KeyTwice(key)
        seen.add(key)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number.")
