"""The person's own start page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from applicants.models import Organisation
from applicants.profile import profile_of
from applicants.web import current_user, login_required_keep_post
from foundation import clock
from proposals.consortium.open_questions import clarification_requests_for
from proposals.consortium.progress import open_invitations, open_mentions, proposals_of, todo_items
from proposals.dossier.document import drafts_of
from proposals.models import Proposal
from proposals.partnering.conversations import inbox
from proposals.workspace.deletion import DELETED_DRAFT_RETENTION

MOST_LETTERS = 50  # conversations that are looked through for new messages


@login_required_keep_post
def mine(request: HttpRequest) -> HttpResponse:
    """What waits for a person, its proposals with their deadlines, its organisations, its invitations."""
    user, moment = current_user(request), clock.now()
    drafts = drafts_of(list(proposals_of(user)))
    organisations = list(
        Organisation.objects.with_member(user).prefetch_related("profile_sections")
    )
    deleted = Proposal.objects.led_by(user).filter(deleted_at__gt=moment - DELETED_DRAFT_RETENTION)
    context = {
        "drafts": drafts,
        "moment": moment,
        "any_open": any(draft.proposal.is_open(moment) for draft in drafts),
        "tasks": todo_items(drafts, organisations, moment),
        "organisations": [
            (organisation, profile_of(organisation)) for organisation in organisations
        ],
        "invitations": open_invitations(user),
        "mentions": open_mentions(user),
        "questions": list(clarification_requests_for(user, moment)),
        "letters": [
            item for item in inbox(user, organisations, at_most=MOST_LETTERS) if item.is_new
        ],
        "deleted": deleted.select_related("strand__call").prefetch_related("sections"),
    }
    return render(request, "dashboard/mine.html", context)
