"""The floor of the rules: one function that checks the same things by hand and says yes or no.

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
    applicants = [one for one in facts.participants if one.role != Role.ASSOCIATED]
    day = facts.deadline.astimezone(BRUSSELS).date()
    rows = countries.by_country
    if facts.received_at is not None and facts.received_at >= facts.deadline:
        return False
    if facts.received_at is not None and facts.opens_at and facts.received_at < facts.opens_at:
        return False
    if not all(one.description_present for one in applicants):
        return False
    if any(one.profile_missing for one in applicants):
        return False
    for one in applicants:
        members = one.members
        kinds = (members.small_or_medium or 0) + (members.large or 0)
        kinds += (members.research or 0) + (members.other or 0)
        if members.total is not None and kinds > members.total:
            return False
    if any(file.problem or file.pages < 1 for file in facts.files):
        return False
    for one in applicants:
        if not any(row.is_in_force(day) for row in rows.get(one.country or "", ())):
            return False
    if not all(one.kind in KINDS for one in applicants):
        return False
    links = [folded_address(one.profile_link) for one in facts.participants if one.profile_link]
    if len(set(links)) < len(links) and any(
        links.count(folded_address(one.profile_link)) > 1 for one in applicants
    ):
        return False
    for one in applicants:
        planned = one.planned_on
        if one.registration == Registration.REGISTERED:
            if not one.profile_link or one.profile_link_shared:
                return False
        elif one.registration == Registration.APPLIED:
            if not planned or planned > day.isoformat():
                return False
        elif one.registration != Registration.PLANNED or not planned or planned < day.isoformat():
            return False
    if not all(one.services and one.independent_members for one in applicants):
        return False
    if any(one.cites_2006_definition for one in applicants):
        return False
    if len({one.organisation for one in applicants}) < MINIMUM:
        return False
    if len({one.country for one in applicants}) < MINIMUM:
        return False
    for one, other in combinations(applicants, 2):
        if one.organisation == other.organisation or (one.pic and one.pic == other.pic):
            return False
        if one.country == other.country and folded_name(one.name) == folded_name(other.name):
            return False
    for one in facts.participants:
        if one.role == Role.ASSOCIATED and any(
            is_probably_same(one, other) for other in applicants
        ):
            return False
    if any(one.controlled_by for one in facts.participants):
        top = groups_by_control(facts.participants)
        if len({top[one.key] for one in applicants}) < len(applicants):
            return False
        outside = Controllers.among(facts.participants).outside
        if any(one.key in outside for one in applicants):
            return False
    if sum(one.role == Role.COORDINATOR for one in facts.participants) != 1:
        return False
    if not facts.activities:
        return False
    if not all(one.objective.strip() and one.justification.strip() for one in facts.activities):
        return False
    if not all(one.present for one in facts.deliverables):
        return False
    needs_scoreboard = any(one.is_scoreboard for one in facts.deliverables)
    if needs_scoreboard and not facts.indicators:
        return False
    if needs_scoreboard and not all(one.is_verifiable for one in facts.indicators):
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
    grant = sum((one.budget.requested_grant for one in facts.participants), Decimal(0))
    costs = sum((one.budget.eligible_costs for one in applicants), Decimal(0))
    if grant > CEILINGS[facts.strand]:
        return False
    if not costs or grant > costs * RATE:
        return False
    if facts.stated_total_costs not in (None, costs) or facts.stated_total_grant not in (
        None,
        grant,
    ):
        return False
    if any(one.budget.requested_grant for one in facts.participants if one.role == Role.ASSOCIATED):
        return False
    if any(one.budget.requested_grant > one.budget.eligible_costs for one in applicants):
        return False
    return not any(one.other_applications for one in applicants)
