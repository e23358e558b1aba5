"""What changes a call: loading it from a file, changing its conditions, extending its deadline."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.core.cache import caches
from django.db import models, transaction

from calls.eligibility import CountrySet, RuleSet, canonical, country_set_digest
from calls.eligibility.countries import Participation, overlapping
from calls.models import (
    AppliedConditions,
    Call,
    CallSection,
    ConditionChange,
    Contact,
    CountryParticipation,
    Extension,
    Incident,
    Programme,
    RequiredDeliverable,
    Strand,
)
from foundation import clock


class ExtensionNotLater(Exception):
    """An extension must move the deadline to a later instant."""


LOADED = "Loaded from a call file."
LOADED_BY = "call_import"


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
def load_call(
    content: dict[str, Any], *, reason: str = "", made_by: str = LOADED_BY, confirmed_by: str = ""
) -> Call:
    """Store what `call_file.read_call_file` read: all of it, or nothing.

    Loading the same file again changes nothing; a changed file changes texts in place. Rules and
    countries that are in force, perhaps because officers changed them since, change only for a reason.
    Extensions are only ever added.

    Raises:
        ReasonRequired: the file would change rules or countries, and no reason is given.
        SecondPersonRequired: it would change conditions or deadline of a published call, and nobody else
            (`confirmed_by`) is named who agreed.
    """
    source = {"reason": reason, "made_by": made_by, "confirmed_by": confirmed_by}
    programme = _load_programme(content["programme"], **source)
    data = content["call"]
    names = ("title", "summary", "published_at", "opens_at", "first_deadline", "zone", "budget")
    values = {name: data.get(name) for name in names}
    values |= {
        "programme": programme,
        "open_points": data.get("open_points") or [],
        "remedies": data.get("remedies") or [],
        "changed_at": clock.real_now(),
    }
    call, created = Call.objects.update_or_create(
        reference=data["reference"],
        defaults=values,
        create_defaults=values | {"deadline": data["first_deadline"]},
    )
    _check_may_change(call, differs=call.rules != data["rules"], **source)
    change_rules(call, data["rules"], **source | {"reason": reason or LOADED})
    _load_parts(call.sections, "slug", data["sections"], defaults={"points": []})
    _load_parts(call.contacts, "name", data["contacts"])
    _load_strands(call, data["strands"])
    _load_extensions(call, data["extensions"] or [], confirmed_by or (LOADED_BY if created else ""))
    call.refresh_from_db()
    return call


def _load_extensions(call: Call, data: Iterable[dict[str, Any]], confirmed_by: str) -> None:
    known = set(call.extensions.values_list("new_deadline", flat=True))
    for extension in data:
        if extension["new_deadline"] not in known:
            if requires_second_person(call) and not confirmed_by:
                raise SecondPersonRequired(call)
            extend_deadline(call, **extension, confirmed_by=confirmed_by)


def _load_programme(
    values: dict[str, Any], *, reason: str, made_by: str, confirmed_by: str
) -> Programme:
    programme, _created = Programme.objects.update_or_create(
        code=values["code"], defaults={"name": values["name"], "legal_basis": values["legal_basis"]}
    )
    rows = [Participation(**row) for row in values["participation"]]
    differs = set(rows) != set(programme.country_set().rows)
    source = {"reason": reason, "made_by": made_by, "confirmed_by": confirmed_by}
    _check_may_change(programme, differs=differs, **source)
    change_countries(programme, rows, **source | {"reason": reason or LOADED})
    return programme


def _check_may_change(
    target: Call | Programme, *, differs: bool, reason: str, made_by: str, confirmed_by: str
) -> None:
    """What was never set needs neither a reason nor a second person to be set."""
    if not differs or not target.changes.exists():
        return
    if not reason:
        raise ReasonRequired(target)
    if requires_second_person(target) and confirmed_by in {"", made_by}:
        raise SecondPersonRequired(target)


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


def _load_strands(call: Call, data: Iterable[dict[str, Any]]) -> None:
    pks = []
    for entry in data:
        values = dict(entry)
        deliverables = values.pop("deliverables")
        values["topic"] = values["topic"] or ""
        values["needs_established_partnership"] = bool(values["needs_established_partnership"])
        strand, _created = Strand.objects.update_or_create(
            call=call, code=values.pop("code"), defaults=values
        )
        _load_parts(strand.deliverables, "code", deliverables, defaults={"is_scoreboard": False})
        pks.append(strand.pk)
    call.strands.exclude(pk__in=pks).delete()


def _load_parts(
    parts: "models.Manager[CallSection] | models.Manager[Contact] | models.Manager[RequiredDeliverable]",
    key: str,
    data: Iterable[dict[str, Any]],
    *,
    defaults: dict[str, Any] | None = None,
) -> None:
    """Make the rows below a call equal to a list, in its order."""
    pks = []
    for position, entry in enumerate(data):
        values = {name: value for name, value in entry.items() if value is not None}
        values = (defaults or {}) | values | {"position": position}
        row, _created = parts.update_or_create(**{key: values.pop(key)}, defaults=values)
        pks.append(row.pk)
    parts.exclude(pk__in=pks).delete()


@transaction.atomic
def extend_deadline(
    call: Call,
    *,
    new_deadline: datetime,
    reason: str,
    decided_by: str,
    confirmed_by: str = "",
    incident: Incident | None = None,
) -> Extension:
    """Move the deadline of the whole call later, with the record that says why.

    Where the call is published, the database wants a second person in `confirmed_by`.

    Raises:
        ExtensionNotLater: the new deadline is not after the one in force.
    """
    call = Call.objects.select_for_update().get(pk=call.pk)
    if new_deadline <= call.deadline:
        raise ExtensionNotLater
    extension = Extension.objects.create(
        call=call,
        old_deadline=call.deadline,
        new_deadline=new_deadline,
        reason=reason,
        decided_by=decided_by,
        confirmed_by=confirmed_by,
        incident=incident,
        recorded_at=clock.now(),
    )
    call.deadline = new_deadline
    call.changed_at = clock.real_now()
    call.save(update_fields=["deadline", "changed_at"])
    return extension
