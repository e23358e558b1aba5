"""People, organisations, who belongs to which, and the cluster profile in its steps."""

from collections.abc import Iterable
from typing import Any, ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import HashIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from applicants import triggers
from applicants.addresses import is_address
from calls.eligibility.countries import name_on
from calls.eligibility.facts import OrganisationKind
from calls.triggers import (
    NOT_DELETED_FOR_A_DAY,
    final_but,
    log_row_before_change,
    written_by_triggers_only,
)
from foundation import clock
from foundation.folding import folded_name


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **kwargs: Any) -> "User":
        user = self.model(email=email.strip().lower(), **kwargs)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **kwargs: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **kwargs)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(is_address("email", username or ""))


UNNAMED_USER = _("unnamed user")


class User(AbstractBaseUser, PermissionsMixin):
    """A person; the email address is the name to log in with."""

    email = models.EmailField(_("email address"), unique=True)
    full_name = models.CharField(_("full name"), max_length=150)
    is_staff = models.BooleanField(_("officer"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    rehearses = models.BooleanField(
        _("takes part in rehearsals"),
        default=False,
        help_text=_(
            "Can see rehearsals of calls and prepare proposals in them, like an applicant."
        ),
    )
    date_joined = models.DateTimeField(default=clock.real_now)

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    class Meta:
        ordering = ["full_name", "email"]
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_person_for_each_address"),
        ]
        triggers = [
            triggers.made_officer("no_officer_is_of_an_organisation", table="applicants_membership")
        ]

    @property
    def is_officer(self) -> bool:
        """Whether the person has an officers' role, and so takes part in no organisation or proposal."""
        return self.is_staff or self.is_superuser or self.groups.exists()

    def __str__(self) -> str:
        """Never the address: names appear on pages that others read."""
        return self.full_name or str(UNNAMED_USER)

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class RowChange(models.Model):
    """What a row was before a change, in the database's words; nothing of a row that was new.

    PostgreSQL writes it, whoever changes the row. It is needed for as long as a submission can wait, and
    forgotten after a day.
    """

    kind = models.CharField(max_length=12)
    owner = models.BigIntegerField()
    row = models.BigIntegerField()
    before = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        abstract = True
        ordering = ["pk"]
        triggers = [
            written_by_triggers_only("changes_are_written_by_triggers"),
            final_but("changes_are_final"),
            NOT_DELETED_FOR_A_DAY,
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.row}"


class OrganisationChange(RowChange):
    """A change of an organisation's record or of its profile; `owner` is the organisation."""

    class Meta(RowChange.Meta):
        indexes = [models.Index("owner", "at", name="changes_of_an_organisation")]


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def with_member(self, user: User | Combinable) -> "OrganisationQuerySet":
        return self.filter(members=user)

    def editable_by(self, user: User) -> "OrganisationQuerySet":
        """Their own, and records that their organisation keeps for one that has no people yet."""
        own = Q(members=user)
        managed = Q(members__isnull=True) & Q(managed_by__members=user)
        return self.filter(own | managed).distinct()

    def similar_to(self, organisation: "Organisation") -> list["Organisation"]:
        """Records that may be of the same organisation: the same PIC, or a like name in its country."""
        own = {
            folded_name(name)
            for name in (organisation.legal_name, organisation.cluster_name)
            if name
        } - {""}
        likely = self.filter(Q(country=organisation.country) | Q(pic=organisation.pic, pic__gt=""))
        return [
            other
            for other in likely.exclude(pk=organisation.pk).order_by("legal_name")
            if (organisation.pic and other.pic == organisation.pic)
            or (
                other.country == organisation.country
                and own & {folded_name(other.legal_name), folded_name(other.cluster_name)}
            )
        ]

    def search_by_name(self, words: Iterable[str]) -> "OrganisationQuerySet":
        organisations = self
        for word in words:
            organisations = organisations.filter(
                Q(legal_name__icontains=word)
                | Q(cluster_name__icontains=word)
                | Q(acronym__icontains=word)
            )
        return organisations


class Organisation(models.Model):
    """A legal entity in the registry, perhaps one that runs a cluster under another name.

    `managed_by` is the organisation whose people entered the record for a partner; they keep it until
    the partner has people of its own.
    """

    class Kind(models.TextChoices):
        CLUSTER = OrganisationKind.CLUSTER.value, _("Cluster organisation")
        NETWORK = OrganisationKind.NETWORK.value, _("Business network organisation")
        RUNS_CLUSTER = OrganisationKind.RUNS_CLUSTER.value, _("Organisation that runs a cluster")
        RESEARCH = (
            OrganisationKind.RESEARCH_AS_CLUSTER.value,
            _("Research organisation acting as a cluster organisation"),
        )
        COMPANY = OrganisationKind.COMPANY.value, _("Company")
        OTHER = OrganisationKind.OTHER.value, _("Other")

    legal_name = models.CharField(_("legal name"), max_length=200)
    cluster_name = models.CharField(_("cluster name"), max_length=200, blank=True)
    acronym = models.CharField(_("short name"), max_length=40, blank=True)
    kind = models.CharField(_("type of organisation"), max_length=40, choices=Kind)
    country = models.CharField(_("country of the legal seat"), max_length=2)
    region = models.CharField(_("region"), max_length=120, blank=True)
    town = models.CharField(_("town"), max_length=120, blank=True)
    website = models.URLField(_("website"), blank=True)
    pic = models.CharField(
        _("participant identification code (PIC)"),
        max_length=9,
        blank=True,
        validators=[
            RegexValidator(
                r"^(?!0{9})[0-9]{9}$",
                _("Enter a PIC of nine digits that are not all zero, for example 999988877"),
            )
        ],
    )
    managed_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="managed_organisations"
    )
    members = models.ManyToManyField(User, through="Membership", related_name="organisations")
    is_findable = models.BooleanField(_("Show this organisation in partner search"), default=False)
    is_demonstration = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    record_version = models.PositiveIntegerField(default=0, editable=False)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["legal_name"]
        constraints = [
            models.CheckConstraint(
                name="a_pic_has_nine_digits", condition=Q(pic="") | Q(pic__regex=r"^[0-9]{9}$")
            ),
            models.CheckConstraint(
                name="a_country_is_a_code", condition=Q(country__regex=r"^[A-Z]{2}$")
            ),
        ]
        triggers = [
            log_row_before_change(
                "applicants_organisationchange",
                kind="organisation",
                owner="id",
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("applicants:organisation", args=[self.pk])

    @property
    def name(self) -> str:
        """What people call it: the cluster where it runs one, else the legal name."""
        return self.cluster_name or self.legal_name

    @property
    def country_name(self) -> str:
        return name_on(self.country, clock.now().date())


class Membership(models.Model):
    """A person acts for an organisation."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    joined_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_person_joins_an_organisation_once", fields=["user", "organisation"]
            )
        ]
        triggers = [
            triggers.no_officer("no_officer_joins_an_organisation"),
            pgtrigger.ReadOnly(
                name="membership_identity_is_final", fields=["user", "organisation"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organisation}"


class IsOfAForm(models.Func):
    """Whether JSON is an object, nested no deeper than lists of a form, with numbers that people write.

    What is nested further no parser of ours reads, and would stop a page before anybody can look at it.
    """

    template = (
        "(jsonb_typeof(%(expressions)s) = 'object'"
        " AND NOT jsonb_path_exists(%(expressions)s, '$.**{8}')"
        " AND NOT jsonb_path_exists(%(expressions)s,"
        """ '$.** ? (@.type() == "number" && (@ > 1000000000000000 || @ < -1000000000000000))'))"""
    )
    output_field = models.BooleanField()


def answers_are_of_a_form(of: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=f"answers_of_{of}_are_of_a_form", condition=IsOfAForm("answers")
    )


class ColleagueInvitation(models.Model):
    """A link, sent to one address, that lets its owner act for an organisation (`invitations`)."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        ACCEPTED = "accepted", _("accepted")
        CANCELLED = "cancelled", _("cancelled")

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="colleague_invitations"
    )
    email = models.EmailField()
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    invited_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    invited_at = models.DateTimeField()
    times_sent = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    has_issuer: bool

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="a_colleague_has_one_open_invitation",
                fields=["organisation", "email"],
                condition=Q(state="pending"),
            ),
            models.CheckConstraint(
                name="an_answered_invitation_has_a_time",
                condition=Q(state="pending", answered_at__isnull=True)
                | (~Q(state="pending") & Q(answered_at__isnull=False)),
            ),
        ]
        triggers = [
            triggers.ANSWERED_INVITATIONS_ARE_FINAL,
            pgtrigger.ReadOnly(
                name="colleague_invitation_terms_are_final", fields=["organisation", "email"]
            ),
        ]

    def __str__(self) -> str:
        """Without the address: others may read it."""
        return f"{self.organisation}: {self.state}"

    @property
    def is_expired(self) -> bool:
        return clock.now() >= self.expires_at


class OfficerRole(User.groups.through):  # type: ignore[name-defined]
    """A person in an officers' group: Django's own table, to declare its trigger."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = [
            triggers.added_to_group(
                "no_role_for_who_is_of_an_organisation", table="applicants_membership"
            )
        ]


class SavedStep(models.Model):
    """The answers to one step of a wizard, with a version of their own.

    Two people on different steps never meet; on the same step the second save is refused
    (`saving.save_step`) and both texts are shown. A step has a row once something was saved on it: who only
    looks at it makes none.
    """

    key_fields: ClassVar[tuple[str, ...]]  # the fields that name a step's one row

    step = models.SlugField(max_length=40)
    answers = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True)
    saved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.step} v{self.version}"


class LinkKey(models.Func):
    """What is left of a web address by which PostgreSQL finds those that may be the same page.

    Fewer letters than `foundation.folding.folded_address` compares, so that it finds all that fold alike, and
    some more. It has no per cent sign, which a statement would take for a place of a parameter.
    """

    template = (
        "regexp_replace(regexp_replace(regexp_replace(lower(%(expressions)s), "
        r"'^\s*(https?://)?(www\.)?([^/?#:]*)(:[0-9]+)?([^#]*).*$', '\3\5'), "
        "'[?&](lang|language|locale|hl|fbclid|gclid|utm_[a-z]+)=[^&]*', '', 'g'), "
        r"'\x25[0-9a-f][0-9a-f]|[^a-z0-9]', '', 'g')"
    )
    arity = 1
    output_field = models.TextField()


class ProfileSection(SavedStep):
    """One step of an organisation's cluster profile."""

    key_fields = ("organisation_id", "step")

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="profile_sections")
    # Stored, since folding costs more than finding: a search must never fold the links of all organisations.
    link_key = models.GeneratedField(
        expression=LinkKey(KeyTextTransform("profile_link", "answers")),
        output_field=models.TextField(null=True),
        db_persist=True,
        editable=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_profile_section_for_each_step", fields=["organisation", "step"]
            ),
            answers_are_of_a_form("profilesection"),
        ]
        indexes = [
            # By hash: a link that is far too long is kept until it is corrected, and fits no B-tree.
            HashIndex(fields=["link_key"], name="stored_platform_profile_links")
        ]
        triggers = [
            log_row_before_change(
                "applicants_organisationchange",
                kind="profile",
                owner="organisation_id",
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            )
        ]


class FormSubmission(models.Model):
    """A form that was sent and made something: where its answer led, for a second click on its button."""

    key = models.CharField(max_length=64, primary_key=True)
    sent_at = models.DateTimeField(db_index=True)
    redirect_url = models.TextField(default="")
    messages = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.key
