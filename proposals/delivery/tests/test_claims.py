"""Claims: no more rows are claimed than are processed."""

from proposals.delivery.claims import process_claimed


def test_rows_are_claimed_until_none_is_free():
    free = [1, 2, 3]
    assert process_claimed(lambda: free.pop() if free else None, int) == 6


def test_no_row_is_claimed_when_the_time_is_over():
    free = [1, 2, 3]
    assert process_claimed(free.pop, int, seconds=0) == 3
    assert free == [1, 2]
