"""Taking back what an officer did a moment ago: findings, notes, assignments.

The history keeps both what was done and that it was undone. Nothing is undone that somebody has built on:
a line answered again since, or a case that changed hands again, stays as it is.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from applicants.models import User
from foundation import clock
from proposals.models import Assignment, CaseEvent, CaseNote, ScreeningAnswer, Version
from proposals.officers.cases import lock_case, log_event

# Pages offer it for ten seconds, and longer while somebody is on the button.
ACCEPTED_FOR = timedelta(minutes=1)


class CannotUndo(Exception):
    """It is too late, or something was built on it; nothing was undone."""


@transaction.atomic
def undo_events(pks: Sequence[int], *, by: User) -> int:
    """Undo these events of the officer, newest first: all of them, or none; returns how many.

    Raises:
        CannotUndo: one of them is not this officer's, not a moment old, undone already, or built on.
        InterestDeclared: a case is closed to this officer by now.
    """
    moment = clock.now()
    opened = Version.objects.open_to(by, moment).values("proposal")
    events = list(
        CaseEvent.objects.filter(
            pk__in=pks, by=by, at__gt=moment - ACCEPTED_FOR, kind__in=UNDO, proposal__in=opened
        )
        .select_related("proposal")
        .order_by("-pk")
    )
    if not events or len(events) < len(set(pks)):
        raise CannotUndo
    for proposal in sorted({event.proposal_id for event in events}):
        lock_case(proposal, by=by)
    for event in events:
        _undo(event, by=by, moment=moment)
    return len(events)


def _undo(event: CaseEvent, *, by: User, moment: datetime) -> None:
    try:
        with transaction.atomic():
            UNDO[event.kind](event, by, moment)
    except IntegrityError as refusal:  # the officer before has declared an interest since
        raise CannotUndo from refusal
    log_event(event.proposal, CaseEvent.Kind.UNDONE, event.summary, by=by, event=event.pk)


def _undo_answer(event: CaseEvent, _by: User, _moment: datetime) -> None:
    details = event.details
    stored = ScreeningAnswer.objects.filter(
        version=details.get("version"), item=details["item"], revision=details.get("revision")
    )
    before = details.get("before")
    if before is None:
        _require(stored.delete()[0])
        return
    values = {
        "answer": before["answer"],
        "reason": before["reason"],
        "answered_by": before["by"],
        "answered_at": datetime.fromisoformat(before["at"]),
        "revision": details["revision"] + 1,
    }
    _require(stored.update(**values))


def _withdraw(event: CaseEvent, _by: User, moment: datetime) -> None:
    present = CaseNote.objects.present().filter(pk=event.details["note"])
    _require(present.update(withdrawn_at=moment))


def _undo_assignment(event: CaseEvent, by: User, moment: datetime) -> None:
    details = event.details
    stored = Assignment.objects.filter(
        proposal=event.proposal, officer=details["officer"], due_on=details["due_on"]
    )
    before = details.get("before")
    if before is None:
        _require(stored.delete()[0])
        return
    due_on = date.fromisoformat(before["due_on"]) if before["due_on"] else None
    values = {"officer": before["officer"], "due_on": due_on}
    _require(stored.update(**values, assigned_by=by, assigned_at=moment))


def _require(changed: int) -> None:
    """Refuse where what the event made is not there any more."""
    if not changed:
        raise CannotUndo


UNDO: dict[str, Callable[[CaseEvent, User, datetime], None]] = {
    CaseEvent.Kind.ANSWERED: _undo_answer,
    CaseEvent.Kind.NOTED: _withdraw,
    CaseEvent.Kind.ASSIGNED: _undo_assignment,
}
