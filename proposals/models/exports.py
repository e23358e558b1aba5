"""What officers take out of the portal, made by a worker and kept for a short time."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from foundation import clock

EXPORT_RETENTION = timedelta(days=2)


class Export(models.Model):
    """A file made of chosen versions, for the person who asked. `claimed_at` is plumbing, and real time."""

    class Kind(models.TextChoices):
        CSV = "csv", _("Table as CSV")
        XLSX = "xlsx", _("Table as XLSX (Excel, LibreOffice)")
        JSON = "json", _("Table as JSON")
        FILES = "files", _("All files as ZIP, with hashes")
        BUNDLE = "bundle", _("Audit bundle as ZIP, with a verification program")

    class State(models.TextChoices):
        DUE = "due", _("queued")
        RUNNING = "running", _("in progress")
        DONE = "done", _("ready")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")
        GONE = "gone", _("expired")

    kind = models.CharField(max_length=8, choices=Kind)
    versions = ArrayField(models.BigIntegerField())
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    done = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(null=True)
    path = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(null=True, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="a_made_export_has_a_file",
                condition=~Q(state="done") | (Q(made_at__isnull=False) & ~Q(path="")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.requested_at:%Y-%m-%d %H:%M} UTC"

    @property
    def total(self) -> int:
        return len(self.versions)

    @property
    def is_under_way(self) -> bool:
        return self.state in {self.State.DUE, self.State.RUNNING}

    @property
    def can_be_fetched(self) -> bool:
        """The link works for two days after the file was made."""
        is_made = self.state == self.State.DONE and self.made_at is not None
        return is_made and clock.now() < self.made_at + EXPORT_RETENTION  # type: ignore[operator]
