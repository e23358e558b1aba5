"""Recomputing the whole log: what was changed, left out, moved or slipped in is found and named.

Nothing of the portal is trusted but its published certificates: every hash is computed again, every signature
checked, and the log is compared with the rows that it speaks of. Works in one pass, with flat memory.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Q

from foundation import merkle
from proposals.models import (
    ClosingCommitment,
    LedgerEntry,
    LedgerNode,
    SealCertificate,
    TreeHead,
)
from proposals.proof.closing_commitment import commitment_over
from proposals.proof.ledger import RECORDED_AT_ONCE, head_content, missing_from_log
from proposals.proof.signing_key import verify_signature

CHUNK = 2000


class UnreadableHead(ValueError):
    """A file of heads holds something else; the text says where."""


@dataclass(frozen=True)
class StoredHead:
    """A signed head that somebody has kept outside of the portal."""

    size: int
    root: str
    signed_at: datetime
    certificate: str
    signature: bytes


def read_heads(text: str) -> list[StoredHead]:
    """Heads as the portal publishes them: one JSON object, an array, or one object on each line.

    A receipt's proof.json holds one too.

    Raises:
        UnreadableHead: something in it is no head.
    """
    return [_parse_head(place, result) for place, result in _objects_in(text)]


def _objects_in(text: str) -> list[tuple[str, Any]]:
    try:
        try:
            result = json.loads(text)
        except ValueError:
            lines = [line for line in text.splitlines() if line.strip()]
            return [(f"line {n}", json.loads(line)) for n, line in enumerate(lines, start=1)]
    except (ValueError, RecursionError):
        raise UnreadableHead("It is not JSON.") from None
    rows = result if isinstance(result, list) else [result]
    return [(f"object {n}", row) for n, row in enumerate(rows, start=1)]


def _parse_head(place: str, result: Any) -> StoredHead:
    if isinstance(result, dict) and isinstance(result.get("head"), dict):
        result = result["head"]
    try:
        return StoredHead(
            size=int(result["size"]),
            root=str(result["root"]),
            signed_at=datetime.fromisoformat(result["signed_at"]),
            certificate=str(result["certificate"]),
            signature=base64.b64decode(result["signature"], validate=True),
        )
    except (KeyError, TypeError, ValueError):
        raise UnreadableHead(f"{place} is not a signed tree head.") from None


def find_problems(stored: Sequence[StoredHead] = ()) -> Iterator[str]:
    """One sentence for each thing that is wrong; none where the log is whole.

    `stored` are heads from outside: the log must begin with each of them, whatever the portal says now.
    """
    yield from _entries_and_heads(stored)
    yield from _rows_missing_from_log()
    yield from _commitments()


def _entries_and_heads(stored: Sequence[StoredHead]) -> Iterator[str]:
    """The leaves in their order, the inner nodes, and each signed head where its size is reached."""
    waiting = sorted(stored, key=lambda head: head.size)
    certificates = dict(SealCertificate.objects.values_list("fingerprint", "pem"))
    heads = iter(TreeHead.objects.order_by("size").iterator(CHUNK))
    head = next(heads, None)
    frontier = merkle.CompactRange(0, lambda level, index: b"")
    rows = LedgerEntry.objects.select_related("record").order_by("position")
    for chunk in batched(rows.iterator(CHUNK), CHUNK):
        made: list[tuple[int, int, bytes]] = []
        for entry in chunk:
            if entry.position != frontier.size:
                yield from _find_gap(frontier.size, entry.position)
                return
            leaf = merkle.leaf_hash(entry.record.content.encode())
            yield from _check_leaf(entry, leaf)
            made += frontier.append(leaf)
            yield from _check_stored_heads(waiting, frontier, certificates)
            while head is not None and head.size == frontier.size:
                yield from _check_head(head, frontier.root.hex(), certificates)
                head = next(heads, None)
        yield from _nodes(made)
        yield from _subjects(chunk)
    yield from _longer_than_the_log(waiting, frontier.size)
    if head is not None:
        yield (
            f"Missing: the head of {head.size} entries is signed, but the log has only {frontier.size}. "
            f"Entry {frontier.size} and later entries are missing."
        )
    last = TreeHead.objects.order_by("-size").first()
    if frontier.size > (last.size if last is not None else 0):
        begin = last.size if last is not None else 0
        yield f"Inserted: entries from {begin} are not covered by a signed tree head."


def batched(entries: Iterable[LedgerEntry], size: int) -> Iterator[list[LedgerEntry]]:
    """Lists of so many entries, the last one perhaps shorter."""
    rest = iter(entries)
    while chunk := list(islice(rest, size)):
        yield chunk


def _find_gap(expected: int, result: int) -> Iterator[str]:
    yield f"Missing: entry {expected}; the next existing entry is {result}."


def _check_leaf(entry: LedgerEntry, leaf: bytes) -> Iterator[str]:
    if bytes(entry.leaf) != leaf:
        yield (
            f"Changed: entry {entry.position} ({entry.record.subject}) differs from what was "
            "hashed when it was added."
        )


def _subjects(chunk: Sequence[LedgerEntry]) -> Iterator[str]:
    """Whether the rows that entries are about are there and say the same; a query for each kind."""
    entries: dict[str, dict[int, LedgerEntry]] = {}
    for entry in chunk:
        kind, _colon, number = entry.record.subject.partition(":")
        if kind in RECORDED_AT_ONCE:
            entries.setdefault(kind, {})[int(number)] = entry
    for kind, by_pk in entries.items():
        model, fields = RECORDED_AT_ONCE[kind].model, RECORDED_AT_ONCE[kind].values
        rows = model.objects.filter(pk__in=by_pk).values("pk", *fields.values())
        stored = {row["pk"]: row for row in rows}
        for pk, entry in by_pk.items():
            content, row = json.loads(entry.record.content), stored.get(pk, {})
            if any(content.get(name) != row.get(field) for name, field in fields.items()):
                yield (
                    f"Changed: {entry.record.subject} (entry {entry.position}) is missing "
                    "or has changed."
                )


def _nodes(made: list[tuple[int, int, bytes]]) -> Iterator[str]:
    if not made:
        return
    levels = {level for level, _index, _hash in made}
    lows = {level: min(i for number, i, _h in made if number == level) for level in levels}
    highs = {level: max(i for number, i, _h in made if number == level) for level in levels}
    wanted = Q()
    for level in levels:
        wanted |= Q(level=level, index__gte=lows[level], index__lte=highs[level])
    stored = {(n.level, n.index): bytes(n.hash) for n in LedgerNode.objects.filter(wanted)}
    for level, index, content in made:
        if stored.get((level, index)) != content:
            first, end = index << level, (index + 1) << level
            yield (
                f"Changed or moved: entries {first} to {end - 1} do not match the "
                f"stored hash (node {level}/{index})."
            )


def _check_head(head: TreeHead, root: str, certificates: dict[str, str]) -> Iterator[str]:
    if head.root != root:
        yield (
            f"Changed or moved: the first {head.size} entries do not match the root that was signed for "
            f"them on {_day(head.signed_at)}."
        )
    pem = certificates.get(head.key)
    content = head_content(head.size, head.root, head.signed_at)
    if pem is None or not verify_signature(content, bytes(head.signature), pem):
        yield f"Forged: the head of {head.size} entries is not signed with a certificate of this portal."


def _check_stored_heads(
    waiting: list[StoredHead], frontier: merkle.CompactRange, certificates: dict[str, str]
) -> Iterator[str]:
    """Compare the kept heads whose size is reached, and take them off the list."""
    while waiting and waiting[0].size <= frontier.size:
        yield from _check_stored_head(waiting.pop(0), frontier, certificates)


def _check_stored_head(
    head: StoredHead, frontier: merkle.CompactRange, certificates: dict[str, str]
) -> Iterator[str]:
    pem = certificates.get(head.certificate)
    content = head_content(head.size, head.root, head.signed_at)
    if pem is None or not verify_signature(content, head.signature, pem):
        yield (
            f"Unknown: the head of {head.size} entries that was kept outside is not signed with a "
            "certificate of this portal."
        )
    elif head.size != frontier.size or head.root != frontier.root.hex():
        yield (
            f"Another log: the first {head.size} entries do not match the root that the portal signed for "
            f"them on {_day(head.signed_at)}, which was kept outside."
        )


def _longer_than_the_log(waiting: Sequence[StoredHead], size: int) -> Iterator[str]:
    for head in waiting:
        yield (
            f"Missing: a tree head kept outside covers {head.size} entries, but the log has only {size}."
        )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _rows_missing_from_log() -> Iterator[str]:
    """What should be in the log and is not."""
    for kind, recorded in RECORDED_AT_ONCE.items():
        unknown = missing_from_log(recorded.model.objects.all())
        for pk in unknown.values_list("pk", flat=True).iterator(CHUNK):
            yield f"Missing: {kind}:{pk} exists but has no entry in the log."


def _commitments() -> Iterator[str]:
    for closing_commitment in ClosingCommitment.objects.select_related("call"):
        versions, root = commitment_over(closing_commitment.call, closing_commitment.made_at)
        if (versions, root) != (closing_commitment.versions, closing_commitment.root):
            yield (
                f"Changed: at the closing of {closing_commitment.call.reference} the portal "
                f"committed to {closing_commitment.versions} "
                f"versions with a different root; there are now {versions}."
            )
