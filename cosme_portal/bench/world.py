"""What is measured on: a call that is open now, and proposals of five partners in both strands."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection

from applicants.models import Membership, User
from applicants.sessions import SessionStore
from calls.call_file import read_call_file
from calls.call_import import load_call
from calls.models import Call
from cosme_portal import demo_world
from cosme_portal.management.commands.seed_demo import CALL_FILE
from foundation import clock
from proposals.dossier.document import Draft
from proposals.dossier.facts import judge_draft
from proposals.models import Proposal, Version
from proposals.submission.submit import submit_draft

CLIENTS = 16
PARTNERS = ("DE", "FR", "BE", "NL", "EL")
BACKEND = settings.AUTHENTICATION_BACKENDS[0]


def make_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, text text)")


def open_call() -> Call:
    """The shipped call with dates around the real present, so that no clock has to be moved."""
    content = read_call_file(CALL_FILE)
    moment = clock.real_now()
    content["call"] |= {
        "published_at": moment - timedelta(days=9),
        "opens_at": moment - timedelta(days=9),
        "first_deadline": moment + timedelta(days=90),
        "extensions": [],
    }
    return load_call(content)


def make_proposals(
    call: Call, count: int, *, strand_2_only: bool = False
) -> list[tuple[Proposal, dict[str, str]]]:
    """Complete drafts, half of each strand, each with the cookies of a person who leads it."""
    made = []
    first = User.objects.count()
    for number in range(first, first + count):
        template = demo_world.CONSORTIA[0 if number % 2 == 0 and not strand_2_only else 3]
        partners = tuple(
            demo_world.Cluster(f"Bench {number} {country}", country) for country in PARTNERS
        )
        lead = User.objects.create_user(f"bench{number}@bench.example", full_name="Bench Lead")
        people = {demo_world.LEAD.email: lead, demo_world.PARTNER.email: lead}
        proposal = demo_world.make_draft(call, replace(template, partners=partners), people)
        made.append((proposal, {"sessionid": _session_of(lead)}))
    assert Membership.objects.count() >= count  # noqa: S101 -- every lead can submit
    return made


def submit_until(proposals: list[tuple[Proposal, dict[str, str]]], count: int) -> User:
    """Submit in turns until there are so many versions; returns one of those who did."""
    for number in range(Version.objects.count(), count):
        proposal = Proposal.objects.with_page_parts().get(
            pk=proposals[number % len(proposals)][0].pk
        )
        lead, moment = proposal.started_by, clock.now()
        verdict = judge_draft(Draft(proposal), received_at=moment, reader=lead)
        submit_draft(
            proposal,
            by=lead,
            received_at=moment,
            idempotency_key=uuid4(),
            acknowledged=[finding.name for finding in verdict.to_acknowledge],
            declared=proposal.call.declaration_digest,
        )
    return proposals[0][0].started_by


def _session_of(user: User) -> str:
    session: Any = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
