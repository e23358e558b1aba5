"""Made-up submitted proposals of one call, to try the back office on many; never in production.

They are marked as demonstration data. What differs between them is what officers meet: countries that count
and that do not, amounts over a ceiling, texts that are missing, organisations in two consortia.
"""

import random
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from applicants.models import Organisation, User
from calls.eligibility import canonical
from calls.models import Call, Strand
from foundation import clock
from proposals.delivery import outbox
from proposals.dossier.declarations import with_declaration
from proposals.dossier.document import FORMAT
from proposals.dossier.facts import Circumstances, countries_of, judge, organisations_of
from proposals.models import OutboxMessage, Participant, Proposal, Version
from proposals.proof import ledger
from proposals.submission.submit import sha256_hex, store_verdict

# Most of them count; Albania had only signed, Switzerland takes no part.
COUNTRIES = (
    "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK UK IS AL CH"
).split()
MARKETS = "US JP CN BR IN CA MX KR SG ZA".split()
FIELDS = (
    "Photon Agro Nano Bio Aero Textile Wood Food Water Smart Marine Health Mobility Energy".split()
)
KINDS = "Bridge Alliance Path Link Go Global Reach Partners Network Route".split()
AT_ONCE = 100
TAIL = timedelta(hours=30)  # half of them come within some twenty hours before the deadline


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=40, help="how many, at most 20,000")
        parser.add_argument(
            "--partners", type=int, default=5, help="partners per proposal, 3 to 12"
        )
        parser.add_argument("--call", default="COS-CLUSTER-2014-3-03", help="reference of the call")
        parser.add_argument(
            "--receipts", action="store_true", help="let workers create proofs of submission"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IN_PRODUCTION:
            raise CommandError(
                "This portal is in production, so sample proposals cannot be created."
            )
        count, partners = options["count"], options["partners"]
        if not (1 <= count <= 20_000 and 3 <= partners <= 12):
            raise CommandError(
                "Choose between 1 and 20,000 proposals and between 3 and 12 partners."
            )
        calls = Call.objects.select_related("programme").prefetch_related("strands__deliverables")
        call = calls.filter(reference=options["call"]).first()
        if call is None:
            raise CommandError(f"The call {options['call']} does not exist.")
        maker = _Maker(call, partners, receipts=options["receipts"])
        for start in range(0, count, AT_ONCE):
            with transaction.atomic():
                for _number in range(start, min(start + AT_ONCE, count)):
                    maker.make()
        self.stdout.write(f"{count} proposals with {partners} partners submitted.")


class _Maker:
    """Makes one after the other; equal numbers give equal texts, but never equal proposal numbers."""

    def __init__(self, call: Call, partners: int, *, receipts: bool) -> None:
        self.chance = random.Random(call.reference)
        self.call = call
        self.strands = list(call.strands.all())
        self.partners = partners
        self.receipts = receipts
        self.lead, _made = User.objects.get_or_create(
            email="made-up@demo.example", defaults={"full_name": "Made-up Lead", "is_active": False}
        )
        self.organisations = list(self._organisations())

    def _organisations(self) -> Iterator[Organisation]:
        for country in COUNTRIES:
            for number, field in enumerate(FIELDS, start=1):
                organisation, _made = Organisation.objects.get_or_create(
                    legal_name=f"{field} Cluster {number} {country}",
                    defaults={
                        "kind": Organisation.Kind.CLUSTER,
                        "country": country,
                        "created_at": clock.now(),
                        "is_demonstration": True,
                    },
                )
                yield organisation

    def make(self) -> Version:
        strand = self.chance.choice(self.strands)
        strand.call = self.call
        received_at = self.call.deadline - timedelta(
            seconds=1 + int(self.chance.expovariate(1 / TAIL.total_seconds()))
        )
        proposal = Proposal.objects.create(
            strand=strand,
            started_at=received_at - timedelta(days=20),
            started_by=self.lead,
            is_demonstration=True,
        )
        members = self.chance.sample(self.organisations, self.partners)
        self._take_in(proposal, members)
        with clock.frozen_at(received_at):
            return self._submit(proposal, self._dossier(proposal, strand, members), received_at)

    def _take_in(self, proposal: Proposal, members: list[Organisation]) -> None:
        roles = Participant.RoleChoices
        Participant.objects.bulk_create(
            Participant(
                proposal=proposal,
                organisation=organisation,
                key=f"p{place}",
                role=roles.COORDINATOR if place == 1 else roles.PARTNER,
                position=place,
                agreed_at=proposal.started_at,
            )
            for place, organisation in enumerate(members, start=1)
        )

    def _submit(
        self, proposal: Proposal, dossier: dict[str, Any], received_at: datetime
    ) -> Version:
        circumstances = Circumstances(deadline=self.call.deadline, received_at=received_at)
        judgement = judge(proposal, dossier, circumstances)
        asked = self.call.declaration_asked
        text = canonical(with_declaration(dossier, asked, at=received_at))
        version = Version.objects.create(
            proposal=proposal,
            number=1,
            dossier=text,
            acronym=dossier["summary"]["acronym"],
            sha256=sha256_hex(text),
            circumstances=circumstances.as_json(),
            acknowledged=[finding.name for finding in judgement.verdict.to_acknowledge],
            countries=countries_of(dossier),
            organisations=organisations_of(dossier),
            received_at=received_at,
            committed_at=received_at + timedelta(milliseconds=40),
            submitted_by=self.lead,
            idempotency_key=uuid4(),
        )
        store_verdict(version, judgement)
        ledger.queue_record_of(version)
        if self.receipts:
            outbox.enqueue(version, OutboxMessage.Kind.RECEIPT)
        return version

    def _dossier(
        self, proposal: Proposal, strand: Strand, members: list[Organisation]
    ) -> dict[str, Any]:
        name = f"{self.chance.choice(FIELDS)}{self.chance.choice(KINDS)}"
        share = 44_000 if strand.number == 1 else 95_000
        if self.chance.random() < 0.1:  # one in ten asks for too much
            share *= 3
        lines = [_line(share * 3 // self.partners) for _one in members]
        grant = sum(line["grant"] for line in lines)
        costs = sum(sum(line.values()) - line["grant"] for line in lines)
        objective = strand.objectives[0]["code"] if strand.objectives else ""
        markets = self.chance.sample(MARKETS, 2)
        months = self.chance.choice([12, 18, 24, 24, 30])
        return {
            "format": FORMAT,
            "call": self.call.reference,
            "strand": strand.code,
            "proposal": proposal.number,
            "summary": {
                "acronym": f"{name} {self.chance.randrange(10, 99)}",
                "title": f"{name}: small and medium-sized enterprises to {' and '.join(markets)}",
                "abstract": "Demonstration text. The partners go to markets beyond Europe together.",
                "duration_months": months,
                "partnership": {"name": name, "since": 2012, "text": "Agreed in 2012."}
                if strand.needs_established_partnership
                else None,
            },
            "consortium": [
                self._participant(place, organisation, line)
                for place, (organisation, line) in enumerate(
                    zip(members, lines, strict=True), start=1
                )
            ],
            "vision": {
                "vision": "Demonstration text. One European address for our field.",
                "goals": "Three missions, twenty matched enterprises.",
                "emerging_industries": ["digital"],
            },
            "markets": [
                {"country": market, "region": "", "reason": "Demand"} for market in markets
            ],
            "activities": [
                {
                    "title": "Joint missions",
                    "objective": objective,
                    "description": "Demonstration text. Two missions and a report.",
                    "justification": self.chance.choice(["Members asked for it.", "Surveyed.", ""]),
                    "first_month": 1,
                    "last_month": months,
                    "lead": "p1",
                    "partners": [f"p{place}" for place in range(2, len(members) + 1)],
                    "deliverables": [],
                }
            ],
            "deliverables": [
                {
                    "code": deliverable.code,
                    "title": deliverable.title,
                    "is_scoreboard": deliverable.is_scoreboard,
                    "text": "Demonstration text.",
                    "month": 6,
                }
                for deliverable in strand.deliverables.all()
            ],
            "scoreboard": [
                {
                    "name": "Matches",
                    "baseline": "0",
                    "target": "20",
                    "unit": "contracts",
                    "verification": "Copies",
                }
            ]
            if any(deliverable.is_scoreboard for deliverable in strand.deliverables.all())
            else [],
            "files": [],
            "budget": {"total_costs": f"{costs}.00", "total_grant": f"{grant}.00"},
        }

    def _participant(
        self, place: int, organisation: Organisation, line: dict[str, int]
    ) -> dict[str, Any]:
        roles = Participant.RoleChoices
        return {
            "key": f"p{place}",
            "role": (roles.COORDINATOR if place == 1 else roles.PARTNER).value,
            "organisation": {
                "id": str(organisation.pk),
                "legal_name": organisation.legal_name,
                "cluster_name": "",
                "acronym": "",
                "kind": organisation.kind,
                "country": organisation.country,
                "region": "",
                "town": "",
                "website": "",
                "pic": "",
            },
            "control": "nobody",
            "controlled_by": "",
            "profile": self._profile(organisation),
            "profile_missing": [],
            "description": "Demonstration text. It brings together independent enterprises, and offers "
            "matchmaking, training and market intelligence to businesses.",
            "task": "Leads the work on one target market.",
            "budget": {kind: f"{amount}.00" for kind, amount in line.items()},
        }

    def _profile(self, organisation: Organisation) -> dict[str, Any]:
        status = self.chance.choice(["registered", "registered", "planned"])
        link = f"https://platform.example/profiles/{organisation.pk}"
        return {
            "identity": {"legal_form": "Association", "founded": 2006, "description": "A cluster."},
            "registration": {
                "status": status,
                "profile_link": link if status == "registered" else "",
                "planned_on": self.chance.choice(["2015-06-01", None])
                if status == "planned"
                else None,
            },
            "members": {
                "total": 60,
                "smes": 40,
                "large": 5,
                "research": 10,
                "other": 5,
                "staff": "4",
            },
            "services": {
                "offered": ["matchmaking", "training"],
                "channelled": [],
                "independent": self.chance.choice(["yes", "yes", "yes", "yes", "no"]),
                "elements": ["C1", "C2", "C3", "C4", "C7", "C9", "C12"],
                "how": "Demonstration text. Independent members share knowledge and projects.",
                "definition": "2014",
            },
        }


def _line(share: int) -> dict[str, int]:
    """A line of the budget whose grant is 74 % of the costs."""
    return {
        "staff": share * 60 // 100,
        "travel": share * 20 // 100,
        "subcontracting": share * 5 // 100,
        "other": share * 8 // 100,
        "indirect": share * 7 // 100,
        "grant": share * 74 // 100,
    }
