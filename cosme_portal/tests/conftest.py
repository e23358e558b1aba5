"""Fixtures with processes of their own."""

from collections.abc import Iterator

import pytest

from cosme_portal.tests import processes


@pytest.fixture(scope="session")
def running_broker() -> Iterator[str]:
    with processes.broker() as url:
        yield url
