"""Extend the deadline of a whole call."""

from datetime import datetime

from django.db import transaction

from calls.models import (
    Call,
    Extension,
    Incident,
)
from foundation import clock


class ExtensionNotLater(Exception):
    """An extension must move the deadline to a later instant."""


@transaction.atomic
def extend_deadline(
    call: Call,
    *,
    new_deadline: datetime,
    reason: str,
    decided_by: str,
    confirmed_by: str = "",
    incident: Incident | None = None,
) -> Extension:
    """Move the deadline of the whole call later, with the record that says why.

    Where the call is published, the database wants a second person in `confirmed_by`.

    Raises:
        ExtensionNotLater: the new deadline is not after the one in force.
    """
    call = Call.objects.select_for_update().get(pk=call.pk)
    if new_deadline <= call.deadline:
        raise ExtensionNotLater
    extension = Extension.objects.create(
        call=call,
        old_deadline=call.deadline,
        new_deadline=new_deadline,
        reason=reason,
        decided_by=decided_by,
        confirmed_by=confirmed_by,
        incident=incident,
        recorded_at=clock.now(),
    )
    call.deadline = new_deadline
    call.changed_at = clock.real_now()
    call.save(update_fields=["deadline", "changed_at"])
    return extension
