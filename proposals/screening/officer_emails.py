"""Emails to officers: at once for what waits for them, and a digest every morning in Brussels.

They hold numbers of cases, references of calls and counts. No text of a proposal is in them, and nothing
of a case that the officer may not open at that moment.
"""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from applicants.models import User
from calls.templatetags.instants import BRUSSELS
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.delivery.emails import EmailContent, queue_email
from proposals.delivery.fault_isolation import for_each
from proposals.models import OfficerNotification, OfficerPreferences, QueuedEmail
from proposals.officers.colleagues import users_with_permission
from proposals.officers.notifications import unread_count
from proposals.screening.queue import CaseQueue, lengths_for_officer

READS_CASES = "proposals.view_version"
MAX_NAMED = 10  # cases or calls of one kind that an email names
DIGEST_FROM, DIGEST_UNTIL = 7, 12  # hours in Brussels
IN_DIGEST = (
    CaseQueue.MINE,
    CaseQueue.SENT_BACK,
    CaseQueue.FOR_ME,
    CaseQueue.OVERDUE,
    CaseQueue.TO_INFORM,
)


def email_new_notifications(moment: datetime) -> int:
    """Queue one email to each officer with new notifications; returns to how many. Safe to repeat."""
    fresh = OfficerNotification.objects.filter(emailed_at=None).order_by("officer")
    officers = fresh.values_list("officer", flat=True).distinct()
    return for_each("officers' emails", list(officers), lambda pk: _email_new(pk, moment))


@transaction.atomic
def _email_new(pk: int, moment: datetime) -> bool:
    """What happened to many cases at once is one email."""
    officer = User.objects.select_for_update(no_key=True).get(pk=pk)
    fresh = OfficerNotification.objects.filter(officer=officer, emailed_at=None)
    newest = fresh.order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        return False
    shown = OfficerNotification.objects.shown_to(officer, moment).unread()
    wanted = shown.filter(pk__lte=newest, emailed_at=None, kind__in=_kinds_wanted(officer))
    notifications = list(wanted.select_related("proposal__strand__call", "call"))
    fresh.filter(pk__lte=newest).update(emailed_at=moment)
    if notifications and _is_officer(officer):
        _queue_email_about(officer, notifications, newest)
    return bool(notifications)


def _kinds_wanted(officer: User) -> list[str]:
    stored = OfficerPreferences.objects.filter(officer=officer).first()
    return list(OfficerNotification.Kind.values) if stored is None else stored.emails_at_once


def _is_officer(user: User) -> bool:
    return users_with_permission(READS_CASES).filter(pk=user.pk).exists()


def _queue_email_about(
    officer: User, notifications: list[OfficerNotification], newest: int
) -> None:
    count = len(notifications)
    subject = ngettext(
        "%(count)s case or call needs you", "%(count)s cases or calls need you", count
    )
    by_kind = {
        kind: [item for item in notifications if item.kind == kind]
        for kind in OfficerNotification.Kind
    }
    facts = [(str(kind.label), _named(items)) for kind, items in by_kind.items() if items]
    if len(facts) == 1:
        subject = "%(kind)s (%(count)s)"
    queue_email(
        EmailContent(
            subject=subject % {"count": count, "kind": facts[0][0]},
            what_happened=_("Something on the COSME portal waits for you."),
            facts=facts,
            status=_("Nothing changes until you, or a colleague, has dealt with it."),
            next_step=_("Open your notifications to see what each one needs."),
            link=reverse("admin:proposals_version_notifications"),
            link_label=_("View notifications"),
            reason=_reason(),
        ),
        to=[officer.email],
        key=f"officer:{officer.pk}:{newest}",
    )


def _named(notifications: list[OfficerNotification]) -> str:
    """Numbers of cases and references of calls, and how many more there are."""
    names = sorted({_name(item) for item in notifications})
    more = len(names) - MAX_NAMED
    text = ", ".join(names[:MAX_NAMED])
    return text if more <= 0 else _("%(names)s and %(count)s more") % {"names": text, "count": more}


def _name(notification: OfficerNotification) -> str:
    if notification.proposal is None:
        return str(notification.call)
    number = notification.proposal.number
    if notification.proposal.call.is_rehearsal:
        return _("%(number)s (rehearsal)") % {"number": number}
    return number


def _reason() -> str:
    return _(
        "You receive this email because you are an officer of the COSME portal. You can choose which "
        "emails you get on the page of your notifications."
    )


def queue_digests(moment: datetime) -> int:
    """Queue the morning's digest for each officer for whom something waits; returns how many."""
    local = moment.astimezone(BRUSSELS)
    if not DIGEST_FROM <= local.hour < DIGEST_UNTIL:
        return 0
    today = local.date()
    served = OfficerPreferences.objects.filter(digest_sent_on=today).values("officer")
    officers = users_with_permission(READS_CASES).exclude(pk__in=served)
    pks = list(officers.values_list("pk", flat=True))
    return for_each("officers' digests", pks, lambda pk: _queue_digest(pk, moment))


@transaction.atomic
def _queue_digest(pk: int, moment: datetime) -> bool:
    officer = User.objects.select_for_update(no_key=True).get(pk=pk)
    today = moment.astimezone(BRUSSELS).date()
    preferences, _is_new = OfficerPreferences.objects.get_or_create(officer=officer)
    if preferences.digest_sent_on == today:
        return False
    preferences.digest_sent_on = today
    preferences.save(update_fields=["digest_sent_on"])
    facts = _digest_facts(officer, moment) if preferences.wants_digest else []
    if not facts:
        return False
    queue_email(
        EmailContent(
            subject=_("Your cases this morning"),
            what_happened=_("These cases on the COSME portal wait for you today."),
            facts=facts,
            status=_("Numbers are those of this morning."),
            next_step=_("Open your list to go on."),
            link=f"{reverse('admin:proposals_version_changelist')}?queue={CaseQueue.MINE}",
            link_label=_("Open my list"),
            reason=_reason(),
        ),
        to=[officer.email],
        key=f"digest:{officer.pk}:{today}",
    )
    return True


def _digest_facts(officer: User, moment: datetime) -> list[tuple[str, str]]:
    """What waits for this officer, without what is zero."""
    lengths = lengths_for_officer(officer, moment)
    counts = [(str(queue.label), lengths[queue]) for queue in IN_DIGEST]
    counts.append((_("Unread notifications"), unread_count(officer, moment)))
    return [(label, str(count)) for label, count in counts if count]


def is_for_an_officer(mail: QueuedEmail) -> bool:
    """Whether an email that waits to be sent is still for an officer."""
    officer = int(mail.key.split(":")[1])
    return users_with_permission(READS_CASES).filter(pk=officer).exists()
