"""When two entries of a consortium are one organisation, surely or probably, or belong together."""

import re
import unicodedata
from functools import lru_cache

from calls.eligibility.facts import ParticipantFacts


@lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """Letters and digits of a name in lower case, without accents, to compare names by."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "", "".join(sign for sign in plain if not unicodedata.combining(sign)))


def is_same(one: ParticipantFacts, other: ParticipantFacts) -> bool:
    """Certainly the same organisation: the same record, or the same participant code."""
    return one.organisation == other.organisation or bool(one.pic and one.pic == other.pic)


def is_probably_same(one: ParticipantFacts, other: ParticipantFacts) -> bool:
    """Two records with the same name in the same country are probably one organisation."""
    same_name = bool(_names_of(one) & _names_of(other))
    return is_same(one, other) or (one.country == other.country and same_name)


def _names_of(one: ParticipantFacts) -> set[str]:
    """What it is called: a cluster and the entity that runs it are one organisation."""
    return {normal(name) for name in (one.name, one.legal_name) if normal(name)}


def controls(one: ParticipantFacts, other: ParticipantFacts) -> bool:
    """One of the two controls the other, or the same body controls both."""
    return (
        _is_named_by(one, other.controlled_by)
        or _is_named_by(other, one.controlled_by)
        or bool(
            normal(one.controlled_by) and normal(one.controlled_by) == normal(other.controlled_by)
        )
    )


def _is_named_by(one: ParticipantFacts, controller: str) -> bool:
    return bool(controller) and (
        controller in (one.key, one.organisation) or normal(controller) in _names_of(one)
    )


def stand_apart(participants: tuple[ParticipantFacts, ...]) -> bool:
    """Whether nobody shares a record, a code or a name with another, and nobody names a controller."""
    if any(one.controlled_by for one in participants):
        return False
    if len({one.organisation for one in participants}) < len(participants):
        return False
    codes = [one.pic for one in participants if one.pic]
    names = [normal(one.name) for one in participants]
    names += [
        normal(one.legal_name) for one in participants if one.legal_name not in ("", one.name)
    ]
    return len(set(codes)) == len(codes) and len(set(names)) == len(names)
