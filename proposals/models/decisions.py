"""Decisions of officers, their confirmation, and notices of them to applicants."""

from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.models import ConditionChange
from calls.triggers import final
from proposals.models import triggers
from proposals.models.version import Version


class DecisionQuerySet(models.QuerySet["Decision"]):
    def confirmed(self) -> "DecisionQuerySet":
        """Those that a second officer has confirmed."""
        return self.filter(review__answer=DecisionReview.Answer.CONFIRMED)

    def closing_case(self) -> "DecisionQuerySet":
        """Confirmed ones that close the case: all but those that ask for clarification."""
        return self.confirmed().exclude(outcome=Decision.OutcomeChoices.CLARIFY)

    def in_force(self) -> "DecisionQuerySet":
        """Of each version the newest confirmed one."""
        newest = (
            Decision.objects.confirmed()
            .filter(version=models.OuterRef("version"))
            .order_by("-pk")
            .values("pk")[:1]
        )
        return self.filter(pk=models.Subquery(newest))

    def with_conditions_since(self) -> "DecisionQuerySet":
        """Each with `conditions_changed_at`: when rules or countries changed last after it was recorded.

        None where they are as the officer knew them.
        """
        return self.annotate(conditions_changed_at=self._change_since())

    def under_earlier_conditions(self) -> "DecisionQuerySet":
        """Those recorded before the last change of rules or countries."""
        return self.annotate(since=self._change_since()).filter(since__isnull=False)

    def _change_since(self) -> models.Subquery:
        call = "version__proposal__strand__call"
        later = ConditionChange.objects.filter(
            Q(call=models.OuterRef(call)) | Q(programme=models.OuterRef(f"{call}__programme")),
            made_at__gt=models.OuterRef("decided_at"),
        )
        newest = later.order_by("-made_at").values("made_at")[:1]
        return models.Subquery(newest)

    def waiting_for(self, officer: User | Combinable) -> "DecisionQuerySet":
        """Those that this officer could confirm or send back."""
        sent_back = Decision.objects.filter(
            version=models.OuterRef("version"),
            outcome=models.OuterRef("outcome"),
            review__answer=DecisionReview.Answer.SENT_BACK,
        )
        mine = Q(decided_by=officer) | Q(review__reviewed_by=officer)
        return self.filter(
            ~models.Exists(sent_back.filter(mine)),
            review=None,
            version__current_of__isnull=False,
        ).exclude(decided_by=officer)


class Decision(models.Model):
    """An officer's outcome for a version, with the reason. A new decision never replaces an old one.

    It takes effect once a different officer has confirmed it; the newest confirmed one is in force.
    """

    class OutcomeChoices(models.TextChoices):
        ELIGIBLE = "eligible", _("Eligible")
        INELIGIBLE = "ineligible", _("Not eligible")
        INADMISSIBLE = "inadmissible", _("Not admissible")
        CLARIFY = "clarify", _("Clarification needed")

    version = models.ForeignKey(Version, models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=12, choices=OutcomeChoices)
    reason = models.TextField()
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at"]
        constraints = [
            models.CheckConstraint(name="a_decision_has_a_reason", condition=Q(reason__regex=r"\S"))
        ]
        triggers = [
            triggers.DECISION_AFTER_DEADLINE,
            triggers.ONE_PENDING_DECISION,
            triggers.out_of_conflict(
                "decision", officer="decided_by_id", proposal=triggers.PROPOSAL_OF_VERSION
            ),
            final("decisions_are_final"),
            triggers.refreshes_case_state("decision"),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_outcome_display()}"

    @property
    def reviewed(self) -> "DecisionReview | None":
        """The second officer's answer, if there is one."""
        return getattr(self, "review", None)

    @property
    def notified(self) -> "DecisionNotice | None":
        """The notice to the applicant, if there is one."""
        return getattr(self, "notice", None)

    @property
    def state(self) -> "DecisionState":
        return DecisionState.after(self.reviewed.answer if self.reviewed else None)


class DecisionState(models.TextChoices):
    WAITING = "waiting", _("waiting for a second officer")
    CONFIRMED = "stands", _("confirmed by a second officer")
    SENT_BACK = "sent-back", _("returned")

    @classmethod
    def after(cls, answer: str | None) -> "DecisionState":
        """By a second officer's answer; None where there is none yet."""
        if answer is None:
            return cls.WAITING
        return cls.CONFIRMED if answer == DecisionReview.Answer.CONFIRMED else cls.SENT_BACK


class DecisionReview(models.Model):
    """A second officer's answer to a decision: confirmed, or returned with a reason."""

    class Answer(models.TextChoices):
        CONFIRMED = "confirmed", _("Confirm")
        SENT_BACK = "sent-back", _("Return")

    decision = models.OneToOneField(Decision, models.PROTECT, related_name="review")
    answer = models.CharField(max_length=10, choices=Answer)
    reason = models.TextField(blank=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()

    class Meta:
        ordering = ["-reviewed_at"]
        constraints = [
            models.CheckConstraint(
                name="a_decision_sent_back_has_a_reason",
                condition=Q(answer="confirmed") | Q(reason__regex=r"\S"),
            )
        ]
        triggers = [
            triggers.REVIEWED_BY_ANOTHER,
            triggers.out_of_conflict(
                "review", officer="reviewed_by_id", proposal=triggers.PROPOSAL_OF_DECISION
            ),
            final("decision_reviews_are_final"),
            triggers.refreshes_case_state("review", version=triggers.VERSION_OF_DECISION),
        ]

    def __str__(self) -> str:
        return f"{self.decision}: {self.get_answer_display()}"


class DecisionNotice(models.Model):
    """The applicant is notified of a decision by a letter, perhaps long after it was confirmed."""

    decision = models.OneToOneField(Decision, models.PROTECT, related_name="notice")
    notified_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    notified_at = models.DateTimeField()
    remedies = models.JSONField(
        default=list, help_text=_("How it can be contested, as the letter names it.")
    )

    class Meta:
        ordering = ["-notified_at"]
        verbose_name_plural = "decision notices"
        triggers = [
            triggers.NOTICE_OF_CONFIRMED_DECISION,
            final("decision_notices_are_final"),
            triggers.refreshes_case_state("notice", version=triggers.VERSION_OF_DECISION),
        ]

    def __str__(self) -> str:
        return f"Information about {self.decision}"
