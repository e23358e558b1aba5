"""Handing in: freeze the draft as its next version, in one transaction, with number, hash and time."""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from applicants.models import User
from calls import database_clock
from calls.conditions import store_applied_conditions
from calls.database_clock import Moment
from calls.declaration import Declaration
from calls.eligibility import Verdict, canonical, digest_of
from calls.request_arrival import Arrival
from foundation import clock, metrics
from foundation.query_batches import (
    Results,
    insert_together,
    set_related,
)
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.consortium.drafts import NotOpen
from proposals.delivery import outbox
from proposals.dossier.declarations import as_drafted, with_declaration
from proposals.dossier.document import Draft, dossier_of, draft_in
from proposals.dossier.facts import (
    Judgement,
    circumstances_of,
    countries_of,
    judge,
    organisations_of,
)
from proposals.models import (
    OutboxMessage,
    Proposal,
    ProposalActivity,
    RefusedAttempt,
    VerdictRecord,
    Version,
    Withdrawal,
    title_in,
)
from proposals.proof import ledger
from proposals.submission.notifications import notify_withdrawal
from proposals.submission.queries import fetch_submission_state, lock_for_submission
from proposals.submission.received_draft import as_received

UNSURE = timedelta(seconds=30)  # so far this machine's clock may be off before anybody knows


class TooLate(NotOpen):
    """The submission arrived at or after the deadline; `attempt` is what was recorded of it."""

    def __init__(self, attempt: RefusedAttempt) -> None:
        super().__init__(attempt.deadline, attempt.received_at)
        self.attempt = attempt


class Incomplete(Exception):
    """Mandatory parts are missing: `verdict.blocking` names them."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(", ".join(finding.name for finding in verdict.blocking))
        self.verdict = verdict


class NeedsCorrection(Exception):
    """Something in the draft cannot be read or does not fit; `Draft.problems` names it."""


class NotConsented(Exception):
    """Something that the applicant must agree to was not ticked; the subclass names the first such thing.

    `needs_acknowledgement` and `needs_declaration` say what, as both are ticked on one page.
    """

    def __init__(
        self, verdict: Verdict, *, needs_acknowledgement: bool, needs_declaration: bool
    ) -> None:
        super().__init__("acknowledgement" if needs_acknowledgement else "declaration")
        self.verdict = verdict
        self.needs_acknowledgement = needs_acknowledgement
        self.needs_declaration = needs_declaration


class NotAcknowledged(NotConsented):
    """The verdict has findings that the applicant has not acknowledged by name."""


class NotDeclared(NotConsented):
    """The call asks for a declaration that was not made, or was made to another text than the present one."""


REFUSAL_REASONS: dict[type[Exception], str] = {
    TooLate: "late",
    Incomplete: "incomplete",
    NeedsCorrection: "needs-correction",
    NotAcknowledged: "not-acknowledged",
    NotDeclared: "not-declared",
}


@contextmanager
def count_refusals() -> Iterator[None]:
    """Let monitoring count what refuses a submission in the block: its kind, and the rules behind it."""
    try:
        yield
    except tuple(REFUSAL_REASONS) as refusal:
        metrics.increment("portal_refused_submissions", reason=REFUSAL_REASONS[type(refusal)])
        for rule in _refusing_rules(refusal):
            metrics.increment("portal_refusing_findings", rule=rule)
        raise


def _refusing_rules(refusal: Exception) -> set[str]:
    match refusal:
        case Incomplete(verdict=verdict):
            return {finding.rule for finding in verdict.blocking}
        case NotAcknowledged(verdict=verdict):
            return {finding.rule for finding in verdict.to_acknowledge}
        case _:
            return set()


class NothingToWithdraw(Exception):
    """No version of the proposal counts at this moment."""


def submit_draft(
    proposal: Proposal,
    *,
    by: User,
    received_at: datetime | Arrival,
    idempotency_key: UUID,
    acknowledged: Collection[str] = (),
    declared: str = "",
) -> Version:
    """Freeze the draft as the next version, which then counts, and queue receipt and email.

    A draft can be handed in again until the deadline; the last version counts. A proposal that the
    rules find ineligible is taken too: the verdict advises, an officer decides. The same key again
    (a double click, a repeated request) gives the version that it made before, even after closing.

    `received_at` is when the request had fully arrived; the deadline is compared with nothing else. An
    `Arrival` is read by the database's clock, in the statement that reads the draft.

    `declared` is the digest of the declaration that was shown and ticked, where the call asks for one.

    Raises:
        TooLate: received at or after the deadline. The attempt is recorded, nothing else changes.
        NeedsCorrection: a part cannot be read, or is too long.
        Incomplete: a mandatory part is missing.
        NotAcknowledged: a finding was not acknowledged by name.
        NotDeclared: the call's declaration was not made.
    """
    with transaction.atomic():
        if not lock_for_submission(proposal=proposal.pk)["proposals"]:
            raise Proposal.DoesNotExist
        # Asked after the lock is held: another click may have made a version while this one waited.
        before = Moment.now()
        result = fetch_submission_state(
            proposal=proposal.pk,
            call=proposal.call.pk,
            reader=by.pk,
            idempotency_key=idempotency_key,
            since=_earliest(received_at),
        )
        following = _next_version(result)
        reading = database_clock.store_measurement(following.database_time, before)
        if isinstance(received_at, Arrival):
            received_at = received_at.by(reading)
        present = clock.portal_time_at(reading.database)
        result = as_received(result, proposal, received_at=received_at, present=present)
        # What was fetched with the proposal may be out of date by now.
        proposal.current_version_id, proposal.effective_deadline = (
            following.counting,
            following.deadline,
        )
        for made in result["made"]:
            return _find_earlier_version(made, result, proposal, received_at=received_at)
        if proposal.is_open(received_at):
            return _freeze(
                proposal,
                result,
                by=by,
                received_at=received_at,
                idempotency_key=idempotency_key,
                acknowledged=acknowledged,
                declared=declared,
            )
        text = canonical(dossier_of(draft_in(result, proposal)))
    raise TooLate(_record_refused(proposal, text, by=by, received_at=received_at))


def _earliest(received_at: datetime | Arrival) -> datetime:
    """Before this nothing can have been received that says so: from here on changes are looked for."""
    at = received_at.earliest() if isinstance(received_at, Arrival) else received_at
    return at - UNSURE


class _NextVersion(NamedTuple):
    """What the next version would be, what counts until then and until when, the time, what to declare."""

    key: int
    number: int
    counting: int | None
    deadline: datetime
    database_time: datetime
    declaration: Declaration | None


def _next_version(result: Results) -> _NextVersion:
    key, number, counting, deadline, database_time, declaration = result["next"][0]
    read = datetime.fromisoformat
    asked = Declaration.from_json(declaration)
    return _NextVersion(key, number, counting, read(deadline), read(database_time), asked)


def _find_earlier_version(
    made: Version, result: Results, proposal: Proposal, *, received_at: datetime
) -> Version:
    """The version of an earlier click with the same key, and whether it is still what this one meant.

    A click that had arrived before the version was stored is the same click, whatever was written since.
    Of a later one (an old page that is sent again) the version may say something else than the draft.
    """
    set_related(made, proposal=proposal)
    draft = draft_in(result, proposal)
    is_same = _has_same_content(draft, made)
    made.is_of_this_click = received_at < made.committed_at or (
        is_same and proposal.current_version_id == made.pk
    )
    return made


def _freeze(
    proposal: Proposal,
    result: Results,
    *,
    by: User,
    received_at: datetime,
    idempotency_key: UUID,
    acknowledged: Collection[str],
    declared: str,
) -> Version:
    draft = draft_in(result, proposal)
    if draft.needs_correction:
        raise NeedsCorrection(proposal.number)
    dossier = dossier_of(draft)
    circumstances = circumstances_of(draft, received_at=received_at, reader=by, answers=result)
    judgement = judge(proposal, dossier, circumstances)
    verdict = judgement.verdict
    following = _next_version(result)
    _require_submittable(verdict, acknowledged, following.declaration, declared)
    dossier = with_declaration(dossier, following.declaration, at=received_at)
    text = canonical(dossier)
    version = Version(
        pk=following.key,
        proposal=proposal,
        number=following.number,
        dossier=text,
        acronym=title_in(dossier),
        sha256=sha256_hex(text),
        circumstances=circumstances.as_json(),
        acknowledged=[finding.name for finding in verdict.to_acknowledge],
        countries=countries_of(dossier),
        organisations=organisations_of(dossier),
        received_at=received_at,
        committed_at=max(clock.now(), received_at),
        submitted_by=by,
        idempotency_key=idempotency_key,
    )
    store_applied_conditions(judgement.rule_set, judgement.countries)
    version.initial_verdict = build_verdict(version, judgement)
    kinds = OutboxMessage.Kind
    outbox_messages = outbox.build_items(
        version, kinds.RECEIPT, kinds.SUBMISSION_EMAIL, kinds.PROPOSAL_PDF
    )
    insert_together(
        version, version.initial_verdict, ledger.build_record_of(version), *outbox_messages
    )
    proposal.current_version = version  # in the database a trigger sees to it
    return version


def _require_submittable(
    verdict: Verdict, acknowledged: Collection[str], asked: Declaration | None, declared: str
) -> None:
    if verdict.blocking:
        raise Incomplete(verdict)
    open_ticks = {
        "needs_acknowledgement": any(
            finding.name not in acknowledged for finding in verdict.to_acknowledge
        ),
        "needs_declaration": asked is not None and asked.digest != declared,
    }
    if open_ticks["needs_acknowledgement"]:
        raise NotAcknowledged(verdict, **open_ticks)
    if open_ticks["needs_declaration"]:
        raise NotDeclared(verdict, **open_ticks)


def store_verdict(version: Version, judgement: Judgement, *, cause: str = "") -> VerdictRecord:
    """Keep a verdict beside those that are there, with all that it was made by."""
    store_applied_conditions(judgement.rule_set, judgement.countries)
    stored = build_verdict(version, judgement, cause=cause)
    stored.save(force_insert=True)
    return stored


def build_verdict(version: Version, judgement: Judgement, *, cause: str = "") -> VerdictRecord:
    verdict, facts = judgement.verdict, judgement.facts.as_json()
    return VerdictRecord(
        version=version,
        audience=judgement.facts.audience.value,
        outcome=verdict.outcome.value,
        rules_not_met=verdict.rules_not_met,
        by_rule=verdict.by_rule,
        content=verdict.as_json(),
        made_at=clock.now(),
        cause=cause,
        facts=facts,
        facts_digest=digest_of(facts),
        rule_set_id=verdict.rule_set,
        country_set_id=verdict.country_set,
    )


@transaction.atomic
def _record_refused(
    proposal: Proposal, text: str, *, by: User, received_at: datetime
) -> RefusedAttempt:
    message = _("A submission was refused because it was late")
    proof = f"SHA-256 {sha256_hex(text)}"
    log_activity(
        proposal, ProposalActivity.Kind.REFUSED, message, by=by, at=received_at, proof=proof
    )
    attempt = RefusedAttempt.objects.create(
        proposal=proposal,
        received_at=received_at,
        deadline=proposal.deadline,
        sha256=sha256_hex(text),
        attempted_by=by,
    )
    ledger.queue_record_of(attempt)
    return attempt


@transaction.atomic
def withdraw(proposal: Proposal, *, reason: str, by: User, received_at: datetime) -> Withdrawal:
    """Take the counting version back; the draft stays, and submitting again in time undoes it.

    Raises:
        NotOpen: the deadline has passed.
        NothingToWithdraw: no version counts.
    """
    locked = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if not locked.is_open(received_at):
        raise NotOpen(locked.deadline, received_at)
    if locked.current_version is None:
        raise NothingToWithdraw
    withdrawal = Withdrawal.objects.create(
        version=locked.current_version, reason=reason, withdrawn_at=received_at, withdrawn_by=by
    )
    locked.current_version = None
    locked.save(update_fields=["current_version"])
    ledger.queue_record_of(withdrawal)
    notify_withdrawal(withdrawal)
    return withdrawal


def differs_from_current(draft: Draft) -> bool:
    """Whether the draft has changed since the version that counts."""
    counting = draft.proposal.current_version
    return counting is not None and not _has_same_content(draft, counting)


def _has_same_content(draft: Draft, version: Version) -> bool:
    return canonical(dossier_of(draft)) == canonical(as_drafted(version.document))


def sha256_hex(text: str) -> str:
    """SHA-256 of the UTF-8 bytes, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
