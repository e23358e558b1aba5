"""What is recorded of versions: sealed documents, withdrawals, and attempts that came too late."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from applicants.models import User
from proposals.models.proposal import Proposal, Version


class SealedDocument(models.Model):
    """A sealed PDF of a version: at most one of its kind, whatever was killed on the way."""

    PREFIX: ClassVar[str]

    version = models.OneToOneField(Version, models.PROTECT, related_name="%(class)s")
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} of {self.version}"

    @property
    def file_name(self) -> str:
        return f"{self.PREFIX}-{self.version.proposal.number}-v{self.version.number}.pdf"


class Receipt(SealedDocument):
    """What proves a version: when it was received, under which hash, and where it is in the log."""

    PREFIX = "receipt"

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="receipts_are_final", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]


class Annex(SealedDocument):
    """The whole proposal of a version as a person reads it."""

    PREFIX = "proposal"

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="annexes_are_final", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]


class Withdrawal(models.Model):
    """A consortium took its version back. Submitting again in time undoes it."""

    version = models.OneToOneField(Version, models.PROTECT, related_name="withdrawal")
    reason = models.TextField()
    withdrawn_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_withdrawal_has_a_reason", condition=Q(reason__regex=r"\S")
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="withdrawals_are_final", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"Withdrawal of {self.version}"


class RefusedAttempt(models.Model):
    """A submission that came too late: what was received and when. It changes nothing else."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="refused_attempts")
    received_at = models.DateTimeField()
    deadline = models.DateTimeField()
    sha256 = models.CharField(
        max_length=64, help_text="Of the dossier that would have been frozen."
    )
    attempted_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-received_at"]
        triggers = [
            pgtrigger.Protect(
                name="refused_attempts_are_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.proposal} at {self.received_at:%Y-%m-%d %H:%M:%S} UTC"
