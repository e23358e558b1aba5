"""The catalogue of rules, and how a call's own list of them is read.

A call stores its rules as a list of objects, in the order in which they are shown:
`{"rule": "min-countries", "minimum": 3, "citation": "…"}`. `rules_from_json` turns such a list
into rule objects and refuses, by name, what the catalogue does not know.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, get_type_hints

import rfc8785

from calls.eligibility.rules.admissibility import (
    DescriptionPresent,
    DocumentsReadable,
    InTime,
    ProfileComplete,
)
from calls.eligibility.rules.applicants import (
    Established,
    KindOfOrganisation,
    PlatformRegistration,
    ProfileConsistent,
    SupportServices,
)
from calls.eligibility.rules.base import Case, Counting, Level, Rule
from calls.eligibility.rules.consortium import (
    Coordinator,
    Independent,
    MinCountries,
    MinOrganisations,
    OneApplication,
)
from calls.eligibility.rules.content import (
    ActivitiesJustified,
    Deliverables,
    Duration,
    ScoreboardVerifiable,
    ThirdMarkets,
)
from calls.eligibility.rules.money import BudgetAddsUp, CoFinancingRate, GrantCeiling

__all__ = ["CATALOGUE", "Case", "Counting", "Level", "Rule", "RuleSet", "UnusableRule", "digest_of"]

CATALOGUE: dict[str, type[Rule]] = {
    rule.id: rule
    for rule in (
        InTime,
        DescriptionPresent,
        ProfileComplete,
        ProfileConsistent,
        DocumentsReadable,
        Established,
        KindOfOrganisation,
        PlatformRegistration,
        SupportServices,
        MinOrganisations,
        MinCountries,
        Independent,
        Coordinator,
        ActivitiesJustified,
        Deliverables,
        ScoreboardVerifiable,
        ThirdMarkets,
        Duration,
        GrantCeiling,
        CoFinancingRate,
        BudgetAddsUp,
        OneApplication,
    )
}


class UnusableRule(ValueError):
    """A call's list of rules names an unknown rule or parameter, or an impossible value.

    `index` is the place in the list, `parameter` the name within the rule or "".
    """

    def __init__(self, index: int, parameter: str, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.parameter = parameter


def digest_of(data: Any) -> str:
    """ "sha256:" and the hash of the canonical JSON (RFC 8785): equal data, equal digest."""
    return f"sha256:{hashlib.sha256(rfc8785.dumps(data)).hexdigest()}"


@dataclass(frozen=True)
class RuleSet:
    """The rules of a call in their order, with the data that they were read from."""

    rules: tuple[Rule, ...]
    data: tuple[Mapping[str, Any], ...]

    @classmethod
    def from_json(cls, data: list[dict[str, Any]]) -> "RuleSet":
        """Read a call's list.

        Raises:
            UnusableRule: naming the entry and the parameter that cannot be used.
        """
        rules: list[Rule] = []
        for index, entry in enumerate(data):
            rule = _rule_from(index, entry)
            if any(type(rule) is type(earlier) for earlier in rules):
                raise UnusableRule(index, "rule", f"“{rule.id}” stands in the list twice.")
            rules.append(rule)
        return cls(tuple(rules), tuple(data))

    @cached_property
    def digest(self) -> str:
        """What was applied: the list, and the version of each rule's wording."""
        versions = {rule.id: rule.version for rule in self.rules}
        return digest_of({"rules": list(self.data), "versions": versions})

    def parameter(self, rule_id: str, name: str) -> Any:
        """A parameter that pages show, such as a ceiling; None where the call lacks the rule."""
        for rule in self.rules:
            if rule.id == rule_id:
                return getattr(rule, name)
        return None


def _rule_from(index: int, entry: dict[str, Any]) -> Rule:
    rule_id = entry.get("rule")
    rule_class = CATALOGUE.get(rule_id) if isinstance(rule_id, str) else None
    if rule_class is None:
        known = ", ".join(CATALOGUE)
        raise UnusableRule(index, "rule", f"“{rule_id}” is not a rule. Known rules: {known}.")
    given = {name: value for name, value in entry.items() if name != "rule"}
    fields = {field.name: field for field in dataclasses.fields(rule_class)}
    for name in given:
        if name not in fields:
            raise UnusableRule(index, name, f"The rule “{rule_id}” has no parameter “{name}”.")
    for name, field in sorted(fields.items()):
        if name not in given and field.default is dataclasses.MISSING:
            raise UnusableRule(index, name, f"The rule “{rule_id}” needs the parameter “{name}”.")
    types = get_type_hints(rule_class)
    values = {name: _value(index, name, value, types[name]) for name, value in given.items()}
    return rule_class(**values)


def _value(index: int, name: str, value: Any, wanted: Any) -> Any:
    if wanted is int and isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if wanted is str and isinstance(value, str) and value.strip():
        return value
    if wanted is Decimal:
        rate = _decimal(value)
        if rate is not None and 0 < rate <= 1:
            return rate
    if wanted == Mapping[str, Decimal] and isinstance(value, dict) and value:
        amounts = {str(key): _decimal(amount) for key, amount in value.items()}
        if all(amount is not None and amount > 0 for amount in amounts.values()):
            return amounts
    expected = {int: "a whole number above 0", str: "a text", Decimal: "a fraction such as '0.75'"}
    what = expected.get(wanted, "amounts in euro by strand, such as '187500.00'")
    raise UnusableRule(index, name, f"“{name}” is {value!r}; expected {what}.")


def _decimal(value: Any) -> Decimal | None:
    """Amounts are strings, so that no binary fraction ever creeps in."""
    if not isinstance(value, str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
