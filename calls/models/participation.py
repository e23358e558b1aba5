"""A programme, and the countries that take part in it."""

from datetime import datetime
from functools import lru_cache

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from calls import triggers
from calls.eligibility import CountrySet
from calls.eligibility.countries import Participation
from foundation import clock


class Programme(models.Model):
    """A programme of the Union, with the countries that take part in it.

    The database moves `changed_at` (real time) whenever a participation row changes.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    legal_basis = models.CharField(max_length=200)
    changed_at = models.DateTimeField(default=clock.real_now, editable=False)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    def country_set(self) -> CountrySet:
        """The participations as the rules know them, read once for each change of a row."""
        return _country_set_of(self.pk, self.changed_at)


@lru_cache(maxsize=32)
def _country_set_of(programme: int, changed_at: datetime) -> CountrySet:
    rows = CountryParticipation.objects.filter(programme=programme)
    return CountrySet(row.as_value() for row in rows)


class CountryParticipation(models.Model):
    """The legal basis on which a country counts, from its first to its last day, both inclusive."""

    class LegalBasis(models.TextChoices):
        MEMBER_STATE = "member-state", _("Member State of the European Union")
        EEA = "a", _("Article 6, point (a): European Economic Area")
        CANDIDATE = "b", _("Article 6, point (b): candidate or potential candidate")
        NEIGHBOURHOOD = "c", _("Article 6, point (c): European neighbourhood")

    programme = models.ForeignKey(Programme, models.CASCADE, related_name="participation")
    country = models.CharField(max_length=2, help_text="EU code: EL for Greece, UK, XK.")
    legal_basis = models.CharField(max_length=12, choices=LegalBasis)
    signed_on = models.DateField(null=True, blank=True)
    in_force_on = models.DateField(null=True, blank=True)
    counts_until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["programme_id", "country", "in_force_on"]
        verbose_name_plural = "country participation"
        constraints = [
            models.UniqueConstraint(
                name="one_participation_row_for_each_start",
                fields=["programme", "country", "in_force_on"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_participation_is_signed_or_in_force",
                condition=Q(signed_on__isnull=False) | Q(in_force_on__isnull=False),
            ),
            models.CheckConstraint(
                name="a_participation_ends_after_it_starts",
                condition=Q(counts_until__isnull=True) | Q(counts_until__gte=F("in_force_on")),
            ),
        ]
        triggers = [
            triggers.PARTICIPATION_CHANGES_PROGRAMME,
            triggers.PARTICIPATION_CHANGES_FOR_A_REASON,
        ]

    def __str__(self) -> str:
        return f"{self.country} ({self.legal_basis})"

    def as_value(self) -> Participation:
        return Participation(
            country=self.country,
            gate=self.legal_basis,
            signed_on=self.signed_on,
            in_force_on=self.in_force_on,
            counts_until=self.counts_until,
            source=self.source,
        )

    @classmethod
    def from_value(cls, value: Participation, *, programme: Programme) -> "CountryParticipation":
        return cls(
            programme=programme,
            country=value.country,
            legal_basis=value.gate,
            signed_on=value.signed_on,
            in_force_on=value.in_force_on,
            counts_until=value.counts_until,
            source=value.source,
        )
