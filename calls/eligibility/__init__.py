"""Eligibility in plain Python: facts in, explained verdict out.

    >>> verdict = screen(facts, rule_set, country_set)
    >>> verdict.outcome, [finding.message for finding in verdict.blocking]

`facts` holds all that a rule may know, `rules` the catalogue (one small class each), `verdict` what
comes out, `countries` who took part in the programme on which day. Nothing here reads a clock,
a database or a setting, so the same facts, rules and countries give the same verdict, byte for
byte, on any machine and in any year.

Each applicant first counts as sure, open or out by the partner rules; minimums are then counted
three-valued: met, perhaps (an officer decides), not met. The machine advises. Only what is late
or incomplete is turned away (`Verdict.blocking`); everything else an officer decides, and where
machine and call text differ, the call text prevails.
"""

from datetime import date, datetime
from functools import lru_cache

from calls.eligibility.countries import CountrySet, Participation
from calls.eligibility.facts import ParticipantFacts, ProposalFacts
from calls.eligibility.rules import Case, Counting, Level, Rule, RuleSet, digest_of
from calls.eligibility.rules.admissibility import BRUSSELS
from calls.eligibility.verdict import Finding, Fix, Outcome, Verdict

__all__ = [
    "CountrySet",
    "Finding",
    "Fix",
    "Outcome",
    "ProposalFacts",
    "RuleSet",
    "Verdict",
    "country_set_digest",
    "rule_date_of",
    "screen",
]


def rule_date_of(deadline: datetime) -> date:
    """The Brussels calendar date of an aware deadline: the day on which countries must count."""
    if deadline.tzinfo is None:
        raise ValueError("A deadline without a zone is not an instant.")
    return deadline.astimezone(BRUSSELS).date()


def screen(facts: ProposalFacts, rule_set: RuleSet, countries: CountrySet) -> Verdict:
    """Judge one proposal by every rule of its call, in the call's order."""
    case = Case(facts, countries, rule_date_of(facts.deadline), {})
    found: dict[str, list[Finding]] = {}
    partner_rules = [rule for rule in rule_set.rules if rule.level == Level.PARTNER]
    for rule in partner_rules:
        found[rule.id] = list(rule.judge(case))
    counting = {one.key: _counting_of(one, partner_rules, found) for one in facts.applicants}
    case = Case(facts, countries, case.rule_date, counting)
    for rule in rule_set.rules:
        if rule.level != Level.PARTNER:
            found[rule.id] = list(rule.judge(case))
    findings = tuple(finding for rule in rule_set.rules for finding in found[rule.id])
    return Verdict(
        outcome=_overall(findings, rule_set, counting),
        findings=findings,
        rule_set=rule_set.digest,
        country_set=country_set_digest(countries),
        rule_date=case.rule_date.isoformat(),
    )


def _counting_of(
    one: ParticipantFacts, rules: list[Rule], found: dict[str, list[Finding]]
) -> Counting:
    """Sure where every partner rule passes or warns, out where one says ineligible, else open."""
    outcomes = {
        finding.outcome
        for rule in rules
        for finding in found[rule.id]
        if finding.subject == one.key
    }
    if Outcome.INELIGIBLE in outcomes:
        return Counting.OUT
    return Counting.SURE if outcomes <= {Outcome.PASS, Outcome.WARN} else Counting.OPEN


def _overall(
    findings: tuple[Finding, ...], rule_set: RuleSet, counting: dict[str, Counting]
) -> Outcome:
    consortium_rules = {rule.id for rule in rule_set.rules if rule.level == Level.CONSORTIUM}
    outcomes = {finding.outcome for finding in findings}
    if Outcome.INADMISSIBLE in outcomes:
        return Outcome.INADMISSIBLE
    if any(f.outcome == Outcome.INELIGIBLE and f.rule in consortium_rules for f in findings):
        return Outcome.INELIGIBLE
    if Outcome.OFFICER in outcomes or Counting.OUT in counting.values():
        return Outcome.OFFICER
    return Outcome.PASS


@lru_cache(maxsize=64)
def _digest_of_rows(rows: tuple[Participation, ...]) -> str:
    return digest_of([row.as_json() for row in rows])


def country_set_digest(countries: CountrySet) -> str:
    """What was applied: the rows themselves, whatever they are called in a database."""
    return _digest_of_rows(countries.rows)
