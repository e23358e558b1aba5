"""Merkle trees by RFC 9162, held against published vectors, a plain reading of the RFC, and each other."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import merkle

# The leaves and roots that the reference implementation of RFC 6962 (Certificate Transparency) is tested with.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (leaf, counted from 1, size, path): as published with them.
PATHS = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]


def plain_root(leaves):
    """MTH of RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return merkle.leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(plain_root(leaves[:split]), plain_root(leaves[split:]))


def nodes_of(leaves):
    """Every complete subtree, as the portal stores them."""
    frontier = merkle.CompactRange(0, lambda level, index: b"")
    stored = {}
    for place, leaf in enumerate(leaves):
        stored[0, place] = merkle.leaf_hash(leaf)
        stored |= {
            (level, index): content for level, index, content in frontier.append(stored[0, place])
        }
    return (lambda level, index: stored[level, index]), frontier


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size):
    nodes, frontier = nodes_of(LEAVES[:size])
    assert frontier.root.hex() == merkle.root_of(nodes, size).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("leaf", "size", "path"), PATHS)
def test_paths_are_the_published_ones(leaf, size, path):
    nodes, _frontier = nodes_of(LEAVES[:size])
    assert [step.hex() for step in merkle.inclusion_proof(nodes, leaf - 1, size)] == path


def test_an_empty_tree_has_the_hash_of_nothing():
    assert merkle.root_of(lambda level, index: b"", 0) == plain_root([])


@given(st.integers(1, 70), st.data())
def test_every_leaf_is_shown_to_be_included_and_no_other(size, data):
    leaves = [str(number).encode() for number in range(size)]
    nodes, frontier = nodes_of(leaves)
    place = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_proof(nodes, place, size)
    assert frontier.root == plain_root(leaves)
    assert merkle.verify_inclusion(
        merkle.leaf_hash(leaves[place]), place, size, path, frontier.root
    )
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), place, size, path, frontier.root)
    assert len(path) <= size.bit_length()
    other = data.draw(st.integers(0, size - 1))
    if other != place:
        leaf = merkle.leaf_hash(leaves[other])
        assert not merkle.verify_inclusion(leaf, place, size, path, frontier.root)
    if path:
        broken = [bytes(32), *path[1:]]
        assert not merkle.verify_inclusion(nodes(0, place), place, size, broken, frontier.root)
        assert not merkle.verify_inclusion(nodes(0, place), place, size, path[:-1], frontier.root)


@given(st.integers(1, 70), st.data())
def test_a_log_is_shown_to_continue_an_earlier_one(second, data):
    leaves = [str(number).encode() for number in range(second)]
    first = data.draw(st.integers(1, second))
    nodes, frontier = nodes_of(leaves)
    item = plain_root(leaves[:first])
    path = merkle.consistency_proof(nodes, first, second)
    assert merkle.verify_consistency(first, second, item, frontier.root, path)
    assert not merkle.verify_consistency(first, second, bytes(32), frontier.root, path)
    if first < second:
        assert not merkle.verify_consistency(first, second, item, bytes(32), path)
        assert not merkle.verify_consistency(first, second, item, frontier.root, [])


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_tree_that_is_continued_is_the_one_that_was_made_at_once(size, more):
    leaves = [str(number).encode() for number in range(size + more)]
    nodes, _begun = nodes_of(leaves[:size])
    continued = merkle.CompactRange(size, nodes)
    for leaf in leaves[size:]:
        continued.append(merkle.leaf_hash(leaf))
    assert continued.root == plain_root(leaves)


@pytest.mark.parametrize(("position", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_there_is_no_proof_of_what_is_not_there(position, size):
    with pytest.raises(ValueError, match="No such leaf"):
        merkle.inclusion_proof(lambda level, index: b"", position, size)


@pytest.mark.parametrize(("first", "second"), [(5, 4), (0, 4), (0, 0), (-1, 4)])
def test_there_is_no_proof_for_a_tree_that_is_no_beginning(first, second):
    with pytest.raises(ValueError, match="must be a beginning"):
        merkle.consistency_proof(lambda level, index: b"", first, second)


# --- Proofs that somebody made up -------------------------------------------------------------


def eight_leaves():
    nodes, frontier = nodes_of([str(number).encode() for number in range(8)])
    return nodes, frontier.root


@pytest.mark.parametrize(
    ("position", "size"), [(-1, 8), (8, 8), (9, 8), (0, 0), (1, 1), (0, -1), (4, 3)]
)
def test_no_leaf_is_included_outside_of_the_tree(position, size):
    """Not even where the path would lead to the root."""
    nodes, root = eight_leaves()
    path = merkle.inclusion_proof(nodes, 7, 8)
    assert not merkle.verify_inclusion(nodes(0, 7), position, size, path, root)
    assert not merkle.verify_inclusion(root, position, size, [], root)


@pytest.mark.parametrize("size", range(1, 9))
def test_a_path_with_steps_too_many_shows_no_inclusion(size):
    """The steps before would lead to the root: what follows them must not be overlooked."""
    nodes, frontier = nodes_of([str(number).encode() for number in range(size)])
    for position in range(size):
        path = merkle.inclusion_proof(nodes, position, size)
        for more in ([bytes(32)], [bytes(32)] * 8, [frontier.root]):
            assert not merkle.verify_inclusion(
                nodes(0, position), position, size, [*path, *more], frontier.root
            )


@pytest.mark.parametrize("first", range(1, 8))
def test_a_path_with_steps_too_many_shows_no_continuation(first):
    nodes, root = eight_leaves()
    beginning = merkle.root_of(nodes, first)
    path = merkle.consistency_proof(nodes, first, 8)
    for more in ([bytes(32)], [bytes(32)] * 8, [root]):
        assert not merkle.verify_consistency(first, 8, beginning, root, [*path, *more])


@pytest.mark.parametrize(("first", "second"), [(0, 8), (-1, 8), (8, 4), (8, 7), (0, 1)])
def test_no_tree_continues_one_that_is_no_beginning(first, second):
    """Made-up roots that a check of the path alone would accept."""
    nodes, root = eight_leaves()
    for path in ([root], [root, root], merkle.consistency_proof(nodes, 4, 8)):
        for roots in ((root, root), (merkle.EMPTY_ROOT, root), (root, merkle.root_of(nodes, 4))):
            assert not merkle.verify_consistency(first, second, *roots, path)


def test_a_tree_continues_itself_without_a_path_and_no_other():
    nodes, root = eight_leaves()
    assert merkle.consistency_proof(nodes, 8, 8) == []
    assert merkle.verify_consistency(8, 8, root, root, [])
    assert not merkle.verify_consistency(8, 8, root, root, [bytes(32)])
    assert not merkle.verify_consistency(8, 8, bytes(32), root, [])


def test_roots_are_made_of_the_largest_complete_subtrees():
    """Of a thousand leaves some ten nodes are read, not all."""
    nodes, frontier = nodes_of([str(number).encode() for number in range(1000)])
    read = []

    def reader(level, index):
        read.append((level, index))
        return nodes(level, index)

    assert merkle.root_of(reader, 1000) == frontier.root
    assert read == [(9, 0), (8, 2), (7, 6), (6, 14), (5, 30), (3, 124)]
