"""Programme, dated country participation, call, strands, deliverables, extensions, contacts."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pgtrigger
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from calls import triggers
from calls.eligibility import CountrySet, RuleSet, rule_date_of
from calls.eligibility.countries import Participation
from calls.eligibility.rules import title_of
from foundation import clock


class Programme(models.Model):
    """A programme of the Union, with the countries that take part in it.

    The database moves `changed_at` (real time) whenever a participation row changes.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    legal_basis = models.CharField(max_length=200)
    changed_at = models.DateTimeField(default=clock.real_now, editable=False)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    def country_set(self) -> CountrySet:
        """The participations as the rules know them, read once for each change of a row."""
        return _country_set_of(self.pk, self.changed_at)


@lru_cache(maxsize=32)
def _country_set_of(programme: int, changed_at: datetime) -> CountrySet:
    rows = CountryParticipation.objects.filter(programme=programme)
    return CountrySet(row.as_value() for row in rows)


class CountryParticipation(models.Model):
    """The legal basis on which a country counts, from its first to its last day, both inclusive."""

    class LegalBasis(models.TextChoices):
        MEMBER_STATE = "member-state", _("Member State of the European Union")
        EEA = "a", _("Article 6, point (a): European Economic Area")
        CANDIDATE = "b", _("Article 6, point (b): candidate or potential candidate")
        NEIGHBOURHOOD = "c", _("Article 6, point (c): European neighbourhood")

    programme = models.ForeignKey(Programme, models.CASCADE, related_name="participation")
    country = models.CharField(max_length=2, help_text="EU code: EL for Greece, UK, XK.")
    gate = models.CharField(max_length=12, choices=LegalBasis)
    signed_on = models.DateField(null=True, blank=True)
    in_force_on = models.DateField(null=True, blank=True)
    counts_until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["programme_id", "country", "in_force_on"]
        verbose_name_plural = "country participation"
        constraints = [
            models.UniqueConstraint(
                name="one_participation_row_for_each_start",
                fields=["programme", "country", "in_force_on"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_participation_is_signed_or_in_force",
                condition=Q(signed_on__isnull=False) | Q(in_force_on__isnull=False),
            ),
            models.CheckConstraint(
                name="a_participation_ends_after_it_starts",
                condition=Q(counts_until__isnull=True) | Q(counts_until__gte=F("in_force_on")),
            ),
        ]
        triggers = [
            triggers.PARTICIPATION_CHANGES_PROGRAMME,
            triggers.PARTICIPATION_CHANGES_FOR_A_REASON,
        ]

    def __str__(self) -> str:
        return f"{self.country} ({self.gate})"

    def as_value(self) -> Participation:
        return Participation(
            country=self.country,
            gate=self.gate,
            signed_on=self.signed_on,
            in_force_on=self.in_force_on,
            counts_until=self.counts_until,
            source=self.source,
        )

    @classmethod
    def from_value(cls, value: Participation, *, programme: Programme) -> "CountryParticipation":
        return cls(
            programme=programme,
            country=value.country,
            gate=value.gate,
            signed_on=value.signed_on,
            in_force_on=value.in_force_on,
            counts_until=value.counts_until,
            source=value.source,
        )


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
            pgtrigger.ReadOnly(name="rehearsals_stay_rehearsals", fields=["rehearsal_of"]),
            triggers.DEADLINE_MOVES_BY_EXTENSION_ONLY,
            triggers.RULES_CHANGE_FOR_A_REASON,
            triggers.PUBLISHED_ONCE,
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
    def rule_set(self) -> RuleSet:
        return _rule_set_of(orjson.dumps(self.rules))

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
        triggers = [triggers.STRAND_STAYS_IN_ITS_CALL]

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


class Incident(models.Model):
    """A time in which the portal could not be used as it should, on record for extensions to cite."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="incidents")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    text = models.TextField(help_text="What did not work. May be shown to applicants.")
    recorded_by = models.CharField(max_length=120)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.CheckConstraint(
                name="an_incident_ends_after_it_began", condition=Q(ended_at__gt=F("began_at"))
            ),
            models.CheckConstraint(
                name="an_incident_says_what_happened", condition=Q(text__regex=r"\S")
            ),
        ]
        triggers = [triggers.final("incidents_are_final")]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} to {self.ended_at:%H:%M} UTC"


class Extension(models.Model):
    """A later deadline for the whole call: what it was, what it is, and why. Never changed."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="extensions")
    old_deadline = models.DateTimeField()
    new_deadline = models.DateTimeField()
    reason = models.TextField()
    decided_by = models.CharField(max_length=200, help_text="Whoever decided, by office.")
    confirmed_by = models.CharField(
        max_length=200, blank=True, help_text="The second person, where the call is published."
    )
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["call_id", "new_deadline"]
        constraints = [
            models.CheckConstraint(
                name="an_extension_is_later", condition=Q(new_deadline__gt=F("old_deadline"))
            ),
            models.CheckConstraint(name="an_extension_has_a_reason", condition=~Q(reason="")),
        ]
        triggers = [
            triggers.EXTENSION_STARTS_FROM_DEADLINE,
            triggers.PUBLISHED_DEADLINE_MOVES_BY_TWO,
            triggers.final("extensions_are_final"),
        ]

    def __str__(self) -> str:
        return f"{self.call}: {self.new_deadline:%Y-%m-%d}"


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


class ConditionChangeQuerySet(models.QuerySet["ConditionChange"]):
    def published_for(self, call: Call) -> "ConditionChangeQuerySet":
        """Changes that the call page shows: two people made them since the publication; oldest first."""
        of_both = self.filter(Q(call=call) | Q(programme=call.programme_id))
        return of_both.exclude(confirmed_by="").order_by("made_at")


class ConditionChange(models.Model):
    """A change of what proposals are judged by: a call's rules, or a programme's countries.

    The history of both: the entries before and after, the reason, the person and the time. Triggers
    refuse a change of rules or countries without such a row, and any change of the row itself.
    `made_by` is a text, because users are in a layer above.
    """

    call = models.ForeignKey(Call, models.PROTECT, null=True, blank=True, related_name="changes")
    programme = models.ForeignKey(
        Programme, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    before = models.JSONField(help_text="What was there: entries that were changed or removed.")
    after = models.JSONField(help_text="What is there now: entries that were changed or added.")
    reason = models.TextField()
    made_by = models.CharField(max_length=200)
    confirmed_by = models.CharField(
        max_length=200, blank=True, help_text="The second person, where the call is published."
    )
    made_at = models.DateTimeField()
    transaction = models.CharField(
        max_length=30,
        editable=False,
        db_default=Cast(Func(function="pg_current_xact_id"), models.CharField()),
    )

    objects = ConditionChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="a_change_is_of_rules_or_of_countries",
                condition=Q(call__isnull=False) ^ Q(programme__isnull=False),
            ),
            models.CheckConstraint(name="a_change_has_a_reason", condition=Q(reason__regex=r"\S")),
        ]
        indexes = [models.Index(name="change_in_transaction", fields=["transaction"])]
        triggers = [
            triggers.PUBLISHED_CONDITIONS_CHANGE_BY_TWO,
            triggers.final("changes_are_final"),
        ]

    def __str__(self) -> str:
        return f"{self.call or self.programme}, {self.made_at:%Y-%m-%d}"

    @property
    def subjects(self) -> list[str]:
        """Titles of the rules, or codes of the countries, that were changed, added or removed."""
        gone = [entry for entry in self.before if entry not in self.after]
        new = [entry for entry in self.after if entry not in self.before]
        return list(dict.fromkeys(_subject_of(entry) for entry in [*gone, *new]))

    @property
    def entries(self) -> int:
        """How many rules, or countries under one legal gate, were changed, added or removed."""
        named = ("rule", "country", "gate")
        return len({tuple(map(item.get, named)) for item in [*self.before, *self.after]})


def _subject_of(entry: dict[str, Any]) -> str:
    if "rule" not in entry:
        return str(entry["country"])
    return title_of(str(entry["rule"]))


class AppliedConditions(models.Model):
    """A rule set or a country set by which verdicts were made, stored permanently under its content hash.

    `content` is canonical JSON (RFC 8785): what `RuleSet.as_json` or `CountrySet.as_json` gave.
    """

    digest = models.CharField(max_length=71, primary_key=True)
    content = models.TextField()

    class Meta:
        verbose_name_plural = "applied conditions"
        triggers = [
            triggers.CONDITIONS_ARE_WHAT_WAS_HASHED,
            triggers.final("applied_conditions_are_final"),
        ]

    def __str__(self) -> str:
        return self.digest


class ClockOffset(models.Model):
    """How far the portal clock is ahead of real time, for all processes: one row, demo only."""

    offset = models.DurationField(default=timedelta)

    class Meta:
        constraints = [models.CheckConstraint(name="one_clock_for_all", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.offset)

    @classmethod
    def current(cls) -> timedelta:
        row = cls.objects.filter(pk=1).values_list("offset", flat=True).first()
        return row or timedelta()


class ClockReading(models.Model):
    """How far a machine's clock was behind the database's when a process of it last looked. Plumbing."""

    machine = models.CharField(max_length=100)
    process = models.CharField(max_length=10)
    behind = models.DurationField()
    read_at = models.DateTimeField(help_text="By the database's clock.")

    class Meta:
        ordering = ["machine", "process"]
        constraints = [
            models.UniqueConstraint(
                name="a_clock_is_read_once_for_each_process", fields=["machine", "process"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.machine} {self.process}: {self.behind}"

    @property
    def is_off(self) -> bool:
        return abs(self.behind) > clock.MAX_SKEW
