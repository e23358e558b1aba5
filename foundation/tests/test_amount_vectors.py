"""The page adds up a budget while people type; the server reads the same texts the same way."""

import json

import pytest
from django.conf import settings

from foundation.numbers import Unreadable, parse_amount

PATH = settings.ROOT / "cosme_portal" / "tests" / "scripts" / "amounts.json"
VECTORS = json.loads(PATH.read_text())
READABLE = VECTORS["read by the page and by the server"] + VECTORS["left to the server by the page"]


@pytest.mark.parametrize(("text", "cents"), [row for row in READABLE if row[0].strip()])
def test_the_server_reads_what_the_page_adds_up(text, cents):
    assert parse_amount(text) * 100 == cents


@pytest.mark.parametrize("text", VECTORS["read by neither"])
def test_what_the_page_does_not_add_up_the_server_asks_about(text):
    with pytest.raises(Unreadable):
        parse_amount(text)
