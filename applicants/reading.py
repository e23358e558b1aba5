"""Stored answers of a step as typed values: whatever JSON is stored, pages get what the form declares.

What nobody can read is named as a problem and counts as empty; everything else stays usable. A text that
is too long is a problem too, but is kept whole. One pass over the answers, without a query.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, Protocol

import orjson
from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import get_language

from applicants.three_way_merge import MAX_LIST_ROWS, ROW_ID
from foundation import clock
from foundation.form_messages import name_field, with_label
from foundation.form_rules import NEEDS_A_LETTER, NamesSomething
from foundation.sentences import gettext as _
from foundation.text import names_something

Text = str | Promise
Values = dict[str, Any]
MAX_ROWS_READ = 500  # rows of a list; no form makes so many
REMEMBERED = 1024
SHORT = 8 * 1024  # bytes


class Declares(Protocol):
    """What a form says of the answers that it stores: its fields, and those of the rows of its list."""

    rows_name: ClassVar[str]
    title: ClassVar[Text]

    @classmethod
    def field_named(cls, name: str) -> forms.Field | None: ...

    @classmethod
    def row_fields(cls) -> Mapping[str, forms.Field]: ...

    @classmethod
    def contradictions(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, Text]]: ...

    @classmethod
    def row_contradictions(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, Text]]: ...


@dataclass(frozen=True, slots=True)
class Problem:
    """A field whose stored value must be corrected: its name on the page, its label, and what is wrong."""

    name: str
    label: Text
    sentence: str

    def __str__(self) -> str:
        return with_label(self.label, self.sentence)


@dataclass(slots=True)
class Reading:
    """Typed values, in the JSON that a dossier holds, and what must be corrected."""

    values: Values
    problems: list[Problem] = field(default_factory=list)


class _WrongError(Exception):
    """A stored value that must be corrected; `value` is what counts meanwhile."""

    def __init__(self, value: Any, sentence: str) -> None:
        super().__init__(sentence)
        self.value = value
        self.sentence = sentence


Reader = Callable[[Any], Any]


def read(form: type[Declares], stored: Any, today: date | None = None) -> Reading:
    """What is stored for a step, as its form declares it. Names that it does not have are left out.

    Each page of a proposal reads the steps of all its partners, so what was read is remembered by its text:
    at most `REMEMBERED` steps of `SHORT` bytes in a process. The caller may change what it gets. Who reads
    many steps looks at the calendar once and passes `today`.
    """
    text = _as_json(stored)
    if text is not None and len(text) <= SHORT:
        values, problems = _read_text(form, text, get_language(), today or clock.now().date())
        if values is not None:
            return Reading(orjson.loads(values), list(problems))
    return _read(form, stored)


@lru_cache(maxsize=REMEMBERED)
def _read_text(
    form: type[Declares], text: bytes, language: str | None, today: date
) -> tuple[bytes | None, list[Problem]]:
    """The values as JSON. Sentences depend on the language, and what lies in the future on the day."""
    reading = _read(form, orjson.loads(text))
    return _as_json(reading.values), reading.problems


def _as_json(value: Any) -> bytes | None:
    """None for a number or a sign that no form makes, and that orjson does not write."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None


def _read(form: type[Declares], stored: Any) -> Reading:
    if not isinstance(stored, Mapping):
        return Reading({}, [Problem("", form.title, _unreadable())])
    reading = Reading({})
    for name, value in stored.items():
        declared = form.field_named(name)
        if declared is not None:
            _take(reading, name, name, declared, value)
        elif name == form.rows_name and name:
            reading.values[name] = _rows(form, value, reading)
    reading.problems += [
        Problem(name, _label_in(form, name), str(text))
        for name, text in form.contradictions(reading.values)
    ]
    return reading


def editable(form: type[Declares], stored: Any) -> Values:
    """What a form shows of stored answers: texts as they were typed, though they must be corrected."""
    values = read(form, stored).values
    if not isinstance(stored, Mapping):
        return values
    shown = {name: _as_typed(form.field_named(name), stored[name], values[name]) for name in values}
    if form.rows_name in values and isinstance(stored[form.rows_name], list):
        fields = form.row_fields()
        shown[form.rows_name] = [
            row
            | {
                name: _as_typed(declared, raw[name], row[name])
                for name, declared in fields.items()
                if name in raw
            }
            for row, raw in zip(values[form.rows_name], _dicts(stored[form.rows_name]), strict=True)
        ]
    return shown


def storable(form: type[Declares], answers: Any) -> Values:
    """Of answers from elsewhere (a copy, a history, an import), what the form can have made."""
    return editable(form, answers)


def _as_typed(declared: forms.Field | None, raw: Any, value: Any) -> Any:
    several = isinstance(declared, forms.MultipleChoiceField)
    return raw if isinstance(raw, str) and not several and declared is not None else value


def _take(reading: Reading, name: str, place: str, declared: forms.Field, value: Any) -> None:
    try:
        reading.values[name] = _reader_of(declared)(value)
    except _WrongError as wrong:
        reading.values[name] = wrong.value
        reading.problems.append(Problem(place, declared.label or name, wrong.sentence))


def _rows(form: type[Declares], stored: Any, reading: Reading) -> list[Values]:
    if stored is None:
        return []
    rows = _dicts(stored)
    if not isinstance(stored, list) or len(rows) != len(stored):
        label = _label_in(form, form.rows_name)
        reading.problems.append(Problem(form.rows_name, label, _unreadable()))
    if len(rows) > MAX_LIST_ROWS:
        text = _("There are %(count)s entries. Remove some: at most %(most)s are allowed.")
        sentence = text % {"count": len(rows), "most": MAX_LIST_ROWS}
        label = _label_in(form, form.rows_name)
        reading.problems.append(Problem(form.rows_name, label, sentence))
    return [_row(form, number, row, reading) for number, row in enumerate(rows)]


def _row(form: type[Declares], number: int, stored: Values, reading: Reading) -> Values:
    row = Reading({})
    for name, declared in form.row_fields().items():
        place = f"{form.rows_name}-{number}-{name}"
        _take(row, name, place, declared, stored.get(name))
    row.problems += [
        Problem(
            f"{form.rows_name}-{number}-{name}", form.row_fields()[name].label or name, str(text)
        )
        for name, text in form.row_contradictions(row.values)
    ]
    reading.problems += row.problems
    row_id = stored.get(ROW_ID)
    return row.values | ({ROW_ID: row_id} if isinstance(row_id, str) and row_id else {})


def _dicts(stored: Any) -> list[Values]:
    rows = stored[:MAX_ROWS_READ] if isinstance(stored, list) else []
    return [row for row in rows if isinstance(row, dict)]


def _label_in(form: type[Declares], name: str) -> Text:
    declared = form.field_named(name)
    if declared is not None:
        return declared.label or name
    return getattr(form, "rows_title", "") or form.title


def _unreadable() -> str:
    return _("This answer could not be read. Enter it again and save.")


# --- A reader for each kind of field; forms declare them once, so they live as long as the process ---

_readers: dict[forms.Field, Reader] = {}


def _reader_of(declared: forms.Field) -> Reader:
    reader = _readers.get(declared)
    if reader is None:
        reader = _readers[declared] = _make_reader(declared)
    return reader


def _make_reader(declared: forms.Field) -> Reader:
    if isinstance(declared, forms.MultipleChoiceField):
        return _several(declared)
    if isinstance(declared, forms.ChoiceField):
        return _choice(declared)
    if isinstance(declared, forms.DateField):
        # Not remembered: what lies in the future depends on the clock.
        return _converted(_checked(declared), lambda day: day.isoformat(), (date,))
    if isinstance(declared, forms.DecimalField):
        return _converted(_cleaned(declared), str, (Decimal,))
    if isinstance(declared, forms.IntegerField):
        return _converted(_cleaned(declared), int, (int,))
    return _text(declared)


def _text(declared: forms.Field) -> Reader:
    limit = getattr(declared, "max_length", None)
    is_plain = isinstance(declared, forms.CharField) and not isinstance(
        declared, forms.EmailField | forms.URLField | forms.RegexField
    )
    clean = _cleaned(declared)

    def read_text(value: Any) -> str:
        if type(value) is not str:
            if value is None:
                return ""
            raise _WrongError("", _unreadable())
        if limit is not None and len(value) > limit:
            raise _WrongError(value if is_plain else "", too_long(value, limit))
        if value and not is_plain:
            clean(value)
        if value and isinstance(declared, NamesSomething) and not names_something(value):
            raise _WrongError(value, str(NEEDS_A_LETTER))
        return value

    return read_text


def too_long(text: str, limit: int) -> str:
    """The sentence for a text over its limit; characters are counted as code points."""
    sentence = _(
        "%(over)s characters too many. Shorten this to %(limit)s characters or fewer (now %(count)s)."
    )
    values = {"over": len(text) - limit, "count": len(text), "limit": limit}
    return sentence % {name: f"{number:,}" for name, number in values.items()}


def _choice(declared: forms.ChoiceField) -> Reader:
    takes_any = declared.choices == []  # a form fills them in
    clean = _cleaned(declared)

    def read_choice(value: Any) -> str:
        if value is None or value == "":
            return ""
        if type(value) is not str:
            raise _WrongError("", _unreadable())
        return value if takes_any else str(clean(value))

    return read_choice


def _several(declared: forms.MultipleChoiceField) -> Reader:
    takes_any = declared.choices == []  # a form fills them in
    is_known = lru_cache(maxsize=4096)(declared.valid_value)

    def read_several(value: Any) -> list[str]:
        if value is None:
            return []
        codes = value if isinstance(value, list) else []
        known = [code for code in codes if type(code) is str and (takes_any or is_known(code))]
        if len(known) != len(codes) or not isinstance(value, list):
            raise _WrongError(
                known, _("One of the choices is no longer available. Select again and save.")
            )
        return known

    return read_several


def _converted(
    clean: Callable[..., Any], as_stored: Callable[[Any], Any], types: tuple[type, ...]
) -> Reader:
    """Amounts, numbers and days: stored as the form stores them, or as they were typed."""

    def read_value(value: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if type(value) is not str and type(value) not in types:
            raise _WrongError(None, _unreadable())  # also True, which is remembered as 1
        converted = clean(value, None)
        return None if converted is None else as_stored(converted)

    return read_value


def _cleaned(declared: forms.Field) -> Callable[..., Any]:
    """The field's own check of a text that is not empty; the same texts come again and again."""
    return _checked(declared, remember=lru_cache(maxsize=1024))


def _checked(declared: forms.Field, remember: Any = None) -> Callable[..., Any]:
    def clean(value: Any) -> tuple[Any, str]:
        try:
            converted = declared.to_python(value)
            declared.validate(converted)
            declared.run_validators(converted)
        except ValidationError as wrong:
            name_field(wrong.error_list, declared, declared.label or "")
            return None, " ".join(str(text) for text in wrong.messages)
        return converted, ""

    cleaned = remember(clean) if remember is not None else clean

    def checked(value: Any, otherwise: Any = "") -> Any:
        converted, sentence = cleaned(value)
        if sentence:
            raise _WrongError(otherwise, sentence)
        return converted

    return checked
