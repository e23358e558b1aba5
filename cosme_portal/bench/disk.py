"""What a commit takes: some disks write it, some only say so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

ORDINARY = 530  # commits a second by one client, on a disk that writes each before it answers
COMMITS = 300


def commits_a_second() -> float:
    """By one client, one short row each."""
    with connection.cursor() as cursor:
        begun = time.perf_counter()
        for _turn in range(COMMITS):
            cursor.execute("INSERT INTO bench_row (text) VALUES (%s)", ["x" * 400])
        return COMMITS / (time.perf_counter() - begun)


@contextmanager
def slowed_down(result: float) -> Iterator[None]:
    """Let PostgreSQL wait before each commit is written, for new connections to this database."""
    wait = max(0, round(1e6 / ORDINARY - 1e6 / result))  # microseconds
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET commit_delay = {wait}')
        cursor.execute(f'ALTER DATABASE "{name}" SET commit_siblings = 0')
    connection.close()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" RESET commit_delay')
            cursor.execute(f'ALTER DATABASE "{name}" RESET commit_siblings')
        connection.close()
