"""One form for each step of a proposal; what they share is in `applicants.steps`.

A step may hold a list besides its fields (markets, activities, indicators): `row_form` says of what.
The strands of a call never share an ambiguous form: what differs is another class or is built from
the strand itself.
"""

import secrets
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from applicants import vocabularies
from applicants.fields import SeveralField, TextField
from applicants.merging import MOST_ROWS, ROW_ID, Merge, with_ids
from applicants.models import SavedStep
from applicants.steps import StepForm, Text, as_json, in_words, is_empty
from calls import clock
from calls.fields import CountryField
from calls.models import RequiredDeliverable
from proposals.dossier import Draft
from proposals.models import Invitation, Participant


class RowForm(forms.Form):
    """One entry of a step's list. A row in which nothing is typed is no entry.

    `row` names the entry for as long as it lives, so that two people's changes of a list can be merged.
    """

    row = forms.CharField(widget=forms.HiddenInput, max_length=40)

    layout: ClassVar[tuple[Any, ...]] = ()

    def __init__(self, *args: Any, draft: Draft, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draft = draft
        for field in self.fields.values():
            field.required = False
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout("row", *(self.layout or tuple(self.fields)))
        if not self.initial.get(ROW_ID):
            self.initial[ROW_ID] = new_row_id()


def new_row_id() -> str:
    return secrets.token_hex(6)


class RowsFormSet(BaseFormSet):
    """The list of a step; deleted and empty rows fall out."""

    @classmethod
    def get_deletion_widget(cls) -> Any:
        return forms.CheckboxInput(attrs={"class": "form-check-input"})

    def entries(self) -> list[dict[str, Any]]:
        found = []
        for form in self.forms:
            cleaned = dict(form.cleaned_data)
            row = cleaned.pop(ROW_ID, "") or new_row_id()
            if cleaned.pop("DELETE", False) or all(is_empty(value) for value in cleaned.values()):
                continue
            found.append({name: as_json(value) for name, value in cleaned.items()} | {ROW_ID: row})
        return found


class ProposalStepForm(StepForm):
    """A step of a proposal: it knows the draft, and may hold a list of rows."""

    row_form: ClassVar[type[RowForm] | None] = None
    rows_name: ClassVar[str] = ""
    rows_title: ClassVar[Text] = ""
    row_title: ClassVar[Text] = ""

    def __init__(self, data: Any = None, *, draft: Draft, **kwargs: Any) -> None:
        self.draft = draft
        super().__init__(data, **kwargs)
        self.rows: RowsFormSet | None = None
        if self.has_rows():
            self.rows = self._bind_rows(data, self.saved.answers.get(self.rows_name, []))

    def has_rows(self) -> bool:
        return self.row_form is not None

    def _bind_rows(self, data: Any, stored: list[dict[str, Any]]) -> RowsFormSet:
        assert self.row_form is not None  # noqa: S101 -- has_rows() said so
        factory = formset_factory(
            self.row_form,
            formset=RowsFormSet,
            extra=1,
            can_delete=True,
            max_num=MOST_ROWS,
            absolute_max=max(MOST_ROWS, len(stored)) + 5,
        )
        rows: RowsFormSet = factory(  # type: ignore[assignment]
            data,
            initial=list(with_ids(stored).values()),
            prefix=self.rows_name,  # A row equal to what is stored is an entry, not an untouched blank one.
            form_kwargs={"draft": self.draft, "empty_permitted": False},
        )
        return rows

    def is_valid(self) -> bool:
        valid = super().is_valid()
        return (self.rows is None or self.rows.is_valid()) and valid

    def answers(self) -> dict[str, Any]:
        answers = super().answers()
        if self.rows is not None:
            answers[self.rows_name] = self.rows.entries()
        return answers

    def merge_with(self, current: SavedStep, merged: Merge) -> None:
        """Show what merged by itself in the form, and let the next save replace the stored version."""
        typed = self.answers()
        self.rebase_on(current)
        self._show(typed | {name: merged.answers[name] for name in merged.taken})

    def show_text(self, answers: Mapping[str, Any]) -> None:
        """Show another text than the stored one; it is stored only when somebody saves it."""
        self.initial = dict(answers) | {"seen_version": self.saved.version}
        if self.rows is not None:
            self.rows = self._bind_rows(None, answers.get(self.rows_name, []))

    def _show(self, answers: Mapping[str, Any]) -> None:
        """Bind the form to these answers, as if they had been typed."""
        typed: Any = self.data
        data = typed.copy()
        for name in self.fields:
            if name in answers:
                value = answers[name]
                data.setlist(name, value if isinstance(value, list) else [value or ""])
        if self.rows is not None:
            entries = answers.get(self.rows_name) or []
            data[f"{self.rows_name}-TOTAL_FORMS"] = str(len(entries) + 1)
            data[f"{self.rows_name}-INITIAL_FORMS"] = str(len(entries))
            for number, entry in enumerate(entries):
                for name, value in entry.items():
                    data[f"{self.rows_name}-{number}-{name}"] = value or ""
            self.rows = self._bind_rows(data, entries)
        self.data = data

    def label_of(self, name: str) -> Text:
        return self.rows_title if name == self.rows_name else super().label_of(name)

    def shown(self, name: str, value: Any) -> str:
        """Also of the list, said row by row."""
        if name != self.rows_name:
            return super().shown(name, value)
        fields = self.row_form.base_fields if self.row_form is not None else {}
        lines = (
            ", ".join(
                in_words(fields[name], entry[name])
                for name in fields
                if entry.get(name) and name != ROW_ID
            )
            for entry in value or []
        )
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


class SummaryForm(ProposalStepForm):
    slug = "summary"
    title = _("Summary")
    intro = _("What the proposal is called, what it is about, and how long the project takes.")
    mandatory: ClassVar[tuple[str, ...]] = ("acronym", "title_text", "abstract", "duration_months")

    acronym = TextField(label=_("Acronym"), max_length=30)
    title_text = TextField(label=_("Title"), max_length=200)
    abstract = TextField(
        label=_("Abstract"),
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=_(
            "Up to 3,000 characters. Anyone should understand what you want to do and why."
        ),
    )
    duration_months = forms.IntegerField(label=_("Duration in months"), min_value=1, max_value=120)
    layout: ClassVar[tuple[Any, ...]] = (
        Row(Column("acronym", css_class="col-md-4"), Column("title_text", css_class="col-md-8")),
        "abstract",
        Row(Column("duration_months", css_class="col-md-4")),
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        strand = self.draft.proposal.strand
        if strand.minimum_months and strand.maximum_months:
            text = _("The call allows %(least)s to %(most)s months.")
            limits = {"least": strand.minimum_months, "most": strand.maximum_months}
            self.fields["duration_months"].help_text = text % limits
        elif strand.maximum_months:
            text = _("The call allows at most %(months)s months.")
            self.fields["duration_months"].help_text = text % {"months": strand.maximum_months}


class EstablishedSummaryForm(SummaryForm):
    """Summary for a strand that builds on a partnership which exists already."""

    mandatory: ClassVar[tuple[str, ...]] = (
        *SummaryForm.mandatory,
        "partnership_name",
        "partnership_text",
    )

    partnership_name = TextField(label=_("Name of the established partnership"), max_length=200)
    partnership_since = forms.IntegerField(
        label=_("Running since (year)"), min_value=1990, max_value=2100
    )
    partnership_text = TextField(
        label=_("What the partnership has done and agreed so far"),
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("This strand carries on an established partnership and its joint strategy."),
    )
    layout: ClassVar[tuple[Any, ...]] = (
        *SummaryForm.layout,
        Row(
            Column("partnership_name", css_class="col-md-8"),
            Column("partnership_since", css_class="col-md-4"),
        ),
        "partnership_text",
    )

    def clean_partnership_since(self) -> int | None:
        year: int | None = self.cleaned_data["partnership_since"]
        if year is not None and year > clock.now().year:
            raise ValidationError(
                _("%(year)s lies in the future. Give the year since which the partnership has run.")
                % {"year": year}
            )
        return year


class DescriptionForm(ProposalStepForm):
    slug = "descriptions"
    title = _("Descriptions of partners")
    intro = _(
        "Each partner shows that it offers or channels cluster and network support services to "
        "businesses, in line with the definition of innovation clusters."
    )
    mandatory = ("description",)

    description = TextField(
        label=_("Description of the organisation and its support services"),
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=_(
            "Up to 6,000 characters. Name the services, for whom they are, and since when."
        ),
    )
    task = TextField(
        label=_("Its part in this project"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class MarketRow(RowForm):
    country = CountryField(label=_("Country"))
    region = TextField(
        label=_("or region"),
        max_length=120,
        help_text=_("The call asks for specific countries; a region alone will be queried."),
    )
    reason = TextField(
        label=_("Why this market"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    layout: ClassVar[tuple[Any, ...]] = (
        Row(Column("country", css_class="col-md-6"), Column("region", css_class="col-md-6")),
        "reason",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("country") and cleaned.get("region"):
            raise ValidationError(_("Give a country or a region, not both; use two entries."))
        names_a_market = cleaned.get("country") or cleaned.get("region") or "country" in self.errors
        if cleaned.get("reason") and not names_a_market:
            self.add_error("country", _("Choose the country, or name the region, of this market."))
        return cleaned


class VisionForm(ProposalStepForm):
    slug = "vision"
    title = _("Vision and markets")
    intro = _(
        "The joint “European” vision with a global view, and the third markets that you aim at."
    )
    mandatory = ("vision", "goals", "emerging_industries")
    row_form = MarketRow
    rows_name = "markets"
    rows_title = _("Target markets")
    row_title = _("Market")

    vision = TextField(
        label=_("Joint vision"), max_length=4000, widget=forms.Textarea(attrs={"rows": 6})
    )
    goals = TextField(
        label=_("Common goals for the chosen markets"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    emerging_industries = SeveralField(
        label=_("Emerging industries"), choices=vocabularies.EMERGING_INDUSTRIES
    )

    @classmethod
    def missing(cls, answers: Mapping[str, Any]) -> list[Text]:
        missing = super().missing(answers)
        return missing if answers.get("markets") else [*missing, _("A target market")]


class ActivityRow(RowForm):
    title = TextField(label=_("Title"), max_length=200)
    objective = forms.ChoiceField(label=_("Objective of the strand that it serves"))
    description = TextField(
        label=_("What is done"), max_length=3000, widget=forms.Textarea(attrs={"rows": 3})
    )
    justification = TextField(
        label=_("Why it is needed"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    layout: ClassVar[tuple[Any, ...]] = (
        Row(Column("title", css_class="col-md-6"), Column("objective", css_class="col-md-6")),
        "description",
        "justification",
    )

    def __init__(self, *args: Any, draft: Draft, **kwargs: Any) -> None:
        super().__init__(*args, draft=draft, **kwargs)
        objectives = draft.proposal.strand.objectives
        self.fields["objective"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose an objective")),
            *((one["code"], one["text"]) for one in objectives),
        ]


class ActivitiesForm(ProposalStepForm):
    slug = "activities"
    title = _("Activities")
    intro = _(
        "You choose the activities. Each one serves the objective of the strand and is justified."
    )
    row_form = ActivityRow
    rows_name = "activities"
    rows_title = _("Activities")
    row_title = _("Activity")

    @classmethod
    def missing(cls, answers: Mapping[str, Any]) -> list[Text]:
        activities = answers.get("activities", [])
        if not activities:
            return [_("An activity")]
        missing: list[Text] = []
        for number, activity in enumerate(activities, start=1):
            if not activity.get("objective") or not activity.get("justification"):
                text = _("Objective and justification of activity %(number)s")
                missing.append(text % {"number": number})
        return missing


class IndicatorRow(RowForm):
    name = TextField(label=_("Indicator"), max_length=200)
    baseline = TextField(label=_("Baseline"), max_length=60)
    target = TextField(label=_("Target"), max_length=60)
    unit = TextField(label=_("Unit"), max_length=60)
    verification = TextField(label=_("Means of verification"), max_length=300)
    layout: ClassVar[tuple[Any, ...]] = (
        "name",
        Row(
            Column("baseline", css_class="col-md-4"),
            Column("target", css_class="col-md-4"),
            Column("unit", css_class="col-md-4"),
        ),
        "verification",
    )


class DeliverablesForm(ProposalStepForm):
    """A text and a month for each deliverable of the strand; a scoreboard where it requires one."""

    slug = "deliverables"
    title = _("Deliverables")
    intro = _("What the strand requires as results. A PDF may be added to each.")
    row_form = IndicatorRow
    rows_name = "indicators"
    rows_title = _("Indicators of the scoreboard")
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


def _fields_of(deliverable: RequiredDeliverable) -> dict[str, forms.Field]:
    return {
        text_of(deliverable.code): TextField(
            label=_("Description of “%(title)s”") % {"title": deliverable.title},
            max_length=4000,
            widget=forms.Textarea(attrs={"rows": 4}),
            help_text=deliverable.text,
        ),
        month_of(deliverable.code): forms.IntegerField(
            label=_("Ready in month"), min_value=1, max_value=120
        ),
    }


COST_LABELS: dict[str, Text] = {
    "staff": _("Staff"),
    "travel": _("Travel"),
    "subcontracting": _("Subcontracting"),
    "other": _("Other direct costs"),
    "indirect": _("Indirect costs"),
    "grant": _("Requested grant"),
}


class BudgetForm(ProposalStepForm):
    """A line for each participant; totals and rate are computed and never typed."""

    slug = "budget"
    title = _("Budget")
    intro = _("Eligible costs of each partner in euro, and the grant that it asks for.")

    def __init__(
        self, data: Any = None, *, draft: Draft, only: Collection[str] | None = None, **kwargs: Any
    ) -> None:
        """`only` names the participants whose lines may be changed; None for all."""
        self.base_fields = dict(self.base_fields) | {  # type: ignore[misc]
            cell_of(kind, one): _money(f"{label}, {one.organisation.name}")
            for one in draft.applicants
            for kind, label in COST_LABELS.items()
        }
        super().__init__(data, draft=draft, **kwargs)
        self.helper.layout = Layout("seen_version")
        for one in draft.applicants:
            for kind in COST_LABELS:
                self.fields[cell_of(kind, one)].disabled = only is not None and one.key not in only

    @property
    def lines(self) -> list[tuple[Participant, list[Any], Decimal]]:
        """Each applicant with its fields and the sum of its stored costs, for the page."""
        return [
            (one, [self[cell_of(kind, one)] for kind in COST_LABELS], self.draft.costs_of(one))
            for one in self.draft.applicants
        ]

    @property
    def at_own_cost(self) -> list[Participant]:
        return [one for one in self.draft.participants if not one.applies]


def cell_of(kind: str, participant: Participant) -> str:
    return f"{kind}_{participant.key}"


def _money(label: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=0,
        max_digits=12,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"}),
    )


class ParticipantForm(forms.ModelForm):
    """The part of an organisation in the consortium."""

    class Meta:
        model = Participant
        fields = ("role", "controlled_by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            Row(Column("role", css_class="col-md-5"), Column("controlled_by", css_class="col-md-7"))
        )


class InvitationForm(forms.Form):
    """Whom to ask for what. Partners are those of the draft."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    purpose = forms.ChoiceField(
        label=_("What do you ask for?"),
        choices=[
            (
                Invitation.Purpose.CONFIRM,
                _("Confirm that the partner takes part (no account needed)"),
            ),
            (Invitation.Purpose.WRITE, _("Write for the partner")),
            (Invitation.Purpose.READ, _("Read and comment on the whole proposal")),
        ],
    )
    partner = forms.ChoiceField(
        label=_("Partner"), required=False, help_text=_("Not needed for a person who only reads.")
    )

    def __init__(self, data: Any = None, *, draft: Draft, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.draft = draft
        choices: list[tuple[str, Text]] = [("", _("no partner"))]
        choices += [(one.key, one.organisation.name) for one in draft.participants]
        self.fields["partner"].choices = choices  # type: ignore[attr-defined]
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            Row(
                Column("email", css_class="col-md-6"),
                Column("partner", css_class="col-md-6"),
            ),
            "purpose",
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        purpose, key = cleaned.get("purpose"), cleaned.get("partner")
        if purpose == Invitation.Purpose.READ:
            cleaned["partner"] = ""
        elif purpose and not key:
            self.add_error("partner", _("Choose for which partner."))
        if purpose == Invitation.Purpose.CONFIRM and key and key == self._coordinator():
            text = _("The coordinator confirms by submitting. Choose another partner.")
            self.add_error("partner", text)
        return cleaned

    def _coordinator(self) -> str:
        coordinator = self.draft.coordinator
        return coordinator.key if coordinator is not None else ""

    @property
    def participant(self) -> Participant | None:
        key = self.cleaned_data["partner"]
        return next((one for one in self.draft.participants if one.key == key), None)


class ConfirmationForm(forms.Form):
    """Who confirms for a partner, and what they declare."""

    name = TextField(label=_("Your name"), max_length=150)
    function = TextField(
        label=_("Your function in the organisation"),
        max_length=150,
        help_text=_("Such as director."),
    )
    shown = TextField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, data: Any = None, *, declarations: Collection[Text], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for number, text in enumerate(declarations, start=1):
            self.fields[f"declaration_{number}"] = forms.BooleanField(
                label=str(text),
                error_messages={"required": _("Tick this if it is so; otherwise decline below.")},
            )
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class DeclineForm(forms.Form):
    reason = TextField(
        label=_("Why? (if you want to say)"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class CommentForm(forms.Form):
    text = TextField(
        label=_("Your comment"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Write @ and a full name to tell somebody by mail."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class FileForm(forms.Form):
    """A PDF for one deliverable; what makes it readable is checked in `uploads`."""

    file = forms.FileField(
        label=_("PDF file"),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={"empty": _("This file is empty. Choose the PDF again.")},
    )


class WithdrawalForm(forms.Form):
    reason = TextField(
        label=_("Why do you withdraw the proposal?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
