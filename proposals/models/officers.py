"""What officers record, and what is recorded of them."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from proposals import guards
from proposals.models.proposal import Proposal
from proposals.models.version import Version


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


class DecisionQuerySet(models.QuerySet["Decision"]):
    def standing(self) -> "DecisionQuerySet":
        """Those that a second officer has confirmed."""
        return self.filter(review__answer=DecisionReview.Answer.CONFIRMED)

    def waiting_for(self, officer: User) -> "DecisionQuerySet":
        """Those that this officer could confirm or send back."""
        return self.filter(review=None, version__counts_for__isnull=False).exclude(
            decided_by=officer
        )


class Decision(models.Model):
    """An officer's outcome for a version, with the reason. A new decision never replaces an old one.

    It stands once a different officer has confirmed it; the newest that stands is the one in force.
    """

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

    objects = DecisionQuerySet.as_manager()

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

    @property
    def reviewed(self) -> "DecisionReview | None":
        """The second officer's answer, if there is one."""
        return getattr(self, "review", None)

    @property
    def state(self) -> "DecisionState":
        if self.reviewed is None:
            return DecisionState.WAITING
        confirmed = self.reviewed.answer == DecisionReview.Answer.CONFIRMED
        return DecisionState.STANDS if confirmed else DecisionState.SENT_BACK


class DecisionState(models.TextChoices):
    WAITING = "waiting", _("waits for a second officer")
    STANDS = "stands", _("confirmed by a second officer")
    SENT_BACK = "sent-back", _("sent back")


class DecisionReview(models.Model):
    """A second officer's answer to a decision: it stands, or goes back with the reason why."""

    class Answer(models.TextChoices):
        CONFIRMED = "confirmed", _("Confirm it")
        SENT_BACK = "sent-back", _("Send it back")

    decision = models.OneToOneField(Decision, models.PROTECT, related_name="review")
    answer = models.CharField(max_length=10, choices=Answer)
    reason = models.TextField(blank=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()

    class Meta:
        ordering = ["-reviewed_at"]
        constraints = [
            models.CheckConstraint(
                name="what_is_sent_back_has_a_reason",
                condition=Q(answer="confirmed") | Q(reason__regex=r"\S"),
            )
        ]
        triggers = [
            guards.REVIEWED_BY_ANOTHER,
            pgtrigger.Protect(
                name="decision_reviews_are_final", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision}: {self.get_answer_display()}"
