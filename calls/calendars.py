"""A deadline as a calendar file (RFC 5545), with alarms a day and two hours before."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from calls.models import Call
from calls.templatetags.instants import in_words
from foundation import clock

ALARMS = (timedelta(days=1), timedelta(hours=2))


def calendar_of(call: Call, *, deadline: datetime, about: str, path: str) -> bytes:
    """One event that ends at the deadline. A calendar that has it already takes a moved deadline over.

    `about` names what the deadline is of (the call's reference, or a proposal's number), `path` its page.
    """
    from icalendar import Alarm, Calendar, Event  # noqa: PLC0415 -- loaded for calendar files only

    event = Event()
    event.add("uid", f"{about}@{settings.BASE_URL.partition('://')[2]}")
    event.add("dtstamp", clock.now())
    event.add("last-modified", clock.now())
    event.add("sequence", call.extensions.count())
    event.add("dtstart", deadline - timedelta(minutes=30))
    event.add("dtend", deadline)
    event.add("summary", _("Deadline: %(call)s (%(about)s)") % {"call": call.title, "about": about})
    text = _("Submit before %(deadline)s. Proposals received at that time or later are refused.")
    event.add("description", text % {"deadline": in_words(deadline, seconds=True, zone=call.zone)})
    event.add("url", settings.BASE_URL + path)
    for before in ALARMS:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", call.title)
        alarm.add("trigger", deadline - before)
        event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//COSME portal//deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return calendar.to_ical()
