"""Changes of a call's rules or a programme's countries that officers propose and apply."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.models import Call, ConditionChange, Programme


class ProposedChange(models.Model):
    """Conditions as an officer wants them, with what they would do to stored drafts and versions.

    `conditions` is the whole list of rules or of participations that would be in force; `base` is the hash
    of those that it was proposed over. `claimed_at` is plumbing, and real time.
    """

    class State(models.TextChoices):
        COUNTING = "counting", _("calculating the impact")
        FAILED = "failed", _("impact could not be calculated")
        READY = "ready", _("ready to apply")
        APPLIED = "applied", _("applied, rechecking proposals")
        DONE = "done", _("applied")

    call = models.ForeignKey(
        Call, models.PROTECT, null=True, blank=True, related_name="proposed_changes"
    )
    programme = models.ForeignKey(
        Programme, models.PROTECT, null=True, blank=True, related_name="proposed_changes"
    )
    conditions = models.JSONField()
    base = models.CharField(max_length=71)
    reason = models.TextField()
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.COUNTING)
    total = models.PositiveIntegerField(default=0, help_text="Drafts and versions to look at.")
    done = models.PositiveIntegerField(default=0)
    impact = models.JSONField(null=True)
    error = models.CharField(max_length=100, blank=True)
    claimed_at = models.DateTimeField(null=True)
    change = models.OneToOneField(
        ConditionChange, models.PROTECT, null=True, related_name="proposed_change"
    )
    applied_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    verdicts_made = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="a_proposed_change_is_of_rules_or_of_countries",
                condition=Q(call__isnull=False) ^ Q(programme__isnull=False),
            ),
            models.CheckConstraint(
                name="a_proposed_change_has_a_reason", condition=Q(reason__regex=r"\S")
            ),
            models.CheckConstraint(
                name="a_change_is_applied_after_its_impact_was_seen",
                condition=Q(change__isnull=True) | Q(impact__isnull=False),
            ),
            models.CheckConstraint(
                name="an_applied_change_names_its_record",
                condition=Q(state__in=["applied", "done"], change__isnull=False)
                | (~Q(state__in=["applied", "done"]) & Q(change__isnull=True)),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="proposed_change_content_is_final",
                fields=[
                    "call",
                    "programme",
                    "conditions",
                    "base",
                    "reason",
                    "proposed_by",
                    "proposed_at",
                ],
            ),
            pgtrigger.Protect(name="proposed_changes_are_not_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.target}, {self.proposed_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("admin:proposals_proposedchange_change", args=[self.pk])

    @property
    def target(self) -> Call | Programme:
        target = self.call or self.programme
        assert target is not None  # noqa: S101 -- the database sees to it
        return target

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0
