"""Eligibility in plain Python: facts in, explained verdict out.

    >>> verdict = screen(facts, rule_set, country_set)
    >>> verdict.outcome, [finding.message for finding in verdict.blocking]

`facts` holds all that a rule may know, `rules` the catalogue (one small class each), `verdict` what
comes out, `countries` who took part in the programme on which day. Nothing here reads a clock,
a database or a setting, so the same facts, rules and countries give the same verdict, byte for
byte, on any machine and in any year.

Each applicant first counts as sure, open or out by the partner rules; minimums are then counted
three-valued: met, perhaps (an officer decides), not met. The check advises. Only what is late
or incomplete is turned away (`Verdict.blocking`); everything else an officer decides, and where
check and call text differ, the call text prevails.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import chain

from calls.eligibility.countries import CountrySet
from calls.eligibility.facts import ProposalFacts
from calls.eligibility.rules import Case, CountStatus, RuleSet
from calls.eligibility.rules.admissibility import BRUSSELS
from calls.eligibility.verdict import Finding, Fix, Outcome, Verdict
from foundation.canonical_json import canonical, digest_of

__all__ = [
    "CountStatus",
    "CountrySet",
    "Finding",
    "Fix",
    "Outcome",
    "ProposalFacts",
    "RuleSet",
    "Verdict",
    "canonical",
    "counting_in",
    "country_set_digest",
    "digest_of",
    "rule_date_in",
    "rule_date_of",
    "screen",
]


def rule_date_of(deadline: datetime) -> date:
    """The Brussels calendar date of an aware deadline: the day on which countries must count.

    Raises:
        ValueError: the deadline has no zone.
    """
    return _instant(deadline).astimezone(BRUSSELS).date()


def rule_date_in(facts: ProposalFacts) -> date:
    """The day on which countries must count: that of the call, also where one proposal has longer time."""
    return facts.rule_date or rule_date_of(facts.deadline)


def _instant(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A time without a zone is not an instant.")
    return moment


def screen(
    facts: ProposalFacts,
    rule_set: RuleSet,
    countries: CountrySet,
    *,
    rule_date: date | None = None,
) -> Verdict:
    """Judge one proposal by every rule of its strand, in the call's order.

    Without a `rule_date` it is that of the facts (`rule_date_in`).

    Raises:
        ValueError: the deadline, or another instant, has no zone.
    """
    for moment in (facts.deadline, facts.received_at, facts.opens_at):
        if moment is not None:
            _instant(moment)
    day = rule_date or rule_date_in(facts)
    strand = rule_set.of_strand(facts.strand)
    rules = strand.rules
    findingses: list[list[Finding]] = [[] for _rule in rules]
    case = Case.of(facts, countries, day)
    for place in strand.about_partners:
        findingses[place] = list(rules[place].judge(case))
    counting = counting_in(facts, chain.from_iterable(findingses))
    case = case.counted(counting)
    for place in strand.others:
        findingses[place] = list(rules[place].judge(case))
    findings = tuple(chain.from_iterable(findingses))
    about_consortium = chain.from_iterable([findingses[place] for place in strand.about_consortium])
    return Verdict(
        outcome=_overall(findings, about_consortium, counting),
        findings=findings,
        rule_set=rule_set.digest,
        country_set=country_set_digest(countries),
        rule_date=day.isoformat(),
    )


def counting_in(facts: ProposalFacts, findings: Iterable[Finding]) -> dict[str, CountStatus]:
    """How each applicant counts, by what partner rules found.

    Sure where every one of them passes or warns, out where one says ineligible, else open. One that has
    not agreed is open at best: its profile was not checked.
    """
    counting = {
        applicant.key: CountStatus.COUNTS if applicant.has_agreed else CountStatus.UNDECIDED
        for applicant in facts.applicants
    }
    for finding in findings:
        if finding.outcome is Outcome.PASS or finding.outcome is Outcome.WARN:
            continue
        if finding.outcome == Outcome.INELIGIBLE:
            counting[finding.subject] = CountStatus.EXCLUDED
        elif counting[finding.subject] == CountStatus.COUNTS:
            counting[finding.subject] = CountStatus.UNDECIDED
    return counting


def _overall(
    findings: Iterable[Finding],
    about_consortium: Iterable[Finding],
    counting: Mapping[str, CountStatus],
) -> Outcome:
    outcomes = {finding.outcome for finding in findings}
    of_consortium = {finding.outcome for finding in about_consortium}
    if Outcome.INADMISSIBLE in outcomes:
        return Outcome.INADMISSIBLE
    if Outcome.INELIGIBLE in of_consortium:
        return Outcome.INELIGIBLE
    if Outcome.NEEDS_REVIEW in outcomes or CountStatus.EXCLUDED in counting.values():
        return Outcome.NEEDS_REVIEW
    return Outcome.PASS


def country_set_digest(countries: CountrySet) -> str:
    """What was applied: the rows themselves, whatever they are called in a database."""
    return countries.digest
