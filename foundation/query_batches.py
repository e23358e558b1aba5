"""Statements that nearly every request sends: put together once, planned once, several in one round trip.

Django builds the SQL of a queryset each time that it is evaluated, and PostgreSQL plans it each time; for a
small question both take longer than the answer (docs/architecture.md has the figures). What is asked
all the time is therefore written as querysets still, but with `Param` in place of values:

    @query_batch
    def of_proposal() -> Queries:
        proposal = Param("proposal", BigIntegerField())
        return {
            "sections": Section.objects.filter(proposal=proposal),
            "keys": Columns(Participant.objects.filter(proposal=proposal), "key"),
        }

    found = of_proposal(proposal=proposal.pk)
    found["sections"], found["keys"]        # model instances; tuples

`insert_together` does the same for new rows. Each connection prepares a statement when it first needs
it. Where a pooler gives a connection to somebody else after each transaction, prepared statements get
lost: there the database's `DISABLE_SERVER_SIDE_CURSORS` is set, as Django asks, and statements are sent
as they are.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from itertools import count
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import Expression, F, Field, Func, Model, QuerySet, Value
from django.db.models.base import ModelState
from django.db.models.sql.compiler import SQLCompiler
from psycopg2.extensions import QuotedString
from psycopg2.extras import Json

from foundation.canonical_json import dumps

Queries = Mapping[str, "QuerySet[Any] | Columns"]
Results = Mapping[str, list[Any]]

# What JSON says as text: read as the field itself reads a text.
TEXT_IN_JSON = (
    models.DateField,
    models.DecimalField,
    models.DurationField,
    models.TimeField,
    models.UUIDField,
)

# What the driver takes as it is, from whichever field.
DRIVER_TYPES = {bool, int, str, datetime, UUID}


class Param(Expression):
    """A value that is given each time the question is asked, by name; a field says what type it has."""

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return f"(param:{self.name}::{self.output_field.db_type(connection)})", ()


def equals_any(name: str, data: Param) -> Func:
    """The condition that a column is one of a given list; `__in` takes no list of unknown length."""
    return Func(
        F(name),
        data,
        template="(%(expressions)s)",
        arg_joiner=" = ANY ",
        output_field=models.BooleanField(),
    )


class Columns:
    """Some columns of a queryset, as tuples: numbers, texts, JSON and lists of these."""

    def __init__(self, queryset: "QuerySet[Any]", *names: str) -> None:
        self.queryset = queryset
        self.names = names


def query_batch(questions: Callable[[], Queries]) -> "QueryBatch":
    """Several questions that are asked in one round trip, and answered from one snapshot."""
    return QueryBatch(questions)


class QueryBatch:
    """Called with all its parameters, it returns the rows of each query, in their order."""

    def __init__(self, questions: Callable[[], Queries]) -> None:
        self.__doc__ = questions.__doc__
        self._questions = questions

    def __call__(self, **params: Any) -> Results:
        names, statement = self._statement
        answers = statement.run([params[name] for name in names]) or ()
        return {
            part.name: part.rows(orjson.loads(answer))
            for part, answer in zip(self._parts, answers, strict=True)
        }

    @cached_property
    def _parts(self) -> list["_Part"]:
        return [_compile_query(name, question) for name, question in self._questions().items()]

    @cached_property
    def _statement(self) -> tuple[list[str], "PreparedStatement"]:
        """The names of what is given, in the order of the statement's parameters, and the statement."""
        names: list[str] = []

        def place_of(match: re.Match[str]) -> str:
            if match[1] not in names:
                names.append(match[1])
            return f"${names.index(match[1]) + 1}"

        answers = ", ".join(part.sql for part in self._parts)
        return names, PreparedStatement("SELECT " + re.sub(r"param:(\w+)", place_of, answers))


@dataclass(frozen=True)
class _Part:
    """One question: its SQL, which gives all rows as one JSON text, and how a row is read from that."""

    name: str
    sql: str
    rows: Callable[[list[list[Any]]], list[Any]]


def _compile_query(name: str, question: "QuerySet[Any] | Columns") -> _Part:
    if isinstance(question, Columns):
        asked = question.queryset.values_list(*question.names)
        return _Part(name, _as_json(asked, [None] * len(question.names)), _tuples)
    fields = [(field.attname, field) for field in question.model._meta.concrete_fields]
    fields += [
        (name, expression.output_field) for name, expression in question.query.annotations.items()
    ]
    texts = ["text" if isinstance(field, models.DecimalField) else None for _name, field in fields]

    asked = question.values_list(*(name for name, _field in fields))
    return _Part(name, _as_json(asked, texts), _Instances(question.model, fields).of)


def _as_json(asked: "QuerySet[Any, Any]", casts: Sequence[str | None]) -> str:
    """SQL for all rows of a queryset as one JSON text. JSON's numbers are no decimals, hence casts."""
    sql, values = asked.query.sql_with_params()
    if any("$" in str(value) or "param:" in str(value) for value in values):
        raise ValueError(f"A constant of {values} would be taken for a parameter.")
    with connection.cursor() as cursor:
        constant: str = cursor.mogrify(sql, values).decode()
    columns = [f"c{place}" for place in range(len(casts))]
    selected = (
        f"q.{text}::{cast}" if cast else f"q.{text}"
        for text, cast in zip(columns, casts, strict=True)
    )
    return (
        f"(SELECT coalesce(json_agg(json_build_array({', '.join(selected)})), '[]')::text"
        f" FROM ({constant}) AS q({', '.join(columns)}))"
    )


def _tuples(rows: list[list[Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]


class _Instances:
    """Makes instances of a model from rows that JSON says, as `Model.from_db` makes them.

    Only faster: nobody here listens to the signals that it sends, nor changes what it does.
    """

    def __init__(self, model: type[Model], fields: "list[tuple[str, Field[Any, Any]]]") -> None:
        if any(isinstance(field, models.BinaryField) for _name, field in fields):
            raise TypeError(f"{model.__name__} holds bytes, which JSON does not.")
        self.model = model
        self.names = [name for name, _field in fields]
        self.said_as_text = [
            (place, field.to_python)
            for place, (_name, field) in enumerate(fields)
            if isinstance(field, TEXT_IN_JSON)
        ]

    def of(self, rows: list[list[Any]]) -> list[Any]:
        made = []
        for row in rows:
            for place, read in self.said_as_text:
                if row[place] is not None:
                    row[place] = read(row[place])
            model = self.model.__new__(self.model)
            model._state = ModelState()
            model._state.adding, model._state.db = False, DEFAULT_DB_ALIAS
            model.__dict__.update(zip(self.names, row, strict=True))
            made.append(model)
        return made


def set_related(row: Model, **related: Model | None) -> None:
    """Fill the row's foreign-key cache with instances that are already loaded."""
    row._state.fields_cache.update(related)


class NextVal(Func):
    """The next key of a table, so that rows that refer to a new one can be stored together with it."""

    template = "nextval(pg_get_serial_sequence(%(expressions)s))"
    output_field = models.BigIntegerField()

    def __init__(self, model: type[Model]) -> None:
        super().__init__(Value(model._meta.db_table), Value(model._meta.pk.column))


def insert_together(*rows: Model) -> None:
    """Store new rows in one round trip; each that has no key yet gets one.

    As `bulk_create`, but for several models: `save` is not called and no signal is sent. They may refer to
    each other, for PostgreSQL looks at foreign keys when the transaction ends.
    """
    database = connections[DEFAULT_DB_ALIAS]  # itself: the proxy looks it up for each question
    filled = [_filled(row) for row in rows]
    kinds = ((type(row), tuple(own)) for row, own in zip(rows, filled, strict=True))
    values = [_as_stored(field, value, database) for own in filled for field, value in own.values()]
    for row, key in zip(rows, _insertion(tuple(kinds)).run(values) or (), strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _filled(row: Model) -> dict[str, tuple[Any, Any]]:
    """Fields and values by column, without those that are empty: these PostgreSQL leaves so by itself."""
    values = ((field, field.pre_save(row, add=True)) for field in row._meta.concrete_fields)
    return {str(field.column): (field, value) for field, value in values if value is not None}


def _as_stored(field: Any, value: Any, database: Any) -> Any:
    if isinstance(field, models.JSONField):
        return as_json(value)
    return value if type(value) in DRIVER_TYPES else field.get_db_prep_save(value, database)


def as_json(value: Any) -> Json:
    """Plain JSON, as the driver takes it."""
    return _Bytes(value)


class _Bytes(Json):
    """JSON that is quoted as the bytes that it is: a text would be decoded and encoded once more."""

    def getquoted(self) -> bytes:
        text = QuotedString(dumps(self.adapted))
        text.prepare(self._conn)
        quoted: bytes = text.getquoted()
        return quoted


@cache
def _insertion(kinds: tuple[tuple[type[Model], tuple[str, ...]], ...]) -> "PreparedStatement":
    """For rows of these models, in each of which these columns are filled."""
    place = count(1)

    def one_row(number: int, kind: type[Model], filled: tuple[str, ...]) -> str:
        columns = ", ".join(f'"{column}"' for column in filled)
        values = ", ".join(f"${next(place)}" for _column in filled)
        table, key = kind._meta.db_table, kind._meta.pk.column
        stored = f'INSERT INTO "{table}" ({columns}) VALUES ({values}) RETURNING "{key}" AS key'
        return f"r{number} AS ({stored})"

    rows = ", ".join(one_row(number, *kind) for number, kind in enumerate(kinds))
    keys = ", ".join(f"(SELECT key FROM r{number})" for number in range(len(kinds)))
    return PreparedStatement(f"WITH {rows} SELECT {keys}")


class PreparedStatement:
    """SQL with parameters $1, $2 and so on that gives at most one row; each connection prepares it once."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        # The name under which each of the driver's connections knows it.
        self._names: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def run(self, values: Sequence[Any]) -> tuple[Any, ...] | None:
        """The row, or None where there is none."""
        database = connections[DEFAULT_DB_ALIAS]
        with database.cursor() as cursor:
            if database.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
                cursor.execute(_PARAMETER.sub(r"%(p\1)s", self._escaped), _named(values))
            else:
                self._run_prepared(database.connection, cursor, values)
            row: tuple[Any, ...] | None = cursor.fetchone()
        return row

    def _run_prepared(self, driver: Any, cursor: Any, values: Sequence[Any]) -> None:
        places = ", ".join(["%s"] * len(values))
        text = f"({places})" if values else ""
        known = self._names.get(driver)
        if known is not None:
            cursor.execute(f"EXECUTE {known}{text}", values)
            return
        # A name is never used twice: what is prepared stays so, though the transaction is rolled back.
        name = f"portal_{next(_numbers)}"
        cursor.execute(f"PREPARE {name} AS {self._escaped}; EXECUTE {name}{text}", values)
        self._names[driver] = name

    @cached_property
    def _escaped(self) -> str:
        return self.sql.replace("%", "%%")


_PARAMETER = re.compile(r"\$(\d+)")
_numbers = count(1)


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return {f"p{place}": value for place, value in enumerate(values, 1)}
