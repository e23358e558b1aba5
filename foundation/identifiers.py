"""Keys of rows as they come from outside: in addresses, query strings and forms."""

from collections.abc import Iterable

MAX_KEY = 2**63 - 1  # PostgreSQL's bigint
MAX_DIGITS = len(str(MAX_KEY))


def key_of(text: object) -> int | None:
    """The key that a text holds; None where it holds none that PostgreSQL could store.

    Only ASCII digits are read: other scripts' digits, marks and blanks never come from the portal's pages.
    """
    written = str(text) if isinstance(text, str | int) else ""
    if len(written) > MAX_DIGITS or not (written.isascii() and written.isdigit()):
        return None
    return key if (key := int(written)) <= MAX_KEY else None


def keys_of(texts: Iterable[object]) -> list[int]:
    """The keys among these texts, in their order; what is no key is left out."""
    return [key for text in texts if (key := key_of(text)) is not None]
