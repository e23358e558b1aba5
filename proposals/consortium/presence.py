"""Who has a step open at the same time. Plumbing, in real time: it decides nothing."""

from datetime import timedelta

from applicants.models import User
from foundation import clock
from proposals.models import Presence, Proposal

MAX_LOCATION_LENGTH = 60
PRESENCE_TIMEOUT = timedelta(seconds=25)  # pages tell of themselves every ten


def location_of(step: str, key: str = "") -> str:
    return f"{step}/{key}" if key else step


def others_at(proposal: Proposal, place: str, user: User) -> list[str]:
    """The names of the others who have this step open."""
    since = clock.real_now() - PRESENCE_TIMEOUT
    rows = Presence.objects.filter(proposal=proposal, location=place, seen_at__gte=since)
    presences = rows.exclude(user=user).select_related("user").order_by("user__full_name")
    return [str(presence.user) for presence in presences]


def mark_present(proposal: Proposal, place: str, user: User) -> None:
    """Note that a person has a step open now."""
    Presence.objects.update_or_create(
        proposal=proposal, location=place, user=user, defaults={"seen_at": clock.real_now()}
    )


def mark_left(proposal: Proposal, place: str, user: User) -> None:
    """Note that a person has left a step."""
    Presence.objects.filter(proposal=proposal, location=place, user=user).delete()


def delete_stale() -> int:
    """Delete what is older than a day; returns how many rows."""
    old = clock.real_now() - timedelta(days=1)
    return Presence.objects.filter(seen_at__lt=old).delete()[0]
