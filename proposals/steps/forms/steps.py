"""One form for each step of a proposal; what they share is in `base` and in `applicants.steps`.

A step may hold a list besides its fields (markets, activities, indicators): `row_form` says of what.
The strands of a call never share an ambiguous form: what differs is another class or is built from
the strand itself.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from crispy_forms.layout import Layout
from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from applicants import choices
from applicants.fields import NameField, PastYearField, SeveralField, TextField
from applicants.steps import Text
from calls.fields import CountryField
from calls.models import RequiredDeliverable
from foundation.fields import AmountField, WholeNumberField
from foundation.form_layout import grid_row
from proposals.dossier.document import COST_KINDS, Draft
from proposals.models import Participant
from proposals.steps.forms.base import ProposalStepForm, RowForm

MAX_MONTHS = 120  # that a project may last


class SummaryForm(ProposalStepForm):
    slug = "summary"
    title = _("Summary")
    intro = _("The name, subject and duration of the project.")
    mandatory: ClassVar[tuple[str, ...]] = ("acronym", "title_text", "abstract", "duration_months")

    acronym = NameField(label=_("Acronym"), max_length=30)
    title_text = NameField(label=_("Title"), max_length=200)
    abstract = TextField(
        label=_("Abstract"),
        max_length=3000,
        rows=7,
        rich=True,
        help_text=_(
            "Explain what you want to do and why, in words that anyone can understand. Up to "
            "3,000 characters."
        ),
    )
    duration_months = WholeNumberField(
        label=_("Duration in months"), min_value=1, max_value=MAX_MONTHS
    )
    layout: ClassVar[tuple[Any, ...]] = (
        grid_row(acronym=4, title_text=8),
        "abstract",
        grid_row(duration_months=4),
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        strand = self.draft.proposal.strand
        if strand.minimum_months and strand.maximum_months:
            text = _("The call allows %(least)s to %(most)s months.")
            limits = {"least": strand.minimum_months, "most": strand.maximum_months}
            self.fields["duration_months"].help_text = text % limits
        elif strand.maximum_months:
            text = _("The call allows up to %(months)s months.")
            self.fields["duration_months"].help_text = text % {"months": strand.maximum_months}


class EstablishedSummaryForm(SummaryForm):
    """Summary for a strand that builds on a partnership which exists already."""

    mandatory: ClassVar[tuple[str, ...]] = (
        *SummaryForm.mandatory,
        "partnership_name",
        "partnership_text",
    )
    optional = ("partnership_since",)

    partnership_name = NameField(label=_("Name of the established partnership"), max_length=200)
    partnership_since = PastYearField(
        label=_("Year in which the partnership started"),
        min_value=1990,
        error_messages={
            "future": _(
                "%(year)s is in the future. Enter the year in which the partnership started"
            )
        },
    )
    partnership_text = TextField(
        label=_("Results and agreements of the partnership so far"),
        max_length=3000,
        rows=5,
        rich=True,
        help_text=_("This strand continues an established partnership and its joint strategy."),
    )
    layout: ClassVar[tuple[Any, ...]] = (
        *SummaryForm.layout,
        grid_row(partnership_name=8, partnership_since=4),
        "partnership_text",
    )


class DescriptionForm(ProposalStepForm):
    slug = "descriptions"
    title = _("Partner descriptions")
    intro = _(
        "Each partner must show that it offers cluster and network support services to "
        "businesses, or channels them, in line with the definition of an innovation cluster."
    )
    mandatory = ("description",)
    optional = ("task",)

    description = TextField(
        label=_("Description of the organisation and its support services"),
        max_length=6000,
        rows=12,
        rich=True,
        help_text=_(
            "Describe the services, who they are for and since when you offer them. Up to "
            "6,000 characters."
        ),
    )
    task = TextField(
        label=_("Tasks in this project"),
        max_length=2000,
        rows=4,
        rich=True,
    )


class MarketRow(RowForm):
    country = CountryField(label=_("Country"))
    region = TextField(
        label=_("Region"),
        max_length=120,
        help_text=_(
            "The call requires specific countries. If you enter only a region, officers may "
            "ask for clarification."
        ),
    )
    reason = TextField(
        label=_("Reason for choosing this market"),
        max_length=1000,
        rows=2,
    )
    layout: ClassVar[tuple[Any, ...]] = (
        grid_row(country=6, region=6),
        "reason",
    )

    @classmethod
    def contradictions(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
        if values.get("country") and values.get("region"):
            yield (
                "region",
                _("Enter a country or a region, not both. Use a separate entry for each"),
            )
        elif values.get("reason") and not values.get("country") and not values.get("region"):
            yield "country", _("Select the country or enter the region of this market")


class VisionForm(ProposalStepForm):
    slug = "vision"
    title = _("Vision and markets")
    intro = _(
        "Your joint “European” vision with a global perspective, and the third markets you aim for."
    )
    mandatory = ("vision", "goals", "emerging_industries")
    row_form = MarketRow
    rows_name = "markets"
    rows_title = _("Target markets")
    row_title = _("Market")

    vision = TextField(label=_("Joint vision"), max_length=4000, rows=6, rich=True)
    goals = TextField(
        label=_("Common goals for the chosen markets"),
        max_length=4000,
        rows=5,
        rich=True,
    )
    emerging_industries = SeveralField(
        label=_("Emerging industries"), choices=choices.EMERGING_INDUSTRIES
    )

    @classmethod
    def missing(cls, answers: Mapping[str, Any]) -> list[Text]:
        missing = super().missing(answers)
        return missing if answers.get("markets") else [*missing, _("Target market")]


class ActivityRow(RowForm):
    title = NameField(label=_("Title"), max_length=200)
    objective = forms.ChoiceField(label=_("Objective of the strand"))
    description = TextField(
        label=_("Description of the activity"),
        max_length=3000,
        rows=3,
        rich=True,
    )
    justification = TextField(label=_("Justification"), max_length=2000, rows=3, rich=True)
    first_month = WholeNumberField(
        label=_("First month"),
        min_value=1,
        max_value=MAX_MONTHS,
        help_text=_("Month 1 is the first month of the project."),
    )
    last_month = WholeNumberField(
        label=_("Last month"),
        min_value=1,
        max_value=MAX_MONTHS,
        help_text=_("The activity ends at the end of this month."),
    )
    lead = forms.ChoiceField(label=_("Leading partner"))
    partners = SeveralField(label=_("Participating partners"), choices=())
    deliverables = SeveralField(label=_("Deliverables to which it leads"), choices=())
    optional = ("first_month", "last_month", "lead", "partners", "deliverables")
    layout: ClassVar[tuple[Any, ...]] = (
        grid_row(title=6, objective=6),
        "description",
        "justification",
        grid_row(first_month=3, last_month=3, lead=6),
        "partners",
        "deliverables",
    )

    @classmethod
    def contradictions(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
        first, last = values.get("first_month"), values.get("last_month")
        if first and last and last < first:
            yield "last_month", _("Enter a last month that is not before the first month")

    def __init__(self, *args: Any, draft: Draft, **kwargs: Any) -> None:
        super().__init__(*args, draft=draft, **kwargs)
        objectives = draft.proposal.strand.objectives
        wanted = [(objective["code"], objective["text"]) for objective in objectives]
        self._offer("objective", [("", _("Select an objective")), *wanted])
        partners = [(item.key, item.organisation.name) for item in draft.participants]
        results = [(item.code, item.title) for item in draft.deliverables]
        self._offer("lead", [("", _("Select a partner")), *partners])
        self._offer("partners", partners)
        self._offer("deliverables", results)

    def _offer(self, name: str, offered: Sequence[tuple[str, Text]]) -> None:
        self.fields[name].choices = offered  # type: ignore[attr-defined]


class ActivitiesForm(ProposalStepForm):
    slug = "activities"
    title = _("Activities")
    intro = _(
        "List your activities. Each one must serve an objective of the strand and be justified. "
        "If you add months and partners, a chart shows the work plan."
    )
    row_form = ActivityRow
    rows_name = "activities"
    rows_title = _("Activities")
    row_title = _("Activity")

    @classmethod
    def missing(cls, answers: Mapping[str, Any]) -> list[Text]:
        activities = answers.get("activities", [])
        if not activities:
            return [_("Activity")]
        missing: list[Text] = []
        for number, activity in enumerate(activities, start=1):
            if not activity.get("objective") or not activity.get("justification"):
                text = _("Objective and justification of activity %(number)s")
                missing.append(text % {"number": number})
        return missing


class IndicatorRow(RowForm):
    name = NameField(label=_("Indicator"), max_length=200)
    baseline = TextField(label=_("Baseline"), max_length=60)
    target = TextField(label=_("Target"), max_length=60)
    unit = TextField(label=_("Unit"), max_length=60)
    verification = TextField(label=_("Means of verification"), max_length=300)
    layout: ClassVar[tuple[Any, ...]] = (
        "name",
        grid_row(baseline=4, target=4, unit=4),
        "verification",
    )


class DeliverablesForm(ProposalStepForm):
    """A text and a month for each deliverable of the strand; a scoreboard where it requires one."""

    slug = "deliverables"
    title = _("Deliverables")
    intro = _("The results that the strand requires. You can add a PDF to each.")
    row_form = IndicatorRow
    rows_name = "indicators"
    rows_title = _("Scoreboard indicators")
    row_title = _("Indicator")

    def __init__(self, data: Any = None, *, draft: Draft, **kwargs: Any) -> None:
        self.deliverables: list[RequiredDeliverable] = draft.deliverables
        self.base_fields = dict(self.base_fields) | {  # type: ignore[misc]
            name: field
            for deliverable in self.deliverables
            for name, field in _fields_of(deliverable).items()
        }
        super().__init__(data, draft=draft, **kwargs)
        self.helper.layout = Layout("seen_version")

    @classmethod
    def field_named(cls, name: str) -> forms.Field | None:
        kind, line, code = name.partition("_")
        return _OF_DELIVERABLE.get(kind) if line and code else None

    def has_rows(self) -> bool:
        return any(deliverable.is_scoreboard for deliverable in self.deliverables)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Each deliverable with its fields and file, for the page."""
        return [
            {
                "deliverable": deliverable,
                "text": self[text_of(deliverable.code)],
                "month": self[month_of(deliverable.code)],
                "file": self.draft.files.get(deliverable.code),
            }
            for deliverable in self.deliverables
        ]


def text_of(code: str) -> str:
    return f"text_{code}"


def month_of(code: str) -> str:
    return f"month_{code}"


def _text_field(**kwargs: Any) -> TextField:
    return TextField(max_length=4000, rows=4, rich=True, **kwargs)


def _month_field() -> WholeNumberField:
    return WholeNumberField(label=_("Delivery month"), min_value=1, max_value=MAX_MONTHS)


_OF_DELIVERABLE: dict[str, forms.Field] = {
    "text": _text_field(label=_("Description")),
    "month": _month_field(),
}


def _fields_of(deliverable: RequiredDeliverable) -> dict[str, forms.Field]:
    return {
        text_of(deliverable.code): _text_field(
            label=_("Description of “%(title)s”") % {"title": deliverable.title},
            help_text=deliverable.text,
        ),
        month_of(deliverable.code): _month_field(),
    }


COST_LABELS: dict[str, Text] = {
    "staff": _("Staff"),
    "travel": _("Travel"),
    "subcontracting": _("Subcontracting"),
    "other": _("Other direct costs"),
    "indirect": _("Indirect costs"),
    "grant": _("Requested EU contribution"),
}


@dataclass(frozen=True)
class BudgetLine:
    """A partner's row: its fields, and what is stored of it, in euro."""

    participant: Participant
    cells: list[BoundField]
    grant_cell: BoundField
    costs: Decimal
    grant: Decimal

    @property
    def rate(self) -> Decimal | None:
        """The grant in percent of the costs, None while there are no costs."""
        return self.grant / self.costs * 100 if self.costs else None

    @property
    def is_over(self) -> bool:
        return self.grant > self.costs

    @property
    def errors(self) -> list[BoundField]:
        """The fields of the row that have errors."""
        return [field for field in (*self.cells, self.grant_cell) if field.errors]


class BudgetForm(ProposalStepForm):
    """A line for each participant; totals and rate are computed and never typed."""

    slug = "budget"
    title = _("Budget")
    intro = _("The eligible costs of each partner, in euro, and the EU contribution it requests.")

    def __init__(
        self, data: Any = None, *, draft: Draft, only: Collection[str] | None = None, **kwargs: Any
    ) -> None:
        """`only` names the participants whose lines may be changed; None for all."""
        self.base_fields = dict(self.base_fields) | {  # type: ignore[misc]
            cell_of(kind, participant): _money(f"{label}, {participant.organisation.name}")
            for participant in draft.applicants
            for kind, label in COST_LABELS.items()
        }
        super().__init__(data, draft=draft, **kwargs)
        self.helper.layout = Layout("seen_version")
        for applicant in draft.applicants:
            for kind in COST_LABELS:
                self.fields[cell_of(kind, applicant)].disabled = (
                    only is not None and applicant.key not in only
                )

    @classmethod
    def field_named(cls, name: str) -> forms.Field | None:
        kind, line, key = name.rpartition("_")
        return _CELLS.get(kind) if line and key else None

    @cached_property
    def lines(self) -> list[BudgetLine]:
        """A row of the table for each applicant."""
        return [
            BudgetLine(
                applicant,
                [self[cell_of(kind, applicant)] for kind in COST_KINDS],
                self[cell_of("grant", applicant)],
                self.draft.costs_of(applicant),
                self.draft.grant_of(applicant),
            )
            for applicant in self.draft.applicants
        ]

    @property
    def cells_with_errors(self) -> list[BoundField]:
        """The fields that the totals leave out."""
        return [cell for line in self.lines for cell in line.errors]

    @property
    def sums(self) -> list[tuple[str, Decimal]]:
        """The stored costs of all applicants by kind."""
        return [
            (
                kind,
                sum((self.draft.money(kind, item) for item in self.draft.applicants), Decimal(0)),
            )
            for kind in COST_KINDS
        ]

    @property
    def lines_over_costs(self) -> list[BudgetLine]:
        """The partners that request more than they spend."""
        return [line for line in self.lines if line.is_over]

    @property
    def is_over_ceiling(self) -> bool:
        ceiling = self.draft.proposal.strand.ceiling
        return ceiling is not None and self.draft.total_grant > ceiling

    @property
    def is_over_rate(self) -> bool:
        maximum, rate = self.draft.proposal.strand.rate_percent, self.draft.rate
        return maximum is not None and rate is not None and rate > maximum

    @property
    def headings(self) -> list[Text]:
        return list(COST_LABELS.values())[:-1]

    @property
    def at_own_cost(self) -> list[Participant]:
        return [participant for participant in self.draft.participants if not participant.applies]


def cell_of(kind: str, participant: Participant) -> str:
    return f"{kind}_{participant.key}"


def _money(label: Text) -> AmountField:
    return AmountField(label=label, min_value=0, max_digits=12)


_CELLS = {kind: _money(label) for kind, label in COST_LABELS.items()}
