"""What a text, a line, a name and an identifier may contain."""

import time
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from django import forms
from django.core.exceptions import ValidationError

from foundation import text
from foundation.tests.hostile_texts import HOSTILE

CLEAN = {"text": text.clean_text, "line": text.clean_line, "identifier": text.clean_identifier}


@pytest.mark.parametrize("form", CLEAN)
@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_each_text_becomes_what_the_corpus_says(hostile, form):
    cleaned = CLEAN[form](hostile.text)
    assert cleaned == hostile.expected(form)
    assert CLEAN[form](cleaned) == cleaned
    assert text.unsafe_in(cleaned) is None
    assert ET.fromstring(f"<a>{escape(cleaned)}</a>").text in (cleaned, None)  # noqa: S314 -- our own


def test_the_corpus_has_each_kind():
    assert len(HOSTILE) >= 150
    assert len({hostile.text for hostile in HOSTILE}) == len(HOSTILE)


def test_an_unsafe_character_is_named_with_its_place():
    unsafe = text.unsafe_in("first\nsecond\x0b")
    assert (unsafe.code_point, unsafe.line, unsafe.column) == ("U+000B", 2, 7)
    assert "U+000B" in str(unsafe)
    assert text.unsafe_in("first\nse\tcond 👩‍👩‍👧‍👦 \u202e") is None


def test_unsafe_characters_are_named_wherever_they_are_in_json():
    value = {"a": ["fine", {"b\x01": "x", "c": "\ufffe"}], "d": 1, "e": None}
    assert [place for place, _unsafe in text.unsafe_places(value)] == [
        ("a", 1, "b\x01"),
        ("a", 1, "c"),
    ]
    cleaned = text.clean_json(value)
    assert cleaned == {"a": ["fine", {"b": "x", "c": ""}], "d": 1, "e": None}
    assert not list(text.unsafe_places(cleaned))


@pytest.mark.parametrize("name", ["", "-", "👍", "\u200b", "\u202e", "…", "\u3164", "•", "\u00ad"])
def test_a_name_needs_a_letter_or_digit(name):
    assert not text.names_something(name)


@pytest.mark.parametrize("name", ["A", "7", "Ω", "Łódź", "中", "\u202ex", "עברית", "Ⅷ", "👍 yes"])
def test_a_name_in_any_script_is_a_name(name):
    assert text.names_something(name)


def test_a_name_is_isolated_only_where_its_direction_could_reach_others():
    assert text.isolated("Acme Ltd") == "Acme Ltd"
    assert text.isolated("Łódź") == "Łódź"
    assert text.isolated("עברית") == "\u2068עברית\u2069"
    assert text.isolated("\u202eabc") == "\u2068\u202eabc\u2069"


def test_a_name_cannot_end_its_own_isolation():
    assert text.isolated("a\u2069\u202eb") == "\u2068a\u202eb\u2069"
    assert text.isolated("\u2067a") == "\u2068\u2067a\u2069\u2069"


def test_a_file_name_of_a_mac_is_composed():
    assert text.clean_file_name("Cafe\u0301 pro\u00adposal.pdf") == "Café proposal.pdf"


@pytest.mark.parametrize("blank", [" ", "\t", " \n", "\r", "\u00a0"])
@pytest.mark.parametrize("form", CLEAN)
def test_many_blanks_take_no_longer_than_other_characters(form, blank):
    started = time.process_time()
    CLEAN[form](f"a{blank * 60_000}b")
    assert time.process_time() - started < 5


def test_blanks_around_breaks_become_one():
    assert text.clean_line("a \n \t b  c\nd\t\te") == "a b  c d e"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  one\n\n  two \n", "one\n\n  two"),
        (" \x07 one \x07", "one"),
        ("\ufeff one", "\ufeff one"),
        (" \n\t\u00a0", ""),
        ("\u200b\u2800\n", ""),
        ("007\t-0", "007\t-0"),
    ],
)
def test_a_form_takes_a_text_without_what_stands_around_it(typed, stored):
    field = forms.CharField(widget=forms.Textarea, required=False)
    assert field.clean(typed) == stored
    assert field.clean(stored) == stored


def test_a_text_of_nothing_visible_is_missing():
    with pytest.raises(ValidationError):
        forms.CharField(widget=forms.Textarea).clean("\u200b\u2800")
