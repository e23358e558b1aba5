"""The log of what counts for proof: append-only, and checkable by everyone who holds a receipt.

`note_down` writes a note in the caller's transaction; `sequence` gives notes their places, outside of it,
one worker at a time, and signs what the log is then. Hashes and proofs are those of RFC 9162
(`foundation.merkle`).
"""

import base64
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Max
from django.db.models.functions import Cast, Concat

from calls.eligibility import canonical
from calls.models import Extension
from foundation import clock, merkle
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
    RefusedAttempt,
    SealedDocument,
    TreeHead,
    Version,
    Withdrawal,
)
from proposals.proof.signing_key import SigningKey, load_signing_key, publish_certificate

LOCK = 8_213_104_771  # any number that nothing else of this database locks
WINDOW = 10_000  # notes: hardly a transaction stays open while so many others are written
SALT = 16  # bytes: more than anybody can try
Kind = LedgerRecord.Kind


class NoSuchEntry(Exception):
    """There is no such entry, or no tree head of that size."""


def queue_record(
    kind: LedgerRecord.Kind, subject: str, *, at: datetime, **facts: Any
) -> LedgerRecord:
    """Let something be in the log. `facts` hold no names and no addresses; instants are RFC 3339, UTC.

    Everybody can ask for the hash of every entry. Few facts and an instant are soon guessed by who knows the
    number of a proposal, such as an outcome that nobody was told of; so what is of a proposal holds a salt.
    """
    note = _build_record(kind, subject, at=at, **facts)
    note.save(force_insert=True)
    return note


def _build_record(
    kind: LedgerRecord.Kind, subject: str, *, at: datetime, **facts: Any
) -> LedgerRecord:
    salt = {"salt": secrets.token_hex(SALT)} if "proposal" in facts else {}
    content = canonical({"kind": kind.value, "at": _instant(at)} | facts | salt)
    return LedgerRecord(kind=kind, subject=subject, content=content, recorded_at=at)


def _named(version: Version) -> dict[str, Any]:
    """How an entry names the version that it is about."""
    return {"proposal": version.proposal.number, "version": version.number}


def build_record(version: Version) -> LedgerRecord:
    """That a version was submitted, to be stored with what else is stored of it."""
    return _build_record(
        Kind.SUBMISSION,
        subject_of(version),
        at=version.received_at,
        **_named(version),
        sha256=version.sha256,
    )


def subject_of(version: Version) -> str:
    return f"version:{version.pk}"


def queue_withdrawal(withdrawal: Withdrawal) -> LedgerRecord:
    version = withdrawal.version
    return queue_record(
        Kind.WITHDRAWAL,
        f"withdrawal:{withdrawal.pk}",
        at=withdrawal.withdrawn_at,
        **_named(version),
    )


def queue_refused_attempt(attempt: RefusedAttempt) -> LedgerRecord:
    return queue_record(
        Kind.REFUSED,
        f"refused:{attempt.pk}",
        at=attempt.received_at,
        proposal=attempt.proposal.number,
        sha256=attempt.sha256,
        deadline=_instant(attempt.deadline),
    )


def queue_decision(decision: Decision) -> LedgerRecord:
    version = decision.version
    return queue_record(
        Kind.DECISION,
        f"decision:{decision.pk}",
        at=decision.decided_at,
        **_named(version),
        outcome=decision.outcome,
    )


def queue_review(review: DecisionReview) -> LedgerRecord:
    version = review.decision.version
    return queue_record(
        Kind.REVIEW,
        f"review:{review.pk}",
        at=review.reviewed_at,
        **_named(version),
        answer=review.answer,
    )


def queue_clarification_request(question: ClarificationRequest) -> LedgerRecord:
    version = question.version
    return queue_record(
        Kind.QUESTION,
        f"question:{question.pk}",
        at=question.requested_at,
        **_named(version),
        due_at=_instant(question.due_at),
        sha256=question.sha256,
    )


def queue_clarification_reply(reply: ClarificationReply) -> LedgerRecord:
    version = reply.clarification_request.version
    return queue_record(
        Kind.REPLY,
        f"reply:{reply.pk}",
        at=reply.replied_at,
        **_named(version),
        sha256=reply.sha256,
    )


def queue_letter(letter: SealedDocument) -> LedgerRecord:
    version = letter.version
    return queue_record(
        Kind.LETTER,
        f"letter:{letter.pk}",
        at=letter.sealed_at,
        **_named(version),
        sha256=letter.sha256,
    )


def is_recorded(subject: str) -> bool:
    """Whether a note speaks of it."""
    return LedgerRecord.objects.filter(subject=subject).exists()


# --- Giving places -----------------------------------------------------------------------------


def sequence(*, at_most: int = 2000, wait: bool = False, everything: bool = False) -> int:
    """Give notes that wait their places and sign the new head; returns how many. One worker at a time.

    While another worker does it this gives up at once, or waits for the end of it where `wait` is set. It
    looks for notes near the newest that has a place, so that the length of the log does not matter;
    `everything` looks at all of them, for one whose transaction stayed open very long.
    """
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


def _append(notes: Iterable[LedgerRecord], key: SigningKey) -> TreeHead:
    size = current_size()
    frontier = merkle.CompactRange(size, _stored_nodes_for(size))
    entries, nodes = [], []
    for note in notes:
        leaf = merkle.leaf_hash(note.content.encode())
        entries.append(LedgerEntry(position=frontier.size, record=note, leaf=leaf))
        nodes += [
            LedgerNode(level=level, index=index, hash=content)
            for level, index, content in frontier.append(leaf)
        ]
    LedgerEntry.objects.bulk_create(entries, batch_size=1000)
    LedgerNode.objects.bulk_create(nodes, batch_size=1000)
    return _sign_head(frontier, key)


def _sign_head(frontier: merkle.CompactRange, key: SigningKey) -> TreeHead:
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
    text = canonical({"root": root, "signed_at": _instant(signed_at), "size": size})
    return text.encode()


def _queue_missing_records(key: SigningKey) -> None:
    """Extensions are made on the floor below, which knows no log; keys have no other row."""
    extensions = missing_from_log(Extension.objects.select_related("call"), "extension:")
    for_each("notes of the log", extensions, _queue_extension)
    own = IndividualExtension.objects.select_related("proposal")
    for_each(
        "notes of the log",
        missing_from_log(own, "individual-extension:"),
        _queue_individual_extension,
    )
    certificate = publish_certificate(key)
    subject = f"key:{certificate.fingerprint}"
    if not LedgerRecord.objects.filter(subject=subject).exists():
        at = certificate.first_used_at
        queue_record(Kind.KEY, subject, at=at, certificate=certificate.fingerprint)


@transaction.atomic
def _queue_extension(extension: Extension) -> None:
    facts = {"call": extension.call.reference, "deadline": _instant(extension.new_deadline)}
    queue_record(Kind.EXTENSION, f"extension:{extension.pk}", at=extension.recorded_at, **facts)


@transaction.atomic
def _queue_individual_extension(extension: IndividualExtension) -> None:
    facts = {"proposal": extension.proposal.number, "deadline": _instant(extension.until)}
    queue_record(
        Kind.EXTENSION, f"individual-extension:{extension.pk}", at=extension.granted_at, **facts
    )


def missing_from_log(rows: Any, prefix: str) -> Any:
    """Rows of which no note speaks; `prefix` is the kind of their subjects, such as "version:"."""
    subject = Concat(
        models.Value(prefix), Cast(models.OuterRef("pk"), models.CharField()),
        output_field=models.CharField(),
    )  # fmt: skip
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
        "signed_at": _instant(head.signed_at),
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


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
