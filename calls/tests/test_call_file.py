"""A call file is read whole or not at all, and what is wrong is named by its line."""

import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from calls.call_file import BadCallFile, read_call_file, read_call_text
from calls.models import Call, CountryParticipation, Extension, Programme
from calls.tests.facts import FILE

SOURCE = FILE.read_text()


def line_of(text, part):
    return next(n for n, line in enumerate(text.splitlines(), start=1) if part in line)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('budget: "1500000.00"', "budget: a lot", "an amount in euro"),
        ("country: EE", "country: QQ", "the code of a country"),
        ("opens_at: 2015-01-23T09:00:00+01:00", "opens_at: 2015-01-23T09:00:00", "with its offset"),
        (
            "opens_at: 2015-01-23T09:00:00+01:00",
            "opens_at: 2015-05-23T09:00:00+01:00",
            "must open before its first deadline",
        ),
        ("zone: Europe/Brussels", "zone: Brussels", "an IANA time zone"),
        ("in_force_on: 2013-07-01", "in_force_on: 2013-13-01", "a date such as"),
        ("rule: third-markets", "rule: fourth-markets", "is not a rule"),
        ("maximum_months: 24", "maximum_months: '24'", "a whole number above 0"),
        ('"3.2": "450000.00"', '"3.9": "450000.00"', "grant-ceiling.*strand “3.9”"),
        ("kind: helpdesk", "kind: help", "one of partner-search"),
        ("      number: 2\n", "      number: 2\n      colour: red\n", "one of the fields"),
        ("is_scoreboard: true", "is_scoreboard: maybe", "true or false"),
        (
            "gate: member-state, in_force_on: 1958-01-01, source: Treaty of Rome}",
            "gate: member-state}",
            "is missing",
        ),
    ],
)
def test_a_broken_file_is_refused_with_line_and_expectation(old, new, expected):
    broken = SOURCE.replace(old, new, 1)
    assert broken != SOURCE
    with pytest.raises(BadCallFile, match=expected) as refusal:
        read_call_text(broken)
    assert 1 <= refusal.value.line <= len(broken.splitlines())


def test_the_line_is_the_line_of_the_mistake():
    broken = SOURCE.replace("country: EE", "country: QQ")
    with pytest.raises(BadCallFile) as refusal:
        read_call_text(broken)
    assert refusal.value.line == line_of(broken, "country: QQ")


@pytest.mark.parametrize("text", ["", "call: [", "just words", "programme: 1\ncall: 2"])
def test_what_is_no_call_file_is_refused(text):
    with pytest.raises(BadCallFile):
        read_call_text(text)


def test_of_a_broken_file_nothing_is_loaded(no_calls, tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(SOURCE.replace("rule: third-markets", "rule: fourth-markets"))
    with pytest.raises(CommandError, match=rf"{path}, line \d+: .*fourth-markets"):
        call_command("call_import", path)
    assert (Programme.objects.count(), Call.objects.count()) == (0, 0)


def test_loading_twice_changes_nothing(no_calls, capsys):
    def stored():
        call = Call.objects.values().get()
        call.pop("changed_at")
        return call, list(CountryParticipation.objects.values()), list(Extension.objects.values())

    call_command("call_import", FILE)
    first = stored()
    call_command("call_import", FILE)
    assert stored() == first


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        (LAUGHS, 2, "an alias"),
        ("programme: " + "[" * 50_000, 1, "nested more than 20 levels"),
        ("programme:\n " + "- " * 50_000, 2, "nested more than 20 levels"),
        ("programme:\n  " + "{a: " * 50_000, 2, "nested more than 20 levels"),
        ("programme: " + "? " * 50_000, 1, "YAML|lists"),
        ("programme:\n  code: \x07", 2, "the character U.0007"),
        ("programme: &a\n  code: *a", 2, "an alias"),
        (
            SOURCE.replace("    - {rule: ", "    - {a: [" + "1, " * 9999 + "1]}\n    - {rule: ", 1),
            None,
            "more than 1000",
        ),
        ("a: 1\n" * 1_000_000, 1, "larger than 1024 KB"),
        (SOURCE.replace("number: 2", "number: " + "2" * 5000, 1), None, "a whole number"),
        (SOURCE.replace('"1500000.00"', "1e400000", 1), None, "an amount in euro"),
        (
            SOURCE.replace("      number: 2\n", "      number: 2\n      number: 3\n", 1),
            None,
            "twice",
        ),
    ],
    ids=range(12),
)
def test_a_hostile_file_is_refused_at_once_with_its_line(text, line, part):
    begun = time.process_time()
    with pytest.raises(BadCallFile, match=part) as refusal:
        read_call_text(text)
    assert time.process_time() - begun < 5
    assert line in (None, refusal.value.line) and len(str(refusal.value)) < 1000


def test_a_file_without_end_is_not_read_to_its_end():
    with pytest.raises(BadCallFile, match="larger than"):
        read_call_file(Path("/dev/zero"))


@pytest.mark.django_db
@pytest.mark.parametrize("new", ["[" * 50_000, "x" * 5000])
def test_the_command_says_so_and_ends_with_2(tmp_path, new):
    path = tmp_path / "hostile.yaml"
    path.write_text(SOURCE.replace("code: COSME", f"code: {new}", 1))
    assert path.read_text() != SOURCE
    with pytest.raises(CommandError) as refusal:
        call_command("call_import", path)
    assert refusal.value.returncode == 2 and str(path) in str(refusal.value)
