"""How instants and amounts are shown: always with zone and offset, never a bare number.

Instants are said in the zone of the call that a page is about, and in Brussels elsewhere.
"""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calls.eligibility.countries import UnknownCountry, name_on, normalise
from calls.eligibility.rules.admissibility import city_of, offset_of
from foundation import clock
from foundation.instants import as_rfc3339

register = template.Library()

BRUSSELS = ZoneInfo("Europe/Brussels")
HOME = BRUSSELS.key


def in_words(moment: datetime, *, seconds: bool = False, zone: str = HOME) -> str:
    """“21 April 2015, 17:00 Brussels (CEST, UTC+02:00)”."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%B %Y}, {_time_and_place(moment, zone, seconds=seconds)}"


def in_short(moment: datetime, zone: str = HOME) -> str:
    """“21 Apr 2015, 16:59:30 CEST (+02:00)”, for tables."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M:%S %Z} ({offset_of(local)})"


@register.simple_tag(takes_context=True)
def instant(context: Context, moment: datetime, detail: str = "") -> SafeString:
    """An instant in the call's zone; a script puts the reader's own time beside it where it differs.

    `detail` "seconds" shows seconds; "own" leaves room for the reader's own time; "short" is for
    narrow places.
    """
    zone = _zone_in(context)
    text = (
        in_short(moment, zone)
        if detail == "short"
        else in_words(moment, seconds="seconds" in detail, zone=zone)
    )
    machine = as_rfc3339(moment)
    element = format_html('<time datetime="{}">{}</time>', machine, text)
    if "own" in detail:
        offset = moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
        element += format_html(
            '<span class="own-time" data-own-time="{}" data-offset="{}"></span>',
            machine,
            offset // timedelta(minutes=1),
        )
    return element


def _zone_in(context: Context) -> str:
    """The zone of the call that is in a template's context, itself or behind a proposal; asks no query."""
    for name, path in (("call", ()), ("proposal", ("strand", "call"))):
        result = context.get(name)
        for relation in path:
            descriptor = getattr(type(result), relation, None)
            is_here = descriptor is not None and descriptor.is_cached(result)
            result = getattr(result, relation) if is_here else None
        zone = getattr(result, "zone", "")
        if zone:
            return str(zone)
    return HOME


@register.simple_tag(takes_context=True)
def closing(context: Context, deadline: datetime, moment: datetime) -> SafeString:
    """“Closes today, 17:00 Brussels (UTC+02:00)”: the deadline in one short line, in the call's zone."""
    zone = _zone_in(context)
    return _short_line(deadline, zone, closing_words(deadline, moment, zone))


@register.simple_tag(takes_context=True)
def closed(context: Context, deadline: datetime) -> SafeString:
    """“Closed 21 April 2015, 17:00 Brussels (UTC+02:00)”."""
    zone = _zone_in(context)
    return _short_line(
        deadline, zone, _("Closed %(when)s") % {"when": in_words(deadline, zone=zone)}
    )


def closing_words(deadline: datetime, moment: datetime, zone: str = HOME) -> str:
    """The date only where the deadline is on another day than `moment`, both as days of `zone`."""
    day = deadline.astimezone(ZoneInfo(zone)).date()
    if day == moment.astimezone(ZoneInfo(zone)).date():
        return _("Closes today, %(time)s") % {"time": _time_and_place(deadline, zone)}
    return _("Closes %(when)s") % {"when": in_words(deadline, zone=zone)}


def _time_and_place(moment: datetime, zone: str, *, seconds: bool = False) -> str:
    """“17:00 Brussels (CEST, UTC+02:00)”."""
    local = moment.astimezone(ZoneInfo(zone))
    time = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{time} {city_of(zone)} ({local:%Z}, UTC{offset_of(local)})"


def _short_line(moment: datetime, zone: str, text: str) -> SafeString:
    """A time element with a text, and room for the reader's own time where its offset differs."""
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return format_html(
        '<time datetime="{}">{}</time><span class="own-time" data-own-time="{}" data-offset="{}" '
        'data-own-style="short"></span>',
        as_rfc3339(moment),
        text,
        as_rfc3339(moment),
        offset // timedelta(minutes=1),
    )


@register.simple_tag(takes_context=True)
def rehearsal_mark(context: Context) -> SafeString | str:
    """Says of a page about a rehearsal that it is one, and what its clock says; nothing elsewhere."""
    shown = [context.get("call"), context.get("original"), context.get("proposal")]
    calls = [getattr(item, "call", item) for item in shown]
    result = next((call for call in calls if getattr(call, "is_rehearsal", False)), None)
    if result is None:
        return ""
    rehearsal_time = result.in_rehearsal_time(clock.now())
    return render_to_string("calls/includes/rehearsal.html", {"rehearsal_time": rehearsal_time})


@register.simple_tag
def countdown(deadline: datetime, moment: datetime) -> SafeString:
    """The time left as the server sees it; a script counts on from there.

    The reader's own clock is never asked, so a wrong one does not matter.
    """
    return format_html(
        '<span class="countdown" data-over="{}" data-milliseconds="{}">{}</span>',
        _("0 seconds: the deadline has passed"),
        max(0, math.ceil((deadline - moment) / timedelta(milliseconds=1))),
        time_left(deadline - moment),
    )


@register.filter
def time_left(left: timedelta) -> str:
    """“3 days 4 hours”, “39 minutes”, “30 seconds”: the two largest units that matter."""
    seconds = max(0, int(left.total_seconds()))
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = [
        ngettext("%(n)s day", "%(n)s days", days) % {"n": days} if days else "",
        ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours} if hours else "",
        ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes} if minutes else "",
        ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds},
    ]
    return " ".join([part for part in parts if part][:2])


@register.filter
def words(moment: datetime, zone: str = HOME) -> str:
    """As `in_words` with seconds, for emails."""
    return in_words(moment, seconds=True, zone=zone)


@register.filter
def utc(moment: datetime) -> str:
    """“2015-04-21 14:41:07.123 UTC”."""
    instant_utc = moment.astimezone(UTC)
    return f"{instant_utc:%Y-%m-%d %H:%M:%S}.{instant_utc.microsecond // 1000:03d} UTC"


@register.filter
def day(value: date | None) -> str:
    return f"{value.day} {value:%B %Y}" if value else ""


@register.filter
def euro(value: Any) -> str:
    """“EUR 187,500”, with cents only where there are some."""
    return "–" if value in (None, "") else f"EUR\u00a0{amount(value)}"


@register.filter
def amount(value: Any) -> str:
    """“187,500”, with cents only where there are some; for columns whose heading says the currency."""
    if value in (None, ""):
        return "–"
    number = Decimal(str(value))
    digits = 0 if number == number.to_integral() else 2
    return formats.number_format(number, digits, use_l10n=True, force_grouping=True)


@register.filter
def percent(value: Decimal | None) -> str:
    """“74.00%”, rounded as verdicts round it; a dash where there is nothing to divide by."""
    return f"{value:.2f}%" if value is not None else "–"


@register.filter
def country(code: str, on: date) -> str:
    """The name of a country on a day; a code that nobody knows as it is."""
    try:
        return name_on(normalise(code), on)
    except UnknownCountry:
        return code
