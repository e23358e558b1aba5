"""Who has a call published, and who else says yes to it."""

from django.db import models
from django.db.models import F, Q

from applicants.models import User
from calls.models import Call


class Publication(models.Model):
    """A call manager asks for a call to be published; it is when a different officer has said yes."""

    call = models.OneToOneField(Call, models.PROTECT, related_name="publication")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="publishing_needs_two_people",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="a_confirmation_has_a_time",
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Publication of {self.call}"
