"""Every form field for text applies the rules for characters, also in forms of Django, allauth and the admin.

Django has no hook that all forms pass but `CharField.to_python`. `install` extends it once, at start: a form
that is added later, by us or by a library, cannot leave the rules out.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from foundation.text import (
    clean_identifier,
    clean_line,
    clean_text,
    is_visible,
    names_something,
    unsafe_in,
)

NEEDS_A_LETTER = _("Enter a name with at least one letter or digit")
SPOILT = _("Enter the text again: it contains characters that cannot be used")
MULTI_LINE = (forms.Textarea, forms.HiddenInput, forms.MultipleHiddenInput)


class NamesSomething(forms.CharField):
    """The name of a person, an organisation or a thing: at least one visible letter or digit."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and not names_something(value):
            raise ValidationError(NEEDS_A_LETTER, code="names_nothing")


class IdentifierField(forms.CharField):
    """A number or code that is compared letter by letter: without what nobody can see."""


IDENTIFIERS = (
    IdentifierField,
    forms.EmailField,
    forms.URLField,
    forms.SlugField,
    forms.RegexField,
    forms.UUIDField,
)


def cleaned(field: forms.CharField, text: str) -> str:
    """A text as the field's kind of text is stored."""
    if isinstance(field.widget, forms.PasswordInput):
        return _password(text)
    if isinstance(field, IDENTIFIERS):
        return clean_identifier(text)
    if not isinstance(field.widget, MULTI_LINE):
        return clean_line(text)
    clean = clean_text(text)
    return clean if is_visible(clean) else ""


def install() -> None:
    """Extend `CharField.to_python`; a second call changes nothing."""
    if not getattr(forms.CharField.to_python, "applies_rules", False):
        forms.CharField.to_python = _to_python  # type: ignore[method-assign]


def _password(text: str) -> str:
    """Nothing in a password is changed: it would not fit any more."""
    unsafe = unsafe_in(text)
    if unsafe and (unsafe.character == "\0" or "\ud800" <= unsafe.character <= "\udfff"):
        raise ValidationError(SPOILT, code="unsafe_characters")
    return text


_of_django = forms.CharField.to_python


def _to_python(self: forms.CharField, value: Any) -> Any:
    text = _of_django(self, value)
    if not isinstance(text, str) or text in self.empty_values:
        return text
    clean = cleaned(self, text)
    if self.strip:  # Django did so before: what was removed may have stood outside of blanks
        clean = clean.strip()
    return clean or self.empty_value


_to_python.applies_rules = True  # type: ignore[attr-defined]
