"""Amounts, whole numbers and days are read as people in Europe write them, and never guessed."""

import contextlib
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.numbers import (
    Ambiguous,
    Unreadable,
    day_in_words,
    in_figures,
    parse_amount,
    parse_date,
    parse_integer,
    parse_moment,
    parse_percentage,
)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("54000", "54000"),
        ("54000,50", "54000.50"),
        ("54000.5", "54000.5"),
        ("5000.-", "5000"),
        ("5000,-", "5000"),
        ("5000,--", "5000"),
        ("5.000,–", "5000"),
        ("5'000.—", "5000"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234.567,8", "1234567.8"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("54 000", "54000"),
        ("54\u00a0000", "54000"),
        ("54\u202f000,25", "54000.25"),
        ("54\u2009000", "54000"),
        ("54'000", "54000"),
        ("54’000.50", "54000.50"),
        ("54 000 EUR", "54000"),
        ("€ 54.000,00", "54000.00"),
        ("EUR 54 000", "54000"),
        ("54 000 €", "54000"),
        ("54000 euro", "54000"),
        ("€54.000,-", "54000"),
        ("٥٤٠٠٠", "54000"),
        ("۵۴۰۰۰", "54000"),
        ("٥٤٬٠٠٠٫٥٠", "54000.50"),
        ("５４０００", "54000"),
        ("\u200e54000\u200f", "54000"),
        ("-12", "-12"),
        ("−12,5", "-12.5"),
        ("+5", "5"),
        ("- € 5", "-5"),
        ("€ -5", "-5"),
        (",5", "0.5"),
        ("54000.", "54000"),
        ("0,125", None),
        ("1234.567", None),
        ("0,500", "0.50"),
        ("1234,500", "1234.50"),
        ("0", "0"),
        ("1" + "0" * 26, "1" + "0" * 26),
        ("-" + "9" * 38, "-" + "9" * 38),
        ("9" * 36 + ",25", "9" * 36 + ".25"),
    ],
)
def test_amounts_have_one_reading(typed, amount):
    if amount is None:
        with pytest.raises(Unreadable):
            parse_amount(typed)
    else:
        assert parse_amount(typed) == Decimal(amount)


@pytest.mark.parametrize(
    ("typed", "large", "small"),
    [
        ("1.234", "1234", "1.234"),
        ("1,234", "1234", "1.234"),
        ("€ 54.000", "54000", "54"),
        ("54.000 EUR", "54000", "54"),
        ("999,999", "999999", "999.999"),
        ("-1.234", "1234", "1.234"),
    ],
)
def test_two_readings_are_asked_about(typed, large, small):
    with pytest.raises(Ambiguous) as asked:
        parse_amount(typed)
    assert asked.value.readings == (Decimal(large), Decimal(small))
    assert in_figures(Decimal(large)) in str(asked.value)


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "-", ".", ",", "€", "abc", "1e5", "1_000", "NaN", "Infinity", "0x10", "½", "5²",
        "54 00", "5 4000", "1.23,45", "1,23,456", "1.234 567", "1 234 56", "12 %", "5 $", "5 CHF",
        "54k", "5-6", "5--", "--5", "0.123.456", "1.234.56", "12,34,567.00", "9" * 5000, "1\t000x",
        "1 '000", "5 000 000 000 - 1",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_a_sentence(typed):
    with pytest.raises(Unreadable) as refused:
        parse_amount(typed)
    assert len(str(refused.value)) > 20


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ("12", 12),
        ("1 234", 1234),
        ("1.234", 1234),
        ("1,234", 1234),
        ("1'234", 1234),
        ("12,0", 12),
        ("٣", 3),
        ("-3", -3),
        ("12.", 12),
        ("1.234.000", 1234000),
        ("2015", 2015),
    ],
)
def test_whole_numbers(typed, count):
    assert parse_integer(typed) == count


@pytest.mark.parametrize("typed", ["2,5", "2.5", "abc", "1.5e3", "12 %", "", "1.000", "54,000"])
def test_what_is_no_whole_number_or_could_be_two_is_refused(typed):
    with pytest.raises(Unreadable):
        parse_integer(typed)


def test_percentages():
    assert parse_percentage("12,5 %") == Decimal("12.5")
    assert parse_percentage("12.5%") == Decimal("12.5")
    assert parse_percentage("80") == Decimal(80)
    with pytest.raises(Unreadable):
        parse_percentage("%")


@pytest.mark.parametrize(
    "typed",
    [
        "21.4.2015",
        "21.04.2015",
        "21. 4. 2015",
        "21/04/2015",
        "21-04-2015",
        "21 4 2015",
        "2015-04-21",
        "2015. 04. 21.",
        "2015/4/21",
        "21 April 2015",
        "21. April 2015",
        "21 Apr 2015",
        "21st april 2015",
        "April 21, 2015",
        "21.APR.2015",
        " 21.4.2015 ",
        "٢١/٤/٢٠١٥",
    ],
)
def test_days_are_read_day_first(typed):
    assert parse_date(typed) == date(2015, 4, 21)


def test_the_day_stands_before_the_month():
    assert parse_date("04/05/2015") == date(2015, 5, 4)


def test_month_before_day_is_asked_about():
    with pytest.raises(Unreadable, match="21 April 2015"):
        parse_date("04/21/2015")
    with pytest.raises(Unreadable, match="21 April 2015"):
        parse_date("2015-21-04")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "today",
        "31.2.2015",
        "21.4.15",
        "15-04-21",
        "4/2015",
        "2015",
        "21.4.20155",
        "0.4.2015",
        "21 Ma 2015",
        "21 avril 2015",
        "99/99/2015",
        "1" * 5000,
        "21.4.2015 10:00",
        "2015-04-21T00:00",
    ],
)
def test_what_is_no_day_is_refused(typed):
    with pytest.raises(Unreadable):
        parse_date(typed)


@given(st.text(max_size=50))
def test_no_text_breaks_a_reader(typed):
    for read in (parse_amount, parse_integer, parse_date, parse_percentage):
        with contextlib.suppress(Unreadable):
            read(typed)


@given(st.decimals(min_value=0, max_value=10**10, places=2))
def test_what_the_portal_writes_it_reads_without_a_question(value):
    assert parse_amount(in_figures(value)) == value


@given(st.dates())
def test_days_that_the_portal_writes_it_reads(day):
    if day.year >= 1000:
        assert parse_date(day_in_words(day)) == day
        assert parse_date(day.isoformat()) == day


@pytest.mark.parametrize(
    "typed",
    [
        "21.4.2015 17:00",
        "21 April 2015 17:00",
        "2015-04-21T17:00",
        "2015-04-21 17:00:00",
        "21/04/2015, 17.00",
        "21.4.2015 at 17h00",
    ],
)
def test_moments(typed):
    assert parse_moment(typed) == datetime(2015, 4, 21, 17, 0)


@pytest.mark.parametrize(
    "typed", ["", "21.4.2015", "17:00", "21.4.2015 25:00", "21.4.2015 17", "x" * 5000]
)
def test_what_is_no_moment_is_refused(typed):
    with pytest.raises(Unreadable):
        parse_moment(typed)
