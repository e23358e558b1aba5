"""All tables of this app; each subject has a module of its own."""

from calls.models.call import (
    Call,
    CallQuerySet,
    CallSection,
    CallState,
    Contact,
    RequiredDeliverable,
    Strand,
)
from calls.models.clocks import ClockOffset, ClockReading
from calls.models.conditions import AppliedConditions, ConditionChange
from calls.models.extensions import Extension, Incident
from calls.models.participation import CountryParticipation, Programme

__all__ = [
    "AppliedConditions",
    "Call",
    "CallQuerySet",
    "CallSection",
    "CallState",
    "ClockOffset",
    "ClockReading",
    "ConditionChange",
    "Contact",
    "CountryParticipation",
    "Extension",
    "Incident",
    "Programme",
    "RequiredDeliverable",
    "Strand",
]
