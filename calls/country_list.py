"""Which countries counted on a day: the one answer that page and command give."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from calls.eligibility.countries import STATUS_NOTES, CountrySet, Participation, name_on
from calls.models import CountryParticipation

GATES = dict(CountryParticipation.LegalBasis.choices)
COSME_REGULATION = "Regulation (EU) No 1287/2013"
MEMBER_STATE = CountryParticipation.LegalBasis.MEMBER_STATE.value


@dataclass(frozen=True, slots=True)
class CountryRow:
    """One country with the row that speaks for it and its name of the day."""

    row: Participation
    name: str
    legal_basis: str = COSME_REGULATION

    @property
    def code(self) -> str:
        return self.row.country

    @property
    def gate(self) -> str:
        return self.row.gate

    @property
    def gate_text(self) -> str:
        """The gate, with its article where the programme's legal basis is the regulation that has it."""
        text = str(GATES[self.row.gate])
        return text if self.legal_basis == COSME_REGULATION else text.rpartition(": ")[2]

    @property
    def signed_on(self) -> date | None:
        return self.row.signed_on

    @property
    def in_force_on(self) -> date | None:
        return self.row.in_force_on

    @property
    def counts_until(self) -> date | None:
        return self.row.counts_until

    @property
    def source(self) -> str:
        return self.row.source

    @property
    def footnote(self) -> str:
        return STATUS_NOTES.get(self.row.country, "")

    def as_json(self) -> dict[str, Any]:
        return self.row.as_json() | {"name": self.name}


@dataclass(frozen=True, slots=True)
class CountryList:
    """Who counted on a day: Member States in protocol order, others, and those that had only signed."""

    day: date
    members: tuple[CountryRow, ...]
    others: tuple[CountryRow, ...]
    signed_only: tuple[CountryRow, ...]

    @property
    def counting(self) -> int:
        return len(self.members) + len(self.others)

    def as_json(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(),
            "counting": [country_row.as_json() for country_row in (*self.members, *self.others)],
            "signed_only": [country_row.as_json() for country_row in self.signed_only],
        }


def countries_on(
    day: date, countries: CountrySet, legal_basis: str = COSME_REGULATION
) -> CountryList:
    def named(rows: Iterable[Participation]) -> tuple[CountryRow, ...]:
        return tuple(CountryRow(row, name_on(row.country, day), legal_basis) for row in rows)

    counting = named(countries.counting_on(day))
    return CountryList(
        day=day,
        members=tuple(country_row for country_row in counting if country_row.gate == MEMBER_STATE),
        others=tuple(country_row for country_row in counting if country_row.gate != MEMBER_STATE),
        signed_only=named(countries.signed_only_on(day)),
    )
