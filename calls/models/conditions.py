"""Changes of what proposals are judged by, and the conditions that verdicts were made with."""

from typing import Any

from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Cast

from calls import triggers
from calls.eligibility.country_names import NAMES
from calls.eligibility.rules import title_of
from calls.models.call import Call
from calls.models.participation import Programme


class ConditionChangeQuerySet(models.QuerySet["ConditionChange"]):
    def published_for(self, call: Call) -> "ConditionChangeQuerySet":
        """Changes that the call page shows: two people made them since the publication; oldest first."""
        of_both = self.filter(Q(call=call) | Q(programme=call.programme_id))
        return of_both.exclude(confirmed_by="").order_by("made_at")


class ConditionChange(models.Model):
    """A change of what proposals are judged by: a call's rules, or a programme's countries.

    The history of both: the entries before and after, the reason, the person and the time. Triggers
    refuse a change of rules or countries without such a row, and any change of the row itself.
    `made_by` is a text, because users are in a layer above.
    """

    call = models.ForeignKey(Call, models.PROTECT, null=True, blank=True, related_name="changes")
    programme = models.ForeignKey(
        Programme, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    before = models.JSONField(help_text="What was there: entries that were changed or removed.")
    after = models.JSONField(help_text="What is there now: entries that were changed or added.")
    reason = models.TextField()
    made_by = models.CharField(max_length=200)
    confirmed_by = models.CharField(
        max_length=200, blank=True, help_text="The second person, where the call is published."
    )
    made_at = models.DateTimeField()
    transaction = models.CharField(
        max_length=30,
        editable=False,
        db_default=Cast(Func(function="pg_current_xact_id"), models.CharField()),
    )

    objects = ConditionChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="a_change_is_of_rules_or_of_countries",
                condition=Q(call__isnull=False) ^ Q(programme__isnull=False),
            ),
            models.CheckConstraint(name="a_change_has_a_reason", condition=Q(reason__regex=r"\S")),
        ]
        indexes = [models.Index(name="change_in_transaction", fields=["transaction"])]
        triggers = [
            triggers.PUBLISHED_CONDITIONS_NEED_TWO_PEOPLE,
            triggers.final("changes_are_final"),
        ]

    def __str__(self) -> str:
        return f"{self.call or self.programme}, {self.made_at:%Y-%m-%d}"

    @property
    def subjects(self) -> list[str]:
        """Titles of the rules, or names of the countries, that were changed, added or removed."""
        gone = [entry for entry in self.before if entry not in self.after]
        new = [entry for entry in self.after if entry not in self.before]
        return list(dict.fromkeys(_subject_of(entry) for entry in [*gone, *new]))

    @property
    def entries(self) -> int:
        """How many rules, or countries under one legal basis, were changed, added or removed."""
        named = ("rule", "country", "gate")
        return len({tuple(map(item.get, named)) for item in [*self.before, *self.after]})


def _subject_of(entry: dict[str, Any]) -> str:
    if "rule" not in entry:
        code = str(entry["country"])
        return NAMES.get(code, code)
    return title_of(str(entry["rule"]))


class AppliedConditions(models.Model):
    """A rule set or a country set by which verdicts were made, stored permanently under its content hash.

    `content` is canonical JSON (RFC 8785): what `RuleSet.as_json` or `CountrySet.as_json` gave.
    """

    digest = models.CharField(max_length=71, primary_key=True)
    content = models.TextField()

    class Meta:
        verbose_name_plural = "applied conditions"
        triggers = [
            triggers.CONDITIONS_MATCH_THEIR_HASH,
            triggers.final("applied_conditions_are_final"),
        ]

    def __str__(self) -> str:
        return self.digest
