"""Rehearsing a call: a marked copy with a clock of its own, which only goes forward, up to its deadline.

Moving its clock moves its stored dates by the same time towards now. So everything that asks for a deadline
works in a rehearsal as it does in earnest, and what was received stays in time.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from calls.call_setup import copy_of, missing_texts
from calls.models import Call
from calls.templatetags.instants import in_words
from foundation import clock

MAX_REFERENCE_LENGTH, MAX_TITLE_LENGTH = 40, 200


class CannotRehearse(Exception):
    """The call cannot be rehearsed (like this); the text says why."""


class ClockCannotMove(Exception):
    """The clock of the rehearsal cannot be moved like this; the text says why."""


@transaction.atomic
def begin_rehearsal(source: Call, *, starts_at: datetime) -> Call:
    """A copy of the call with its dates, whose clock says `starts_at` now and ticks on from there.

    Raises:
        CannotRehearse: something of the call is not written yet, or its deadline is not after `starts_at`.
    """
    if source.is_rehearsal:
        raise CannotRehearse(
            _("This call is itself a rehearsal. Start a rehearsal from the original call.")
        )
    left = list(missing_texts(source))
    if left:
        raise CannotRehearse(" ".join(left))
    if starts_at >= source.deadline:
        raise CannotRehearse(
            _("The start must be before the deadline, %(deadline)s.")
            % {"deadline": in_words(source.deadline, zone=source.zone)}
        )
    ahead = starts_at - clock.now()
    source = Call.objects.select_for_update().get(pk=source.pk)  # numbers are given one by one
    ending = f"-R{source.rehearsals.count() + 1}"
    return copy_of(
        source,
        reference=source.reference[: MAX_REFERENCE_LENGTH - len(ending)] + ending,
        title=_in_short(_("Rehearsal: %(title)s") % {"title": source.title}),
        opens_at=source.opens_at - ahead if source.opens_at else None,
        first_deadline=source.deadline - ahead,
        rehearsal_of=source,
        clock_offset=ahead,
    )


def _in_short(title: str) -> str:
    return title if len(title) <= MAX_TITLE_LENGTH else f"{title[: MAX_TITLE_LENGTH - 1]}…"


@transaction.atomic
def move_clock(rehearsal: Call, *, to: datetime) -> Call:
    """Let the clock of a rehearsal say `to` now; its deadline at the latest.

    Raises:
        ClockCannotMove: that is not later than what it says, or after the deadline; or it is a real call.
    """
    locked = Call.objects.select_for_update().get(pk=rehearsal.pk)
    if not locked.is_rehearsal:
        raise ClockCannotMove(_("This is a real call, so its clock cannot be changed."))
    moment = clock.now()
    present, deadline = locked.in_rehearsal_time(moment), locked.in_rehearsal_time(locked.deadline)
    if moment >= locked.deadline:
        raise ClockCannotMove(
            _("The deadline of this rehearsal has passed, so its clock can no longer be changed.")
        )
    if not present < to <= deadline:
        raise ClockCannotMove(
            _("Enter a time after %(present)s and no later than the deadline, %(deadline)s.")
            % {
                "present": in_words(present, seconds=True, zone=locked.zone),
                "deadline": in_words(deadline, zone=locked.zone),
            }
        )
    step = to - present
    locked.clock_offset += step
    locked.first_deadline -= step
    locked.deadline -= step
    if locked.opens_at is not None:
        locked.opens_at -= step
    locked.changed_at = clock.real_now()
    locked.save(
        update_fields=["clock_offset", "opens_at", "first_deadline", "deadline", "changed_at"]
    )
    return locked
