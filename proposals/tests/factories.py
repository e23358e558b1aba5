"""Proposals for tests, with a life that the portal's own functions gave them."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group

from applicants.models import Organisation, User
from applicants.organisations import join
from applicants.tests.factories import complete_profile, make_organisation, make_user
from calls.eligibility.facts import Role
from calls.models import Call
from conftest import database_owner
from foundation import clock
from proposals.consortium import drafts
from proposals.consortium import participants as drafting
from proposals.consortium.assignments import assign_step
from proposals.dossier.agreement import agree
from proposals.dossier.document import Draft
from proposals.dossier.facts import judge_draft
from proposals.models import Proposal, Version
from proposals.officers.rights import SCREENING_OFFICERS
from proposals.submission.submit import submit_draft

COUNTRIES = ("LT", "FR", "AT")


def reload(proposal: Proposal) -> Proposal:
    """As a view fetches it."""
    return Proposal.objects.with_page_parts().get(pk=proposal.pk)


def make_draft(
    call: Call,
    *,
    strand: str = "3.1",
    lead: User | None = None,
    countries: Any = COUNTRIES,
    coordinator: Organisation | None = None,
) -> Proposal:
    """A draft with a consortium that has agreed, and nothing else written; the first country is the lead's."""
    lead = lead or make_user()
    coordinator = coordinator or make_organisation(by=lead, country=countries[0])
    proposal = drafts.start_draft(
        call.strands.select_related("call").get(code=strand), organisation=coordinator, by=lead
    )
    for number, country in enumerate(countries[1:], start=1):
        participant = drafting.add_participant(
            proposal,
            drafting.NewParticipant(make_organisation(country=country), Role.PARTNER),
            seen_version=number,
            by=lead,
        )
        agree(participant)
    return reload(proposal)


def save(
    proposal: Proposal, step: str, *, by: User | None = None, of: Any = None, **answers: Any
) -> None:
    section = drafts.section_of(proposal, step, of)
    drafts.save_section(
        proposal,
        section,
        answers=section.answers | answers,
        seen_version=section.version,
        by=by or proposal.started_by,
    )


def make_ready(call: Call, **kwargs: Any) -> Proposal:
    """A draft that meets every rule."""
    proposal = make_draft(call, **kwargs)
    lead = proposal.started_by
    participants = list(proposal.participants.select_related("organisation"))
    summary: dict[str, Any] = {
        "acronym": "LASER-GO",
        "title_text": "Photonics for health",
        "abstract": "We go to markets beyond Europe.",
        "duration_months": 18,
    }
    if proposal.strand.needs_established_partnership:
        summary |= {
            "partnership_name": "Photonics alliance",
            "partnership_since": 2012,
            "partnership_text": "Agreed in 2012.",
        }
    save(proposal, "summary", **summary)
    for participant in participants:
        complete_profile(participant.organisation, by=lead)
        save(
            proposal,
            "descriptions",
            of=participant,
            description="Services to businesses.",
            task="Work.",
        )
    market = {"country": "US", "region": "", "reason": "Demand"}
    save(
        proposal,
        "vision",
        vision="One voice",
        goals="Three missions",
        emerging_industries=["medical-devices"],
        markets=[market],
    )
    objective = proposal.strand.objectives[0]["code"]
    activity = {
        "title": "Mission",
        "objective": objective,
        "description": "Go there",
        "justification": "Members asked",
    }
    save(proposal, "activities", activities=[activity])
    texts = {
        f"text_{deliverable.code}": "Written" for deliverable in proposal.strand.deliverables.all()
    }
    months = {f"month_{deliverable.code}": 6 for deliverable in proposal.strand.deliverables.all()}
    indicator = {
        "name": "Matches",
        "baseline": "0",
        "target": "20",
        "unit": "contracts",
        "verification": "Copies",
    }
    scoreboard = {"indicators": [indicator]} if proposal.strand.number == 2 else {}
    save(proposal, "deliverables", **texts, **months, **scoreboard)
    line = {"staff": "30000.00", "travel": "10000.00", "grant": "30000.00"}
    save(
        proposal,
        "budget",
        **{f"{kind}_{item.key}": value for item in participants for kind, value in line.items()},
    )
    return reload(proposal)


def submit(proposal: Proposal, *, by: User | None = None, **kwargs: Any) -> Version:
    """Hand the draft in now, with all findings acknowledged and the call's declaration made."""
    moment = kwargs.pop("received_at", None) or clock.now()
    verdict = judge_draft(Draft(proposal), received_at=moment, reader=by or proposal.started_by)
    values = {
        "idempotency_key": uuid4(),
        "acknowledged": [finding.name for finding in verdict.to_acknowledge],
        "declared": proposal.call.declaration_digest,
    }
    return submit_draft(
        proposal, by=by or proposal.started_by, received_at=moment, **values | kwargs
    )


def submit_fields(proposal: Proposal, **fields: Any) -> dict[str, Any]:
    """What the form of the check page sends with the call's declaration ticked."""
    return {"idempotency_key": uuid4(), "declared": proposal.call.declaration_digest} | fields


def put_in_place_of_p2(proposal: Proposal, organisation: Organisation) -> None:
    """Let the part of "p2" be another organisation's, which takes somebody who owns the database."""
    with database_owner():
        proposal.participants.filter(key="p2").update(organisation=organisation)


def assign(proposal: Proposal, step: str, key: str = "p2") -> None:
    """Let a partner write a step of all."""
    assign_step(
        proposal,
        step=step,
        title=step,
        participant=proposal.participants.get(key=key),
        by=proposal.started_by,
    )


def member_of(organisation: Organisation) -> User:
    user = make_user()
    join(organisation, user=user)
    return user


def partner_of(proposal: Proposal) -> User:
    """Someone who acts for a partner, not for the coordinator."""
    partner = proposal.participants.filter(role=Role.PARTNER.value).first()
    assert partner is not None
    return member_of(partner.organisation)


def make_officer(role: str = SCREENING_OFFICERS) -> User:
    officer = make_user(is_staff=True)
    officer.groups.add(Group.objects.get(name=role))
    return officer
