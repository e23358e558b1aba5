"""Decisions: an officer records one, another confirms or returns it, the applicant is notified.

Nothing here changes or deletes what was recorded. A confirmed decision is replaced by another one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction

from applicants.models import User
from calls.eligibility import Finding, Outcome
from calls.eligibility.rules import title_of
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.sentences import gettext as _
from proposals.dossier.facts import readable
from proposals.models import (
    CaseEvent,
    ConflictOfInterest,
    Decision,
    DecisionNotice,
    DecisionReview,
    OfficerNotification,
    OutboxMessage,
    Proposal,
    VerdictRecord,
    Version,
)
from proposals.officers.cases import lock_proposal, log_event
from proposals.officers.colleagues import users_with_permission
from proposals.officers.notifications import notify_of_case, settle, settle_for_case
from proposals.proof.ledger import queue_record_of
from proposals.screening.reversals import next_reversal
from proposals.screening.sheet import BEING_MADE, newest_verdict, sheet_of
from proposals.submission.notifications import addresses_of_coordinator

SENT_BACK = DecisionReview.Answer.SENT_BACK

# Outcomes that close a case, and which of them agree with the automatic check.
DECIDING = {
    Decision.OutcomeChoices.ELIGIBLE,
    Decision.OutcomeChoices.INELIGIBLE,
    Decision.OutcomeChoices.INADMISSIBLE,
}
AGREEING: dict[str, set[str]] = {
    Outcome.PASS: {Decision.OutcomeChoices.ELIGIBLE},
    Outcome.NEEDS_REVIEW: set(DECIDING),
    Outcome.INELIGIBLE: {Decision.OutcomeChoices.INELIGIBLE},
    Outcome.INADMISSIBLE: {Decision.OutcomeChoices.INADMISSIBLE},
}

# That a partner is in another proposal too is that consortium's affair: no text for applicants says it.
OF_OTHER_PROPOSALS = {"one-application"}


class StillSealed(Exception):
    """The deadline of this proposal has not passed; the text says until when it is sealed."""


class CannotDecide(Exception):
    """No outcome can be recorded for this version, or not by this officer; the text says why."""


class CannotReview(Exception):
    """This officer, or anybody, cannot answer this decision (any more); the text says why."""


class CannotNotify(Exception):
    """The applicant cannot be notified of this decision (yet, or any more); the text says why."""


@transaction.atomic
def record_decision(version: Version, *, outcome: str, reason: str, by: User) -> Decision:
    """Record an officer's decision with its reason. It replaces a confirmed one, if there is one.

    The same outcome of the same officer that waits already is not recorded again.

    Raises:
        StillSealed: the proposal's own deadline has not passed.
        CannotDecide: the version does not count, an outcome waits for an answer, the officer has an interest,
            or the reason is blank.
    """
    moment = clock.now()
    proposal = lock_proposal(version.proposal_id)
    if moment < proposal.deadline:
        in_place = _("The deadline was extended, so this proposal is sealed until %(until)s.")
        raise StillSealed(in_place % {"until": in_words(proposal.deadline, seconds=True)})
    waiting = waiting_decision(version)
    stored = (waiting.decided_by, waiting.outcome, waiting.reason) if waiting else None
    if waiting is not None and stored == (by, outcome, reason.strip()):
        return waiting
    obstacle = why_not_decidable(version, proposal=proposal, by=by)
    if not reason.strip():
        obstacle = obstacle or _("Enter a reason.")
    if obstacle:
        raise CannotDecide(obstacle)
    decision = Decision.objects.create(
        version=version,
        outcome=outcome,
        reason=reason.strip(),
        decided_by=by,
        decided_at=moment,
        reverses=decision_in_force(version),
    )
    queue_record_of(decision)
    in_place = _in_place_of(decision)
    log_event(proposal, CaseEvent.Kind.DECIDED, in_place, by=by, decision=decision.pk)
    _notify_second_officers(decision, proposal)
    return decision


def _notify_second_officers(decision: Decision, proposal: Proposal) -> None:
    """Whoever could confirm the decision, without those who have disagreed about it.

    What was returned, or replied to, has been dealt with by the decision.
    """
    settle_for_case(proposal, OfficerNotification.Kind.SENT_BACK, OfficerNotification.Kind.REPLIED)
    colleagues = users_with_permission("proposals.add_decisionreview")
    excluded = {decision.decided_by_id, *disagreeing_officers(decision)}
    notify_of_case(
        OfficerNotification.Kind.TO_CONFIRM,
        proposal,
        officers=set(colleagues.values_list("pk", flat=True)) - excluded,
        cause=f"decision:{decision.pk}",
    )


def why_not_decidable(version: Version, *, proposal: Proposal, by: User) -> str:
    """Why this officer cannot record an outcome now; empty where nothing is in the way."""
    if proposal.current_version_id != version.pk:
        return _(
            "This version has been replaced or withdrawn. Record your decision on the current version."
        )
    if ConflictOfInterest.objects.filter(proposal=proposal, officer=by).exists():
        return _("You have declared a conflict of interest in this proposal.")
    waiting = waiting_decision(version)
    if waiting is not None:
        text = _(
            "A decision on this version is already waiting for a second officer: “%(outcome)s”, "
            "recorded by %(who)s."
        )
        return text % {"who": waiting.decided_by, "outcome": waiting.get_outcome_display()}
    return ""


def waiting_decision(version: Version) -> Decision | None:
    """The outcome that waits for a second officer; there is one at most."""
    return version.decisions.filter(review=None).select_related("decided_by").first()


def remarks_on(version: Version, outcome: str, *, by: User | None = None) -> list[str]:
    """What a careful colleague would ask before this outcome is recorded; nothing of it forbids it.

    Without `by`, whose case it is is left out: a second officer is always somebody else.
    """
    stored = newest_verdict(version)
    sheet = sheet_of(version, stored.verdict if stored else None)
    reversal = next_reversal(version)
    remarks = reversal.remarks if reversal else []
    if stored is None and outcome in DECIDING:
        remarks.append(f"{BEING_MADE}.")
    if stored and outcome in DECIDING and outcome not in AGREEING[stored.outcome]:
        text = _("The result of the automatic check is “%(outcome)s”.")
        remarks.append(text % {"outcome": stored.get_outcome_display()})
    if outcome in DECIDING and sheet.answered < sheet.total:
        text = _("%(answered)s of %(total)s points on the screening sheet are checked.")
        remarks.append(text % {"answered": sheet.answered, "total": sheet.total})
    waiting = version.clarification_requests.waiting(clock.now()).order_by("due_at").first()
    if outcome in DECIDING and waiting is not None:
        text = _("The applicant can still reply to a clarification request until %(due)s.")
        remarks.append(text % {"due": in_words(waiting.due_at)})
    assigned = version.proposal.assigned
    if assigned is not None and by is not None and assigned.officer_id != by.pk:
        remarks.append(_("This case is assigned to %(officer)s.") % {"officer": assigned.officer})
    return remarks


def remarks_on_review(decision: Decision) -> list[str]:
    """What a second officer should have seen before confirming; the same for one case and for many."""
    return [*remarks_on(decision.version, decision.outcome), *_remarks_on_conditions(decision)]


def remarks_on_letter(decision: Decision) -> list[str]:
    """What should have been seen before the letter about a decision goes out."""
    remarks = _remarks_on_conditions(decision)
    if newest_verdict(decision.version) is None:
        text = _("%(being_made)s. A letter created now would not include its findings.")
        remarks.append(text % {"being_made": BEING_MADE})
    if not addresses_of_coordinator(decision.version.proposal):
        remarks.append(
            _("No email address is known for the coordinator, so no email will be sent.")
        )
    return remarks


def _remarks_on_conditions(decision: Decision) -> list[str]:
    if not Decision.objects.filter(pk=decision.pk).under_earlier_conditions().exists():
        return []
    return [_("Rules or countries have changed since this decision was recorded.")]


def decision_in_force(version: Version) -> Decision | None:
    """The newest confirmed one."""
    return version.decisions.confirmed().order_by("-pk").first()


@transaction.atomic
def review_decision(decision: Decision, *, answer: str, reason: str, by: User) -> DecisionReview:
    """A second officer confirms a decision, or sends it back with a reason.

    The same answer of the same officer that was given already is not given again.

    Raises:
        CannotReview: by is who decided, or one of two who have differed about it; has an interest; somebody
            was faster; or the version no longer counts.
    """
    proposal = lock_proposal(decision.version.proposal_id)
    decision_review = _review_of(decision)
    stored = (
        (decision_review.reviewed_by, decision_review.answer, decision_review.reason)
        if decision_review
        else None
    )
    if decision_review is not None and stored == (by, answer, reason.strip()):
        return decision_review
    obstacle = why_not_reviewable(decision, proposal=proposal, by=by)
    if answer == SENT_BACK and not reason.strip():
        obstacle = obstacle or _("Enter what needs to be reviewed.")
    if obstacle:
        raise CannotReview(obstacle)
    review = DecisionReview.objects.create(
        decision=decision,
        answer=answer,
        reason=reason.strip(),
        reviewed_by=by,
        reviewed_at=clock.now(),
    )
    queue_record_of(review)
    text = f"{review.get_answer_display()}: {_in_place_of(decision)}"
    log_event(proposal, CaseEvent.Kind.REVIEWED, text, by=by, decision=decision.pk)
    cause = f"decision:{decision.pk}"
    settle(OfficerNotification.Kind.TO_CONFIRM, cause)
    if answer == SENT_BACK:
        notify_of_case(
            OfficerNotification.Kind.SENT_BACK,
            proposal,
            officers=[decision.decided_by_id],
            cause=cause,
        )
    return review


def why_not_reviewable(decision: Decision, *, proposal: Proposal, by: User) -> str:
    """Why this officer cannot answer a decision now; empty where nothing is in the way."""
    if decision.decided_by_id == by.pk:
        return _("You recorded this decision yourself. A second officer must review it.")
    if ConflictOfInterest.objects.filter(proposal=proposal, officer=by).exists():
        return _("You have declared a conflict of interest in this proposal.")
    if by.pk in disagreeing_officers(decision):
        return _(
            "You and a colleague disagreed about this decision. A third officer must review it."
        )
    if proposal.current_version_id != decision.version_id:
        return _(
            "This version has been replaced or withdrawn, so a decision on it can no longer be "
            "confirmed."
        )
    decision_review = _review_of(decision)
    if decision_review is not None:
        text = _("%(who)s has already reviewed this decision: “%(answer)s”.")
        return text % {
            "who": decision_review.reviewed_by,
            "answer": decision_review.get_answer_display(),
        }
    return ""


def _review_of(decision: Decision) -> DecisionReview | None:
    return DecisionReview.objects.filter(decision=decision).select_related("reviewed_by").first()


def disagreeing_officers(decision: Decision) -> set[int]:
    """Officers between whom the same outcome for the same version went back before."""
    sent_back = Decision.objects.filter(
        version=decision.version_id, outcome=decision.outcome, review__answer=SENT_BACK
    )
    pairs = sent_back.values_list("decided_by", "review__reviewed_by")
    return {officer for pair in pairs for officer in pair}


@transaction.atomic
def notify_applicant(decision: Decision, *, by: User) -> DecisionNotice:
    """Queue the letter about a decision. It is sent once; a later decision has a letter of its own.

    Raises:
        CannotNotify: it is not confirmed, a newer one is, it asks for clarification, or was sent before.
    """
    proposal = lock_proposal(decision.version.proposal_id)
    obstacle = why_not_notifiable(decision, proposal=proposal)
    if obstacle:
        raise CannotNotify(obstacle)
    notice = DecisionNotice.objects.create(
        decision=decision,
        notified_by=by,
        notified_at=clock.now(),
        remedies=proposal.call.remedies,
    )
    OutboxMessage.objects.create(
        kind=OutboxMessage.Kind.LETTER, version=decision.version, decision=decision
    )
    in_place = _in_place_of(decision)
    log_event(proposal, CaseEvent.Kind.INFORMED, in_place, by=by, decision=decision.pk)
    return notice


def why_not_notifiable(decision: Decision, *, proposal: Proposal) -> str:
    """Why the letter about a decision cannot be sent now; empty where it can."""
    if decision_in_force(decision.version) != decision:
        return _(
            "You can only send a letter about the current decision, once a second officer has "
            "confirmed it."
        )
    if decision.outcome == Decision.OutcomeChoices.CLARIFY:
        return _(
            "A decision to clarify is not final. Send the applicant a clarification request instead "
            "of a letter."
        )
    if proposal.current_version_id != decision.version_id:
        return _("This version has been replaced or withdrawn.")
    notice = DecisionNotice.objects.filter(decision=decision).select_related("notified_by").first()
    if notice is not None:
        text = _("%(who)s already sent the applicant a letter about this decision at %(when)s.")
        return text % {
            "who": notice.notified_by,
            "when": in_words(notice.notified_at, seconds=True),
        }
    return ""


def _in_place_of(decision: Decision) -> str:
    """The outcome, and the one that it reverses, for the history of the case."""
    outcome = str(decision.get_outcome_display())
    if decision.reverses is None:
        return outcome
    values = {"outcome": outcome, "earlier": decision.reverses.get_outcome_display()}
    return _("%(outcome)s, replaces “%(earlier)s”") % values


@dataclass(frozen=True)
class RuleFindings:
    """What one rule found, for a text that an applicant reads: each sentence once, and the source."""

    rule: str
    sentences: list[str]
    source: str

    @property
    def title(self) -> str:
        return title_of(self.rule)

    @property
    def text(self) -> str:
        return f"{self.title}: {' '.join(self.sentences)} [{self.source}]"


# How the check passes a finding on to officers: a letter, or its reason, is written when they have decided.
PASSED_ON = re.compile(r" An officer [^.]+\.$")


def open_findings(stored: VerdictRecord | None, version: Version) -> list[Finding]:
    """What was not met or left to an officer, with names; nothing that it says of other proposals."""
    if stored is None:
        return []
    return [
        replace(finding, message=PASSED_ON.sub("", finding.message))
        for finding in readable(stored.verdict, version.document).findings
        if finding.outcome not in {Outcome.PASS, Outcome.WARN}
        and finding.rule not in OF_OTHER_PROPOSALS
    ]


def findings_by_rule(findings: Iterable[Finding]) -> list[RuleFindings]:
    """The findings rule by rule; what was said of a subject before is not said of it again."""
    seen: set[tuple[str, str]] = set()
    results: dict[tuple[str, str], RuleFindings] = {}
    for finding in findings:
        if (finding.subject, finding.message) in seen:
            continue
        seen.add((finding.subject, finding.message))
        key = finding.rule, finding.source
        results.setdefault(key, RuleFindings(finding.rule, [], finding.source))
        results[key].sentences.append(finding.message)
    return list(results.values())


def snippets(version: Version, stored: VerdictRecord | None) -> list[tuple[str, str]]:
    """For each rule that asks for a look, a text that a reason can be made of: rule, findings, source."""
    return [
        (result.rule, result.text) for result in findings_by_rule(open_findings(stored, version))
    ]
