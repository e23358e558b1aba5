"""The budget of a dossier as a table: a line for each partner, with totals in both directions."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from calls.eligibility.facts import Role
from proposals.dossier.document import COST_KINDS
from proposals.steps.forms import COST_LABELS


@dataclass(frozen=True)
class BudgetRow:
    """What a partner asks for; `costs` in the order of the columns, empty where they do not count."""

    name: str
    costs: list[Decimal]
    grant: Decimal

    @property
    def total(self) -> Decimal | None:
        return sum(self.costs, Decimal(0)) if self.costs else None


@dataclass(frozen=True)
class BudgetTable:
    rows: list[BudgetRow]
    columns: list[str]

    @property
    def totals(self) -> BudgetRow:
        """The sum of each column."""
        costs = [row.costs for row in self.rows if row.costs]
        sums = [sum(column, Decimal(0)) for column in zip(*costs, strict=True)]
        return BudgetRow("", sums, sum((row.grant for row in self.rows), Decimal(0)))

    @property
    def rate(self) -> Decimal | None:
        """The grant in percent of the eligible costs, None while there are no costs."""
        totals = self.totals
        return totals.grant / totals.total * 100 if totals.total else None


def budget_table(dossier: Mapping[str, Any]) -> BudgetTable:
    """Adds up to the totals of the dossier: costs of associated partners do not count, a grant would."""
    rows = [_row(participant) for participant in dossier["consortium"]]
    return BudgetTable(
        [row for row in rows if row.costs or row.grant],
        [str(COST_LABELS[kind]) for kind in COST_KINDS],
    )


def _row(participant: Mapping[str, Any]) -> BudgetRow:
    organisation, budget = participant["organisation"], participant["budget"]
    applies = participant["role"] != Role.ASSOCIATED.value
    return BudgetRow(
        organisation["cluster_name"] or organisation["legal_name"],
        [Decimal(budget[kind]) for kind in COST_KINDS] if applies else [],
        Decimal(budget["grant"]),
    )
