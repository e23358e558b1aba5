"""Pages of the back office with 50 and with 5,000 proposals, beside a plain list of the same table."""

import statistics
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

from cosme_portal.bench.report import baseline, row, seconds_of

FEW, MANY = 50, 5000
TURNS = 40
REFERENCE = "BENCH-OFFICE"
OFFICERS = 4
MEGABYTE = 1024 * 1024
PAGES = {
    "list": "/admin/proposals/version/",
    "queue": "/admin/proposals/version/?queue=unassigned&outcome=officer",
    "search": "/admin/proposals/version/?q=photon+markets",
    "figures": "/admin/proposals/version/statistics/?call={call}",
    "sheet": "/admin/proposals/version/{version}/change/",
}
RATIOS = ("list", "queue", "search", "sheet")
MAX_QUERIES = {"list": 15, "queue": 15, "search": 15, "figures": 20}


def officer_pages(source: Any) -> Iterator[bool]:
    """p95 of list, queue, search, sheet and figures; queries with few and with many; an export's memory."""
    call = closed_call(source, FEW)
    officers = some_officers()
    client = client_of(officers[0])
    few = {name: _queries(client, path) for name, path in paths_of(call).items()}
    few_memory = _memory_of_export()
    _fill(MANY - FEW)
    _work_on(call, officers)
    paths = paths_of(call)
    many = {name: _queries(client, path) for name, path in paths.items()}
    plain = _p95(client, "/bench/admin/proposals/version/")
    baseline(f"plain list of {MANY:,} versions, p95", f"{plain * 1000:.0f} ms")
    for name, path in paths.items():
        result = _p95(client, path)
        text = f"{result * 1000:.0f} ms, {result / plain:.2f} x"
        asked = "at most 2 x" if name in RATIOS else ""
        yield row(f"Back office: {name}, p95", text, asked, not asked or result <= 2 * plain)
    for name, most in MAX_QUERIES.items():
        text = f"{few[name]} with {FEW}, {many[name]} with {MANY:,}"
        is_met = few[name] == many[name] <= most
        yield row(f"Queries: {name}", text, f"the same, at most {most}", is_met)
    memory = _memory_of_export()
    text = f"{memory / MEGABYTE:.1f} MiB, {memory / few_memory:.2f} x of {FEW}"
    yield row(
        f"Memory of an export of {MANY:,}", text, "flat: at most 1.5 x", memory < 1.5 * few_memory
    )


def closed_call(source: Any, count: int) -> Any:
    """The call whose proposals officers screen, with so many of them; made by who asks first."""
    from calls.call_setup import clone_call  # noqa: PLC0415
    from calls.models import Call  # noqa: PLC0415
    from foundation import clock  # noqa: PLC0415 -- after set-up

    call = Call.objects.filter(reference=REFERENCE).first()
    if call is None:
        yesterday = clock.now() - timedelta(days=1)
        call = clone_call(source, reference=REFERENCE, title="Bench", first_deadline=yesterday)
        _fill(count)
    return call


def some_officers() -> list[Any]:
    from django.contrib.auth.models import Group  # noqa: PLC0415 -- after set-up

    from applicants.models import User  # noqa: PLC0415
    from proposals.officers.rights import SCREENING_OFFICERS  # noqa: PLC0415

    earlier = User.objects.filter(email__endswith="@office.example")
    made = list(earlier.order_by("pk")) or [
        User.objects.create_user(
            f"bench{n}@office.example", "", full_name=f"Officer {n}", is_staff=True
        )
        for n in range(OFFICERS)
    ]
    Group.objects.get(name=SCREENING_OFFICERS).user_set.add(*made)
    return made


def client_of(officer: Any) -> Any:
    from django.test import Client  # noqa: PLC0415 -- after set-up

    client = Client(SERVER_NAME="localhost")
    client.force_login(officer)
    return client


def _fill(count: int) -> None:
    """So many more proposals, screened and searchable, as the workers leave them."""
    from django.core.management import call_command  # noqa: PLC0415 -- after set-up
    from django.db import connection  # noqa: PLC0415

    from foundation import clock  # noqa: PLC0415
    from proposals.screening.automatic_check import screen_closed  # noqa: PLC0415
    from proposals.screening.search import index_opened_cases  # noqa: PLC0415

    call_command("make_proposals", f"--count={count}", f"--call={REFERENCE}", verbosity=0)
    while screen_closed(clock.now()):
        pass
    while index_opened_cases(clock.now()):
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _work_on(call: Any, officers: list[Any]) -> None:
    """Half of the cases have an officer; of five one is decided, one waits for a colleague, one was asked."""
    from django.db import connection  # noqa: PLC0415 -- after set-up

    from foundation import clock  # noqa: PLC0415
    from proposals.models import Version  # noqa: PLC0415
    from proposals.officers import cases  # noqa: PLC0415
    from proposals.screening import clarifications  # noqa: PLC0415
    from proposals.screening.decisions import record_decision, review_decision  # noqa: PLC0415

    result = Version.objects.filter(proposal__strand__call=call).defer("dossier", "circumstances")
    versions = list(result.select_related("proposal__strand__call").order_by("pk"))
    cases.assign_by_load([version.proposal for version in versions[::2]], officers, by=officers[0])
    soon = clock.now() + timedelta(days=7)
    for number, version in enumerate(versions):
        first, second = officers[number % OFFICERS], officers[(number + 1) % OFFICERS]
        if number % 5 in (0, 1):
            decision = record_decision(version, outcome="eligible", reason="Met.", by=first)
            if number % 5 == 0:
                review_decision(decision, answer="confirmed", reason="", by=second)
        elif number % 5 == 2:
            clarifications.request_clarification(version, "Why?", due_at=soon, by=first)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def paths_of(call: Any) -> dict[str, str]:
    from proposals.models import Version  # noqa: PLC0415 -- after set-up

    of_call = Version.objects.filter(proposal__strand__call=call)
    some = of_call.order_by("pk").values_list("pk", flat=True).first()
    return {name: path.format(call=call.pk, version=some) for name, path in PAGES.items()}


def _queries(client: Any, path: str) -> int:
    from django.db import connection  # noqa: PLC0415 -- after set-up
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answers {answer.status_code}")
    return len(captured)


def _p95(client: Any, path: str) -> float:
    client.get(path)
    times = [seconds_of(lambda: client.get(path)) for _turn in range(TURNS)]
    return statistics.quantiles(times, n=20)[-1]


def _memory_of_export() -> int:
    """The most that writing a table of all versions holds at once, in bytes."""
    from proposals.models import Version  # noqa: PLC0415
    from proposals.reporting.export_tables import export_rows, write_csv, write_xlsx  # noqa: PLC0415 -- after set-up

    peaks = []
    for write in (write_csv, write_xlsx):
        tracemalloc.start()
        write(export_rows(Version.objects.all()), _Nowhere())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return max(peaks)


class _Nowhere(BytesIO):
    """Takes what is written and keeps nothing but where it would stand."""

    def write(self, data: Any) -> int:
        self.seek(len(data), 1)
        return len(data)
