"""Notifying officers: rows written in the transaction of their cause; emails follow from the rows."""

from collections.abc import Iterable
from datetime import datetime

from applicants.models import User
from calls.models import Call
from foundation import clock
from proposals.models import ConflictOfInterest, OfficerNotification, Proposal


def notify_of_case(
    kind: OfficerNotification.Kind, proposal: Proposal, *, officers: Iterable[int], cause: str
) -> None:
    """Notify officers, by their keys, about a case; nobody to whom it is closed."""
    conflicts = ConflictOfInterest.objects.filter(proposal=proposal)
    closed_to = set(conflicts.values_list("officer", flat=True))
    _store(kind, set(officers) - closed_to, cause=cause, proposal=proposal)


def notify_of_call(
    kind: OfficerNotification.Kind, call: Call, *, officers: Iterable[int], cause: str
) -> None:
    """Notify officers, by their keys, about a call."""
    _store(kind, set(officers), cause=cause, call=call)


def _store(
    kind: OfficerNotification.Kind,
    officers: Iterable[int],
    *,
    cause: str,
    proposal: Proposal | None = None,
    call: Call | None = None,
) -> None:
    moment = clock.now()
    OfficerNotification.objects.bulk_create(
        (
            OfficerNotification(
                officer_id=officer,
                kind=kind,
                cause=cause,
                proposal=proposal,
                call=call,
                made_at=moment,
            )
            for officer in sorted(officers)
        ),
        ignore_conflicts=True,
    )


def settle(kind: OfficerNotification.Kind, cause: str) -> None:
    """The work is done: nobody needs to be notified of it any more."""
    waiting = OfficerNotification.objects.filter(kind=kind, cause=cause, settled_at=None)
    waiting.update(settled_at=clock.now())


def settle_for_case(proposal: Proposal, *kinds: OfficerNotification.Kind) -> None:
    """As `settle`, for whatever causes of these kinds a case had."""
    waiting = OfficerNotification.objects.filter(proposal=proposal, kind__in=kinds, settled_at=None)
    waiting.update(settled_at=clock.now())


def settle_for_call(kind: OfficerNotification.Kind, call: Call) -> None:
    """As `settle`, for whatever causes of this kind a call had."""
    waiting = OfficerNotification.objects.filter(kind=kind, call=call, settled_at=None)
    waiting.update(settled_at=clock.now())


def unread_count(officer: User, moment: datetime) -> int:
    return OfficerNotification.objects.shown_to(officer, moment).unread().count()


def mark_notifications_read(officer: User, moment: datetime, *, pk: int | None = None) -> int:
    """Mark one notification of the officer as read, or all that the officer can see; returns how many."""
    unread = OfficerNotification.objects.shown_to(officer, moment).filter(read_at=None)
    if pk is not None:
        unread = unread.filter(pk=pk)
    return unread.update(read_at=moment)
