"""`make run` shows the demonstration's world with the debug toolbar, and stops as a whole."""

import pytest

from cosme_portal.tests.processes import wait_until
from cosme_portal.tests.test_demo import folder, free_port, left_behind, page, running

pytestmark = [pytest.mark.real_clock, pytest.mark.xdist_group("processes")]

__all__ = ["folder"]


def test_it_shows_the_world_with_the_toolbar_works_and_stops_as_a_whole(folder):
    port = free_port()
    with running(folder, port, mode="development"):
        html = page(port, "/calls/COS-CLUSTER-2014-3-03/")
        assert "Start a proposal in strand 1" in html and "djDebug" in html
        log = folder / "development.log"
        wait_until(lambda: "Subject: " in log.read_text(), seconds=60)  # mails of the worker
    wait_until(lambda: not left_behind(folder), seconds=20)
    assert "Traceback" not in log.read_text()
