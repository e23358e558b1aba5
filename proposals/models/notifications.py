"""What officers are notified of, on their pages and by email."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.models import Call
from proposals.models.proposal import Proposal
from proposals.models.version import Version


class OfficerNotificationQuerySet(models.QuerySet["OfficerNotification"]):
    def shown_to(self, officer: User, moment: datetime) -> "OfficerNotificationQuerySet":
        """The officer's own, of calls and of cases that the officer may open now."""
        opened = Version.objects.open_to(officer, moment).filter(proposal=OuterRef("proposal"))
        return self.filter(Q(proposal=None) | Q(Exists(opened)), officer=officer)

    def unread(self) -> "OfficerNotificationQuerySet":
        """Those that the officer has not read and that nobody else has settled."""
        return self.filter(read_at=None, settled_at=None)


class OfficerNotification(models.Model):
    """Something waits for an officer. It names a case or a call, and holds no text of either.

    It is settled when the work is done by anybody. `emailed_at` says that it was looked at for an email,
    which depends on what the officer prefers.
    """

    class Kind(models.TextChoices):
        SENT_BACK = "sent-back", _("Your decision was returned")
        REPLIED = "replied", _("The applicant replied")
        TO_CONFIRM = "to-confirm", _("A decision waits for your confirmation")
        TO_PUBLISH = "to-publish", _("A publication waits for a second officer")

    officer = models.ForeignKey(User, models.CASCADE, related_name="officer_notifications")
    kind = models.CharField(max_length=12, choices=Kind)
    cause = models.CharField(max_length=80, help_text="One cause notifies an officer once.")
    proposal = models.ForeignKey(Proposal, models.CASCADE, null=True, related_name="+")
    call = models.ForeignKey(Call, models.CASCADE, null=True, related_name="+")
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    emailed_at = models.DateTimeField(null=True)

    objects = OfficerNotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="a_cause_notifies_an_officer_once", fields=["officer", "kind", "cause"]
            ),
            models.CheckConstraint(
                name="a_notification_is_about_a_case_or_a_call",
                condition=Q(proposal__isnull=True, call__isnull=False)
                | Q(proposal__isnull=False, call__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="notifications_unread",
                fields=["officer"],
                condition=Q(read_at=None, settled_at=None),
            ),
            models.Index(
                name="notifications_to_email", fields=["officer"], condition=Q(emailed_at=None)
            ),
            models.Index(name="notifications_by_cause", fields=["kind", "cause"]),
        ]

    def __str__(self) -> str:
        """Without the case: it may be sealed or closed to who reads this."""
        return f"{self.get_kind_display()} ({self.pk})"


def every_kind() -> list[str]:
    return list(OfficerNotification.Kind.values)
