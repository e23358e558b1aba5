"""CPU that single pages take, and an applicant's whole way from signing in to a submission.

Measured in one process, as time of the processor and not of a clock, so that other work on the machine counts
little; beside it a bare view that renders a template, in the same run.
"""

import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from cosme_portal.bench.report import baseline, row

TURNS = 15
OWN_PROPOSALS = 5
PASSWORD = "a long pass phrase for the bench"  # noqa: S105 -- of nobody
# Milliseconds of CPU in the web process on the machine of the first measurements.
MOST = {"my work": 12, "step": 9, "check": 10, "overview": 10, "case list": 25, "sheet": 30}
FLOW_MOST, FLOW_MOST_SIGNED_IN = 120, 80
_TO_ACKNOWLEDGE = re.compile(r'name="acknowledged"[^>]* value="([^"]*)"')


def the_pages(call: Any) -> Iterator[bool]:
    """The pages of a lead who has several proposals, and the pages of an officer."""
    from cosme_portal.bench import officers  # noqa: PLC0415 -- after set-up

    lead, proposals = _lead_with_proposals(call, OWN_PROPOSALS)
    applicant = officers.client_of(lead)
    number = proposals[0].number
    paths = {
        "my work": (applicant, "/proposals/"),
        "step": (applicant, f"/proposals/{number}/steps/summary/"),
        "check": (applicant, f"/proposals/{number}/check/"),
        "overview": (applicant, f"/proposals/{number}/"),
    }
    closed = officers.closed_call(call, officers.FEW)
    officer = officers.client_of(officers.some_officers()[0])
    officer_paths = officers.paths_of(closed)
    paths |= {
        "case list": (officer, officer_paths["list"]),
        "sheet": (officer, officer_paths["sheet"]),
    }
    bare = _page(applicant, "/bench/template/")
    baseline("a bare view renders a template, CPU", f"{bare:.1f} ms")
    for name, (client, path) in paths.items():
        result = _page(client, path)
        text = f"{result:.1f} ms, {result / bare:.1f} x"
        yield row(f"CPU of a page: {name}", text, f"at most {MOST[name]} ms", result <= MOST[name])
    yield from _flow(call, lead, proposals[0])


def _lead_with_proposals(call: Any, count: int) -> tuple[Any, list[Any]]:
    from applicants.models import User  # noqa: PLC0415 -- after set-up
    from cosme_portal import demo_world  # noqa: PLC0415
    from cosme_portal.bench import world  # noqa: PLC0415

    lead = User.objects.create_user("pages@bench.example", PASSWORD, full_name="Bench Lead")
    people = {demo_world.LEAD.email: lead, demo_world.PARTNER.email: lead}
    made = []
    for number in range(count):
        template = demo_world.CONSORTIA[0 if number % 2 == 0 else 3]
        partners = tuple(
            demo_world.Cluster(f"Pages {number} {country}", country) for country in world.PARTNERS
        )
        made.append(demo_world.make_draft(call, replace(template, partners=partners), people))
    return lead, made


def _page(client: Any, path: str) -> float:
    """The median CPU in milliseconds, after the first three turns."""

    def read() -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")

    for _warm in range(3):
        read()
    return statistics.median(_cpu_of(read) for _turn in range(TURNS))


def _cpu_of(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1000


def _flow(call: Any, lead: Any, proposal: Any) -> Iterator[bool]:
    """Sign in, start a proposal, save a step of another one twice, check and submit it: ten requests.

    The client's own work and that of PostgreSQL are in it.
    """
    from allauth.account.models import EmailAddress  # noqa: PLC0415 -- after set-up

    EmailAddress.objects.create(user=lead, email=lead.email, verified=True, primary=True)
    whole, without = [], []
    for _turn in range(TURNS + 2):
        parts = _one_flow(call, lead, proposal)
        whole.append(sum(parts))
        without.append(sum(parts[1:]))
    for name, times, most in (
        ("with sign-in", whole, FLOW_MOST),
        ("without sign-in", without, FLOW_MOST_SIGNED_IN),
    ):
        result = statistics.median(times[2:])
        yield row(
            f"CPU of an applicant's flow, {name}",
            f"{result:.0f} ms",
            f"at most {most} ms",
            result <= most,
        )


def _one_flow(call: Any, lead: Any, proposal: Any) -> tuple[float, float]:
    """The CPU in milliseconds of signing in, and of everything after it."""
    from django.test import Client  # noqa: PLC0415 -- after set-up

    from proposals.models import Section  # noqa: PLC0415

    client = Client(SERVER_NAME="localhost")
    client.get(
        "/bench/template/"
    )  # a client's first request loads the middleware, a server's does once
    start = f"/proposals/start/{call.reference}/3.1/"
    own = proposal.participants.first()

    def sign_in() -> None:
        client.get("/account/login/")
        _is(client.post("/account/login/", {"login": lead.email, "password": PASSWORD}), 302)

    def work() -> None:
        _is(client.get(start), 200)
        _is(client.post(start, {"organisation": own.organisation_id}), 302)
        for _step in range(2):
            path = f"/proposals/{proposal.number}/steps/summary/"
            _is(client.get(path), 200)
            section = Section.objects.get(proposal=proposal, step="summary", participant=None)
            fields = {name: str(value) for name, value in section.answers.items()}
            _is(client.post(path, fields | {"seen_version": section.version}), 302)
        check = f"/proposals/{proposal.number}/check/"
        asked = _TO_ACKNOWLEDGE.findall(client.get(check).content.decode())
        declared = proposal.call.declaration_digest
        ticks = {"acknowledged": asked, "declared": [declared]}
        _is(client.post(check, ticks | {"idempotency_key": [str(uuid4())]}), 200)

    return _everybodys_cpu_of(sign_in), _everybodys_cpu_of(work)


def _is(answer: Any, status: int) -> None:
    if answer.status_code != status:
        raise RuntimeError(f"{answer.request['PATH_INFO']} answers {answer.status_code}")


def _everybodys_cpu_of(work: Callable[[], object]) -> float:
    """In this process and in the PostgreSQL process that serves it."""
    from django.db import connection  # noqa: PLC0415 -- after set-up

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (server,) = cursor.fetchone()
    begun = _seconds_of_process(server)
    own = _cpu_of(work)
    return own + (_seconds_of_process(server) - begun) * 1000


def _seconds_of_process(pid: int) -> float:
    """CPU of another process; the kernel counts in nanoseconds where it has schedstat."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
