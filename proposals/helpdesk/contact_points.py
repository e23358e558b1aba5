"""The directory of contact points: which is nearest, and bringing them in from a table."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import transaction

from applicants.models import Organisation
from calls.fields import country_in
from foundation import clock
from foundation.csv_import import CsvRow, RowAction, read_rows, split_list
from foundation.folding import words_in
from foundation.numbers import Unreadable, parse_date
from foundation.sentences import gettext as _
from proposals.models import LANGUAGES, ContactPoint

NEEDED = ("kind", "name")
KNOWN = (
    *NEEDED,
    "country",
    "region",
    "town",
    "languages",
    "email",
    "telephone",
    "website",
    "text",
    "checked_on",
)
_is_web = URLValidator(schemes=["https", "http"])


def nearest(
    points: Iterable[ContactPoint], organisations: Sequence[Organisation]
) -> list[ContactPoint]:
    """Those in the region of one of the organisations, then of its country; empty without either."""
    ranked = []
    for point in points:
        ranks = [_distance(point, organisation) for organisation in organisations]
        best = min(ranks, default=2)
        if best < 2:  # noqa: PLR2004 -- neither region nor country
            ranked.append((best, point.name, point))
    return [point for _rank, _name, point in sorted(ranked, key=lambda item: item[:2])]


def _distance(point: ContactPoint, organisation: Organisation) -> int:
    if point.country != organisation.country:
        return 2
    own = {*words_in(organisation.region), *words_in(organisation.town)}
    there = {*words_in(point.region), *words_in(point.town)}
    return 0 if own & there else 1


def read_contact_points(text: str) -> list[CsvRow]:
    """Each row of a table with what would happen to it. Raises InvalidCsv."""
    there = {
        _key(vars(contact_point)): contact_point for contact_point in ContactPoint.objects.all()
    }
    seen: set[tuple[str, ...]] = set()

    def check(row: CsvRow) -> None:
        row.values = _parse_values(row)
        if row.problems:
            return
        key = _key(row.values)
        if key in seen:
            row.problems.append(
                _("This contact point appears in an earlier row. Remove one of the two rows.")
            )
        seen.add(key)
        present = there.get(key)
        if present is not None:
            is_same = all(getattr(present, name) == value for name, value in row.values.items())
            row.action = RowAction.SAME if is_same else RowAction.CHANGED

    return read_rows(text, needed=NEEDED, known=KNOWN, check=check)


def _key(values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(values[name]) for name in ("kind", "name", "country", "region"))


def _parse_values(row: CsvRow) -> dict[str, Any]:
    """What a row says, as it is stored; what is wrong is noted in the row."""
    cells, values = row.cells, dict[str, Any](row.cells)
    if cells["kind"] not in ContactPoint.Kind.values:
        kinds = ", ".join(ContactPoint.Kind.values)
        row.problems.append(_("kind must be one of: %(kinds)s.") % {"kinds": kinds})
    if not cells["name"]:
        row.problems.append(_("Enter a name."))
    if not (cells["email"] or cells["telephone"] or cells["website"]):
        row.problems.append(_("Enter an email address, a telephone number or a website."))
    values["languages"] = _languages(row)
    values["country"] = country_in(row, "country")
    values["checked_on"] = _day(row, "checked_on")
    for name, validate in (("email", validate_email), ("website", _is_web)):
        try:
            if cells[name]:
                validate(cells[name])
        except ValidationError:
            row.problems.append(_("%(name)s is not valid.") % {"name": name})
    return values


def _languages(row: CsvRow) -> list[str]:
    codes = split_list(row.cells["languages"])
    unknown = [code for code in codes if code not in LANGUAGES]
    if unknown:
        row.problems.append(
            _("languages: %(codes)s is not a known language code.") % {"codes": ", ".join(unknown)}
        )
    return codes


def _day(row: CsvRow, name: str) -> date | None:
    if not row.cells[name]:
        return None
    try:
        day = parse_date(row.cells[name])
    except Unreadable as why:
        row.problems.append(f"{name}: {why}")
        return None
    if day > clock.now().date():
        row.problems.append(_("%(name)s must not be in the future.") % {"name": name})
    return day


@transaction.atomic
def store_contact_points(rows: Iterable[CsvRow]) -> int:
    """Store what can be used; returns how many were new or changed."""
    count = 0
    for row in rows:
        if row.action in {RowAction.NEW, RowAction.CHANGED}:
            key = {name: row.values[name] for name in ("kind", "name", "country", "region")}
            ContactPoint.objects.update_or_create(**key, defaults=row.values)
            count += 1
    return count
