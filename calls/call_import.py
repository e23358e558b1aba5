"""Load a call from a file: all of it, or nothing."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from calls.conditions import (
    ReasonRequired,
    SecondPersonRequired,
    change_countries,
    change_rules,
    requires_second_person,
)
from calls.eligibility.countries import Participation
from calls.extensions import extend_deadline
from calls.innovation_clusters import standard_checklist
from calls.models import (
    Call,
    CallSection,
    Contact,
    Programme,
    RequiredDeliverable,
    Strand,
)
from foundation import clock

LOADED = "Loaded from a call file."
LOADED_BY = "call_import"


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
        "checklist": _checklist_in(data),
        "declaration": _declaration_in(data),
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


def _checklist_in(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The whole definition where the file does not say; nothing is checked where its list is empty."""
    checklist: list[dict[str, Any]] | None = data.get("checklist")
    return standard_checklist() if checklist is None else checklist


def _declaration_in(data: dict[str, Any]) -> dict[str, Any]:
    declaration = data.get("declaration")
    return declaration | {"points": declaration["points"] or []} if declaration else {}


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
