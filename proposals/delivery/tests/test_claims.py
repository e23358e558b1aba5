"""Claims: no more rows are claimed than are processed."""

from proposals.delivery.claims import process_claimed


def test_rows_are_claimed_until_none_is_free():
    free = [1, 2, 3]
    assert process_claimed(lambda: free.pop() if free else None, int, at_most=9) == 6


def test_no_row_is_claimed_beyond_the_limit():
    free = [1, 2, 3]
    assert process_claimed(free.pop, int, at_most=2) == 5
    assert free == [1]
