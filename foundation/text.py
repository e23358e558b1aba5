"""The rules for characters: what a text, a line, a name and an identifier may contain. Plain Python.

Texts are kept as people typed them, with these exceptions, which no reader can see or which would damage
other people's pages, feeds and documents:

- A line ends with LF, in whatever way it was sent (CR LF, VT and FF from Word, NEL, U+2028, U+2029).
- Control characters and noncharacters are removed; half a surrogate pair becomes U+FFFD.
- The bullets that Word takes from its Symbol and Wingdings fonts become "•".
- In a line, line breaks and tabs become spaces.
- Fields of forms remove blanks and empty lines at both ends, also the indentation of a text's first line.
- A line, and what a form takes for a text, is empty where nothing of it is visible.
- Identifiers, addresses and file names have no format characters (zero width, bidirectional, soft hyphen).

Format characters stay in texts and lines: Persian needs ZWNJ, emoji need ZWJ, Arabic and Hebrew need marks.
Nothing is normalised in texts: they are compared folded (`foundation.folding`).
Files that programs make (dossiers, call files, tables) are refused instead, with the place: `unsafe_in`.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

# Written as in a character class of Python and of PostgreSQL, which know the same escapes.
CONTROLS = r"\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
NONCHARACTERS = r"\ufdd0-\ufdef\ufffe\uffff" + "".join(
    rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 17)
)
SURROGATES = r"\ud800-\udfff"  # PostgreSQL holds none
# What PostgreSQL refuses in every text column. It holds no null character anyway.
UNSAFE_STORED = CONTROLS + NONCHARACTERS

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
BULLET = "\N{BULLET}"
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
ISOLATES = frozenset("\u2066\u2067\u2068")

_UNSAFE = re.compile(rf"[\x00{UNSAFE_STORED}{SURROGATES}]")
_REMOVED = re.compile(rf"[\x00{UNSAFE_STORED}]")
_HALF_PAIR = re.compile(f"[{SURROGATES}]")
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Begins where blanks begin: trying again at each of a million blanks would take hours.
_BREAKS_AND_TABS = re.compile(r"(?<! ) *[\n\t][\n\t ]*")
# The bullets that Word offers, in the code points that Symbol and Wingdings have in its documents.
_WORD_BULLET = re.compile("[\uf0b7\uf0a7\uf0a8\uf0d8\uf076\uf0fc\uf06e\uf071\uf075\uf06c\uf09f]")
_BULLET_AT_START = re.compile("^([ \t]*)[\uf020-\uf0ff](?=[ \t\u00a0])", re.MULTILINE)
_WORD_ARROW = "\uf0e0"  # which Word makes of "-->"
_CHANGES = re.compile(
    rf"[\r\x00{UNSAFE_STORED}{SURROGATES}\u2028\u2029\uf020-\uf0ff]"
)  # one look settles almost every text

# Letters from right to left, and marks that set a direction.
_DIRECTED = re.compile(
    r"[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefe"
    r"\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5\u034f")
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zs", "Zl", "Zp"})


class Unsafe(NamedTuple):
    """The first character of a text that no text may contain, and where it is."""

    character: str
    line: int
    column: int

    @property
    def code_point(self) -> str:
        return code_point_of(self.character)

    def __str__(self) -> str:
        text = _(
            "Remove the character %(code)s in line %(line)s, column %(column)s: it cannot be used"
        )
        return text % {"code": self.code_point, "line": self.line, "column": self.column}


def code_point_of(character: str) -> str:
    """A character as people look it up: U+000B."""
    return f"U+{ord(character):04X}"


def clean_text(text: str) -> str:
    """A text of several lines, as it is stored."""
    if not _CHANGES.search(text):
        return text
    text = _LINE_BREAK.sub("\n", text)
    text = _HALF_PAIR.sub(REPLACEMENT, _REMOVED.sub("", text))
    return _with_plain_bullets(text)


def clean_line(text: str) -> str:
    """A text of one line, without spaces around it. A line of nothing visible is empty."""
    line = _BREAKS_AND_TABS.sub(" ", clean_text(text)).strip()
    return line if is_visible(line) else ""


def clean_identifier(text: str) -> str:
    """A number, code, email or web address: composed, without format characters and spaces around it."""
    line = unicodedata.normalize("NFC", clean_line(text))
    return "".join(sign for sign in line if unicodedata.category(sign) != "Cf").strip()


def clean_file_name(name: str) -> str:
    """The name of a file as it is kept: composed (a Mac sends é as two characters), nothing unseen in it."""
    return clean_identifier(name)


def unsafe_in(text: str) -> Unsafe | None:
    """The first control character, noncharacter or half surrogate pair; None where there is none."""
    match = _UNSAFE.search(text)
    if match is None:
        return None
    before = text[: match.start()]
    column = match.start() - (before.rfind("\n") + 1) + 1
    return Unsafe(match.group(), before.count("\n") + 1, column)


def is_visible(text: str) -> bool:
    """Whether a reader sees anything of it."""
    return any(_is_seen(character) for character in text)


def names_something(text: str) -> bool:
    """Whether a name has at least one visible letter or digit."""
    return any(
        unicodedata.category(character)[0] in "LN" and character not in _INVISIBLE_LETTERS
        for character in text
    )


def isolated(name: str) -> str:
    """A name inside a plain text: its direction does not reach the words around it.

    Isolates that the name opens are closed, and those that it closes without opening are left out.
    """
    if not _DIRECTED.search(name):
        return name
    if "\n" in name:
        return "\n".join(map(isolated, name.split("\n")))
    return f"{FIRST_STRONG_ISOLATE}{_balanced(name)}{POP_ISOLATE}"


def safe_in_xml(text: str) -> str:
    """Any text, also one that was stored before there were rules, as XML 1.0 can contain it."""
    return _HALF_PAIR.sub(REPLACEMENT, _REMOVED.sub("", text)) if _UNSAFE.search(text) else text


def unsafe_places(value: Any, place: tuple[int | str, ...] = ()) -> Iterator[tuple[Any, Unsafe]]:
    """Each place in parsed JSON or YAML, keys included, that contains an unsafe character."""
    if isinstance(value, str):
        if unsafe := unsafe_in(value):
            yield place, unsafe
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from unsafe_places(key if isinstance(key, str) else "", (*place, str(key)))
            yield from unsafe_places(item, (*place, str(key)))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from unsafe_places(item, (*place, number))


def clean_json(value: Any) -> Any:
    """Parsed JSON with every text in it cleaned, keys included."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_json(key): clean_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean_json(item) for item in value]
    return value


def _with_plain_bullets(text: str) -> str:
    text = _WORD_BULLET.sub(BULLET, text).replace(_WORD_ARROW, "\N{RIGHTWARDS ARROW}")
    return _BULLET_AT_START.sub(rf"\g<1>{BULLET}", text)


def _is_seen(character: str) -> bool:
    if character in _INVISIBLE_LETTERS:
        return False
    category = unicodedata.category(character)
    return category == "Co" or (category not in _UNSEEN and not _is_variation(character))


def _is_variation(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _balanced(name: str) -> str:
    characters: list[str] = []
    depth = 0
    for character in name:
        if character == POP_ISOLATE:
            if not depth:
                continue
            depth -= 1
        depth += character in ISOLATES
        characters.append(character)
    return "".join(characters) + POP_ISOLATE * depth
