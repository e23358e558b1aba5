"""The offset of the demonstration's clock, and how far machines' clocks are off."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from foundation import clock


class ClockOffset(models.Model):
    """How far the portal clock is ahead of real time, for all processes: one row, demo only."""

    offset = models.DurationField(default=timedelta)

    class Meta:
        constraints = [models.CheckConstraint(name="one_clock_for_all", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.offset)

    @classmethod
    def current(cls) -> timedelta:
        row = cls.objects.filter(pk=1).values_list("offset", flat=True).first()
        return row or timedelta()


class ClockReading(models.Model):
    """How far a machine's clock was behind the database's when a process of it last looked. Plumbing."""

    machine = models.CharField(max_length=100)
    process = models.CharField(max_length=10)
    behind = models.DurationField()
    read_at = models.DateTimeField(help_text="By the database's clock.")

    class Meta:
        ordering = ["machine", "process"]
        constraints = [
            models.UniqueConstraint(
                name="a_clock_is_read_once_for_each_process", fields=["machine", "process"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.machine} {self.process}: {self.behind}"

    @property
    def is_off(self) -> bool:
        return abs(self.behind) > clock.MAX_SKEW
