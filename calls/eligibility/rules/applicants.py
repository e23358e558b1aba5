"""What each applicant must be: where established, of which kind, registered, and serving businesses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from calls.eligibility.countries import STATUS_NOTES, Participation, Standing, state_of
from calls.eligibility.facts import MemberFacts, OrganisationKind, ParticipantFacts, Registration
from calls.eligibility.rules.base import Case, Level, Rule, Section, day_in_words, listed, parameter
from calls.eligibility.verdict import Finding, Fix, Outcome
from foundation.folding import folded_address


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileConsistent(Rule):
    """The numbers of members agree with each other; kinds may overlap, so it only warns."""

    id: ClassVar[str] = "profile-consistent"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.APPLICANTS
    title: ClassVar[str] = "Consistent figures"
    asks: ClassVar[str] = "The kinds of members do not add up to more than all members."
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The kinds add up to at most all members, or no total is given.",
        Outcome.WARN: "They add up to more, which is right only where a member is of two kinds.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for one in case.with_profile:
            kinds = _sum_of_kinds(one.members)
            total = one.members.total
            if total is None or kinds <= total:
                yield self.found(one.key, Outcome.PASS, f"The figures of {one.name} agree.")
                continue
            message = (
                f"{one.name} names {total} members, but its kinds of members add up to {kinds}. "
                "That is right only where a member is of two kinds."
            )
            fix = Fix("profile", f"Look again at the member figures of {one.name}.")
            yield self.found(one.key, Outcome.WARN, message, {"total": total, "kinds": kinds}, fix)


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
        "Each applicant has its legal seat in a Member State of the Union or in a country that "
        "takes part in the programme of the call."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The country is a Member State, or its agreement is in force, on the rule date.",
        Outcome.OFFICER: "The agreement is signed but not in force, the seat lies in a territory with "
        "a code of its own, or no country is given.",
        Outcome.INELIGIBLE: "The country does not take part on the rule date.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        day = case.rule_date.isoformat()
        return [self._judge_one(one, case, day) for one in case.applicants]

    def _judge_one(self, one: ParticipantFacts, case: Case, day: str) -> Finding:
        if one.country is None:
            message = f"{one.name} has not said in which country its legal seat is."
            ask = Fix("consortium", f"Give the country of {one.name}.")
            return self.found(one.key, Outcome.OFFICER, message, {"country": None}, ask)
        standing, row = case.countries.standing(one.country, case.rule_date)
        outcome, message = _explain_standing(one, standing, row, case)
        if one.country == "XK":
            message = f"{message} {STATUS_NOTES['XK']}"
        evidence = {
            "country": one.country,
            "standing": standing,
            "in_force_on": row.in_force_on.isoformat() if row and row.in_force_on else None,
            "rule_date": day,
        }
        fix = None
        if outcome == Outcome.INELIGIBLE:
            advice = (
                f"Let {one.name} take part as an associated partner at its own cost, or look for "
                "a partner in a country that counts."
            )
            fix = Fix("consortium", advice)
        elif outcome == Outcome.OFFICER:
            advice = (
                f"Keep {one.name} if you can stand without it, or add a partner whose country "
                "surely counts."
            )
            fix = Fix("consortium", advice)
        return self.found(one.key, outcome, message, evidence, fix)


def _explain_standing(
    one: ParticipantFacts, standing: Standing, row: Participation | None, case: Case
) -> tuple[Outcome, str]:
    country = case.country_name(one.country or "")
    day, programme = case.day_in_words, case.facts.programme
    if standing == Standing.MEMBER_STATE:
        return Outcome.PASS, f"{one.name} is established in {country}, a Member State on {day}."
    if standing == Standing.IN_FORCE and row is not None and row.in_force_on is not None:
        since = day_in_words(row.in_force_on)
        return Outcome.PASS, (
            f"{one.name} is established in {country}, which takes part in {programme} "
            f"(in force since {since})."
        )
    if standing == Standing.SIGNED and row is not None and row.signed_on is not None:
        signed = day_in_words(row.signed_on)
        return Outcome.OFFICER, (
            f"{one.name} is established in {country}, which signed its {programme} agreement on "
            f"{signed}; it was not in force on {day}, the date that counts. An officer decides."
        )
    if standing == Standing.TERRITORY:
        state = case.country_name(state_of(one.country or ""))
        return Outcome.OFFICER, (
            f"{one.name} is established in {country}, a territory of {state} with a code of its "
            "own. Whether it counts as established there, an officer decides."
        )
    return Outcome.INELIGIBLE, (
        f"{one.name} is established in {country}, which did not take part in {programme} on {day}. "
        f"An applicant must be established in a Member State or a {programme} country."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfOrganisation(Rule):
    """Organisations of the kinds that the call names apply, no others."""

    id: ClassVar[str] = "organisation-kind"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.APPLICANTS
    title: ClassVar[str] = "Kind of organisation"
    asks: ClassVar[str] = (
        "Each applicant is an organisation of a kind that the call is for, such as a cluster "
        "organisation or a business network organisation; a legal entity may apply for a cluster "
        "that it runs."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "The applicant is of a kind that may apply; one that runs a cluster names it.",
        Outcome.OFFICER: "It is of a kind that an officer decides on, does not name the cluster that "
        "it runs, or has not said what it is.",
        Outcome.INELIGIBLE: "It is of another kind.",
    }

    kinds: tuple[OrganisationKind, ...] = parameter(
        "The kinds of organisation that may apply.",
        default=(OrganisationKind.CLUSTER, OrganisationKind.NETWORK, OrganisationKind.RUNS_CLUSTER),
    )
    kinds_for_officer: tuple[OrganisationKind, ...] = parameter(
        "The kinds about which an officer decides.", default=()
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        for one in case.with_profile:
            outcome, words = self._explain(one)
            fix = None
            if outcome != Outcome.PASS:
                fix = Fix(
                    "consortium",
                    f"Check the kind of {one.name}; an organisation that may not apply can be an "
                    "associated partner.",
                )
            who = one.legal_name if one.kind == OrganisationKind.RUNS_CLUSTER else ""
            yield self.found(
                one.key, outcome, f"{who or one.name} {words}", {"kind": one.kind}, fix
            )

    def _explain(self, one: ParticipantFacts) -> tuple[Outcome, str]:
        if one.kind is None:
            return Outcome.OFFICER, "has not said what kind of organisation it is."
        if one.kind in self.kinds_for_officer:
            words = f"{WHAT_IT_IS[one.kind]}. An officer decides whether it may apply."
            return Outcome.OFFICER, words
        if one.kind not in self.kinds:
            allowed = listed((MANY_OF_IT[kind] for kind in self.kinds), "or")
            return Outcome.INELIGIBLE, f"{WHAT_IT_IS[one.kind]}. Only {allowed} may apply."
        if one.kind != OrganisationKind.RUNS_CLUSTER:
            return Outcome.PASS, f"{WHAT_IT_IS[one.kind]}."
        if one.cluster_name.strip():
            return Outcome.PASS, f"applies for {one.cluster_name.strip()}, a cluster that it runs."
        return Outcome.OFFICER, "applies for a cluster that it runs, but does not name the cluster."


WHAT_IT_IS = {
    OrganisationKind.CLUSTER: "is a cluster organisation",
    OrganisationKind.NETWORK: "is a business network organisation",
    OrganisationKind.RUNS_CLUSTER: "applies for a cluster that it runs",
    OrganisationKind.RESEARCH_AS_CLUSTER: "is a research body that says it acts as a cluster organisation",
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
        "Each applicant is registered on the European cluster platform, or on the way there as far "
        "as the call accepts it: planned, or applied for."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "Registered with a link to the profile, or on the way as the call accepts it, "
        "with a date.",
        Outcome.WARN: "On the way as the call accepts it, but without a date, or with one that cannot be: "
        "planned for a day that has passed on the rule date, or applied for on a later one.",
        Outcome.OFFICER: "Registered without a link, or with one that another organisation gives "
        "too; or nothing is said.",
        Outcome.INELIGIBLE: "Neither registered nor as far on the way as the call asks.",
    }

    accepts: tuple[Registration, ...] = parameter(
        "What is enough for the call: registered, applied for, planned.",
        default=(Registration.REGISTERED, Registration.APPLIED, Registration.PLANNED),
    )

    def judge(self, case: Case) -> Iterable[Finding]:
        shared = _shared_links(case.facts.participants)
        for one in case.with_profile:
            outcome, message = self._explain(one, shared, case)
            fix = None
            if outcome != Outcome.PASS:
                fix = Fix("profile", f"Mend the registration in the cluster profile of {one.name}.")
            evidence = {
                "registration": one.registration,
                "link": one.profile_link,
                "planned_on": one.planned_on,
            }
            yield self.found(one.key, outcome, message, evidence, fix)

    def _explain(self, one: ParticipantFacts, shared: Shared, case: Case) -> tuple[Outcome, str]:
        if one.registration is None:
            message = f"{one.name} has not said whether it is on the cluster platform."
            return Outcome.OFFICER, message
        if one.registration not in self.accepts:
            enough = listed((HOW_FAR[step] for step in self.accepts), "or")
            return Outcome.INELIGIBLE, (
                f"{one.name} {NOT_FAR_ENOUGH[one.registration]} on the European cluster platform. "
                f"The call asks for organisations that are {enough}."
            )
        if one.registration == Registration.REGISTERED:
            return _explain_registered(one, shared)
        return _explain_on_the_way(one, case)


def _shared_links(participants: tuple[ParticipantFacts, ...]) -> Shared:
    """Links that more than one participant gives, with those who give them."""
    links = [folded_address(one.profile_link) for one in participants]
    if len(set(links)) == len(links):
        return {}
    return {
        link: [one for one in participants if folded_address(one.profile_link) == link]
        for link in links
        if link and links.count(link) > 1
    }


def _others_with_its_link(one: ParticipantFacts, shared: Shared) -> list[str]:
    same = shared.get(folded_address(one.profile_link), ())
    return [other.name for other in same if other.organisation != one.organisation]


def _explain_registered(one: ParticipantFacts, shared: Shared) -> tuple[Outcome, str]:
    if not one.profile_link.strip():
        return Outcome.OFFICER, (
            f"{one.name} says that it is registered on the platform, but gives no link to its "
            "profile. An officer will look for it."
        )
    same = _others_with_its_link(one, shared) if shared else []
    if same or one.profile_link_shared:
        whose = listed(same) or "another organisation"
        return Outcome.OFFICER, (
            f"The platform profile that {one.name} gives is also given by {whose}. "
            "Each organisation has a profile of its own."
        )
    return Outcome.PASS, f"{one.name} is registered on the platform."


def _explain_on_the_way(one: ParticipantFacts, case: Case) -> tuple[Outcome, str]:
    has_applied = one.registration == Registration.APPLIED
    does = "has asked to be registered" if has_applied else "plans to be registered"
    day = case.rule_date.isoformat()
    if one.planned_on and (one.planned_on > day if has_applied else one.planned_on < day):
        is_wrong = "lies after" if has_applied else "had passed by"
        return Outcome.WARN, (
            f"{one.name} {does} on the platform ({one.planned_on}), but this day {is_wrong} "
            f"{case.day_in_words}, the date that counts."
        )
    if one.planned_on:
        return Outcome.PASS, f"{one.name} {does} on the platform ({one.planned_on})."
    return Outcome.WARN, (
        f"{one.name} {does} on the platform, but gives no date. That is enough for the call; a "
        "date makes it credible."
    )


HOW_FAR = {
    Registration.REGISTERED: "registered",
    Registration.APPLIED: "waiting for the registration that they asked for",
    Registration.PLANNED: "planned to be registered",
    Registration.NEITHER: "not registered",
}
NOT_FAR_ENOUGH = {
    Registration.REGISTERED: "is registered",
    Registration.APPLIED: "has only asked to be registered",
    Registration.PLANNED: "only plans to be registered",
    Registration.NEITHER: "is neither registered nor planned to be registered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportServices(Rule):
    """Offers or channels a named service to businesses, for independent parties."""

    id: ClassVar[str] = "support-services"
    level: ClassVar[Level] = Level.PARTNER
    section: ClassVar[Section] = Section.APPLICANTS
    title: ClassVar[str] = "Support services to businesses"
    asks: ClassVar[str] = (
        "Each applicant offers or channels cluster and network support services to businesses, in "
        "line with the definition of innovation clusters: a group of independent parties."
    )
    answers: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "At least one service is named and the members are independent.",
        Outcome.WARN: "As above, but the applicant refers to the definition of 2006.",
        Outcome.OFFICER: "No service is named, or it is not said whether members are independent.",
        Outcome.INELIGIBLE: "The members belong to one group.",
    }

    def judge(self, case: Case) -> Iterable[Finding]:
        for one in case.with_profile:
            outcome, message = self._explain(one)
            fix = None
            if outcome != Outcome.PASS:
                fix = Fix("profile", f"Mend the support services in the profile of {one.name}.")
            evidence = {
                "services": list(one.services),
                "independent_members": one.independent_members,
            }
            yield self.found(one.key, outcome, message, evidence, fix)

    def _explain(self, one: ParticipantFacts) -> tuple[Outcome, str]:
        if one.independent_members is False:
            return Outcome.INELIGIBLE, (
                f"The members of {one.name} are not independent of each other. An innovation "
                "cluster is a group of independent parties."
            )
        if not one.services:
            unsaid = ""
            if one.independent_members is None:
                unsaid = " It has not said either whether its members are independent."
            return Outcome.OFFICER, (
                f"{one.name} names no support service that it offers or channels to businesses. "
                f"At least one is needed.{unsaid}"
            )
        if one.independent_members is None:
            message = f"{one.name} has not said whether its members are independent of each other."
            return Outcome.OFFICER, message
        if one.cites_2006_definition:
            return Outcome.WARN, (
                f"{one.name} refers to the definition of 2006, which has been replaced. The call "
                "uses the Framework of 2014 (2014/C 198/01), point 1.3(s)."
            )
        count = len(one.services)
        services = "one support service" if count == 1 else f"{count} support services"
        return Outcome.PASS, f"{one.name} offers or channels {services} to independent members."
