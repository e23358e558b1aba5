"""Writes a call as the file that `call_import` reads: the same rows, the same order, nothing left out.

Reading what is written gives what was stored, and writing that again gives the same bytes.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import yaml

from calls.innovation_clusters import standard_checklist
from calls.models import Call, Programme, Strand

HEADER = """\
# The call {reference}, as `manage.py call_import` reads it.
# Instants carry their offset, amounts are texts, dates are ISO.

"""


def call_content(call: Call) -> dict[str, Any]:
    """What `call_file.read_call_file` would give for this call; `publishing.load_call` stores it."""
    return {"programme": _programme(call.programme), "call": _call(call)}


def call_text(call: Call) -> str:
    """The call as YAML; equal calls give equal bytes."""
    body = yaml.dump(
        _without_blanks(call_content(call)),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )
    return HEADER.format(reference=call.reference) + body


def _programme(programme: Programme) -> dict[str, Any]:
    rows = programme.country_set().rows
    return {
        "code": programme.code,
        "name": programme.name,
        "legal_basis": programme.legal_basis,
        "participation": [
            {
                "country": row.country,
                "gate": row.gate,
                "signed_on": row.signed_on,
                "in_force_on": row.in_force_on,
                "counts_until": row.counts_until,
                "source": row.source,
            }
            for row in rows
        ],
    }


def _call(call: Call) -> dict[str, Any]:
    zone = call.time_zone

    def local(moment: datetime | None) -> datetime | None:
        return moment.astimezone(zone) if moment else None

    return {
        "reference": call.reference,
        "title": call.title,
        "summary": call.summary,
        "published_at": local(call.published_at),
        "opens_at": local(call.opens_at),
        "first_deadline": local(call.first_deadline),
        "zone": call.zone,
        "budget": call.budget,
        "open_points": call.open_points or None,
        "remedies": call.remedies or None,
        "checklist": None if call.checklist == standard_checklist() else call.checklist,
        "declaration": _declaration(call),
        "extensions": [
            {
                "new_deadline": local(extension.new_deadline),
                "reason": extension.reason,
                "decided_by": extension.decided_by,
            }
            for extension in call.extensions.all()
        ]
        or None,
        "sections": [
            {
                "slug": section.slug,
                "title": section.title,
                "text": section.text,
                "points": section.points or None,
            }
            for section in call.sections.all()
        ],
        "strands": [_strand(strand) for strand in call.strands.all()],
        "rules": call.rules,
        "contacts": [
            {
                "kind": contact.kind,
                "name": contact.name,
                "text": contact.text,
                "url": contact.url or None,
                "email": contact.email or None,
                "telephone": contact.telephone or None,
            }
            for contact in call.contacts.all()
        ],
    }


def _declaration(call: Call) -> dict[str, Any] | None:
    asked = call.declaration_asked
    return asked.as_json() | {"points": list(asked.points) or None} if asked else None


def _strand(strand: Strand) -> dict[str, Any]:
    return {
        "code": strand.code,
        "number": strand.number,
        "topic": strand.topic or None,
        "title": strand.title,
        "budget": strand.budget,
        "purpose": strand.purpose,
        "objectives": strand.objectives,
        "deliverables": [
            {
                "code": deliverable.code,
                "title": deliverable.title,
                "text": deliverable.text,
                "is_scoreboard": deliverable.is_scoreboard or None,
            }
            for deliverable in strand.deliverables.all()
        ],
        "needs_established_partnership": strand.needs_established_partnership or None,
    }


def _without_blanks(value: Any) -> Any:
    """Optional fields that are not set are left out, as a person would write the file."""
    if isinstance(value, Mapping):
        return {name: _without_blanks(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_blanks(item) for item in value]
    return value


class _Dumper(yaml.SafeDumper):
    """Writes instants with their offset, amounts as texts, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _instant(dumper: yaml.SafeDumper, value: datetime) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", value.isoformat())


def _amount(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", f"{value:f}", style="'")


_Dumper.add_representer(datetime, _instant)
_Dumper.add_representer(Decimal, _amount)
