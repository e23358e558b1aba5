"""Publications and extensions of a call that a second officer must confirm."""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from applicants.models import User
from calls.models import Call, Extension, Incident


class PublicationRequest(models.Model):
    """A call manager asks for a call to be published; it is when a different officer has said yes."""

    call = models.OneToOneField(Call, models.PROTECT, related_name="publication")
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="publishing_needs_two_people",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="a_confirmation_has_a_time",
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="confirmed_publications_are_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__confirmed_by__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Publication of {self.call}"


class ProposedExtension(models.Model):
    """A call manager wants a later deadline for everybody; it moves when a different officer has confirmed.

    At most one of a call waits. `extension` is what the confirmation made.
    """

    call = models.ForeignKey(Call, models.PROTECT, related_name="proposed_extensions")
    until = models.DateTimeField()
    reason = models.TextField()
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="+")
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    extension = models.OneToOneField(Extension, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_extension_of_a_call_is_pending",
                fields=["call"],
                condition=Q(extension__isnull=True),
            ),
            models.CheckConstraint(
                name="an_extension_for_all_needs_two_people",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="a_confirmed_extension_names_its_record",
                condition=Q(
                    confirmed_by__isnull=True, confirmed_at__isnull=True, extension__isnull=True
                )
                | Q(
                    confirmed_by__isnull=False, confirmed_at__isnull=False, extension__isnull=False
                ),
            ),
            models.CheckConstraint(
                name="a_proposed_extension_has_a_reason", condition=Q(reason__regex=r"\S")
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="confirmed_extensions_are_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__extension__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.call}: {self.until:%Y-%m-%d %H:%M} UTC"
