"""Extensions of a call's deadline, and the incidents that they refer to."""

from django.db import models
from django.db.models import F, Q

from calls import triggers
from calls.models.call import Call


class Incident(models.Model):
    """A time in which the portal could not be used as it should, on record for extensions to cite."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="incidents")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    text = models.TextField(help_text="What did not work. May be shown to applicants.")
    recorded_by = models.CharField(max_length=120)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.CheckConstraint(
                name="an_incident_ends_after_it_began", condition=Q(ended_at__gt=F("began_at"))
            ),
            models.CheckConstraint(name="an_incident_has_a_text", condition=Q(text__regex=r"\S")),
        ]
        triggers = [triggers.final("incidents_are_final")]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} to {self.ended_at:%H:%M} UTC"


class Extension(models.Model):
    """A later deadline for the whole call: what it was, what it is, and why. Never changed."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="extensions")
    old_deadline = models.DateTimeField()
    new_deadline = models.DateTimeField()
    reason = models.TextField()
    decided_by = models.CharField(max_length=200, help_text="Whoever decided, by office.")
    confirmed_by = models.CharField(
        max_length=200, blank=True, help_text="The second person, where the call is published."
    )
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["call_id", "new_deadline"]
        constraints = [
            models.CheckConstraint(
                name="an_extension_is_later", condition=Q(new_deadline__gt=F("old_deadline"))
            ),
            models.CheckConstraint(name="an_extension_has_a_reason", condition=~Q(reason="")),
        ]
        triggers = [
            triggers.EXTENSION_STARTS_FROM_DEADLINE,
            triggers.PUBLISHED_DEADLINE_NEEDS_TWO_PEOPLE,
            triggers.final("extensions_are_final"),
        ]

    def __str__(self) -> str:
        return f"{self.call}: {self.new_deadline:%Y-%m-%d}"
