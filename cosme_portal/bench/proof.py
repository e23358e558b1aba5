"""What proof costs: documents, the queue under load, and the log with a million entries."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from cosme_portal import embedded
from cosme_portal.bench.load import Measured, form
from cosme_portal.bench.report import alternately, baseline, row, seconds_of

DRAINED = 200
MADE_FLAT = 500
STEADY_SECONDS = 120
BURST, BURST_SECONDS = 300, 60
SMALL_LOG, LARGE_LOG = 10_000, 1_000_000
MEGABYTE = 1024 * 1024


# --- Documents -----------------------------------------------------------------------------------


def documents(version: Any) -> Iterator[bool]:
    """Milliseconds for a page of receipt and proposal beside three dense pages of tables, and sealing."""
    from foundation.pdf import render_pdf  # noqa: PLC0415
    from proposals.proof.full_proposal_pdf import render_proposal_pdf  # noqa: PLC0415 -- after set-up
    from proposals.proof.pdf_signature import seal_pdf  # noqa: PLC0415
    from proposals.proof.receipts import proof_of_version, render_receipt_html, render_receipt_pdf  # noqa: PLC0415

    proof = proof_of_version(version)
    large = _large(version.document)
    works: list[Callable[[], bytes]] = [
        lambda: render_pdf(_dense(), sheet="receipt.css"),
        lambda: render_receipt_pdf(
            version, render_receipt_html(version, version.received_at, proof), proof
        ),
        lambda: render_proposal_pdf(version.proposal, large, of=version),
    ]
    pages = [_pages(work()) for work in works]
    dense, receipt, proposal_pdf = (
        item * 1000 / count for item, count in zip(alternately(*works), pages, strict=True)
    )
    baseline(f"a page of dense tables ({pages[0]} pages)", f"{dense:.0f} ms")
    for name, result, count in (
        ("Receipt", receipt, pages[1]),
        ("Proposal PDF, 12 partners", proposal_pdf, pages[2]),
    ):
        text = f"{result:.0f} ms, {result / dense:.2f} x"
        yield row(f"{name}, a page ({count} pages)", text, "aim: 0.5 x", result <= 0.5 * dense)
    bare = works[1]()
    seal = min(seconds_of(lambda: seal_pdf(bare, reason="Bench")) for _turn in range(10))
    row("The seal alone", f"{seal * 1000:.0f} ms", "", True)


def _pages(pdf: bytes) -> int:
    import io  # noqa: PLC0415 -- only here

    import pikepdf  # noqa: PLC0415

    with pikepdf.open(io.BytesIO(pdf)) as read:
        return len(read.pages)


def _dense() -> str:
    """Three pages of nothing but tables of short cells: what documents of this kind usually are."""
    cells = "".join(f"<td>Cell {number}</td>" for number in range(6))
    rows = "".join(f"<tr><th>{number}</th>{cells}</tr>" for number in range(96))
    return f'<html lang="en"><title>Dense</title><body><table>{rows}</table></body></html>'


def _large(dossier: dict[str, Any]) -> dict[str, Any]:
    """A proposal of twelve partners and twenty activities."""
    return dossier | {
        "consortium": (dossier["consortium"] * 12)[:12],
        "activities": (dossier["activities"] * 20)[:20],
    }


# --- The queue -----------------------------------------------------------------------------------


@contextmanager
def workers(count: int) -> Iterator["subprocess.Popen[bytes]"]:
    """So many worker processes with beat, behind the web in the machine's order (docs/operators.md)."""
    command = [
        "chrt", "--idle", "0", sys.executable, "-W", "ignore", "-m", "celery", "-A", "cosme_portal",
        "--quiet", "worker", "--concurrency", str(count), "--beat", "--schedule",
        str(embedded.VAR / "bench-beat"), "--loglevel", "error",
    ]  # fmt: skip
    started = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(timeout=120)


def draining(call: Any, by: Any) -> Iterator[bool]:
    """One worker against two on the same receipts; then the memory of one over five hundred."""
    _finish_outbox()
    rates = [_drain(call, by, count, DRAINED)[0] for count in (1, 2)]
    text = f"{rates[0]:.1f}/s and {rates[1]:.1f}/s: {rates[1] / rates[0]:.2f} x"
    yield row(
        f"{DRAINED} receipts, 1 and 2 workers", text, "at least 1.8 x", rates[1] >= 1.8 * rates[0]
    )
    _rate, sizes = _drain(call, by, 1, MADE_FLAT)
    early = max(size for made, size in sizes.items() if made <= MADE_FLAT // 4)
    peak = max(sizes.values())
    yield row("Memory of a worker, peak", f"{peak:.0f} MiB", "below 350 MiB", peak < 350)
    text = f"{peak / early:.2f} x"
    yield row(f"Growth over {MADE_FLAT} receipts", text, "flat: below 1.1 x", peak < 1.1 * early)


def _finish_outbox() -> None:
    from proposals.models import OutboxMessage  # noqa: PLC0415 -- after set-up

    OutboxMessage.objects.exclude(state="done").update(state="done")


def _drain(call: Any, by: Any, count: int, receipts: int) -> tuple[float, dict[int, float]]:
    """Receipts a second from the first to the last, and memory (MiB) by how many were made."""
    import psutil  # noqa: PLC0415 -- a development package

    from proposals.models import OutboxItem, OutboxMessage  # noqa: PLC0415 -- after set-up
    from proposals.proof.reissue import reissue_documents  # noqa: PLC0415
    from proposals.tasks import process_outbox  # noqa: PLC0415

    run = reissue_documents(call, "receipt", reason="Benchmark", by=by)
    wanted = list(run.outbox_messages.values_list("pk", flat=True)[:receipts])
    run.outbox_messages.exclude(pk__in=wanted).update(state="done")
    done = OutboxMessage.objects.filter(pk__in=wanted, state=OutboxItem.State.DONE)
    sizes: dict[int, float] = {}
    with workers(count) as process:
        for _turn in range(receipts // 10):
            process_outbox.delay()
        while (made := done.count()) < receipts:
            children = psutil.Process(process.pid).children(recursive=True)
            sizes[made] = max((child.memory_info().rss for child in children), default=0) / MEGABYTE
            time.sleep(0.25)
    instants = sorted(message.done_at for message in done if message.done_at)
    spent = (instants[-1] - instants[count]).total_seconds()
    return (receipts - 1 - count) / spent, {made: size for made, size in sizes.items() if made}


def under_load(port: int, proposals: list[Any]) -> Iterator[bool]:
    """From submit to receipt at one a second; then a burst, with and without workers draining."""
    from proposals.models import OutboxMessage  # noqa: PLC0415 -- after set-up

    _finish_outbox()
    receipts = OutboxMessage.objects.filter(kind="receipt", reissue=None)
    last = receipts.order_by("-pk").values_list("pk", flat=True).first() or 0
    with workers(2):
        time.sleep(5)
        _paced(port, proposals, STEADY_SECONDS, STEADY_SECONDS)
        mine = receipts.filter(pk__gt=last)
        _wait_for(mine)
        waits = sorted(
            (message.done_at - message.made_at) / timedelta(seconds=1)
            for message in mine
            if message.done_at
        )
    p95 = waits[int(len(waits) * 0.95)]
    text = f"median {statistics.median(waits):.1f} s, p95 {p95:.1f} s"
    yield row("Submit to receipt, 1/s, 2 workers", text, "p95 below 5 s", p95 < 5)

    _finish_outbox()
    calm = _paced(port, proposals, BURST, BURST_SECONDS)
    baseline(f"{BURST} submissions in {BURST_SECONDS} s, no worker", f"p95 {calm.p95:.0f} ms")
    _finish_outbox()
    last = receipts.order_by("-pk").values_list("pk", flat=True).first() or 0
    with workers(2):
        time.sleep(5)
        busy = _paced(port, proposals, BURST, BURST_SECONDS)
        drain = seconds_of(lambda: _wait_for(receipts.filter(pk__gt=last)))
    text = f"p95 {busy.p95:.0f} ms, {busy.p95 / calm.p95:.2f} x"
    yield row("The same while 2 workers drain", text, "at most 1.2 x", busy.p95 <= 1.2 * calm.p95)
    row("Receipts ready after the last one", f"{drain:.0f} s", "", True)


def _paced(port: int, proposals: list[Any], count: int, seconds: float) -> Measured:
    """So many submissions at even distances; a slow answer does not hold up the next one."""
    import http.client  # noqa: PLC0415 -- only here
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    declared = proposals[0][0].call.declaration_digest

    def submit(number: int) -> float:
        proposal, cookies = proposals[number % len(proposals)]
        path = f"/proposals/{proposal.number}/check/"
        fields = {"idempotency_key": str(uuid4()), "declared": declared}
        method, path, body, headers = form(path, cookies, **fields)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        begun = time.perf_counter()
        connection.request(method, path, body, headers)
        status = connection.getresponse().status
        took = time.perf_counter() - begun
        connection.close()
        if status != 200:
            raise RuntimeError(f"{path}: {status}")
        return took

    begin = time.perf_counter()
    with ThreadPoolExecutor(16) as threads:
        sent = []
        for number in range(count):
            due = begin + number * seconds / count
            time.sleep(max(0.0, due - time.perf_counter()))
            sent.append(threads.submit(submit, number))
        times = sorted(future.result() for future in sent)
    return Measured(count / seconds, times[int(count * 0.95)] * 1000)


def _wait_for(outbox_messages: Any) -> None:
    while outbox_messages.exclude(state="done").exists():
        time.sleep(0.2)


# --- The log -------------------------------------------------------------------------------------


def the_log() -> Iterator[bool]:
    """Appending, a proof and the whole verification, for an entry, at ten thousand and at a million."""
    small, large = _log_of(SMALL_LOG), _log_of(LARGE_LOG)
    for name, before, after, most in zip(
        ("Append an entry", "Prove an entry", "Verify an entry"),
        small,
        large,
        (1.5, 3, 1.5),
        strict=True,
    ):
        text = f"{before * 1e6:.0f} and {after * 1e6:.0f} µs: {after / before:.2f} x"
        yield row(
            f"{name}, {SMALL_LOG:,} and {LARGE_LOG:,}",
            text,
            f"at most {most} x",
            after <= most * before,
        )


def _log_of(size: int) -> tuple[float, float, float]:
    """Seconds for an entry: of appending the last tenth, of a proof, of verifying all."""
    from proposals.models import LedgerEntry  # noqa: PLC0415
    from proposals.proof import ledger  # noqa: PLC0415 -- after set-up
    from proposals.proof.ledger_audit import find_problems  # noqa: PLC0415

    _fill(size * 9 // 10)
    appending = _fill(size)
    proofs = [LedgerEntry.objects.get(position=size * step // 40) for step in range(40)]
    head = ledger.head_of_size(None)
    proving = statistics.median(
        seconds_of(partial(ledger.inclusion_proof, entry, head)) for entry in proofs
    )
    verifying = seconds_of(lambda: list(find_problems()))
    return appending, proving, verifying / ledger.current_size()


def _fill(size: int) -> float:
    """Fill the log up to a size; returns seconds for each entry that it appended."""
    from django.db import connection  # noqa: PLC0415 -- after set-up

    from proposals.proof import ledger  # noqa: PLC0415

    begin = ledger.current_size()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO proposals_ledgerrecord (kind, subject, content, recorded_at)"
            ' SELECT \'refused\', \'bench:\' || n, \'{"at":"2015-04-21T14:00:00.000Z","kind":"refused",\''
            " || '\"sha256\":\"' || encode(sha256(n::text::bytea), 'hex') || '\"}', now()"
            " FROM generate_series(%s, %s) n",
            [begin, size - 1],
        )

    def sequence_all() -> None:
        while ledger.sequence():
            pass

    return seconds_of(sequence_all) / (size - begin)
