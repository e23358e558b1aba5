"""Conditions of a call: its rules, the countries of its programme, and who must agree to a change."""

from collections.abc import Sequence
from typing import Any

from django.core.cache import caches
from django.db import transaction

from calls.eligibility import CountrySet, RuleSet, canonical, country_set_digest
from calls.eligibility.countries import Participation, overlapping
from calls.models import (
    AppliedConditions,
    Call,
    ConditionChange,
    CountryParticipation,
    Programme,
)
from foundation import clock


class OverlappingParticipation(Exception):
    """Two entries of a country are in force on the same day; `first` and `second` are both."""

    def __init__(self, first: Participation, second: Participation) -> None:
        super().__init__(f"{first.country} has two entries for the same day")
        self.first = first
        self.second = second


class ReasonRequired(Exception):
    """A file differs from rules or countries in force, and nobody said why they should change."""

    def __init__(self, target: Call | Programme) -> None:
        super().__init__(str(target))
        self.target = target


class SecondPersonRequired(Exception):
    """Conditions or deadline of a published call change by two people only; `target` says of what."""

    def __init__(self, target: Call | Programme) -> None:
        super().__init__(str(target))
        self.target = target


def requires_second_person(target: Call | Programme) -> bool:
    """Whether applicants rely on these conditions: the call, or one of the programme's, is published."""
    if isinstance(target, Call):
        return target.published_at is not None and not target.is_rehearsal
    return target.calls.filter(published_at__isnull=False, rehearsal_of=None).exists()


@transaction.atomic
def change_countries(
    programme: Programme,
    rows: Sequence[Participation],
    *,
    reason: str,
    made_by: str,
    confirmed_by: str = "",
) -> ConditionChange | None:
    """Let a programme have exactly these participations; None where it has them already.

    Where a call of the programme is published, the database wants a second person in `confirmed_by`.

    Raises:
        OverlappingParticipation: a country would have two entries for one day.
    """
    twice = overlapping(rows)
    if twice is not None:
        raise OverlappingParticipation(*twice)
    # Two changes at once would otherwise each be recorded over a state that is gone.
    Programme.objects.select_for_update().get(pk=programme.pk)
    stored = {row.as_value(): row.pk for row in programme.participation.all()}
    gone = [value for value in stored if value not in rows]
    new = [value for value in rows if value not in stored]
    if not gone and not new:
        return None
    change = ConditionChange.objects.create(
        programme=programme,
        before=[value.as_json() for value in gone],
        after=[value.as_json() for value in new],
        reason=reason,
        made_by=made_by,
        confirmed_by=confirmed_by,
        made_at=clock.now(),
    )
    programme.participation.filter(pk__in=[stored[value] for value in gone]).delete()
    CountryParticipation.objects.bulk_create(
        CountryParticipation.from_value(value, programme=programme) for value in new
    )
    programme.refresh_from_db()
    programme.calls.update(changed_at=clock.real_now())  # their pages show the countries
    return change


@transaction.atomic
def change_rules(
    call: Call, rules: list[dict[str, Any]], *, reason: str, made_by: str, confirmed_by: str = ""
) -> ConditionChange | None:
    """Let a call have exactly these rules; None where it has them already.

    Where the call is published, the database wants a second person in `confirmed_by`.

    Raises:
        UnusableRule: the list names an unknown rule or an impossible parameter.
    """
    RuleSet.from_json(rules)
    stored = Call.objects.select_for_update().get(pk=call.pk).rules
    if stored == rules:
        return None
    change = ConditionChange.objects.create(
        call=call,
        before=stored,
        after=rules,
        reason=reason,
        made_by=made_by,
        confirmed_by=confirmed_by,
        made_at=clock.now(),
    )
    call.rules = rules
    call.changed_at = clock.real_now()
    call.save(update_fields=["rules", "changed_at"])
    call.__dict__.pop("rule_set", None)
    return change


def store_applied_conditions(rule_set: RuleSet, countries: CountrySet) -> None:
    """Keep what a verdict is made by under its content hash, so that it can always be replayed.

    Asked for every verdict: what this process has seen committed is not written again.
    """
    known = caches["pages"]
    wanted = {
        rule_set.digest: rule_set.as_json,
        country_set_digest(countries): countries.as_json,
    }
    rows = [
        AppliedConditions(digest=digest, content=canonical(content()))
        for digest, content in wanted.items()
        if not known.get(f"applied:{digest}")
    ]
    if rows:
        AppliedConditions.objects.bulk_create(rows, ignore_conflicts=True)
        keys = {f"applied:{row.digest}": True for row in rows}
        transaction.on_commit(lambda: known.set_many(keys))
