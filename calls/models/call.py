"""A call, and the parts of its page: sections, strands, deliverables, contacts."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from calls import triggers
from calls.declaration import Declaration
from calls.eligibility import RuleSet, rule_date_of
from calls.innovation_clusters import Element, elements_in, standard_checklist
from calls.models.participation import Programme
from foundation import clock


class CallState(StrEnum):
    """Derived from the clock, never stored."""

    NOT_YET_OPEN = "not-yet-open"
    OPEN = "open"
    CLOSED = "closed"


class CallQuerySet(models.QuerySet["Call"]):
    def published_at_moment(self, moment: datetime) -> "CallQuerySet":
        """A call without a day of publication is prepared only: officers alone see it."""
        return self.filter(published_at__lte=moment)

    def shown_at(self, moment: datetime, *, with_rehearsals: bool) -> "CallQuerySet":
        """What is published, and for those who rehearse also rehearsals."""
        shown = Q(published_at__lte=moment)
        return self.filter(shown | Q(rehearsal_of__isnull=False) if with_rehearsals else shown)

    def with_page_parts(self) -> "CallQuerySet":
        """Everything that the call page shows, in a fixed number of queries."""
        return self.prefetch_related(
            "strands__deliverables",
            "sections",
            "contacts",
            "extensions__incident",
        )


class Call(models.Model):
    """An invitation to submit, open from `opens_at` until just before `deadline`.

    `deadline` is the effective one: it starts as `first_deadline` and is moved by extensions only,
    which the database sees to. `changed_at` (real time) moves with every change of the call or its
    parts, so that pages may keep what they rendered. Texts are ours; the call text prevails, and
    `open_points` says what of it is not known here.

    A rehearsal is a copy that officers try out. It is never published; `clock_offset` is how far its own
    clock is ahead of the portal's, and its dates are stored by the portal's clock.
    """

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="calls")
    reference = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    summary = models.TextField()
    published_at = models.DateTimeField(null=True, blank=True)
    opens_at = models.DateTimeField(null=True, blank=True)
    first_deadline = models.DateTimeField()
    deadline = models.DateTimeField(editable=False)
    zone = models.CharField(max_length=40, default="Europe/Brussels", help_text="IANA time zone.")
    budget = models.DecimalField(max_digits=14, decimal_places=2)
    rules = models.JSONField(default=list, help_text="Eligibility rules and their parameters.")
    open_points = models.JSONField(
        default=list,
        blank=True,
        help_text="Notes on gaps in this call's text (shown to applicants).",
    )
    remedies = models.JSONField(
        default=list,
        blank=True,
        help_text="How to contest a decision, and within which period: title, within, text.",
    )
    checklist = models.JSONField(
        default=standard_checklist,
        blank=True,
        help_text="Elements of the definition that officers check: code, text, required.",
    )
    declaration = models.JSONField(
        default=dict,
        blank=True,
        help_text="What the coordinator declares on honour at submission: title, text, points.",
    )
    cloned_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="clones"
    )
    bulk_with_remarks = models.BooleanField(
        _("allow bulk decisions on cases with remarks"),
        default=True,
        help_text=_(
            "If selected, officers can include a case with remarks in a bulk decision after "
            "confirming the remarks. Otherwise, each of these cases is decided on its own page."
        ),
    )
    moderates_requests = models.BooleanField(
        _("check partnership requests before publication"),
        default=False,
        help_text=_(
            "If selected, an officer checks each partnership request before it is published."
        ),
    )
    rehearsal_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="rehearsals"
    )
    clock_offset = models.DurationField(default=timedelta, editable=False)
    changed_at = models.DateTimeField(default=clock.real_now, editable=False)

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-deadline"]
        constraints = [
            models.CheckConstraint(
                name="a_call_opens_before_its_deadline",
                condition=Q(opens_at__lt=F("first_deadline")),
            ),
            models.CheckConstraint(
                name="a_deadline_only_moves_later", condition=Q(deadline__gte=F("first_deadline"))
            ),
            models.CheckConstraint(
                name="a_rehearsal_is_never_published",
                condition=Q(rehearsal_of__isnull=True) | Q(published_at__isnull=True),
            ),
            models.CheckConstraint(
                name="only_rehearsals_have_a_clock_of_their_own",
                condition=Q(rehearsal_of__isnull=False) | Q(clock_offset=timedelta()),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="rehearsal_of_is_final", fields=["rehearsal_of"]),
            triggers.DEADLINE_MOVES_BY_EXTENSION_ONLY,
            triggers.RULES_CHANGE_FOR_A_REASON,
            triggers.PUBLICATION_TIME_IS_FINAL,
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("calls:call", args=[self.reference])

    def state_at(self, moment: datetime) -> CallState:
        if self.opens_at is None or moment < self.opens_at:
            return CallState.NOT_YET_OPEN
        return CallState.OPEN if moment < self.deadline else CallState.CLOSED

    def is_open(self, moment: datetime) -> bool:
        return self.state_at(moment) == CallState.OPEN

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def is_rehearsal(self) -> bool:
        return self.rehearsal_of_id is not None

    def in_rehearsal_time(self, moment: datetime) -> datetime:
        """What the clock of a rehearsal says at a moment of the portal's; the moment itself for real calls.

        Rules judge by this one, so that a rehearsed deadline is on the day that it will be on.
        """
        return moment + self.clock_offset

    @property
    def rule_date(self) -> date:
        return rule_date_of(self.in_rehearsal_time(self.deadline))

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """What officers check of each applicant, in the call's order."""
        return elements_in(self.checklist)

    @cached_property
    def rule_set(self) -> RuleSet:
        return _rule_set_of(orjson.dumps(self.rules))

    @property
    def declaration_asked(self) -> Declaration | None:
        """What must be declared to submit a proposal; None where the call asks for nothing."""
        return Declaration.from_json(self.declaration)

    @property
    def declaration_digest(self) -> str:
        """What making the present declaration sends; empty where the call asks for none."""
        asked = self.declaration_asked
        return asked.digest if asked else ""

    @property
    def minimum_countries(self) -> int | None:
        return self.rule_set.parameter("min-countries", "minimum")

    @property
    def rate_percent(self) -> Decimal | None:
        """The share of eligible costs that is paid at most, in percent, where it is one for all strands."""
        rates = {strand.rate_percent for strand in self.strands.all()}
        return rates.pop() if len(rates) == 1 else None

    def has_rule(self, rule_id: str) -> bool:
        return any(rule.id == rule_id for rule in self.rule_set.rules)

    @property
    def asks_for_services(self) -> bool:
        """Whether it judges partners by the definition of innovation clusters."""
        return self.has_rule("support-services")

    @property
    def asks_for_countries(self) -> bool:
        return self.has_rule("established")


@lru_cache(maxsize=32)
def _rule_set_of(rules: bytes) -> RuleSet:
    """Reading and hashing a call's rules takes longer than judging by them."""
    return RuleSet.from_json(orjson.loads(rules))


class CallSection(models.Model):
    """A titled part of the call page, in our own words."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="sections")
    position = models.PositiveSmallIntegerField()
    slug = models.SlugField(max_length=40)
    title = models.CharField(max_length=120)
    text = models.TextField()
    points = models.JSONField(default=list, blank=True, help_text="Bullet points, in order.")

    class Meta:
        ordering = ["call_id", "position"]
        constraints = [
            models.UniqueConstraint(name="one_section_for_each_slug", fields=["call", "slug"])
        ]

    def __str__(self) -> str:
        return self.title


class Strand(models.Model):
    """One of the ways in which a call can be answered, each with deliverables of its own."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="strands")
    code = models.CharField(max_length=10, help_text="As used in proposal files. For example, 3.1.")
    number = models.PositiveSmallIntegerField()
    topic = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200)
    budget = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    purpose = models.TextField()
    objectives = models.JSONField(
        default=list, help_text="Codes and texts to which activities are linked."
    )
    needs_established_partnership = models.BooleanField(default=False)

    class Meta:
        ordering = ["call_id", "number"]
        constraints = [
            models.UniqueConstraint(name="one_strand_for_each_code", fields=["call", "code"])
        ]
        triggers = [triggers.STRAND_CALL_IS_FINAL]

    def __str__(self) -> str:
        return f"{self.call.reference}, strand {self.label}"

    @property
    def ceiling(self) -> Decimal | None:
        """The largest grant that may be asked for, in euro: a parameter of the call's rules."""
        ceilings: dict[str, Decimal] = self._parameter("grant-ceiling", "ceilings") or {}
        return ceilings.get(self.code)

    @property
    def label(self) -> str:
        """As the call names it: “1” for 3.1, which is its first strand; “1.a” and “A” as they are."""
        return str(self.number) if self.code.endswith(f".{self.number}") else self.code

    @property
    def rate_percent(self) -> Decimal | None:
        """The share of eligible costs that is paid at most, in percent."""
        rate = self._parameter("co-financing-rate", "maximum")
        return (rate * 100).normalize() if rate is not None else None

    @property
    def minimum_countries(self) -> int | None:
        return self._parameter("min-countries", "minimum")

    @property
    def minimum_organisations(self) -> int | None:
        return self._parameter("min-organisations", "minimum")

    @property
    def minimum_months(self) -> int | None:
        return self._parameter("duration", "minimum_months")

    @property
    def maximum_months(self) -> int | None:
        return self._parameter("duration", "maximum_months")

    def _parameter(self, rule_id: str, name: str) -> Any:
        return self.call.rule_set.parameter(rule_id, name, strand=self.code)

    def objective_text(self, code: str) -> str:
        return next(
            (objective["text"] for objective in self.objectives if objective["code"] == code), ""
        )


class RequiredDeliverable(models.Model):
    """A result that every proposal of the strand must plan."""

    strand = models.ForeignKey(Strand, models.CASCADE, related_name="deliverables")
    position = models.PositiveSmallIntegerField()
    code = models.SlugField(max_length=40)
    title = models.CharField(max_length=120)
    text = models.TextField()
    is_scoreboard = models.BooleanField(default=False)

    class Meta:
        ordering = ["strand_id", "position"]
        constraints = [
            models.UniqueConstraint(name="one_deliverable_for_each_code", fields=["strand", "code"])
        ]

    def __str__(self) -> str:
        return self.title


class Contact(models.Model):
    """Where to find partners and help."""

    class Kind(models.TextChoices):
        PARTNER_SEARCH = "partner-search", _("Partner search")
        HELPDESK = "helpdesk", _("Helpdesk")
        NETWORK = "network", _("Network of contact points")
        INFORMATION = "information", _("Information")

    call = models.ForeignKey(Call, models.CASCADE, related_name="contacts")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=120)
    text = models.TextField()
    url = models.URLField(blank=True)
    email = models.EmailField(blank=True)
    telephone = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["call_id", "position"]

    def __str__(self) -> str:
        return self.name
