"""The sections of a whole proposal on paper, as its contents list and number them.

A section has its template in `templates/proof/proposal/`. Without content it is left out, so numbers have
no gaps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from foundation.sentences import gettext as _
from proposals.dossier.work_plan import has_work_plan

Dossier = Mapping[str, Any]


@dataclass(frozen=True)
class PrintedSection:
    """A section with the titles of those of its parts that the contents list."""

    number: int
    slug: str
    title: str
    parts: list[str]

    @property
    def template(self) -> str:
        return f"proof/proposal/{self.slug}.html"


def sections_of(dossier: Dossier) -> list[PrintedSection]:
    """The sections that a dossier has, numbered from 1."""
    present = [kind for kind in KINDS if kind.is_in(dossier)]
    return [
        PrintedSection(number, kind.slug, str(kind.title), kind.parts(dossier))
        for number, kind in enumerate(present, start=1)
    ]


def _always(_dossier: Dossier) -> bool:
    return True


def _no_parts(_dossier: Dossier) -> list[str]:
    return []


def _partners(dossier: Dossier) -> list[str]:
    organisations = [participant["organisation"] for participant in dossier["consortium"]]
    return [
        organisation["cluster_name"] or organisation["legal_name"] for organisation in organisations
    ]


def _activities(dossier: Dossier) -> list[str]:
    return [
        activity["title"] or _("Activity without a title") for activity in dossier["activities"]
    ]


class _Kind(NamedTuple):
    slug: str
    title: Promise
    is_in: Callable[[Dossier], bool] = _always
    parts: Callable[[Dossier], list[str]] = _no_parts


KINDS = (
    _Kind("summary", gettext_lazy("Summary")),
    _Kind("consortium", gettext_lazy("Consortium"), parts=_partners),
    _Kind("vision", gettext_lazy("Vision and goals")),
    _Kind("markets", gettext_lazy("Target markets"), lambda dossier: bool(dossier["markets"])),
    _Kind(
        "activities",
        gettext_lazy("Activities"),
        lambda dossier: bool(dossier["activities"]),
        _activities,
    ),
    _Kind("deliverables", gettext_lazy("Deliverables")),
    _Kind("work-plan", gettext_lazy("Work plan"), has_work_plan),
    _Kind(
        "scoreboard",
        gettext_lazy("Monitoring scoreboard"),
        lambda dossier: bool(dossier["scoreboard"]),
    ),
    _Kind("budget", gettext_lazy("Budget")),
    _Kind("profiles", gettext_lazy("Cluster profiles")),
    _Kind("files", gettext_lazy("Files"), lambda dossier: bool(dossier["files"])),
)
