"""Remarks on a step, with mentions of people and "done"."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from applicants.models import User
from foundation import clock
from foundation.sentences import gettext as _
from proposals.consortium.members import visible_members
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import Comment, Proposal

SHOWN = 50  # comments on one page


class CommentPage(NamedTuple):
    """Some of the comments on a place, the oldest first, and whether others come before and after them."""

    comments: list[Comment]
    has_earlier: bool
    has_later: bool


def page_of_comments(comments: QuerySet[Comment], *, until: int | None = None) -> CommentPage:
    """The newest, or those up to one that is named by its key."""
    wanted = comments if until is None else comments.filter(pk__lte=until)
    newest = list(wanted.select_related("by").order_by("-pk")[: SHOWN + 1])
    has_later = until is not None and comments.filter(pk__gt=until).exists()
    return CommentPage(newest[:SHOWN][::-1], len(newest) > SHOWN, has_later)


@transaction.atomic
def add_comment(proposal: Proposal, *, step: str, key: str, text: str, by: User) -> Comment:
    """Store a comment and notify those whom it mentions; also after the deadline."""
    made = Comment.objects.create(
        proposal=proposal, step=step, participant_key=key, text=text, by=by, at=clock.now()
    )
    named = mentioned(text, visible_members(proposal))
    made.mentions.set(named)
    others = [user.email for user in named if user != by]
    if others:
        queue_email(
            EmailContent(
                subject=_("%(who)s mentions you in a comment") % {"who": by},
                what_happened=_("%(who)s has mentioned you in a comment.") % {"who": by},
                quote=text,
                status=_("The comment stays open until someone marks it as done."),
                next_step=_("Reply to the comment, edit the section, or mark the comment as done."),
                link=made.get_absolute_url(),
                link_label=_("View the comment"),
            ),
            to=others,
            proposal=proposal,
            key=f"comment:{made.pk}",
        )
    return made


def mentioned(text: str, people: Iterable[User]) -> list[User]:
    """Those whose full name is in the text after an @, whatever its case; longer names first."""
    rest = " ".join(text.split()).casefold()
    result = []
    for person in sorted(people, key=lambda user: -len(str(user))):
        sign = re.compile(rf"@{re.escape(str(person).casefold())}(?!\w)")
        if sign.search(rest):
            result.append(person)
            rest = sign.sub(" ", rest)
    return result


def set_done(comment: Comment, *, done: bool, by: User) -> bool:
    """Mark a remark as settled, or open it again; whether this changed anything.

    Of two people at once the first has done it, and stays named.
    """
    present = Comment.objects.filter(pk=comment.pk, done_at__isnull=done)
    changed = present.update(done_at=clock.now() if done else None, done_by=by if done else None)
    comment.refresh_from_db(fields=["done_at", "done_by"])
    return bool(changed)
