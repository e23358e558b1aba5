"""Officers' cases: assignment, conflicts of interest, screening answers, notes, events."""

import pgtrigger
from django.contrib.auth.models import Permission
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applicants.models import User
from calls.triggers import PORTAL_NOW, final, refused_if
from proposals.models import triggers
from proposals.models.notifications import every_kind
from proposals.models.proposal import Proposal
from proposals.models.version import Version


class Assignment(models.Model):
    """Whose case a proposal is, and until which day (in Brussels) it should be decided."""

    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="assignment")
    officer = models.ForeignKey(User, models.PROTECT, related_name="assignments")
    due_on = models.DateField(null=True, blank=True)
    assigned_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField()

    class Meta:
        ordering = ["proposal_id"]
        triggers = [
            triggers.out_of_conflict("assignment", officer="officer_id", proposal="NEW.proposal_id")
        ]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.officer}"


class CaseState(models.Model):
    """What the list of cases shows, sorts and counts of a version, gathered from other rows.

    The database function `proposals_refresh_case_state` writes it, and nothing else: triggers call it in the
    transaction of each verdict, answer, decision, review, letter, clarification request and reply. A version
    has no row before the first of these, so nothing sealed is gathered.
    """

    class DecisionStep(models.TextChoices):
        NONE = "", _("None")
        WAITING = "waiting", _("Waiting for a second officer")
        CONFIRMED = "stands", _("Confirmed")
        SENT_BACK = "sent-back", _("Returned")

    version = models.OneToOneField(
        Version, models.CASCADE, primary_key=True, related_name="case_state"
    )
    is_decided = models.BooleanField(
        default=False, help_text="A confirmed decision closes the case."
    )
    is_waiting = models.BooleanField(
        default=False, help_text="A decision is waiting for a second officer."
    )
    needs_letter = models.BooleanField(
        default=False,
        help_text="The decision in force closes the case, and no letter has been sent.",
    )
    recorded_by = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="Officers who recorded the waiting decisions.",
    )
    sent_back_to = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="Officer who recorded the returned decision.",
    )
    first_due_at = models.DateTimeField(null=True, help_text="Of questions without a reply.")
    last_due_at = models.DateTimeField(null=True, help_text="Of questions without a reply.")
    decision = models.CharField(
        max_length=12, blank=True, help_text="The outcome of the newest decision."
    )
    decision_step = models.CharField(
        max_length=10, blank=True, choices=DecisionStep, help_text="How far that decision is."
    )
    outcome = models.CharField(
        max_length=12, blank=True, help_text="Of the newest automatic check for officers."
    )
    rules = ArrayField(
        models.CharField(max_length=40), default=list, help_text="Rules of that check to review."
    )
    open_lines = models.PositiveIntegerField(
        null=True, help_text="Lines of the screening sheet that no officer has answered."
    )
    coordinator = models.TextField(blank=True, help_text="Its name in the dossier.")
    applicants = models.PositiveIntegerField(default=0, help_text="Who apply, by the dossier.")
    partners = models.PositiveIntegerField(default=0, help_text="All but the coordinator.")
    requested_grant = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    rate = models.DecimalField(
        max_digits=7, decimal_places=2, null=True, help_text="Grant as a share of costs, percent."
    )

    class Meta:
        db_table = "proposals_casestate"
        default_permissions = ()
        indexes = [
            models.Index(name="case_by_grant", fields=["requested_grant"]),
            models.Index(name="case_by_rate", fields=["rate"]),
            models.Index(name="case_by_outcome", fields=["outcome"]),
            models.Index(name="case_by_open_lines", fields=["open_lines"]),
            models.Index(name="case_by_coordinator", fields=["coordinator"]),
            GinIndex(name="case_rules", fields=["rules"]),
        ]

    def __str__(self) -> str:
        return f"State of version {self.version_id}"


class CaseTag(models.Model):
    """A word that officers put on a case to find it again; applicants never see it."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="case_tags")
    name = models.CharField(max_length=30)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        default_permissions = ("add",)
        constraints = [
            models.UniqueConstraint(name="a_tag_is_on_a_case_once", fields=["proposal", "name"]),
            models.CheckConstraint(
                name="a_tag_is_one_word", condition=Q(name__regex=r"^[a-z0-9][a-z0-9-]*$")
            ),
        ]
        indexes = [models.Index(name="tag_by_name", fields=["name"])]
        triggers = [
            triggers.out_of_conflict("tag", officer="added_by_id", proposal="NEW.proposal_id"),
        ]

    def __str__(self) -> str:
        return self.name


class ConflictOfInterest(models.Model):
    """An officer has an interest in a proposal: from then on the case is closed to this person."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="conflicts")
    officer = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField()
    declared_at = models.DateTimeField()

    class Meta:
        ordering = ["-declared_at"]
        verbose_name_plural = "conflicts of interest"
        constraints = [
            models.UniqueConstraint(
                name="a_conflict_is_declared_once", fields=["proposal", "officer"]
            ),
            models.CheckConstraint(
                name="a_conflict_has_a_reason", condition=Q(reason__regex=r"\S")
            ),
        ]
        triggers = [
            triggers.CONFLICT_WAITS_FOR_OPEN_TRANSACTIONS,
            final("conflicts_are_final"),
        ]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.officer}"


class CaseSearchIndex(models.Model):
    """The words of a proposal that officers search, made when it is opened: never of a sealed one."""

    version = models.OneToOneField(Version, models.PROTECT, related_name="search_index")
    search_vector = SearchVectorField()

    class Meta:
        indexes = [GinIndex(name="case_search", fields=["search_vector"])]

    def __str__(self) -> str:
        return f"Words of version {self.version_id}"


class ScreeningAnswer(models.Model):
    """What an officer says of one line of the screening sheet. Earlier answers are in the history.

    `item` is "rule:" and a rule's id, "checklist:" and the key of an applicant (all that it claims), or
    "element:" with the key and the code of one element ("element:p2:C7"). `revision` counts saves: who saw
    an older one does not overwrite.
    """

    class Answer(models.TextChoices):
        AGREE = "agree", _("Confirm")
        DIFFER = "differ", _("Disagree")
        ASK = "ask", _("Request clarification")
        YES = "yes", _("Yes")
        NO = "no", _("No")
        UNCLEAR = "unclear", _("Unclear")

    version = models.ForeignKey(Version, models.PROTECT, related_name="screening_answers")
    item = models.CharField(max_length=60)
    answer = models.CharField(max_length=8, choices=Answer)
    reason = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    answered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()

    event: "CaseEvent | None" = None  # that it was saved, where this process has just done so

    class Meta:
        ordering = ["version_id", "item"]
        constraints = [
            models.UniqueConstraint(name="one_answer_for_each_line", fields=["version", "item"]),
            models.CheckConstraint(
                name="a_disagreement_has_a_reason",
                condition=~Q(answer="differ") | Q(reason__regex=r"\S"),
            ),
        ]
        triggers = [
            triggers.out_of_conflict(
                "answer", officer="answered_by_id", proposal=triggers.PROPOSAL_OF_VERSION
            ),
            pgtrigger.ReadOnly(name="screening_answer_line_is_final", fields=["version", "item"]),
            triggers.refreshes_case_state("answer"),
            triggers.refreshes_case_state(
                "undone_answer", version="OLD.version_id", operation=pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.answer}"


class CaseNoteQuerySet(models.QuerySet["CaseNote"]):
    def present(self) -> "CaseNoteQuerySet":
        """Without those that were undone a moment after they were written."""
        return self.filter(withdrawn_at=None)


class CaseNote(models.Model):
    """What officers write down for each other. Applicants never see it; nothing is changed later.

    Whoever wrote it can take it back for a moment; it is then shown nowhere, and stays here.
    """

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="case_notes")
    text = models.TextField()
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    event: "CaseEvent | None" = None  # that it was added, where this process has just done so

    objects = CaseNoteQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="a_case_note_has_a_text", condition=Q(text__regex=r"\S"))
        ]
        triggers = [
            pgtrigger.Protect(name="case_notes_are_final", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="written_text_is_read_only",
                fields=["proposal", "text", "written_by", "written_at"],
            ),
            refused_if(
                "withdrawn_within_two_minutes",
                f"OLD.withdrawn_at IS NOT NULL OR {PORTAL_NOW} > OLD.written_at + interval '2 minutes'",
                "'note % is final', OLD.id",
                operation=pgtrigger.Update,
            ),
            triggers.out_of_conflict("note", officer="written_by_id", proposal="NEW.proposal_id"),
        ]

    def __str__(self) -> str:
        return f"Note on {self.proposal}"


class CaseEvent(models.Model):
    """Who looked at a case or did something to it, and when. Never deleted."""

    class Kind(models.TextChoices):
        READ = "read", _("opened the case")
        ASSIGNED = "assigned", _("assigned the case")
        CONFLICT = "conflict", _("declared a conflict of interest")
        ANSWERED = "answered", _("recorded a finding")
        NOTED = "noted", _("added a note")
        ASKED = "asked", _("requested clarification")
        REPLIED = "replied", _("replied to the officers")
        DECIDED = "decided", _("recorded a decision")
        REVIEWED = "reviewed", _("reviewed a colleague's decision")
        INFORMED = "informed", _("sent the letter")
        UNDONE = "undone", _("undid the last action")
        EXPORTED = "exported", _("exported the version")
        TAGGED = "tagged", _("added a tag")
        UNTAGGED = "untagged", _("removed a tag")

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="case_events")
    kind = models.CharField(_("action"), max_length=10, choices=Kind)
    summary = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    at = models.DateTimeField(_("time"))

    class Meta:
        ordering = ["-pk"]
        triggers = [final("case_events_are_final")]

    def __str__(self) -> str:
        return f"{self.by} {self.get_kind_display()}"


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def shown_to(self, officer: User) -> "SavedFilterQuerySet":
        """The officer's own, and what colleagues share who may read cases themselves."""
        reads = Q(codename="view_version", content_type__app_label="proposals")
        permissions = Permission.objects.filter(reads)
        has_role = Q(officer__groups__permissions__in=permissions)
        has_role |= Q(officer__user_permissions__in=permissions) | Q(officer__is_superuser=True)
        shared = self.filter(
            has_role, is_shared=True, officer__is_active=True, officer__is_staff=True
        )
        return self.filter(Q(officer=officer) | Q(pk__in=shared.order_by().values("pk")))


class SavedFilter(models.Model):
    """A view of the list of cases under a name: filters, search, order and columns, never the cases."""

    officer = models.ForeignKey(User, models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500, help_text="As in the address of the list.")
    is_shared = models.BooleanField(default=False, help_text="Colleagues see it in their lists.")

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(name="a_filter_has_its_own_name", fields=["officer", "name"])
        ]

    def __str__(self) -> str:
        return self.name


class OfficerPreferences(models.Model):
    """How an officer wants to work: what the list of cases shows, and which emails come."""

    officer = models.OneToOneField(User, models.CASCADE, related_name="officer_preferences")
    columns = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    emails_at_once = ArrayField(models.CharField(max_length=12), default=every_kind, blank=True)
    wants_digest = models.BooleanField(default=True)
    digest_sent_on = models.DateField(null=True, help_text="In Brussels.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Preferences of {self.officer_id}"
