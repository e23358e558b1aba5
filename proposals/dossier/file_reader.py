"""Reading a dossier from a file: either it is one, or every problem with it is named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from foundation.strict_json import KeyTwice, check_keys
from foundation.text import unsafe_places
from proposals.dossier.file_format import FORMATS, Dossier, Dossier1, Part

MAX_VALUES = 100_000  # of one dossier: a hundred times as many as a long one has
MAX_PROBLEMS = 100  # that are shown
MAX_SHOWN_LENGTH = 60  # characters of what was found, in a message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that makes a dossier unusable; `pointer` is a JSON Pointer (RFC 6901)."""

    pointer: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = self.pointer or "the whole document"
        return f"{where}: found {self.found}; expected {self.expected}."


class UnusableDossier(ValueError):
    """The document is no dossier; `problems` names everything that is wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = problems


def read_dossier(text: str | bytes) -> dict[str, Any]:
    """The dossier in a JSON text, with every optional field filled in.

    Raises:
        UnusableDossier: with the problems that were found, the first hundred of them.
    """
    _check_size(text)
    model = _model_of(text)
    try:
        dossier = model.model_validate_json(text)
        check_keys(text)
    except ValidationError as error:
        first = [_problem_of(item, model) for item in error.errors()[:MAX_PROBLEMS]]
        raise UnusableDossier(*first) from None
    except KeyTwice as twice:
        result = f"the same field “{_in_short(twice.key)}” twice in one object"
        raise UnusableDossier(Problem("", result, "each field once")) from None
    content = dossier.model_dump()
    problems = [
        Problem(_pointer(place), f"the character {unsafe.code_point}", "a text without it")
        for place, unsafe in unsafe_places(content)
    ]
    if problems:
        raise UnusableDossier(*problems)
    return content


class _Format(BaseModel):
    """Of a document only the format that it names."""

    format: Any = None


def _model_of(text: str | bytes) -> type[Dossier1]:
    """What reads the format that a text names; for one that nobody knows, what reads the present one."""
    try:
        named = _Format.model_validate_json(text).format
    except ValidationError:
        return Dossier
    return FORMATS.get(named, Dossier) if isinstance(named, str) else Dossier


# A comma between values; those in sentences have a letter after them.
_BETWEEN_TEXT = re.compile(r',\s*["{\[\d]')
_BETWEEN_BYTES = re.compile(rb',\s*["{\[\d]')


def _check_size(text: str | bytes) -> None:
    """Many small values take a hundred times their size in memory, and all of them may be wrong."""
    between = (
        _BETWEEN_TEXT.finditer(text) if isinstance(text, str) else _BETWEEN_BYTES.finditer(text)
    )
    if sum(1 for _comma in between) > MAX_VALUES:
        raise UnusableDossier(Problem("", f"more than {MAX_VALUES} values", "a dossier"))


def _problem_of(error: ErrorDetails, model: type[Part]) -> Problem:
    kind, place, data = error["type"], error["loc"], error["input"]
    if kind == "json_invalid":
        reason = error.get("ctx", {}).get("error", "")
        return Problem("", f"a text that is not JSON ({reason})", "a JSON object")
    if kind == "missing":
        return Problem(_pointer(place[:-1]), f"no field “{place[-1]}”", "this required field")
    if kind == "extra_forbidden":
        fields = ", ".join(_fields_at(place[:-1], model))
        return Problem(_pointer(place), "an unknown field", f"one of {fields}")
    if kind == "expected" and place in TWICE:
        return Problem(_pointer(place), TWICE[place], error["ctx"]["expected"])
    wanted = f"one of {', '.join(FORMATS)}" if place == ("format",) else _expected_of(error)
    return Problem(_pointer(place), _shown(data), wanted)


TWICE: Mapping[tuple[int | str, ...], str] = {
    ("consortium",): "the same key twice",
    ("deliverables",): "the same code twice",
    ("files",): "the same slot twice",
}
EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "an object",
    "string_unicode": "a text of valid characters",
}


def _expected_of(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "too_long":
        return f"a list of at most {context['max_length']}"
    if "expected" in context:
        text = str(context["expected"])
        is_choice = error["type"] == "literal_error"
        return f"one of {text}" if is_choice and "'," in text else text
    if "ge" in context:
        return f"a number of at least {context['ge']}"
    if "le" in context:
        return f"a number of at most {context['le']}"
    return EXPECTED.get(error["type"], error["msg"])


def _pointer(place: tuple[int | str, ...]) -> str:
    escaped = (_in_short(str(part)).replace("~", "~0").replace("/", "~1") for part in place)
    return "".join(f"/{part}" for part in escaped)


def _shown(data: Any) -> str:
    names: dict[Any, str] = {dict: "an object", list: "a list", type(None): "null"}
    if type(data) in names:
        return names[type(data)]
    if isinstance(data, bool):
        return str(data).lower()
    text = _in_short(str(data))
    return f"“{text}”" if isinstance(data, str) else text


def _in_short(data: str) -> str:
    """The beginning of a text from outside, without what could steer the terminal that it is shown on."""
    text = "".join(char if char.isprintable() else "�" for char in data[: MAX_SHOWN_LENGTH + 1])
    return f"{text[:MAX_SHOWN_LENGTH]}…" if len(text) > MAX_SHOWN_LENGTH else text


def _fields_at(place: tuple[int | str, ...], model: type[Part]) -> list[str]:
    """The names of the fields that a dossier has at a place."""
    for part in place:
        if isinstance(part, str):
            model = _part_in(model.model_fields[part].annotation)
    return list(model.model_fields)


def _part_in(annotation: Any) -> type[Part]:
    """The part inside a list or an optional value."""
    if get_origin(annotation) is None:
        result: type[Part] = annotation
        return result
    return _part_in(
        next(
            get_argument for get_argument in get_args(annotation) if get_argument is not type(None)
        )
    )
