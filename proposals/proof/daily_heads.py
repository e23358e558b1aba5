"""Each day's head of the log, put where the portal cannot take it back: published, and emailed to auditors.

Whoever keeps one can check later that the log still begins as it did (`verify_ledger --head FILE`), so
two readers cannot be shown two different logs for longer than a day.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import TruncDate
from django.urls import reverse

from applicants.models import User
from calls.eligibility import canonical
from foundation.sentences import gettext as _
from proposals.delivery.emails import EmailContent, queue_email
from proposals.delivery.fault_isolation import for_each
from proposals.models import DailyHead, TreeHead
from proposals.proof.ledger import head_as_json

LOOKS_BACK = 30  # days


def publish_daily_heads(moment: datetime) -> int:
    """Publish the last head of each day (UTC) that is over, and queue its emails; returns how many.

    Safe to repeat, and by several workers at once. A day without a new entry has no head of its own.
    """
    last = DailyHead.objects.order_by("-day").first()
    ended = TreeHead.objects.filter(signed_at__lt=_start_of(moment.astimezone(UTC).date()))
    if last is not None:
        ended = ended.filter(_is_after(last.day) | _is_of_missed(last.day))
    days = ended.annotate(day=TruncDate("signed_at", tzinfo=UTC)).values_list("day", flat=True)
    return for_each(
        "daily heads", days.order_by("day").distinct(), lambda day: _publish(day, moment)
    )


def _is_after(day: date) -> Q:
    return Q(signed_at__gte=_start_of(day + timedelta(days=1)))


def _is_of_missed(last: date) -> Q:
    """Heads of days that failed while a later one was published; of further days it was not looked."""
    days = [last - timedelta(days=number) for number in range(1, LOOKS_BACK)]
    published = set(DailyHead.objects.filter(day__in=days).values_list("day", flat=True))
    missed = Q(pk=None)
    for day in days:
        if day not in published:
            missed |= Q(signed_at__gte=_start_of(day)) & ~_is_after(day)
    return missed


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


@transaction.atomic
def _publish(day: date, moment: datetime) -> bool:
    """Publish the last head of a day, unless another worker was faster."""
    heads = TreeHead.objects.filter(signed_at__gte=_start_of(day)).exclude(_is_after(day))
    head = heads.latest("size")
    _daily, published = DailyHead.objects.get_or_create(
        day=day, defaults={"head": head, "published_at": moment}
    )
    if published:
        queue_email(_words_of(head, day), to=_auditors(), key=f"log-head:{day}")
    return published


def _auditors() -> set[str]:
    """Addresses outside of the portal's reach, and those of its own auditors."""
    own = User.objects.filter(groups__name="Auditors", is_active=True)
    return {*settings.LOG_WITNESSES, *own.values_list("email", flat=True)}


def _words_of(head: TreeHead, day: date) -> EmailContent:
    return EmailContent(
        subject=_("Log of the COSME portal on %(day)s: %(size)s entries")
        % {"day": day, "size": head.size},
        what_happened=_(
            "This is the signed state of the portal’s log at the end of %(day)s (UTC). It "
            "contains only hashes."
        )
        % {"day": day},
        facts=[(_("Entries"), str(head.size)), (_("Root"), head.root)],
        quote=canonical(head_as_json(head)),
        status=_(
            "Entries can only be added to the log. A later log that does not begin with this "
            "state has been altered."
        ),
        next_step=_(
            "Keep this email. To verify the log, save the line above as a file and run "
            "“manage.py verify_ledger --head FILE”."
        ),
        link=reverse("proof:daily_heads"),
        link_label=_("View all daily states of the log"),
    )


def daily_heads_as_lines() -> Iterator[str]:
    """One signed head for each day, as canonical JSON with the day beside it, oldest first."""
    for daily in DailyHead.objects.select_related("head").iterator(1000):
        yield canonical({"day": daily.day.isoformat()} | head_as_json(daily.head)) + "\n"
