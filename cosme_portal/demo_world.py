"""The demonstration's world: real organisations and consortia, invented figures and texts.

Organisations and consortia are those of the first projects under this call, as they were published;
everything else about them here is made up and marked as demonstration data. All of it goes through the
portal's own functions, at moments of spring 2015, so nothing is in a state that users cannot reach.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from applicants.models import Membership, Organisation, ProfileSection, User
from applicants.profile import PROFILE_STEPS
from applicants.step_storage import save_step
from calls.eligibility.facts import Role
from calls.models import Call, Strand
from cosme_portal.demo_partners import make_requests
from foundation import clock
from proposals.consortium import drafts
from proposals.consortium import participants as drafting
from proposals.consortium.assignments import assign_step
from proposals.dossier.agreement import agree
from proposals.dossier.document import Draft
from proposals.dossier.facts import judge_draft
from proposals.models import Proposal
from proposals.officers.rights import (
    AUDITORS,
    CALL_MANAGERS,
    HELPDESK,
    OPERATORS,
    SCREENING_OFFICERS,
)
from proposals.steps.forms import VisionForm
from proposals.submission.submit import submit_draft
from proposals.workspace import comments

BRUSSELS = ZoneInfo("Europe/Brussels")
PASSWORD = "cluster-go-2015"  # noqa: S105 -- printed on the demonstration's own login page


@dataclass(frozen=True)
class Account:
    email: str
    full_name: str
    who: str
    group: str = ""


LEAD = Account("lead@demo.example", "Lina Vaitkutė", "Coordinator of six consortia")
PARTNER = Account("partner@demo.example", "Paul Moreau", "Partner for OpticsValley and Biocat")
OFFICER = Account("officer@demo.example", "Ólafur Jónsson", "Screening officer", SCREENING_OFFICERS)
SECOND_OFFICER = Account(
    "second@demo.example", "Chiara Greco", "Second officer, confirms decisions", SCREENING_OFFICERS
)
OPERATOR = Account(
    "operator@demo.example",
    "Mats Lind",
    "Operator, sees the task queue but no proposals",
    OPERATORS,
)
MANAGER = Account(
    "manager@demo.example",
    "Ilse Maes",
    "Call manager, sets up calls and assigns cases",
    CALL_MANAGERS,
)
AUDITOR = Account(
    "auditor@demo.example", "Andrej Novak", "Auditor, read-only access to everything", AUDITORS
)
HELPER = Account(
    "help@demo.example", "Hana Dvořáková", "Helpdesk, enquiries and accounts only", HELPDESK
)
ACCOUNTS = (LEAD, PARTNER, OFFICER, SECOND_OFFICER, MANAGER, AUDITOR, HELPER, OPERATOR)


@dataclass(frozen=True)
class Cluster:
    name: str
    country: str
    region: str = ""
    legal_name: str = ""
    sectors: tuple[str, ...] = ("business-services",)
    industry: str = "digital"


@dataclass(frozen=True)
class Consortium:
    """`stage` is "begun", "ready" (three clicks from submission) or "submitted"."""

    strand: str
    acronym: str
    title: str
    stage: str
    partners: tuple[Cluster, ...]
    markets: tuple[str, ...]
    industry: str
    associated: tuple[Cluster, ...] = field(default=())


CONSORTIA = (
    Consortium(
        "3.1", "LASER-GO", "Strategic cluster partnership in photonics for health", "ready",
        (
            Cluster(
                "LITEK", "LT", "Vilnius",
                legal_name="Science and Technology Park of Institute of Physics",
                sectors=("information-technology-and-analytical-instruments",),
            ),
            Cluster("OpticsValley", "FR", "Île-de-France"),
            Cluster("Human.technology Styria", "AT", "Styria"),
        ),
        ("MY", "SG", "US", "CA"), "medical-devices",
    ),
    Consortium(
        "3.1", "AdPack", "Future materials and products for advanced smart packaging", "submitted",
        (
            Cluster("BalticNet-PlasmaTec", "DE", "Mecklenburg-Western Pomerania"),
            Cluster("Nanoprogress", "CZ"),
            Cluster("InovCluster", "PT", "Centro"),
            Cluster("Packbridge", "SE", "Skåne"),
            Cluster("Plastiwin", "BE", "Wallonia"),
        ),
        ("US", "JP"), "advanced-packaging",
    ),
    Consortium(
        "3.1", "MOVE", "Moving the Future", "begun",
        (
            Cluster("Canarian Cluster for Transport and Logistics", "ES", "Canary Islands"),
            Cluster("Bulgarian Communication Cluster", "BG"),
        ),
        ("BR", "MA"), "logistical",
    ),
    Consortium(
        "3.2", "bioXclusters plus", "Personalised health goes international", "ready",
        (
            Cluster("Lyonbiopole", "FR", "Auvergne-Rhône-Alpes", sectors=("biopharmaceuticals",)),
            Cluster("Biocat", "ES", "Catalonia", sectors=("biopharmaceuticals",)),
            Cluster("BioM", "DE", "Bavaria", sectors=("biopharmaceuticals",)),
            Cluster(
                "bioPmed", "IT", "Piedmont",
                legal_name="Bioindustry Park Silvano Fumero", sectors=("biopharmaceuticals",),
            ),
        ),
        ("US", "CN", "BR", "JP"), "biopharmaceuticals",
    ),
    Consortium(
        "3.2", "Silicon Europe Worldwide", "European micro- and nanoelectronics worldwide", "submitted",
        (
            Cluster("Silicon Saxony", "DE", "Saxony"),
            Cluster("Minalogic", "FR", "Auvergne-Rhône-Alpes"),
            Cluster("DSP Valley", "BE", "Flanders"),
            Cluster("High Tech NL", "NL"),
            Cluster("CORALLIA mi-Cluster", "EL", "Attica"),
            Cluster(
                "Green & High Tech Monza Brianza", "IT", "Lombardy",
                legal_name="Fondazione Distretto Green & High Tech Monza Brianza",
            ),
        ),
        ("TW", "US"), "digital",
    ),
    Consortium(
        "3.2", "EU4SportsClusters Alliance", "European sports clusters together", "begun",
        (
            Cluster("INDESCAT", "ES", "Catalonia"),
            Cluster("Sports & Technology", "NL"),
            Cluster("EPSI", "BE"),
        ),
        ("CN", "US", "IR"), "experience",
    ),
)  # fmt: skip

# In the registry without a proposal, so that a search finds someone to add.
OTHERS = (
    Cluster("Medicen", "FR", "Île-de-France"),
    Cluster("Optence", "DE", "Hesse"),
    Cluster("Green Synergy Cluster", "BG"),
    Cluster("Environmental Technology Cluster", "AT", "Upper Austria"),
    Cluster("Aerospace Clusters Association", "TR", "Izmir"),
    Cluster("Hamburg Aviation", "DE", "Hamburg"),
    Cluster("Vitagora", "FR", "Burgundy"),
)


def is_made() -> bool:
    return User.objects.filter(email=LEAD.email).exists()


def make_world(call: Call) -> None:
    """Everything that the demonstration shows; to be made once."""
    people = {account.email: _person(account) for account in ACCOUNTS}
    with clock.frozen_at(datetime(2015, 2, 9, 10, 0, tzinfo=BRUSSELS)):
        for cluster in OTHERS:
            _organisation(cluster)
    for place, consortium in enumerate(CONSORTIA):
        with clock.frozen_at(datetime(2015, 3, 2 + place, 10, 30, tzinfo=BRUSSELS)):
            proposal = make_draft(call, consortium, people)
        if consortium.stage == "ready":
            with clock.frozen_at(datetime(2015, 4, 10, 14, 5, tzinfo=BRUSSELS)):
                _share(proposal, people)
        if consortium.stage == "submitted":
            with clock.frozen_at(datetime(2015, 4, 20, 11 + place, 7, 42, 318000, tzinfo=BRUSSELS)):
                _submit(proposal, by=people[LEAD.email])
    make_requests(call)


def _person(account: Account) -> User:
    user = User.objects.create_user(
        account.email, PASSWORD, full_name=account.full_name, is_staff=bool(account.group)
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if account.group:
        user.groups.add(Group.objects.get(name=account.group))
    return user


def _organisation(cluster: Cluster) -> Organisation:
    runs = bool(cluster.legal_name)
    organisation, _created = Organisation.objects.get_or_create(
        legal_name=cluster.legal_name or cluster.name,
        defaults={
            "cluster_name": cluster.name if runs else "",
            "kind": Organisation.Kind.RUNS_CLUSTER if runs else Organisation.Kind.CLUSTER,
            "country": cluster.country,
            "region": cluster.region,
            "created_at": clock.now(),
            "is_demonstration": True,
        },
    )
    return organisation


def make_draft(call: Call, consortium: Consortium, people: dict[str, User]) -> Proposal:
    lead, partner = people[LEAD.email], people[PARTNER.email]
    organisations = [_organisation(cluster) for cluster in consortium.partners]
    Membership.objects.get_or_create(user=lead, organisation=organisations[0])
    for organisation in organisations[1:]:
        if organisation.name in {"OpticsValley", "Biocat"}:
            Membership.objects.get_or_create(user=partner, organisation=organisation)
    strand = call.strands.get(code=consortium.strand)
    strand.call = call
    proposal = drafts.start_draft(strand, organisation=organisations[0], by=lead)
    Proposal.objects.filter(pk=proposal.pk).update(is_demonstration=True)
    for number, organisation in enumerate(organisations[1:], start=1):
        participant = drafting.add_participant(
            proposal,
            drafting.NewParticipant(organisation, Role.PARTNER),
            seen_version=number,
            by=lead,
        )
        agree(participant)
    _save(proposal, "summary", _summary(consortium, strand), by=lead)
    if consortium.stage != "begun":
        for organisation, cluster in zip(organisations, consortium.partners, strict=True):
            _profile(organisation, cluster, consortium, by=lead)
        _write(proposal, strand, consortium, by=lead)
    return proposal


def _save(
    proposal: Proposal, step: str, answers: dict[str, Any], *, by: User, of: Any = None
) -> None:
    section = drafts.section_of(proposal, step, of)
    drafts.save_section(proposal, section, answers=answers, seen_version=section.version, by=by)


def _share(proposal: Proposal, people: dict[str, User]) -> None:
    """The second partner writes about the markets, and is asked for something."""
    lead, partner = people[LEAD.email], people[PARTNER.email]
    second = proposal.participants.select_related("organisation").get(key="p2")
    assign_step(proposal, step="vision", title=str(VisionForm.title), participant=second, by=lead)
    comments.add_comment(
        proposal,
        step="vision",
        key="",
        by=lead,
        text=f"@{partner}, could you add why your members want the first of these markets?",
    )


def _summary(consortium: Consortium, strand: Strand) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "acronym": consortium.acronym,
        "title_text": consortium.title,
        "abstract": "Demonstration text. The partners join forces to take small and medium-sized "
        "enterprises to markets beyond Europe: a joint strategy, first partners there, and services "
        "that continue after the project.",
        "duration_months": 18 if strand.number == 1 else 24,
    }
    if strand.needs_established_partnership:
        answers |= {
            "partnership_name": f"{consortium.acronym} partnership",
            "partnership_since": 2012,
            "partnership_text": "Demonstration text. The partners have worked together under an "
            "agreement since 2012 and have a joint internationalisation strategy.",
        }
    return answers


def _write(proposal: Proposal, strand: Strand, consortium: Consortium, *, by: User) -> None:
    participants = list(proposal.participants.select_related("organisation"))
    for participant in participants:
        text = (
            f"Demonstration text. {participant.organisation.name} brings together independent enterprises, "
            "research organisations and universities. It offers matchmaking, market intelligence "
            "and support for going international, and channels financial advice from partners."
        )
        task = (
            "Leads the work on one target market."
            if not participant.is_coordinator
            else "Coordinates."
        )
        _save(proposal, "descriptions", {"description": text, "task": task}, by=by, of=participant)
    _save(
        proposal,
        "vision",
        {
            "vision": "Demonstration text. One European address for our field: partners abroad meet "
            "one alliance with a common offer instead of individual regions.",
            "goals": "Three missions, twenty matched enterprises and one lasting agreement in each "
            "target market.",
            "emerging_industries": [consortium.industry],
            "markets": [
                {
                    "country": code,
                    "region": "",
                    "reason": "Demand from our members, and a partner on site.",
                }
                for code in consortium.markets
            ],
        },
        by=by,
    )
    objectives = [objective["code"] for objective in strand.objectives]
    codes = [deliverable.code for deliverable in strand.deliverables.all()]
    keys = list(proposal.participants.values_list("key", flat=True))
    _save(
        proposal,
        "activities",
        {
            "activities": [
                {
                    "title": title,
                    "objective": objectives[place % len(objectives)],
                    "description": "Demonstration text. Two workshops, one mission and a report.",
                    "justification": "Members asked for it in a survey; no partner can do it alone.",
                    **_plan(place, keys, codes),
                }
                for place, title in enumerate(
                    ("Mapping of strategic partners", "Joint missions", "Agreement on services")
                )
            ]
        },
        by=by,
    )
    deliverables: dict[str, Any] = {}
    for month, deliverable in enumerate(strand.deliverables.all(), start=2):
        deliverables[f"text_{deliverable.code}"] = (
            f"Demonstration text. {deliverable.title}: drafted by the coordinator, agreed by all."
        )
        deliverables[f"month_{deliverable.code}"] = month * 4
    if any(deliverable.is_scoreboard for deliverable in strand.deliverables.all()):
        deliverables["indicators"] = [
            {
                "name": "Enterprises with a new partner beyond Europe",
                "baseline": "12",
                "target": "60",
                "unit": "enterprises",
                "verification": "Signed letters of intent",
            },
            {
                "name": "Joint missions",
                "baseline": "1",
                "target": "6",
                "unit": "missions",
                "verification": "Lists of participants",
            },
        ]
    _save(proposal, "deliverables", deliverables, by=by)
    _save(proposal, "budget", _budget(strand, [item.key for item in participants]), by=by)


MONTHS = ((1, 6), (4, 15), (10, 18))  # of the activities


def _plan(place: int, keys: list[str], codes: list[str]) -> dict[str, Any]:
    """When an activity runs, who leads it with whom, and to which deliverable it leads."""
    first, last = MONTHS[place]
    lead = keys[place % len(keys)]
    return {
        "first_month": first,
        "last_month": last,
        "lead": lead,
        "partners": [key for key in keys if key != lead],
        "deliverables": codes[place : place + 1],
    }


def _budget(strand: Strand, keys: list[str]) -> dict[str, Any]:
    """Lines that stay below ceiling and rate."""
    share = 40_000 if strand.number == 1 else 90_000
    line = {
        "staff": share * 60 // 100,
        "travel": share * 20 // 100,
        "subcontracting": share * 5 // 100,
        "other": share * 8 // 100,
        "indirect": share * 7 // 100,
        "grant": share * 74 // 100,
    }
    return {f"{kind}_{key}": f"{amount}.00" for key in keys for kind, amount in line.items()}


def _profile(
    organisation: Organisation, cluster: Cluster, consortium: Consortium, *, by: User
) -> None:
    answers: dict[str, dict[str, Any]] = {
        "identity": {
            "legal_form": "Association", "founded": 2006, "street": "Demonstration street 1",
            "postcode": "1000 Demo", "nuts": "",
            "description": f"Demonstration text. {cluster.name} supports its members in innovation.",
        },
        "registration": {
            "status": "registered",
            "profile_link": f"https://platform.example/profiles/{organisation.pk}",
            "planned_on": None,
        },
        "members": {
            "total": 120, "smes": 84, "large": 14, "research": 16, "other": 6,
            "kinds": ["smes", "large", "research"], "staff": "6.50",
        },
        "sectors": {
            "sectors": list(cluster.sectors), "emerging_industries": [consortium.industry],
            "technologies": [],
        },
        "services": {
            "offered": ["matchmaking", "internationalisation", "training"],
            "channelled": ["intelligence"], "other_service": "", "independent": "yes",
            "elements": ["C1", "C2", "C3", "C4", "C7", "C8", "C9", "C11", "C12"],
            "how": "Demonstration text. Independent members share facilities, knowledge and projects.",
            "definition": "2014",
        },
        "markets": {
            "third_markets": list(consortium.markets), "markets_in_europe": "",
            "label": "silver", "label_date": "2014-05-12",
        },
        "contact": {
            "contact_name": f"Office of {cluster.name}", "contact_function": "Demonstration contact",
            "contact_email": f"office{organisation.pk}@demo.example", "contact_telephone": "",
        },
    }  # fmt: skip
    for form in PROFILE_STEPS:
        section, _created = ProfileSection.objects.get_or_create(
            organisation=organisation, step=form.slug
        )
        save_step(section, answers=answers[form.slug], seen_version=section.version, by=by)


def _submit(proposal: Proposal, *, by: User) -> None:
    moment = clock.now()
    fresh = Proposal.objects.with_page_parts().get(pk=proposal.pk)
    verdict = judge_draft(Draft(fresh), received_at=moment, reader=by)
    submit_draft(
        fresh,
        by=by,
        received_at=moment,
        idempotency_key=uuid5(NAMESPACE_URL, fresh.number),
        acknowledged=[finding.name for finding in verdict.to_acknowledge],
        declared=fresh.call.declaration_digest,
    )
