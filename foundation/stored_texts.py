"""Texts of any model are cleaned before they are saved, also in the console and in the admin.

`update()` and `bulk_create()` send no signal: there the constraints of `text_guards` refuse.
"""

import re
from functools import cache
from typing import Any

from django.db import models

from foundation.text import clean_identifier, clean_json, clean_line, clean_text, unsafe_in
from foundation.text_guards import MADE_OF_CHECKED_TEXTS

ADDRESSES = (models.EmailField, models.URLField, models.SlugField)
_NOT_IN_A_LINE = re.compile("[\n\t\r\x0b\x0c\x85\u2028\u2029\uf020-\uf0ff]")


def clean_before_saving(instance: models.Model, raw: bool = False, **_signal: Any) -> None:
    """A receiver of `pre_save`. Nothing else is changed: neither length nor spaces."""
    for name, clean in _texts_of(type(instance)):
        value = instance.__dict__.get(name)
        if value and not raw:
            setattr(instance, name, clean(value))


@cache
def _texts_of(model: type[models.Model]) -> list[tuple[str, Any]]:
    table = model._meta.db_table
    return [
        (field.attname, clean)
        for field in model._meta.concrete_fields
        if (table, field.column) not in MADE_OF_CHECKED_TEXTS and (clean := _cleaner_of(field))
    ]


def _cleaner_of(field: models.Field) -> Any:
    if isinstance(field, models.JSONField):
        return clean_json
    if isinstance(field, ADDRESSES):
        return _identifier
    if isinstance(field, models.CharField | models.FileField):
        return _line
    return _text if isinstance(field, models.TextField) else None


def _identifier(value: Any) -> Any:
    return clean_identifier(value) if isinstance(value, str) and not _is_plain(value) else value


def _line(value: Any) -> Any:
    if not isinstance(value, str) or _is_plain(value):
        return value
    is_a_line = not unsafe_in(value) and not _NOT_IN_A_LINE.search(value)
    return value if is_a_line and clean_line(value) else clean_line(value)


def _text(value: Any) -> Any:
    return clean_text(value) if isinstance(value, str) else value


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable()
