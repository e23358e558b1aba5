"""Stored verdicts come out the same from what they were made by, and what was tampered with is named."""

import io

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.conditions import change_countries, change_rules
from calls.eligibility import rules as catalogue
from conftest import NEXT_DAY, database_owner
from proposals.conditions.verdict_replay import country_set_of, replay, rule_set_of
from proposals.models import VerdictRecord
from proposals.screening.automatic_check import screen_closed
from proposals.tests.factories import make_ready, submit


@pytest.fixture(autouse=True)
def _fresh_caches():
    rule_set_of.cache_clear()
    country_set_of.cache_clear()


def replayed():
    return replay(VerdictRecord.objects.all())


def run():
    out, status = io.StringIO(), 0
    try:
        call_command("replay", stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        status = end.code
    return out.getvalue(), status


def test_every_verdict_comes_out_the_same(call):
    for strand in ("3.1", "3.2"):
        submit(make_ready(call, strand=strand))
    screen_closed(NEXT_DAY)
    outcome = replayed()
    assert (outcome.same, outcome.older, outcome.differences) == (4, 0, [])
    assert run() == ("4 verdicts are identical, byte for byte.\n", 0)


def test_a_later_change_of_conditions_changes_no_stored_verdict(call):
    version = submit(make_ready(call))
    rows = [row for row in call.programme.country_set().rows if row.country != "LT"]
    change_countries(
        call.programme, rows, reason="A test", made_by="A test", confirmed_by="A colleague"
    )
    change_rules(
        call, call.rules[:5], reason="A test", made_by="A test", confirmed_by="A colleague"
    )

    assert replayed().same == 1
    screen_closed(NEXT_DAY)
    first, second = VerdictRecord.objects.filter(version=version).order_by("pk")
    assert (first.outcome, second.outcome) == ("pass", "pass")
    assert len(first.verdict.findings) > len(second.verdict.findings)
    assert first.country_set_id != second.country_set_id
    assert replayed().same == 2


@pytest.mark.parametrize(
    ("tamper", "text"),
    [
        (
            {"content__outcome": "officer"},
            "outcome was stored as “officer” but is now “pass”.",
        ),
        ({"facts__duration_months": 99}, "the stored facts do not match their hash."),
    ],
)
def test_what_was_tampered_with_is_named(call, tamper, text):
    version = submit(make_ready(call))
    stored = VerdictRecord.objects.get(version=version)
    for place, value in tamper.items():
        column, name = place.split("__")
        getattr(stored, column)[name] = value
    with database_owner():
        stored.save()
    out, status = run()
    assert out.splitlines()[0] == (
        f"{version.proposal.number} version 1, verdict {stored.pk}: {text}"
    )
    assert status == 1


def test_a_changed_finding_is_named(call):
    version = submit(make_ready(call))
    stored = VerdictRecord.objects.get(version=version)
    stored.content["findings"][3]["message"] = "Another message."
    finding = stored.content["findings"][3]
    with database_owner():
        stored.save()
    (difference,) = replayed().differences
    assert difference.what == (f"finding 4 ({finding['rule']}, {finding['subject']}) differs.")


def test_a_missing_finding_is_counted(call):
    version = submit(make_ready(call))
    stored = VerdictRecord.objects.get(version=version)
    count = len(stored.content["findings"])
    stored.content["findings"].pop()
    with database_owner():
        stored.save()
    (difference,) = replayed().differences
    assert difference.what == f"{count - 1} findings were stored, but there are now {count}."


def test_a_verdict_by_a_wording_that_is_gone_is_not_judged_by_another(call, monkeypatch):
    submit(make_ready(call))
    newer = type("CoordinatorOfLater", (catalogue.CATALOGUE["coordinator"],), {"version": 2})
    monkeypatch.setitem(catalogue.CATALOGUE, "coordinator", newer)
    (difference,) = replayed().differences
    assert difference.what.startswith("The rule “coordinator” in its version 1 is not part of")
    monkeypatch.setitem(catalogue.RETIRED_VERSIONS, ("coordinator", 1), newer.__base__)
    assert replayed().same == 1


def test_verdicts_that_are_older_than_their_facts_are_counted(call):
    submit(make_ready(call))
    with database_owner():
        VerdictRecord.objects.update(facts=None, facts_digest="", rule_set=None, country_set=None)
    assert run() == (
        (
            "0 verdicts are identical, byte for byte.\n1 could not be checked because their facts "
            "were not stored.\n"
        ),
        0,
    )


def test_the_number_of_queries_does_not_grow(call):
    proposal = make_ready(call)
    counts = []
    for wanted in (1, 5):
        while VerdictRecord.objects.count() < wanted:
            submit(proposal)
        rule_set_of.cache_clear()
        country_set_of.cache_clear()
        with CaptureQueriesContext(connection) as queries:
            assert replayed().same == wanted
        counts.append(len(queries))
    assert counts == [3, 3]


@pytest.mark.django_db(transaction=True)
def test_two_processes_see_each_verdict_once(call):
    proposal = make_ready(call)
    for _turn in range(5):
        submit(proposal)
    assert replay(VerdictRecord.objects.all(), processes=2).same == 5
