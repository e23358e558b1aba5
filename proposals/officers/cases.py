"""Whose case a proposal is, who has no part in it, what officers note for each other, and who looked at it.

A case is a submitted proposal as officers work on it. Everything here leaves an event that is never deleted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from applicants.models import User
from foundation import clock
from proposals.models import (
    Assignment,
    CaseEvent,
    CaseNote,
    ConflictOfInterest,
    Decision,
    Proposal,
    Version,
)
from proposals.officers.rights import SCREENING_OFFICERS

READ_AGAIN_AFTER = timedelta(minutes=10)


class ConflictOfInterestError(Exception):
    """This officer has an interest in a case; `proposals` names each such case."""

    def __init__(self, officer: User, proposals: Sequence[Proposal]) -> None:
        super().__init__(str(officer))
        self.officer = officer
        self.proposals = proposals


class InterestDeclared(Exception):
    """The officer has declared an interest in this case, perhaps a moment ago: nothing was done."""


def lock_proposal(proposal: int) -> Proposal:
    """The proposal with this key, for which everybody else waits until the transaction ends.

    Whatever decides is read after this: what was read before may be of another time.
    """
    return Proposal.objects.select_for_update(of=("self",)).get(pk=proposal)


def lock_case(proposal: int, *, by: User) -> Proposal:
    """As `lock`, for an officer who does something to the case.

    Raises:
        InterestDeclared: the case is closed to this officer.
    """
    locked = lock_proposal(proposal)
    if ConflictOfInterest.objects.filter(proposal=locked, officer=by).exists():
        raise InterestDeclared
    return locked


def lock_proposals(proposals: Sequence[Proposal]) -> None:
    """As `lock_proposal`, for many: in the order of their keys, so that no two wait for each other."""
    rows = Proposal.objects.select_for_update(of=("self",))
    list(
        rows.filter(pk__in=[proposal.pk for proposal in proposals]).order_by("pk").values_list("pk")
    )


def log_event(
    proposal: Proposal, kind: CaseEvent.Kind, text: str = "", *, by: User, **details: object
) -> CaseEvent:
    """Note what a person did to a case, in the transaction in which they do."""
    return CaseEvent.objects.create(
        proposal=proposal, kind=kind, summary=text, details=details, by=by, at=clock.now()
    )


def log_read(version: Version, what: str, *, by: User) -> None:
    """Note that an officer looked at something of a version; again within ten minutes is the same look."""
    since = clock.now() - READ_AGAIN_AFTER
    text = f"{what}, v{version.number}"
    same = {"by": by, "kind": CaseEvent.Kind.READ, "summary": text, "at__gt": since}
    if not version.proposal.case_events.filter(**same).exists():
        log_event(version.proposal, CaseEvent.Kind.READ, text, by=by)


def screening_officers() -> QuerySet[User]:
    """People to whom a case can be given."""
    return User.objects.filter(is_active=True, is_staff=True, groups__name=SCREENING_OFFICERS)


@transaction.atomic
def assign(
    proposals: Iterable[Proposal],
    officer: User,
    *,
    by: User,
    due_on: date | None = None,
    remark: str = "",
) -> int:
    """Give cases to an officer; returns how many changed hands or day. The history has the remark.

    Raises:
        ConflictOfInterestError: nothing is assigned, because the officer has an interest in one of them.
    """
    chosen = list(proposals)
    lock_proposals(chosen)
    conflicted = ConflictOfInterest.objects.filter(officer=officer, proposal__in=chosen)
    if conflicted:
        raise ConflictOfInterestError(
            officer, [item.proposal for item in conflicted.select_related("proposal")]
        )
    present = {
        assignment.proposal_id: assignment
        for assignment in Assignment.objects.filter(proposal__in=chosen)
    }
    changed = 0
    for proposal in chosen:
        before = present.get(proposal.pk)
        if before and (before.officer_id, before.due_on) == (officer.pk, due_on):
            continue
        values = {"officer": officer, "due_on": due_on, "assigned_by": by}
        Assignment.objects.update_or_create(
            proposal=proposal, defaults=values | {"assigned_at": clock.now()}
        )
        details = _assignment_details(officer.pk, due_on)
        details |= {
            "before": _assignment_details(before.officer_id, before.due_on) if before else None
        }
        text = f"{officer}: {remark.strip()}" if remark.strip() else str(officer)
        log_event(proposal, CaseEvent.Kind.ASSIGNED, text, by=by, **details)
        changed += 1
    return changed


def _assignment_details(officer: int, due_on: date | None) -> dict[str, Any]:
    return {"officer": officer, "due_on": due_on.isoformat() if due_on else None}


@transaction.atomic
def assign_by_load(
    proposals: Iterable[Proposal],
    officers: Sequence[User],
    *,
    by: User,
    due_on: date | None = None,
    remark: str = "",
) -> Counter[User]:
    """Give each case to whoever has the fewest undecided ones and no interest in it; counts by officer.

    A case in which every one of them has an interest stays as it is.
    """
    chosen = list(proposals)
    lock_proposals(chosen)
    loads = _loads_of(officers, chosen)
    interests = set(
        ConflictOfInterest.objects.filter(officer__in=officers).values_list("proposal", "officer")
    )
    counts: Counter[User] = Counter()
    for proposal in chosen:
        free = [officer for officer in officers if (proposal.pk, officer.pk) not in interests]
        if not free:
            continue
        officer = min(free, key=lambda user: (loads[user.pk], user.pk))
        counts[officer] += assign([proposal], officer, by=by, due_on=due_on, remark=remark)
        loads[officer.pk] += 1
    return counts


def _loads_of(officers: Sequence[User], chosen: Sequence[Proposal]) -> Counter[int]:
    """How many undecided cases each of them has: real ones, or rehearsed ones where such are given out."""
    rehearsed = any(proposal.call.is_rehearsal for proposal in chosen)
    own_kind = Q(assignments__proposal__strand__call__rehearsal_of__isnull=not rehearsed)
    decided = Decision.objects.closing_case().values("version__proposal")
    counted = (
        User.objects.filter(pk__in=[officer.pk for officer in officers])
        .annotate(
            load=Count("assignments", filter=own_kind & ~Q(assignments__proposal__in=decided))
        )
        .values_list("pk", "load")
    )
    return Counter(dict(counted))


@transaction.atomic
def declare_conflict(proposal: Proposal, *, reason: str, by: User) -> ConflictOfInterest:
    """Close a case to this officer, for good; if it was theirs it is nobody's now."""
    lock_proposal(proposal.pk)
    declared, is_new = ConflictOfInterest.objects.get_or_create(
        proposal=proposal, officer=by, defaults={"reason": reason, "declared_at": clock.now()}
    )
    if is_new:
        Assignment.objects.filter(proposal=proposal, officer=by).delete()
        log_event(proposal, CaseEvent.Kind.CONFLICT, by=by, reason=reason)
    return declared


@transaction.atomic
def add_note(proposal: Proposal, text: str, *, by: User) -> CaseNote:
    """Keep a note for colleagues.

    Raises:
        InterestDeclared: the case is closed to this officer.
    """
    lock_case(proposal.pk, by=by)
    case_note = CaseNote.objects.create(
        proposal=proposal, text=text, written_by=by, written_at=clock.now()
    )
    case_note.event = log_event(proposal, CaseEvent.Kind.NOTED, by=by, note=case_note.pk)
    return case_note
