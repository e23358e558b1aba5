"""Form fields of the domain: several choices, a whole number."""

from typing import Any

from django import forms


class SeveralField(forms.MultipleChoiceField):
    """Any number of choices, shown as check boxes."""

    def __init__(self, *, choices: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(choices=choices, **kwargs)


class CountField(forms.IntegerField):
    """How many: a whole number from 0 to a million."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=1_000_000, **kwargs)
