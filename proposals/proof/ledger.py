"""The log of what counts for proof: append-only, and checkable by everyone who holds a receipt.

`queue_record` writes a record in the caller's transaction; `sequence` gives records their places, outside
of it, one worker at a time, and signs what the log is then. Hashes and proofs are those of RFC 9162
(`foundation.merkle`).
"""

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import connection, models, transaction
from django.db.models import Max
from django.db.models.functions import Cast, Concat

from calls.eligibility import canonical
from calls.models import Extension
from foundation import clock, merkle
from foundation.instants import as_rfc3339
from proposals.delivery.fault_isolation import for_each
from proposals.models import (
    ClarificationReply,
    ClarificationRequest,
    Decision,
    DecisionReview,
    IndividualExtension,
    LedgerEntry,
    LedgerNode,
    LedgerRecord,
    Letter,
    RefusedAttempt,
    TreeHead,
    Version,
    Withdrawal,
)

if TYPE_CHECKING:
    from proposals.proof.signing_key import SigningKey

LOCK = 8_213_104_771  # any number that nothing else of this database locks
WINDOW = 10_000  # records: hardly a transaction stays open while so many others are written
SALT = 16  # bytes: more than anybody can try
Kind = LedgerRecord.Kind


class NoSuchEntry(Exception):
    """There is no such entry, or no tree head of that size."""


def queue_record(
    kind: LedgerRecord.Kind, subject: str, *, at: datetime, **facts: Any
) -> LedgerRecord:
    """Let something be in the log. `facts` hold no names and no addresses; instants are RFC 3339, UTC.

    Everybody can ask for the hash of every entry. Few facts and an instant are soon guessed by who knows the
    number of a proposal, such as an outcome before its letter; so each entry about a proposal holds a salt.
    """
    record = _build_record(kind, subject, at=at, **facts)
    record.save(force_insert=True)
    return record


def _build_record(
    kind: LedgerRecord.Kind, subject: str, *, at: datetime, **facts: Any
) -> LedgerRecord:
    salt = {"salt": secrets.token_hex(SALT)} if "proposal" in facts else {}
    content = canonical({"kind": kind.value, "at": as_rfc3339(at)} | facts | salt)
    return LedgerRecord(kind=kind, subject=subject, content=content, recorded_at=at)


@dataclass(frozen=True)
class RecordedModel:
    """What a record says of a row: each name in the record, with the lookup of its value.

    A record holds `instants` as text.
    """

    model: Any
    kind: LedgerRecord.Kind
    at: str
    values: Mapping[str, str]
    instants: Mapping[str, str] = field(default_factory=dict)

    def facts_of(self, row: models.Model) -> dict[str, Any]:
        values = {name: _value_of(row, lookup) for name, lookup in self.values.items()}
        instants = {name: _value_of(row, lookup) for name, lookup in self.instants.items()}
        return values | {name: as_rfc3339(moment) for name, moment in instants.items()}


def _value_of(row: models.Model, lookup: str) -> Any:
    return attrgetter(lookup.replace("__", "."))(row)


_OF_A_VERSION = {"version": "version__number", "proposal": "version__proposal__number"}

# Rows that are recorded in the transaction that stores them, by the prefix of their subjects.
RECORDED_AT_ONCE = {
    "version": RecordedModel(
        Version,
        Kind.SUBMISSION,
        "received_at",
        {"version": "number", "proposal": "proposal__number", "sha256": "sha256"},
    ),
    "withdrawal": RecordedModel(Withdrawal, Kind.WITHDRAWAL, "withdrawn_at", _OF_A_VERSION),
    "refused": RecordedModel(
        RefusedAttempt,
        Kind.REFUSED,
        "received_at",
        {"proposal": "proposal__number", "sha256": "sha256"},
        instants={"deadline": "deadline"},
    ),
    "decision": RecordedModel(
        Decision, Kind.DECISION, "decided_at", _OF_A_VERSION | {"outcome": "outcome"}
    ),
    "review": RecordedModel(
        DecisionReview,
        Kind.REVIEW,
        "reviewed_at",
        {
            "version": "decision__version__number",
            "proposal": "decision__version__proposal__number",
            "answer": "answer",
        },
    ),
    "question": RecordedModel(
        ClarificationRequest,
        Kind.QUESTION,
        "requested_at",
        _OF_A_VERSION | {"sha256": "sha256"},
        instants={"due_at": "due_at"},
    ),
    "reply": RecordedModel(
        ClarificationReply,
        Kind.REPLY,
        "replied_at",
        {
            "version": "clarification_request__version__number",
            "proposal": "clarification_request__version__proposal__number",
            "sha256": "sha256",
        },
    ),
    "letter": RecordedModel(Letter, Kind.LETTER, "sealed_at", _OF_A_VERSION | {"sha256": "sha256"}),
}

# Rows that are recorded later: extensions are made in a layer below, which knows no log.
RECORDED_LATER = {
    "extension": RecordedModel(
        Extension,
        Kind.EXTENSION,
        "recorded_at",
        {"call": "call__reference"},
        instants={"deadline": "new_deadline"},
    ),
    "individual-extension": RecordedModel(
        IndividualExtension,
        Kind.EXTENSION,
        "granted_at",
        {"proposal": "proposal__number"},
        instants={"deadline": "until"},
    ),
}

_RECORDED = RECORDED_AT_ONCE | RECORDED_LATER
_PREFIXES = {recorded.model: prefix for prefix, recorded in _RECORDED.items()}


def subject_of(row: models.Model) -> str:
    """The name of a row in the log, such as "version:7"."""
    return f"{_PREFIXES[type(row)]}:{row.pk}"


def build_record_of(row: models.Model) -> LedgerRecord:
    """The record of a row, to be stored in the same transaction."""
    recorded = _RECORDED[_PREFIXES[type(row)]]
    at = getattr(row, recorded.at)
    return _build_record(recorded.kind, subject_of(row), at=at, **recorded.facts_of(row))


def queue_record_of(row: models.Model) -> None:
    """Let the log hold the record of a row."""
    build_record_of(row).save(force_insert=True)


def is_recorded(row: models.Model) -> bool:
    """Whether a record speaks of it."""
    return LedgerRecord.objects.filter(subject=subject_of(row)).exists()


# --- Giving places -----------------------------------------------------------------------------


def sequence(*, at_most: int = 2000, wait: bool = False, everything: bool = False) -> int:
    """Give records that wait their places and sign the new head; returns how many. One worker at a time.

    While another worker does it this gives up at once, or waits for the end of it where `wait` is set. It
    looks for records near the newest that has a place, so that the length of the log does not matter;
    `everything` looks at all of them, for one whose transaction stayed open very long.
    """
    from proposals.proof.signing_key import load_signing_key  # noqa: PLC0415 -- only workers sign

    key = load_signing_key()
    with transaction.atomic():
        if not _lock(wait=wait):
            return 0
        _queue_missing_records(key)
        waiting = list(_waiting(everything=everything).order_by("pk")[:at_most])
        if waiting:
            _append(waiting, key)
    return len(waiting)


def _waiting(*, everything: bool) -> models.QuerySet[LedgerRecord]:
    waiting = LedgerRecord.objects.filter(entry=None)
    newest = LedgerEntry.objects.order_by("-position").values_list("record_id", flat=True).first()
    if everything or newest is None:
        return waiting
    return waiting.filter(pk__gt=newest - WINDOW)


def _lock(*, wait: bool) -> bool:
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _append(records: Iterable[LedgerRecord], key: "SigningKey") -> TreeHead:
    size = current_size()
    frontier = merkle.CompactRange(size, _stored_nodes_for(size))
    entries, nodes = [], []
    for record in records:
        leaf = merkle.leaf_hash(record.content.encode())
        entries.append(LedgerEntry(position=frontier.size, record=record, leaf=leaf))
        nodes += [
            LedgerNode(level=level, index=index, hash=content)
            for level, index, content in frontier.append(leaf)
        ]
    LedgerEntry.objects.bulk_create(entries, batch_size=1000)
    LedgerNode.objects.bulk_create(nodes, batch_size=1000)
    return _sign_head(frontier, key)


def _sign_head(frontier: merkle.CompactRange, key: "SigningKey") -> TreeHead:
    from proposals.proof.signing_key import publish_certificate  # noqa: PLC0415 -- as above

    moment = clock.now()
    root = frontier.root.hex()
    content = head_content(frontier.size, root, moment)
    return TreeHead.objects.create(
        size=frontier.size,
        root=root,
        signed_at=moment,
        key=publish_certificate(key).fingerprint,
        signature=key.sign(content),
    )


def head_content(size: int, root: str, signed_at: datetime) -> bytes:
    """The bytes of a tree head that are signed."""
    text = canonical({"root": root, "signed_at": as_rfc3339(signed_at), "size": size})
    return text.encode()


def _queue_missing_records(key: "SigningKey") -> None:
    """Record extensions, which are not recorded at once, and the key, which has no other row."""
    from proposals.proof.signing_key import publish_certificate  # noqa: PLC0415 -- as above

    for rows in (
        Extension.objects.select_related("call"),
        IndividualExtension.objects.select_related("proposal"),
    ):
        for_each("missing log entries", missing_from_log(rows), transaction.atomic(queue_record_of))
    certificate = publish_certificate(key)
    subject = f"key:{certificate.fingerprint}"
    if not LedgerRecord.objects.filter(subject=subject).exists():
        at = certificate.first_used_at
        queue_record(Kind.KEY, subject, at=at, certificate=certificate.fingerprint)


def missing_from_log(rows: Any) -> Any:
    """Those rows of a queryset of which no record speaks."""
    subject = Concat(
        models.Value(f"{_PREFIXES[rows.model]}:"),
        Cast(models.OuterRef("pk"), models.CharField()),
        output_field=models.CharField(),
    )
    return rows.filter(~models.Exists(LedgerRecord.objects.filter(subject=subject))).order_by("pk")


def current_size() -> int:
    last = LedgerEntry.objects.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


# --- Proofs ------------------------------------------------------------------------------------


def inclusion_proof(entry: LedgerEntry, head: TreeHead) -> dict[str, Any]:
    """That an entry is in the log of a signed head: as JSON, checkable without the portal."""
    if entry.position >= head.size:
        raise NoSuchEntry
    path = _with_nodes(lambda nodes: merkle.inclusion_proof(nodes, entry.position, head.size))
    return {
        "position": entry.position,
        "leaf": bytes(entry.leaf).hex(),
        "path": [step.hex() for step in path],
        "head": head_as_json(head),
    }


def consistency_proof(first: TreeHead, second: TreeHead) -> dict[str, Any]:
    """That the log of the first head is the beginning of that of the second."""
    path = _with_nodes(lambda nodes: merkle.consistency_proof(nodes, first.size, second.size))
    return {
        "first": head_as_json(first),
        "second": head_as_json(second),
        "path": [step.hex() for step in path],
    }


def head_as_json(head: TreeHead) -> dict[str, Any]:
    return {
        "size": head.size,
        "root": head.root,
        "signed_at": as_rfc3339(head.signed_at),
        "certificate": head.key,
        "signature": base64.b64encode(bytes(head.signature)).decode(),
    }


def head_of_size(size: int | None) -> TreeHead:
    """The head of a size, or the newest one.

    Raises:
        NoSuchEntry: there is none.
    """
    heads = TreeHead.objects.order_by("-size")
    tree_head = heads.filter(size=size).first() if size is not None else heads.first()
    if tree_head is None:
        raise NoSuchEntry
    return tree_head


def first_head_covering(entry: LedgerEntry) -> TreeHead:
    """The oldest head of a log that holds the entry: the same whenever it is asked for.

    Raises:
        NoSuchEntry: no head was signed since.
    """
    tree_head = TreeHead.objects.filter(size__gt=entry.position).order_by("size").first()
    if tree_head is None:
        raise NoSuchEntry
    return tree_head


def _with_nodes(compute: Any) -> list[bytes]:
    """Compute a proof in two passes: which nodes it needs, then with all of them fetched at once."""
    wanted: set[tuple[int, int]] = set()

    def asked(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return b""

    compute(asked)
    results = _fetch(wanted)
    path: list[bytes] = compute(lambda level, index: results[level, index])
    return path


def _stored_nodes_for(size: int) -> merkle.NodeReader:
    """The complete subtrees that the first `size` leaves are made of."""
    wanted = set()
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            wanted.add((level, start >> level))
            start += 1 << level
    results = _fetch(wanted)
    return lambda level, index: results[level, index]


def _fetch(wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    leaves = LedgerEntry.objects.filter(position__in=[i for level, i in wanted if level == 0])
    results = {(0, leave.position): bytes(leave.leaf) for leave in leaves}
    inner = models.Q()
    for level, index in wanted:
        if level:
            inner |= models.Q(level=level, index=index)
    if inner:
        nodes = LedgerNode.objects.filter(inner)
        results |= {(node.level, node.index): bytes(node.hash) for node in nodes}
    return results
