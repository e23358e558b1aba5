"""Proposals as drafts: who takes part, what was written, which files belong to it."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import pgtrigger
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from applicants.models import Organisation, RowChange, SavedStep, User, answers_are_of_a_form
from applicants.triggers import no_officer
from calls.eligibility.facts import Control, Role
from calls.models import Call, Incident, Strand
from calls.triggers import final, final_but, log_row_before_change
from proposals.models import triggers

# Without vowels, so that no word appears, and without characters that look alike.
NUMBER_ALPHABET = "23456789BCDFGHJKMNPQRTVWXZ"


def new_number() -> str:
    """A proposal number that reveals nothing about how many there are, such as K7QM-2XTP."""
    text = "".join(secrets.choice(NUMBER_ALPHABET) for _place in range(8))
    return f"{text[:4]}-{text[4:]}"


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def of_consortium_member(self, user: User | Combinable) -> "ProposalQuerySet":
        """Proposals in which this person takes part, for an organisation or by invitation."""
        return self.filter(deleted_at=None).filter(takes_part(user))

    def led_by(self, user: User | Combinable) -> "ProposalQuerySet":
        """Proposals, deleted drafts too, whose coordinator this person acts for."""
        led = Participant.objects.filter(
            proposal=OuterRef("pk"),
            role=Role.COORDINATOR.value,
            organisation__memberships__user=user,
        )
        return self.filter(Exists(led))

    def with_role_of(self, user: User | Combinable) -> "ProposalQuerySet":
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

    def rehearsed_in(self, rehearsal: int | None) -> "ProposalQuerySet":
        """Those of the rehearsal with this key; without one those of real calls, never of both."""
        if rehearsal is None:
            return self.filter(strand__call__rehearsal_of=None)
        return self.filter(strand__call=rehearsal, strand__call__rehearsal_of__isnull=False)

    def sealed(self, moment: datetime | Combinable) -> "ProposalQuerySet":
        """Submitted ones whose deadline, or whose later one of their own, has not passed."""
        later = IndividualExtension.objects.filter(proposal=OuterRef("pk"), until__gt=moment)
        submitted = self.filter(current_version__isnull=False)
        return submitted.filter(Q(Exists(later)) | Q(strand__call__deadline__gt=moment))

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

    def with_acronym(self) -> "ProposalQuerySet":
        """For lists: each with the one section that says what it is called."""
        summaries = Section.objects.filter(step="summary")
        return self.prefetch_related(models.Prefetch("sections", summaries))


def takes_part(user: User | Combinable) -> Q:
    """For an organisation of the consortium, or by invitation."""
    for_organisation = Participant.objects.filter(organisation__memberships__user=user)
    invited = Collaborator.objects.filter(user=user)
    # Together, so that it starts from the few that are the person's, and not from all that there are.
    ours = (result.order_by().values("proposal") for result in (for_organisation, invited))
    return Q(pk__in=next(ours).union(next(ours)))


class Proposal(models.Model):
    """An application in one strand of one call, permanently: first a draft, then also its versions.

    The draft is in `sections`, `participants` and `files`; it is submitted because a version exists.
    `counting` is the version that counts, empty while there is none or it was withdrawn.
    """

    number = models.CharField(max_length=9, unique=True, default=new_number, editable=False)
    strand = models.ForeignKey(Strand, models.PROTECT, related_name="proposals")
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    current_version = models.OneToOneField(
        "Version", models.PROTECT, null=True, blank=True, related_name="current_of"
    )
    is_demonstration = models.BooleanField(default=False, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    effective_deadline: datetime
    coordinates: bool
    # What the person who asks is in it (`roles.Standing`), and whether this page is theirs to write.
    access: Any
    is_written_here: bool

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        triggers = [
            triggers.CURRENT_VERSION_IS_ITS_OWN,
            triggers.ONLY_DRAFTS_ARE_DELETED,
            pgtrigger.ReadOnly(
                name="proposal_identity_is_final", fields=["number", "started_at", "started_by"]
            ),
        ]

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

    @property
    def assigned(self) -> Any:
        """Whose case it is (`Assignment`), None while it is nobody's."""
        return getattr(self, "assignment", None)

    def is_open(self, moment: datetime) -> bool:
        opens_at = self.call.opens_at
        return opens_at is not None and opens_at <= moment < self.deadline


class DraftChange(RowChange):
    """A change of who takes part in a proposal, a text or a file of it; `owner` is the proposal."""

    class Meta(RowChange.Meta):
        indexes = [models.Index("owner", "at", name="changes_of_a_draft")]


def _logged(kind: str, condition: str = "") -> pgtrigger.Trigger:
    return log_row_before_change(
        "proposals_draftchange",
        kind=kind,
        owner="proposal_id",
        condition=condition,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    )


class Participant(models.Model):
    """An organisation in the consortium of a proposal.

    `key` names it in dossiers and findings ("p1") and is never given twice in a proposal. Another partner
    controls it where `controller` is set, another body where `controlled_by` has its name, else nobody.
    """

    class RoleChoices(models.TextChoices):
        COORDINATOR = Role.COORDINATOR.value, _("Coordinator")
        PARTNER = Role.PARTNER.value, _("Partner")
        ASSOCIATED = Role.ASSOCIATED.value, _("Associated partner")

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="participants")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="participations")
    key = models.CharField(max_length=6)
    role = models.CharField(max_length=12, choices=RoleChoices)
    controller = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+"
    )
    controlled_by = models.CharField(_("name of the other body"), max_length=250, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    agreed_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When its people agreed to take part. Before that, only name and country are shown.",
    )

    class Meta:
        ordering = ["proposal_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="an_organisation_is_in_a_consortium_once",
                fields=["proposal", "organisation"],
            ),
            models.UniqueConstraint(
                name="a_participant_key_is_used_once", fields=["proposal", "key"]
            ),
            models.UniqueConstraint(
                name="a_consortium_has_one_coordinator",
                fields=["proposal"],
                condition=Q(role=Role.COORDINATOR.value),
            ),
            models.CheckConstraint(
                name="a_partner_or_another_body_controls_an_organisation",
                condition=Q(controller=None) | Q(controlled_by=""),
            ),
            models.CheckConstraint(
                name="no_organisation_controls_itself",
                condition=Q(controller=None) | ~Q(controller=F("organisation")),
            ),
        ]
        triggers = [
            _logged("participant"),
            pgtrigger.ReadOnly(
                name="participant_identity_is_final", fields=["proposal", "organisation", "key"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.organisation}"

    @property
    def has_agreed(self) -> bool:
        return self.agreed_at is not None

    @property
    def control(self) -> Control:
        if self.controller_id is not None:
            return Control.PARTNER
        return Control.OTHER if self.controlled_by else Control.NOBODY

    @property
    def applies(self) -> bool:
        return self.role != Role.ASSOCIATED.value

    @property
    def is_coordinator(self) -> bool:
        return self.role == Role.COORDINATOR.value


class Section(SavedStep):
    """One step of a draft; a description belongs to one participant."""

    key_fields = ("proposal_id", "step", "participant_id")

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
            ),
            answers_are_of_a_form("section"),
        ]
        triggers = [triggers.SAVED_TEXTS_ARE_LOGGED, _logged("section")]


class StoredPdf(models.Model):
    """A PDF that somebody uploaded, kept by its hash.

    Where a virus scanner is configured, nobody can open it before it has passed.
    """

    class Scan(models.TextChoices):
        NONE = "none", _("not scanned for viruses")
        WAITING = "waiting", _("waiting for the virus scan")
        PASSED = "passed", _("no virus found")
        INFECTED = "infected", _("virus found")

    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(help_text="Bytes.")
    pages = models.PositiveIntegerField()
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    scan = models.CharField(max_length=8, choices=Scan, default=Scan.NONE, editable=False)
    claimed_at = models.DateTimeField(null=True, help_text="By a worker that scans; real time.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        return path_of(self.sha256)

    @property
    def download_name(self) -> str:
        """A name by which a reader's computer opens it as a PDF: the bytes may be something else as well."""
        return self.name if self.name.lower().endswith(".pdf") else f"{self.name}.pdf"

    @property
    def can_be_opened(self) -> bool:
        return self.scan in {self.Scan.NONE, self.Scan.PASSED}

    def open(self) -> Any:
        return default_storage.open(self.path)


class ProposalFile(StoredPdf):
    """A PDF of the proposal. Replacing keeps the earlier file."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="files")
    slot = models.SlugField(max_length=40, help_text="The deliverable that it belongs to.")
    replaced_at = models.DateTimeField(null=True, blank=True)

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
            _logged("file", "OLD.replaced_at IS DISTINCT FROM NEW.replaced_at"),
            triggers.FILES_ARE_NOT_DELETED,
            final_but("file_content_is_final", changing=["scan", "claimed_at", "replaced_at"]),
        ]


def path_of(sha256: str) -> str:
    return f"uploads/{sha256[:2]}/{sha256}.pdf"


class IndividualExtension(models.Model):
    """A later deadline for one proposal: until when, why, and who granted it."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="extensions")
    until = models.DateTimeField()
    reason = models.TextField()
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="+")
    granted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()

    class Meta:
        ordering = ["proposal_id", "until"]
        constraints = [
            models.CheckConstraint(
                name="an_individual_extension_has_a_reason", condition=Q(reason__regex=r"\S")
            )
        ]
        triggers = [final("individual_extensions_are_final")]

    def __str__(self) -> str:
        """Without the proposal: it may be sealed still."""
        return f"Extension until {self.until:%Y-%m-%d %H:%M} UTC"


class Collaborator(models.Model):
    """A person who takes part by invitation: writes for one partner, or reads."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="collaborators")
    user = models.ForeignKey(User, models.CASCADE, related_name="collaborations")
    participant = models.ForeignKey(
        Participant,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="collaborators",
        help_text="For whom this person writes; nobody for one who reads.",
    )
    joined_at = models.DateTimeField()

    class Meta:
        ordering = ["joined_at"]
        constraints = [
            models.UniqueConstraint(
                name="a_person_collaborates_once_for_each_partner",
                fields=["proposal", "user", "participant"],
                nulls_distinct=False,
            )
        ]
        triggers = [
            no_officer("no_officer_takes_part_by_invitation"),
            pgtrigger.ReadOnly(
                name="collaborator_identity_is_final",
                fields=["proposal", "user", "participant"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.proposal}"
