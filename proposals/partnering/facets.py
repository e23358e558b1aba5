"""Facets of a search: what somebody can choose, and how many rows each choice would leave.

Within a facet, any of the chosen values will do; all facets that are chosen must hold. The number beside a
value says how many there would be with it, whatever is chosen in the same facet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from applicants import choices
from calls.eligibility.countries import choices_on
from foundation import clock


@dataclass(frozen=True)
class Facet:
    """A choice among values: `column` holds one code, or several where `is_list`."""

    name: str
    label: str | Promise
    column: str
    choices: Callable[[], Mapping[str, Any]]
    is_list: bool = True

    def condition(self, values: list[str]) -> Q:
        return Q(**{f"{self.column}__{'overlap' if self.is_list else 'in'}": values})


def country_names() -> Mapping[str, Any]:
    return dict(choices_on(clock.now().date()))


SECTOR = Facet("sector", _("Sectoral industry"), "sectors", lambda: dict(choices.SECTORS))


EMERGING_INDUSTRY = Facet(
    "emerging",
    _("Emerging industry"),
    "emerging_industries",
    lambda: dict(choices.EMERGING_INDUSTRIES),
)


MARKET = Facet("market", _("Target market"), "markets", country_names)


def counts_of(
    base: QuerySet[Any], asked: Mapping[str, Q], facets: Sequence[Facet]
) -> dict[tuple[str, str], int]:
    """How many rows have each value of each facet, and how many there are in all: one query."""
    flags = {
        f"is_{name}": ExpressionWrapper(condition, output_field=BooleanField())
        for name, condition in asked.items()
    }
    columns = {f"c_{facet.name}": F(facet.column) for facet in facets}
    sql, params = (
        base.order_by().annotate(**flags).values(*flags, **columns).query.sql_with_params()
    )
    # Names are ours; every value is a parameter.
    parts = [f"SELECT 'total', '', count(*) FROM base{_where(flags)}"]  # noqa: S608 -- as said above
    for facet in facets:
        others = [flag for flag in flags if flag != f"is_{facet.name}"]
        column = f"c_{facet.name}"
        rows = f"base, unnest({column}) v" if facet.is_list else "base"
        value = "v" if facet.is_list else column
        parts.append(
            f"SELECT '{facet.name}', {value}, count(*) FROM {rows}{_where(others)} GROUP BY {value}"  # noqa: S608 -- as said above
        )
    whole = f"WITH base AS MATERIALIZED ({sql}) " + " UNION ALL ".join(parts)
    with connection.cursor() as cursor:
        cursor.execute(whole, params)
        return {(facet, value): count for facet, value, count in cursor.fetchall()}


def _where(flags: Any) -> str:
    names = list(flags)
    return " WHERE " + " AND ".join(names) if names else ""


def facets_of(
    asked: Mapping[str, list[str]], counted: Mapping[tuple[str, str], int], facets: Sequence[Facet]
) -> list[tuple[Facet, list[tuple[str, Any, int, bool]]]]:
    """Each facet with its values: code, label, count, whether it is chosen; those chosen first."""
    result = []
    for facet in facets:
        labels, chosen = facet.choices(), asked.get(facet.name, [])
        values = {value for name, value in counted if name == facet.name} | set(chosen)
        rows = [
            (value, labels.get(value, value), counted.get((facet.name, value), 0), value in chosen)
            for value in values
        ]
        rows.sort(key=lambda row: (not row[3], -row[2], str(row[1])))
        if rows:
            result.append((facet, rows))
    return result
