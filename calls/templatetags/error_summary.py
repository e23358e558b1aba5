"""What forms show: the list of errors on top, the mark of errors in the page's title, optional fields."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms, template
from django.template import Context
from django.utils.translation import gettext as _

from foundation.form_messages import with_label

register = template.Library()


@register.inclusion_tag("includes/error_summary.html")
def error_summary(*args: forms.BaseForm) -> dict[str, Any]:
    """All errors of the forms and of their lists, in the order of the page."""
    results = [error for form in args for error in _errors_of(form)]
    return {"errors": results, "is_kept_whole": not any(_is_asked_again(form) for form in args)}


@register.simple_tag(takes_context=True)
def error_mark(context: Context) -> str:
    """“Error: ” in front of the title of a page that shows a form with errors; nothing elsewhere."""
    values: Iterable[Any] = context.flatten().values()
    # By `type`, which leaves lazy values alone: the token of forms would set its cookie.
    shown = [value for value in values if issubclass(type(value), forms.BaseForm)]
    is_wrong = any(form.is_bound and form.errors for form in shown)
    return _("Error: ") if is_wrong else ""


@register.filter
def may_stay_empty(field: forms.BoundField) -> bool:
    """Whether a field is optional. Steps can be saved incomplete, so their forms name what is optional."""
    names = getattr(field.form, "optional", None)
    return not field.field.required if names is None else field.name in names


def _is_asked_again(form: forms.BaseForm) -> bool:
    """Whether a page cannot give back all that was entered: no password, and no file."""
    return any(
        getattr(field.widget, "input_type", "") in {"password", "file"}
        for field in form.fields.values()
    )


def _errors_of(form: Any) -> Iterator[tuple[str, str]]:
    for name, errors in form.errors.items():
        field = form[name] if name in form.fields else None
        for error in errors:
            yield (_anchor(field), with_label(field.label, error)) if field else ("", error)
    rows = getattr(form, "rows", None)
    for row in rows.forms if rows is not None else []:
        yield from _errors_of(row)


def _anchor(field: Any) -> str:
    """The id of the control; of the first one where a field is a group of them."""
    return str(field.id_for_label or f"{field.auto_id}_0")
