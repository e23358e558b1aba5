"""What the steps of a proposal share: a form that knows the draft, and may hold a list of rows."""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.forms.formsets import BaseFormSet, formset_factory

from applicants.merging import MOST_ROWS, ROW_ID, Merge, with_ids
from applicants.models import SavedStep
from applicants.steps import StepForm, Text, as_json, in_words, is_empty
from proposals.dossier import Draft


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
