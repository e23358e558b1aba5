"""The log of what counts for proof: a Merkle tree whose order cannot be changed unnoticed."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from calls.triggers import final


class LedgerRecord(models.Model):
    """Something that belongs into the log, written in the transaction in which it happens.

    `content` is canonical JSON (RFC 8785) without personal data: the bytes whose hash is the leaf. A place in
    the log is given later and elsewhere, so that nobody waits for it.
    """

    class Kind(models.TextChoices):
        SUBMISSION = "submission", _("submission")
        WITHDRAWAL = "withdrawal", _("withdrawal")
        REFUSED = "refused", _("late submission refused")
        EXTENSION = "extension", _("extension of a deadline")
        DECISION = "decision", _("decision of an officer")
        REVIEW = "review", _("review of a decision")
        QUESTION = "question", _("clarification request")
        REPLY = "reply", _("clarification reply")
        LETTER = "letter", _("decision letter")
        KEY = "key", _("seal key")

    kind = models.CharField(max_length=12, choices=Kind)
    subject = models.CharField(max_length=90, unique=True, help_text="The row that it is about.")
    content = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        triggers = [final("ledger_records_are_final")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class LedgerEntry(models.Model):
    """The place of a note in the log, counted from 0 without a gap, and the hash of its leaf."""

    position = models.BigIntegerField(primary_key=True)
    record = models.OneToOneField(LedgerRecord, models.PROTECT, related_name="entry")
    leaf = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["position"]
        verbose_name_plural = "ledger entries"
        triggers = [final("ledger_entries_are_final")]

    def __str__(self) -> str:
        return f"entry {self.position}"


class LedgerNode(models.Model):
    """The hash of a complete subtree above the leaves, so that a proof needs a few rows only."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_subtree_has_one_hash", fields=["level", "index"]),
            models.CheckConstraint(name="leaves_are_entries", condition=Q(level__gt=0)),
        ]
        triggers = [final("ledger_nodes_are_final")]

    def __str__(self) -> str:
        return f"node {self.level}/{self.index}"


class TreeHead(models.Model):
    """What the log was at a size: its root, signed by the portal's key."""

    size = models.BigIntegerField(unique=True)
    root = models.CharField(max_length=64)
    signed_at = models.DateTimeField()
    key = models.CharField(max_length=64, help_text="SHA-256 of the certificate (DER).")
    signature = models.BinaryField()

    class Meta:
        ordering = ["size"]
        constraints = [
            models.CheckConstraint(name="a_tree_head_is_of_some_entries", condition=Q(size__gt=0))
        ]
        triggers = [final("tree_heads_are_final")]

    def __str__(self) -> str:
        return f"{self.size} entries"


class DailyHead(models.Model):
    """The last signed head of a day (UTC), published and emailed: later the portal cannot show another."""

    day = models.DateField(unique=True)
    head = models.OneToOneField(TreeHead, models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["day"]
        triggers = [final("daily_heads_are_final")]

    def __str__(self) -> str:
        return f"{self.day}: {self.head}"


class SealCertificate(models.Model):
    """A certificate that the portal has signed with; published, so that what it signed stays checkable."""

    fingerprint = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the DER bytes."
    )
    pem = models.TextField()
    first_used_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        triggers = [final("certificates_are_final")]

    def __str__(self) -> str:
        return self.fingerprint[:16]


class ClosingCommitment(models.Model):
    """Count and root over all versions of a call at its closing: later ones would be noticed."""

    call = models.OneToOneField("calls.Call", models.PROTECT, related_name="commitment")
    versions = models.PositiveIntegerField()
    counting = models.PositiveIntegerField()
    root = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    tree_head = models.ForeignKey(TreeHead, models.PROTECT, related_name="+", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="no_more_versions_count_than_exist", condition=Q(counting__lte=F("versions"))
            )
        ]
        triggers = [final("commitments_are_final")]

    def __str__(self) -> str:
        return f"{self.call}: {self.versions} versions"
