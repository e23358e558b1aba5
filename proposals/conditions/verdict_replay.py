"""Making stored verdicts again from what they were made by, and comparing every byte.

A verdict is kept with its facts and, under their content hash, with the rules and countries that were
applied; nothing else is asked, so the answer is the same in any year and on any machine. Verdicts are read
in one stream, so that memory does not grow with their number.
"""

import json
import multiprocessing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.models import F, QuerySet
from django.db.models.functions import Mod

from calls.eligibility import CountrySet, ProposalFacts, RuleSet, canonical, digest_of, screen
from calls.eligibility.countries import Participation
from calls.eligibility.rules import RuleVersionMissing
from calls.models import AppliedConditions
from proposals.models import VerdictRecord

CHUNK = 500  # verdicts that are fetched at once: some 15 MiB of JSON


@dataclass(frozen=True, slots=True)
class ReplayMismatch:
    """A verdict that does not come out as it is stored; `what` says in words what differs."""

    verdict: int
    proposal: str
    version: int
    what: str

    def __str__(self) -> str:
        return f"{self.proposal} version {self.version}, verdict {self.verdict}: {self.what}"


@dataclass
class ReplayResult:
    """What a replay found. `older` verdicts were stored before facts were kept with them."""

    same: int = 0
    older: int = 0
    differences: list[ReplayMismatch] = field(default_factory=list)

    def add(self, other: "ReplayResult") -> None:
        self.same += other.same
        self.older += other.older
        self.differences += other.differences

    @property
    def seen(self) -> int:
        return self.same + self.older + len(self.differences)


def replay(verdicts: QuerySet[VerdictRecord], *, processes: int = 1) -> ReplayResult:
    """Make each verdict again; on more than one process each takes a share of them.

    The processes are forks of this one: not for use where other threads hold locks.
    """
    outcome = ReplayResult()
    for part in replay_in_parts(verdicts, processes=processes):
        outcome.add(part)
    return outcome


def replay_in_parts(
    verdicts: QuerySet[VerdictRecord], *, processes: int = 1
) -> Iterator[ReplayResult]:
    """The same, telling after every chunk what it found there."""
    if processes == 1:
        yield from _replay_share(verdicts)
        return
    connections.close_all()  # a connection must not be shared by two processes
    queue: Any = multiprocessing.get_context("fork").Queue()
    shares = [verdicts.alias(share=Mod("pk", processes)).filter(share=n) for n in range(processes)]
    workers = [
        multiprocessing.get_context("fork").Process(target=_work, args=(share, queue))
        for share in shares
    ]
    for worker in workers:
        worker.start()
    working = len(workers)
    while working:
        part = queue.get()
        if part is None:
            working -= 1
        else:
            yield part
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise RuntimeError("A replay process ended early, so its share is incomplete.")


def _work(verdicts: QuerySet[VerdictRecord], queue: Any) -> None:
    for connection in connections.all(initialized_only=True):
        connection.connection = (
            None  # this process's own; one that its parent had stays the parent's
        )
    try:
        for part in _replay_share(verdicts):
            queue.put(part)
    finally:
        queue.put(None)
        connections.close_all()


def _replay_share(verdicts: QuerySet[VerdictRecord]) -> Iterator[ReplayResult]:
    rows = verdicts.order_by().values(
        "pk",
        "content",
        "facts",
        "facts_digest",
        "rule_set_id",
        "country_set_id",
        number=F("version__number"),
        proposal=F("version__proposal__number"),
    )
    part = ReplayResult()
    for row in rows.iterator(chunk_size=CHUNK):
        what = _what_differs(row)
        if what:
            part.differences.append(ReplayMismatch(row["pk"], row["proposal"], row["number"], what))
        elif row["facts"] is None:
            part.older += 1
        else:
            part.same += 1
        if part.seen == CHUNK:
            yield part
            part = ReplayResult()
    if part.seen:
        yield part


def _what_differs(row: Mapping[str, Any]) -> str:
    if row["facts"] is None:
        return ""
    if digest_of(row["facts"]) != row["facts_digest"]:
        return "the stored facts do not match their hash."
    try:
        rule_set = rule_set_of(row["rule_set_id"])
    except RuleVersionMissing as gone:
        return f"{gone} Use a release that contains it to replay this verdict."
    facts = ProposalFacts.from_json(row["facts"])
    made = screen(facts, rule_set, country_set_of(row["country_set_id"])).as_json()
    if canonical(made) == canonical(row["content"]):
        return ""
    return _first_difference(made, row["content"])


def _first_difference(made: dict[str, Any], stored: dict[str, Any]) -> str:
    for name in ("outcome", "rule_date", "rule_set", "country_set"):
        if made[name] != stored[name]:
            return f"{name} was stored as “{stored[name]}” but is now “{made[name]}”."
    for number, (new, old) in enumerate(zip(made["findings"], stored["findings"], strict=False)):
        if new != old:
            return f"finding {number + 1} ({old['rule']}, {old['subject']}) differs."
    return f"{len(stored['findings'])} findings were stored, but there are now {len(made['findings'])}."


@lru_cache(maxsize=32)
def rule_set_of(digest: str) -> RuleSet:
    """The rules that were applied under this hash, in the versions of then.

    Raises:
        RuleVersionMissing: this code does not have one of these versions.
    """
    return RuleSet.from_stored(_content_of(digest))


@lru_cache(maxsize=32)
def country_set_of(digest: str) -> CountrySet:
    return CountrySet(Participation.from_json(row) for row in _content_of(digest))


def _content_of(digest: str) -> Any:
    return json.loads(AppliedConditions.objects.get(pk=digest).content)
