"""Everything that waits for one person, read in one statement.

Of what most people have none of (invitations, mentions, clarification requests, conversations, deleted
drafts) only the keys are read there; a query of its own follows where there are some.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from applicants.models import Organisation, User
from applicants.profile import ProfileState, profile_saved_as
from foundation.query_batches import set_related
from proposals.consortium.open_questions import clarification_requests_for
from proposals.consortium.progress import open_invitations, open_mentions
from proposals.dashboard.queries import fetch_my_work
from proposals.dossier.document import Draft, drafts_of
from proposals.models import ClarificationRequest, Comment, Invitation, Proposal
from proposals.partnering.conversations import InboxEntry, inbox
from proposals.workspace.deletion import DELETED_DRAFT_RETENTION

MAX_CONVERSATIONS = 50  # that are looked through for new messages


@dataclass(frozen=True)
class MyWork:
    drafts: list[Draft]
    organisations: list[tuple[Organisation, ProfileState]]
    invitations: list[Invitation]
    mentions: list[Comment]
    clarification_requests: list[ClarificationRequest]
    new_messages: list[InboxEntry]
    deleted: list[Proposal]


def my_work(user: User, moment: datetime) -> MyWork:
    rows = fetch_my_work(
        user=user.pk, moment=moment, deleted_since=moment - DELETED_DRAFT_RETENTION
    )
    calls = {call.pk: call for call in rows["calls"]}
    strands = {strand.pk: strand for strand in rows["strands"]}
    for strand in strands.values():
        set_related(strand, call=calls[strand.call_id])
    for proposal in rows["proposals"]:
        set_related(proposal, strand=strands[proposal.strand_id])
    profiles: dict[int, dict[str, Any]] = defaultdict(dict)
    for organisation, step, answers, version in rows["profiles"]:
        profiles[organisation][step] = answers, version
    organisations = rows["organisations"]
    return MyWork(
        drafts=drafts_of(rows["proposals"]) if rows["proposals"] else [],
        organisations=[
            (organisation, profile_saved_as(profiles[organisation.pk]))
            for organisation in organisations
        ],
        invitations=list(open_invitations(user, moment)) if rows["invitations"] else [],
        mentions=list(open_mentions(user)) if rows["mentions"] else [],
        clarification_requests=(
            list(clarification_requests_for(user, moment)) if rows["clarification_requests"] else []
        ),
        new_messages=_new_messages(user, organisations) if rows["conversations"] else [],
        deleted=_deleted_drafts([pk for (pk,) in rows["deleted"]]) if rows["deleted"] else [],
    )


def _new_messages(user: User, organisations: list[Organisation]) -> list[InboxEntry]:
    entries = inbox(user, organisations, at_most=MAX_CONVERSATIONS)
    return [entry for entry in entries if entry.is_new]


def _deleted_drafts(keys: list[int]) -> list[Proposal]:
    drafts = Proposal.objects.select_related("strand__call").with_acronym()
    return list(drafts.filter(pk__in=keys))
