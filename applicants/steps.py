"""What every step of every wizard is: a form over a saved step, with what is mandatory in it.

Saving is lenient: an unfinished step is kept as it is. What is missing is distinguished from what is
wrong, so that a form never refuses a text because another field is still empty.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, LayoutObject
from django import forms
from django.http import QueryDict

from applicants.models import SavedStep
from applicants.reading import Problem, Reading, Text, editable, read
from applicants.three_way_merge import Difference, is_empty
from foundation.text import clean_text

# Each step's form by the step's name; where strands have several, the one with the most fields.
FORMS: dict[str, "type[StepForm]"] = {}


def read_step(step: str, stored: Any, today: date | None = None) -> Reading:
    """The typed answers of a stored step, and what in it must be corrected."""
    form = FORMS.get(step)
    if form is not None:
        return read(form, stored, today)
    return Reading(dict(stored) if isinstance(stored, dict) else {})


class StepForm(forms.Form):
    """Answers in, plus the version that its editor saw.

    `mandatory` names the fields without which the step is not complete, and `optional` those that may
    always stay empty; `rows` is the formset class of a step that also holds a list.
    """

    slug: ClassVar[str]
    title: ClassVar[Text]
    intro: ClassVar[Text] = ""
    mandatory: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()
    layout: ClassVar[tuple[LayoutObject | str, ...]] = ()
    rows_name: ClassVar[str] = ""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "slug"):
            FORMS[cls.slug] = cls

    @classmethod
    def field_named(cls, name: str) -> forms.Field | None:
        """The field that declares an answer of this name; None where there is no such answer."""
        declared: forms.Field | None = cls.base_fields.get(name)
        return None if name == "seen_version" else declared

    @classmethod
    def row_fields(cls) -> Mapping[str, forms.Field]:
        return {}

    @classmethod
    def contradictions(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
        """Names of fields that contradict others, each with a sentence, in typed values."""
        yield from ()

    @classmethod
    def row_contradictions(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
        yield from ()

    def __init__(self, data: Any = None, *, saved: SavedStep, **kwargs: Any) -> None:
        initial = editable(type(self), saved.answers) | {"seen_version": saved.version}
        super().__init__(data, initial=initial, **kwargs)
        self.saved = saved
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self._require_nothing_yet()
        layout = self.layout or tuple(name for name in self.fields if name != "seen_version")
        self.helper.layout = Layout("seen_version", *layout)

    def _require_nothing_yet(self) -> None:
        for name, field in self.fields.items():
            if name != "seen_version":
                field.required = False
                field.widget.is_required = False
            if name in self.mandatory:
                field.label_suffix = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, text in self.contradictions(cleaned):
            self.add_error(name, str(text))
        return cleaned

    def _post_clean(self) -> None:
        """What somebody may not change is not theirs to correct."""
        for name in [name for name, field in self.fields.items() if field.disabled]:
            self.errors.pop(name, None)

    def is_storable(self) -> bool:
        """Whether the step can be saved. What must be corrected is kept as typed, and stops nothing."""
        return self.is_bound and "seen_version" not in self.errors

    def answers(self) -> dict[str, Any]:
        """What to store: plain JSON, without the version, of the fields that the page really had.

        A page that was opened before a field came to be says nothing of it. What the field cannot read is
        kept as it was typed.
        """
        return {
            name: self._to_store(name)
            for name in self.fields
            if name != "seen_version" and self._was_sent(name)
        }

    def _to_store(self, name: str) -> Any:
        if name in self.cleaned_data:
            return as_json(self.cleaned_data[name])
        return as_typed(self, name)

    def show_problems(self) -> None:
        """Show what is stored, with an error where it must be corrected; nothing where all is right."""
        problems = self.problems()
        if not problems:
            return
        self._show(self.initial)
        for problem in problems:
            self._show_problem(problem)

    def problems(self) -> list[Problem]:
        """What of the stored answers must be corrected."""
        return read(type(self), self.saved.answers).problems

    def _show_problem(self, problem: Problem) -> None:
        if problem.name not in self.fields:
            self.add_error(None, str(problem))
        elif problem.name not in self.errors and not self.fields[problem.name].disabled:
            self.add_error(problem.name, problem.sentence)

    def _show(self, answers: Mapping[str, Any]) -> None:
        """Bind the form to these answers, as if they had been typed."""
        data = self.data.copy() if self.is_bound else QueryDict(mutable=True)  # type: ignore[attr-defined]
        for name in self.fields:
            if name in answers:
                value = answers[name]
                data.setlist(name, value if isinstance(value, list) else [sent(value)])
        self._bind(data)

    def _bind(self, data: QueryDict) -> None:
        self.data, self.is_bound = data, True
        self.full_clean()

    def _was_sent(self, name: str) -> bool:
        field = self.fields[name]
        if field.disabled:
            return False
        omitted: bool = field.widget.value_omitted_from_data(
            self.data, self.files, self.add_prefix(name)
        )
        return not omitted or isinstance(field, forms.BooleanField)

    @property
    def seen(self) -> int:
        return int(self.cleaned_data["seen_version"])

    def differences(
        self, theirs: SavedStep, names: Iterable[str] | None = None
    ) -> list[Difference]:
        """Each field in which the typed and the stored text differ, or of those that are named."""
        mine = self.answers()
        stored = editable(type(self), theirs.answers)
        wanted = mine if names is None else [name for name in names if name in mine]
        return [
            Difference(
                name,
                self.label_of(name),
                self.shown(name, mine[name]),
                self.shown(name, stored.get(name)),
                is_list=name not in self.fields,
            )
            for name in wanted
            if mine[name] != stored.get(name)
            and not (is_empty(mine[name]) and is_empty(stored.get(name)))
        ]

    def label_of(self, name: str) -> Text:
        return self.fields[name].label or name if name in self.fields else name

    def shown(self, name: str, value: Any) -> str:
        """A stored value in words: the labels of choices, texts as they are."""
        return in_words(self.fields[name], value)

    def rebase_on(self, current: SavedStep) -> None:
        """Let the next save replace this version: its person has now been shown both texts."""
        data: Any = self.data
        self.data = data.copy()
        self.data["seen_version"] = str(current.version)  # type: ignore[index]

    @classmethod
    def missing(cls, answers: Mapping[str, Any]) -> list[Text]:
        """The labels of mandatory fields that are still empty, in their order."""
        return [
            cls.base_fields[name].label or name
            for name in cls.mandatory_in(answers)
            if is_empty(answers.get(name))
        ]

    @classmethod
    def mandatory_in(cls, answers: Mapping[str, Any]) -> Iterable[str]:
        """What is mandatory given the other answers; a step overrides it where that depends."""
        return cls.mandatory

    @classmethod
    def done_share(cls, answers: Mapping[str, Any]) -> tuple[int, int]:
        """How many of the mandatory fields are filled, of how many."""
        wanted = list(cls.mandatory_in(answers))
        return sum(1 for name in wanted if not is_empty(answers.get(name))), len(wanted)


def sent(value: Any) -> Any:
    """A stored value as a form sends it; zero is a value."""
    return "" if value is None else value


def as_typed(form: forms.BaseForm, name: str) -> Any:
    """What was sent for a field, as it was typed, without what no text may contain."""
    widget = form.fields[name].widget
    typed = widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
    if isinstance(typed, list):
        return [clean_text(str(item)) for item in typed]
    return clean_text(str(sent(typed)))


def as_json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str):
        return clean_text(value)
    return value


def in_words(field: forms.Field, value: Any) -> str:
    """A stored value in words: the labels of choices, texts as they are."""
    choices = getattr(field, "choices", None)
    if choices is None:
        return "" if value is None else str(value)
    labels = {str(code): str(label) for code, label in choices}
    values = value if isinstance(value, list) else [value]
    texts = [labels.get(str(item), str(item)) for item in values if item not in (None, "")]
    are_sentences = bool(texts) and all(text.endswith(".") for text in texts)
    return (" " if are_sentences else ", ").join(texts)
