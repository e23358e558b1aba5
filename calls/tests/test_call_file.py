"""A call file is read whole or not at all, and what is wrong is named by its line."""

import pytest
from django.core.management import CommandError, call_command

from calls.call_file import BadCallFile, read_call_text
from calls.models import Call, CountryParticipation, Extension, Programme
from calls.tests.facts import FILE

SOURCE = FILE.read_text()


def line_of(text, part):
    return next(n for n, line in enumerate(text.splitlines(), start=1) if part in line)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("budget: \"1500000.00\"", "budget: a lot", "an amount in euro"),
        ("country: EE", "country: QQ", "the code of a country"),
        ("opens_at: 2015-01-23T09:00:00+01:00", "opens_at: 2015-01-23T09:00:00", "with its offset"),
        ("opens_at: 2015-01-23T09:00:00+01:00", "opens_at: 2015-05-23T09:00:00+01:00", "opens at or after"),
        ("zone: Europe/Brussels", "zone: Brussels", "an IANA time zone"),
        ("in_force_on: 2013-07-01", "in_force_on: 2013-13-01", "a date such as"),
        ("rule: third-markets", "rule: fourth-markets", "is not a rule"),
        ("maximum_months: 24", "maximum_months: '24'", "a whole number above 0"),
        ('"3.2": "450000.00"', '"3.9": "450000.00"', "a strand “3.9” that is not there"),
        ("kind: helpdesk", "kind: help", "one of partner-search"),
        ("      number: 2\n", "      number: 2\n      colour: red\n", "one of the fields"),
        ("is_scoreboard: true", "is_scoreboard: maybe", "true or false"),
        ("gate: member-state, in_force_on: 1958-01-01, source: Treaty of Rome}", "gate: member-state}", "is missing"),
    ],
)  # fmt: skip
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


@pytest.mark.django_db
def test_of_a_broken_file_nothing_is_loaded(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(SOURCE.replace("rule: third-markets", "rule: fourth-markets"))
    with pytest.raises(CommandError, match=rf"{path}, line \d+: .*fourth-markets"):
        call_command("call_import", path)
    assert (Programme.objects.count(), Call.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_loading_twice_changes_nothing(capsys):
    def stored():
        call = Call.objects.values().get()
        call.pop("changed_at")
        return call, list(CountryParticipation.objects.values()), list(Extension.objects.values())

    call_command("call_import", FILE)
    first = stored()
    call_command("call_import", FILE)
    assert stored() == first
