"""How and until when a decision can be contested: the call's ways, counted from a letter."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from calls.models import Call
from calls.periods import last_day

BRUSSELS = ZoneInfo("Europe/Brussels")


@dataclass(frozen=True)
class Remedy:
    """A way to contest a decision; `until` is the last day if the letter is read on the day it is sent."""

    title: str
    text: str
    within: str
    until: date

    def has_ended(self, moment: datetime) -> bool:
        """Whether its last day has passed in Brussels."""
        return moment.astimezone(BRUSSELS).date() > self.until


def remedies_of(call: Call, informed_at: datetime) -> list[Remedy]:
    """Those of the call, with their last days counted from the day of the letter in Brussels."""
    day = informed_at.astimezone(BRUSSELS).date()
    return [Remedy(**one, until=last_day(day, one["within"])) for one in call.remedies]
