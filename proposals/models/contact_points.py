"""Contact points: offices that help in finding partners, and helpdesks."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.eligibility.countries import name_on
from foundation import clock
from proposals.models.languages import LANGUAGES


class ContactPoint(models.Model):
    """An office that helps: kept by the helpdesk, with the day on which somebody last checked it,
    if anybody has.

    Its country has no effect on eligibility.
    """

    class Kind(models.TextChoices):
        NETWORK = "network", _("Enterprise Europe Network")
        HELPDESK = "helpdesk", _("Helpdesk")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=150)
    country = models.CharField(
        _("country"),
        max_length=2,
        blank=True,
        help_text=_("Country code. Leave empty for all countries."),
    )
    region = models.CharField(_("region"), max_length=120, blank=True)
    town = models.CharField(_("town"), max_length=120, blank=True)
    languages = ArrayField(
        models.CharField(max_length=3), verbose_name=_("languages"), default=list, blank=True
    )
    email = models.EmailField(_("email address"), blank=True)
    telephone = models.CharField(_("telephone"), max_length=40, blank=True)
    website = models.URLField(_("website"), blank=True)
    text = models.TextField(_("purpose"), blank=True)
    checked_on = models.DateField(
        _("date checked"),
        null=True,
        blank=True,
        help_text=_("Leave empty if nobody has checked it yet."),
    )

    class Meta:
        ordering = ["country", "region", "name"]
        constraints = [
            models.UniqueConstraint(
                name="one_contact_point_of_a_name_in_a_place",
                fields=["kind", "name", "country", "region"],
            ),
            models.CheckConstraint(
                name="a_contact_point_can_be_reached",
                condition=~Q(email="", telephone="", website=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def language_names(self) -> list[str]:
        return [str(LANGUAGES.get(code, code)) for code in self.languages]

    @property
    def country_name(self) -> str:
        return name_on(self.country, clock.now().date()) if self.country else ""
