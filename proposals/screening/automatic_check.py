"""The automatic check for officers, made once a deadline has passed."""

from datetime import datetime

from django.db import transaction

from calls.eligibility.facts import Audience
from proposals.delivery.fault_isolation import for_each
from proposals.dossier.facts import Judgement, judge, officers_circumstances_of
from proposals.models import Proposal, VerdictRecord, Version
from proposals.submission.submit import store_verdict


def officer_judgement(version: Version) -> Judgement:
    """Judge a stored version as an officer reads it: with what other proposals say by now."""
    return judge(version.proposal, version.document, officers_circumstances_of(version))


def screen_closed(moment: datetime, *, seconds: float | None = None) -> int:
    """Give each counting version of a closed call its officers' verdict, once; returns how many."""
    waiting = (
        Version.objects.open_to_officers(moment)
        .current()
        .exclude(verdicts__audience=Audience.OFFICER.value)
        .values_list("pk", flat=True)
    )
    return for_each("screening", waiting.iterator(), _screen_once, seconds=seconds)


@transaction.atomic
def _screen_once(pk: int) -> bool:
    version = Version.objects.select_related("proposal__strand__call__programme").get(pk=pk)
    Proposal.objects.select_for_update(of=("self",)).only("pk").get(pk=version.proposal_id)
    stored_verdicts = VerdictRecord.objects.filter(version=version, audience=Audience.OFFICER.value)
    if stored_verdicts.exists():
        return False
    store_verdict(version, officer_judgement(version))
    return True
