"""The catalogue of rules, and how a call's own list of them is read.

A call stores its rules as a list of objects, in the order in which they are shown:
`{"rule": "min-countries", "minimum": 3, "citation": "…"}`. `RuleSet.from_json` turns such a list
into rule objects and refuses, by name, what the catalogue does not know.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from typing import Any, get_type_hints

from calls.eligibility.facts import OrganisationKind, Registration
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
from calls.eligibility.rules.base import Case, CountStatus, Level, Rule, Section
from calls.eligibility.rules.consortium import Coordinator, OneApplication
from calls.eligibility.rules.consortium_size import MinCountries, MinMemberStates, MinOrganisations
from calls.eligibility.rules.content import (
    ActivitiesJustified,
    Deliverables,
    Duration,
    MarketCount,
    ScoreboardVerifiable,
    ThirdMarkets,
    WorkPlan,
)
from calls.eligibility.rules.independence import Independent
from calls.eligibility.rules.money import BudgetAddsUp, CoFinancingRate, GrantCeiling
from foundation.canonical_json import digest_of

__all__ = [
    "CATALOGUE",
    "Case",
    "CountStatus",
    "Level",
    "Rule",
    "RuleSet",
    "RuleVersionMissing",
    "Section",
    "UnusableRule",
    "parameters_of",
    "section_of",
    "title_of",
]

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
        MinMemberStates,
        Independent,
        Coordinator,
        ActivitiesJustified,
        Deliverables,
        WorkPlan,
        ScoreboardVerifiable,
        ThirdMarkets,
        MarketCount,
        Duration,
        GrantCeiling,
        CoFinancingRate,
        BudgetAddsUp,
        OneApplication,
    )
}


def title_of(rule_id: str) -> str:
    """What people call a rule; its id where the catalogue no longer has it."""
    rule = CATALOGUE.get(rule_id)
    return rule.title if rule else rule_id


def section_of(rule_id: str) -> Section:
    """Where a rule is shown; a rule that the catalogue no longer has is shown after all others."""
    rule = CATALOGUE.get(rule_id)
    return rule.section if rule else Section.RETIRED


# Classes whose answers have changed since, by id and version: stored verdicts are replayed by them.
RETIRED_VERSIONS: dict[tuple[str, int], type[Rule]] = {}


class UnusableRule(ValueError):
    """A call's list of rules names an unknown rule or parameter, or an impossible value.

    `index` is the place in the list, `parameter` the name within the rule or "".
    """

    def __init__(self, index: int, parameter: str, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.parameter = parameter


class RuleVersionMissing(ValueError):
    """A stored rule set was applied by a version of a rule that this code does not have."""

    def __init__(self, rule_id: str, version: int) -> None:
        super().__init__(
            f"The rule “{rule_id}” in its version {version} is not part of this portal."
        )
        self.rule_id = rule_id
        self.version = version


@dataclass(frozen=True, slots=True)
class StrandRules:
    """The rules of one strand in their order, and the places of those of a level."""

    rules: tuple[Rule, ...]
    about_partners: tuple[int, ...]
    about_consortium: tuple[int, ...]
    others: tuple[int, ...]

    @classmethod
    def of(cls, rules: tuple[Rule, ...]) -> "StrandRules":
        def at(level: Level) -> tuple[int, ...]:
            return tuple(place for place, rule in enumerate(rules) if rule.level == level)

        partners = at(Level.PARTNER)
        others = tuple(place for place in range(len(rules)) if place not in partners)
        return cls(rules, partners, at(Level.CONSORTIUM), others)


@dataclass(frozen=True)
class RuleSet:
    """The rules of a call in their order, with the data that they were read from."""

    rules: tuple[Rule, ...]
    data: tuple[Mapping[str, Any], ...]

    @classmethod
    def from_json(cls, data: list[dict[str, Any]]) -> "RuleSet":
        """Read a call's list. A rule may be in it more than once, for different strands.

        Raises:
            UnusableRule: naming the entry and the parameter that cannot be used.
        """
        return cls._read(data, CATALOGUE)

    @classmethod
    def from_stored(cls, content: Mapping[str, Any]) -> "RuleSet":
        """Read what `as_json` gave, each rule in the version by which it was applied.

        Raises:
            RuleVersionMissing: this code does not have one of these versions.
        """
        classes = {
            rule_id: _class_of(rule_id, version) for rule_id, version in content["versions"].items()
        }
        return cls._read(content["rules"], classes)

    @classmethod
    def _read(cls, data: list[dict[str, Any]], classes: Mapping[str, type[Rule]]) -> "RuleSet":
        rules: list[Rule] = []
        for index, entry in enumerate(data):
            rule = _rule_from(index, entry, classes)
            for earlier in rules:
                _check_not_twice(index, rule, earlier)
            rules.append(rule)
        return cls(tuple(rules), tuple(data))

    def as_json(self) -> dict[str, Any]:
        """The list, and the version of each rule's wording: all that a replay needs."""
        return {
            "rules": list(self.data),
            "versions": {rule.id: rule.version for rule in self.rules},
        }

    @cached_property
    def digest(self) -> str:
        """What was applied, by its content."""
        return digest_of(self.as_json())

    @cached_property
    def _by_strand(self) -> dict[str, "StrandRules"]:
        return {}

    def of_strand(self, strand: str) -> "StrandRules":
        strand_rules = self._by_strand.get(strand)
        if strand_rules is None:
            rules = tuple(rule for rule in self.rules if rule.is_for(strand))
            strand_rules = self._by_strand[strand] = StrandRules.of(rules)
        return strand_rules

    def for_strand(self, strand: str) -> tuple[Rule, ...]:
        """The rules of one strand, in the call's order."""
        return self.of_strand(strand).rules

    def parameter(self, rule_id: str, name: str, *, strand: str = "") -> Any:
        """A parameter that pages show, such as a ceiling; None where the call lacks the rule.

        Without a strand, that of the first entry; pages that show one value for a whole call must
        see to it that there is one.
        """
        for rule in self.for_strand(strand) if strand else self.rules:
            if rule.id == rule_id:
                return getattr(rule, name)
        return None

    def only(self, *rule_ids: str) -> "RuleSet":
        """The same rules without all others, for a check that does not ask for everything."""
        pairs = [pair for pair in zip(self.rules, self.data, strict=True) if pair[0].id in rule_ids]
        return RuleSet(tuple(rule for rule, _ in pairs), tuple(entry for _, entry in pairs))


def _class_of(rule_id: str, version: int) -> type[Rule]:
    current = CATALOGUE.get(rule_id)
    if current is not None and current.version == version:
        return current
    former = RETIRED_VERSIONS.get((rule_id, version))
    if former is None:
        raise RuleVersionMissing(rule_id, version)
    return former


def _check_not_twice(index: int, rule: Rule, earlier: Rule) -> None:
    if rule.id != earlier.id:
        return
    if not rule.strands or not earlier.strands:
        raise UnusableRule(index, "rule", f"“{rule.id}” appears twice in the list.")
    both = sorted(set(rule.strands) & set(earlier.strands))
    if both:
        message = f"“{rule.id}” appears twice in the list for strand {both[0]}."
        raise UnusableRule(index, "rule", message)


def _rule_from(index: int, entry: dict[str, Any], classes: Mapping[str, type[Rule]]) -> Rule:
    rule_id = entry.get("rule")
    rule_class = classes.get(rule_id) if isinstance(rule_id, str) else None
    if rule_class is None:
        known = ", ".join(classes)
        raise UnusableRule(index, "rule", f"“{rule_id}” is not a rule. Known rules: {known}.")
    data = {name: value for name, value in entry.items() if name != "rule"}
    fields = {field.name: field for field in dataclasses.fields(rule_class)}
    for name in data:
        if name not in fields:
            raise UnusableRule(index, name, f"The rule “{rule_id}” has no parameter “{name}”.")
    for name, field in sorted(fields.items()):
        if name not in data and field.default is dataclasses.MISSING:
            raise UnusableRule(index, name, f"The rule “{rule_id}” needs the parameter “{name}”.")
    types = get_type_hints(rule_class)
    values = {name: _value(index, name, value, types[name]) for name, value in data.items()}
    _check_order(index, values)
    return rule_class(**values)


def _check_order(index: int, values: Mapping[str, Any]) -> None:
    """A smallest value above the largest could never be met."""
    for least, most in (
        ("minimum_months", "maximum_months"),
        ("minimum", "recommended_maximum"),
    ):
        low, high = values.get(least), values.get(most)
        if low is not None and high is not None and low > high:
            message = f"“{least}” is {low}; expected at most “{most}”, which is {high}."
            raise UnusableRule(index, least, message)


def _whole_number(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 < value <= MAX_NUMBER else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _fraction(value: Any) -> Decimal | None:
    rate = _decimal(value)
    return rate if rate is not None and 0 < rate <= 1 else None


def _amounts(value: Any) -> Mapping[str, Decimal] | None:
    if not isinstance(value, dict) or not value:
        return None
    amounts = {str(key): _decimal(amount) for key, amount in value.items()}
    results = {key: amount for key, amount in amounts.items() if amount is not None and amount > 0}
    return results if len(results) == len(value) else None


def _texts(value: Any) -> tuple[str, ...] | None:
    is_list = isinstance(value, list) and bool(value) and all(_text(item) for item in value)
    return tuple(value) if is_list and len(set(value)) == len(value) else None


def _some_of(choices: type[StrEnum]) -> Callable[[Any], tuple[StrEnum, ...] | None]:
    known = {choice.value for choice in choices}

    def read(value: Any) -> tuple[StrEnum, ...] | None:
        names = _texts(value)
        return tuple(choices(name) for name in names) if names and set(names) <= known else None

    return read


def _listed(choices: type[StrEnum]) -> str:
    return f"a list of some of {', '.join(choice.value for choice in choices)}"


MAX_NUMBER = 1_000_000

# How a parameter of each type is read (None: it cannot be), and what is expected in words.
PARAMETERS: dict[Any, tuple[Callable[[Any], Any], str]] = {
    int: (_whole_number, "a whole number above 0"),
    int | None: (_whole_number, "a whole number above 0"),
    str: (_text, "a text"),
    Decimal: (_fraction, "a fraction such as '0.75'"),
    Mapping[str, Decimal]: (_amounts, "amounts in euro by strand, such as '187500.00'"),
    tuple[str, ...]: (_texts, "a list of texts without repetition"),
    tuple[OrganisationKind, ...]: (_some_of(OrganisationKind), _listed(OrganisationKind)),
    tuple[Registration, ...]: (_some_of(Registration), _listed(Registration)),
}


def _value(index: int, name: str, value: Any, wanted: Any) -> Any:
    read, expected = PARAMETERS[wanted]
    result = read(value)
    if result is None:
        raise UnusableRule(index, name, f"“{name}” is {value!r}; expected {expected}.")
    return result


def parameters_of(rule_class: type[Rule]) -> list[tuple[str, str, str, bool]]:
    """Name, meaning, form in words, and whether it must be given, of each parameter of a rule."""
    types = get_type_hints(rule_class)
    return [
        (
            field.name,
            field.metadata["means"],
            PARAMETERS[types[field.name]][1],
            field.default is dataclasses.MISSING,
        )
        for field in dataclasses.fields(rule_class)
    ]


def _decimal(value: Any) -> Decimal | None:
    """Amounts are strings, so that no binary fraction ever creeps in."""
    if not isinstance(value, str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
