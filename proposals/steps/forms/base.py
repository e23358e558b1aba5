"""What the steps of a proposal share: a form that knows the draft, and may hold a list of rows."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.forms.formsets import DELETION_FIELD_NAME, BaseFormSet, formset_factory
from django.http import QueryDict

from applicants.models import SavedStep
from applicants.reading import Problem, editable, read
from applicants.steps import StepForm, Text, as_json, as_typed, in_words, is_empty, sent
from applicants.three_way_merge import MAX_LIST_ROWS, ROW_ID, Merge, index_by_row_id
from proposals.dossier.document import Draft


class RowForm(forms.Form):
    """One entry of a step's list. A row in which nothing is typed is no entry.

    `row` names the entry for as long as it lives, so that two people's changes of a list can be merged.
    """

    row = forms.CharField(widget=forms.HiddenInput, max_length=40)

    layout: ClassVar[tuple[Any, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def contradictions(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
        """Names of fields that contradict others of the row, each with a sentence, in typed values."""
        yield from ()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, text in self.contradictions(cleaned):
            if name not in self.errors:
                self.add_error(name, str(text))
        return cleaned

    def entry(self) -> dict[str, Any]:
        """What to store of the row; what a field cannot read is kept as it was typed."""
        return {
            name: as_json(self.cleaned_data[name])
            if name in self.cleaned_data
            else as_typed(self, name)
            for name in self.fields
            if name not in (ROW_ID, DELETION_FIELD_NAME)
        }

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
        result = []
        self.is_valid()  # reads the rows
        for form in self.forms:
            row_id = form.cleaned_data.get(ROW_ID) or new_row_id()
            entry = form.entry()
            is_removed = form.cleaned_data.get(DELETION_FIELD_NAME, False)
            if not is_removed and not all(is_empty(value) for value in entry.values()):
                result.append(entry | {ROW_ID: row_id})
        return result

    def is_storable(self) -> bool:
        """Whether every row that was sent is here: a list is never shortened without a word."""
        management = self.management_form
        return (
            management.is_valid()
            and self.total_form_count() == (management.cleaned_data["TOTAL_FORMS"])
        )


class ProposalStepForm(StepForm):
    """A step of a proposal: it knows the draft, and may hold a list of rows."""

    row_form: ClassVar[type[RowForm] | None] = None
    rows_title: ClassVar[Text] = ""
    row_title: ClassVar[Text] = ""

    def __init__(self, data: Any = None, *, draft: Draft, **kwargs: Any) -> None:
        self.draft = draft
        super().__init__(data, **kwargs)
        self.rows: RowsFormSet | None = None
        if self.has_rows():
            self.rows = self._bind_rows(data, self.initial.get(self.rows_name, []))

    @classmethod
    def row_fields(cls) -> Mapping[str, forms.Field]:
        if cls.row_form is None:
            return {}
        fields: dict[str, forms.Field] = cls.row_form.base_fields
        return {name: field for name, field in fields.items() if name != ROW_ID}

    @classmethod
    def row_contradictions(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
        if cls.row_form is not None:
            yield from cls.row_form.contradictions(values)

    def has_rows(self) -> bool:
        return self.row_form is not None

    def _bind_rows(self, data: Any, stored: list[dict[str, Any]]) -> RowsFormSet:
        assert self.row_form is not None  # noqa: S101 -- has_rows() said so
        factory = formset_factory(
            self.row_form,
            formset=RowsFormSet,
            extra=1,
            can_delete=True,
            max_num=MAX_LIST_ROWS,
            absolute_max=max(MAX_LIST_ROWS, len(stored)) + 5,
        )
        rows: RowsFormSet = factory(  # type: ignore[assignment]
            data,
            initial=list(index_by_row_id(stored).values()),
            prefix=self.rows_name,  # A row equal to what is stored is an entry, not an untouched blank one.
            form_kwargs={"draft": self.draft, "empty_permitted": False},
        )
        return rows

    def is_valid(self) -> bool:
        valid = super().is_valid()
        return (self.rows is None or self.rows.is_valid()) and valid

    def is_storable(self) -> bool:
        return super().is_storable() and (self.rows is None or self.rows.is_storable())

    def answers(self) -> dict[str, Any]:
        answers = super().answers()
        if self.rows is not None:
            answers[self.rows_name] = self.rows.entries()
        return answers

    def problems(self) -> list[Problem]:
        """Without lines of partners who left."""
        section: Any = self.saved
        asked = {problem.name for problem in self.draft.problems(self.slug, section.participant)}
        return [problem for problem in super().problems() if problem.name in asked]

    def _show_problem(self, problem: Problem) -> None:
        """Those of the list at their rows."""
        name, dash, rest = problem.name.partition("-")
        number, _dash, field = rest.partition("-")
        if not dash or self.rows is None or name != self.rows_name:
            super()._show_problem(problem)
        elif field not in self.rows.forms[int(number)].errors:
            self.rows.forms[int(number)].add_error(field, problem.sentence)

    def merge_with(self, current: SavedStep, merged: Merge) -> None:
        """Show what merged by itself in the form, and let the next save replace the stored version."""
        typed = self.answers()
        self.rebase_on(current)
        self._show(typed | {name: merged.answers[name] for name in merged.taken})

    def show_text(self, answers: Mapping[str, Any]) -> None:
        """Show another text than the stored one; it is stored only when somebody saves it."""
        shown = editable(type(self), answers)
        self.initial = shown | {"seen_version": self.saved.version}
        if self.rows is not None:
            self.rows = self._bind_rows(None, shown.get(self.rows_name, []))

    def _bind_entries(self, data: QueryDict, entries: list[dict[str, Any]]) -> None:
        data[f"{self.rows_name}-TOTAL_FORMS"] = str(len(entries) + 1)
        data[f"{self.rows_name}-INITIAL_FORMS"] = str(len(entries))
        for number, entry in enumerate(entries):
            for name, value in entry.items():
                values = value if isinstance(value, list) else [sent(value)]
                data.setlist(f"{self.rows_name}-{number}-{name}", values)
        self.rows = self._bind_rows(data, entries)

    def _show(self, answers: Mapping[str, Any]) -> None:
        super()._show(answers)
        if self.rows is not None:
            data: Any = self.data
            self._bind_entries(data, answers.get(self.rows_name) or [])

    def label_of(self, name: str) -> Text:
        return self.rows_title if name == self.rows_name else super().label_of(name)

    def shown(self, name: str, value: Any) -> str:
        """Also of the list, said row by row."""
        if name != self.rows_name:
            return super().shown(name, value)
        fields = self.row_form(draft=self.draft).fields if self.row_form is not None else {}
        lines = (
            ", ".join(
                in_words(fields[name], entry[name])
                for name in fields
                if entry.get(name) and name != ROW_ID
            )
            for entry in read(type(self), {name: value}).values[name]
        )
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))
