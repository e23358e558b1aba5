"""The page adds up a budget while people type; the server reads the same texts the same way."""

import json

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from foundation.fields import AmountField

PATH = settings.ROOT / "cosme_portal" / "tests" / "scripts" / "amounts.json"
VECTORS = json.loads(PATH.read_text())
READABLE = VECTORS["read by the page and by the server"] + VECTORS["left to the server by the page"]


def field_of_a_budget():
    return AmountField(required=False, min_value=0, max_digits=12)


@pytest.mark.parametrize(("text", "cents"), READABLE)
def test_the_server_reads_what_the_page_adds_up(text, cents):
    assert (field_of_a_budget().clean(text) or 0) * 100 == cents


@pytest.mark.parametrize("text", VECTORS["read by neither"])
def test_what_the_page_does_not_add_up_the_server_asks_about(text):
    with pytest.raises(ValidationError):
        field_of_a_budget().clean(text)
