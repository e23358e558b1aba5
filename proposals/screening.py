"""What officers do: open after the deadline, read what the machine found, record an outcome."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from applicants.models import User
from calls import clock
from calls.eligibility.facts import Audience
from proposals.facts import Judgement, judge, officers_circumstances_of
from proposals.ledger import note_decision, note_review
from proposals.models import (
    Decision,
    DecisionReview,
    Proposal,
    SealedAccess,
    StoredVerdict,
    Version,
)
from proposals.submitting import store_verdict

log = logging.getLogger("portal.screening")


class StillSealed(Exception):
    """The deadline of this proposal has not passed."""


class CannotReview(Exception):
    """This officer, or anybody, cannot answer this decision (any more); the text says why."""


@transaction.atomic
def record_decision(version: Version, *, outcome: str, reason: str, by: User) -> Decision:
    """Record an officer's outcome with its reason; earlier decisions stay.

    Raises:
        StillSealed: the proposal's own deadline has not passed.
    """
    moment = clock.now()
    if moment < version.proposal.deadline:
        raise StillSealed
    decision = Decision.objects.create(
        version=version, outcome=outcome, reason=reason, decided_by=by, decided_at=moment
    )
    note_decision(decision)
    return decision


@transaction.atomic
def review_decision(decision: Decision, *, answer: str, reason: str, by: User) -> DecisionReview:
    """A second officer confirms a decision, or sends it back with a reason.

    Raises:
        CannotReview: by is who decided, somebody was faster, or the version no longer counts.
    """
    proposal = Proposal.objects.select_for_update(of=("self",)).get(pk=decision.version.proposal_id)
    if decision.decided_by_id == by.pk:
        raise CannotReview(
            _("You recorded this outcome yourself: another officer has to look at it.")
        )
    if proposal.counting_id != decision.version_id:
        raise CannotReview(
            _("This version was replaced or withdrawn meanwhile; its decision can no longer stand.")
        )
    if DecisionReview.objects.filter(decision=decision).exists():
        raise CannotReview(_("A colleague has answered this decision meanwhile."))
    review = DecisionReview.objects.create(
        decision=decision, answer=answer, reason=reason, reviewed_by=by, reviewed_at=clock.now()
    )
    note_review(review)
    return review


def officer_judgement(version: Version) -> Judgement:
    """Judge a stored version as an officer reads it: with what other proposals say by now."""
    return judge(version.proposal, version.document, officers_circumstances_of(version))


def screen_closed(moment: datetime, *, at_most: int = 100) -> int:
    """Give each counting version of a closed call its officers' verdict, once; returns how many."""
    waiting = (
        Version.objects.open_to_officers(moment)
        .counting()
        .exclude(verdicts__audience=Audience.OFFICER.value)
        .select_related("proposal__strand__call__programme")
    )
    made = 0
    for version in waiting[:at_most]:
        try:
            made += _screen_once(version)
        except Exception as error:  # noqa: BLE001 -- one version must not keep the others waiting
            log.error("Version %s could not be screened: %s", version.pk, type(error).__name__)
    return made


@transaction.atomic
def _screen_once(version: Version) -> bool:
    Proposal.objects.select_for_update(of=("self",)).only("pk").get(pk=version.proposal_id)
    given = StoredVerdict.objects.filter(version=version, audience=Audience.OFFICER.value)
    if given.exists():
        return False
    store_verdict(version, officer_judgement(version))
    return True


def note_sealed_access(proposal: Proposal, *, officer: User, path: str) -> SealedAccess:
    """Record that an officer tried to open what is still sealed."""
    return SealedAccess.objects.create(
        proposal=proposal, officer=officer, path=path[:300], tried_at=clock.now()
    )
