"""Rules and countries change for a reason only, and the history says what was there before."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction

from calls.call_import import load_call
from calls.conditions import (
    OverlappingParticipation,
    ReasonRequired,
    change_countries,
    change_rules,
    store_applied_conditions,
)
from calls.eligibility import country_set_digest
from calls.eligibility.countries import Participation
from calls.eligibility.rules import UnusableRule
from calls.models import AppliedConditions, Call, ConditionChange, CountryParticipation
from calls.tests.facts import FILE, call_file

NORWAY = Participation("NO", "a", None, date(2015, 4, 1), None, "Invented for a test")


def test_loading_a_call_begins_the_history(call):
    first, second = ConditionChange.objects.order_by("pk")
    assert (first.programme, first.call) == (call.programme, None)
    assert (len(first.before), len(first.after)) == (0, len(call.programme.country_set().rows))
    assert (second.call, second.before, second.after) == (call, [], call.rules)
    assert {first.reason, second.reason} == {"Loaded from a call file."}


def test_a_changed_country_row_is_recorded_with_its_reason(call):
    rows = list(call.programme.country_set().rows)
    moldova = next(row for row in rows if row.country == "MD")
    later = Participation("MD", "c", moldova.signed_on, date(2015, 5, 1), None, "Corrigendum")
    rows[rows.index(moldova)] = later

    change = change_countries(
        call.programme,
        [*rows, NORWAY],
        reason="Corrigendum of 2 May",
        made_by="An officer",
        confirmed_by="A colleague",
    )

    assert change.before == [moldova.as_json()]
    assert change.after == [later.as_json(), NORWAY.as_json()]
    assert (change.reason, change.made_by) == ("Corrigendum of 2 May", "An officer")
    stored = call.programme.country_set()
    assert {later, NORWAY} <= set(stored.rows)
    assert moldova not in stored.rows


def test_changed_rules_are_recorded_with_their_reason(call):
    before = list(call.rules)
    wanted = [entry for entry in call.rules if entry["rule"] != "duration"]

    change = change_rules(
        call,
        wanted,
        reason="No limit in the text",
        made_by="An officer",
        confirmed_by="A colleague",
    )

    assert (change.before, change.after) == (before, wanted)
    assert Call.objects.get(pk=call.pk).rules == wanted
    assert call.rule_set.parameter("duration", "maximum_months") is None


def test_a_file_does_not_undo_what_officers_changed_unless_somebody_says_why(call):
    wanted = [entry for entry in call.rules if entry["rule"] != "duration"]
    change_rules(
        call,
        wanted,
        reason="No limit in the text",
        made_by="An officer",
        confirmed_by="A colleague",
    )
    file = str(FILE)
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("call_import", file)
    assert Call.objects.get(pk=call.pk).rules == wanted

    with pytest.raises(CommandError, match="--confirmed-by"):
        call_command("call_import", file, reason="Corrigendum")
    assert Call.objects.get(pk=call.pk).rules == wanted
    second = {"reason": "Corrigendum", "confirmed_by": "A colleague"}
    call_command("call_import", file, **second, stdout=StringIO())
    assert Call.objects.get(pk=call.pk).rules == call_file()["call"]["rules"]
    assert ConditionChange.objects.first().reason == "Corrigendum"


def test_a_file_does_not_undo_changed_countries_either(call):
    rows = [row for row in call.programme.country_set().rows if row.country != "MD"]
    change_countries(
        call.programme, rows, reason="Corrigendum", made_by="An officer", confirmed_by="A colleague"
    )
    with pytest.raises(ReasonRequired):
        load_call(call_file())
    assert (
        load_call(call_file(), reason="It was right", confirmed_by="A colleague").programme
        == call.programme
    )


def test_a_country_that_would_count_twice_is_refused(call):
    rows = list(call.programme.country_set().rows)
    second = Participation("MD", "b", None, date(2016, 1, 1), None, "Invented for a test")
    with pytest.raises(OverlappingParticipation, match="MD has two entries for the same day"):
        change_countries(
            call.programme, [*rows, second], reason="x", made_by="x", confirmed_by="A colleague"
        )
    assert set(call.programme.country_set().rows) == set(rows)


def test_the_same_conditions_again_are_no_change(call):
    count = ConditionChange.objects.count()
    rows = list(reversed(call.programme.country_set().rows))
    assert (
        change_countries(call.programme, rows, reason="x", made_by="x", confirmed_by="A colleague")
        is None
    )
    assert (
        change_rules(call, call.rules, reason="x", made_by="x", confirmed_by="A colleague") is None
    )
    assert ConditionChange.objects.count() == count


def test_unusable_rules_change_nothing(call):
    with pytest.raises(UnusableRule):
        change_rules(
            call, [{"rule": "no-such-rule"}], reason="x", made_by="x", confirmed_by="A colleague"
        )
    assert Call.objects.get(pk=call.pk).rules == call.rules


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_changes_without_a_reason(call):
    moldova = CountryParticipation.objects.filter(country="MD")
    with pytest.raises(DatabaseError, match="for_a_reason"):
        moldova.update(in_force_on=date(2015, 5, 1))
    with pytest.raises(DatabaseError, match="for_a_reason"):
        moldova.delete()
    with pytest.raises(DatabaseError, match="for_a_reason"):
        CountryParticipation.from_value(NORWAY, programme=call.programme).save()
    with pytest.raises(DatabaseError, match="for_a_reason"):
        Call.objects.filter(pk=call.pk).update(rules=[])
    assert moldova.get().in_force_on == date(2015, 4, 7)


@pytest.mark.django_db(transaction=True)
def test_history_is_final_and_names_one_thing(call):
    change = ConditionChange.objects.first()
    with pytest.raises(DatabaseError):
        ConditionChange.objects.filter(pk=change.pk).update(reason="Another one")
    with pytest.raises(DatabaseError):
        change.delete()
    values = {"before": [], "after": [], "made_by": "x", "made_at": change.made_at}
    for wrong in (
        {"reason": " ", "call": call},
        {"reason": "x"},
        {"reason": "x", "call": call, "programme": call.programme},
    ):
        with pytest.raises(IntegrityError):
            ConditionChange.objects.create(**values | wrong)


@pytest.mark.django_db(transaction=True)
def test_applied_conditions_are_kept_by_their_hash(call):
    countries = call.programme.country_set()
    for _turn in range(2):
        store_applied_conditions(call.rule_set, countries)
    digests = set(AppliedConditions.objects.values_list("digest", flat=True))
    assert digests == {call.rule_set.digest, country_set_digest(countries)}
    with pytest.raises(DatabaseError):
        AppliedConditions.objects.update(content="{}")
    with pytest.raises(DatabaseError):
        AppliedConditions.objects.all().delete()
    with pytest.raises(DatabaseError, match="not that of the content"), transaction.atomic():
        AppliedConditions.objects.create(digest="sha256:" + "0" * 64, content="{}")
