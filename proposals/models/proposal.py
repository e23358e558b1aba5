"""Proposals as drafts, their frozen versions, verdicts and receipts."""

import json
import secrets
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from applicants.models import Organisation, SavedStep, User
from calls.eligibility import Outcome, Verdict
from calls.eligibility.facts import Audience, Role
from calls.models import AppliedConditions, Call, Strand
from proposals import guards

# Without vowels, so that no word appears, and without signs that look alike.
NUMBER_ALPHABET = "23456789BCDFGHJKMNPQRTVWXZ"

if TYPE_CHECKING:
    from proposals.models.records import Receipt


def new_number() -> str:
    """A proposal number that tells nothing about how many there are, such as K7QM-2XTP."""
    signs = "".join(secrets.choice(NUMBER_ALPHABET) for _place in range(8))
    return f"{signs[:4]}-{signs[4:]}"


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def of_consortium_member(self, user: User) -> "ProposalQuerySet":
        """Proposals in which this person takes part, for an organisation or by invitation."""
        return self.filter(deleted_at=None).filter(_takes_part(user))

    def led_by(self, user: User) -> "ProposalQuerySet":
        """Proposals, deleted drafts too, whose coordinator this person acts for."""
        led = Participant.objects.filter(
            proposal=OuterRef("pk"),
            role=Role.COORDINATOR.value,
            organisation__memberships__user=user,
        )
        return self.filter(Exists(led))

    def with_role_of(self, user: User) -> "ProposalQuerySet":
        """Those in which this person takes part, once for each organisation that it acts for there.

        `coordinates` says whether that organisation is the coordinator. Deleted drafts are not among them.
        """
        return (
            self.filter(participants__organisation__memberships__user=user, deleted_at=None)
            .annotate(
                coordinates=ExpressionWrapper(
                    Q(participants__role=Role.COORDINATOR.value), output_field=models.BooleanField()
                )
            )
            .order_by(F("coordinates").desc())
        )

    def readable_by(self, user: User, moment: datetime) -> "ProposalQuerySet":
        """The consortium's people always; officers once its own deadline has passed, no one else."""
        condition: Q = _takes_part(user)
        if user.is_active and user.is_staff and user.has_perm("proposals.view_version"):
            submitted = Exists(Version.objects.filter(proposal=OuterRef("pk")))
            condition |= Q(effective_deadline__lte=moment) & Q(submitted)
        return self.with_deadline().filter(condition, deleted_at=None)

    def with_deadline(self) -> "ProposalQuerySet":
        """Each with its own effective deadline: the call's, or a later individual one."""
        own = (
            IndividualExtension.objects.filter(proposal=OuterRef("pk"))
            .order_by("-until")
            .values("until")[:1]
        )
        return self.annotate(
            effective_deadline=Greatest("strand__call__deadline", models.Subquery(own))
        )

    def near_deadline(self, moment: datetime, within: timedelta) -> "ProposalQuerySet":
        """Open ones whose own deadline comes within a time."""
        until = moment + within
        return self.open_at(moment).filter(Q(effective_deadline__lte=until))

    def open_at(self, moment: datetime) -> "ProposalQuerySet":
        """Those whose own deadline has not passed: their drafts can still be edited."""
        return self.with_deadline().filter(Q(effective_deadline__gt=moment))

    def with_page_parts(self) -> "ProposalQuerySet":
        return self.with_deadline().select_related("strand__call__programme")

    def with_draft_parts(self, *, files: bool = True) -> "ProposalQuerySet":
        """Everything that a draft is made of, for many proposals in a fixed number of queries."""
        participants = Participant.objects.select_related("organisation").prefetch_related(
            "organisation__profile_sections"
        )
        found = self.prefetch_related(
            models.Prefetch("participants", queryset=participants),
            "sections",
            "strand__deliverables",
        )
        if not files:
            return found
        present = ProposalFile.objects.filter(replaced_at=None)
        return found.prefetch_related(models.Prefetch("files", queryset=present))

    def with_counting_version(self) -> "ProposalQuerySet":
        """For lists: each with the version that counts, without the text of it."""
        return self.select_related("counting").defer(
            "counting__dossier", "counting__circumstances", "counting__acknowledged"
        )


def _takes_part(user: User) -> Q:
    """For an organisation of the consortium, or by invitation."""
    for_organisation = Participant.objects.filter(
        proposal=OuterRef("pk"), organisation__memberships__user=user
    )
    invited = User.objects.filter(pk=user.pk, collaborations__proposal=OuterRef("pk"))
    return Q(Exists(for_organisation)) | Q(Exists(invited))


class Proposal(models.Model):
    """An answer to one strand of one call, for ever: first a draft, then also its versions.

    The draft is in `sections`, `participants` and `files`; it is submitted because a version exists.
    `counting` is the version that counts, empty while there is none or it was withdrawn.
    """

    number = models.CharField(max_length=9, unique=True, default=new_number, editable=False)
    strand = models.ForeignKey(Strand, models.PROTECT, related_name="proposals")
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    counting = models.OneToOneField(
        "Version", models.PROTECT, null=True, blank=True, related_name="counts_for"
    )
    is_demonstration = models.BooleanField(default=False, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    effective_deadline: datetime
    coordinates: bool
    # What the person who asks is in it (`roles.Standing`), and whether this page is theirs to write.
    standing: Any
    is_written_here: bool

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        triggers = [guards.COUNTING_VERSION_IS_ITS_OWN, guards.ONLY_DRAFTS_ARE_DELETED]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("proposals:proposal", args=[self.number])

    @property
    def call(self) -> Call:
        return self.strand.call

    @property
    def deadline(self) -> datetime:
        """The effective deadline; without a query where the queryset has annotated it."""
        annotated = self.__dict__.get("effective_deadline")
        if annotated is not None:
            return annotated
        own = self.extensions.order_by("-until").values_list("until", flat=True).first()
        return max(self.call.deadline, own) if own else self.call.deadline

    def is_open(self, moment: datetime) -> bool:
        opens_at = self.call.opens_at
        return opens_at is not None and opens_at <= moment < self.deadline


class Participant(models.Model):
    """An organisation in the consortium of a proposal.

    `key` names it in dossiers and findings ("p1") and is never given twice in a proposal.
    """

    class RoleChoices(models.TextChoices):
        COORDINATOR = Role.COORDINATOR.value, _("Coordinator")
        PARTNER = Role.PARTNER.value, _("Partner")
        ASSOCIATED = Role.ASSOCIATED.value, _("Associated partner, at its own cost")

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="participants")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="participations")
    key = models.CharField(max_length=6)
    role = models.CharField(max_length=12, choices=RoleChoices)
    controlled_by = models.CharField(
        _("controlled by"),
        max_length=200,
        blank=True,
        help_text=_("The name of another partner or body that controls this organisation, if any."),
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["proposal_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="an_organisation_is_in_a_consortium_once",
                fields=["proposal", "organisation"],
            ),
            models.UniqueConstraint(
                name="a_participant_key_is_given_once", fields=["proposal", "key"]
            ),
            models.UniqueConstraint(
                name="a_consortium_has_one_coordinator",
                fields=["proposal"],
                condition=Q(role=Role.COORDINATOR.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.organisation}"

    @property
    def applies(self) -> bool:
        return self.role != Role.ASSOCIATED.value

    @property
    def is_coordinator(self) -> bool:
        return self.role == Role.COORDINATOR.value


class Section(SavedStep):
    """One step of a draft; a description belongs to one participant."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="sections")
    participant = models.ForeignKey(
        Participant, models.CASCADE, null=True, blank=True, related_name="sections"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_section_for_each_step",
                fields=["proposal", "step", "participant"],
                nulls_distinct=False,
            )
        ]
        triggers = [guards.EVERY_SAVED_TEXT_IS_KEPT]


class ProposalFile(models.Model):
    """A PDF of the proposal, kept by its hash. Replacing keeps the earlier file.

    Where a virus scanner is configured, nobody can open a file before it has passed.
    """

    class Scan(models.TextChoices):
        NONE = "none", _("not scanned: no scanner is configured")
        WAITING = "waiting", _("waiting for the virus scanner")
        PASSED = "passed", _("passed the virus scanner")
        INFECTED = "infected", _("a virus was found in it")

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="files")
    slot = models.SlugField(max_length=40, help_text="The deliverable that it belongs to.")
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(help_text="Bytes.")
    pages = models.PositiveIntegerField()
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    replaced_at = models.DateTimeField(null=True, blank=True)
    scan = models.CharField(max_length=8, choices=Scan, default=Scan.NONE, editable=False)
    claimed_at = models.DateTimeField(null=True, help_text="By a worker that scans; real time.")

    class Meta:
        ordering = ["proposal_id", "slot", "uploaded_at"]
        constraints = [
            models.UniqueConstraint(
                name="one_file_in_each_slot",
                fields=["proposal", "slot"],
                condition=Q(replaced_at__isnull=True),
            )
        ]
        triggers = [
            pgtrigger.Protect(name="files_stay", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="files_keep_their_bytes",
                fields=["proposal", "slot", "name", "sha256", "size", "pages", "uploaded_at"],
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        return path_of(self.sha256)

    @property
    def can_be_opened(self) -> bool:
        return self.scan in {self.Scan.NONE, self.Scan.PASSED}

    def open(self) -> Any:
        return default_storage.open(self.path)


def path_of(sha256: str) -> str:
    return f"uploads/{sha256[:2]}/{sha256}.pdf"


class VersionQuerySet(models.QuerySet["Version"]):
    def open_to_officers(self, moment: datetime) -> "VersionQuerySet":
        """Only what the effective deadline of its proposal has passed for: before, it is sealed."""
        own = (
            IndividualExtension.objects.filter(proposal=OuterRef("proposal"))
            .order_by("-until")
            .values("until")[:1]
        )
        return self.annotate(
            effective_deadline=Greatest("proposal__strand__call__deadline", models.Subquery(own))
        ).filter(effective_deadline__lte=moment)

    def counting(self) -> "VersionQuerySet":
        return self.filter(counts_for__isnull=False)

    def with_latest_verdict(self) -> "VersionQuerySet":
        """Each with outcome and rules of its newest verdict, for lists and filters."""
        newest = StoredVerdict.objects.filter(version=OuterRef("pk")).order_by("-pk")
        return self.annotate(
            latest_outcome=models.Subquery(newest.values("outcome")[:1]),
            latest_rules=models.Subquery(newest.values("rules_not_met")[:1]),
        )

    def with_latest_outcome(self, outcome: str) -> "VersionQuerySet":
        found = self.with_latest_verdict()
        return found.filter(Q(latest_outcome=outcome))

    def with_rule_to_look_at(self, rule: str) -> "VersionQuerySet":
        """Whose newest verdict says more than "pass" by this rule."""
        found = self.with_latest_verdict()
        return found.filter(Q(latest_rules__contains=[rule]))


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
    circumstances = models.JSONField()
    acknowledged = models.JSONField(default=list)
    countries = ArrayField(models.CharField(max_length=2), default=list)
    organisations = ArrayField(models.BigIntegerField(), default=list)
    received_at = models.DateTimeField()
    committed_at = models.DateTimeField()
    submitted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    idempotency_key = models.UUIDField()

    # Set in the request that made the version, so that its page need not ask for it again.
    first_verdict: "StoredVerdict | None" = None

    latest_outcome: str | None
    latest_rules: list[str] | None

    objects = VersionQuerySet.as_manager()

    class Meta:
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
            guards.VERSION_IS_IN_TIME,
            guards.VERSION_IS_WHAT_WAS_HASHED,
            pgtrigger.Protect(
                name="versions_are_final", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proposal.number} version {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("proposals:version", args=[self.proposal.number, self.number])

    @cached_property
    def document(self) -> dict[str, Any]:
        """The dossier, read."""
        found: dict[str, Any] = json.loads(self.dossier)
        return found

    @property
    def title(self) -> str:
        """The acronym, or the title of a proposal without one."""
        summary = self.document["summary"]
        return str(summary["acronym"] or summary["title"])

    @property
    def receipt(self) -> "Receipt | None":
        """The newest edition, if it is made; lists prefetch `receipt_editions`."""
        return next(iter(self.receipt_editions.all()), None)

    @property
    def url(self) -> str:
        """The address that stands on the receipt."""
        return settings.BASE_URL + self.get_absolute_url()


class StoredVerdict(models.Model):
    """What the rules said of a version. A later one stands beside the first, never instead.

    Facts, rule set and country set are those that it was made by, so that it can be replayed; only
    verdicts that are older than this promise lack them.
    """

    class AudienceChoices(models.TextChoices):
        APPLICANT = Audience.APPLICANT.value, _("Applicant")
        OFFICER = Audience.OFFICER.value, _("Officer")

    class OutcomeChoices(models.TextChoices):
        PASS = Outcome.PASS.value, _("Eligible")
        OFFICER = Outcome.OFFICER.value, _("An officer decides")
        INELIGIBLE = Outcome.INELIGIBLE.value, _("Not eligible")
        INADMISSIBLE = Outcome.INADMISSIBLE.value, _("Not admissible")

    version = models.ForeignKey(Version, models.PROTECT, related_name="verdicts")
    audience = models.CharField(max_length=10, choices=AudienceChoices)
    outcome = models.CharField(max_length=12, choices=OutcomeChoices)
    rules_not_met = ArrayField(models.CharField(max_length=40), default=list)
    content = models.JSONField()
    made_at = models.DateTimeField()
    cause = models.CharField(
        max_length=200, blank=True, help_text="Why it was made beside an earlier one."
    )
    facts = models.JSONField(null=True)
    facts_digest = models.CharField(max_length=71, blank=True)
    rule_set = models.ForeignKey(
        AppliedConditions, models.PROTECT, null=True, related_name="+", db_index=False
    )
    country_set = models.ForeignKey(
        AppliedConditions, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["version_id", "pk"]
        constraints = [
            models.CheckConstraint(
                name="a_verdict_names_all_that_it_was_made_by",
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
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="verdicts_are_final", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.outcome}"

    @property
    def verdict(self) -> Verdict:
        return Verdict.from_json(self.content)


class IndividualExtension(models.Model):
    """A later deadline for one proposal: until when, why, and who granted it."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="extensions")
    until = models.DateTimeField()
    reason = models.TextField()
    granted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()

    class Meta:
        ordering = ["proposal_id", "until"]
        constraints = [
            models.CheckConstraint(
                name="an_individual_extension_has_a_reason", condition=Q(reason__regex=r"\S")
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="individual_extensions_are_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.proposal} until {self.until:%Y-%m-%d %H:%M} UTC"
