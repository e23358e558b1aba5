"""What officers record, and what is recorded of them."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from proposals import guards
from proposals.models.proposal import Proposal, Version


class SealedAccess(models.Model):
    """Someone of the officers tried to open a proposal before its deadline. Nothing was shown."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="sealed_accesses")
    officer = models.ForeignKey(User, models.PROTECT, related_name="+")
    path = models.CharField(max_length=300)
    tried_at = models.DateTimeField()

    class Meta:
        ordering = ["-tried_at"]
        verbose_name_plural = "sealed accesses"
        triggers = [
            pgtrigger.Protect(
                name="sealed_accesses_are_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.officer} · {self.proposal}"


class Decision(models.Model):
    """An officer's outcome for a version, with the reason. A new decision never replaces an old one."""

    class OutcomeChoices(models.TextChoices):
        ELIGIBLE = "eligible", _("Eligible")
        INELIGIBLE = "ineligible", _("Not eligible")
        INADMISSIBLE = "inadmissible", _("Not admissible")
        CLARIFY = "clarify", _("To be clarified with the applicant")

    version = models.ForeignKey(Version, models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=12, choices=OutcomeChoices)
    reason = models.TextField()
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["-decided_at"]
        constraints = [
            models.CheckConstraint(name="a_decision_has_a_reason", condition=Q(reason__regex=r"\S"))
        ]
        triggers = [
            guards.DECISION_AFTER_DEADLINE,
            pgtrigger.Protect(
                name="decisions_are_final", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_outcome_display()}"
