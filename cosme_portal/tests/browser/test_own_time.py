"""The reader's own time stands beside the call's where the clock shows another time at that instant."""

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real_clock,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser-own-time"),
]


@pytest.mark.parametrize(
    ("zone", "own"),
    [
        ("Europe/Brussels", ""),
        ("Europe/Madrid", ""),
        ("Africa/Johannesburg", ""),  # the same offset in summer only
        ("Europe/London", "16:00"),
        ("Asia/Kolkata", "20:30"),
    ],
)
def test_the_deadline_is_said_twice_only_where_clocks_differ(call, visit, zone, own):
    visitor = visit(zone=zone)
    visitor.goto(f"/calls/{call.reference}/")
    beside = visitor.page.locator(".deadline-panel .own-time").first.inner_text()
    assert (own in beside) if own else beside.strip() == ""
