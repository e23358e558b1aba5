"""What was handed in, frozen, and what the rules said of it."""

import json
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import Combinable
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.eligibility import Outcome, Verdict
from calls.eligibility.facts import Audience
from calls.models import AppliedConditions
from calls.triggers import final
from proposals.models import triggers
from proposals.models.proposal import IndividualExtension, Proposal

if TYPE_CHECKING:
    from proposals.models.sealed_documents import Receipt


class VersionQuerySet(models.QuerySet["Version"]):
    def open_to_officers(self, moment: datetime | Combinable) -> "VersionQuerySet":
        """Only what the effective deadline of its proposal has passed for: before, it is sealed.

        Asked as two conditions: the greater of two dates would be computed for every row.
        """
        later = IndividualExtension.objects.filter(proposal=OuterRef("proposal"), until__gt=moment)
        return self.filter(~Exists(later), proposal__strand__call__deadline__lte=moment)

    def open_to(
        self, officer: User | Combinable, moment: datetime | Combinable
    ) -> "VersionQuerySet":
        """What this officer may read: nothing sealed, and no case in which they have an interest."""
        return self.open_to_officers(moment).exclude(proposal__conflicts__officer=officer)

    def rehearsed_in(self, rehearsal: int | None) -> "VersionQuerySet":
        """Those of the rehearsal with this key; without one those of real calls, never of both."""
        if rehearsal is None:
            return self.filter(proposal__strand__call__rehearsal_of=None)
        return self.filter(
            proposal__strand__call=rehearsal, proposal__strand__call__rehearsal_of__isnull=False
        )

    def current(self) -> "VersionQuerySet":
        return self.filter(current_of__isnull=False)

    def with_latest_verdict(self) -> "VersionQuerySet":
        """Each with outcome and rules of its newest verdict for officers; empty while that is being made."""
        newest = VerdictRecord.objects.for_officers().filter(version=OuterRef("pk"))
        newest = newest.order_by("-pk")
        return self.annotate(
            latest_outcome=models.Subquery(newest.values("outcome")[:1]),
            latest_rules=models.Subquery(newest.values("rules_not_met")[:1]),
        )

    def being_checked(self) -> "VersionQuerySet":
        """Those that count and have no verdict for officers yet."""
        data = VerdictRecord.objects.for_officers().filter(version=OuterRef("pk"))
        return self.current().filter(~Exists(data))


class Version(models.Model):
    """What was handed in: bytes that never change.

    `dossier` is canonical JSON (RFC 8785) and `sha256` its hash. `received_at` is when the request
    had fully arrived at the portal's edge, and what the deadline is compared with; `committed_at` is
    when the portal had stored it. `circumstances` holds the facts that the dossier itself does not
    have, so that the verdict can be replayed.
    """

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    dossier = models.TextField()
    sha256 = models.CharField(max_length=64)
    acronym = models.TextField(blank=True, help_text="Of the dossier, for lists.")
    circumstances = models.JSONField()
    acknowledged = models.JSONField(default=list)
    countries = ArrayField(models.CharField(max_length=2), default=list)
    organisations = ArrayField(models.BigIntegerField(), default=list)
    received_at = models.DateTimeField()
    committed_at = models.DateTimeField()
    submitted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    idempotency_key = models.UUIDField()

    # Set in the request that made the version, so that its page need not ask for it again.
    initial_verdict: "VerdictRecord | None" = None
    # Whether the click that was given this version meant it; False for an old page that was sent again.
    is_of_this_click = True

    latest_outcome: str | None
    latest_rules: list[str] | None

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "proposals"
        ordering = ["proposal_id", "-number"]
        constraints = [
            models.UniqueConstraint(
                name="one_version_for_each_number", fields=["proposal", "number"]
            ),
            models.UniqueConstraint(
                name="one_version_for_each_click", fields=["proposal", "idempotency_key"]
            ),
            models.CheckConstraint(
                name="a_version_is_received_before_it_is_committed",
                condition=Q(received_at__lte=F("committed_at")),
            ),
        ]
        triggers = [
            triggers.VERSION_IS_IN_TIME,
            triggers.VERSION_IS_RECEIVED_BY_THE_CLOCK,
            triggers.VERSION_MATCHES_ITS_HASH,
            triggers.VERSION_HAS_THE_DECLARATION,
            triggers.LAST_VERSION_BECOMES_CURRENT,
            final("versions_are_final"),
        ]

    def __str__(self) -> str:
        return f"{self.proposal.number} version {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("proposals:version", args=[self.proposal.number, self.number])

    @cached_property
    def document(self) -> dict[str, Any]:
        """The dossier, read."""
        results: dict[str, Any] = json.loads(self.dossier)
        return results

    @property
    def title(self) -> str:
        """The acronym, or the title of a proposal without one."""
        return self.acronym or title_in(self.document)

    @property
    def receipt(self) -> "Receipt | None":
        """The newest edition, if it is made; lists prefetch `receipt_editions`."""
        return next(iter(self.receipt_editions.all()), None)

    @property
    def url(self) -> str:
        """The address that the receipt shows."""
        return settings.BASE_URL + self.get_absolute_url()


def title_in(dossier: dict[str, Any]) -> str:
    """The acronym in a dossier, or the title of a proposal without one."""
    summary = dossier["summary"]
    return str(summary["acronym"] or summary["title"])


class VerdictRecordQuerySet(models.QuerySet["VerdictRecord"]):
    def for_officers(self) -> "VerdictRecordQuerySet":
        """Without those for applicants, which are made at submission and know no other proposals."""
        return self.filter(audience=Audience.OFFICER.value)

    def newest_for_officers(self) -> "VerdictRecordQuerySet":
        """Of each version the last one for officers, found for all versions at once."""
        later = VerdictRecord.objects.for_officers().filter(
            version=OuterRef("version"), pk__gt=OuterRef("pk")
        )
        return self.for_officers().filter(~Exists(later)).order_by()


class VerdictRecord(models.Model):
    """The verdict on a version. A later one is stored beside the first, never instead.

    Facts, rule set and country set are those that it was made by, so that it can be replayed; only
    verdicts that are older than this guarantee lack them.
    """

    class AudienceChoices(models.TextChoices):
        APPLICANT = Audience.APPLICANT.value, _("Applicant")
        OFFICER = Audience.OFFICER.value, _("Officer")

    class OutcomeChoices(models.TextChoices):
        PASS = Outcome.PASS.value, _("All rules met")
        NEEDS_REVIEW = Outcome.NEEDS_REVIEW.value, _("Needs review")
        INELIGIBLE = Outcome.INELIGIBLE.value, _("Rules not met")
        INADMISSIBLE = Outcome.INADMISSIBLE.value, _("Not admissible")

    version = models.ForeignKey(Version, models.PROTECT, related_name="verdicts", db_index=False)
    audience = models.CharField(max_length=10, choices=AudienceChoices)
    outcome = models.CharField(max_length=12, choices=OutcomeChoices)
    rules_not_met = ArrayField(models.CharField(max_length=40), default=list)
    by_rule = models.JSONField(
        default=dict, help_text="The worst outcome of each rule, for figures over many."
    )
    content = models.JSONField()
    made_at = models.DateTimeField()
    cause = models.TextField(blank=True, help_text="Why it was made beside an earlier one.")
    facts = models.JSONField(null=True)
    facts_digest = models.CharField(max_length=71, blank=True)
    rule_set = models.ForeignKey(
        AppliedConditions, models.PROTECT, null=True, related_name="+", db_index=False
    )
    country_set = models.ForeignKey(
        AppliedConditions, models.PROTECT, null=True, related_name="+", db_index=False
    )

    objects = VerdictRecordQuerySet.as_manager()

    class Meta:
        ordering = ["version_id", "pk"]
        constraints = [
            models.CheckConstraint(
                name="a_verdict_has_its_conditions",
                condition=Q(
                    facts__isnull=True,
                    rule_set__isnull=True,
                    country_set__isnull=True,
                    facts_digest="",
                )
                | Q(
                    facts__isnull=False,
                    rule_set__isnull=False,
                    country_set__isnull=False,
                    facts_digest__startswith="sha256:",
                ),
            ),
            models.UniqueConstraint(
                name="one_verdict_for_each_cause", fields=["version", "audience", "cause"]
            ),
        ]
        indexes = [
            models.Index("version", F("id").desc(), include=["outcome"], name="newest_verdict")
        ]
        triggers = [
            final("verdicts_are_final"),
            triggers.refreshes_case_state("verdict", condition="NEW.audience = 'officer'"),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.outcome}"

    @property
    def verdict(self) -> Verdict:
        return Verdict.from_json(self.content)
