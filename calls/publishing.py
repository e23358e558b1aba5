"""What changes a call: loading it from a file, and extending its deadline."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction

from calls import clock
from calls.models import (
    Call,
    CallSection,
    Contact,
    CountryParticipation,
    Extension,
    Programme,
    RequiredDeliverable,
    Strand,
)


class ExtensionNotLater(Exception):
    """An extension must move the deadline to a later instant."""


@transaction.atomic
def load_call(content: dict[str, Any]) -> Call:
    """Store what `call_file.read_call_file` read: all of it, or nothing.

    Loading the same file again changes nothing; a changed file changes texts, rules and countries
    in place. Extensions are only ever added.
    """
    programme = _load_programme(content["programme"])
    given = content["call"]
    names = (
        "title", "summary", "published_at", "opens_at", "first_deadline", "zone", "budget", "rules",
    )  # fmt: skip
    values = {name: given[name] for name in names}
    values |= {"programme": programme, "changed_at": clock.real_now()}
    call, _created = Call.objects.update_or_create(
        reference=given["reference"],
        defaults=values,
        create_defaults=values | {"deadline": given["first_deadline"]},
    )
    _load_parts(call.sections, "slug", given["sections"], defaults={"points": []})
    _load_parts(call.contacts, "name", given["contacts"])
    _load_strands(call, given["strands"])
    known = set(call.extensions.values_list("new_deadline", flat=True))
    for extension in given["extensions"] or []:
        if extension["new_deadline"] not in known:
            extend_deadline(call, **extension)
    call.refresh_from_db()
    return call


def _load_programme(given: dict[str, Any]) -> Programme:
    programme, _created = Programme.objects.update_or_create(
        code=given["code"], defaults={"name": given["name"], "legal_basis": given["legal_basis"]}
    )
    kept = []
    for row in given["participation"]:
        key = {"country": row["country"], "in_force_on": row["in_force_on"]}
        values = {name: value for name, value in row.items() if name not in key}
        stored, _created = programme.participation.update_or_create(**key, defaults=values)
        kept.append(stored.pk)
    CountryParticipation.objects.filter(programme=programme).exclude(pk__in=kept).delete()
    return programme


def _load_strands(call: Call, given: Iterable[dict[str, Any]]) -> None:
    kept = []
    for entry in given:
        values = dict(entry)
        deliverables = values.pop("deliverables")
        values["needs_established_partnership"] = bool(values["needs_established_partnership"])
        strand, _created = Strand.objects.update_or_create(
            call=call, code=values.pop("code"), defaults=values
        )
        _load_parts(strand.deliverables, "code", deliverables, defaults={"is_scoreboard": False})
        kept.append(strand.pk)
    call.strands.exclude(pk__in=kept).delete()


def _load_parts(
    parts: "models.Manager[CallSection] | models.Manager[Contact] | models.Manager[RequiredDeliverable]",
    key: str,
    given: Iterable[dict[str, Any]],
    *,
    defaults: dict[str, Any] | None = None,
) -> None:
    """Make the rows below a call equal to a list, in its order."""
    kept = []
    for position, entry in enumerate(given):
        values = {name: value for name, value in entry.items() if value is not None}
        values = (defaults or {}) | values | {"position": position}
        row, _created = parts.update_or_create(**{key: values.pop(key)}, defaults=values)
        kept.append(row.pk)
    parts.exclude(pk__in=kept).delete()


@transaction.atomic
def extend_deadline(
    call: Call, *, new_deadline: datetime, reason: str, decided_by: str
) -> Extension:
    """Move the deadline of the whole call later, with the record that says why.

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
        recorded_at=clock.now(),
    )
    call.deadline = new_deadline
    call.changed_at = clock.real_now()
    call.save(update_fields=["deadline", "changed_at"])
    return extension
