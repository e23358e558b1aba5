"""What stored evidence of a finding, and a condition of a call, are called for people.

Stored documents name facts and values by codes; pages show these words instead. The codes stay.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy

from applicants import choices
from applicants.models import Organisation
from calls.eligibility.countries import NAMES, ParticipationStatus, name_on
from calls.eligibility.facts import Registration
from calls.eligibility.rules import title_of
from calls.eligibility.rules.identity import Ground
from calls.eligibility.rules.money import percent_of
from calls.models import CountryParticipation
from calls.templatetags.instants import day as day_in_words
from calls.templatetags.instants import euro, utc
from foundation.sentences import gettext as _

EVIDENCE_LABELS = {
    "agreed": gettext_lazy("has agreed to take part"),
    "at_least": gettext_lazy("counted for certain"),
    "at_most": gettext_lazy("counted at most"),
    "ceiling": gettext_lazy("maximum grant"),
    "coordinators": gettext_lazy("coordinators"),
    "costs": gettext_lazy("eligible costs"),
    "countries": gettext_lazy("third countries"),
    "country": gettext_lazy("country"),
    "deadline": gettext_lazy("deadline"),
    "grant": gettext_lazy("requested EU contribution"),
    "grounds": gettext_lazy("reasons for the link"),
    "in_force_on": gettext_lazy("in force from"),
    "independent_members": gettext_lazy("members are independent of each other"),
    "indicators": gettext_lazy("number of indicators"),
    "kind": gettext_lazy("type of organisation"),
    "kinds": gettext_lazy("sum of the numbers by type"),
    "lacking": gettext_lazy("incomplete indicators"),
    "last_month": gettext_lazy("last month of the activity"),
    "link": gettext_lazy("profile on the platform"),
    "linked": gettext_lazy("linked organisations"),
    "maximum": gettext_lazy("maximum"),
    "minimum": gettext_lazy("minimum"),
    "missing": gettext_lazy("missing fields"),
    "month": gettext_lazy("delivery month"),
    "months": gettext_lazy("duration in months"),
    "opens_at": gettext_lazy("opening of the call"),
    "others": gettext_lazy("other proposals"),
    "outside": gettext_lazy("controlled by a body outside the consortium"),
    "pages": gettext_lazy("number of pages"),
    "planned_on": gettext_lazy("date of application or planned date"),
    "possible": gettext_lazy("countries counted at most"),
    "problem": gettext_lazy("problem"),
    "received_at": gettext_lazy("received"),
    "recommended_maximum": gettext_lazy("recommended maximum"),
    "region": gettext_lazy("region"),
    "registration": gettext_lazy("registration"),
    "remaining": gettext_lazy("independent organisations"),
    "requested": gettext_lazy("requested EU contribution"),
    "rule_date": gettext_lazy("relevant date"),
    "services": gettext_lazy("support services"),
    "standing": gettext_lazy("participation"),
    "sure": gettext_lazy("countries counted for certain"),
    "total": gettext_lazy("total number of members"),
}

# Parameters of rules, and the fields of a country's participation.
CONDITION_LABELS = {
    "accepts": gettext_lazy("accepted registration statuses"),
    "ceilings": gettext_lazy("maximum grant by strand"),
    "citation": gettext_lazy("citation"),
    "country": gettext_lazy("country"),
    "counts_until": gettext_lazy("last day in force"),
    "gate": gettext_lazy("legal basis"),
    "in_force_on": gettext_lazy("in force from"),
    "kinds": gettext_lazy("types of organisation that can apply"),
    "kinds_for_officer": gettext_lazy("types of organisation that an officer reviews"),
    "link": gettext_lazy("link to the text"),
    "maximum": gettext_lazy("maximum co-financing rate"),
    "maximum_months": gettext_lazy("maximum duration in months"),
    "minimum": gettext_lazy("minimum"),
    "minimum_months": gettext_lazy("minimum duration in months"),
    "recommended_maximum": gettext_lazy("recommended maximum"),
    "rule": gettext_lazy("rule"),
    "signed_on": gettext_lazy("signed on"),
    "source": gettext_lazy("source"),
    "strands": gettext_lazy("strands"),
}

PARTICIPATION_WORDS = {
    ParticipationStatus.MEMBER_STATE: gettext_lazy("Member State"),
    ParticipationStatus.IN_FORCE: gettext_lazy("agreement in force"),
    ParticipationStatus.SIGNED: gettext_lazy("agreement signed, not in force"),
    ParticipationStatus.TERRITORY: gettext_lazy("territory of a participating country"),
    ParticipationStatus.NONE: gettext_lazy("does not participate"),
}
REGISTRATION_WORDS = {
    Registration.REGISTERED: gettext_lazy("registered"),
    Registration.APPLIED: gettext_lazy("registration applied for"),
    Registration.PLANNED: gettext_lazy("registration planned"),
    Registration.NEITHER: gettext_lazy("not registered and not planned"),
}
GROUND_WORDS = {
    Ground.RECORD: gettext_lazy("same record"),
    Ground.CODE: gettext_lazy("same participant code (PIC)"),
    Ground.NAME: gettext_lazy("similar names"),
    Ground.CONTROL: gettext_lazy("one controls the other"),
    Ground.OWNER: gettext_lazy("controlled by the same body"),
}

KIND_WORDS = dict(Organisation.Kind.choices)
LEGAL_BASIS_WORDS = dict(CountryParticipation.LegalBasis.choices)
SERVICE_WORDS = dict(choices.SERVICES)

Writer = Callable[[Any, date], str]


def _chosen_from(words: Mapping[Any, Any]) -> Writer:
    """A code in words; what is no code, such as a service that a cluster named itself, as it is."""
    return lambda value, _day: str(words.get(value, value))


def _country(value: Any, day: date) -> str:
    return name_on(value, day) if value in NAMES else str(value)


def _moment(value: Any, _day: date) -> str:
    return utc(datetime.fromisoformat(value))


def _calendar_day(value: Any, _day: date) -> str:
    return day_in_words(date.fromisoformat(value))


def _money(value: Any, _day: date) -> str:
    return euro(value)


def _limit(value: Any, _day: date) -> str:
    """A rate is stored as a fraction in a text, a number of months as a number."""
    return percent_of(Decimal(value)) if isinstance(value, str) else str(value)


def _pair(value: Any, _day: date) -> str:
    first, second = value
    return _("%(first)s and %(second)s") % {"first": first, "second": second}


def _tie(value: Any, day: date) -> str:
    words = {
        "organisations": _pair(value["between"], day),
        "ground": str(GROUND_WORDS[Ground(value["ground"])]),
    }
    if value["sure"]:
        return _("%(organisations)s: %(ground)s (certain)") % words
    return _("%(organisations)s: %(ground)s (probable)") % words


EVIDENCE_WRITERS: dict[str, Writer] = {
    "ceiling": _money,
    "costs": _money,
    "countries": _country,
    "country": _country,
    "deadline": _moment,
    "grant": _money,
    "grounds": _tie,
    "in_force_on": _calendar_day,
    "kind": _chosen_from(KIND_WORDS),
    "linked": _pair,
    "maximum": _limit,
    "opens_at": _moment,
    "planned_on": _calendar_day,
    "possible": _country,
    "received_at": _moment,
    "registration": _chosen_from(REGISTRATION_WORDS),
    "requested": _money,
    "rule_date": _calendar_day,
    "services": _chosen_from(SERVICE_WORDS),
    "standing": _chosen_from(PARTICIPATION_WORDS),
    "sure": _country,
}
CONDITION_WRITERS: dict[str, Writer] = {
    "accepts": _chosen_from(REGISTRATION_WORDS),
    "ceilings": _money,
    "country": _country,
    "counts_until": _calendar_day,
    "gate": _chosen_from(LEGAL_BASIS_WORDS),
    "in_force_on": _calendar_day,
    "kinds": _chosen_from(KIND_WORDS),
    "kinds_for_officer": _chosen_from(KIND_WORDS),
    "maximum": _limit,
    "rule": lambda value, _day: title_of(value),
    "signed_on": _calendar_day,
}


def evidence_label(name: str) -> str:
    """What a fact in the evidence is called; the name itself where only a retired rule has stored it."""
    return str(EVIDENCE_LABELS.get(name) or name.replace("_", " "))


def evidence_text(name: str, value: Any, day: date) -> str:
    """A fact in the evidence; countries are called as on `day`."""
    return _text(EVIDENCE_WRITERS.get(name, _as_it_is), value, day)


def condition_label(name: str) -> str:
    """What a parameter of a rule, or a field of a country's participation, is called."""
    return str(CONDITION_LABELS.get(name) or name.replace("_", " "))


def condition_text(name: str, value: Any, day: date) -> str:
    """The value of such a parameter or field; countries are called as on `day`."""
    return _text(CONDITION_WRITERS.get(name, _as_it_is), value, day)


def _as_it_is(value: Any, _day: date) -> str:
    return str(value)


def _text(write: Writer, value: Any, day: date) -> str:
    if value is None or value in ("", [], {}):
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {write(item, day)}" for name, item in value.items())
    if isinstance(value, list):
        separator = ", " if isinstance(value[0], str) else "; "
        return separator.join(write(item, day) for item in value)
    return write(value, day)
