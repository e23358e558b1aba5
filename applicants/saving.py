"""Saving a step without ever overwriting a newer text."""

from typing import Any

from django.db.models import F

from applicants.models import SavedStep, User
from calls import clock


class StepChanged(Exception):
    """Someone saved the step since it was opened; `current` is what is stored now."""

    def __init__(self, current: SavedStep) -> None:
        super().__init__(f"{current.step} moved on to version {current.version}")
        self.current = current


def save_step(row: SavedStep, *, answers: dict[str, Any], seen_version: int, by: User) -> SavedStep:
    """Store answers unless the step moved on since `seen_version`.

    One UPDATE both compares and writes, so two people saving at once cannot both win. The same
    answers saved again by the loser are no conflict: nothing would be lost.

    Raises:
        StepChanged: the step has a newer version with other answers.
    """
    model = type(row)
    moment = clock.now()
    saved = model._default_manager.filter(pk=row.pk, version=seen_version).update(
        answers=answers, version=F("version") + 1, saved_at=moment, saved_by=by
    )
    if saved:
        row.answers, row.version = answers, seen_version + 1
        row.saved_at, row.saved_by = moment, by
        return row
    row.refresh_from_db()
    if row.answers != answers:
        raise StepChanged(row)
    return row
