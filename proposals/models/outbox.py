"""Jobs that workers process at least once: messages, emails, reissues, failures."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.models import Call
from foundation import clock
from proposals.models.decisions import Decision
from proposals.models.proposal import Proposal
from proposals.models.sealed_documents import SealedDocument
from proposals.models.version import Version


class OutboxItem(models.Model):
    """Something to be done later, whatever dies in between. Plumbing: its instants are real time."""

    class State(models.TextChoices):
        DUE = "due", _("queued")
        CLAIMED = "claimed", _("in progress")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    made_at = models.DateTimeField(default=clock.real_now)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=clock.real_now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.state


class DocumentReissue(models.Model):
    """An operator reissued all receipts or proposal PDFs of a call, after a mistake in layout for example."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("Proofs of submission")
        PROPOSAL_PDF = "proposal-pdf", _("Full proposals (PDF)")

    call = models.ForeignKey(Call, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.RECEIPT)
    reason = models.CharField(max_length=300)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()

    queued: int  # with `made`, where `reissue.with_progress` has counted
    made: int

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="a_reissue_has_a_reason", condition=Q(reason__regex=r"\S"))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.call}"


class OutboxMessage(OutboxItem):
    """Later work about a version, stored in the transaction that caused it."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("Proof of submission")
        SUBMISSION_EMAIL = "submission-email", _("Email about a submission")
        PROPOSAL_PDF = "proposal-pdf", _("Full proposal (PDF)")
        LETTER = "letter", _("Decision letter")

    kind = models.CharField(max_length=20, choices=Kind)
    version = models.ForeignKey(Version, models.PROTECT, related_name="outbox_messages")
    reissue = models.ForeignKey(
        DocumentReissue, models.PROTECT, null=True, blank=True, related_name="outbox_messages"
    )
    decision = models.OneToOneField(
        Decision, models.PROTECT, null=True, blank=True, related_name="outbox_message"
    )

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_outbox_message_of_each_kind_for_a_version",
                fields=["kind", "version"],
                condition=Q(reissue=None, decision=None),
            ),
            models.UniqueConstraint(
                name="one_outbox_message_for_a_version_in_a_reissue", fields=["version", "reissue"]
            ),
            models.CheckConstraint(
                name="a_letter_is_about_a_decision",
                condition=Q(kind="letter", decision__isnull=False)
                | (~Q(kind="letter") & Q(decision__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                name="outbox_waiting",
                fields=["due_at"],
                condition=~Q(state__in=["done", "failed"]),
            )
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="outbox_message_content_is_final",
                fields=["kind", "version", "reissue", "decision"],
            ),
            pgtrigger.Protect(name="outbox_messages_are_not_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.version_id}: {self.state}"

    @property
    def cause(self) -> str:
        """What the sealed document that is to come is made for; one is made for each."""
        if self.decision_id:
            return f"decision:{self.decision_id}"
        return f"reissue:{self.reissue_id}" if self.reissue_id else SealedDocument.SUBMISSION


class QueuedEmail(OutboxItem):
    """An email to one address, with its delivery state. `key` keeps one cause from making it twice."""

    key = models.CharField(max_length=200, unique=True)
    proposal = models.ForeignKey(
        Proposal, models.CASCADE, null=True, blank=True, related_name="queued_emails"
    )
    to = models.EmailField()
    subject = models.TextField()
    text = models.TextField()
    html = models.TextField()

    class Meta:
        verbose_name = "email"
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index(
                name="emails_waiting",
                fields=["due_at"],
                condition=~Q(state__in=["done", "failed"]),
            )
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="email_addressee_is_final",
                fields=["key", "proposal", "to", "subject"],
            )
        ]

    def __str__(self) -> str:
        """Without subject and address, because lists and logs of operators show it."""
        return f"email {self.pk}: {self.get_state_display()}"


class SchedulerLease(models.Model):
    """Which process sends periodic tasks, and when it last renewed its right to: one row, in real time."""

    holder = models.CharField(max_length=300, blank=True)
    renewed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="there_is_one_scheduler_lease", condition=Q(pk=1))
        ]

    def __str__(self) -> str:
        return self.holder


class JobFailure(OutboxItem):
    """A row of periodic work, or a step of a task, that failed; it goes when that succeeds.

    Names neither a person nor a text: operators see it.
    """

    job = models.CharField(max_length=40)
    row = models.CharField(max_length=80)

    class Meta:
        ordering = ["job", "row"]
        constraints = [
            models.UniqueConstraint(name="one_failure_for_each_row_of_a_job", fields=["job", "row"])
        ]

    def __str__(self) -> str:
        return f"{self.job}, {self.row}: {self.state}"

    @property
    def is_due(self) -> bool:
        """Whether it is to be tried again now."""
        return self.state != self.State.FAILED and self.due_at <= clock.real_now()
