"""What a partner confirms of a dossier, and whether the submitted text is the confirmed one."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foundation.canonical_json import canonical
from proposals.models import Confirmation, Version


def confirmation_content_in(dossier: dict[str, Any], key: str) -> dict[str, Any]:
    """What of a dossier, also of one that was submitted, the partner with this key confirms."""
    own = next(participant for participant in dossier["consortium"] if participant["key"] == key)
    return {
        "call": dossier["call"],
        "strand": dossier["strand"],
        "summary": dossier["summary"],
        "consortium": [
            {
                "name": participant["organisation"]["cluster_name"]
                or participant["organisation"]["legal_name"],
                "country": participant["organisation"]["country"],
                "role": participant["role"],
            }
            for participant in dossier["consortium"]
        ],
        "part": {name: own[name] for name in ("role", "description", "task", "budget")},
    }


def content_digest(shown: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(shown).encode()).hexdigest()


@dataclass(frozen=True)
class Confirmed:
    """When a partner confirmed, and whether the text was the one that was submitted."""

    at: datetime
    is_of_this_text: bool


def confirmed_in(version: Version) -> dict[str, Confirmed]:
    """The last confirmation of each partner of a version, by its key, given when the version was received.

    Keys of a proposal are given once, so nobody is taken for the partner who had the place before.
    """
    data: dict[str, Confirmation] = {}
    confirmations = Confirmation.objects.filter(proposal_id=version.proposal_id)
    for confirmation in confirmations.filter(confirmed_at__lte=version.received_at).order_by("-pk"):
        data.setdefault(confirmation.participant_key, confirmation)
    return {
        key: Confirmed(data[key].confirmed_at, _is_of(data[key], version.document, part))
        for part in version.document["consortium"]
        if (key := part["key"]) in data
    }


def _is_of(confirmation: Confirmation, dossier: dict[str, Any], part: dict[str, Any]) -> bool:
    shown = confirmation_content_in(dossier, part["key"])
    return confirmation.role == part["role"] and confirmation.shown_sha256 == content_digest(shown)
