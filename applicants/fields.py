"""Form fields of the domain: a text, several choices, how many."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from applicants.reading import too_long
from foundation import clock
from foundation.fields import WholeNumberField
from foundation.form_rules import NamesSomething


class TextField(forms.CharField):
    """A text: over its limit it is refused with the number of characters too many, and never cut.

    With `rows` it is written in a box of so many lines; with `rich` it may contain lists and bold words, is
    shown by the filter `rich_text` everywhere, and has a preview where it is written.
    """

    def __init__(self, *, rows: int | None = None, rich: bool = False, **kwargs: Any) -> None:
        if rows is not None:
            attrs = {"rows": rows} | ({"data-rich": True} if rich else {})
            kwargs["widget"] = forms.Textarea(attrs=attrs)
        super().__init__(**kwargs)

    def run_validators(self, value: Any) -> None:
        try:
            super().run_validators(value)
        except ValidationError as wrong:
            for validation_error in wrong.error_list:
                if validation_error.code == "max_length":
                    validation_error.message, validation_error.params = (
                        too_long(str(value), self.max_length or 0),
                        None,
                    )
            raise


class NameField(NamesSomething, TextField):
    """A name: at least one visible letter or digit."""


class SeveralField(forms.MultipleChoiceField):
    """Any number of choices, shown as check boxes."""

    def __init__(self, *, choices: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(choices=choices, **kwargs)


class CountField(WholeNumberField):
    """How many: a whole number from 0 to a million."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=1_000_000, **kwargs)


class PastYearField(WholeNumberField):
    """The year in which something began."""

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if value not in self.empty_values and value > clock.now().year:
            raise ValidationError(self.error_messages["future"] % {"year": value})
