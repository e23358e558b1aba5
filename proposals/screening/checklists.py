"""The checklist of an applicant: the definition of innovation clusters, element by element.

What an applicant claims is confirmed as a whole; what is required and not claimed, or not found by an
officer, is an exception with an answer of its own. The elements are those of the call.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from calls.eligibility.facts import Role
from calls.eligibility.readable import names_of
from calls.innovation_clusters import Element
from foundation.sentences import gettext as _
from proposals.dossier.facts import participants_in
from proposals.models import ScreeningAnswer, Version

Answer = ScreeningAnswer.Answer
TO_CHECKLISTS = (Answer.AGREE, Answer.ASK)
TO_ELEMENTS = (Answer.YES, Answer.NO, Answer.UNCLEAR)
WHOLE = "checklist"
CHOICES_IN_CHECKLISTS = {WHOLE: TO_CHECKLISTS, "element": TO_ELEMENTS}


@dataclass(frozen=True)
class ElementLine:
    item: str
    element: Element
    is_claimed: bool
    answer: ScreeningAnswer | None
    choices: tuple[Answer, ...] = TO_ELEMENTS

    @property
    def is_exception(self) -> bool:
        """Required and not claimed, or not found by an officer: a person looks at it by itself."""
        is_denied = self.answer is not None and self.answer.answer != Answer.YES
        return is_denied or (self.element.is_required and not self.is_claimed)


@dataclass(frozen=True)
class Checklist:
    """The definition's elements for one applicant, beside what it wrote itself.

    What it claims is confirmed by one `answer`; exceptions are answered one by one.
    """

    key: str
    name: str
    words: list[tuple[str, str]]
    lines: list[ElementLine]
    answer: ScreeningAnswer | None = None
    choices: tuple[Answer, ...] = TO_CHECKLISTS

    @property
    def item(self) -> str:
        return f"checklist:{self.key}"

    @property
    def answered(self) -> int:
        return sum(1 for line in self.lines if line.answer)

    @property
    def is_answered(self) -> bool:
        return self.answer is not None or self.answered == len(self.lines)

    @cached_property
    def exceptions(self) -> list[ElementLine]:
        return [line for line in self.lines if line.is_exception]

    @cached_property
    def others(self) -> list[ElementLine]:
        return [line for line in self.lines if not line.is_exception]

    @property
    def open_exceptions(self) -> int:
        return sum(1 for line in self.exceptions if line.answer is None)

    @property
    def summary(self) -> str:
        """“Claims 9 of 12; required 5 of 5”."""
        required = [line for line in self.lines if line.element.is_required]
        text = _(
            "Claims %(claimed)s of %(total)s elements; %(required)s of %(all_required)s required"
        )
        return text % {
            "claimed": sum(line.is_claimed for line in self.lines),
            "total": len(self.lines),
            "required": sum(line.is_claimed for line in required),
            "all_required": len(required),
        }


@dataclass(frozen=True)
class Denied:
    """An element of the definition that officers miss at an applicant."""

    name: str
    words: str
    answer: ScreeningAnswer


def checklists_of(version: Version, answers: Mapping[str, ScreeningAnswer]) -> list[Checklist]:
    """One for each applicant, with the elements of the call; none where it has no elements."""
    call = version.proposal.call
    if not call.elements:
        return []
    names = names_of(participants_in(version.document), call.rule_date)
    return [
        _checklist(applicant, names[applicant["key"]], call.elements, answers)
        for applicant in applicants_in(version.document)
    ]


def applicants_in(dossier: dict[str, Any]) -> list[dict[str, Any]]:
    """Associated partners take part at their own cost and are not judged."""
    return [
        participant
        for participant in dossier["consortium"]
        if participant["role"] != Role.ASSOCIATED.value
    ]


def _checklist(
    row: dict[str, Any],
    name: str,
    elements: Iterable[Element],
    answers: Mapping[str, ScreeningAnswer],
) -> Checklist:
    key = row["key"]
    services = row["profile"].get("services", {})
    claimed = set(services.get("elements", []))
    lines = [
        ElementLine(
            f"element:{key}:{element.code}",
            element,
            element.code in claimed,
            answers.get(f"element:{key}:{element.code}"),
        )
        for element in elements
    ]
    words = [
        (_("How the organisation works as a cluster"), str(services.get("how") or "")),
        (_("Its support services to businesses"), str(row.get("description") or "")),
    ]
    return Checklist(key, name, words, lines, answers.get(f"checklist:{key}"))


def is_in_checklist(version: Version, place: str, *, is_whole: bool) -> bool:
    """Whether an applicant has this checklist ("p2"), or this element in it ("p2:C7")."""
    key, _colon, code = place.partition(":")
    codes = {element.code for element in version.proposal.call.elements}
    keys = {applicant["key"] for applicant in applicants_in(version.document)}
    return key in keys and bool(codes) and (not code if is_whole else code in codes)
