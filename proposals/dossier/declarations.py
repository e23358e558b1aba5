"""What was declared on honour at submission, as part of the frozen document.

The document names the organisation that declared, by its key, and no person: the one who ticked the
declaration is the one who submitted, and that is in a column of the version, which can be erased.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from calls.declaration import Declaration
from calls.eligibility.facts import Role
from proposals.dossier.document import FORMAT
from proposals.dossier.work_plan import NO_PLAN


def with_declaration(
    dossier: dict[str, Any], declaration: Declaration | None, *, at: datetime
) -> dict[str, Any]:
    """The document with its coordinator's declaration, made when the submission was received."""
    if declaration is None:
        return dossier
    made = {
        "digest": declaration.digest,
        "declared_by": _coordinator_in(dossier),
        "declared_at": at.astimezone(UTC).isoformat(),
    }
    return {**dossier, "declaration": declaration.as_json() | made}


def _coordinator_in(dossier: Mapping[str, Any]) -> str:
    keys = (
        participant["key"]
        for participant in dossier["consortium"]
        if participant["role"] == Role.COORDINATOR.value
    )
    return next(keys, "")


def as_drafted(dossier: Mapping[str, Any]) -> dict[str, Any]:
    """A version's document as its draft says it: in the present format, with nothing declared yet."""
    activities = [{**NO_PLAN, **activity} for activity in dossier["activities"]]
    return {**dossier, "format": FORMAT, "activities": activities, "declaration": None}


def declaration_in_words(dossier: Mapping[str, Any]) -> dict[str, Any] | None:
    """The declaration of a document with the instant, and the name of the organisation, for pages."""
    declaration = dossier.get("declaration")
    if not declaration:
        return None
    names = {
        participant["key"]: participant["organisation"]["cluster_name"]
        or participant["organisation"]["legal_name"]
        for participant in dossier["consortium"]
    }
    return declaration | {
        "organisation": names.get(declaration["declared_by"], declaration["declared_by"]),
        "at": datetime.fromisoformat(declaration["declared_at"]),
    }
