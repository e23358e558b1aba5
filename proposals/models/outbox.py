"""Promises that workers keep."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls import clock
from proposals.models.proposal import Version


class OutboxMessage(models.Model):
    """A promise made in the transaction that gave cause for it, kept by a worker later.

    Plumbing: its instants are real time, not portal time.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("Receipt")
        SUBMISSION_MAIL = "submission-mail", _("Mail about a submission")

    class State(models.TextChoices):
        DUE = "due", _("due")
        CLAIMED = "claimed", _("in work")
        DONE = "done", _("done")
        GIVEN_UP = "given-up", _("given up")

    kind = models.CharField(max_length=20, choices=Kind)
    version = models.ForeignKey(Version, models.PROTECT, related_name="outbox_messages")
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=clock.real_now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_promise_of_each_kind_for_a_version", fields=["kind", "version"]
            )
        ]
        indexes = [
            models.Index(
                name="outbox_waiting",
                fields=["due_at"],
                condition=~Q(state__in=["done", "given-up"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.version_id}: {self.state}"
