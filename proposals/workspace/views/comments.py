"""Comments on steps."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from applicants.once import idempotent
from applicants.web import current_user, login_required_keep_post
from foundation.sentences import gettext as _
from proposals.consortium.access import base_context, get_draft_or_404, return_input_on_failure
from proposals.dossier.document import Draft
from proposals.steps.forms import CommentForm
from proposals.steps.wizard import step_named, url_of
from proposals.workspace import comments


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
@idempotent
def add(request: HttpRequest, number: str) -> HttpResponse:
    """Write a comment on a step."""
    draft = get_draft_or_404(request, number)
    step, key = _place(draft, request.POST.get("place", ""))
    form = CommentForm(request.POST)
    if not form.is_valid():
        context = base_context(
            draft, step, form=form, place=request.POST["place"], back=_address(draft, step, key)
        )
        return render(request, "workspace/comment_refused.html", context, status=422)
    made = comments.add_comment(
        draft.proposal, step=step, key=key, text=form.cleaned_data["text"], by=current_user(request)
    )
    messages.success(request, _("Comment added. Everyone in this proposal can see it."))
    if "@" in made.text and not made.mentions.exists():
        text = _("Nobody was notified. Type @ followed by a full name from the list below.")
        messages.warning(request, text)
    return redirect(made.get_absolute_url())


@login_required_keep_post
@return_input_on_failure
@require_http_methods(["POST"])
def resolve(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Mark a comment as done, or open it again."""
    draft = get_draft_or_404(request, number)
    comment = get_object_or_404(draft.proposal.comments.select_related("proposal"), pk=pk)
    done = request.POST.get("done") == "yes"
    if not comments.set_done(comment, done=done, by=current_user(request)):
        by_now = (
            _("%(who)s has already marked this comment as done.") % {"who": comment.done_by or ""}
            if comment.done_at
            else _("This comment has already been reopened.")
        )
        messages.info(request, by_now)
    return redirect(comment.get_absolute_url())


def _place(draft: Draft, place: str) -> tuple[str, str]:
    """Step and participant of a place such as "descriptions/p2"; 404 for one that does not exist."""
    step, _slash, key = place.partition("/")
    if step_named(draft.proposal.strand, step) is None:
        raise Http404
    if bool(key) != (step == "descriptions"):
        raise Http404
    if key and key not in {participant.key for participant in draft.participants}:
        raise Http404
    return step, key


def _address(draft: Draft, step: str, key: str) -> str:
    return f"{url_of(draft, step, key or None)}#comments"
