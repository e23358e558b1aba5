"""May we apply? A few plain answers, judged by the call's own rules, before an account exists.

Nothing is stored and nobody is asked who they are: the answers are part of the page address, so that they can
be printed, sent on, and carried into a new proposal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from calls.eligibility import CountrySet, Finding, Outcome, ProposalFacts, RuleSet
from calls.eligibility.countries import name_on
from calls.eligibility.facts import OrganisationKind, ParticipantFacts, Registration, Role
from calls.eligibility.what_if import Member, Outlook, outlook
from calls.models import Call

OWN = "own"
OWN_NAME = "Your organisation"
MAX_PARTNERS = 6
NOT_ASKED = "said"  # in place of a link or service that a person has and the check does not ask for

# What can be judged from plain answers; the other rules need the proposal itself.
RULES = (
    "established",
    "organisation-kind",
    "platform-registration",
    "support-services",
    "min-organisations",
    "min-countries",
    "min-member-states",
)


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner that somebody has in mind; `fits` None where its kind is not known yet."""

    country: str
    fits: bool | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person said: kind, country and registration of the own organisation, and partners so far."""

    strand: str
    kind: OrganisationKind
    country: str
    registration: Registration
    has_services: bool | None
    is_independent: bool | None
    partners: tuple[Partner, ...] = ()

    def as_query(self) -> str:
        """The answers as the form's own query string: what an address carries."""
        values: dict[str, Any] = {
            "strand": self.strand,
            "kind": self.kind.value,
            "country": self.country,
            "registration": self.registration.value,
            "services": YES_NO_OPEN[self.has_services],
            "independent": YES_NO_OPEN[self.is_independent],
        }
        for number, partner in enumerate(self.partners, start=1):
            values[f"partner_{number}"] = partner.country
            values[f"fits_{number}"] = YES_NO_OPEN[partner.fits]
        return urlencode(values)


YES_NO_OPEN: Mapping[bool | None, str] = {True: "yes", False: "no", None: "open"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that the check says: whether it is met, in words, on which text, and what to do."""

    outcome: Outcome
    rule_title: str
    message: str
    citation: str
    link: str
    advice: str


@dataclass(frozen=True, slots=True)
class Result:
    """What is met, what is open, and what is not met."""

    met: tuple[Answer, ...]
    open: tuple[Answer, ...]
    against: tuple[Answer, ...]
    missing: tuple[str, ...]
    outlook: Outlook

    @property
    def may_not_apply(self) -> bool:
        """Whether the own organisation itself is out, as it was described."""
        return any(item.key == OWN for item in self.outlook.excluded)

    @property
    def own_is_open(self) -> bool:
        """Whether an answer about the own organisation is for an officer, or still to be given."""
        return any(item.key == OWN for item in self.outlook.undecided)

    @property
    def is_complete(self) -> bool:
        return not self.open and not self.against and not self.missing


def check(answers: Answers, call: Call) -> Result:
    """Judge the answers by those rules of the call that they can be judged by."""
    rule_set = call.rule_set.only(*RULES)
    countries = call.programme.country_set()
    result = outlook(facts_of(answers, call), rule_set, countries)
    return _result(result, rule_set, answers, countries)


def facts_of(answers: Answers, call: Call) -> ProposalFacts:
    own = ParticipantFacts(
        key=OWN,
        organisation=OWN,
        name=OWN_NAME,
        role=Role.COORDINATOR,
        kind=answers.kind,
        cluster_name="a cluster of your own",
        country=answers.country,
        registration=answers.registration,
        profile_link=NOT_ASKED,
        services=(NOT_ASKED,) if answers.has_services else (),
        independent_members=answers.is_independent,
    )
    partners = (
        _partner(number, partner, call) for number, partner in enumerate(answers.partners, start=1)
    )
    return ProposalFacts(
        strand=answers.strand,
        deadline=call.in_rehearsal_time(call.deadline),
        programme=call.programme.code,
        zone=call.zone,
        participants=(own, *partners),
    )


FITTING: Mapping[bool | None, OrganisationKind | None] = {
    True: OrganisationKind.CLUSTER,
    False: OrganisationKind.OTHER,
    None: None,
}


def _partner(number: int, partner: Partner, call: Call) -> ParticipantFacts:
    """Taken to meet what the check does not ask of partners: registration and services."""
    where = name_on(partner.country, call.rule_date)
    return ParticipantFacts(
        key=f"partner-{number}",
        organisation=f"partner-{number}",
        name=f"Partner {number} ({where})",
        role=Role.PARTNER,
        kind=FITTING[partner.fits],
        country=partner.country,
        registration=Registration.REGISTERED,
        profile_link=f"{NOT_ASKED}-{number}",
        services=(NOT_ASKED,),
        independent_members=True,
    )


def _result(outlook: Outlook, rule_set: RuleSet, answers: Answers, countries: CountrySet) -> Result:
    rules = {rule.id: rule for rule in rule_set.for_strand(answers.strand)}

    def to_answer(finding: Finding, outcome: Outcome) -> Answer:
        rule = rules[finding.rule]
        is_own = finding.subject == OWN
        passes = finding.outcome == Outcome.PASS
        advice = ""
        if finding.fix and not passes:
            advice = OWN_ADVICE[finding.rule] if is_own else finding.fix.advice
        runs_cluster = is_own and passes and finding.evidence.get("kind") == RUNS_CLUSTER
        message = OWN_CLUSTER if runs_cluster else _in_sentence(finding.message)
        return Answer(outcome, rule.title, message, finding.citation, rule.link, advice)

    about = [
        to_answer(item, item.outcome) for member in outlook.members for item in _is_relevant(member)
    ]
    # Partners can still be found: a minimum that is not reached yet excludes nobody.
    together = [
        to_answer(participant, min(participant.outcome, Outcome.NEEDS_REVIEW, key=_severity))
        for participant in outlook.consortium
    ]
    judged = [*about, *together]
    return Result(
        met=tuple(answer for answer in judged if answer.outcome in (Outcome.PASS, Outcome.WARN)),
        open=tuple(item for item in judged if item.outcome == Outcome.NEEDS_REVIEW),
        against=tuple(answer for answer in judged if answer.outcome == Outcome.INELIGIBLE),
        missing=outlook.missing,
        outlook=outlook,
    )


def _severity(outcome: Outcome) -> int:
    return outcome.severity


def _in_sentence(message: str) -> str:
    """A rule's message, where the name of the own organisation is a noun and no proper name."""
    return re.sub(rf"(?<![.!?]) {OWN_NAME}\b", f" {OWN_NAME.lower()}", message)


RUNS_CLUSTER = OrganisationKind.RUNS_CLUSTER
OWN_CLUSTER = "Your organisation runs a cluster, so it can apply."

# What fixes an answer about the own organisation: it has no profile and no proposal here yet.
OWN_ADVICE = {
    "established": (
        "Another organisation of your group or network can apply if its legal seat is in a "
        "participating country. Yours can be an associated partner that pays its own costs."
    ),
    "organisation-kind": (
        "Check the type of your organisation. A cluster or network that you run or belong to "
        "may be able to apply."
    ),
    "platform-registration": "Register on the European cluster platform, or decide when you will register.",
    "support-services": (
        "You need at least one service that you offer or channel to businesses, and members that are "
        "independent of each other."
    ),
}


def _is_relevant(member: Member) -> tuple[Finding, ...]:
    """Of partners only what was asked: their country, and their kind where it is not plainly right."""
    if member.key == OWN:
        return member.findings
    return tuple(
        finding
        for finding in member.findings
        if finding.rule == "established"
        or (finding.rule == "organisation-kind" and finding.outcome != Outcome.PASS)
    )
