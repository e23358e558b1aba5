"""Words as search compares them: without case and accents, and by how they sound.

PostgreSQL's `unaccent` and `pg_trgm` are not in every installation (the one that the portal brings has
neither), so that folding and the trigrams of words are made here, once for each different word.
"""

import re
import unicodedata

LONGEST_WORD = 40
SHORTEST_CORRECTED = 4  # shorter words are too like each other

_NO_ACCENT = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"}
)
_WORD = re.compile(r"[^\W_]+")
_SOUNDS = (
    ("ph", "f"), ("th", "t"), ("ck", "k"), ("qu", "kv"), ("sch", "s"), ("sh", "s"), ("cz", "s"),
    ("sz", "s"), ("c", "k"), ("q", "k"), ("z", "s"), ("x", "ks"), ("w", "v"), ("y", "i"), ("j", "i"),
)  # fmt: skip


def fold(text: str) -> str:
    """A text in small letters without accents: “Żywiec” is “zywiec”."""
    spread = unicodedata.normalize("NFKD", text.casefold().translate(_NO_ACCENT))
    return "".join(sign for sign in spread if not unicodedata.combining(sign))


def words_in(text: str) -> list[str]:
    """Its words, folded, in their order."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(fold(text))]


def sound_of(word: str) -> str:
    """How a folded word sounds, roughly, in the languages of the programme: “photonics” is “fotonik”."""
    for spelt, sounds in _SOUNDS:
        word = word.replace(spelt, sounds)
    word = re.sub(r"(.)\1+", r"\1", word)
    return word.removesuffix("s") if len(word) > SHORTEST_CORRECTED else word


def trigrams_of(word: str) -> list[str]:
    """Every three signs in a row of how a folded word sounds, with blanks around it."""
    padded = f"  {sound_of(word)} "
    return sorted({padded[place : place + 3] for place in range(len(padded) - 2)})
