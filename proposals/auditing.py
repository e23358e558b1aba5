"""Recomputing the whole log: what was changed, left out, moved or slipped in is found and named.

Nothing of the portal is trusted but its published certificates: every hash is computed anew, every signature
checked, and the log is compared with the rows that it speaks of. Works in one pass, with flat memory.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q

from proposals import merkle
from proposals.ledger import head_content
from proposals.models import (
    ClosingCommitment,
    Decision,
    LedgerEntry,
    LedgerNode,
    LedgerNote,
    RefusedAttempt,
    SealCertificate,
    TreeHead,
    Version,
    Withdrawal,
)
from proposals.sealing import is_signed

CHUNK = 2000


def audit() -> Iterator[str]:
    """One sentence for each thing that is wrong; none where the log is whole."""
    yield from _entries_and_heads()
    yield from _rows_without_note()
    yield from _commitments()


def _entries_and_heads() -> Iterator[str]:
    """The leaves in their order, the inner nodes, and each signed head where its size is reached."""
    certificates = dict(SealCertificate.objects.values_list("fingerprint", "pem"))
    heads = iter(TreeHead.objects.order_by("size").iterator(CHUNK))
    head = next(heads, None)
    frontier = merkle.Frontier(0, lambda level, index: b"")
    pending: list[tuple[int, int, bytes]] = []
    rows = LedgerEntry.objects.select_related("note").order_by("position")
    for entry in rows.iterator(CHUNK):
        if entry.position != frontier.size:
            yield from _gap(frontier.size, entry.position)
            return
        yield from _leaf(entry)
        pending += frontier.append(merkle.leaf_hash(entry.note.content.encode()))
        if len(pending) >= CHUNK:
            yield from _nodes(pending)
            pending = []
        while head is not None and head.size == frontier.size:
            yield from _head(head, frontier.root.hex(), certificates)
            head = next(heads, None)
    yield from _nodes(pending)
    if head is not None:
        yield (
            f"Missing: the head of {head.size} entries is signed, but the log has only {frontier.size}; "
            f"entry {frontier.size} and later ones are gone."
        )
    last = TreeHead.objects.order_by("-size").first()
    if frontier.size > (last.size if last is not None else 0):
        begin = last.size if last is not None else 0
        yield f"Inserted: entries from {begin} on stand under no signed head."


def _gap(expected: int, found: int) -> Iterator[str]:
    yield f"Missing: entry {expected}; the next one that is there is {found}."


def _leaf(entry: LedgerEntry) -> Iterator[str]:
    if bytes(entry.leaf) != merkle.leaf_hash(entry.note.content.encode()):
        yield (
            f"Changed: entry {entry.position} ({entry.note.subject}) does not say what was hashed when it "
            "got its place."
        )
    yield from _subject(entry)


def _subject(entry: LedgerEntry) -> Iterator[str]:
    """Whether the row that an entry is about is there and says the same."""
    kind, _colon, pk = entry.note.subject.partition(":")
    check = SUBJECTS.get(kind)
    if check is None:
        return
    content = json.loads(entry.note.content)
    if not check(int(pk), content):
        yield (
            f"Changed: {entry.note.subject}, of which entry {entry.position} speaks, is gone or says "
            "something else now."
        )


def _version(pk: int, content: dict[str, Any]) -> bool:
    found = Version.objects.filter(pk=pk).values("sha256", "number", "proposal__number").first()
    return found is not None and (
        found["sha256"], found["number"], found["proposal__number"],
    ) == (content["sha256"], content["version"], content["proposal"])  # fmt: skip


SUBJECTS: dict[str, Callable[[int, dict[str, Any]], bool]] = {
    "version": _version,
    "withdrawal": lambda pk, content: Withdrawal.objects.filter(
        pk=pk, version__number=content["version"], version__proposal__number=content["proposal"]
    ).exists(),
    "refused": lambda pk, content: RefusedAttempt.objects.filter(
        pk=pk, sha256=content["sha256"], proposal__number=content["proposal"]
    ).exists(),
    "decision": lambda pk, content: Decision.objects.filter(
        pk=pk, outcome=content["outcome"], version__proposal__number=content["proposal"]
    ).exists(),
}


def _nodes(made: list[tuple[int, int, bytes]]) -> Iterator[str]:
    if not made:
        return
    levels = {level for level, _index, _hash in made}
    lows = {level: min(i for one, i, _h in made if one == level) for level in levels}
    highs = {level: max(i for one, i, _h in made if one == level) for level in levels}
    wanted = Q()
    for level in levels:
        wanted |= Q(level=level, index__gte=lows[level], index__lte=highs[level])
    stored = {(n.level, n.index): bytes(n.hash) for n in LedgerNode.objects.filter(wanted)}
    for level, index, found in made:
        if stored.get((level, index)) != found:
            first, end = index << level, (index + 1) << level
            yield (
                f"Changed or moved: entries {first} to {end - 1} are not those, in this order, whose hash "
                f"was stored (node {level}/{index})."
            )


def _head(head: TreeHead, root: str, certificates: dict[str, str]) -> Iterator[str]:
    if head.root != root:
        yield (
            f"Changed or moved: the first {head.size} entries do not give the root that was signed for "
            f"them on {_day(head.signed_at)}."
        )
    pem = certificates.get(head.key)
    content = head_content(head.size, head.root, head.signed_at)
    if pem is None or not is_signed(content, bytes(head.signature), pem):
        yield f"Forged: the head of {head.size} entries is signed by no certificate of this portal."


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _rows_without_note() -> Iterator[str]:
    """What should be in the log and is not."""
    for name, model in (
        ("version", Version), ("withdrawal", Withdrawal), ("refused", RefusedAttempt),
        ("decision", Decision),
    ):  # fmt: skip
        noted = set(
            LedgerNote.objects.filter(subject__startswith=f"{name}:").values_list(
                "subject", flat=True
            )
        )
        for pk in (
            model._default_manager.order_by("pk").values_list("pk", flat=True).iterator(CHUNK)
        ):
            if f"{name}:{pk}" not in noted:
                yield f"Missing: {name}:{pk} exists, and no entry of the log speaks of it."


def _commitments() -> Iterator[str]:
    from proposals.closing import commitment_over  # noqa: PLC0415 -- it needs the log, and this the closing

    for one in ClosingCommitment.objects.select_related("call"):
        versions, root = commitment_over(one.call, one.made_at)
        if (versions, root) != (one.versions, one.root):
            yield (
                f"Changed: at the closing of {one.call.reference} {one.versions} versions were committed to, "
                f"with another root; now there are {versions}."
            )
