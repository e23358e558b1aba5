"""What a consortium writes together: saved texts, comments, the log of activity, draft PDFs."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from applicants.models import Organisation, User
from calls.triggers import final_but, written_by_triggers_only
from proposals.models import triggers
from proposals.models.proposal import Proposal


class SectionChange(models.Model):
    """One saved text of a step, as it was. PostgreSQL writes it whenever a section is saved.

    `participant_key` and `organisation` say whose part it is; they stay when the organisation leaves.
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="section_changes")
    step = models.SlugField(max_length=40)
    participant_key = models.CharField(max_length=6, blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField()
    answers = models.JSONField()
    saved_at = models.DateTimeField(null=True)
    saved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                name="changes_of_a_step",
                fields=["proposal", "step", "participant_key", "version"],
            )
        ]
        triggers = [
            written_by_triggers_only("saved_texts_are_written_by_triggers"),
            final_but("section_changes_are_final", forgotten=["saved_by_id"]),
            triggers.goes_with_a_deleted_draft("saved_texts_stay", what="saved texts"),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.participant_key} v{self.version}"


class Comment(models.Model):
    """A remark on a step for the others; "done" when it is settled. Its text is never changed."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="comments")
    step = models.SlugField(max_length=40)
    participant_key = models.CharField(max_length=6, blank=True)
    text = models.TextField(max_length=4000)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    mentions = models.ManyToManyField(User, related_name="mentioned_in", blank=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="a_comment_has_a_text", condition=Q(text__regex=r"\S"))
        ]
        triggers = [
            final_but(
                "comment_text_is_final", changing=["participant_key", "done_at", "done_by_id"]
            ),
            triggers.goes_with_a_deleted_draft("comments_stay", what="comments"),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.text[:40]}"

    def get_absolute_url(self) -> str:
        number = self.proposal.number
        if self.step == "consortium":
            page = reverse("proposals:consortium", args=[number])
        elif self.participant_key:
            page = reverse("proposals:description", args=[number, self.participant_key])
        else:
            page = reverse("proposals:step", args=[number, self.step])
        return f"{page}?comment={self.pk}#comment-{self.pk}"


class ProposalActivity(models.Model):
    """Something that was done to a proposal and has no row of its own; never changed."""

    class Kind(models.TextChoices):
        COPIED = "copied", _("copied from another proposal")
        ADDED = "added", _("organisation added")
        CHANGED = "changed", _("part changed")
        REMOVED = "removed", _("organisation removed")
        ASSIGNED = "given", _("section assigned")
        REMINDED = "reminded", _("reminder sent")
        INVITED = "invited", _("invited")
        ANSWERED = "answered", _("invitation answered")
        REVOKED = "revoked", _("access removed")
        FILE_REMOVED = "file-removed", _("file removed")
        REFUSED = "refused", _("submission refused")
        DELETED = "deleted", _("draft deleted")
        RESTORED = "restored", _("draft restored")
        ASKED = "asked", _("clarification request")
        REPLIED = "replied", _("clarification request answered")
        INFORMED = "informed", _("letter about a decision")

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="activity_log")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    summary = models.TextField()
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["pk"]
        triggers = [
            final_but("activity_is_final", forgotten=["by_id"]),
            triggers.goes_with_a_deleted_draft("happenings_stay", what="happenings"),
        ]

    def __str__(self) -> str:
        return self.summary


class DraftPdf(models.Model):
    """The draft as a PDF with a DRAFT mark, made by a worker when somebody asks for it.

    `claimed_at` is plumbing, and real time. Only the newest print of a proposal is kept.
    """

    proposal = models.OneToOneField(Proposal, models.CASCADE, related_name="draft_pdf")
    dossier = models.TextField()
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    pdf = models.BinaryField(null=True)
    error = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return f"Print of {self.proposal}"
