"""Which calls a reader sees: those that are published, and rehearsals for those who prepare calls."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from calls.models import Call, CallQuerySet


def visible_calls(request: HttpRequest, moment: datetime) -> CallQuerySet:
    return Call.objects.shown_at(moment, with_rehearsals=can_see_rehearsals(request))


def visible_rehearsals(request: HttpRequest) -> CallQuerySet:
    """Rehearsals, the newest first; none for the public."""
    if not can_see_rehearsals(request):
        return Call.objects.none()
    return Call.objects.filter(rehearsal_of__isnull=False).order_by("-pk")


def can_see_rehearsals(request: HttpRequest) -> bool:
    """Staff who see calls in preparation, and the accounts of applicants that rehearse with them.

    An officer takes no part in any proposal, so somebody else writes those of a rehearsal. Who is not
    signed in costs no look at the session.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    user = request.user
    if not user.is_authenticated:
        return False
    return user.rehearses or (user.is_staff and user.has_perm("calls.view_call"))
