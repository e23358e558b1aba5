"""Changing what proposals are judged by: propose, look at the impact, apply, judge again.

A change is applied only over the conditions that its impact was computed for. Afterwards each version whose
findings differ gets a second verdict beside the first; what is sealed stays sealed meanwhile.
"""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from applicants.models import User
from calls.conditions import (
    change_countries,
    change_rules,
    requires_second_person,
    store_applied_conditions,
)
from calls.eligibility import ProposalFacts, RuleSet, Verdict, country_set_digest
from calls.eligibility.countries import Participation
from calls.models import Call, ConditionChange, Programme
from foundation import clock
from foundation.errors import in_full
from proposals.conditions.change_impact import (
    CHUNK,
    Conditions,
    calls_touched_by,
    conditions_now,
    countries_from,
    impact_of,
    newest_verdicts,
    size_of,
)
from proposals.delivery.claims import claim_first, is_unclaimed
from proposals.delivery.fault_isolation import NotTried, for_each, raise_if_database_down
from proposals.dossier.facts import Judgement
from proposals.models import ProposedChange, VerdictRecord
from proposals.submission.submit import build_verdict

log = logging.getLogger("portal.changing")

State = ProposedChange.State
UNFINISHED = [State.COUNTING, State.APPLIED]
CLAIM_TIMEOUT = timedelta(minutes=2)
WORK = "changes"
SMALL = 300  # drafts and versions that are looked at within a request, in well under two seconds


class NothingChanges(Exception):
    """The proposed conditions are those that are in force."""


class ConditionsChanged(Exception):
    """Somebody else changed the conditions since the impact was computed."""


class SecondOfficerRequired(Exception):
    """The call is published: another officer than the one who proposed the change puts it in force."""


class ImpactNotReady(Exception):
    """The impact is not computed yet."""


class NotAllJudged(Exception):
    """These versions could not be judged by changed conditions."""


class AlreadyApplied(Exception):
    """The change is in force already; `change` says who put it in force."""

    def __init__(self, change: ProposedChange) -> None:
        super().__init__(str(change))
        self.change = change


def digest_in_force(target: Call | Programme) -> str:
    if isinstance(target, Call):
        return target.rule_set.digest
    return country_set_digest(target.country_set())


def propose(
    target: Call | Programme, conditions: list[dict[str, Any]], *, reason: str, by: User
) -> ProposedChange:
    """Keep what an officer wants, and compute its impact at once where that is quick.

    Raises:
        NothingChanges: these conditions are in force already.
        UnusableRule: a rule or parameter cannot be used.
    """
    call = target if isinstance(target, Call) else None
    programme = target if isinstance(target, Programme) else None
    wanted = (
        RuleSet.from_json(conditions).digest
        if call
        else country_set_digest(countries_from(conditions))
    )
    base = digest_in_force(target)
    if wanted == base:
        raise NothingChanges
    change = ProposedChange(
        call=call,
        programme=programme,
        conditions=conditions,
        base=base,
        reason=reason,
        proposed_by=by,
        proposed_at=clock.now(),
    )
    change.total = size_of(change, change.proposed_at)
    change.save()
    if change.total <= SMALL:
        count_impact(change)
    return change


def count_impact(change: ProposedChange) -> None:
    """Compute the impact; a failure is kept where officers see it, without the text of a proposal."""
    try:
        change.impact = impact_of(change, clock.now(), lambda seen: _update_progress(change, seen))
        change.done, change.state = change.total, State.READY
    except Exception as error:  # noqa: BLE001 -- officers see it, and can try again
        raise_if_database_down(error)
        log.error("The impact of change %s could not be computed: %s", change.pk, in_full(error))
        change.state, change.error = State.FAILED, type(error).__name__
    change.save(update_fields=["impact", "done", "state", "error"])


def _update_progress(change: ProposedChange, done: int) -> None:
    ProposedChange.objects.filter(pk=change.pk).update(done=done, claimed_at=clock.real_now())


def retry_change(change: ProposedChange) -> None:
    """Compute the impact again, over what has been submitted by now.

    Raises:
        ConditionsChanged: the conditions are others by now. The change holds a whole list, so applying it
            would undo what was changed since: it must be proposed again, based on what is in force.
        AlreadyApplied: somebody put it in force meanwhile.
    """
    change.refresh_from_db()
    if change.change_id is None and digest_in_force(change.target) != change.base:
        raise ConditionsChanged
    restarted = ProposedChange.objects.filter(pk=change.pk, change=None).update(
        state=State.COUNTING,
        impact=None,
        done=0,
        error="",
        claimed_at=None,
        total=size_of(change, clock.now()),
    )
    change.refresh_from_db()
    if not restarted:
        raise AlreadyApplied(change)
    if change.total <= SMALL:
        count_impact(change)


def apply(change: ProposedChange, *, by: User) -> ConditionChange:
    """Let the proposed conditions be in force, for the reason that was given.

    Raises:
        ImpactNotReady: the impact is not known.
        AlreadyApplied: it is in force.
        ConditionsChanged: the impact was computed over other conditions.
        SecondOfficerRequired: the call is published, and `by` is who proposed the change.
    """
    with transaction.atomic():
        change = ProposedChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
        if change.change_id is not None:
            raise AlreadyApplied(change)
        if change.state != State.READY:
            raise ImpactNotReady
        # Locked first, so that what is compared is what will be replaced.
        target = type(change.target).objects.select_for_update().get(pk=change.target.pk)
        if digest_in_force(target) != change.base:
            raise ConditionsChanged
        if by == change.proposed_by and requires_second_person(target):
            raise SecondOfficerRequired
        record = _put_in_force(target, change, by=by)
        if record is None:
            raise ConditionsChanged
        change.change, change.applied_by, change.state = record, by, State.APPLIED
        # A small one is worked on below, by nobody else; of a large one a worker takes hold.
        change.done, change.claimed_at = 0, clock.real_now() if change.total <= SMALL else None
        change.save(update_fields=["change", "applied_by", "state", "done", "claimed_at"])
    if change.total <= SMALL:
        for_each(WORK, [change.pk], lambda _pk: judge_again(change))
    return record


def _put_in_force(
    target: Call | Programme, change: ProposedChange, *, by: User
) -> ConditionChange | None:
    people = {
        "made_by": _named(change.proposed_by),
        "confirmed_by": "" if by == change.proposed_by else _named(by),
    }
    if isinstance(target, Call):
        return change_rules(target, change.conditions, reason=change.reason, **people)
    rows = [Participation.from_json(row) for row in change.conditions]
    return change_countries(target, rows, reason=change.reason, **people)


def _named(officer: User) -> str:
    """Names may be the same, numbers are not."""
    return f"{officer} ({officer.pk})"


def judge_again(change: ProposedChange) -> int:
    """Give each counting version whose findings differ a second verdict; returns how many were made.

    Safe to repeat, and by two workers at once: whoever comes second finds no difference any more.

    Raises:
        NotAllJudged: of some this was not possible; the others have their verdicts.
    """
    made = 0
    failed: list[int] = []
    for call in calls_touched_by(change):
        conditions = conditions_now(call)
        store_applied_conditions(conditions.rule_set, conditions.countries)
        after = 0
        while True:
            seen, new = _judge_chunk_again(change, call, conditions, after=after, failed=failed)
            if not seen:
                break
            made += new
            after = seen[-1].version_id
            _update_progress(change, change.done + len(seen))
    change.verdicts_made = F("verdicts_made") + made
    change.state = State.APPLIED if failed else State.DONE
    change.save(update_fields=["verdicts_made", "state"])
    change.refresh_from_db(fields=["verdicts_made"])
    if failed:
        raise NotAllJudged(failed)
    return made


@transaction.atomic
def _judge_chunk_again(
    change: ProposedChange, call: Call, conditions: Conditions, *, after: int, failed: list[int]
) -> tuple[list[VerdictRecord], int]:
    """Some of the newest verdicts, of later versions than `after`, and how many were made beside them.

    Versions that cannot be judged are added to `failed`.
    """
    # Read after the lock is held: another worker may have made these verdicts meanwhile.
    Call.objects.select_for_update(no_key=True).only("pk").get(pk=call.pk)
    rows = _chunk(call, after)
    cause = f"change {change.change_id}: {change.reason}"
    verdicts = []
    for stored in rows:
        try:
            verdicts += _other_verdict(stored, conditions, cause)
        except Exception as error:  # noqa: BLE001 -- the change is tried again as a whole
            raise_if_database_down(error)
            log.error("Version %s was not rechecked: %s", stored.version_id, in_full(error))
            failed.append(stored.version_id)
    VerdictRecord.objects.bulk_create(verdicts)
    return rows, len(verdicts)


def _other_verdict(
    stored: VerdictRecord, conditions: Conditions, cause: str
) -> list[VerdictRecord]:
    """The verdict by these conditions, if it finds something else."""
    facts = ProposalFacts.from_json(stored.facts or {})
    verdict = conditions.judge(facts)
    if verdict.findings == Verdict.from_json(stored.content).findings:
        return []
    judgement = Judgement(verdict, facts, conditions.rule_set, conditions.countries)
    return [build_verdict(stored.version, judgement, cause=cause)]


def _chunk(call: Call, after: int) -> list[VerdictRecord]:
    """The next thousand of the newest verdicts, so that memory does not grow with their number."""
    return list(
        newest_verdicts(call)
        .filter(version_id__gt=after, facts__isnull=False)
        .select_related("version__proposal")
        .defer("version__dossier", "version__circumstances")[:CHUNK]
    )


def work_on_changes() -> int:
    """Do what waits: impacts to compute, verdicts to make again. Returns how many changes moved on."""
    waiting = ProposedChange.objects.filter(state__in=UNFINISHED)
    return for_each(WORK, waiting.values_list("pk", flat=True), _work_on)


def _work_on(pk: int) -> bool:
    free = ProposedChange.objects.filter(is_unclaimed(CLAIM_TIMEOUT), pk=pk, state__in=UNFINISHED)
    change = claim_first(free)
    if change is None:  # somebody works on it
        raise NotTried
    if change.state == State.COUNTING:
        count_impact(change)
    else:
        judge_again(change)
    return True
