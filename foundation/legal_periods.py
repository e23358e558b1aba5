"""Periods such as “30 days” and “2 months”, counted as Regulation (EEC, Euratom) No 1182/71 counts them."""

import re
from datetime import date

from dateutil.relativedelta import relativedelta

PATTERN = re.compile(r"([1-9][0-9]{0,3}) (day|week|month|year)s?")


class InvalidPeriod(ValueError):
    """The text is no period."""


def last_day_of(start: date, period: str) -> date:
    """The last day of a period that an event on `start` begins; the day of the event does not count.

    A period of months ends on the day of the same number, or on the last of a shorter month (Article 3(2)).
    That it would end on a working day (Article 3(4)) is not taken into account: holidays differ.

    Raises:
        InvalidPeriod: the text is no period.
    """
    match = PATTERN.fullmatch(period)
    if match is None:
        raise InvalidPeriod(period)
    number, unit = int(match[1]), match[2]
    steps = {
        "day": relativedelta(days=number),
        "week": relativedelta(weeks=number),
        "month": relativedelta(months=number),
        "year": relativedelta(years=number),
    }
    return start + steps[unit]
