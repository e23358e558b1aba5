"""Countries: codes, names of a date, territories, and who took part in a programme when.

Codes are ISO 3166 alpha-2 in the EU's own style: Greece is EL; the United Kingdom is UK. Kosovo is
XK. A later row or name never changes an earlier date: every question is asked "on this day".
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from calls.eligibility.country_names import DATED_NAMES, EUROPE, NAMES, WITH_ARTICLE
from foundation.canonical_json import digest_of

ALIASES = {"GR": "EL", "GB": "UK"}

# The order in which the Union lists its Member States: by their names in their own languages.
PROTOCOL_ORDER = (
    "BE BG CZ DK DE EE IE EL ES FR HR IT CY LV LT LU HU MT NL AT PL PT RO SI SK FI SE UK"
).split()

# Outermost regions belong to their state (Article 349 TFEU); Åland is part of Finland in the Union.
PART_OF = {
    "GF": "FR",
    "GP": "FR",
    "MF": "FR",
    "MQ": "FR",
    "RE": "FR",
    "YT": "FR",
    "IC": "ES",
    "EA": "ES",
    "AX": "FI",
}

# Overseas and dependent territories outside their state's own code: an officer decides.
TERRITORY_OF = {
    "GL": "DK", "FO": "DK",
    "NC": "FR", "PF": "FR", "PM": "FR", "WF": "FR", "BL": "FR", "TF": "FR",
    "AW": "NL", "CW": "NL", "SX": "NL", "BQ": "NL",
    "JE": "UK", "GG": "UK", "IM": "UK", "GI": "UK", "AI": "UK", "BM": "UK", "FK": "UK", "KY": "UK",
    "MS": "UK", "PN": "UK", "SH": "UK", "TC": "UK", "VG": "UK", "IO": "UK", "GS": "UK",
    "SJ": "NO", "BV": "NO",
    "AS": "US", "GU": "US", "MP": "US", "PR": "US", "UM": "US", "VI": "US",
    "CC": "AU", "CX": "AU", "HM": "AU", "NF": "AU", "CK": "NZ", "NU": "NZ", "TK": "NZ",
}  # fmt: skip

# Shown at the first mention of Kosovo.
STATUS_NOTES = {
    "XK": "This designation is without prejudice to positions on status, and is in line with UNSCR "
    "1244/1999 and the ICJ Opinion on the Kosovo declaration of independence.",
    "MK": "Provisional code that does not prejudge the definitive nomenclature for this country.",
}


class UnknownCountry(ValueError):
    """Nobody knows this code; `code` is what was given."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"“{code}” is not the code of a country. Use two letters, such as FR or EL."
        )
        self.code = code


def normalise(code: str) -> str:
    """The one code under which a country is stored, from what a person or a file gave.

    Takes ISO and EU codes in either case with blanks around; outermost regions become their state.

    Raises:
        UnknownCountry: no country, territory or outermost region has this code.
    """
    wanted = code.strip()
    if not wanted.isascii():  # some letters become two others when they are made capitals
        raise UnknownCountry(code)
    wanted = wanted.upper()
    wanted = ALIASES.get(wanted, wanted)
    wanted = PART_OF.get(wanted, wanted)
    if wanted not in NAMES:
        raise UnknownCountry(code)
    return wanted


def is_country(code: Any) -> bool:
    """Whether this is a code under which a country is stored."""
    return isinstance(code, str) and code in NAMES


def name_on(code: str, day: date) -> str:
    """The English name that the Union used for a stored code on that day."""
    for until, name in DATED_NAMES.get(code, ()):
        if day <= until:
            return name
    return NAMES[code]


@lru_cache(maxsize=4096)
def in_sentence_on(code: str, day: date) -> str:
    """The name with the article that a sentence gives it: “the Netherlands”, “the Czech Republic”."""
    name = name_on(code, day)
    if name.startswith("The "):
        return f"the {name.removeprefix('The ')}"
    return f"the {name}" if code in WITH_ARTICLE or name.endswith(" Republic") else name


def choices_on(day: date) -> list[tuple[str, str]]:
    """Every code with its name of that day, in the order of the names, for a list to choose from."""
    named = [(code, name_on(code, day)) for code in NAMES]
    return sorted(named, key=lambda pair: _sort_key(pair[1]))


def _sort_key(name: str) -> str:
    """Letters alone: “the” and accents do not count."""
    plain = unicodedata.normalize("NFKD", name.casefold().removeprefix("the "))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def state_of(code: str) -> str:
    """The state that a territory belongs to; a state is its own."""
    return TERRITORY_OF.get(code, code)


# Territories that lie in Europe themselves; the others of European states lie elsewhere.
IN_EUROPE = EUROPE | {"FO", "GG", "GI", "IM", "JE", "SJ"}


def is_in_europe(code: str) -> bool:
    return code in IN_EUROPE


class ParticipationStatus(StrEnum):
    """How a country participates in a programme on a day."""

    MEMBER_STATE = "member-state"
    IN_FORCE = "in-force"
    SIGNED = "signed"
    TERRITORY = "territory"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Participation:
    """One legal basis on which a country counts; first and last day are inclusive.

    `gate` is "member-state", or the point of Article 6 of Regulation (EU) No 1287/2013: "a" EEA,
    "b" acceding and candidate countries, "c" neighbourhood.
    """

    country: str
    gate: str
    signed_on: date | None
    in_force_on: date | None
    counts_until: date | None
    source: str

    def is_in_force(self, day: date) -> bool:
        return (
            self.in_force_on is not None
            and self.in_force_on <= day
            and (self.counts_until is None or day <= self.counts_until)
        )

    def is_signed(self, day: date) -> bool:
        ended = self.counts_until is not None and day > self.counts_until
        return self.signed_on is not None and self.signed_on <= day and not ended

    def as_json(self) -> dict[str, Any]:
        return {
            "country": self.country,
            "gate": self.gate,
            "signed_on": _iso(self.signed_on),
            "in_force_on": _iso(self.in_force_on),
            "counts_until": _iso(self.counts_until),
            "source": self.source,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Participation":
        return cls(
            country=data["country"],
            gate=data["gate"],
            signed_on=_date(data["signed_on"]),
            in_force_on=_date(data["in_force_on"]),
            counts_until=_date(data["counts_until"]),
            source=data["source"],
        )


MAX_CACHED_STATUSES = 2000  # answers that a set of countries remembers


def overlapping(rows: Iterable[Participation]) -> tuple[Participation, Participation] | None:
    """Two entries by which a country would count twice on one day; None where there are none."""
    known: dict[str, list[Participation]] = {}
    for row in rows:
        for other in known.setdefault(row.country, []):
            if row.in_force_on and other.in_force_on and _meet(row, other):
                return other, row
        known[row.country].append(row)
    return None


def _meet(participation: Participation, other: Participation) -> bool:
    begins = max(participation.in_force_on or date.min, other.in_force_on or date.min)
    return begins <= min(participation.counts_until or date.max, other.counts_until or date.max)


class CountrySet:
    """All participations of a programme, asked by day."""

    def __init__(self, rows: Iterable[Participation]) -> None:
        order = sorted(rows, key=lambda row: (row.country, row.in_force_on or date.max))
        self.rows: tuple[Participation, ...] = tuple(order)
        self.by_country: dict[str, list[Participation]] = {}
        for row in self.rows:
            self.by_country.setdefault(row.country, []).append(row)
        self._known: dict[tuple[str, date], tuple[ParticipationStatus, Participation | None]] = {}

    @cached_property
    def digest(self) -> str:
        """The hash of the rows, in an order of their own."""
        return digest_of(self.as_json())

    def status_of(self, code: str, day: date) -> tuple[ParticipationStatus, Participation | None]:
        """The participation of a stored code on that day, with the row that shows it."""
        asked = (code, day)
        status = self._known.get(asked)
        if status is None:
            if len(self._known) > MAX_CACHED_STATUSES:
                self._known.clear()
            status = self._known[asked] = self._status_of(code, day)
        return status

    def _status_of(self, code: str, day: date) -> tuple[ParticipationStatus, Participation | None]:
        state = state_of(code)
        status, row = self._status_of_state(state, day)
        if code != state and status != ParticipationStatus.NONE:
            return ParticipationStatus.TERRITORY, row
        return status, row

    def _status_of_state(
        self, state: str, day: date
    ) -> tuple[ParticipationStatus, Participation | None]:
        rows = self.by_country.get(state, [])
        for row in rows:
            if row.is_in_force(day):
                is_member = row.gate == "member-state"
                return (
                    ParticipationStatus.MEMBER_STATE if is_member else ParticipationStatus.IN_FORCE
                ), row
        for row in rows:
            if row.is_signed(day):
                return ParticipationStatus.SIGNED, row
        return ParticipationStatus.NONE, None

    def counting_on(self, day: date) -> tuple[Participation, ...]:
        """The rows in force on that day, one for each country: Member States in protocol order."""
        counting = {row.country: row for row in self.rows if row.is_in_force(day)}
        members = [code for code in PROTOCOL_ORDER if code in counting]
        others = sorted(code for code in counting if code not in PROTOCOL_ORDER)
        return tuple(counting[code] for code in (*members, *others))

    def signed_only_on(self, day: date) -> tuple[Participation, ...]:
        return tuple(
            row
            for row in self.rows
            if row.is_signed(day)
            and self.status_of(row.country, day)[0] == ParticipationStatus.SIGNED
        )

    def as_json(self) -> list[dict[str, Any]]:
        return [row.as_json() for row in self.rows]


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
