"""Requests of officers for clarification, and the replies to them."""

from datetime import datetime

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from applicants.models import User
from calls.triggers import final, final_but
from proposals.models import triggers
from proposals.models.proposal import StoredPdf
from proposals.models.version import Version


class ClarificationRequestQuerySet(models.QuerySet["ClarificationRequest"]):
    def waiting(self, moment: datetime | Combinable) -> "ClarificationRequestQuerySet":
        """Those that can still be answered."""
        return self.filter(reply=None, due_at__gt=moment)

    def overdue(self, moment: datetime) -> "ClarificationRequestQuerySet":
        """Those that were not answered in time."""
        return self.filter(reply=None, due_at__lte=moment)


class ClarificationRequest(models.Model):
    """What an officer asks about a version. It can be answered until just before `due_at`, once."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="clarification_requests")
    item = models.CharField(max_length=60, blank=True, help_text="The line of the sheet.")
    text = models.TextField()
    sha256 = models.CharField(max_length=64, help_text="Of the text.")
    due_at = models.DateTimeField()
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()

    objects = ClarificationRequestQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="a_clarification_request_has_a_text", condition=Q(text__regex=r"\S")
            ),
            models.CheckConstraint(
                name="a_clarification_request_is_due_later",
                condition=Q(due_at__gt=F("requested_at")),
            ),
        ]
        triggers = [
            final("clarification_requests_are_final"),
            triggers.out_of_conflict(
                "question", officer="requested_by_id", proposal=triggers.PROPOSAL_OF_VERSION
            ),
            triggers.refreshes_case_state("question"),
        ]

    def __str__(self) -> str:
        return f"Clarification request {self.pk} about {self.version}"

    @property
    def answered(self) -> "ClarificationReply | None":
        """The consortium's answer, if it came."""
        return getattr(self, "reply", None)


class ClarificationReply(models.Model):
    """The consortium's answer, by the people of its coordinator."""

    clarification_request = models.OneToOneField(
        ClarificationRequest, models.PROTECT, related_name="reply"
    )
    text = models.TextField()
    sha256 = models.CharField(
        max_length=64, help_text="Of the text, and the hash of each file in a line of its own."
    )
    replied_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    replied_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "replies"
        constraints = [
            models.CheckConstraint(
                name="a_clarification_reply_has_a_text", condition=Q(text__regex=r"\S")
            )
        ]
        triggers = [
            triggers.REPLY_IS_IN_TIME,
            triggers.REPLY_IS_RECEIVED_BY_THE_CLOCK,
            final("replies_are_final"),
            triggers.refreshes_case_state("reply", version=triggers.VERSION_OF_REQUEST),
        ]

    def __str__(self) -> str:
        return f"Reply to clarification request {self.clarification_request_id}"


class ClarificationFile(StoredPdf):
    """A PDF that came with an answer."""

    reply = models.ForeignKey(ClarificationReply, models.PROTECT, related_name="files")

    class Meta:
        ordering = ["pk"]
        triggers = [
            pgtrigger.Protect(name="reply_files_are_not_deleted", operation=pgtrigger.Delete),
            final_but("reply_file_content_is_final", changing=["scan", "claimed_at"]),
        ]
