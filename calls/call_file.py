"""Reads a call file (YAML) and says, by line, what is wrong with it.

Everything is checked before anything is stored, so a broken file leaves nothing behind. Scalars are
read by what the field expects, not by YAML's guess: `NO` is Norway, and `1.10` keeps its zero.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import available_timezones

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from calls.eligibility import RuleSet
from calls.eligibility.countries import (
    Participation,
    UnknownCountry,
    normalise,
    overlapping,
)
from calls.eligibility.rules import UnusableRule
from calls.innovation_clusters import is_code
from foundation.instants import day_from, instant_from
from foundation.legal_periods import PATTERN
from foundation.text import Unsafe, clean_text, unsafe_in

Reader = Callable[[Node], Any]
Value = TypeVar("Value")

MAX_SIZE = 1024 * 1024  # characters; the largest shipped file has a twentieth of it
MAX_LEVELS = 20  # of lists and objects in one another
MAX_SHOWN = 60  # characters of what was found, in a message
MAX_ITEMS = 1000  # of a list
MAX_DIGITS = 9  # of a whole number
MAX_AMOUNT = Decimal(10) ** 12


class BadCallFile(Exception):
    """The file cannot be used; the text names file, line, what was found and what was expected."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.file = "call file"

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.args[0]}"


def read_call_file(path: Path) -> dict[str, Any]:
    """The programme and the call of a file, checked and with proper values.

    Raises:
        BadCallFile: at the first thing that cannot be used.
    """
    try:
        return read_call_text(_text_of(path))
    except BadCallFile as problem:
        problem.file = str(path)
        raise


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MAX_SIZE + 1)
    try:
        return content[:MAX_SIZE].decode() if len(content) <= MAX_SIZE else " " * len(content)
    except UnicodeDecodeError:
        raise BadCallFile(1, "the file is not UTF-8 text.") from None


class _Loader(yaml.SafeLoader):
    """Composes a call file: without aliases, which a few lines multiply to any size, and few levels."""

    levels = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        line = self.peek_event().start_mark.line + 1
        if self.check_event(yaml.AliasEvent):
            raise BadCallFile(line, "found an alias (*); expected the value itself.")
        if self.levels >= MAX_LEVELS:
            raise BadCallFile(
                line, f"lists and objects are nested more than {MAX_LEVELS} levels deep."
            )
        self.levels += 1
        node = super().compose_node(parent, index)
        self.levels -= 1
        return node


def _composed(text: str) -> Node:
    if len(text) > MAX_SIZE:
        raise BadCallFile(1, f"the file is larger than {MAX_SIZE // 1024} KB.")
    if unsafe := unsafe_in(text.replace("\r\n", "\n")):
        raise _unsafe(unsafe.line, unsafe)
    try:
        root: Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadCallFile(line, f"this is not YAML: {error.problem}.") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise BadCallFile(line, "found a control character; expected text.") from None
    if root is None:
        raise BadCallFile(1, "the file is empty; a programme and a call are expected.")
    return root


def read_call_text(text: str) -> dict[str, Any]:
    root = _composed(text)
    content: dict[str, Any] = CALL_FILE(root)
    _check_countries(root, content["programme"])
    _check_dates(root, content["call"])
    _check_strands_of_rules(root, content["call"])
    return content


def _wrong(node: Node, expected: str) -> BadCallFile:
    text = f"“{_shown(node.value)}”" if isinstance(node, ScalarNode) else "a list or an object"
    return BadCallFile(node.start_mark.line + 1, f"found {text}; expected {expected}.")


def _unsafe(line: int, unsafe: Unsafe) -> BadCallFile:
    return BadCallFile(
        line, f"found the character {unsafe.code_point}; expected a text without it."
    )


def _twice(node: Node, name: str) -> BadCallFile:
    message = f"the field “{name}” appears twice in one object. Remove one of them."
    return BadCallFile(node.start_mark.line + 1, message)


def _shown(value: str) -> str:
    return f"{value[:MAX_SHOWN]}…" if len(value) > MAX_SHOWN else value


def _scalar(node: Node, expected: str) -> str:
    if not isinstance(node, ScalarNode):
        raise _wrong(node, expected)
    if unsafe := unsafe_in(node.value):
        raise _unsafe(node.start_mark.line + 1, unsafe)
    return clean_text(node.value).strip()


def read_text(node: Node) -> str:
    value = _scalar(node, "a text")
    if not value:
        raise _wrong(node, "a text")
    return " ".join(value.split())


def read_code(node: Node) -> str:
    expected = "a code of up to 8 letters and digits"
    value = _scalar(node, expected)
    if not is_code(value):
        raise _wrong(node, expected)
    return value


def read_period(node: Node) -> str:
    expected = "a period such as 30 days, 1 month or 2 years"
    value = _scalar(node, expected)
    if PATTERN.fullmatch(value) is None:
        raise _wrong(node, expected)
    return value


def read_whole_number(node: Node) -> int:
    value = _scalar(node, "a whole number")
    if not value.isascii() or not value.isdigit() or len(value) > MAX_DIGITS:
        raise _wrong(node, "a whole number")
    return int(value)


def read_boolean(node: Node) -> bool:
    value = _scalar(node, "true or false")
    if value not in {"true", "false"}:
        raise _wrong(node, "true or false")
    return value == "true"


def read_amount(node: Node) -> Decimal:
    expected = "an amount in euro such as '187500.00'"
    try:
        value = Decimal(_scalar(node, expected))
    except InvalidOperation:
        raise _wrong(node, expected) from None
    if not value.is_finite() or not 0 < value < MAX_AMOUNT:
        raise _wrong(node, expected)
    return value


def read_day(node: Node) -> date:
    return _parsed(node, "a date such as 2015-04-21", day_from)


def read_instant(node: Node) -> datetime:
    expected = "an instant with its offset such as 2015-04-21T17:00:00+02:00"
    return _parsed(node, expected, instant_from)


def _parsed(node: Node, expected: str, parse: Callable[[str], Value | None]) -> Value:
    value = parse(_scalar(node, expected))
    if value is None:
        raise _wrong(node, expected)
    return value


def read_country(node: Node) -> str:
    try:
        return normalise(_scalar(node, "the code of a country"))
    except UnknownCountry:
        raise _wrong(node, "the code of a country, such as FR or EL") from None


def read_zone(node: Node) -> str:
    value = _scalar(node, "an IANA time zone")
    if value not in available_timezones():
        raise _wrong(node, "an IANA time zone such as Europe/Brussels")
    return value


def read_choice(*allowed: str) -> Reader:
    def read(node: Node) -> str:
        value = _scalar(node, f"one of {', '.join(allowed)}")
        if value not in allowed:
            raise _wrong(node, f"one of {', '.join(allowed)}")
        return value

    return read


def read_list(read_item: Reader, *, key: str = "") -> Reader:
    """A list; where `key` is given, no two entries may have the same value of it."""

    def read(node: Node) -> list[Any]:
        if not isinstance(node, SequenceNode):
            raise _wrong(node, "a list")
        _check_length(node)
        values: list[Any] = []
        for item in node.value:
            value = read_item(item)
            if key and any(value[key] == earlier[key] for earlier in values):
                line = item.start_mark.line + 1
                raise BadCallFile(line, f"{key} “{value[key]}” appears twice in the list.")
            values.append(value)
        return values

    return read


def _check_length(node: SequenceNode) -> None:
    if len(node.value) > MAX_ITEMS:
        line = node.value[MAX_ITEMS].start_mark.line + 1
        raise BadCallFile(line, f"found a list of more than {MAX_ITEMS} entries.")


def read_mapping(
    required: Mapping[str, Reader], optional: Mapping[str, Reader] | None = None
) -> Reader:
    """An object with exactly these fields; an optional one that is left out is None."""
    fields = {**required, **(optional or {})}

    def read(node: Node) -> dict[str, Any]:
        if not isinstance(node, MappingNode):
            raise _wrong(node, f"the fields {', '.join(fields)}")
        values: dict[str, Any] = dict.fromkeys(optional or {})
        seen: set[str] = set()
        for key_node, value_node in node.value:
            name = _scalar(key_node, "the name of a field")
            if name not in fields:
                raise _wrong(key_node, f"one of the fields {', '.join(fields)}")
            if name in seen:
                raise _twice(key_node, name)
            seen.add(name)
            values[name] = fields[name](value_node)
        for name in required:
            if name not in values:
                line = node.start_mark.line + 1
                raise BadCallFile(line, f"the field “{name}” is missing.")
        return values

    return read


def _plain(node: Node) -> Any:
    """A rule's parameter as YAML has it: text, whole number, or a list or an object of them."""
    if isinstance(node, MappingNode):
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            name = _scalar(key_node, "a name")
            if name in values:
                raise _twice(key_node, name)
            values[name] = _plain(value_node)
        return values
    if isinstance(node, SequenceNode):
        _check_length(node)
        return [_plain(item) for item in node.value]
    if isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:int":
        return read_whole_number(node)
    if isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:str":
        return node.value
    raise _wrong(node, "a text in quotes, a whole number, or a list or an object of them")


def read_rules(node: Node) -> list[dict[str, Any]]:
    if not isinstance(node, SequenceNode):
        raise _wrong(node, "a list of rules")
    _check_length(node)
    data = [_plain(item) for item in node.value]
    for item, entry in zip(node.value, data, strict=True):
        if not isinstance(entry, dict):
            raise _wrong(item, "a rule such as {rule: in-time, citation: …}")
    try:
        RuleSet.from_json(data)
    except UnusableRule as problem:
        line = node.value[problem.index].start_mark.line + 1
        raise BadCallFile(line, str(problem)) from None
    return data


PROGRAMME = read_mapping(
    {
        "code": read_text,
        "name": read_text,
        "legal_basis": read_text,
        "participation": read_list(
            read_mapping(
                {
                    "country": read_country,
                    "gate": read_choice("member-state", "a", "b", "c"),
                    "source": read_text,
                },
                {"signed_on": read_day, "in_force_on": read_day, "counts_until": read_day},
            )
        ),
    }
)

STRAND = read_mapping(
    {
        "code": read_text,
        "number": read_whole_number,
        "title": read_text,
        "purpose": read_text,
        "objectives": read_list(read_mapping({"code": read_text, "text": read_text}), key="code"),
        "deliverables": read_list(
            read_mapping(
                {"code": read_text, "title": read_text, "text": read_text},
                {"is_scoreboard": read_boolean},
            ),
            key="code",
        ),
    },
    {"topic": read_text, "budget": read_amount, "needs_established_partnership": read_boolean},
)

CALL = read_mapping(
    {
        "reference": read_text,
        "title": read_text,
        "summary": read_text,
        "first_deadline": read_instant,
        "zone": read_zone,
        "budget": read_amount,
        "sections": read_list(
            read_mapping(
                {"slug": read_text, "title": read_text, "text": read_text},
                {"points": read_list(read_text)},
            ),
            key="slug",
        ),
        "strands": read_list(STRAND, key="code"),
        "rules": read_rules,
        "contacts": read_list(
            read_mapping(
                {
                    "kind": read_choice("partner-search", "helpdesk", "network", "information"),
                    "name": read_text,
                    "text": read_text,
                },
                {"url": read_text, "email": read_text, "telephone": read_text},
            ),
            key="name",
        ),
    },
    {
        "published_at": read_instant,
        "opens_at": read_instant,
        "open_points": read_list(read_text),
        "remedies": read_list(
            read_mapping({"title": read_text, "within": read_period, "text": read_text}),
            key="title",
        ),
        "checklist": read_list(
            read_mapping({"code": read_code, "text": read_text, "required": read_boolean}),
            key="code",
        ),
        "declaration": read_mapping(
            {"title": read_text, "text": read_text}, {"points": read_list(read_text)}
        ),
        "extensions": read_list(
            read_mapping(
                {"new_deadline": read_instant, "reason": read_text, "decided_by": read_text}
            ),
            key="new_deadline",
        ),
    },
)

CALL_FILE = read_mapping({"programme": PROGRAMME, "call": CALL})


def _line_of(root: Node, *path: str) -> int:
    node = root
    for name in path:
        assert isinstance(node, MappingNode)  # noqa: S101 -- the file has been read as such
        node = next(value for key, value in node.value if key.value == name)
    return node.start_mark.line + 1


def _check_dates(root: Node, call: dict[str, Any]) -> None:
    if call["opens_at"] is not None and call["opens_at"] >= call["first_deadline"]:
        line = _line_of(root, "call", "opens_at")
        raise BadCallFile(line, "the call must open before its first deadline.")
    latest = call["first_deadline"]
    for extension in call["extensions"] or []:
        if extension["new_deadline"] <= latest:
            line = _line_of(root, "call", "extensions")
            raise BadCallFile(line, "an extension must be later than the deadline before it.")
        latest = extension["new_deadline"]


def _check_countries(root: Node, programme: dict[str, Any]) -> None:
    twice = overlapping(Participation(**row) for row in programme["participation"])
    if twice is not None:
        line = _line_of(root, "programme", "participation")
        message = f"{twice[0].country} has two entries for the same day. Only one is allowed."
        raise BadCallFile(line, message)


def _check_strands_of_rules(root: Node, call: dict[str, Any]) -> None:
    """Ceilings and rules are for strands that the call has."""
    codes = {strand["code"] for strand in call["strands"]}
    for rule in RuleSet.from_json(call["rules"]).rules:
        for code in (*rule.strands, *getattr(rule, "ceilings", ())):
            if code not in codes:
                line = _line_of(root, "call", "rules")
                raise BadCallFile(
                    line, f"the rule “{rule.id}” refers to strand “{code}”, which does not exist."
                )
