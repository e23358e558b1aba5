"""Fixtures of all floors: the real call, and the moment at which tests happen."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from calls import clock
from calls.call_file import read_call_file
from calls.models import Call
from calls.publishing import load_call
from cosme_portal.settings import ROOT

pytest_plugins = ["proposals.tests.from_elsewhere"]

BRUSSELS = ZoneInfo("Europe/Brussels")

# Tests happen here unless they say otherwise: the last day of the call, in the afternoon.
AFTERNOON = datetime(2015, 4, 21, 16, 20, tzinfo=BRUSSELS)
DEADLINE = datetime(2015, 4, 21, 17, 0, tzinfo=BRUSSELS)
NEXT_DAY = datetime(2015, 4, 22, 9, 0, tzinfo=BRUSSELS)


@pytest.fixture(autouse=True)
def afternoon(request: pytest.FixtureRequest) -> Iterator[None]:
    """Stop the clock for tests of this process; those with processes of their own move it otherwise."""
    if "real_clock" in request.keywords:
        yield
        return
    with clock.set_to(AFTERNOON):
        yield


@pytest.fixture
def call(db: None) -> Call:
    return load_call(read_call_file(ROOT / "calls" / "data" / "cos-cluster-2014-3-03.yaml"))
