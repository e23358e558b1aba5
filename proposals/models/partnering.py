"""Partner search: requests, and the words by which they are found."""

from datetime import datetime
from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Least
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from applicants.models import Organisation, User
from calls.models import Call
from calls.triggers import final_but
from proposals.models import triggers
from proposals.models.proposal import new_number


def _codes(text: Any) -> Any:
    return ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=text)


class PartnershipRequestQuerySet(models.QuerySet["PartnershipRequest"]):
    def written_by(self, user: User) -> "PartnershipRequestQuerySet":
        """Of the organisations that this person acts for."""
        return self.filter(organisation__members=user)

    def ever_published(self) -> "PartnershipRequestQuerySet":
        """What the public may read, also after it has ended. Drafts and what waits are not among them."""
        return self.exclude(state__in=PartnershipRequest.NOT_PUBLIC)

    def open_at(self, moment: datetime) -> "PartnershipRequestQuerySet":
        """Published, not filled or ended, by an organisation that is there still."""
        return self.filter(
            state=PartnershipRequest.State.PUBLISHED,
            organisation__isnull=False,
            expires_at__gt=moment,
            call__deadline__gt=moment,
        )

    def with_page_parts(self) -> "PartnershipRequestQuerySet":
        return self.select_related("organisation", "call").annotate(
            ends_at=Least("expires_at", "call__deadline")
        )


class PartnershipRequest(models.Model):
    """An organisation looks for a partner for a call, or offers to be one.

    It ends at `lasts_until` or at the deadline of its call, whichever comes first, and can be read after
    that. Contact persons are not in it: people get into touch through the portal.
    """

    class Kind(models.TextChoices):
        LOOKING = "looking", _("Looking for a partner")
        OFFERING = "offering", _("Offering to be a partner")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        WAITING = "waiting", _("Waiting for review")
        REFUSED = "refused", _("Not published")
        PUBLISHED = "published", _("Published")
        FILLED = "filled", _("Filled")
        CLOSED = "closed", _("Closed")
        REMOVED = "removed", _("Closed by the helpdesk")

    class Role(models.TextChoices):
        COORDINATOR = "coordinator", _("Coordinator")
        PARTNER = "partner", _("Partner")
        ASSOCIATED = "associated", _("Associated partner")

    NOT_PUBLIC = (State.DRAFT, State.WAITING, State.REFUSED, State.REMOVED)

    number = models.CharField(max_length=9, unique=True, default=new_number, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, null=True, related_name="partnership_requests"
    )
    call = models.ForeignKey(Call, models.PROTECT, related_name="partnership_requests")
    kind = models.CharField(_("type of request"), max_length=10, choices=Kind)
    strands = _codes(_("strands"))
    role = models.CharField(_("role of the partner"), max_length=12, choices=Role)
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"))
    sectors = _codes(_("sectoral industries"))
    emerging_industries = _codes(_("emerging industries"))
    technologies = _codes(_("technology fields"))
    markets = _codes(_("target markets"))
    countries = _codes(_("countries of the partner"))
    languages = _codes(_("languages"))
    shows_name = models.BooleanField(_("show the name of our organisation"), default=True)
    een_reference = models.CharField(
        _("reference of an Enterprise Europe Network profile"), max_length=20, blank=True
    )
    cordis_link = models.URLField(_("link to CORDIS"), blank=True)

    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1, editable=False)
    published_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    remark = models.TextField(blank=True, help_text="Why staff did not publish it, or closed it.")

    searchable_text = models.TextField(
        editable=False, help_text="Its words as search compares them."
    )
    search_vector = models.GeneratedField(
        expression=SearchVector("searchable_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    ends_at: datetime

    objects = PartnershipRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="a_published_request_has_dates",
                condition=Q(state__in=["draft", "waiting", "refused"])
                | Q(published_at__isnull=False, expires_at__gt=F("published_at")),
            ),
            models.CheckConstraint(
                name="a_partnership_request_has_a_text",
                condition=Q(title__regex=r"\S") & Q(text__regex=r"\S"),
            ),
            models.CheckConstraint(
                name="a_refused_request_has_a_remark",
                condition=~Q(state__in=["refused", "removed"]) | Q(remark__regex=r"\S"),
            ),
        ]
        indexes = [
            GinIndex(name="request_search", fields=["search_vector"]),
            GinIndex(name="request_sectors", fields=["sectors"]),
            models.Index(name="requests_by_age", fields=["call", "state", "-published_at"]),
        ]
        triggers = [
            pgtrigger.FSM(
                name="request_state_transitions",
                field="state",
                transitions=[
                    ("draft", "waiting"),
                    ("draft", "published"),
                    ("waiting", "published"),
                    ("waiting", "refused"),
                    ("waiting", "draft"),
                    ("refused", "draft"),
                    ("published", "filled"),
                    ("published", "closed"),
                    ("filled", "published"),
                    ("closed", "published"),
                    ("published", "waiting"),
                    ("published", "removed"),
                    ("filled", "removed"),
                    ("closed", "removed"),
                ],
            ),
            triggers.REQUEST_IS_OF_NO_REHEARSAL,
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("partners:request", args=[self.number])

    @property
    def end(self) -> datetime | None:
        """When it ends or has ended by itself; None for what was never published."""
        return min(self.expires_at, self.call.deadline) if self.expires_at else None

    @property
    def is_public(self) -> bool:
        return self.state not in self.NOT_PUBLIC

    def is_open(self, moment: datetime) -> bool:
        end = self.end
        is_published = self.state == self.State.PUBLISHED and self.organisation_id is not None
        return is_published and end is not None and moment < end


class SearchWord(models.Model):
    """A folded word that occurs in what can be searched, with the trigrams of how it sounds."""

    word = models.CharField(max_length=40, unique=True)
    trigrams = ArrayField(models.TextField())

    class Meta:
        indexes = [GinIndex(name="trigram_search", fields=["trigrams"])]

    def __str__(self) -> str:
        return self.word


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def of(self, user: User | Combinable) -> "ConversationQuerySet":
        """Those in which this person takes part, on either side, for an organisation of theirs."""
        return self.filter(Q(organisation__members=user) | Q(addressee__members=user)).distinct()

    def with_newest_message(self) -> "ConversationQuerySet":
        """Each with the key of what was written last, that of the newest first."""
        own = Message.objects.filter(conversation=OuterRef("pk")).order_by("-pk").values("pk")
        return self.annotate(newest=Subquery(own[:1])).order_by("-newest")

    def with_page_parts(self) -> "ConversationQuerySet":
        return self.select_related(
            "request__organisation", "request__call", "organisation", "started_by"
        )


class Conversation(models.Model):
    """Two organisations write to each other, about a request or a profile, through the portal only.

    Addresses are never shown. Each side decides when the other sees who it is (`..._shown`).
    """

    number = models.CharField(max_length=9, unique=True, default=new_number, editable=False)
    request = models.ForeignKey(
        PartnershipRequest, models.CASCADE, null=True, blank=True, related_name="conversations"
    )
    addressee = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="conversations", help_text="Who wrote first."
    )
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    asker_shown = models.BooleanField(default=False)
    owner_shown = models.BooleanField(default=False)
    asker_read = models.BigIntegerField(default=0, help_text="Key of the newest message they saw.")
    owner_read = models.BigIntegerField(default=0)

    newest: int

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_conversation_about_a_request",
                fields=["request", "addressee", "organisation"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_conversation_is_of_two", condition=~Q(addressee=F("organisation"))
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="conversation_parties_are_final",
                fields=["number", "request", "addressee", "organisation", "started_at"],
            )
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("partners:conversation", args=[self.number])

    @property
    def about(self) -> str:
        """The request's title; empty where somebody was found by a profile."""
        return self.request.title if self.request else ""


class Message(models.Model):
    """What one side wrote; never changed. It goes with its conversation."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    is_from_owner = models.BooleanField()
    written_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="a_message_has_a_text", condition=Q(text__regex=r"\S"))
        ]
        indexes = [models.Index(name="messages_by_sender", fields=["written_by", "-sent_at"])]
        triggers = [final_but("messages_are_final", forgotten=["written_by_id"])]

    def __str__(self) -> str:
        """Without its text, because logs show it."""
        return f"Message {self.pk}"


class OrganisationBlock(models.Model):
    """An organisation takes no messages from another one any more, in no conversation."""

    by = models.ForeignKey(Organisation, models.CASCADE, related_name="blocks")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_organisation_is_blocked_once", fields=["by", "organisation"]
            )
        ]

    def __str__(self) -> str:
        return f"Block {self.pk}"


class AbuseReport(models.Model):
    """Somebody says that a request or a conversation is not what partner search is for."""

    request = models.ForeignKey(
        PartnershipRequest, models.CASCADE, null=True, blank=True, related_name="abuse_reports"
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, null=True, blank=True, related_name="abuse_reports"
    )
    reason = models.TextField()
    made_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("reported by")
    )
    made_at = models.DateTimeField(_("reported at"))
    handled_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    handled_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    outcome = models.TextField(blank=True)

    class Meta:
        ordering = ["handled_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="an_abuse_report_has_a_reason", condition=Q(reason__regex=r"\S")
            ),
            models.CheckConstraint(
                name="an_abuse_report_has_a_subject",
                condition=Q(request__isnull=False) | Q(conversation__isnull=False),
            ),
            models.CheckConstraint(
                name="a_handled_report_has_an_outcome",
                condition=Q(handled_at__isnull=True) | Q(outcome__regex=r"\S"),
            ),
        ]

    def __str__(self) -> str:
        return f"Report {self.pk}"


class SavedSearch(models.Model):
    """A question to partner search that somebody asks again, with an email when something new fits."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_searches")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000, help_text="As in the address of the search.")
    sends_emails = models.BooleanField(_("email me when new requests match"), default=True)
    made_at = models.DateTimeField()
    seen_until = models.DateTimeField(
        help_text="Requests published later have not been notified yet."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(name="a_search_has_its_own_name", fields=["user", "name"])
        ]

    def __str__(self) -> str:
        return self.name


class OrganisationSearchIndex(models.Model):
    """What can be searched of an organisation that allows it; made by a worker from record and profile."""

    organisation = models.OneToOneField(Organisation, models.CASCADE, related_name="text")
    searchable_text = models.TextField()
    description = models.TextField()
    sectors = _codes(_("sectoral industries"))
    emerging_industries = _codes(_("emerging industries"))
    technologies = _codes(_("technology fields"))
    markets = _codes(_("target markets"))
    digest = models.CharField(
        max_length=71, help_text="Of everything above: what changed is made again."
    )
    search_vector = models.GeneratedField(
        expression=SearchVector("searchable_text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        indexes = [
            GinIndex(name="organisation_search", fields=["search_vector"]),
            GinIndex(name="organisation_sectors", fields=["sectors"]),
        ]

    def __str__(self) -> str:
        return f"Words of organisation {self.organisation_id}"
