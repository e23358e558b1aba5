"""When two entries of a consortium are one organisation, surely or probably, or belong together."""

import re
import unicodedata
from collections.abc import Mapping
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


# What people write where nobody controls them.
NOBODY = frozenset({"", "no", "none", "nobody", "noone", "na", "nil", "notapplicable"})


def groups_by_control(participants: tuple[ParticipantFacts, ...]) -> dict[str, str]:
    """For each key who stands on top: the participant itself, another one, or a body outside.

    Chains are followed, also through associated partners. Who controls may be named by key, record or
    name; a body outside is known by its name only.
    """
    known = {name: one.key for one in reversed(participants) for name in _ways_to_name(one)}
    above = {
        one.key: known.get(normal(one.controlled_by), f"outside {normal(one.controlled_by)}")
        for one in participants
        if normal(one.controlled_by) not in NOBODY
    }
    return {one.key: _top_of(one.key, above) for one in participants}


def _ways_to_name(one: ParticipantFacts) -> set[str]:
    return {normal(one.key), normal(one.organisation), *_names_of(one)} - NOBODY


def _top_of(key: str, above: Mapping[str, str]) -> str:
    """Who stands on top of a chain; in a circle the first of it by its key."""
    way = [key]
    while (following := above.get(way[-1])) is not None:
        if following in way:
            return min(way[way.index(following) :])
        way.append(following)
    return way[-1]


def stand_apart(participants: tuple[ParticipantFacts, ...]) -> bool:
    """Whether nobody shares a record, a code or a name with another, and nobody names a controller."""
    if any(one.controlled_by and normal(one.controlled_by) not in NOBODY for one in participants):
        return False
    if len({one.organisation for one in participants}) < len(participants):
        return False
    codes = [one.pic for one in participants if one.pic]
    names = [normal(one.name) for one in participants]
    names += [
        normal(one.legal_name) for one in participants if one.legal_name not in ("", one.name)
    ]
    return len(set(codes)) == len(codes) and len(set(names)) == len(names)
