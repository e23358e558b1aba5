"""What every step of every wizard is: a form over a saved step, with what is mandatory in it.

Saving is lenient: an unfinished step is kept as it is. What is missing is told apart from what is
wrong, so that a form never refuses a text because another field is still empty.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, LayoutObject
from django import forms
from django.utils.functional import Promise

from applicants.merging import Difference, is_empty
from applicants.models import SavedStep

Text = str | Promise


class StepForm(forms.Form):
    """Answers in, plus the version that its editor saw.

    `mandatory` names the fields without which the step is not complete; `rows` is the formset
    class of a step that also holds a list.
    """

    slug: ClassVar[str]
    title: ClassVar[Text]
    intro: ClassVar[Text] = ""
    mandatory: ClassVar[tuple[str, ...]] = ()
    layout: ClassVar[tuple[LayoutObject | str, ...]] = ()

    seen_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data: Any = None, *, saved: SavedStep, **kwargs: Any) -> None:
        initial = saved.answers | {"seen_version": saved.version}
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

    def answers(self) -> dict[str, Any]:
        """What to store: plain JSON, without the version, of the fields that the page really had.

        A page that was opened before a field came to be says nothing of it.
        """
        return {
            name: as_json(value)
            for name, value in self.cleaned_data.items()
            if name != "seen_version" and self._was_sent(name)
        }

    def _was_sent(self, name: str) -> bool:
        field = self.fields[name]
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
        wanted = mine if names is None else [name for name in names if name in mine]
        return [
            Difference(
                name,
                self.label_of(name),
                self.shown(name, mine[name]),
                self.shown(name, theirs.answers.get(name)),
                is_list=name not in self.fields,
            )
            for name in wanted
            if mine[name] != theirs.answers.get(name)
            and not (is_empty(mine[name]) and is_empty(theirs.answers.get(name)))
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


def as_json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str):
        return value.replace("\r\n", "\n")
    return value


def in_words(field: forms.Field, value: Any) -> str:
    """A stored value in words: the labels of choices, texts as they are."""
    choices = getattr(field, "choices", None)
    if choices is None:
        return "" if value is None else str(value)
    labels = {str(code): str(label) for code, label in choices}
    values = value if isinstance(value, list) else [value]
    said = [labels.get(str(one), str(one)) for one in values if one not in (None, "")]
    are_sentences = bool(said) and all(one.endswith(".") for one in said)
    return (" " if are_sentences else ", ").join(said)
