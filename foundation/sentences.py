"""Sentences with names in them: each name that is put in is isolated, so that the sentence stays readable.

Modules that write sentences for people import `gettext` and `ngettext` from here. What is put in by `%` may
be the name of a person, an organisation or a file, and those may run from right to left.
"""

from collections.abc import Mapping
from typing import Any

from django.utils import translation

from foundation.text import isolated


class Sentence(str):
    """A translated text that isolates what `%` puts into it."""

    __slots__ = ()

    def __mod__(self, values: Any) -> "Sentence":
        return Sentence(super().__mod__(_isolated(values)))


def gettext(message: str) -> str:
    return Sentence(translation.gettext(message))


def ngettext(singular: str, plural: str, number: int) -> str:
    return Sentence(translation.ngettext(singular, plural, number))


def _isolated(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: _one(value) for name, value in values.items()}
    return tuple(map(_one, values)) if isinstance(values, tuple) else _one(values)


def _one(value: Any) -> Any:
    """A sentence inside another has isolated its names already."""
    if value is None or isinstance(value, bool | int | float | Sentence):
        return value
    text = str(value)
    shown = isolated(text)
    return value if shown == text else shown
