"""What the machine finds for officers once a deadline has passed, and who tried to look before."""

import logging
from datetime import datetime

from django.db import transaction

from applicants.models import User
from calls import clock
from calls.eligibility.facts import Audience
from proposals.facts import Judgement, judge, officers_circumstances_of
from proposals.models import Proposal, SealedAccess, StoredVerdict, Version
from proposals.submitting import store_verdict

log = logging.getLogger("portal.screening")


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


def note_sealed_access(proposal: Proposal | None, *, officer: User, path: str) -> SealedAccess:
    """Record that an officer tried to read what is still sealed; no proposal where none was named."""
    return SealedAccess.objects.create(
        proposal=proposal, officer=officer, path=path, tried_at=clock.now()
    )
