"""Instants and JSON from outside are read strictly, and what commands write is UTF-8."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.instants import day_from, instant_from
from foundation.strict_json import KeyTwice, check_keys


@pytest.mark.parametrize(
    "text",
    [
        "2015-04-21T17:00:00+02:60",
        "2015-04-21T17:00:00+02:99",
        "2015-04-21T17:00:00+24:00",
        "2015-04-21T17:00:00+25:00",
        "2015-04-21T24:00:00Z",
        "2015-04-21T23:59:60Z",
        "2015-04-21T17:60:00Z",
        "2015-04-31T17:00:00Z",
        "2015-04-21T17:00:00",
        "2015-04-21 17:00:00Z",
        "2015-W17-2T17:00:00Z",
        "20150421T170000Z",
        "2015-04-21T17:00:00.Z",
        "2015-04-21T17:00:00+0200",
        "2015-04-21T17:00:00+02",
        "٢٠١٥-04-21T17:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "",
        "now",
    ],
)
def test_what_rfc_3339_does_not_write_is_no_instant(text):
    assert instant_from(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "2015-04-21T17:00:00+02:00",
        "2015-04-21t15:00z",
        "2015-04-21T15:00:00.000000999Z",
        "2015-04-21T15:00:00-00:00",
        "2015-04-22T14:59:00+23:59",
    ],
)
def test_instants_are_read_in_every_form_of_rfc_3339(text):
    assert instant_from(text) == datetime(2015, 4, 21, 15, tzinfo=UTC)


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_none(text):
    instant_from(text)
    day_from(text)


@pytest.mark.parametrize(
    "text", ["2015-02-29", "2015-13-01", "20150421", "2015-W17-2", " 2015-04-21"]
)
def test_what_is_no_day_is_none(text):
    assert day_from(text) is None


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "\\u0061": 2}}]', b'{"a": {}, "b": 1, "a": []}']
)
def test_an_object_with_a_key_twice_is_refused_by_name(text):
    with pytest.raises(KeyTwice, match="“a”"):
        check_keys(text)


def test_objects_with_keys_of_their_own_are_taken():
    check_keys('[{"a": 1, "b": {"a": 1}}, {"a": 1e400}, ' + "9" * 5000 + "]")


@pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', "[" * 100_000, "{", ""])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        check_keys(text)


def test_every_character_is_written_whatever_the_terminal_speaks():
    program = "from foundation.output import write_utf8; write_utf8(); print('Łódź \\ud800 нет')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == "Łódź \\ud800 нет\n"
