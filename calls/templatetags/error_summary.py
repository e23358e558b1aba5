"""The list of errors on top of a form, each with a link to its field."""

from collections.abc import Iterator
from typing import Any

from django import forms, template

register = template.Library()


@register.inclusion_tag("includes/error_summary.html")
def error_summary(*given: forms.BaseForm) -> dict[str, Any]:
    """All errors of the forms and of their lists, in the order of the page."""
    found = [error for form in given for error in _errors_of(form)]
    return {"errors": found, "is_kept_whole": not any(_is_asked_again(form) for form in given)}


def _is_asked_again(form: forms.BaseForm) -> bool:
    """Whether a page cannot give back all that was entered: no password, and no file."""
    return any(
        getattr(field.widget, "input_type", "") in {"password", "file"}
        for field in form.fields.values()
    )


def _errors_of(form: Any) -> Iterator[tuple[str, Any, str]]:
    for name, errors in form.errors.items():
        field = form[name] if name in form.fields else None
        for error in errors:
            yield (_anchor(field), field.label, error) if field else ("", "", error)
    rows = getattr(form, "rows", None)
    for row in rows.forms if rows is not None else []:
        yield from _errors_of(row)


def _anchor(field: Any) -> str:
    """The id of the control; of the first one where a field is a group of them."""
    return str(field.id_for_label or f"{field.auto_id}_0")
