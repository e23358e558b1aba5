"""Amounts, whole numbers and days as people in Europe write them; where two readings fit, none is taken.

`54 000`, `54.000,50`, `54,000.50`, `54'000`, `5000.-` and `€ 54000` are read. `1.234` can be a thousand or
one and a bit: it raises `Ambiguous`, whose sentence asks. Days are written day, month, year, as on every
label of the portal; the ISO form is read too.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Context, Decimal

from foundation.sentences import gettext as _

MAX_NUMBER_LENGTH = 40  # characters; what is longer is no number that a person writes
MAX_DATE_LENGTH = 40
# Python's own context rounds to 28 figures, and would change a longer number without a word.
EXACT = Context(prec=2 * MAX_NUMBER_LENGTH)

APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}`´ʼ′"
DASHES = "-\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}‐‑－"
ARABIC_DECIMAL = "٫"
SAME = str.maketrans(
    {
        **dict.fromkeys(APOSTROPHES, "'"),
        **dict.fromkeys(DASHES, "-"),
        "٬": "'",  # the Arabic mark between thousands
        "٪": "%",
        "،": ",",
        "，": ",",
        "．": ".",
    }
)
CURRENCY = re.compile(r"^(?:€|euros?\b|eur)\s*|\s*(?:€|\beuros?|eur)$", re.IGNORECASE)
NO_CENTS = re.compile(r"[.,]\s?[-=]{1,2}$")
GROUPED = re.compile(r"([1-9]\d{0,2}(?:([ '])\d{3})(?:\2\d{3})*)(?:[.,٫](\d+))?")
DOTS_THEN_COMMA = re.compile(r"([1-9]\d{0,2}(?:\.\d{3})+)[,٫](\d+)")
COMMAS_THEN_DOT = re.compile(r"([1-9]\d{0,2}(?:,\d{3})+)\.(\d+)")
MANY_GROUPS = re.compile(r"([1-9]\d{0,2}(?:([.,])\d{3})(?:\2\d{3})+)")
ONE_MARK = re.compile(r"(\d*)([.,٫])(\d*)")
A_GROUP = 3

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
SHORTEST_MONTH = 3
YEAR_DIGITS = 4
DAY_AND_TIME = re.compile(r"(.+?)(?:,? (?:at )?|T)(\d{1,2})[:.h](\d{2})(?::(\d{2}))?")
IN_FIGURES = re.compile(r"(\d{1,4})(?:\s?[./-]\s?|\s)(\d{1,2})(?:\s?[./-]\s?|\s)(\d{1,4})\.?")
DAY_AND_NAME = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th)?[\s./-]*([a-z]+)\.?[\s./,-]*(\d{1,4})")
NAME_AND_DAY = re.compile(r"([a-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?\s*,?\s+(\d{1,4})")


class Unreadable(ValueError):
    """Nobody can read this; the text says why, and how to write it."""


class Ambiguous(Unreadable):
    """Two readings fit: `readings` holds both, and the text asks which one is meant."""

    def __init__(self, sentence: str, readings: tuple[Decimal, Decimal]) -> None:
        super().__init__(sentence)
        self.readings = readings


def parse_amount(text: str, *, places: int = 2) -> Decimal:
    """An amount of money or another number with at most `places` decimals.

    Raises:
        Ambiguous: the mark may separate thousands or decimals.
        Unreadable: it is no such number.
    """
    sign, body, has_no_cents = _body_of(text)
    value = _decimal_in(body, text, places=places, has_no_cents=has_no_cents)
    rounded = value.quantize(Decimal(1).scaleb(-places), context=EXACT)
    if value != rounded:
        raise Unreadable(_too_many_decimals(text, places))
    shortest = rounded if _has_exponent_over(value, places) else value
    return shortest.copy_negate() if sign < 0 else shortest


def parse_percentage(text: str, *, places: int = 2) -> Decimal:
    """A rate in percent, with or without its mark."""
    plain = _plain(text)
    return parse_amount(plain.removesuffix("%").strip() or plain, places=places)


def parse_integer(text: str) -> int:
    """A whole number. `1.234` has one reading here; `1.000` has two, a thousand and one.

    Raises:
        Ambiguous, Unreadable: as `parse_amount`.
    """
    sign, body, has_no_cents = _body_of(text)
    mark = ONE_MARK.fullmatch(body)
    if mark and not has_no_cents and _may_be_a_group(mark) and int(mark[3]):
        return int(mark[1] + mark[3]) * sign
    value = _decimal_in(body, text, places=0, has_no_cents=has_no_cents)
    if value != int(value):
        raise Unreadable(
            _("Enter a whole number. “%(typed)s” is not a whole number") % {"typed": _shown(text)}
        )
    return int(value) * sign


def in_figures(value: Decimal, *, places: int = 2) -> str:
    """A number as the portal writes it; `parse_amount` reads it without a question."""
    return f"{value:,.{places}f}"


def _body_of(text: str) -> tuple[int, str, bool]:
    """Sign, digits with their marks, and whether an ending such as `.-` says that there are no cents."""
    plain = _plain(text)
    sign, body = _signed(plain)
    body = CURRENCY.sub("", body).strip()
    if sign > 0:
        sign, body = _signed(body)
    without = NO_CENTS.sub("", body)
    return sign, without.strip(), without != body


def _signed(text: str) -> tuple[int, str]:
    if text.startswith("-"):
        return -1, text[1:].strip()
    return 1, text.removeprefix("+").strip()


def _plain(text: str) -> str:
    """Latin digits, one kind of blank, minus and apostrophe; without marks that nobody sees."""
    if len(text) > MAX_NUMBER_LENGTH:
        raise Unreadable(_("Enter a shorter number"))
    return " ".join("".join(_plain_characters(text)).split())


def _plain_characters(text: str) -> Iterator[str]:
    for character in text.translate(SAME):
        kind = unicodedata.category(character)
        if kind == "Nd":
            yield str(unicodedata.decimal(character))
        elif kind == "Zs":
            yield " "
        elif kind != "Cf":
            yield character


def _decimal_in(body: str, text: str, *, places: int, has_no_cents: bool) -> Decimal:
    if body.isdecimal():
        return Decimal(body)
    for pattern in (GROUPED, DOTS_THEN_COMMA, COMMAS_THEN_DOT, MANY_GROUPS):
        match = pattern.fullmatch(body)
        if match:
            decimals = "" if pattern is MANY_GROUPS else match[match.re.groups] or ""
            return _put_together(match[1], decimals)
    mark = ONE_MARK.fullmatch(body)
    if mark is None or not (mark[1] or mark[3]) or (has_no_cents and not _may_be_a_group(mark)):
        example = _("for example 54000 or 54,000.50") if places else _("for example 54")
        values = {"typed": _shown(text), "example": example}
        raise Unreadable(
            _("Enter a number in figures, %(example)s. “%(typed)s” is not a number") % values
        )
    if has_no_cents:
        return _put_together(mark[1] + mark[3], "")
    if _may_be_a_group(mark):
        raise _asking(text, Decimal(mark[1] + mark[3]), Decimal(f"{mark[1]}.{mark[3]}"), places)
    return _put_together(mark[1] or "0", mark[3])


def _may_be_a_group(mark: re.Match[str]) -> bool:
    """Whether the figures after the only mark may be thousands."""
    left, sign, right = mark.groups()
    return (
        sign != ARABIC_DECIMAL
        and len(right) == A_GROUP
        and 1 <= len(left) <= A_GROUP
        and left[0] != "0"
    )


def _put_together(whole: str, decimals: str) -> Decimal:
    figures = "".join(character for character in whole if character.isdecimal())
    return Decimal(f"{figures}.{decimals}" if decimals else figures)


def _asking(text: str, large: Decimal, small: Decimal, places: int) -> Ambiguous:
    values = {
        "typed": _shown(text),
        "large": in_figures(large, places=places),
        "small": in_figures(small, places=places),
        "plain": f"{large:.{places}f}",
    }
    sentence = _("Enter %(plain)s or %(small)s. “%(typed)s” can mean %(large)s or %(small)s")
    return Ambiguous(sentence % values, (large, small))


def _too_many_decimals(text: str, places: int) -> str:
    sentence = _("Round “%(typed)s” to %(places)s decimals or fewer")
    return sentence % {"typed": _shown(text), "places": places}


def _has_exponent_over(value: Decimal, places: int) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and -exponent > places


def _shown(text: str) -> str:
    return " ".join(text.split())


def parse_date(text: str) -> date:
    """A day: `21.4.2015`, `21/04/2015`, `21 April 2015` or `2015-04-21`. Month before day is never guessed.

    Raises:
        Unreadable: it is no day, or could be one in another order only.
    """
    if len(text) > MAX_DATE_LENGTH:
        raise Unreadable(_("Enter a date of day, month and year, for example 21.4.2015"))
    plain = " ".join("".join(_plain_characters(text)).lower().split())
    figures = IN_FIGURES.fullmatch(plain)
    if figures:
        return _day_from_figures(text, figures[1], figures[2], figures[3])
    for pattern, (day, month) in ((DAY_AND_NAME, (1, 2)), (NAME_AND_DAY, (2, 1))):
        named = pattern.fullmatch(plain)
        if named:
            number = _month_called(named[month])
            if number:
                return _day_from_figures(text, named[day], str(number), named[3])
    raise Unreadable(
        _("Enter a date of day, month and year, for example 21.4.2015. “%(typed)s” is not a date")
        % {"typed": _shown(text)}
    )


def parse_moment(text: str) -> datetime:
    """A day and a time of the day, without a zone: `21.4.2015 17:00`, or as ISO writes it.

    Raises:
        Unreadable: the day or the time is missing, or is none.
    """
    match = DAY_AND_TIME.fullmatch(" ".join(text.split())) if len(text) <= MAX_DATE_LENGTH else None
    if match is None:
        raise Unreadable(
            _(
                "Enter a date and a time, for example 21.4.2015 17:00. “%(typed)s” does not "
                "contain both"
            )
            % {"typed": _shown(text[:MAX_DATE_LENGTH])}
        )
    day = parse_date(match[1])
    try:
        return datetime.combine(day, time(int(match[2]), int(match[3]), int(match[4] or 0)))
    except ValueError:
        raise Unreadable(
            _("Enter a time that exists. “%(typed)s” does not") % {"typed": _shown(text)}
        ) from None


def _month_called(name: str) -> int | None:
    if len(name) < SHORTEST_MONTH:
        return None
    name = "sep" if name == "sept" else name
    return next((place for place, month in enumerate(MONTHS, 1) if month.startswith(name)), None)


def _day_from_figures(text: str, first: str, second: str, third: str) -> date:
    day, month, year = (
        (third, second, first) if len(first) == YEAR_DIGITS else (first, second, third)
    )
    if len(year) != YEAR_DIGITS or len(day) > 2:  # noqa: PLR2004 -- figures of a day
        raise Unreadable(
            _("Enter the year of “%(typed)s” with four digits, for example 21.4.2015")
            % {"typed": _shown(text)}
        )
    result = _day(year, month, day)
    if result is None:
        other = _day(year, day, month)
        raise Unreadable(_no_such_day(text, other))
    return result


def _no_such_day(text: str, other: date | None) -> str:
    if other is None:
        return _("Enter a date that exists. “%(typed)s” does not") % {"typed": _shown(text)}
    sentence = _(
        "Enter a date that exists. “%(typed)s” has no such month. If you mean %(day)s, enter "
        "%(figures)s"
    )
    figures = f"{other.day}.{other.month}.{other.year}"
    return sentence % {"typed": _shown(text), "day": day_in_words(other), "figures": figures}


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def day_in_words(day: date) -> str:
    """A day that has one reading: “21 April 2015”."""
    return f"{day.day} {MONTHS[day.month - 1].capitalize()} {day.year}"
