"""Tags of cases: words by which officers find cases again. Applicants never see them."""

import re
from collections.abc import Iterable

from django.db import transaction

from applicants.models import User
from foundation import clock
from proposals.models import CaseEvent, CaseTag, ConflictOfInterest, Proposal
from proposals.officers.cases import lock_proposals, log_event

TAG = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")


class InvalidTag(ValueError):
    """A tag is one word of letters without accents, figures and hyphens, at most 30 characters."""


def normalise_tag(text: str) -> str:
    """The tag in what a person typed: small letters, blanks as hyphens.

    Raises:
        InvalidTag: it is no tag.
    """
    name = "-".join(text.lower().split())
    if not TAG.fullmatch(name):
        raise InvalidTag(text)
    return name


@transaction.atomic
def tag_cases(proposals: Iterable[Proposal], name: str, *, by: User, remark: str = "") -> int:
    """Put a tag on cases; returns how many did not have it. Those closed to the officer are left out."""
    moment = clock.now()
    chosen = _open_cases(proposals, by)
    tagged = set(
        CaseTag.objects.filter(proposal__in=chosen, name=name).values_list("proposal", flat=True)
    )
    new = [proposal for proposal in chosen if proposal.pk not in tagged]
    CaseTag.objects.bulk_create(
        CaseTag(proposal=proposal, name=name, added_by=by, added_at=moment) for proposal in new
    )
    for proposal in new:
        log_event(proposal, CaseEvent.Kind.TAGGED, with_remark(name, remark), by=by, tag=name)
    return len(new)


@transaction.atomic
def untag_cases(proposals: Iterable[Proposal], name: str, *, by: User, remark: str = "") -> int:
    """Take a tag off cases; returns how many had it. Those closed to the officer are left out."""
    chosen = _open_cases(proposals, by)
    tags = CaseTag.objects.filter(proposal__in=chosen, name=name)
    tagged = set(tags.values_list("proposal", flat=True))
    tags.delete()
    for proposal in chosen:
        if proposal.pk in tagged:
            log_event(proposal, CaseEvent.Kind.UNTAGGED, with_remark(name, remark), by=by, tag=name)
    return len(tagged)


def with_remark(text: str, remark: str) -> str:
    """What the history of a case says: what was done, and what the officer remarked."""
    return f"{text}: {remark.strip()}" if remark.strip() else text


def _open_cases(proposals: Iterable[Proposal], officer: User) -> list[Proposal]:
    chosen = list(proposals)
    lock_proposals(chosen)
    conflicts = ConflictOfInterest.objects.filter(officer=officer, proposal__in=chosen)
    closed = set(conflicts.values_list("proposal", flat=True))
    return [proposal for proposal in chosen if proposal.pk not in closed]
