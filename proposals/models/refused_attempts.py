"""Attempts that the portal refused and recorded: to submit too late, to read what is sealed."""

from django.db import models

from applicants.models import User
from calls.triggers import final
from proposals.models.proposal import Proposal


class SealedAccessAttempt(models.Model):
    """An officer tried to open a proposal before its deadline. Nothing was shown.

    `proposal` is empty if the attempt named none: a lookup that would have read all of them.
    """

    proposal = models.ForeignKey(
        Proposal, models.PROTECT, null=True, blank=True, related_name="sealed_access_attempts"
    )
    officer = models.ForeignKey(User, models.PROTECT, related_name="+")
    path = models.TextField()
    tried_at = models.DateTimeField("attempted at")

    class Meta:
        ordering = ["-tried_at"]
        triggers = [final("sealed_access_attempts_are_final")]

    def __str__(self) -> str:
        """Without the proposal: it may be sealed still."""
        return f"{self.officer}, {self.tried_at:%Y-%m-%d %H:%M:%S} UTC"


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
        verbose_name = "late submission"
        triggers = [final("refused_attempts_are_final")]

    def __str__(self) -> str:
        """Without the proposal: it may be sealed still."""
        return f"Late submission at {self.received_at:%Y-%m-%d %H:%M:%S} UTC"
