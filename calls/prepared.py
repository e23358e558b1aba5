"""Statements that nearly every request sends: put together once, planned once, several in one round trip.

Django builds the SQL of a queryset anew each time that it is asked, and PostgreSQL plans it anew; for a
small question both take longer than the answer (docs/architecture.md has the figures). What is asked
all the time is therefore written as querysets still, but with `Given` in place of values:

    @together
    def of_proposal() -> Questions:
        proposal = Given("proposal", BigIntegerField())
        return {
            "sections": Section.objects.filter(proposal=proposal),
            "keys": Values(Participant.objects.filter(proposal=proposal), "key"),
        }

    found = of_proposal(proposal=proposal.pk)
    found["sections"], found["keys"]        # model instances; tuples

`insert` does the same for new rows. Each connection prepares a statement when it first needs it. Where
a pooler gives a connection to somebody else after each transaction, prepared statements get lost: there
the database's `DISABLE_SERVER_SIDE_CURSORS` is set, as Django asks, and statements are sent as they are.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection, models
from django.db.models import Expression, F, Field, Func, Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

Questions = Mapping[str, "QuerySet[Any] | Values"]
Convert = Callable[[Any], Any] | None

# What JSON says as text: read as the field itself reads a text.
SAID_AS_TEXT = (
    models.DateField, models.DecimalField, models.DurationField, models.TimeField, models.UUIDField,
)  # fmt: skip


class Given(Expression):
    """A value that is given each time the question is asked, by name; a field says what type it has."""

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return f"(given:{self.name}::{self.output_field.db_type(connection)})", ()


def among(name: str, given: Given) -> Func:
    """The condition that a column is one of a given list; `__in` takes no list of unknown length."""
    return Func(
        F(name), given, template="(%(expressions)s)", arg_joiner=" = ANY ",
        output_field=models.BooleanField(),
    )  # fmt: skip


class Values:
    """Some columns of a queryset, as tuples: numbers, texts, JSON and lists of these."""

    def __init__(self, queryset: "QuerySet[Any]", *names: str) -> None:
        self.queryset = queryset
        self.names = names


def together(questions: Callable[[], Questions]) -> "Together":
    """Several questions that are asked in one round trip, and answered from one snapshot."""
    return Together(questions)


class Together:
    """Called with all that is `Given`, it returns the rows of each question, in their order."""

    def __init__(self, questions: Callable[[], Questions]) -> None:
        self.__doc__ = questions.__doc__
        self._questions = questions

    def __call__(self, **given: Any) -> dict[str, list[Any]]:
        names, statement = self._statement
        answers = statement.run([given[name] for name in names])
        return {
            part.name: part.rows(json.loads(answer))
            for part, answer in zip(self._parts, answers, strict=True)
        }

    @cached_property
    def _parts(self) -> list["_Part"]:
        return [_part_of(name, question) for name, question in self._questions().items()]

    @cached_property
    def _statement(self) -> tuple[list[str], "Statement"]:
        """The names of what is given, in the order of the statement's parameters, and the statement."""
        names: list[str] = []

        def place_of(found: re.Match[str]) -> str:
            if found[1] not in names:
                names.append(found[1])
            return f"${names.index(found[1]) + 1}"

        answers = ", ".join(part.sql for part in self._parts)
        return names, Statement("SELECT " + re.sub(r"given:(\w+)", place_of, answers))


@dataclass(frozen=True)
class _Part:
    """One question: its SQL, which gives all rows as one JSON text, and how a row is read from that."""

    name: str
    sql: str
    rows: Callable[[list[list[Any]]], list[Any]]


def _part_of(name: str, question: "QuerySet[Any] | Values") -> _Part:
    if isinstance(question, Values):
        asked = question.queryset.values_list(*question.names)
        return _Part(name, _as_json(asked, [None] * len(question.names)), _tuples)
    fields = [(field.attname, field) for field in question.model._meta.concrete_fields]
    fields += [(name, one.output_field) for name, one in question.query.annotations.items()]
    names = [name for name, _field in fields]
    own = len(question.model._meta.concrete_fields)
    convert = [_reading(field) for _name, field in fields]
    texts = ["text" if isinstance(field, models.DecimalField) else None for _name, field in fields]

    def instances(rows: list[list[Any]]) -> list[Any]:
        return [_instance(question.model, names, own, convert, row) for row in rows]

    return _Part(name, _as_json(question.values_list(*names), texts), instances)


def _as_json(asked: "QuerySet[Any, Any]", casts: Sequence[str | None]) -> str:
    """SQL for all rows of a queryset as one JSON text. JSON's numbers are no decimals, hence casts."""
    sql, values = asked.query.sql_with_params()
    if any("$" in str(value) for value in values):
        raise ValueError("A constant with a dollar sign would be taken for something given.")
    with connection.cursor() as cursor:
        constant: str = cursor.mogrify(sql, values).decode()
    columns = [f"c{place}" for place in range(len(casts))]
    said = (
        f"q.{one}::{cast}" if cast else f"q.{one}" for one, cast in zip(columns, casts, strict=True)
    )
    return (
        f"(SELECT coalesce(json_agg(json_build_array({', '.join(said)})), '[]')::text"
        f" FROM ({constant}) AS q({', '.join(columns)}))"
    )


def _tuples(rows: list[list[Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]


def _reading(field: "Field[Any, Any]") -> Convert:
    """How a value of JSON becomes one of the field; None where it is that already."""
    if isinstance(field, models.BinaryField):
        raise TypeError(f"{field} holds bytes, which JSON does not.")
    return field.to_python if isinstance(field, SAID_AS_TEXT) else None


def _instance(
    model: type[Model], names: list[str], own: int, convert: list[Convert], row: list[Any]
) -> Model:
    values = [
        value if read is None or value is None else read(value)
        for read, value in zip(convert, row, strict=True)
    ]
    made = model.from_db(connection.alias, names[:own], values[:own])
    for name, value in zip(names[own:], values[own:], strict=True):
        setattr(made, name, value)
    return made


def insert(*rows: Model) -> None:
    """Store new rows in one round trip; each gets its key. None may refer to another of them.

    As `bulk_create`, but for several models: `save` is not called and no signal is sent.
    """
    statement, fields = _insertion(tuple(type(row) for row in rows))
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for row, own in zip(rows, fields, strict=True)
        for field in own
    ]
    for row, key in zip(rows, statement.run(values), strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, connection.alias


@cache
def _insertion(kinds: tuple[type[Model], ...]) -> tuple["Statement", list[list[Any]]]:
    fields = [
        [one for one in kind._meta.concrete_fields if one is not kind._meta.auto_field]
        for kind in kinds
    ]
    place = count(1)

    def one_row(number: int, kind: type[Model]) -> str:
        columns = ", ".join(f'"{field.column}"' for field in fields[number])
        values = ", ".join(f"${next(place)}" for _field in fields[number])
        table, key = kind._meta.db_table, kind._meta.pk.column
        stored = f'INSERT INTO "{table}" ({columns}) VALUES ({values}) RETURNING "{key}" AS key'
        return f"r{number} AS ({stored})"

    rows = ", ".join(one_row(number, kind) for number, kind in enumerate(kinds))
    keys = ", ".join(f"(SELECT key FROM r{number})" for number in range(len(kinds)))
    return Statement(f"WITH {rows} SELECT {keys}"), fields


class Statement:
    """SQL with parameters $1, $2 and so on that gives one row; each connection prepares it once."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._names: WeakKeyDictionary[Any, str] = (
            WeakKeyDictionary()
        )  # by connection of the driver

    def run(self, values: Sequence[Any]) -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
                cursor.execute(_PARAMETER.sub(r"%(p\1)s", self._escaped), _named(values))
            else:
                self._run_prepared(cursor, values)
            row: tuple[Any, ...] = cursor.fetchone()
        return row

    def _run_prepared(self, cursor: Any, values: Sequence[Any]) -> None:
        places = ", ".join(["%s"] * len(values))
        execute = f"({places})" if values else ""
        known = self._names.get(connection.connection)
        if known is not None:
            cursor.execute(f"EXECUTE {known}{execute}", values)
            return
        # A name is never used twice: what is prepared stays so, though the transaction is rolled back.
        name = f"portal_{next(_numbers)}"
        cursor.execute(f"PREPARE {name} AS {self._escaped}; EXECUTE {name}{execute}", values)
        self._names[connection.connection] = name

    @cached_property
    def _escaped(self) -> str:
        return self.sql.replace("%", "%%")


_PARAMETER = re.compile(r"\$(\d+)")
_numbers = count(1)


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return {f"p{place}": value for place, value in enumerate(values, 1)}
