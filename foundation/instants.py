"""Instants and days as RFC 3339 writes them, written in UTC and read strictly.

`datetime.fromisoformat` takes more than that, and an offset of “+02:60” for three hours.
"""

import re
from datetime import UTC, date, datetime

_HOUR, _SIXTY = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
_INSTANT = re.compile(
    rf"([0-9]{{4}})-[0-9]{{2}}-[0-9]{{2}}[Tt]{_HOUR}:{_SIXTY}(:{_SIXTY}(\.[0-9]{{1,9}})?)?"
    rf"([Zz]|[+-]{_HOUR}:{_SIXTY})",
    re.ASCII,
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
YEARS = range(1900, 9000)  # of an instant: far from where arithmetic with it overflows


def as_rfc3339(moment: datetime) -> str:
    """An instant in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_from(text: str) -> date | None:
    """A day as RFC 3339 writes it; None where it is none."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def instant_from(text: str) -> datetime | None:
    """An instant from RFC 3339 text, the seconds optional; None where it is none, or has no offset.

    What is finer than a microsecond is cut off. A leap second is refused: the portal's clock has none.
    """
    match = _INSTANT.fullmatch(text)
    if match is None or int(match[1]) not in YEARS:
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None
