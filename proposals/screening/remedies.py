"""How and until when a decision can be contested: counted from its letter."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from foundation.legal_periods import last_day_of
from proposals.models import Decision

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


def remedies_of(decision: Decision, notified_at: datetime) -> list[Remedy]:
    """Those that its letter names, with their last days counted from the day of the letter in Brussels.

    Once the letter went out, they stay as they were; before, they are those of the call.
    """
    day = notified_at.astimezone(BRUSSELS).date()
    data = (
        decision.notified.remedies if decision.notified else decision.version.proposal.call.remedies
    )
    return [Remedy(**item, until=last_day_of(day, item["within"])) for item in data]
