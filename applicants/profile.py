"""The cluster profile: its steps, and what is complete and what is missing in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from crispy_forms.layout import Column, Row
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from applicants import choices
from applicants.fields import CountField, NameField, PastYearField, SeveralField, TextField
from applicants.models import Organisation
from applicants.reading import Problem
from applicants.steps import StepForm, Text, read_step
from calls.fields import ThirdCountriesField
from calls.innovation_clusters import ELEMENTS
from foundation import clock
from foundation.fields import AmountField, DayField
from foundation.form_layout import grid_row

FIRST_YEAR = 1800


def not_in_the_future(day: date) -> None:
    if day > clock.now().date():
        raise ValidationError(_("The date of the label must not be in the future"))


class IdentityForm(StepForm):
    slug = "identity"
    title = _("Identity")
    intro = _("The legal identity of the organisation and how it presents itself.")
    mandatory = ("legal_form", "founded", "street", "postcode", "description")
    optional = ("nuts",)

    legal_form = TextField(
        label=_("Legal form"),
        max_length=120,
        help_text=_("For example association, e.V. or foundation"),
    )
    founded = PastYearField(
        label=_("Year of establishment"),
        min_value=FIRST_YEAR,
        error_messages={
            "future": _(
                "%(year)s is in the future. Enter the year in which the organisation was "
                "established"
            )
        },
    )
    street = TextField(label=_("Street and number"), max_length=200)
    postcode = TextField(label=_("Postcode and town"), max_length=120)
    nuts = forms.RegexField(
        r"^[A-Z]{2}[0-9A-Z]{0,3}$",
        label=_("NUTS code of the region"),
        help_text=_("For example, FRK26"),
        error_messages={
            "invalid": _(
                "Enter a NUTS code of two letters and up to three letters or digits, for example "
                "FRK26"
            )
        },
    )
    description = TextField(
        label=_("Description of the cluster"),
        max_length=4000,
        rows=6,
        help_text=_("Describe the cluster as you would to a partner. Up to 4,000 characters."),
    )
    layout: ClassVar[tuple[Any, ...]] = (
        grid_row(legal_form=8, founded=4),
        grid_row(street=5, postcode=4, nuts=3),
        "description",
    )


class RegistrationForm(StepForm):
    slug = "registration"
    title = _("Cluster platform")
    intro = _(
        "Applicants must be registered on the European cluster platform, or plan to register."
    )
    STATUSES = (
        ("registered", _("Registered: we have a profile on the platform")),
        ("applied", _("Applied: we have applied for registration")),
        ("planned", _("Planned: we plan to register")),
        ("neither", _("Not registered and not planned")),
    )

    status = forms.ChoiceField(label=_("Registration"), choices=STATUSES, widget=forms.RadioSelect)
    profile_link = forms.URLField(
        label=_("Link to the platform profile"),
        assume_scheme="https",
        max_length=500,
        help_text=_("If you are registered: the web address of your profile on the platform"),
    )
    planned_on = DayField(
        label=_("Registration date"),
        help_text=_(
            "For example, 21.4.2015. If you have applied, enter the date of the application. "
            "If you plan to register, enter the date by which you will be registered."
        ),
    )
    mandatory = ("status",)


class MembersForm(StepForm):
    slug = "members"
    title = _("Members and staff")
    intro = _("The number of members by type. A member can be counted under two types.")
    mandatory = ("total", "smes", "large", "research", "staff")
    optional = ("other", "kinds")

    total = CountField(label=_("Total number of members"))
    smes = CountField(label=_("Small and medium-sized enterprises (SMEs)"))
    large = CountField(label=_("Large enterprises"))
    research = CountField(label=_("Research and knowledge organisations"))
    other = CountField(label=_("Other members"))
    kinds = SeveralField(label=_("Types of members"), choices=choices.MEMBER_KINDS)
    staff = AmountField(
        label=_("Cluster management staff"),
        min_value=0,
        max_value=10000,
        max_digits=7,
        help_text=_("Full-time equivalents, for example 2.5"),
    )
    layout: ClassVar[tuple[Any, ...]] = (
        grid_row(total=6, staff=6),
        grid_row(smes=6, large=6, research=6, other=6),
        "kinds",
    )

    @classmethod
    def contradictions(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
        total = values.get("total")
        for name in ("smes", "large", "research", "other"):
            part = values.get(name)
            if total is not None and part is not None and part > total:
                message = _(
                    "%(part)s is more than the total of %(total)s members. Correct one of the "
                    "two numbers"
                )
                yield name, str(message) % {"part": part, "total": total}


class SectorsForm(StepForm):
    slug = "sectors"
    title = _("Sectors and technologies")
    intro = _("The sectors in which your members work.")
    mandatory = ("sectors", "emerging_industries")
    optional = ("technologies",)

    emerging_industries = SeveralField(
        label=_("Emerging industries"), choices=choices.EMERGING_INDUSTRIES
    )
    technologies = SeveralField(label=_("Technology fields"), choices=choices.TECHNOLOGIES)
    sectors = SeveralField(label=_("Sectoral industries"), choices=choices.SECTORS)


class ServicesForm(StepForm):
    slug = "services"
    title = _("Support services")
    intro = _(
        "The cluster and network support services that you offer to businesses or channel "
        "from others, and how you match the definition of an innovation cluster."
    )
    mandatory = ("independent", "how")
    optional = ("other_service",)

    offered = SeveralField(label=_("Services you offer"), choices=choices.SERVICES)
    channelled = SeveralField(label=_("Services you channel from others"), choices=choices.SERVICES)
    other_service = TextField(label=_("Other services"), max_length=200)
    independent = forms.ChoiceField(
        label=_("Are your members independent of each other?"),
        choices=(
            ("yes", _("Yes, they are independent")),
            ("no", _("No, they belong to the same group")),
        ),
        widget=forms.RadioSelect,
    )
    elements = SeveralField(
        label=_("Which parts of the “innovation cluster” definition apply?"),
        choices=[(element.code, element.text) for element in ELEMENTS],
    )
    how = TextField(
        label=_("How the cluster matches the definition"),
        max_length=4000,
        rows=6,
    )
    definition = forms.ChoiceField(
        label=_("Which text do you refer to?"),
        choices=(
            ("2014", _("Framework of 2014 (2014/C 198/01), point 1.3(s)")),
            ("2006", _("Framework of 2006, which has been replaced")),
        ),
        help_text=_("The call uses the Framework of 2014."),
    )
    layout: ClassVar[tuple[Any, ...]] = (
        Row(Column("offered", css_class="col-lg-6"), Column("channelled", css_class="col-lg-6")),
        "other_service",
        "independent",
        "elements",
        "how",
        "definition",
    )


class MarketsForm(StepForm):
    slug = "markets"
    title = _("Markets and label")
    intro = _("The markets your members want to enter, and the quality label of the cluster.")
    mandatory = ("third_markets", "label")
    optional = ("markets_in_europe", "label_date")

    third_markets = ThirdCountriesField(
        label=_("Third countries of interest"),
        help_text=_("Countries that take part in no EU programme on this portal."),
    )
    markets_in_europe = TextField(label=_("European countries of interest"), max_length=300)
    label = forms.ChoiceField(
        label=_("Quality label"), choices=choices.LABELS, widget=forms.RadioSelect
    )
    label_date = DayField(
        label=_("Date of the label"),
        validators=[not_in_the_future],
        help_text=_("For example, 21.4.2015."),
    )


class ContactForm(StepForm):
    slug = "contact"
    title = _("Contact")
    intro = _(
        "The person whom partners and officers can contact. This is not public and not part "
        "of the sealed proposal."
    )
    mandatory = ("contact_name", "contact_email")
    optional = ("contact_function", "contact_telephone")

    contact_name = NameField(label=_("Name"), max_length=150)
    contact_function = TextField(label=_("Function"), max_length=150)
    contact_email = forms.EmailField(label=_("Email address"))
    contact_telephone = TextField(label=_("Telephone"), max_length=40)


PROFILE_STEPS: tuple[type[StepForm], ...] = (
    IdentityForm,
    RegistrationForm,
    MembersForm,
    SectorsForm,
    ServicesForm,
    MarketsForm,
    ContactForm,
)


def services_in(answers: Mapping[str, Any]) -> list[str]:
    """Codes and words of the services that are offered or channelled, in typed answers."""
    named = [*answers.get("offered", []), *answers.get("channelled", [])]
    other = answers.get("other_service", "").strip()
    return sorted(set(named)) + ([other] if other else [])


@dataclass(slots=True)
class StepState:
    """One step as lists show it.

    Not frozen, because a page of a draft makes some forty and freezing doubles their time. Nobody changes
    one.
    """

    form: type[StepForm]
    answers: dict[str, Any]
    version: int
    missing: tuple[str, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def slug(self) -> str:
        return self.form.slug

    @property
    def title(self) -> Text:
        return self.form.title

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def is_begun(self) -> bool:
        return self.version > 0


@dataclass(frozen=True)
class ProfileState:
    """What of a profile is there; built from its sections without a query."""

    steps: tuple[StepState, ...]

    @property
    def is_complete(self) -> bool:
        return all(step.is_complete for step in self.steps)

    @property
    def percent(self) -> int:
        shares = [step.form.done_share(step.answers) for step in self.steps]
        return sum(done for done, _ in shares) * 100 // sum(wanted for _, wanted in shares)

    @property
    def missing(self) -> list[str]:
        return [f"{step.title}: {label}" for step in self.steps for label in step.missing]

    @property
    def answers(self) -> dict[str, dict[str, Any]]:
        return {step.slug: step.answers for step in self.steps}


def profile_of(organisation: Organisation) -> ProfileState:
    sections = organisation.profile_sections.all()
    return profile_saved_as(
        {section.step: (section.answers, section.version) for section in sections}
    )


def profile_saved_as(saved: Mapping[str, tuple[dict[str, Any], int]]) -> ProfileState:
    """The profile in which each step that was begun has these answers, in this version.

    The answers are typed. What must be corrected counts as missing, and says why.
    """
    steps, today = [], clock.now().date()
    for form in PROFILE_STEPS:
        stored, version = saved.get(form.slug, ({}, 0))
        reading = read_step(form.slug, stored, today)
        answers, problems = reading.values, tuple(reading.problems)
        unread = {problem.label for problem in problems}
        missing = [str(label) for label in form.missing(answers) if label not in unread]
        missing += [str(problem) for problem in problems]
        steps.append(StepState(form, answers, version, tuple(missing), problems))
    return ProfileState(tuple(steps))


def form_for(slug: str) -> type[StepForm] | None:
    return next((form for form in PROFILE_STEPS if form.slug == slug), None)


def step_after(slug: str) -> str | None:
    slugs = [form.slug for form in PROFILE_STEPS]
    place = slugs.index(slug) + 1
    return slugs[place] if place < len(slugs) else None
