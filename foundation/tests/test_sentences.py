"""A name in a sentence does not reach what follows it."""

import ast
import json
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils.translation import gettext_lazy

from foundation.sentences import gettext, ngettext

HEBREW = "עברית"
ISOLATED = f"\u2068{HEBREW}\u2069"


def test_names_are_isolated_where_they_are_put_in():
    assert gettext("By %(who)s, 3 May") % {"who": HEBREW} == f"By {ISOLATED}, 3 May"
    assert gettext("%s and %s") % (HEBREW, "Łódź") == f"{ISOLATED} and Łódź"
    assert ngettext("%s file of %s", "%s files of %s", 2) % (2, HEBREW) == f"2 files of {ISOLATED}"
    assert gettext("By %(who)s") % {"who": gettext_lazy(HEBREW)} == f"By {ISOLATED}"


def test_numbers_and_sentences_stay_as_they_are():
    inner = gettext("by %s") % HEBREW
    assert gettext("%(n)d of %(amount)s, %(inner)s") % {
        "n": 3,
        "amount": Decimal("1.50"),
        "inner": inner,
    } == (f"3 of 1.50, by {ISOLATED}")
    assert json.dumps(gettext("abc")) == '"abc"'


@pytest.mark.parametrize("package", ["applicants", "cosme_portal", "proposals"])
def test_every_module_takes_its_sentences_from_there(package):
    results = [
        f"{path}: {name.name}"
        for path in (settings.ROOT / package).rglob("*.py")
        if "tests" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.name in {"gettext", "ngettext"}
    ]
    assert results == []
