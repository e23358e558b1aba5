"""Merkle trees as in RFC 9162, section 2.1: hashes, proofs, and how a proof is checked. Plain Python.

`Nodes` gives the hash of a complete subtree: level 0 are the leaves, and node `index` of a level covers the
leaves from `index << level` up to, not including, `(index + 1) << level`.
"""

import hashlib
from collections.abc import Callable, Sequence

NodeReader = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY_ROOT = hashlib.sha256(b"").digest()


def root_of(nodes: NodeReader, size: int) -> bytes:
    """The root over the first `size` leaves; some log2(size) nodes are asked for."""
    return _range_root(nodes, 0, size) if size else EMPTY_ROOT


def _range_root(nodes: NodeReader, start: int, end: int) -> bytes:
    size = end - start
    level = size.bit_length() - 1
    if size == 1 << level and start % size == 0:
        return nodes(level, start >> level)
    middle = start + _split(size)
    return node_hash(_range_root(nodes, start, middle), _range_root(nodes, middle, end))


def _split(size: int) -> int:
    """The largest power of two that is smaller than the size."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(nodes: NodeReader, position: int, size: int) -> list[bytes]:
    """The path that shows leaf `position` in the tree of the first `size` leaves (RFC 9162, 2.1.3.1)."""
    if not 0 <= position < size:
        raise ValueError("No such leaf in a tree of this size.")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            path.append(_range_root(nodes, middle, end))
            end = middle
        else:
            path.append(_range_root(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(nodes: NodeReader, first: int, second: int) -> list[bytes]:
    """The path that shows the tree of `first` leaves to be the beginning of that of `second` (2.1.4.1)."""
    if not 0 < first <= second:
        raise ValueError("The first tree must be a beginning of the second.")
    return [] if first == second else _subproof(nodes, first, 0, second, whole=True)


def _subproof(nodes: NodeReader, first: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    size = end - start
    if first == size:
        return [] if whole else [_range_root(nodes, start, end)]
    middle = _split(size)
    if first <= middle:
        rest = _subproof(nodes, first, start, start + middle, whole=whole)
        return [*rest, _range_root(nodes, start + middle, end)]
    rest = _subproof(nodes, first - middle, start + middle, end, whole=False)
    return [*rest, _range_root(nodes, start, start + middle)]


def verify_inclusion(
    leaf: bytes, position: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Check an inclusion proof (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    place, last, content = position, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            content = node_hash(step, content)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            content = node_hash(content, step)
        place, last = place >> 1, last >> 1
    return last == 0 and content == root


def verify_consistency(  # noqa: C901 -- step by step as the RFC has it, so that the two can be compared
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Check a consistency proof (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not path and first_root == second_root
    if not 0 < first < second or not path:
        return False
    steps = list(path)
    if first & (first - 1) == 0:
        steps.insert(0, first_root)
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    content = other = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            content, other = node_hash(step, content), node_hash(step, other)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            other = node_hash(other, step)
        place, last = place >> 1, last >> 1
    return last == 0 and content == first_root and other == second_root


class CompactRange:
    """The right edge of a growing tree: the complete subtrees that its leaves are made of.

    Appending n leaves makes fewer than n inner nodes; `append` gives those that became complete.
    """

    def __init__(self, size: int, nodes: NodeReader) -> None:
        self.size = size
        self.peaks: list[tuple[int, bytes]] = []  # level and hash, the highest first
        start = 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                self.peaks.append((level, nodes(level, start >> level)))
                start += 1 << level

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; returns (level, index, hash) of each inner node that is complete now."""
        level, content = 0, leaf
        made = []
        while self.peaks and self.peaks[-1][0] == level:
            content = node_hash(self.peaks.pop()[1], content)
            level += 1
            made.append((level, self.size >> level, content))
        self.peaks.append((level, content))
        self.size += 1
        return made

    @property
    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        content = self.peaks[-1][1]
        for _level, left in reversed(self.peaks[:-1]):
            content = node_hash(left, content)
        return content
