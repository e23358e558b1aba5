"""The baseline of the rules: one function that checks the same things by hand and says yes or no.

Written as somebody would who needs the answer only: thing by thing in the call's order, without
messages, evidence or parameters; it stops at the first thing that is not met. Countries are dated rows and
names are compared without accents, as in the rules, so that both do the same work.
"""

from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations

from calls.eligibility.countries import CountrySet, is_in_europe
from calls.eligibility.facts import OrganisationKind, ProposalFacts, Registration, Role
from calls.eligibility.rules.admissibility import BRUSSELS
from calls.eligibility.rules.identity import Controllers, groups_by_control, is_probably_same
from foundation.folding import folded_address, folded_name

KINDS = {OrganisationKind.CLUSTER, OrganisationKind.NETWORK, OrganisationKind.RUNS_CLUSTER}
CEILINGS: Mapping[str, Decimal] = {"3.1": Decimal("187500.00"), "3.2": Decimal("450000.00")}
RATE = Decimal("0.75")
MINIMUM, LONGEST = 3, 24


def is_eligible(facts: ProposalFacts, countries: CountrySet) -> bool:  # noqa: C901, PLR0911, PLR0912, PLR0915 -- by hand on purpose
    """Whether nothing is to be said against a proposal of the call of 2014."""
    applicants = [
        participant for participant in facts.participants if participant.role != Role.ASSOCIATED
    ]
    day = facts.deadline.astimezone(BRUSSELS).date()
    rows = countries.by_country
    if facts.received_at is not None and facts.received_at >= facts.deadline:
        return False
    if facts.received_at is not None and facts.opens_at and facts.received_at < facts.opens_at:
        return False
    if not all(participant.description_present for participant in applicants):
        return False
    if any(participant.profile_missing for participant in applicants):
        return False
    for applicant in applicants:
        members = applicant.members
        kinds = (members.small_or_medium or 0) + (members.large or 0)
        kinds += (members.research or 0) + (members.other or 0)
        if members.total is not None and kinds > members.total:
            return False
    if any(file.problem or file.pages < 1 for file in facts.files):
        return False
    for applicant in applicants:
        if not any(row.is_in_force(day) for row in rows.get(applicant.country or "", ())):
            return False
    if not all(participant.kind in KINDS for participant in applicants):
        return False
    links = [
        folded_address(participant.profile_link)
        for participant in facts.participants
        if participant.profile_link
    ]
    if len(set(links)) < len(links) and any(
        links.count(folded_address(participant.profile_link)) > 1 for participant in applicants
    ):
        return False
    for applicant in applicants:
        planned = applicant.planned_on
        if applicant.registration == Registration.REGISTERED:
            if not applicant.profile_link or applicant.profile_link_shared:
                return False
        elif applicant.registration == Registration.APPLIED:
            if not planned or planned > day.isoformat():
                return False
        elif (
            applicant.registration != Registration.PLANNED
            or not planned
            or planned < day.isoformat()
        ):
            return False
    if not all(
        participant.services and participant.independent_members for participant in applicants
    ):
        return False
    if any(participant.cites_2006_definition for participant in applicants):
        return False
    if len({participant.organisation for participant in applicants}) < MINIMUM:
        return False
    if len({participant.country for participant in applicants}) < MINIMUM:
        return False
    for applicant, other in combinations(applicants, 2):
        if applicant.organisation == other.organisation or (
            applicant.pic and applicant.pic == other.pic
        ):
            return False
        if applicant.country == other.country and folded_name(applicant.name) == folded_name(
            other.name
        ):
            return False
    for applicant in facts.participants:
        if applicant.role == Role.ASSOCIATED and any(
            is_probably_same(applicant, other) for other in applicants
        ):
            return False
    if any(participant.controlled_by for participant in facts.participants):
        top = groups_by_control(facts.participants)
        if len({top[participant.key] for participant in applicants}) < len(applicants):
            return False
        outside = Controllers.among(facts.participants).outside
        if any(participant.key in outside for participant in applicants):
            return False
    if sum(participant.role == Role.COORDINATOR for participant in facts.participants) != 1:
        return False
    if not facts.activities:
        return False
    if not all(
        activity.objective.strip() and activity.justification.strip()
        for activity in facts.activities
    ):
        return False
    if not all(deliverable.present for deliverable in facts.deliverables):
        return False
    needs_scoreboard = any(deliverable.is_scoreboard for deliverable in facts.deliverables)
    if needs_scoreboard and not facts.indicators:
        return False
    if needs_scoreboard and not all(indicator.is_verifiable for indicator in facts.indicators):
        return False
    if not facts.markets:
        return False
    for market in facts.markets:
        if market.country is None or is_in_europe(market.country):
            return False
        if any(row.is_in_force(day) for row in rows.get(market.country, ())):
            return False
    if facts.duration_months is None or facts.duration_months > LONGEST:
        return False
    grant = sum(
        (participant.budget.requested_grant for participant in facts.participants), Decimal(0)
    )
    costs = sum((participant.budget.eligible_costs for participant in applicants), Decimal(0))
    if grant > CEILINGS[facts.strand]:
        return False
    if not costs or grant > costs * RATE:
        return False
    if facts.stated_total_costs not in (None, costs) or facts.stated_total_grant not in (
        None,
        grant,
    ):
        return False
    if any(
        participant.budget.requested_grant
        for participant in facts.participants
        if participant.role == Role.ASSOCIATED
    ):
        return False
    if any(
        participant.budget.requested_grant > participant.budget.eligible_costs
        for participant in applicants
    ):
        return False
    return not any(participant.other_applications for participant in applicants)
