"""Who takes part in writing a proposal: invitations, confirmations, assigned steps, presence."""

from datetime import datetime

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applicants.models import OfficerRole, Organisation, User
from applicants.triggers import added_to_group, made_officer, no_officer
from calls.triggers import final_but
from proposals.models import triggers
from proposals.models.proposal import Participant, Proposal


class StepAssignment(models.Model):
    """A step that the lead gave to a partner: its people may write it, beside the lead."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="step_assignments")
    step = models.SlugField(max_length=40)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="step_assignments")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_step_is_assigned_to_one_partner", fields=["proposal", "step"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} to {self.participant.key}"


class Invitation(models.Model):
    """An email that asks somebody to write, to read, or to confirm that its organisation takes part.

    It is open until it is answered, revoked, or `expires_at` has passed. Whoever holds the link can
    answer it once, with any account; for a confirmation none is needed.
    """

    class Purpose(models.TextChoices):
        WRITE = "write", _("Write for a partner")
        READ = "read", _("Read the proposal")
        CONFIRM = "confirm", _("Confirm participation")

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        REVOKED = "revoked", _("cancelled")

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="invitations")
    participant = models.ForeignKey(
        Participant, models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    purpose = models.CharField(max_length=8, choices=Purpose)
    email = models.EmailField()
    token_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001 -- unique, and none for who was asked on a page
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    times_sent = models.PositiveSmallIntegerField(default=1)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True, help_text="Given when declining.")
    message = models.CharField(
        max_length=500, blank=True, help_text="A personal line of the sender."
    )

    token: str  # of its link, only where it was just made: the database has the hash
    has_issuer: bool

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="only_readers_are_invited_without_a_partner",
                condition=Q(purpose="read", participant__isnull=True)
                | (~Q(purpose="read") & Q(participant__isnull=False)),
            ),
            models.UniqueConstraint(
                name="an_address_has_one_pending_invitation",
                fields=["proposal", "participant", "purpose", "email"],
                condition=Q(state="pending"),
                nulls_distinct=False,
            ),
        ]
        triggers = [
            triggers.ANSWERED_INVITATIONS_ARE_FINAL,
            pgtrigger.ReadOnly(
                name="invitation_terms_are_final",
                fields=["proposal", "participant", "purpose", "email", "invited_at", "message"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.state}"

    def is_expired(self, moment: datetime) -> bool:
        return self.state == self.State.PENDING and moment >= self.expires_at

    def is_open(self, moment: datetime) -> bool:
        return self.state == self.State.PENDING and moment < self.expires_at


class EndedAccess(models.Model):
    """Somebody had access to a proposal and has it no longer; `why` is what they are shown."""

    class Kind(models.TextChoices):
        PARTNER_REMOVED = "partner-removed", _("organisation removed")
        PERSON_REMOVED = "person-removed", _("person removed")
        LEFT_ORGANISATION = "left-organisation", _("left the organisation")

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="ended_accesses")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    organisation_name = models.TextField(blank=True)
    ended_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"


class Guest(User):
    """A person, to declare what follows from taking part by invitation."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = [
            made_officer("no_officer_takes_part_already", table="proposals_collaborator"),
        ]


class RoleOfGuest(OfficerRole):
    """As `Guest`, for officers' groups."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = [added_to_group("no_role_for_collaborators", table="proposals_collaborator")]


class Confirmation(models.Model):
    """An organisation said that it takes part: as what, who said so, and on which text.

    `shown_sha256` is the hash of the summary and part that the person was shown. Only the person's name
    and function can be erased later.
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="confirmations")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    participant_key = models.CharField(max_length=6)
    role = models.CharField(max_length=12, choices=Participant.RoleChoices)
    name = models.CharField(_("your name"), max_length=150)
    function = models.CharField(_("your function"), max_length=150)
    declarations = ArrayField(models.CharField(max_length=300))
    shown_sha256 = models.CharField(max_length=64)
    shown = models.JSONField(null=True, help_text="What was shown; none before it was kept.")
    confirmed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    invitation = models.OneToOneField(
        Invitation, models.SET_NULL, null=True, related_name="confirmation"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="a_confirmation_has_a_name",
                condition=Q(name__regex=r"\S") & Q(function__regex=r"\S"),
            )
        ]
        triggers = [
            final_but(
                "confirmations_are_final",
                changing=["name", "function"],
                forgotten=["confirmed_by_id", "invitation_id"],
            ),
            triggers.goes_with_a_deleted_draft("confirmations_stay", what="confirmations"),
            no_officer("no_officer_confirms", person="confirmed_by_id", operation=pgtrigger.Insert),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} confirmed {self.proposal}"


class Presence(models.Model):
    """Who has a step open. Plumbing, in real time; old rows mean nothing."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="+")
    location = models.CharField(max_length=60)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_person_is_present_at_a_location_once",
                fields=["proposal", "location", "user"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.location}"


class ReminderSubscription(models.Model):
    """A person wants to be reminded before the deadline while nothing is submitted."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="reminder_subscriptions")
    user = models.ForeignKey(User, models.CASCADE, related_name="reminder_subscriptions")
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_person_subscribes_to_reminders_once", fields=["proposal", "user"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.proposal}"
