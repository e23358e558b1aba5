"""Withdrawals of submitted proposals."""

from django.db import models
from django.db.models import Q

from applicants.models import User
from calls.triggers import final
from proposals.models import triggers
from proposals.models.version import Version


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
            triggers.WITHDRAWAL_IS_IN_TIME,
            triggers.WITHDRAWAL_IS_RECEIVED_BY_THE_CLOCK,
            final("withdrawals_are_final"),
        ]

    def __str__(self) -> str:
        return f"Withdrawal of {self.version}"
