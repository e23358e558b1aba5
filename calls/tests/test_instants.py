"""How a deadline is said in one short line, and a rate in percent."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from calls.templatetags.instants import closing_words, in_words, percent

DEADLINE = datetime(2015, 4, 21, 15, 0, tzinfo=UTC)  # 17:00 in Brussels, 18:00 in Kyiv


@pytest.mark.parametrize(
    ("moment", "is_today"),
    [
        (datetime(2015, 4, 20, 21, 59, tzinfo=UTC), False),  # 23:59 in Brussels
        (datetime(2015, 4, 20, 22, 0, tzinfo=UTC), True),
        (DEADLINE - timedelta(seconds=1), True),
    ],
)
def test_a_deadline_is_today_by_the_days_of_the_calls_zone(moment, is_today):
    text = closing_words(DEADLINE, moment)
    assert ("21 April 2015" in text) is not is_today
    assert "17:00 Brussels (CEST, UTC+02:00)" in text


def test_a_deadline_on_another_day_is_said_with_its_date():
    text = closing_words(DEADLINE, DEADLINE - timedelta(days=40))
    assert in_words(DEADLINE) in text


def test_a_deadline_of_another_city_is_said_in_its_own_time():
    text = closing_words(DEADLINE, DEADLINE - timedelta(hours=1), "Europe/London")
    assert "16:00 London (BST, UTC+01:00)" in text


def test_a_rate_is_rounded_as_scripts_of_the_page_round_it():
    path = settings.ROOT / "cosme_portal" / "tests" / "scripts" / "amounts.json"
    for grant, costs, text in json.loads(path.read_text())["rates of grant and costs"]:
        assert percent(Decimal(grant) / costs * 100 if costs else None) == text
