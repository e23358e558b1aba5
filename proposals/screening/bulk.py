"""One thing done to many cases: shown exactly as it would be, and done to all of them or to none.

What an officer was shown of a case is remembered as a mark. If the case is another one by the time that they
say yes (somebody decided, a verdict was made again, the version was replaced), everything stops.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction

from applicants.models import User
from calls.eligibility import digest_of
from foundation.sentences import gettext as _
from proposals.models import Decision, DecisionReview, Proposal, Version
from proposals.screening.decisions import (
    decision_in_force,
    notify_applicant,
    record_decision,
    remarks_on,
    remarks_on_letter,
    remarks_on_review,
    review_decision,
    snippets,
    waiting_decision,
    why_not_decidable,
    why_not_notifiable,
    why_not_reviewable,
)
from proposals.screening.reversals import Reversal, next_reversal, reversal_of
from proposals.screening.sheet import check_summary, newest_verdict


class BulkAction(StrEnum):
    DECIDE = "decide"
    CONFIRM = "confirm"
    INFORM = "inform"


@dataclass(frozen=True)
class BulkCase:
    """What would be done to a version; nothing where `obstacle` says why not. `mark` is what it is by now.

    With `remarks` it is done only if the officer has ticked that they have seen them.
    """

    version: Version
    mark: str
    obstacle: str
    decision: Decision | None = None
    automatic_check: str = ""
    reason: str = ""
    remarks: Sequence[str] = ()
    reversal: Reversal | None = None


@dataclass(frozen=True)
class Done:
    """To how many cases it was done, and which were left because their remarks were not ticked."""

    count: int
    left: Sequence[Version]


class CasesChanged(Exception):
    """Cases that are not what the officer was shown; nothing was done to any. `sentences` names each."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


def cases_for(
    task: str,
    versions: Sequence[Version],
    *,
    by: User,
    outcome: str = "",
    reason: str = "",
    with_findings: bool = False,
) -> list[BulkCase]:
    """Each version with what would be done to it now, in the order of proposals' numbers."""
    ordered = sorted(versions, key=lambda version: version.proposal_id)
    words: dict[str, Any] = {
        "outcome": outcome,
        "reason": reason,
        "with_findings": with_findings,
    }
    return [_case(task, version, by=by, **words) for version in ordered]


def _case(
    task: str, version: Version, *, by: User, outcome: str, reason: str, with_findings: bool
) -> BulkCase:
    stored = newest_verdict(version)
    decision, obstacle = _concerned(task, version, by)
    remarks = [] if obstacle else _remarks(task, version, decision, outcome=outcome, by=by)
    if remarks and not version.proposal.strand.call.bulk_with_remarks:
        obstacle = _("Record this decision on the page of the proposal: %(remarks)s") % {
            "remarks": " ".join(remarks)
        }
    whole = reason.strip()
    if with_findings:
        texts = [text for _rule, text in snippets(version, stored)]
        whole = "\n\n".join([whole, *texts]).strip()
    return BulkCase(
        version=version,
        mark=_mark(version, stored.pk if stored else 0),
        obstacle=obstacle,
        decision=decision,
        automatic_check=check_summary(
            stored.outcome if stored else None,
            counts=version.proposal.current_version_id == version.pk,
        ),
        reason=whole,
        remarks=remarks,
        reversal=reversal_of(decision) if decision else next_reversal(version),
    )


def _remarks(
    task: str, version: Version, decision: Decision | None, *, outcome: str, by: User
) -> list[str]:
    """What the page of this one case would remark."""
    if decision is None:
        return remarks_on(version, outcome, by=by) if outcome else []
    return (
        remarks_on_review(decision) if task == BulkAction.CONFIRM else remarks_on_letter(decision)
    )


def _concerned(task: str, version: Version, by: User) -> tuple[Decision | None, str]:
    """The decision to confirm or to notify, and what prevents it."""
    proposal = version.proposal
    if task == BulkAction.DECIDE:
        return None, why_not_decidable(version, proposal=proposal, by=by)
    if task == BulkAction.CONFIRM:
        waiting = waiting_decision(version)
        if waiting is None:
            return None, _("No decision is waiting for a second officer.")
        return waiting, why_not_reviewable(waiting, proposal=proposal, by=by)
    decision = decision_in_force(version)
    if decision is None:
        return None, _("There is no confirmed decision yet.")
    return decision, why_not_notifiable(decision, proposal=proposal)


def _mark(version: Version, verdict: int) -> str:
    decisions = version.decisions.order_by("pk").values_list("pk", "review", "notice")
    counts = version.proposal.current_version_id == version.pk
    return digest_of([version.pk, counts, verdict, [list(decision) for decision in decisions]])[
        -16:
    ]


@transaction.atomic
def run(
    task: str,
    marks: Mapping[int, str],
    *,
    by: User,
    versions: Callable[[], Sequence[Version]],
    seen: Collection[int] = (),
    outcome: str = "",
    reason: str = "",
    with_findings: bool = False,
) -> Done:
    """Do it to all of them, but leave those with remarks that are not among `seen`.

    `versions` fetches them again, under a lock.

    Raises:
        CasesChanged: at least one is not what was shown; nothing was done.
    """
    locked = Proposal.objects.select_for_update(of=("self",)).filter(versions__in=marks)
    list(locked.order_by("pk").values_list("pk"))
    fetched = list(versions())
    words: dict[str, Any] = {
        "outcome": outcome,
        "reason": reason,
        "with_findings": with_findings,
    }
    cases = cases_for(task, fetched, by=by, **words)
    _check_unchanged(cases, marks)
    left = [case.version for case in cases if case.remarks and case.version.pk not in seen]
    cases = [case for case in cases if case.version not in left]
    for case in cases:
        if task == BulkAction.DECIDE:
            record_decision(case.version, outcome=outcome, reason=case.reason, by=by)
        elif task == BulkAction.CONFIRM and case.decision is not None:
            review_decision(
                case.decision, answer=DecisionReview.Answer.CONFIRMED, reason=reason, by=by
            )
        elif case.decision is not None:
            notify_applicant(case.decision, by=by)
    return Done(len(cases), left)


def _check_unchanged(cases: Sequence[BulkCase], marks: Mapping[int, str]) -> None:
    there = {case.version.pk: case for case in cases}
    sentences = []
    for pk, mark in marks.items():
        case = there.get(pk)
        if case is None:
            sentences.append(
                _("You can no longer open one of these cases, or it no longer exists.")
            )
        elif case.obstacle:
            sentences.append(f"{case.version}: {case.obstacle}")
        elif case.mark != mark:
            text = _("%(version)s has changed since you opened this page.")
            sentences.append(text % {"version": case.version})
    if sentences:
        raise CasesChanged(sentences)
