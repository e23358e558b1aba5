"""Keys of rows as they come from outside."""

import pytest

from foundation.identifiers import MAX_KEY, key_of, keys_of


@pytest.mark.parametrize("text", ["0", "7", "007", str(MAX_KEY)])
def test_ascii_digits_within_bigint_are_a_key(text):
    assert key_of(text) == int(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "٣",
        "²",
        "1\0",
        "9" * 5000,
        str(MAX_KEY + 1),
        None,
        [],
    ],
)
def test_anything_else_is_no_key(text):
    assert key_of(text) is None


def test_of_many_the_keys_are_kept_in_order():
    assert keys_of(["2", "x", "9" * 5000, "1"]) == [2, 1]
