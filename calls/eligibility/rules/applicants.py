"""What each applicant must be: where established, of which kind, registered, and serving businesses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from calls.eligibility.countries import STATUS_NOTES, Participation, ParticipationStatus, state_of
from calls.eligibility.facts import MemberFacts, OrganisationKind, ParticipantFacts, Registration
from calls.eligibility.rules.base import (
    Case,
    Level,
    Rule,
    Section,
    day_in_words,
    join_names,
    parameter,
)
from calls.eligibility.verdict import Finding, Fix, Outcome
from foundation.folding import folded_address


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileConsistent(Rule):
    """The numbers of members agree with each other; kinds may overlap, so it only warns."""

    id: ClassVar[str] = "profile-consistent"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.APPLICANTS
    title: ClassVar[str] = "Consistent figures"
    asks: ClassVar[str] = (
        "The number of members by type must not exceed the total number of members."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The numbers by type do not exceed the total, or no total is given.",
        Outcome.WARN: "The numbers by type exceed the total, which is correct only if some members are of "
        "two types.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for participant in case.with_profile:
            kinds = _sum_of_kinds(participant.members)
            total = participant.members.total
            if total is None or kinds <= total:
                yield self.make_finding(
                    participant.key,
                    Outcome.PASS,
                    f"The member figures of {participant.name} are consistent.",
                )
                continue
            message = (
                f"{participant.name} states {total} members in total, but its numbers by type "
                f"add up to {kinds}. "
                "This is correct only if some members are of two types."
            )
            fix = Fix("profile", f"Check the member figures of {participant.name}.")
            yield self.make_finding(
                participant.key, Outcome.WARN, message, {"total": total, "kinds": kinds}, fix
            )


def _sum_of_kinds(members: MemberFacts) -> int:
    kinds = (members.small_or_medium, members.large, members.research, members.other)
    return sum(number or 0 for number in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Established(Rule):
    """The legal seat lies in a Member State, or a country whose agreement is in force, on the rule date."""

    id: ClassVar[str] = "established"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.APPLICANTS
    title: ClassVar[str] = "Established in a participating country"
    asks: ClassVar[str] = (
        "Each applicant must have its legal seat in a Member State of the Union or in another country "
        "that participates in the programme of the call."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The country is a Member State, or its agreement is in force, on the rule date.",
        Outcome.NEEDS_REVIEW: "The agreement is signed but not in force, the seat is in a territory with its "
        "own country code, or no country is given.",
        Outcome.INELIGIBLE: "The country does not participate on the rule date.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        day = case.rule_date.isoformat()
        return [self._judge_one(applicant, case, day) for applicant in case.applicants]

    def _judge_one(self, participant: ParticipantFacts, case: Case, day: str) -> Finding:
        if participant.country is None:
            message = f"{participant.name} has not stated the country of its legal seat."
            ask = Fix("consortium", f"Select the country of {participant.name}.")
            return self.make_finding(
                participant.key, Outcome.NEEDS_REVIEW, message, {"country": None}, ask
            )
        status, row = case.countries.status_of(participant.country, case.rule_date)
        outcome, message = _explain_participation(participant, status, row, case)
        if participant.country == "XK":
            message = f"{message} {STATUS_NOTES['XK']}"
        evidence = {
            "country": participant.country,
            "standing": status,
            "in_force_on": row.in_force_on.isoformat() if row and row.in_force_on else None,
            "rule_date": day,
        }
        fix = None
        if outcome == Outcome.INELIGIBLE:
            advice = (
                f"Change the role of {participant.name} to associated partner (without EU "
                f"funding), or find a "
                "partner in a participating country."
            )
            fix = Fix("consortium", advice)
        elif outcome == Outcome.NEEDS_REVIEW:
            advice = (
                f"If your consortium depends on {participant.name}, add another partner from a participating "
                "country."
            )
            fix = Fix("consortium", advice)
        return self.make_finding(participant.key, outcome, message, evidence, fix)


def _explain_participation(
    participant: ParticipantFacts,
    status: ParticipationStatus,
    row: Participation | None,
    case: Case,
) -> tuple[Outcome, str]:
    country = case.country_name(participant.country or "")
    day, programme = case.day_in_words, case.facts.programme
    if status == ParticipationStatus.MEMBER_STATE:
        return (
            Outcome.PASS,
            f"{participant.name} is established in {country}, a Member State on {day}.",
        )
    if status == ParticipationStatus.IN_FORCE and row is not None and row.in_force_on is not None:
        since = day_in_words(row.in_force_on)
        return Outcome.PASS, (
            f"{participant.name} is established in {country}, which participates in {programme} "
            f"(in force since {since})."
        )
    if status == ParticipationStatus.SIGNED and row is not None and row.signed_on is not None:
        signed = day_in_words(row.signed_on)
        return Outcome.NEEDS_REVIEW, (
            f"{participant.name} is established in {country}, which signed its {programme} agreement on "
            f"{signed}. The agreement was not in force on {day}, the relevant date. An officer will "
            "review this."
        )
    if status == ParticipationStatus.TERRITORY:
        state = case.country_name(state_of(participant.country or ""))
        return Outcome.NEEDS_REVIEW, (
            f"{participant.name} is established in {country}, a territory of {state} with its "
            f"own country code. "
            f"An officer will decide whether it counts as established in {state}."
        )
    return Outcome.INELIGIBLE, (
        f"{participant.name} is established in {country}, which did not participate in {programme} on {day}. "
        f"An applicant must be established in a Member State or a {programme} country."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfOrganisation(Rule):
    """Organisations of the kinds that the call names apply, no others."""

    id: ClassVar[str] = "organisation-kind"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.APPLICANTS
    title: ClassVar[str] = "Type of organisation"
    asks: ClassVar[str] = (
        "Each applicant must be of a type that the call accepts, such as a cluster organisation or a "
        "business network organisation. A legal entity can apply on behalf of a cluster that it runs."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The applicant is of an accepted type. If it runs a cluster, it names the cluster.",
        Outcome.NEEDS_REVIEW: "The type needs review by an officer, the applicant does not name the cluster "
        "that it runs, or no type is given.",
        Outcome.INELIGIBLE: "The applicant is of another type.",
    }

    kinds: tuple[OrganisationKind, ...] = parameter(
        "The types of organisation that can apply.",
        default=(OrganisationKind.CLUSTER, OrganisationKind.NETWORK, OrganisationKind.RUNS_CLUSTER),
    )
    kinds_for_officer: tuple[OrganisationKind, ...] = parameter(
        "The types of organisation that an officer reviews.", default=()
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        for participant in case.with_profile:
            outcome, text = self._explain(participant)
            fix = None
            if outcome != Outcome.PASS:
                fix = Fix(
                    "consortium",
                    f"Check the type of organisation of {participant.name}. An organisation "
                    f"that cannot apply "
                    "can be an associated partner.",
                )
            who = (
                participant.legal_name if participant.kind == OrganisationKind.RUNS_CLUSTER else ""
            )
            yield self.make_finding(
                participant.key,
                outcome,
                f"{who or participant.name} {text}",
                {"kind": participant.kind},
                fix,
            )

    def _explain(self, participant: ParticipantFacts) -> tuple[Outcome, str]:
        if participant.kind is None:
            return Outcome.NEEDS_REVIEW, "has not stated its type of organisation."
        if participant.kind in self.kinds_for_officer:
            text = f"{WHAT_IT_IS[participant.kind]}. An officer will decide whether it can apply."
            return Outcome.NEEDS_REVIEW, text
        if participant.kind not in self.kinds:
            allowed = join_names((MANY_OF_IT[kind] for kind in self.kinds), "or")
            return Outcome.INELIGIBLE, f"{WHAT_IT_IS[participant.kind]}. Only {allowed} can apply."
        if participant.kind != OrganisationKind.RUNS_CLUSTER:
            return Outcome.PASS, f"{WHAT_IT_IS[participant.kind]}."
        if participant.cluster_name.strip():
            return (
                Outcome.PASS,
                f"applies on behalf of {participant.cluster_name.strip()}, a cluster that it runs.",
            )
        return (
            Outcome.NEEDS_REVIEW,
            "applies on behalf of a cluster that it runs, but does not name the cluster.",
        )


WHAT_IT_IS = {
    OrganisationKind.CLUSTER: "is a cluster organisation",
    OrganisationKind.NETWORK: "is a business network organisation",
    OrganisationKind.RUNS_CLUSTER: "applies on behalf of a cluster that it runs",
    OrganisationKind.RESEARCH_AS_CLUSTER: (
        "is a research body that states that it acts as a cluster organisation"
    ),
    OrganisationKind.COMPANY: "is a company",
    OrganisationKind.OTHER: "is neither a cluster organisation nor a business network organisation",
}
MANY_OF_IT = {
    OrganisationKind.CLUSTER: "cluster organisations",
    OrganisationKind.NETWORK: "business network organisations",
    OrganisationKind.RUNS_CLUSTER: "legal entities that run a cluster",
    OrganisationKind.RESEARCH_AS_CLUSTER: "research bodies that act as a cluster organisation",
    OrganisationKind.COMPANY: "companies",
    OrganisationKind.OTHER: "other organisations",
}


Shared = Mapping[str, list[ParticipantFacts]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRegistration(Rule):
    """Registered, or planned to be registered, on the European cluster platform."""

    id: ClassVar[str] = "platform-registration"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.APPLICANTS
    title: ClassVar[str] = "Registration on the cluster platform"
    asks: ClassVar[str] = (
        "Each applicant must be registered on the European cluster platform or, if the call accepts "
        "it, have applied for or plan registration."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "Registered with a link to the profile, or registration applied for or planned with "
        "a date, if the call accepts it.",
        Outcome.WARN: "Registration applied for or planned, but without a date or with an impossible one: a "
        "planned date before the rule date, or an application date after it.",
        Outcome.NEEDS_REVIEW: "Registered without a link or with a link that another "
        "organisation also gives, "
        "or no information is given.",
        Outcome.INELIGIBLE: "Not registered, and not as far advanced as the call requires.",
    }

    accepts: tuple[Registration, ...] = parameter(
        "The registration statuses that the call accepts: registered, applied for, planned.",
        default=(Registration.REGISTERED, Registration.APPLIED, Registration.PLANNED),
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        shared = _shared_links(case.facts.participants)
        for participant in case.with_profile:
            outcome, message = self._explain(participant, shared, case)
            fix = None
            if outcome != Outcome.PASS:
                fix = Fix(
                    "profile",
                    f"Check the registration details in the cluster profile of {participant.name}.",
                )
            evidence = {
                "registration": participant.registration,
                "link": participant.profile_link,
                "planned_on": participant.planned_on,
            }
            yield self.make_finding(participant.key, outcome, message, evidence, fix)

    def _explain(
        self, participant: ParticipantFacts, shared: Shared, case: Case
    ) -> tuple[Outcome, str]:
        if participant.registration is None:
            message = f"{participant.name} has not stated whether it is registered on the cluster platform."
            return Outcome.NEEDS_REVIEW, message
        if participant.registration not in self.accepts:
            enough = join_names((HOW_FAR[step] for step in self.accepts), "or")
            return Outcome.INELIGIBLE, (
                f"{participant.name} {NOT_FAR_ENOUGH[participant.registration]} on the European "
                f"cluster platform. "
                f"The call requires organisations that are {enough}."
            )
        if participant.registration == Registration.REGISTERED:
            return _explain_registered(participant, shared)
        return _explain_on_the_way(participant, case)


def _shared_links(participants: tuple[ParticipantFacts, ...]) -> Shared:
    """Links that more than one participant gives, with those who give them."""
    links = [folded_address(participant.profile_link) for participant in participants]
    if len(set(links)) == len(links):
        return {}
    return {
        link: [
            participant
            for participant in participants
            if folded_address(participant.profile_link) == link
        ]
        for link in links
        if link and links.count(link) > 1
    }


def _others_with_its_link(participant: ParticipantFacts, shared: Shared) -> list[str]:
    same = shared.get(folded_address(participant.profile_link), ())
    return [other.name for other in same if other.organisation != participant.organisation]


def _explain_registered(participant: ParticipantFacts, shared: Shared) -> tuple[Outcome, str]:
    if not participant.profile_link.strip():
        return Outcome.NEEDS_REVIEW, (
            f"{participant.name} states that it is registered on the platform, but gives no link to its "
            "profile. An officer will check the registration."
        )
    same = _others_with_its_link(participant, shared) if shared else []
    if same or participant.profile_link_shared:
        whose = join_names(same) or "another organisation"
        return Outcome.NEEDS_REVIEW, (
            f"The platform profile that {participant.name} gives is also given by {whose}. "
            "Each organisation must have its own profile."
        )
    return Outcome.PASS, f"{participant.name} is registered on the platform."


def _explain_on_the_way(participant: ParticipantFacts, case: Case) -> tuple[Outcome, str]:
    has_applied = participant.registration == Registration.APPLIED
    does = "has applied for registration" if has_applied else "plans to register"
    day = case.rule_date.isoformat()
    if not participant.planned_on:
        return Outcome.WARN, (
            f"{participant.name} {does} on the platform, but gives no date. A date is not required, but "
            "recommended."
        )
    named_day = day_in_words(date.fromisoformat(participant.planned_on))
    if participant.planned_on > day if has_applied else participant.planned_on < day:
        is_wrong = "is after" if has_applied else "is before"
        return Outcome.WARN, (
            f"{participant.name} {does} on the platform ({named_day}), but this date {is_wrong} "
            f"{case.day_in_words}, the relevant date."
        )
    return Outcome.PASS, f"{participant.name} {does} on the platform ({named_day})."


HOW_FAR = {
    Registration.REGISTERED: "registered",
    Registration.APPLIED: "applying for registration",
    Registration.PLANNED: "planning to register",
    Registration.NEITHER: "not registered",
}
NOT_FAR_ENOUGH = {
    Registration.REGISTERED: "is registered",
    Registration.APPLIED: "has only applied for registration",
    Registration.PLANNED: "only plans to register",
    Registration.NEITHER: "is not registered and does not plan to register",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportServices(Rule):
    """Offers or channels a named service to businesses, for independent parties."""

    id: ClassVar[str] = "support-services"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.APPLICANTS
    title: ClassVar[str] = "Support services to businesses"
    asks: ClassVar[str] = (
        "Each applicant must offer or channel cluster and network support services to businesses, in "
        "line with the definition of innovation clusters (groups of independent parties)."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "At least one service is named and the members are independent.",
        Outcome.WARN: "The requirements are met, but the applicant refers to the definition of 2006.",
        Outcome.NEEDS_REVIEW: "No service is named, or it is not stated whether the members are independent.",
        Outcome.INELIGIBLE: "The members belong to the same group.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for participant in case.with_profile:
            outcome, message = self._explain(participant)
            fix = None
            if outcome != Outcome.PASS:
                fix = Fix(
                    "profile",
                    f"Check the support services in the cluster profile of {participant.name}.",
                )
            evidence = {
                "services": list(participant.services),
                "independent_members": participant.independent_members,
            }
            yield self.make_finding(participant.key, outcome, message, evidence, fix)

    def _explain(self, participant: ParticipantFacts) -> tuple[Outcome, str]:
        if participant.independent_members is False:
            return Outcome.INELIGIBLE, (
                f"The members of {participant.name} are not independent of each other. An innovation "
                "cluster is a group of independent parties."
            )
        if not participant.services:
            unsaid = ""
            if participant.independent_members is None:
                unsaid = " It has also not stated whether its members are independent."
            return Outcome.NEEDS_REVIEW, (
                f"{participant.name} names no support service that it offers or channels to businesses. "
                f"At least one is needed.{unsaid}"
            )
        if participant.independent_members is None:
            message = f"{participant.name} has not stated whether its members are independent of each other."
            return Outcome.NEEDS_REVIEW, message
        if participant.cites_2006_definition:
            return Outcome.WARN, (
                f"{participant.name} refers to the definition of 2006, which has been replaced. The call "
                "uses the Framework of 2014 (2014/C 198/01), point 1.3(s)."
            )
        count = len(participant.services)
        services = "one support service" if count == 1 else f"{count} support services"
        return (
            Outcome.PASS,
            f"{participant.name} offers or channels {services} to independent members.",
        )
