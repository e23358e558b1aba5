"""The one seam between proposals and rules: a dossier and its circumstances, said as facts.

Draft and frozen version take the same way (draft → dossier → facts), so that what an applicant is
shown before submitting is what is judged afterwards. `Circumstances` are what a dossier cannot know:
when it was received, and what other proposals of the call say.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from applicants.models import User
from applicants.profile import services_in
from calls.eligibility import (
    CountrySet,
    ProposalFacts,
    RuleSet,
    Verdict,
    screen,
)
from calls.eligibility.facts import (
    ActivityFacts,
    Audience,
    BudgetFacts,
    Control,
    DeliverableFacts,
    FileFacts,
    IndicatorFacts,
    MarketFacts,
    MemberFacts,
    OrganisationKind,
    ParticipantFacts,
    Registration,
    Role,
)
from calls.eligibility.readable import readable_verdict
from calls.models import Call
from foundation.folding import folded_address
from foundation.query_batches import Results
from proposals.dossier.document import COST_KINDS, Draft, dossier_of
from proposals.dossier.queries import fetch_applicant_circumstances, fetch_officer_circumstances
from proposals.dossier.work_plan import is_planned, months_of
from proposals.models import Proposal, Version


@dataclass(frozen=True)
class Circumstances:
    """What is known about a dossier from outside it; `received_at` None for a draft.

    `deadline` is the proposal's own, which an extension for it alone moves; `rule_date` is the call's.
    `other_applications` counts by participant, nothing where it applies once only; None where nobody
    knows of other proposals.
    """

    deadline: datetime
    received_at: datetime | None = None
    rule_date: date | None = None
    opens_at: datetime | None = None
    programme: str = "COSME"
    zone: str = "Europe/Brussels"
    audience: Audience = Audience.APPLICANT
    other_applications: Mapping[str, int] | None = None
    shared_links: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        others = self.other_applications
        return {
            "deadline": self.deadline.isoformat(),
            "received_at": _iso(self.received_at),
            "rule_date": _iso(self.rule_date),
            "opens_at": _iso(self.opens_at),
            "programme": self.programme,
            "zone": self.zone,
            "audience": self.audience.value,
            "other_applications": others if others is None else dict(sorted(others.items())),
            "shared_links": sorted(self.shared_links),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Circumstances":
        received, day, opens = map(data.get, ("received_at", "rule_date", "opens_at"))
        of_call = {name: data[name] for name in ("programme", "zone") if name in data}
        return cls(
            **of_call,
            deadline=datetime.fromisoformat(data["deadline"]),
            received_at=datetime.fromisoformat(received) if received else None,
            rule_date=date.fromisoformat(day) if day else None,
            opens_at=datetime.fromisoformat(opens) if opens else None,
            audience=Audience(data["audience"]),
            other_applications=data["other_applications"],
            shared_links=frozenset(data["shared_links"]),
        )


def _iso(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None


def circumstances_of(
    draft: Draft,
    *,
    received_at: datetime | None,
    reader: User,
    answers: Results | None = None,
) -> Circumstances:
    """For an applicant: what other proposals of its own, and other profiles, say.

    Of proposals in which the reader takes no part nothing is said: they are sealed. One query, where the
    answers to `circumstances_queries` are not passed.
    """
    call = draft.proposal.call
    if answers is None:
        answers = fetch_applicant_circumstances(
            call=call.pk, proposal=draft.proposal.pk, reader=reader.pk
        )
    organisations = {applicant.key: applicant.organisation_id for applicant in draft.applicants}
    links = {
        applicant.key: _link_in(draft.profile(applicant).answers) for applicant in draft.applicants
    }
    return Circumstances(
        deadline=call.in_rehearsal_time(draft.proposal.deadline),
        received_at=call.in_rehearsal_time(received_at) if received_at else None,
        **facts_of_call(call),
        audience=Audience.APPLICANT,
        other_applications=_other_applications(answers, organisations),
        shared_links=_shared_links(answers, links),
    )


def facts_of_call(call: Call) -> dict[str, Any]:
    """What a call says of itself, by its own clock."""
    return {
        "rule_date": call.rule_date,
        "opens_at": call.in_rehearsal_time(call.opens_at) if call.opens_at else None,
        "programme": call.programme.code,
        "zone": call.zone,
    }


def officers_circumstances_of(version: Version) -> Circumstances:
    """For an officer: what all other counting versions, and other profiles, say by now. One query.

    Deadline and rule date are those in force, which may have moved since the version was received.
    """
    stored = Circumstances.from_json(version.circumstances)
    applicants = [
        participant
        for participant in version.document["consortium"]
        if participant["role"] != Role.ASSOCIATED.value
    ]
    organisations = {
        applicant["key"]: int(applicant["organisation"]["id"]) for applicant in applicants
    }
    links = {applicant["key"]: _link_in(applicant["profile"]) for applicant in applicants}
    call = version.proposal.call
    answers = fetch_officer_circumstances(
        call=call.pk,
        proposal=version.proposal_id,
        organisations=list(organisations.values()),
        links=[link for link in links.values() if link],
    )
    return Circumstances(
        deadline=call.in_rehearsal_time(version.proposal.deadline),
        received_at=stored.received_at,
        **facts_of_call(call),
        audience=Audience.OFFICER,
        other_applications=_other_applications(answers, organisations),
        shared_links=_shared_links(answers, links),
    )


def _other_applications(answers: Results, organisations: Mapping[str, int]) -> dict[str, int]:
    """In how many other counting versions of the call each organisation applies."""
    counts = Counter(pk for (applicants,) in answers["applications"] for pk in applicants)
    return {key: counts[pk] for key, pk in organisations.items()}


def _shared_links(answers: Results, links: Mapping[str, str]) -> frozenset[str]:
    """Keys of participants whose platform profile another organisation gives as its own."""
    used_by: dict[str, set[int]] = {}
    for link, organisation_id in answers["links"]:
        used_by.setdefault(folded_address(link or ""), set()).add(organisation_id)
    folded = {key: folded_address(link) for key, link in links.items() if link}
    return frozenset(key for key, link in folded.items() if len(used_by.get(link, ())) > 1)


def _link_in(profile: Mapping[str, Any]) -> str:
    return str(profile.get("registration", {}).get("profile_link") or "")


def facts_of(dossier: dict[str, Any], circumstances: Circumstances) -> ProposalFacts:
    """What rules may know of a dossier, in draft or frozen."""
    return ProposalFacts(
        strand=dossier["strand"],
        deadline=circumstances.deadline,
        received_at=circumstances.received_at,
        rule_date=circumstances.rule_date,
        opens_at=circumstances.opens_at if circumstances.received_at else None,
        programme=circumstances.programme,
        zone=circumstances.zone,
        audience=circumstances.audience,
        participants=participants_in(dossier, circumstances),
        files=tuple(
            FileFacts(
                slot=file["slot"],
                name=file["name"],
                pages=file["pages"],
                problem=file.get("problem", ""),
            )
            for file in dossier["files"]
        ),
        activities=tuple(_activity(activity, dossier) for activity in dossier["activities"]),
        deliverables=tuple(
            _deliverable(deliverable, dossier) for deliverable in dossier["deliverables"]
        ),
        indicators=tuple(
            IndicatorFacts(
                name=item["name"],
                baseline=item["baseline"],
                target=item["target"],
                unit=item["unit"],
                verification=item["verification"],
            )
            for item in dossier["scoreboard"]
        ),
        markets=tuple(
            MarketFacts(country=market["country"], region=market["region"])
            for market in dossier["markets"]
        ),
        duration_months=dossier["summary"]["duration_months"],
        stated_total_costs=_stated(dossier["budget"]["total_costs"]),
        stated_total_grant=_stated(dossier["budget"]["total_grant"]),
    )


def _stated(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def _activity(row: dict[str, Any], dossier: dict[str, Any]) -> ActivityFacts:
    months = months_of(row)
    keys = {participant["key"] for participant in dossier["consortium"]}
    lead = row.get("lead", "")
    return ActivityFacts(
        title=row["title"],
        objective=row["objective"],
        justification=row["justification"],
        first_month=months[0] if months else None,
        last_month=months[1] if months else None,
        led_by=lead if lead in keys else "",
        is_planned=is_planned(row),
    )


def _deliverable(row: dict[str, Any], dossier: dict[str, Any]) -> DeliverableFacts:
    described = bool(row["text"].strip()) or any(
        file["slot"] == row["code"] and file["pages"] and not file.get("problem")
        for file in dossier["files"]
    )
    return DeliverableFacts(
        code=row["code"],
        title=row["title"],
        present=described,
        is_scoreboard=row["is_scoreboard"],
        month=row.get("month"),
    )


def participants_in(
    dossier: dict[str, Any], circumstances: Circumstances | None = None
) -> tuple[ParticipantFacts, ...]:
    """Who takes part; without circumstances, all but what other proposals and profiles say of them."""
    shared = circumstances.shared_links if circumstances else frozenset()
    others = circumstances.other_applications if circumstances else None
    return tuple(_participant(participant, shared, others) for participant in dossier["consortium"])


def _participant(
    row: dict[str, Any], shared_links: frozenset[str], others: Mapping[str, int] | None
) -> ParticipantFacts:
    organisation, profile = row["organisation"], row["profile"]
    registration = profile.get("registration", {})
    services = profile.get("services", {})
    independent = services.get("independent")
    status = registration.get("status")
    return ParticipantFacts(
        key=row["key"],
        organisation=organisation["id"],
        name=organisation["cluster_name"] or organisation["legal_name"],
        legal_name=organisation["legal_name"],
        acronym=organisation["acronym"],
        role=Role(row["role"]),
        has_agreed=row.get("agreed", True),
        kind=OrganisationKind(organisation["kind"]) if organisation["kind"] else None,
        cluster_name=organisation["cluster_name"].strip(),
        country=organisation["country"],
        pic=organisation["pic"],
        website=organisation["website"],
        registration=Registration(status) if status else None,
        profile_link=(registration.get("profile_link") or "").strip(),
        profile_link_shared=row["key"] in shared_links,
        planned_on=registration.get("planned_on") or "",
        profile_missing=tuple(row["profile_missing"]),
        description_present=bool(row["description"].strip()),
        members=_members(profile.get("members", {})),
        services=tuple(services_in(services)),
        independent_members={"yes": True, "no": False}.get(independent),
        cites_2006_definition=services.get("definition") == "2006",
        control=Control(row["control"]) if row.get("control") else None,
        controlled_by=row["controlled_by"],
        other_applications=None if others is None else others.get(row["key"], 0),
        budget=BudgetFacts(
            eligible_costs=sum((Decimal(row["budget"][kind]) for kind in COST_KINDS), Decimal(0)),
            requested_grant=Decimal(row["budget"]["grant"]),
        ),
    )


def _members(members: dict[str, Any]) -> MemberFacts:
    return MemberFacts(
        total=members.get("total"),
        small_or_medium=members.get("smes"),
        large=members.get("large"),
        research=members.get("research"),
        other=members.get("other"),
    )


def readable(verdict: Verdict, dossier: dict[str, Any]) -> Verdict:
    """The verdict on a dossier as people read it: every finding names its participant."""
    return readable_verdict(verdict, participants_in(dossier))


@dataclass(frozen=True)
class Judgement:
    """A verdict with all that it was made by: enough to make it again anywhere."""

    verdict: Verdict
    facts: ProposalFacts
    rule_set: RuleSet
    countries: CountrySet


def judge(proposal: Proposal, dossier: dict[str, Any], circumstances: Circumstances) -> Judgement:
    """The judgement of the proposal's call on a dossier in its circumstances."""
    call = proposal.call
    facts = facts_of(dossier, circumstances)
    countries = call.programme.country_set()
    verdict = screen(facts, call.rule_set, countries)
    return Judgement(verdict, facts, call.rule_set, countries)


def facts_of_draft(draft: Draft, *, received_at: datetime | None, reader: User) -> ProposalFacts:
    circumstances = circumstances_of(draft, received_at=received_at, reader=reader)
    return facts_of(dossier_of(draft), circumstances)


def judge_draft(draft: Draft, *, received_at: datetime | None, reader: User) -> Verdict:
    """What the rules would say to this reader if the draft were received now."""
    facts = facts_of_draft(draft, received_at=received_at, reader=reader)
    call = draft.proposal.call
    return screen(facts, call.rule_set, call.programme.country_set())


def judge_alone(draft: Draft) -> Verdict:
    """What the rules say of the draft by itself: without other proposals and profiles, and without a query.

    For pages that show how far a draft is. Only `judge_draft` says what a submission would meet.
    """
    call = draft.proposal.call
    circumstances = Circumstances(
        deadline=call.in_rehearsal_time(draft.proposal.deadline),
        received_at=None,
        **facts_of_call(call),
    )
    facts = facts_of(dossier_of(draft), circumstances)
    return screen(facts, call.rule_set, call.programme.country_set())


def organisations_of(dossier: dict[str, Any]) -> list[int]:
    """Registry numbers of the applicants, to find who applies twice."""
    applicants = (
        participant
        for participant in dossier["consortium"]
        if participant["role"] != Role.ASSOCIATED.value
    )
    return sorted({int(applicant["organisation"]["id"]) for applicant in applicants})


def countries_of(dossier: dict[str, Any]) -> list[str]:
    applicants = (
        participant
        for participant in dossier["consortium"]
        if participant["role"] != Role.ASSOCIATED.value
    )
    return sorted({applicant["organisation"]["country"] for applicant in applicants})


def files_of(version: Version, dossier: dict[str, Any]) -> list[dict[str, Any]]:
    """The files that a version binds, each with the row that keeps its bytes."""
    rows = {row.sha256: row for row in version.proposal.files.all()}
    return [file | {"row": rows[file["sha256"]]} for file in dossier["files"]]
