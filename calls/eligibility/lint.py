"""What is odd about a call's rules before any proposal comes: contradictions, and rules that never speak.

A remark stops nothing: it is shown to whoever prepares or changes a call. Each strand is looked at with
the rules that are for it, and a remark that holds for several strands is made once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from calls.eligibility.countries import CountrySet
from calls.eligibility.facts import OrganisationKind, Registration
from calls.eligibility.rules import Rule, RuleSet
from calls.eligibility.rules.base import join_names


class Oddity(StrEnum):
    CONTRADICTION = "contradiction"
    NEVER_FAILS = "never-fails"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Remark:
    """One odd thing; `rules` are the ids that it is about."""

    oddity: Oddity
    rules: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class StrandOutline:
    """What the remarks need to know of a strand; `budget` in euro, None where it is not known."""

    code: str
    deliverables: int
    has_scoreboard: bool
    budget: Decimal | None


@dataclass(frozen=True, slots=True)
class _Look:
    """One strand with its rules by id, on the rule date."""

    strand: StrandOutline
    rules: dict[str, Any]
    countries: CountrySet
    rule_date: date

    def minimum(self, rule_id: str) -> int:
        rule = self.rules.get(rule_id)
        return rule.minimum if rule else 0


def remarks_on(
    rule_set: RuleSet,
    countries: CountrySet,
    rule_date: date,
    strands: Sequence[StrandOutline],
) -> tuple[Remark, ...]:
    """Everything that is odd, in the order of the questions below, each remark once."""
    results: dict[tuple[Oddity, tuple[str, ...], str], list[str]] = {}
    for strand in strands:
        rules: dict[str, Rule] = {rule.id: rule for rule in rule_set.for_strand(strand.code)}
        look = _Look(strand, rules, countries, rule_date)
        for question in QUESTIONS:
            for remark in question(look):
                key = (remark.oddity, remark.rules, remark.message)
                results.setdefault(key, []).append(strand.code)
    unknown = _unknown_strands(rule_set, {strand.code for strand in strands})
    remarks = (
        Remark(oddity, rules, _for_strands(message, codes, strands))
        for (oddity, rules, message), codes in results.items()
    )
    return (*unknown, *remarks, *_rules_without_anything_to_judge(rule_set, strands))


def _for_strands(message: str, codes: list[str], strands: Sequence[StrandOutline]) -> str:
    if len(codes) == len(strands):
        return message
    return f"In strand {join_names(codes)}: {message}"


def _unknown_strands(rule_set: RuleSet, known: set[str]) -> Iterator[Remark]:
    for rule in rule_set.rules:
        missing = [code for code in rule.strands if code not in known]
        if missing:
            message = (
                f"“{rule.id}” is for strand {join_names(missing)}, which the call does not have."
            )
            yield Remark(Oddity.CONTRADICTION, (rule.id,), message)


def _rules_without_anything_to_judge(
    rule_set: RuleSet, strands: Sequence[StrandOutline]
) -> Iterator[Remark]:
    """Rules about what none of their strands requires."""
    for rule in rule_set.rules:
        own = [strand for strand in strands if rule.is_for(strand.code)]
        if rule.id == "deliverables" and not any(strand.deliverables for strand in own):
            message = "“deliverables” has no effect because no strand of it requires deliverables."
            yield Remark(Oddity.NEVER_FAILS, (rule.id,), message)
        if rule.id == "scoreboard-verifiable" and not any(strand.has_scoreboard for strand in own):
            message = "“scoreboard-verifiable” has no effect because no strand of it requires a scoreboard."
            yield Remark(Oddity.NEVER_FAILS, (rule.id,), message)


def _minimums_that_add_nothing(look: _Look) -> Iterator[Remark]:
    for weaker, stronger, why in (
        ("min-organisations", "min-countries", "different countries are different organisations"),
        ("min-organisations", "min-member-states", "different states are different organisations"),
        ("min-countries", "min-member-states", "each Member State is a participating country"),
        ("independent", "min-organisations", "fewer are refused before they are compared"),
    ):
        low, high = look.minimum(weaker), look.minimum(stronger)
        adds_nothing = low < high if weaker == "independent" else low <= high
        if low and adds_nothing:
            message = f"“{weaker}” ({low}) never fails where “{stronger}” ({high}) is met: {why}."
            yield Remark(Oddity.NEVER_FAILS, (weaker, stronger), message)


def _minimums_that_cannot_be_met(look: _Look) -> Iterator[Remark]:
    counting = look.countries.counting_on(look.rule_date)
    members = [row for row in counting if row.gate == "member-state"]
    for rule_id, number, what in (
        ("min-countries", len(counting), "countries participate"),
        ("min-member-states", len(members), "Member States participate"),
    ):
        if look.minimum(rule_id) > number:
            message = (
                f"“{rule_id}” requires {look.minimum(rule_id)}, but only {number} {what} on "
                f"{look.rule_date}. No proposal can meet this rule."
            )
            yield Remark(Oddity.CONTRADICTION, (rule_id,), message)


def _countries_that_nobody_asks_for(look: _Look) -> Iterator[Remark]:
    if "established" in look.rules:
        if not look.countries.counting_on(look.rule_date):
            message = f"No country participates on {look.rule_date}, so no applicant is eligible."
            yield Remark(Oddity.CONTRADICTION, ("established",), message)
        return
    if "min-countries" in look.rules:
        message = (
            "“min-countries” also counts countries that do not participate, because no rule checks where "
            "applicants are established."
        )
        yield Remark(Oddity.GAP, ("min-countries",), message)


def _kinds_and_registrations(look: _Look) -> Iterator[Remark]:
    kinds = look.rules.get("organisation-kind")
    if kinds:
        both = [kind.value for kind in kinds.kinds if kind in kinds.kinds_for_officer]
        if both:
            message = f"“organisation-kind” accepts {join_names(both)} and also leaves them to an officer."
            yield Remark(Oddity.CONTRADICTION, ("organisation-kind",), message)
        if {*kinds.kinds, *kinds.kinds_for_officer} == set(OrganisationKind):
            message = (
                "“organisation-kind” accepts every type of organisation, so it excludes nobody."
            )
            yield Remark(Oddity.NEVER_FAILS, ("organisation-kind",), message)
    registration = look.rules.get("platform-registration")
    if registration and Registration.NEITHER in registration.accepts:
        message = (
            "“platform-registration” also accepts applicants that are not registered, so it excludes "
            "nobody."
        )
        yield Remark(Oddity.NEVER_FAILS, ("platform-registration",), message)


def _money(look: _Look) -> Iterator[Remark]:
    ceilings, code = look.rules.get("grant-ceiling"), look.strand.code
    if ceilings and code not in ceilings.ceilings:
        message = "“grant-ceiling” sets no amount, so every proposal needs review by an officer."
        yield Remark(Oddity.GAP, ("grant-ceiling",), message)
    elif ceilings and look.strand.budget is not None:
        ceiling = ceilings.ceilings[code]
        if ceiling > look.strand.budget:
            message = (
                f"“grant-ceiling” allows {ceiling} for one proposal, which is more than the whole "
                f"budget of strand {code} ({look.strand.budget})."
            )
            yield Remark(Oddity.CONTRADICTION, ("grant-ceiling",), message)
    rate = look.rules.get("co-financing-rate")
    if rate and rate.maximum == 1:
        message = "“co-financing-rate” allows 100%, so only a contribution above the eligible costs fails."
        yield Remark(Oddity.NEVER_FAILS, ("co-financing-rate",), message)


def _markets(look: _Look) -> Iterator[Remark]:
    if "market-count" in look.rules and "third-markets" not in look.rules:
        message = "“market-count” counts every country because no rule requires third markets."
        yield Remark(Oddity.GAP, ("market-count",), message)


QUESTIONS = (
    _minimums_that_cannot_be_met,
    _minimums_that_add_nothing,
    _countries_that_nobody_asks_for,
    _kinds_and_registrations,
    _money,
    _markets,
)


def outlines_of(strands: Iterable[dict[str, Any]]) -> list[StrandOutline]:
    """Of strands as call files and exports have them."""
    return [
        StrandOutline(
            code=strand["code"],
            deliverables=len(strand["deliverables"]),
            has_scoreboard=any(
                deliverable["is_scoreboard"] for deliverable in strand["deliverables"]
            ),
            budget=strand["budget"],
        )
        for strand in strands
    ]
