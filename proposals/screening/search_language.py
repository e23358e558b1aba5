"""The search language of the list of cases: `is:open officer:me country:MD grant:>150000 laser`.

A text is read into terms, each term into one fixed condition. A value is compared and never names a column,
so no search reaches data that the list itself does not hold. Nothing here decides who may see a case.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from applicants.models import User
from calls.eligibility import rule_date_of
from calls.eligibility.countries import UnknownCountry, normalise
from calls.eligibility.rules import CATALOGUE
from foundation.numbers import Unreadable, parse_amount, parse_date
from foundation.sentences import gettext as _
from proposals.models import CaseTag, Decision, VersionQuerySet
from proposals.screening.queue import CaseQueue, queue_conditions
from proposals.screening.search import matching_cases

MAX_TERMS = 20
MAX_VALUE_LENGTH = 100  # characters
MAX_AMOUNT = Decimal(10) ** 15
MAX_DAYS = 100_000
MAX_SHOWN = 40  # characters of a wrong value that its sentence repeats
NONE = "none"

TERM = re.compile(
    r'(?P<minus>-?)(?P<operator>[^\W\d_][\w-]*):(?P<value>"[^"]*"|\S*)|(?P<quoted>"[^"]*")|(?P<word>\S+)'
)
COMPARED = re.compile(r"(?P<sign>>=|<=|>|<|=)?(?P<value>.*)", re.DOTALL)
LOOKUPS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "=": "exact", None: "exact"}


class InvalidSearch(ValueError):
    """A search that the list cannot answer; the text names the operator and what is possible."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who searches, and when: `me` and `overdue` mean something for them only."""

    officer: User
    moment: datetime

    @property
    def today(self) -> date:
        return rule_date_of(self.moment)


@dataclass(frozen=True, slots=True)
class Operator:
    """What may stand before a colon; `help` and `example` are shown beside the list."""

    condition: Callable[[str, Asker], Q]
    help: str | Promise
    example: str


@dataclass(frozen=True, slots=True)
class ParsedSearch:
    conditions: list[Q]
    words: str


def search_cases(versions: VersionQuerySet, text: str, asker: Asker) -> VersionQuerySet:
    """The versions for which every term holds and in which every other word occurs.

    Raises:
        InvalidSearch: an operator that there is not, or a value that it does not take.
    """
    parsed = parse_search(text, asker)
    for condition in parsed.conditions:
        versions = versions.filter(condition)
    return matching_cases(versions, parsed.words) if parsed.words else versions


def parse_search(text: str, asker: Asker) -> ParsedSearch:
    """Read a search; what has no operator is left as words.

    Raises:
        InvalidSearch: as `search_cases`.
    """
    conditions: list[Q] = []
    words: list[str] = []
    for term in TERM.finditer(text):
        if term["operator"] is None:
            words.append(term["word"] or term["quoted"].strip('"'))
            continue
        condition = _condition(term["operator"], term["value"].strip('"').strip(), asker)
        conditions.append(~condition if term["minus"] else condition)
    if len(conditions) > MAX_TERMS:
        text = _("A search takes at most %(count)s operators. Leave some out.")
        raise InvalidSearch(text % {"count": MAX_TERMS})
    return ParsedSearch(conditions, " ".join(filter(None, words)))


def _condition(name: str, value: str, asker: Asker) -> Q:
    operator = OPERATORS.get(name.lower())
    if operator is None:
        text = _(
            "“%(name)s:” is not a search operator. Use one of these: %(names)s. To search for text "
            "with a colon, put it in quotation marks."
        )
        raise InvalidSearch(text % {"name": _shown(name), "names": ", ".join(OPERATORS)})
    if not value or len(value) > MAX_VALUE_LENGTH:
        raise _refused(name.lower(), value, operator.help)
    return operator.condition(value, asker)


def _refused(name: str, value: str, possible: str | Promise) -> InvalidSearch:
    if not value:
        text = _("“%(name)s:” needs a value. %(possible)s")
        return InvalidSearch(text % {"name": name, "possible": possible})
    text = _("“%(name)s:” does not take “%(value)s”. %(possible)s")
    values = {"name": name, "value": _shown(value), "possible": possible}
    return InvalidSearch(text % values)


def one_of(values: Iterable[str]) -> str | Promise:
    """The sentence that names what a term takes."""
    return format_lazy(gettext_lazy("Use one of these: {values}."), values=", ".join(values))


def _shown(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _is(value: str, asker: Asker) -> Q:
    make = STATES.get(value.lower())
    if make is None:
        raise _refused("is", value, one_of(STATES))
    return make(asker)


def _in_queue(queue: CaseQueue) -> Callable[[Asker], Q]:
    return lambda asker: queue_conditions(asker.officer, asker.moment)[queue]


IS_DECIDED = Q(case_state__is_decided=True)
STATES: dict[str, Callable[[Asker], Q]] = {
    "open": lambda _asker: ~IS_DECIDED,
    "decided": lambda _asker: IS_DECIDED,
    "mine": lambda asker: Q(proposal__assignment__officer=asker.officer),
    "unassigned": lambda _asker: Q(proposal__assignment=None),
    "confirmable": _in_queue(CaseQueue.FOR_ME),
    "waiting": lambda _asker: Q(case_state__is_waiting=True),
    "returned": lambda _asker: Q(case_state__decision_step="sent-back"),
    "asked": _in_queue(CaseQueue.APPLICANT),
    "overdue": _in_queue(CaseQueue.OVERDUE),
    "letter": _in_queue(CaseQueue.TO_INFORM),
    "checked": lambda _asker: Q(case_state__open_lines=0),
    "earlier-rules": lambda _asker: Q(
        pk__in=Decision.objects.in_force().under_earlier_conditions().values("version")
    ),
}


def _officer(value: str, asker: Asker) -> Q:
    if value.lower() == "me":
        return Q(proposal__assignment__officer=asker.officer)
    if value.lower() == NONE:
        return Q(proposal__assignment=None)
    return Q(proposal__assignment__officer__full_name__icontains=value)


def _rule(value: str, asker: Asker) -> Q:
    rule = value.lower()
    if rule not in CATALOGUE:
        alike = [name for name in CATALOGUE if rule in name or name in rule]
        raise _refused("rule", value, one_of(alike or CATALOGUE))
    return Q(case_state__rules__contains=[rule])


def _country(value: str, asker: Asker) -> Q:
    try:
        return Q(countries__contains=[normalise(value)])
    except UnknownCountry:
        raise _refused("country", value, HELP_COUNTRY) from None


HELP_COUNTRY = gettext_lazy("Use the code of a country, such as MD.")
HELP_NUMBER = gettext_lazy(
    "Use a number, with >, <, >= or <= before it, or two numbers with .. between."
)
HELP_DAY = gettext_lazy(
    "Use a day such as 2015-05-31, with >, <, >= or <= before it, or “none” or “today”."
)


def _number_of(name: str, column: str) -> Callable[[str, Asker], Q]:
    def condition(value: str, asker: Asker) -> Q:
        low, dots, high = value.partition("..")
        if dots:
            ends = {f"{column}__gte": _number(name, low), f"{column}__lte": _number(name, high)}
            return Q(**ends)
        lookup, number = _compared(value)
        return Q(**{f"{column}__{lookup}": _number(name, number)})

    return condition


def _compared(value: str) -> tuple[str, str]:
    """The lookup that a sign before a value means, and the value."""
    match = COMPARED.fullmatch(value)
    if match is None:
        return "exact", value
    return LOOKUPS[match["sign"]], match["value"].strip()


def _number(name: str, text: str) -> Decimal:
    try:
        number = parse_amount(text.removesuffix("%"))
    except Unreadable:
        raise _refused(name, text, HELP_NUMBER) from None
    if abs(number) > MAX_AMOUNT:
        raise _refused(name, text, HELP_NUMBER)
    return number


def _age(value: str, asker: Asker) -> Q:
    """Older is earlier: the comparison is turned round."""
    lookup, text = _compared(value)
    days = _number("age", text)
    if days != int(days) or not 0 <= days <= MAX_DAYS:
        raise _refused("age", value, HELP_NUMBER)
    started = asker.moment - timedelta(days=int(days))
    if lookup == "exact":
        return Q(received_at__lte=started, received_at__gt=started - timedelta(days=1))
    turned = {"gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte"}[lookup]
    return Q(**{f"received_at__{turned}": started})


def _due(value: str, asker: Asker) -> Q:
    column = "proposal__assignment__due_on"
    lookup, text = _compared(value)
    if text.lower() == NONE and lookup == "exact":
        return Q(**{f"{column}__isnull": True})
    if text.lower() == "today":
        return Q(**{f"{column}__{lookup}": asker.today})
    try:
        day = parse_date(text)
    except Unreadable:
        raise _refused("due", value, HELP_DAY) from None
    return Q(**{f"{column}__{lookup}": day})


def _one_of(name: str, column: str, values: Mapping[str, str]) -> Callable[[str, Asker], Q]:
    def condition(value: str, asker: Asker) -> Q:
        stored = values.get(value.lower())
        if stored is None:
            raise _refused(name, value, one_of(values))
        return Q(**{column: stored})

    return condition


OUTCOMES = {
    "eligible": "pass",
    "review": "officer",
    "ineligible": "ineligible",
    "inadmissible": "inadmissible",
}


def _decision(value: str, asker: Asker) -> Q:
    names = [outcome.value for outcome in Decision.OutcomeChoices]
    if value.lower() == NONE:
        return Q(case_state=None) | Q(case_state__decision="")
    if value.lower() not in names:
        raise _refused("decision", value, one_of([*names, NONE]))
    return Q(case_state__decision=value.lower())


def _strand(value: str, asker: Asker) -> Q:
    by_number = (
        Q(proposal__strand__number=int(value)) if re.fullmatch(r"[0-9]{1,4}", value) else Q()
    )
    by_code = Q(proposal__strand__code__iexact=value)
    return by_code | by_number if by_number else by_code


def _tag(value: str, asker: Asker) -> Q:
    tags = CaseTag.objects.filter(proposal=OuterRef("proposal"))
    if value.lower() == NONE:
        return ~Q(Exists(tags))
    return Q(Exists(tags.filter(name=value.lower())))


OPERATORS: dict[str, Operator] = {
    "is": Operator(_is, one_of(STATES), "is:open"),
    "officer": Operator(
        _officer, gettext_lazy("Use “me”, “none”, or a part of a name."), "officer:me"
    ),
    "rule": Operator(
        _rule, gettext_lazy("Use the name of a rule, such as “established”."), "rule:established"
    ),
    "country": Operator(_country, HELP_COUNTRY, "country:MD"),
    "grant": Operator(
        _number_of("grant", "case_state__requested_grant"), HELP_NUMBER, "grant:>150000"
    ),
    "rate": Operator(_number_of("rate", "case_state__rate"), HELP_NUMBER, "rate:>75"),
    "partners": Operator(
        _number_of("partners", "case_state__partners"), HELP_NUMBER, "partners:4..8"
    ),
    "lines": Operator(_number_of("lines", "case_state__open_lines"), HELP_NUMBER, "lines:<5"),
    "outcome": Operator(
        _one_of("outcome", "case_state__outcome", OUTCOMES),
        one_of(OUTCOMES),
        "outcome:review",
    ),
    "decision": Operator(
        _decision,
        one_of([*Decision.OutcomeChoices.values, NONE]),
        "decision:none",
    ),
    "due": Operator(_due, HELP_DAY, "due:<=today"),
    "age": Operator(_age, gettext_lazy("Use days, with >, <, >= or <= before them."), "age:>7"),
    "strand": Operator(_strand, gettext_lazy("Use the number or code of a strand."), "strand:1"),
    "call": Operator(
        lambda value, _asker: Q(proposal__strand__call__reference__icontains=value),
        gettext_lazy("Use a part of the reference of a call."),
        "call:2014",
    ),
    "coordinator": Operator(
        lambda value, _asker: Q(case_state__coordinator__icontains=value),
        gettext_lazy("Use a part of its name."),
        'coordinator:"photonics cluster"',
    ),
    "tag": Operator(_tag, gettext_lazy("Use a tag, or “none”."), "tag:urgent"),
}
