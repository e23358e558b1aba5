"""Benchmarks of the rules: in memory, from files, and over stored versions."""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from calls.eligibility import CountrySet, ProposalFacts, RuleSet, screen
from cosme_portal.bench.by_hand import is_eligible
from cosme_portal.bench.report import alternately, baseline, ratio, row, seconds_of
from foundation import clock
from proposals.conditions.verdict_replay import replay, replay_in_parts
from proposals.dossier.file_screening import conditions_in, judge_text
from proposals.models import VerdictRecord, Version

TURNS = 2000
DOSSIERS = 10_000
FEW, MANY = 2_000, 20_000
MEGABYTE = 1024 * 1024
EXAMPLES = settings.ROOT / "docs" / "examples"


def benchmarks(versions: list[Version]) -> Iterator[bool]:
    """`versions` are stored ones of five partners, of both strands."""
    print("\nRules: one process")
    yield from _in_memory(versions)
    print(f"\nRules: {DOSSIERS} dossiers in one file")
    yield from _from_files()
    print(f"\nRules: {MANY} stored versions judged again")
    yield from _stored()


def _in_memory(versions: list[Version]) -> Iterator[bool]:
    stored = VerdictRecord.objects.filter(version__in=versions)
    all_facts = [ProposalFacts.from_json(item.facts or {}) for item in stored]
    call = versions[0].proposal.call
    rule_set = call.rule_set
    countries = call.programme.country_set()
    _check(all_facts, rule_set, countries)

    def by_rules() -> None:
        for turn in range(TURNS):
            screen(all_facts[turn % len(all_facts)], rule_set, countries)

    def by_hand() -> None:
        for turn in range(TURNS):
            is_eligible(all_facts[turn % len(all_facts)], countries)

    gc.collect()
    gc.freeze()  # what the process has loaded before is nobody's work here
    ours, theirs = alternately(by_rules, by_hand, turns=9)
    gc.unfreeze()
    findings = len(screen(all_facts[0], rule_set, countries).findings)
    rules = len(rule_set.for_strand(all_facts[0].strand))
    baseline("a function by hand answers yes or no", f"{TURNS / theirs:.0f}/s")
    yield ratio(f"Verdicts of {rules} rules ({findings} findings)", TURNS / ours, TURNS / theirs, 8)
    print(
        f"    {ours / TURNS / findings * 1e6:.1f} µs for each finding: its sentence, facts, source"
    )


def _check(all_facts: list[ProposalFacts], rule_set: RuleSet, countries: CountrySet) -> None:
    for facts in all_facts:
        passes = screen(facts, rule_set, countries).outcome == "pass"
        assert passes == is_eligible(facts, countries)  # noqa: S101 -- both do the same work


def _from_files() -> Iterator[bool]:
    lines = [
        json.dumps(json.loads(path.read_text()), ensure_ascii=False).encode()
        for path in sorted(EXAMPLES.glob("*.json"))
    ]
    conditions = conditions_in()

    def in_memory() -> None:
        for turn in range(DOSSIERS // 10):
            judge_text(lines[turn % len(lines)], conditions)

    (seconds,) = alternately(in_memory, turns=3)
    each = seconds / (DOSSIERS // 10)
    baseline("reading and judging in memory", f"{each * 1e6:.0f} µs")
    with TemporaryDirectory(prefix="cosme-portal-bench-") as folder:
        few, few_peak = _screened(Path(folder), lines, DOSSIERS // 10)
        many, many_peak = _screened(Path(folder), lines, DOSSIERS)
    # Starting Python and Django happens once, whatever the number of dossiers.
    own = (many - few) / (DOSSIERS - DOSSIERS // 10)
    text = f"{own * 1e6:.0f} µs, {own / each:.2f} x"
    yield row("Command screen, for each dossier", text, "at most 2 x", own <= 2 * each)
    growth = many_peak / few_peak
    text = f"{many_peak / MEGABYTE:.0f} MiB, {growth:.2f} x"
    yield row("Its memory, ten times as many dossiers", text, "flat: below 1.1 x", growth < 1.1)


def _screened(folder: Path, lines: list[bytes], count: int) -> tuple[float, int]:
    """Seconds and largest memory (bytes) of the command on a file of so many dossiers."""
    file = folder / f"{count}.ndjson"
    with file.open("wb") as stream:
        for turn in range(count):
            stream.write(lines[turn % len(lines)] + b"\n")
    command = [sys.executable, "-c", PEAK, "manage.py", "screen", str(file)]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "cosme_portal.settings"}
    peak = 0

    def run() -> None:
        nonlocal peak
        with (folder / "verdicts").open("wb") as verdicts:
            done = subprocess.run(
                command,
                cwd=settings.ROOT,
                env=environment,
                stdout=verdicts,
                stderr=subprocess.PIPE,
                check=False,
            )
        peak = int(done.stderr.split()[-1]) * 1024

    seconds = seconds_of(run)
    return seconds, peak


# Runs a script and tells its largest resident size at the end.
PEAK = """
import resource, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def _stored() -> Iterator[bool]:
    _multiply_versions(MANY)
    pks = list(VerdictRecord.objects.order_by("pk").values_list("pk", flat=True)[:MANY])
    many = VerdictRecord.objects.filter(pk__lte=pks[-1])
    few = VerdictRecord.objects.filter(pk__lte=pks[FEW - 1])
    replay(few)  # warm: rules and countries are read once
    with CaptureQueriesContext(connection) as queries:
        took_few, few_peak = _replayed(few)
    with CaptureQueriesContext(connection) as more_queries:
        took_many, many_peak = _replayed(many)
    growth = many_peak / few_peak
    baseline(f"{FEW} versions, one process", f"{FEW / took_few:.0f}/s")
    factor = took_many / took_few
    text = f"{MANY / took_many:.0f}/s, factor {factor:.1f}"
    yield row(f"{MANY} versions, one process", text, "linear: 9 to 11", 9 <= factor <= 11)
    is_constant = len(queries) == len(more_queries)
    text = f"{len(queries)} and {len(more_queries)}"
    yield row("Queries, few and many", text, "the same", is_constant)
    text = f"{many_peak / MEGABYTE:.0f} MiB, {growth:.2f} x"
    yield row("Memory, ten times as many versions", text, "flat: below 1.1 x", growth < 1.1)
    took_two = seconds_of(lambda: replay(many, processes=2))
    text = f"{MANY / took_two:.0f}/s, {took_many / took_two:.2f} x"
    yield row("The same on two processes", text, "at least 1.7 x", took_many / took_two >= 1.7)


def _replayed(verdicts: QuerySet[VerdictRecord]) -> tuple[float, int]:
    """Seconds, and the largest memory (bytes) on the way."""
    begun = time.perf_counter()
    peak = max(_resident() for _part in replay_in_parts(verdicts))
    return time.perf_counter() - begun, peak


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _multiply_versions(wanted: int) -> None:
    """Copies of stored versions with their verdicts, each of a proposal of its own."""
    missing = wanted - VerdictRecord.objects.count()
    if missing <= 0:
        return
    with connection.cursor() as cursor:
        with clock.frozen_at(clock.now()):  # the copies were received when their originals were
            cursor.execute(COPY_VERSIONS, {"missing": missing})
        cursor.execute("ANALYZE proposals_verdictrecord")
        cursor.execute("ANALYZE proposals_version")
    connection.commit()


COPY_VERSIONS = """
WITH originals AS (
    SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS places, v.id AS version_id, v.proposal_id
    FROM proposals_version v WHERE v.number = 1
), proposals AS (
    INSERT INTO proposals_proposal (number, strand_id, started_at, started_by_id, is_demonstration)
    SELECT 'C' || n, p.strand_id, p.started_at, p.started_by_id, false
    FROM generate_series(1, %(missing)s) n
    JOIN originals o ON o.place = n %% o.places JOIN proposals_proposal p ON p.id = o.proposal_id
    RETURNING id, substr(number, 2)::bigint AS n
), versions AS (
    INSERT INTO proposals_version (
        proposal_id, number, dossier, sha256, circumstances, acknowledged, countries, organisations,
        received_at, committed_at, submitted_by_id, idempotency_key, acronym
    )
    SELECT c.id, 1, v.dossier, v.sha256, v.circumstances, v.acknowledged, v.countries, v.organisations,
        v.received_at, v.committed_at, v.submitted_by_id, gen_random_uuid(), v.acronym
    FROM proposals c JOIN originals o ON o.place = c.n %% o.places
    JOIN proposals_version v ON v.id = o.version_id
    RETURNING id, proposal_id
)
INSERT INTO proposals_verdictrecord (
    version_id, audience, outcome, rules_not_met, by_rule, content, made_at, cause, facts, facts_digest,
    rule_set_id, country_set_id
)
SELECT w.id, s.audience, s.outcome, s.rules_not_met, s.by_rule, s.content, s.made_at, s.cause, s.facts,
    s.facts_digest, s.rule_set_id, s.country_set_id
FROM versions w JOIN proposals c ON c.id = w.proposal_id
JOIN originals o ON o.place = c.n %% o.places
JOIN proposals_verdictrecord s ON s.version_id = o.version_id AND s.audience = 'applicant'
"""
