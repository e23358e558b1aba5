"""Saving a step without ever overwriting a newer text."""

from functools import cache
from typing import Any

from applicants.models import SavedStep, User
from applicants.reading import storable
from applicants.steps import FORMS
from foundation import clock
from foundation.query_batches import PreparedStatement, as_json


class EditConflict(Exception):
    """Someone saved the step since it was opened; `current` is what is stored now."""

    def __init__(self, current: SavedStep) -> None:
        super().__init__(f"{current.step} moved on to version {current.version}")
        self.current = current


@cache
def _saving(model: type[SavedStep]) -> PreparedStatement:
    return PreparedStatement(
        f"""
        UPDATE "{model._meta.db_table}"
        SET answers = $1, version = version + 1, saved_at = $2, saved_by_id = $3
        WHERE id = $4 AND version = $5
        RETURNING version
        """
    )


def save_step(row: SavedStep, *, answers: dict[str, Any], seen_version: int, by: User) -> SavedStep:
    """Store answers unless the step moved on since `seen_version`; the first answers make the row.

    One UPDATE both compares and writes, so two people saving at once cannot both win. The same
    answers saved again by the loser are no conflict: nothing would be lost. Only names and kinds of
    values that the step's form declares are stored, wherever the answers come from.

    Raises:
        EditConflict: the step has a newer version with other answers.
    """
    moment = clock.now()
    form = FORMS.get(row.step)
    if form is not None:
        answers = storable(form, answers)
    if row.pk is None:
        _make_row(row)
    data = (as_json(answers), moment, by.pk, row.pk, seen_version)
    if _saving(type(row)).run(data) is not None:
        row.answers, row.version = answers, seen_version + 1
        row.saved_at, row.saved_by = moment, by
        return row
    row.refresh_from_db()
    if row.answers != answers:
        raise EditConflict(row)
    return row


def _make_row(row: SavedStep) -> None:
    """An empty row in the step's place, or that of somebody who was faster; UPDATE shows which it was."""
    place = {name: getattr(row, name) for name in row.key_fields}
    made, _is_new = type(row)._default_manager.get_or_create(**place)
    row.pk, row._state.adding = made.pk, False
