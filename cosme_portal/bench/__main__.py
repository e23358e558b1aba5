"""Runs every benchmark and prints its ratio beside what is asked of it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

os.environ["DJANGO_SETTINGS_MODULE"] = "cosme_portal.bench.settings"
os.environ.setdefault("PORTAL_MODE", "development")

from cosme_portal import embedded
from cosme_portal.bench.database import use_own_database
from cosme_portal.bench.report import baseline, ratio, row

PORT = int(os.environ.get("PORT", "8090"))
TURNS = 40
EVERYTHING = {
    "web",
    "pages",
    "receipt",
    "drain",
    "load",
    "log",
    "rules",
    "officers",
    "screening",
    "partners",
}
MEGABYTE = 1024 * 1024


def main() -> int:
    embedded.provide_database(as_superuser=True)
    folder = TemporaryDirectory(prefix="cosme-portal-bench-", ignore_cleanup_errors=True)
    stop_broker = embedded.provide_broker(Path(folder.name))
    use_own_database()
    import django  # noqa: PLC0415 -- the database's address comes first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    try:
        results = list(_all_benchmarks())
    finally:
        stop_broker()
        folder.cleanup()
    return 0 if all(results) else 1


def _all_benchmarks() -> Iterator[bool]:
    """All of them, or those that are named, of `EVERYTHING`."""
    from cosme_portal.bench import proof, together, world  # noqa: PLC0415 -- as above

    wanted = set(sys.argv[1:]) or EVERYTHING
    print("Making the world to measure on ...", flush=True)
    world.make_tables()
    call = world.open_call()
    proposals = world.make_proposals(call, world.CLIENTS)
    shared = world.make_proposals(call, 10, strand_2_only=True)
    if "web" in wanted:
        with _web_server() as memory:
            print(
                f"\nWeb: gunicorn, 2 workers, {world.CLIENTS} clients, PostgreSQL {_synchronous()}"
            )
            yield from _web(call, proposals)
            yield from together.saving_together(PORT, shared)
            peak = memory() / MEGABYTE
            yield row(
                "Memory of a web process, peak", f"{peak:.0f} MiB", "below 200 MiB", peak < 200
            )
        yield from _on_a_disk_that_writes(proposals)
    lead = world.submit_until(proposals, proof.MADE_FLAT)
    if "receipt" in wanted:
        print("\nReceipt, in one process")
        yield from _receipt()
        yield from proof.documents(_some_version())
    yield from _queue(wanted, call, lead, proposals)
    if "rules" in wanted:
        yield from _rules(proposals)
    yield from _pages(wanted, call)
    if "log" in wanted:
        print("\nLog: microseconds for an entry")
        yield from proof.the_log()


def _pages(wanted: set[str], call: Any) -> Iterator[bool]:
    from cosme_portal.bench import officers, pages, partners, screening  # noqa: PLC0415 -- after set-up

    if "pages" in wanted:
        print("\nPages, in one process")
        yield from pages.the_pages(call)
    if "officers" in wanted:
        print("\nBack office, in one process")
        yield from officers.officer_pages(call)
    if "screening" in wanted:
        print("\nScreening one proposal, in a browser")
        with _web_server():
            yield from screening.clicks_of_a_screening(PORT, call)
    if "partners" in wanted:
        print("\nPartner search, in one process")
        yield from partners.partner_search(call)


def _queue(wanted: set[str], call: Any, lead: Any, proposals: list[Any]) -> Iterator[bool]:
    from cosme_portal.bench import proof  # noqa: PLC0415 -- after set-up

    if wanted & {"drain", "load"}:
        print("\nQueue: workers that take what the web leaves (chrt --idle)")
    if "drain" in wanted:
        yield from proof.draining(call, lead)
    if "load" in wanted:
        with _web_server():
            yield from proof.under_load(PORT, proposals)


def _some_version() -> Any:
    from proposals.models import Version  # noqa: PLC0415 -- after set-up

    return Version.objects.select_related("proposal__strand__call").first()


def _rules(proposals: list[Any]) -> Iterator[bool]:
    from cosme_portal.bench import rules  # noqa: PLC0415 -- after set-up
    from proposals.models import Version  # noqa: PLC0415

    first = Version.objects.filter(number=1, proposal__in=[proposal for proposal, _ in proposals])
    related = first.select_related("proposal__strand__call__programme")
    yield from rules.benchmarks(list(related.order_by("pk")))


def _synchronous() -> str:
    from django.db import connection  # noqa: PLC0415 -- after set-up

    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return f"with synchronous_commit={cursor.fetchone()[0]}"


@contextmanager
def _web_server() -> Iterator[Callable[[], int]]:
    """The portal under gunicorn; yields what tells the largest resident size of its workers so far."""
    import psutil  # noqa: PLC0415 -- a development package

    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "cosme_portal.wsgi",
        "-b",
        f"127.0.0.1:{PORT}",
        "-w",
        "2",
        "--log-level",
        "warning",
    ]
    server = subprocess.Popen(command, env=dict(os.environ))
    time.sleep(4)

    def peak() -> int:
        workers = psutil.Process(server.pid).children()
        sizes = [Path(f"/proc/{worker.pid}/status").read_text() for worker in workers]
        lines = [line for text in sizes for line in text.splitlines() if line.startswith("VmHWM")]
        return max(int(line.split()[1]) * 1024 for line in lines)

    try:
        yield peak
    finally:
        server.terminate()
        server.wait(timeout=20)


def _web(call: Any, proposals: list[Any]) -> Iterator[bool]:
    from cosme_portal.bench.load import measure  # noqa: PLC0415 -- after set-up

    clients, send = len(proposals), _requests(proposals)
    page_of_call = _reading(call.get_absolute_url())
    for warm in (send["commit"], send["submit"], page_of_call, _reading("/bench/template/")):
        measure(PORT, clients, 5, warm, 200)
    before = measure(PORT, clients, TURNS, send["commit"], 200)
    sent = measure(PORT, clients, TURNS, send["submit"], 200)
    saved = measure(PORT, clients, TURNS, send["save"], 302)
    automatic = measure(PORT, clients, TURNS, send["autosave"], 200)
    again = measure(PORT, clients, TURNS, send["commit"], 200)
    rate, p95 = (before.per_second + again.per_second) / 2, (before.p95 + again.p95) / 2
    baseline("a bare view commits one row", f"{rate:.0f}/s, p95 {p95:.0f} ms")
    yield ratio("Submit", sent.per_second, rate, 4)
    slower = sent.p95 / p95
    yield row("Submit, p95 against the baseline's", f"{slower:.1f} x", "below 10 x", slower < 10)
    made = measure(PORT, clients, TURNS, send["create"], 200).per_second
    baseline(
        "the same view with a model's create()", f"{made:.0f}/s, 1 : {made / sent.per_second:.1f}"
    )
    yield ratio("Save a step", saved.per_second, rate, 3)
    slower = saved.per_second / automatic.per_second
    yield row("Autosave against a saved step", f"{slower:.2f} x", "at most 1.3 x", slower <= 1.3)
    bare = measure(PORT, clients, TURNS * 2, _reading("/bench/template/"), 200)
    page = measure(PORT, clients, TURNS * 2, page_of_call, 200)
    baseline("a bare view renders a template", f"{bare.per_second:.0f}/s")
    yield ratio("Call page, not logged in", page.per_second, bare.per_second, 2)


def _on_a_disk_that_writes(proposals: list[Any]) -> Iterator[bool]:
    """The same where each commit waits for a disk, as most do; here a cache may answer at once.

    How much a submission is beside one committed row depends on what a commit takes: this line can be
    compared between machines, the one above only with itself.
    """
    from cosme_portal.bench import disk  # noqa: PLC0415 -- after set-up
    from cosme_portal.bench.load import measure  # noqa: PLC0415

    result = disk.commits_a_second()
    with disk.slowed_down(result), _web_server():
        slowed = disk.commits_a_second()
        print(f"\nWeb, with a disk of {slowed:.0f} commits a second ({result:.0f} without waiting)")
        clients, send = len(proposals), _requests(proposals)
        for warm in ("commit", "submit"):
            measure(PORT, clients, 5, send[warm], 200)
        bare = measure(PORT, clients, TURNS, send["commit"], 200)
        sent = measure(PORT, clients, TURNS, send["submit"], 200)
        saved = measure(PORT, clients, TURNS, send["save"], 302)
    baseline("a bare view commits one row", f"{bare.per_second:.0f}/s, p95 {bare.p95:.0f} ms")
    yield ratio("Submit", sent.per_second, bare.per_second, 4)
    slower = sent.p95 / bare.p95
    yield row("Submit, p95 against the baseline's", f"{slower:.1f} x", "below 10 x", slower < 10)
    yield ratio("Save a step", saved.per_second, bare.per_second, 3)


def _reading(path: str) -> Callable[[int, int], Any]:
    return lambda client, turn: ("GET", path, "", {})


def _requests(proposals: list[Any]) -> dict[str, Callable[[int, int], Any]]:
    """What each client sends in each turn."""
    from cosme_portal.bench.load import form  # noqa: PLC0415 -- after set-up
    from proposals.models import Section  # noqa: PLC0415

    sections = {
        section.proposal_id: section
        for section in Section.objects.filter(step="summary", participant=None)
    }

    def commit(client: int, turn: int) -> Any:
        return form("/bench/commit/", proposals[client][1], text="x" * 400)

    def create(client: int, turn: int) -> Any:
        return form("/bench/create/", proposals[client][1], text="x" * 400)

    declared = proposals[0][0].call.declaration_digest

    def submit(client: int, turn: int) -> Any:
        proposal, cookies = proposals[client]
        path = f"/proposals/{proposal.number}/check/"
        return form(path, cookies, idempotency_key=str(uuid4()), declared=declared)

    def save(client: int, turn: int) -> Any:
        proposal, cookies = proposals[client]
        section = sections[proposal.pk]
        fields = {name: str(value) for name, value in section.answers.items()}
        fields |= {"seen_version": str(section.version + turn), "abstract": f"Turn {turn}"}
        return form(f"/proposals/{proposal.number}/steps/summary/", cookies, **fields)

    def autosave(client: int, turn: int) -> Any:
        method, path, body, headers = save(client, TURNS + turn)
        return method, path, body, headers | {"X-Autosave": "1"}

    return {
        "commit": commit,
        "create": create,
        "submit": submit,
        "save": save,
        "autosave": autosave,
    }


def _receipt() -> Iterator[bool]:
    from weasyprint import CSS, HTML  # noqa: PLC0415 -- after set-up

    from foundation import clock  # noqa: PLC0415
    from foundation.pdf_layout import STATIC, VARIANT, StaticFilesOnly, base_url  # noqa: PLC0415
    from proposals.proof import ledger  # noqa: PLC0415
    from proposals.proof.pdf_signature import seal_pdf  # noqa: PLC0415
    from proposals.proof.receipts import proof_of_version, render_receipt_html, render_receipt_pdf  # noqa: PLC0415

    version = _some_version()
    ledger.sequence()
    proof = proof_of_version(version)

    def receipt() -> None:
        pdf = render_receipt_pdf(version, render_receipt_html(version, clock.now(), proof), proof)
        seal_pdf(pdf, reason="Receipt")

    html = render_receipt_html(version, clock.now(), proof)

    def bare() -> None:
        fetcher = StaticFilesOnly()
        styles = [CSS(filename=str(STATIC / "css" / "receipt.css"), url_fetcher=fetcher)]
        HTML(string=html, base_url=base_url(), url_fetcher=fetcher).write_pdf(
            stylesheets=styles, pdf_variant=VARIANT
        )

    for warm in (receipt, bare):
        warm()
    times: dict[str, list[float]] = {"receipt": [], "bare": []}
    for _turn in range(8):
        for name, work in (("receipt", receipt), ("bare", bare)):
            begun = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - begun)
    ours, theirs = (sorted(times[name])[len(times[name]) // 2] for name in ("receipt", "bare"))
    baseline("bare write_pdf of the same HTML", f"{theirs * 1000:.0f} ms")
    text = f"{ours * 1000:.0f} ms, {ours / theirs:.2f} x"
    yield row("Receipt, sealed, with attachments", text, "at most 1.25 x", ours <= 1.25 * theirs)


if __name__ == "__main__":
    sys.exit(main())
