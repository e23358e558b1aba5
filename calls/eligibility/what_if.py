"""Who counts in a consortium, what it still lacks, and what another member would change.

The same rules as everywhere, asked while a consortium is being built: an outlook says how each member counts
and why, and what is missing for the minimums; `without` and `with_another` make the facts of a consortium
that does not exist.
"""

import dataclasses
from dataclasses import dataclass
from datetime import date

from calls.eligibility import CountStatus, counting_in, rule_date_in, screen
from calls.eligibility.countries import CountrySet, in_sentence_on
from calls.eligibility.facts import (
    OrganisationKind,
    ParticipantFacts,
    ProposalFacts,
    Registration,
    Role,
)
from calls.eligibility.readable import names_of, readable_findings
from calls.eligibility.rules import Level, RuleSet
from calls.eligibility.rules.base import count_of, join_names
from calls.eligibility.verdict import Finding, Outcome

NEW = "new"  # key of an organisation that does not take part


@dataclass(frozen=True, slots=True)
class Member:
    """One participant: how it counts (None: associated, never counted), and what prevents that."""

    participant: ParticipantFacts
    counting: CountStatus | None
    findings: tuple[Finding, ...]

    @property
    def key(self) -> str:
        return self.participant.key

    @property
    def name(self) -> str:
        return self.participant.name

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What counts all the same, and should be looked at again."""
        return tuple(finding for finding in self.findings if finding.outcome == Outcome.WARN)

    @property
    def in_the_way(self) -> tuple[Finding, ...]:
        """What keeps it from counting surely."""
        return tuple(
            finding
            for finding in self.findings
            if finding.outcome not in (Outcome.PASS, Outcome.WARN)
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """A consortium as the rules see it; `consortium` holds the findings about all together."""

    members: tuple[Member, ...]
    consortium: tuple[Finding, ...]
    missing: tuple[str, ...]

    def counting(self, counting: CountStatus) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.counting == counting)

    @property
    def counts(self) -> tuple[Member, ...]:
        return self.counting(CountStatus.COUNTS)

    @property
    def undecided(self) -> tuple[Member, ...]:
        return self.counting(CountStatus.UNDECIDED)

    @property
    def excluded(self) -> tuple[Member, ...]:
        return self.counting(CountStatus.EXCLUDED)

    @property
    def associated(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.counting is None)

    @property
    def outcome(self) -> Outcome:
        """The worst finding about the consortium as a whole."""
        outcomes = [finding.outcome for finding in self.consortium]
        return max(outcomes, key=lambda outcome: outcome.severity, default=Outcome.PASS)


def outlook(facts: ProposalFacts, rule_set: RuleSet, countries: CountrySet) -> Outlook:
    """The consortium as judged by the rules about partners and about the consortium."""
    verdict = screen(facts, rule_set, countries)
    levels = {rule.id: rule.level for rule in rule_set.for_strand(facts.strand)}
    about_partners = [
        finding for finding in verdict.findings if levels[finding.rule] == Level.PARTNER
    ]
    consortium = tuple(
        finding for finding in verdict.findings if levels[finding.rule] == Level.CONSORTIUM
    )
    counting = counting_in(facts, about_partners)
    members = tuple(
        Member(
            participant,
            counting.get(participant.key),
            tuple(finding for finding in about_partners if finding.subject == participant.key),
        )
        for participant in facts.participants
    )
    day = rule_date_in(facts)
    missing = tuple(text for finding in consortium if (text := missing_requirement(finding, day)))
    return Outlook(members, consortium, missing)


def readable_outlook(seen: Outlook, day: date) -> Outlook:
    """The same, as people read it: participants by names that differ."""
    participants = [member.participant for member in seen.members]
    names = names_of(participants, day)

    def read(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(readable_findings(findings, participants, day))

    members = tuple(
        Member(
            dataclasses.replace(member.participant, name=names[member.key]),
            member.counting,
            read(member.findings),
        )
        for member in seen.members
    )
    return Outlook(members, read(seen.consortium), seen.missing)


# What a minimum counts: one of it, several of it.
COUNTED = {
    "min-organisations": ("organisation", "organisations"),
    "min-countries": ("participating country", "participating countries"),
    "min-member-states": ("Member State", "Member States"),
}


def missing_requirement(finding: Finding, day: date) -> str:
    """“1 more country needed, other than Germany or France.”; empty where nothing is lacking."""
    if finding.outcome == Outcome.PASS:
        return ""
    if finding.rule not in COUNTED:
        return finding.fix.advice if finding.fix else finding.message
    text, many = COUNTED[finding.rule]
    has, minimum = _possible(finding), finding.evidence["minimum"]
    if finding.outcome == Outcome.NEEDS_REVIEW:
        return f"Enough {many} once the open points for some partners are resolved."
    lacking = f"{count_of(minimum - has, f'more {text}', f'more {many}')} needed"
    names = join_names(
        (in_sentence_on(code, day) for code in finding.evidence.get("possible", ())), "or"
    )
    return f"{lacking}, other than {names}." if names else f"{lacking}."


def _possible(finding: Finding) -> int:
    """How many may count at most."""
    if "possible" in finding.evidence:
        return len(finding.evidence["possible"])
    at_most: int = finding.evidence["at_most"]
    return at_most


def without(facts: ProposalFacts, *keys: str) -> ProposalFacts:
    """The consortium as it would be without these participants."""
    remaining = tuple(
        participant for participant in facts.participants if participant.key not in keys
    )
    return dataclasses.replace(facts, participants=remaining)


def with_another(
    facts: ProposalFacts, country: str, *, kind: OrganisationKind = OrganisationKind.CLUSTER
) -> ProposalFacts:
    """With one more partner from a country (stored code) that meets every other rule about partners."""
    where = in_sentence_on(country, rule_date_in(facts))
    another = ParticipantFacts(
        key=NEW,
        organisation=NEW,
        name=f"an organisation from {where}",
        role=Role.PARTNER,
        kind=kind,
        country=country,
        registration=Registration.REGISTERED,
        profile_link=f"{NEW}:",
        description_present=True,
        services=("assumed",),
        independent_members=True,
    )
    return dataclasses.replace(facts, participants=(*facts.participants, another))
