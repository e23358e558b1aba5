"""Partner search with 1,000 and with 50,000 requests of 20,000 organisations, beside the same SQL alone."""

import random
import statistics
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cosme_portal.bench.report import baseline, row, seconds_of

FEW, MANY, ORGANISATIONS = 1000, 50_000, 20_000
TURNS = 40
PATH = "/partners/?q=fotonik+members&country=FR&sector=medical-devices&kind=looking"
COUNTRIES = (
    "FR",
    "DE",
    "LT",
    "PL",
    "IT",
    "ES",
    "EL",
    "NO",
    "IS",
    "UK",
    "NL",
    "SE",
    "FI",
    "AT",
    "CH",
)
WORDS = (
    "photonics cluster members market export hydrogen textile food maritime robotics health wood packaging "
    "mobility sensors training alliance innovation digital creative water steel ceramics software biotech "
    "logistics tourism energy recycling machinery"
).split()


def partner_search(call: Any) -> Iterator[bool]:
    """p95 of a search with a misspelt word, three facets and all counts; its plan; how it grows."""
    from django.test import Client  # noqa: PLC0415 -- after set-up

    client = Client(SERVER_NAME="localhost")
    organisations = _organisations()
    _requests(call, organisations, FEW)
    few = _p95(lambda: client.get(PATH))
    _requests(call, organisations, MANY - FEW)
    statements = _statements(client)
    alone = _p95(lambda: _run(statements))
    baseline(f"the {len(statements)} statements of a search alone, p95", f"{alone * 1000:.0f} ms")
    many = _p95(lambda: client.get(PATH))
    text = f"{many * 1000:.0f} ms, {many / alone:.2f} x"
    yield row(f"Search among {MANY:,} requests, p95", text, "at most 3 x", many <= 3 * alone)
    text = f"{many / few:.2f} x of {FEW:,}"
    yield row("How it grows", text, "less than 4 x", many < 4 * few)
    yield row("Queries of a search", str(len(statements)), "at most 12", len(statements) <= 12)
    plans = _plans(statements)
    uses = all(name in plans for name in ("request_search", "trigram_search"))
    yield row("Its plans use the indexes", "yes" if uses else "no", "yes", uses)


def _organisations() -> list[Any]:
    """So many organisations in many countries, without people."""
    from applicants.models import Organisation  # noqa: PLC0415 -- after set-up

    kinds = ("cluster-organisation", "business-network", "company")
    return Organisation.objects.bulk_create(
        (
            Organisation(
                legal_name=f"Bench organisation {number}",
                kind=kinds[number % len(kinds)],
                country=COUNTRIES[number % len(COUNTRIES)],
            )
            for number in range(ORGANISATIONS)
        ),
        batch_size=2000,
    )


def _requests(call: Any, organisations: list[Any], count: int) -> None:
    """So many more published requests, with words as people choose them: some often, most rarely."""
    from django.db import connection  # noqa: PLC0415 -- after set-up

    from applicants import choices  # noqa: PLC0415
    from foundation import clock  # noqa: PLC0415
    from proposals.models import PartnershipRequest  # noqa: PLC0415
    from proposals.partnering.requests import add_search_words, folded_of  # noqa: PLC0415

    chance, moment = random.Random(count), clock.now()  # noqa: S311 -- a world to measure on
    sectors = [code for code, _name in choices.SECTORS]
    technologies = [code for code, _name in choices.TECHNOLOGIES]
    made = []
    for number in range(count):
        rare = [_rare_word(chance) for _word in range(30)]
        request = PartnershipRequest(
            organisation=chance.choice(organisations),
            call=call,
            kind=chance.choice(("looking", "offering")),
            strands=[chance.choice(("3.1", "3.2"))],
            role="partner",
            title=f"{chance.choice(WORDS)} {chance.choice(WORDS)} {rare[0]}",
            text=" ".join(chance.choices(WORDS, k=3) + rare),
            sectors=chance.sample(sectors, 3),
            technologies=chance.sample(technologies, 1),
            languages=["en"],
            markets=["US"],
            state="published",
            made_at=moment,
            changed_at=moment,
            published_at=moment - timedelta(minutes=number % 5000),
            expires_at=moment + timedelta(days=80),
        )
        request.searchable_text = folded_of(request)
        made.append(request)
    PartnershipRequest.objects.bulk_create(made, batch_size=1000)
    add_search_words(item.searchable_text for item in made)
    with connection.cursor() as cursor:
        cursor.execute(
            "VACUUM ANALYZE"
        )  # as the database's own housekeeping leaves it after a while


def _rare_word(chance: random.Random) -> str:
    """The beginning of one word and the end of another: some twenty thousand different ones."""
    begin, end = chance.choice(WORDS), chance.choice(WORDS)
    return begin[: chance.randint(3, 6)] + end[-chance.randint(3, 6) :]


def _statements(client: Any) -> list[str]:
    from django.db import connection  # noqa: PLC0415 -- after set-up
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    client.get(PATH)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(PATH)
    if answer.status_code != 200 or b'tabindex="-1">0 ' in answer.content:
        raise RuntimeError(f"{PATH} answers {answer.status_code} and finds nothing")
    return [query["sql"] for query in captured.captured_queries]


def _run(statements: list[str]) -> None:
    from django.db import connection  # noqa: PLC0415 -- after set-up

    with connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
            cursor.fetchall()


def _plans(statements: list[str]) -> str:
    """How PostgreSQL runs each of them."""
    from django.db import connection  # noqa: PLC0415 -- after set-up

    lines = []
    with connection.cursor() as cursor:
        for sql in statements:
            if "proposals_" in sql:
                cursor.execute("EXPLAIN " + sql)
                lines += [line for (line,) in cursor.fetchall()]
    return "\n".join(lines)


def _p95(work: Any) -> float:
    work()
    times = [seconds_of(work) for _turn in range(TURNS)]
    return statistics.quantiles(times, n=20)[-1]
