"""Signed documents of versions: receipts, proposal PDFs and letters."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from calls.triggers import final
from proposals.models.version import Version


class TimestampStatus(models.TextChoices):
    """Whether another service says when a document was sealed (RFC 3161)."""

    NONE = "none", _("none: this portal uses no time-stamp service")
    IN_SEAL = "in-seal", _("in the seal")
    PENDING = "pending", _("pending: the service was unavailable")


class SealedDocumentQuerySet(models.QuerySet["SealedDocument"]):
    def newest_of(self, version: Version) -> "SealedDocument | None":
        """The edition that is handed out."""
        return self.filter(version=version).order_by("-edition").first()


class _WithoutPdf(models.Manager["SealedDocument"]):
    def get_queryset(self) -> SealedDocumentQuerySet:
        """Lists ask whether there is one; the file itself is fetched by who sends it."""
        return SealedDocumentQuerySet(self.model, using=self._db).defer("pdf")


class SealedDocument(models.Model):
    """An edition of a sealed PDF of a version, with the same evidence in each; the newest is handed out.

    Each `cause` makes one at most, whatever was killed on the way: the submission itself, a time stamp
    that came later, an operator who had all of a call made again.
    """

    PREFIX: ClassVar[str]
    SUBMISSION = "submission"

    version = models.ForeignKey(Version, models.PROTECT, related_name="%(class)s_editions")
    edition = models.PositiveSmallIntegerField(default=1)
    cause = models.CharField(max_length=40, default=SUBMISSION)
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64, db_index=True)
    sealed_at = models.DateTimeField()
    timestamp_status = models.CharField(
        max_length=10, choices=TimestampStatus, default=TimestampStatus.NONE
    )

    objects = _WithoutPdf.from_queryset(SealedDocumentQuerySet)()

    class Meta:
        abstract = True
        ordering = ["-edition"]
        constraints = [
            models.UniqueConstraint(
                name="one_%(class)s_of_each_edition", fields=["version", "edition"]
            ),
            models.UniqueConstraint(name="one_%(class)s_for_a_cause", fields=["version", "cause"]),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} of {self.version}"

    @property
    def file_name(self) -> str:
        return f"{self.PREFIX}-{self.version.proposal.number}-v{self.version.number}.pdf"


class Receipt(SealedDocument):
    """What proves a version: when it was received, under which hash, and where it is in the log."""

    PREFIX = "receipt"

    class Meta(SealedDocument.Meta):
        triggers = [final("receipts_are_final")]


class ProposalPdf(SealedDocument):
    """The whole proposal of a version as a person reads it."""

    PREFIX = "proposal"

    class Meta(SealedDocument.Meta):
        triggers = [final("proposal_pdfs_are_final")]


class Letter(SealedDocument):
    """The letter about a decision. Its cause is "decision:" and the decision's number."""

    PREFIX = "letter"

    class Meta(SealedDocument.Meta):
        triggers = [final("letters_are_final")]
