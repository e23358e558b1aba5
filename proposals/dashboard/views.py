"""The person's own start page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from applicants.web import current_user, login_required_keep_post
from foundation import clock
from proposals.consortium.progress import todo_items
from proposals.dashboard.my_work import my_work


@login_required_keep_post
def mine(request: HttpRequest) -> HttpResponse:
    """What waits for a person, its proposals with their deadlines, its organisations, its invitations."""
    moment = clock.now()
    work = my_work(current_user(request), moment)
    organisations = [organisation for organisation, _profile in work.organisations]
    context = {
        "drafts": work.drafts,
        "moment": moment,
        "any_open": any(draft.proposal.is_open(moment) for draft in work.drafts),
        "tasks": todo_items(work.drafts, organisations, moment),
        "organisations": work.organisations,
        "invitations": work.invitations,
        "mentions": work.mentions,
        "questions": work.clarification_requests,
        "letters": work.new_messages,
        "deleted": work.deleted,
    }
    return render(request, "dashboard/mine.html", context)
