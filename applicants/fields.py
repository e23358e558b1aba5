"""Form fields of the domain: several choices, a whole number."""

from typing import Any

from django import forms


class TextField(forms.CharField):
    """A text; the end of a line is one sign, as browsers count it, however it is sent."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class SeveralField(forms.MultipleChoiceField):
    """Any number of choices, shown as check boxes."""

    def __init__(self, *, choices: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(choices=choices, **kwargs)


class CountField(forms.IntegerField):
    """How many: a whole number from 0 to a million."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=1_000_000, **kwargs)
