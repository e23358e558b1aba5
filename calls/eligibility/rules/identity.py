"""When two entries of a consortium are one organisation, surely or probably, or belong together.

Sure is what a record, a participant code or a choice says. What only names say is probable, however alike
they are, and never keeps anybody out: an officer decides.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from calls.eligibility.facts import Control, ParticipantFacts
from foundation.folding import folded_name

Participants = tuple[ParticipantFacts, ...]


class Ground(StrEnum):
    """Why two entries are taken for one organisation, or for organisations that belong together."""

    RECORD = "record"
    CODE = "participant-code"
    NAME = "name"
    CONTROL = "control"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Tie:
    """Two entries that are not, or perhaps not, independent of each other, and why.

    `top` is who controls both: the key of a participant, or a body outside as `Controllers.above` names it.
    """

    one: ParticipantFacts
    other: ParticipantFacts
    ground: Ground
    is_sure: bool
    top: str = ""


def is_same(participant: ParticipantFacts, other: ParticipantFacts) -> bool:
    """Certainly the same organisation: the same record, or the same participant code."""
    return participant.organisation == other.organisation or bool(
        participant.pic and participant.pic == other.pic
    )


def is_probably_same(participant: ParticipantFacts, other: ParticipantFacts) -> bool:
    """Two records with the same name in the same country are probably one organisation."""
    same_name = bool(_names_of(participant) & _names_of(other))
    return is_same(participant, other) or (participant.country == other.country and same_name)


def _names_of(participant: ParticipantFacts) -> set[str]:
    """What it is called: a cluster and the entity that runs it are one organisation."""
    return {
        folded
        for name in (participant.name, participant.legal_name)
        if (folded := folded_name(name))
    }


# What people write where nobody controls them.
NOBODY = frozenset({"", "no", "none", "nobody", "noone", "na", "nil", "notapplicable"})


def controller_of(participant: ParticipantFacts) -> str:
    """What was chosen or written about who controls it; empty where nobody does."""
    text = participant.controlled_by.strip()
    if participant.control == Control.NOBODY or (
        participant.control is None and _plain(text) in NOBODY
    ):
        return ""
    return text


def _plain(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return re.sub(r"[\W_]+", "", text.casefold())


@dataclass(frozen=True, slots=True)
class Controllers:
    """Who is directly above whom, by key; `outside` has what was written and matches no participant."""

    sure: Mapping[str, str]
    probable: Mapping[str, str]
    outside: Mapping[str, str]

    @classmethod
    def among(cls, participants: Participants) -> "Controllers":
        sure, probable, outside = {}, {}, {}
        for participant in participants:
            written = controller_of(participant)
            if not written:
                continue
            if (key := _surely_named(written, participant, participants)) is not None:
                sure[participant.key] = key
            elif (key := _probably_named(written, participants)) is not None:
                probable[participant.key] = key
            else:
                outside[participant.key] = written
        return cls(sure, probable, outside)

    def above(self) -> dict[str, str]:
        """Everybody who is above somebody, the bodies outside by their folded names."""
        beyond = {key: _outside(text) for key, text in self.outside.items()}
        return {**beyond, **self.probable, **self.sure}

    def written_for(self, top: str) -> str:
        """A body outside, as the first that named it wrote it."""
        return next(text for text in self.outside.values() if _outside(text) == top)


def _outside(text: str) -> str:
    return f"outside {folded_name(text) or _plain(text) or text}"


def _surely_named(
    written: str, of: ParticipantFacts, participants: Iterable[ParticipantFacts]
) -> str | None:
    """Who is named by key, record, participant code, or the very name that it has."""
    plain, digits = _plain(written), _digits_of(written)
    ways = {
        Control.PARTNER: lambda item: written == item.key,
        Control.OTHER: lambda item: bool(item.pic) and digits == item.pic,
        None: lambda item: (
            plain in (_plain(item.key), _plain(item.organisation))
            or (bool(item.pic) and digits == item.pic)
            or plain in (_plain(item.name), _plain(item.legal_name))
        ),
    }
    is_named = ways[of.control if of.control != Control.NOBODY else None]
    return next((participant.key for participant in participants if is_named(participant)), None)


def _digits_of(written: str) -> str:
    """“PIC 999 999 999” is 999999999; a text with other words has no digits to compare by."""
    text = re.sub(r"^\W*pic\W*", "", written, flags=re.IGNORECASE)
    return re.sub(r"[\s.-]+", "", text)


def _probably_named(written: str, participants: Iterable[ParticipantFacts]) -> str | None:
    """Who has such an acronym, or a name that folds alike."""
    folded = folded_name(written)
    if not folded:
        return None
    for participant in participants:
        if folded in _names_of(participant) or folded == folded_name(participant.acronym):
            return participant.key
    return None


def groups_by_control(participants: Participants) -> dict[str, str]:
    """For each key who is on top: the participant itself, another one, or a body outside.

    Chains are followed, also through associated partners, and also where only a name says so.
    """
    return _tops(participants, Controllers.among(participants).above())


def _tops(participants: Participants, above: Mapping[str, str]) -> dict[str, str]:
    return {participant.key: _top_of(participant.key, above) for participant in participants}


def _top_of(key: str, above: Mapping[str, str]) -> str:
    """Who is on top of a chain; in a circle the first of it by its key."""
    way = [key]
    while (following := above.get(way[-1])) is not None:
        if following in way:
            return min(way[way.index(following) :])
        way.append(following)
    return way[-1]


def ties_among(participants: Participants, applicants: Participants) -> list[Tie]:
    """All that ties two applicants to each other, or makes an applicant an associated partner as well.

    Participants are asked because control may pass through an associated partner.
    """
    controllers = Controllers.among(participants)
    sure = _tops(participants, controllers.sure)
    probable = _tops(participants, controllers.above())
    ties = [_tie_of(*pair, sure, probable) for pair in combinations(applicants, 2)]
    others = [participant for participant in participants if not participant.applies]
    ties += [_one_body(applicant, other) for applicant in applicants for other in others]
    return [tie for tie in ties if tie is not None]


def _tie_of(
    participant: ParticipantFacts,
    other: ParticipantFacts,
    sure: Mapping[str, str],
    probable: Mapping[str, str],
) -> Tie | None:
    same = _one_body(participant, other)
    if same is not None and same.is_sure:
        return same
    if sure[participant.key] == sure[other.key]:
        return Tie(participant, other, Ground.CONTROL, is_sure=True, top=sure[participant.key])
    top = probable[participant.key]
    if top == probable[other.key]:
        ground = Ground.OWNER if top.startswith("outside ") else Ground.CONTROL
        return Tie(participant, other, ground, is_sure=False, top=top)
    return same


def _one_body(participant: ParticipantFacts, other: ParticipantFacts) -> Tie | None:
    if participant.organisation == other.organisation:
        return Tie(participant, other, Ground.RECORD, is_sure=True)
    if participant.pic and participant.pic == other.pic:
        return Tie(participant, other, Ground.CODE, is_sure=True)
    if is_probably_same(participant, other):
        return Tie(participant, other, Ground.NAME, is_sure=False)
    return None


def are_unrelated(participants: Participants) -> bool:
    """Whether nobody shares a record, a code or a name with another, and nobody names a controller."""
    if any(
        participant.controlled_by and controller_of(participant) for participant in participants
    ):
        return False
    if len({participant.organisation for participant in participants}) < len(participants):
        return False
    codes = [participant.pic for participant in participants if participant.pic]
    names = [folded_name(participant.name) for participant in participants]
    names += [
        folded_name(participant.legal_name)
        for participant in participants
        if participant.legal_name not in ("", participant.name)
    ]
    return len(set(codes)) == len(codes) and len(set(names)) == len(names)


def groups(
    participants: Iterable[ParticipantFacts],
    pairs: Collection[tuple[ParticipantFacts, ParticipantFacts]],
) -> int:
    """How many are left when the two of each pair count as one."""
    leader = {item.key: item.key for item in participants}

    def find(key: str) -> str:
        while leader[key] != key:
            key = leader[key]
        return key

    for participant, other in pairs:
        leader[find(participant.key)] = find(other.key)
    return sum(1 for key in leader if find(key) == key)
