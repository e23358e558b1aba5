"""Letters about decisions, through the renderer and the seal of receipts.

A letter says what the officers decided and why, what the automatic check had found and by which text, and
how and until when the decision can be contested. It takes this from the decision, the version and the call.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from calls.eligibility import Finding, Outcome
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.pdf import render_pdf
from foundation.sentences import gettext as _
from proposals.audit.activity import log_activity
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import (
    Decision,
    Letter,
    OutboxMessage,
    ProposalActivity,
    QueuedEmail,
    SealedDocument,
    TimestampStatus,
    VerdictRecord,
    Version,
)
from proposals.proof import ledger
from proposals.proof.receipts import participant_rows, qr_code_of, sign_and_store, timestamp_cause
from proposals.screening.decisions import findings_by_rule, open_findings
from proposals.screening.remedies import remedies_of
from proposals.screening.reversals import SentLetter, last_letter, sent_letter
from proposals.submission.notifications import addresses_of_coordinator


def cause_of(decision: Decision) -> str:
    return f"decision:{decision.pk}"


def letter_of(decision: Decision) -> SealedDocument | None:
    """The newest edition, if it is made: that with a time stamp that came later, where there is one."""
    own = Letter.objects.filter(version=decision.version_id)
    first = own.filter(cause=cause_of(decision)).first()
    if first is None:
        return None
    return own.filter(cause=timestamp_cause(first.edition)).first() or first


def create_letter(message: OutboxMessage) -> None:
    """Make, seal and keep the letter of a decision and queue its emails; safe to repeat."""
    decision = message.decision
    if decision is None:  # the database sees to it
        raise ValueError("a letter is about a decision")
    version = message.version

    def rendered(sealed_at: datetime, stamp: TimestampStatus) -> bytes:
        return render_letter_pdf(
            decision, version, notified_at=decision.notice.notified_at, stamp=stamp
        )

    sign_and_store(Letter, version, cause_of(decision), rendered)
    with transaction.atomic():
        letter = Letter.objects.get(version=version, cause=cause_of(decision))
        if not ledger.is_recorded(letter):
            ledger.queue_record_of(letter)
        _notify(decision, version)


def render_letter_pdf(
    decision: Decision,
    version: Version,
    *,
    notified_at: datetime,
    stamp: TimestampStatus = TimestampStatus.NONE,
    is_sample: bool = False,
) -> bytes:
    """The letter as PDF, not sealed yet; a sample says on every page that it is none."""
    html = render_letter_html(
        decision, version, notified_at=notified_at, stamp=stamp, is_sample=is_sample
    )
    return render_pdf(html, sheet="letter.css")


def render_letter_html(
    decision: Decision,
    version: Version,
    *,
    notified_at: datetime,
    stamp: TimestampStatus = TimestampStatus.NONE,
    is_sample: bool = False,
) -> str:
    call = version.proposal.call
    stored = verdict_behind(decision, version)
    findings = [
        finding
        for finding in open_findings(stored, version)
        if not _is_in(decision.reason, finding)
    ]
    dossier = version.document
    context: dict[str, Any] = {
        "decision": decision,
        "replaces": last_letter(version, before=decision),
        "version": version,
        "proposal": version.proposal,
        "call": call,
        "strand": version.proposal.strand,
        "dossier": dossier,
        "coordinator": next(
            (
                participant_row
                for participant_row in participant_rows(dossier, call.rule_date)
                if participant_row["role"] == _("Coordinator")
            ),
            None,
        ),
        "notified_at": notified_at,
        "not_met": findings_by_rule(
            finding for finding in findings if finding.outcome != Outcome.NEEDS_REVIEW
        ),
        "for_officers": findings_by_rule(
            finding for finding in findings if finding.outcome == Outcome.NEEDS_REVIEW
        ),
        "is_any_in_reason": len(findings) < len(open_findings(stored, version)),
        "judged_by": len({finding.rule for finding in stored.verdict.findings}) if stored else 0,
        "verdict": stored.verdict if stored else None,
        "remedies": remedies_of(decision, notified_at),
        "helpdesk": call.contacts.filter(kind="helpdesk").first(),
        "qr_code": qr_code_of(version),
        "stamp": stamp,
        "is_sample": is_sample,
    }
    return render_to_string("screening/letter.html", context)


def _is_in(reason: str, finding: Finding) -> bool:
    """Whether the reason quotes the finding with its source, so that the letter need not do it again."""
    message = " ".join(reason.split())
    return all(" ".join(text.split()) in message for text in (finding.message, finding.source))


def verdict_behind(decision: Decision, version: Version) -> VerdictRecord | None:
    """The officers' check when the outcome was recorded, or the first that was made after it."""
    own = VerdictRecord.objects.for_officers().filter(version=version)
    before = own.filter(made_at__lte=decision.decided_at).order_by("-pk").first()
    return before or own.order_by("pk").first()


def _notify(decision: Decision, version: Version) -> None:
    """Email the coordinator's users and contact; the letter is on the page of the decision."""
    proposal = version.proposal
    values = {"number": proposal.number}
    earlier = last_letter(version, before=decision)
    text = _("Decision letter sent for version %(number)s")
    if earlier is not None:
        text = _("New decision letter sent for version %(number)s")
    if not proposal.activity_log.filter(
        kind=ProposalActivity.Kind.INFORMED, details__decision=decision.pk
    ):
        log_activity(
            proposal,
            ProposalActivity.Kind.INFORMED,
            text % {"number": version.number},
            by=None,
            decision=decision.pk,
        )
    queue_email(
        EmailContent(
            subject=_("Decision about your proposal %(number)s") % values,
            what_happened=_what_happened(earlier),
            facts=[
                (
                    _("Proposal"),
                    _("%(proposal)s, version %(number)s")
                    % {"proposal": proposal.number, "number": version.number},
                ),
                (_("Call"), proposal.call.reference),
            ],
            status=_(
                "The letter contains the decision, the reasons for it, and how and by when you "
                "can contest it."
            ),
            next_step=_(
                "Read the letter. The periods for contesting the decision start when you receive it."
            ),
            link=reverse("proposals:decisions", args=[proposal.number]),
            link_label=_("Open the letter (PDF with an electronic seal)"),
        ),
        to=addresses_of_coordinator(proposal),
        proposal=proposal,
        key=key_of_emails(decision),
    )


def _what_happened(earlier: SentLetter | None) -> str:
    if earlier is None:
        return _("A decision has been made on the admissibility and eligibility of your proposal.")
    text = _(
        "The decision on the admissibility and eligibility of your proposal has changed. A new "
        "letter replaces the letter of %(when)s."
    )
    return text % {"when": in_words(earlier.sent_at)}


def key_of_emails(decision: Decision) -> str:
    return f"letter:{decision.pk}"


def delivery_of(decision: Decision) -> QuerySet[QueuedEmail]:
    """The emails about a letter, with their state."""
    return QueuedEmail.objects.filter(key__startswith=key_of_emails(decision) + ":").order_by("pk")


@dataclass(frozen=True)
class ShownLetter(SentLetter):
    """A letter as its readers see it: the sealed file once it is made, and its place among others."""

    document: SealedDocument | None
    replaces: SentLetter | None
    replaced_by: SentLetter | None


def letters_of(versions: Iterable[Version]) -> list[ShownLetter]:
    """Each decision with a letter, newest first; one letter replaces the one before."""
    notified = (
        Decision.objects.filter(version__in=list(versions), notice__isnull=False)
        .select_related("version__proposal__strand__call", "notice")
        .order_by("-pk")
    )
    sent = [sent_letter(decision) for decision in notified]
    return [
        ShownLetter(
            sent_letter.decision,
            sent_letter.sent_at,
            sent_letter.remedies,
            document=letter_of(sent_letter.decision),
            replaces=earlier,
            replaced_by=later,
        )
        for later, sent_letter, earlier in zip([None, *sent], sent, [*sent[1:], None], strict=False)
    ]


def sample_of(decision: Decision) -> bytes:
    """The letter as it would be if it were sent now."""
    return render_letter_pdf(decision, decision.version, notified_at=clock.now(), is_sample=True)
