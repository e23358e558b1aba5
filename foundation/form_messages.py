"""Error messages that name their field and say what to do, also in forms of Django, allauth and the admin.

`install` extends `BaseForm.add_error` once, at start, as `form_rules` extends `CharField.to_python`. It
replaces Django's default messages, and keeps every message that a form or a field declares itself.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.core import validators
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise

from foundation.sentences import gettext as _

Text = str | Promise
Writer = Callable[[forms.Field, str], str]
ARTICLES = ("a ", "an ", "the ", "your ")


def install() -> None:
    """Extend `BaseForm.add_error`; a second call changes nothing."""
    if not getattr(forms.BaseForm.add_error, "names_fields", False):
        forms.BaseForm.add_error = _add_error  # type: ignore[method-assign]


def name_field(errors: Iterable[ValidationError], field: forms.Field, label: Text) -> None:
    """Replace Django's default messages with messages that name the field."""
    for error in errors:
        writer = WRITERS.get(error.code or "")
        if writer and any(error.message is default for default in DEFAULTS):
            name = str(label)
            error.message = writer(field, name.replace("%", "%%") if error.params else name)


def with_label(label: Text, sentence: Text) -> str:
    """A message in a list of errors: behind its label, unless it names the field itself."""
    name, text = str(label), str(sentence)
    return f"{name}: {text}" if name and name.lower() not in text.lower() else text


def in_sentence(label: str) -> str:
    """A label as a noun in a sentence: “the email address”, “your name”, “the PIC”."""
    name = label if label[1:2].isupper() else label[:1].lower() + label[1:]
    return name if name.startswith(ARTICLES) else f"the {name}"


_of_django = forms.BaseForm.add_error


def _add_error(self: forms.BaseForm, field: str | None, error: Any) -> None:
    wrong = error if isinstance(error, ValidationError) else ValidationError(error)
    by_field = wrong.error_dict if hasattr(wrong, "error_dict") else {field: wrong.error_list}
    for name, errors in by_field.items():
        if name in self.fields:
            name_field(errors, self.fields[name], self[name].label)
    _of_django(self, field, wrong)


_add_error.names_fields = True  # type: ignore[attr-defined]


def _required(field: forms.Field, label: str) -> str:
    if isinstance(field, forms.BooleanField):
        return _("Tick “%(label)s”") % {"label": label}
    if label.endswith("?"):
        return _("Answer “%(label)s”") % {"label": label}
    if isinstance(field, forms.FileField | forms.ChoiceField | forms.ModelChoiceField):
        return _("Select %(field)s") % {"field": in_sentence(label)}
    return _("Enter %(field)s") % {"field": in_sentence(label)}


def _invalid(field: forms.Field, label: str) -> str:
    if isinstance(field, forms.EmailField):
        return _("Enter an email address in the correct format, like name@example.com")
    if isinstance(field, forms.URLField):
        return _("Enter a web address in the correct format, like https://www.example.com")
    return _("%(label)s is not in the correct format. Enter it again") % {"label": label}


def _not_in_list(_field: forms.Field, label: str) -> str:
    if label.endswith("?"):
        return _("Select an answer to “%(label)s” from the list") % {"label": label}
    return _("Select %(field)s from the list") % {"field": in_sentence(label)}


def _empty_file(_field: forms.Field, label: str) -> str:
    return _("%(label)s is empty. Select another file") % {"label": label}


def _bound_by(sentence: str) -> Writer:
    """Django puts the limit into the sentence afterwards."""

    def write(_field: forms.Field, label: str) -> str:
        return f"{label} {_(sentence)}"

    return write


WRITERS: dict[str, Writer] = {
    "required": _required,
    "blank": _required,
    "null": _required,
    "invalid": _invalid,
    "invalid_choice": _not_in_list,
    "invalid_pk_value": _not_in_list,
    "empty": _empty_file,
    "max_length": _bound_by("must be %(limit_value)s characters or fewer"),
    "min_length": _bound_by("must be %(limit_value)s characters or more"),
    "min_value": _bound_by("must be %(limit_value)s or more"),
    "max_value": _bound_by("must be %(limit_value)s or less"),
}
KINDS: tuple[type[forms.Field], ...] = (
    forms.Field,
    forms.IntegerField,
    forms.DecimalField,
    forms.DateField,
    forms.DateTimeField,
    forms.URLField,
    forms.FileField,
    forms.ChoiceField,
    forms.MultipleChoiceField,
    forms.UUIDField,
    forms.ModelChoiceField,
    forms.ModelMultipleChoiceField,
)
DEFAULTS: list[Any] = [
    *(
        text
        for kind in KINDS
        for code, text in vars(kind).get("default_error_messages", {}).items()
        if code in WRITERS
    ),
    models.Field.default_error_messages["blank"],
    models.Field.default_error_messages["null"],
    validators.RegexValidator.message,
    validators.URLValidator.message,
    validators.EmailValidator.message,
    validators.MaxLengthValidator.message,
    validators.MinLengthValidator.message,
    validators.MinValueValidator.message,
    validators.MaxValueValidator.message,
]
