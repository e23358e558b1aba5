"""Form fields for amounts, whole numbers and days: text inputs that are read as people write them.

No `type=number` and no `type=date`: browsers drop what they cannot read, and the person never sees it.
A stored value is shown as the portal understood it.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone

from foundation.numbers import (
    Unreadable,
    day_in_words,
    in_figures,
    parse_amount,
    parse_date,
    parse_integer,
    parse_moment,
    parse_percentage,
)

STORED_AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,2})?")  # more decimals are a text to ask about
STORED_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class AmountField(forms.DecimalField):
    """A number with decimals; two readings are asked about and never guessed."""

    widget = forms.TextInput

    def __init__(self, *, decimal_places: int = 2, **kwargs: Any) -> None:
        super().__init__(decimal_places=decimal_places, **kwargs)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return Decimal(value)
        return self._read(str(value)) if str(value).strip() else None

    def _read(self, text: str) -> Decimal:
        try:
            return parse_amount(text, places=self.decimal_places or 0)
        except Unreadable as why:
            raise ValidationError(str(why), code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Decimal) or (
            isinstance(value, str) and STORED_AMOUNT.fullmatch(value)
        ):
            return in_figures(Decimal(value), places=self.decimal_places or 0)
        return value

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "decimal", "autocomplete": "off"}


class PercentageField(AmountField):
    """A rate in percent, with or without its mark."""

    def _read(self, text: str) -> Decimal:
        try:
            return parse_percentage(text, places=self.decimal_places or 0)
        except Unreadable as why:
            raise ValidationError(str(why), code="invalid") from None


class WholeNumberField(forms.IntegerField):
    """A whole number, such as a year, a month or how many."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if not str(value).strip():
            return None
        try:
            return parse_integer(str(value))
        except Unreadable as why:
            raise ValidationError(str(why), code="invalid") from None

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "numeric", "autocomplete": "off"}


class DayField(forms.DateField):
    """A day, written day, month, year; shown as “21 April 2015”, which has one reading."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        if isinstance(value, date):
            return value
        if not str(value).strip():
            return None
        try:
            return parse_date(str(value))
        except Unreadable as why:
            raise ValidationError(str(why), code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, date):
            return day_in_words(value)
        if isinstance(value, str) and STORED_DAY.fullmatch(value):
            try:
                return day_in_words(date.fromisoformat(value))
            except ValueError:
                return value
        return value

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"autocomplete": "off"}


class MomentField(forms.DateTimeField):
    """A day and a time in the portal's zone; shown as “21 April 2015 17:00”."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values or isinstance(value, date):
            return super().to_python(value)
        if not str(value).strip():
            return None
        try:
            return from_current_timezone(parse_moment(str(value)))
        except Unreadable as why:
            raise ValidationError(str(why), code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        local = super().prepare_value(value)
        if not isinstance(local, datetime):
            return local
        seconds = f":{local:%S}" if local.second else ""
        return f"{day_in_words(local)} {local:%H:%M}{seconds}"

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"autocomplete": "off"}


class NumberTextField(forms.CharField):
    """A number that is kept as text, in the plain form that files hold: “187500.00”."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return plain_number(text) if text else text

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"inputmode": "decimal"}


def plain_number(text: str) -> str:
    """What somebody typed for a number, as files hold it.

    Raises:
        ValidationError: it cannot be read, or in two ways.
    """
    try:
        return str(parse_amount(text, places=4))
    except Unreadable as why:
        raise ValidationError(str(why), code="invalid") from None
