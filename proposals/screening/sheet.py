"""The screening sheet of a version: the automatic check rule by rule, and what officers answer to it.

In the sections that the rules' classes name, in the order of a call's text; then the checklist of the
definition of innovation clusters for each applicant.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from applicants.models import User
from calls.eligibility import Finding, Outcome, Verdict
from calls.eligibility.facts import Role
from calls.eligibility.readable import names_of
from calls.eligibility.rules import Section, section_of, title_of
from calls.innovation_clusters import Element
from foundation import clock
from foundation.sentences import gettext as _
from proposals.dossier.facts import participants_in, readable
from proposals.models import CaseEvent, ScreeningAnswer, VerdictRecord, Version
from proposals.officers.cases import lock_case, log_event

Answer = ScreeningAnswer.Answer
BEING_MADE = gettext_lazy("The officers' automatic check is running")
TO_RULES = (Answer.AGREE, Answer.DIFFER, Answer.ASK)
TO_CHECKLISTS = (Answer.AGREE, Answer.ASK)
TO_ELEMENTS = (Answer.YES, Answer.NO, Answer.UNCLEAR)


class NoSuchLine(Exception):
    """The sheet of this version has no such line, or the line takes no such answer."""


class ReasonRequired(Exception):
    """Who disagrees with the automatic check says why."""


class ExceptionsOpen(Exception):
    """A checklist is confirmed as a whole only when each of its exceptions has an answer."""


class AnsweredMeanwhile(Exception):
    """Somebody saved this line since the page was opened; `current` is what is stored now."""

    def __init__(self, current: ScreeningAnswer) -> None:
        super().__init__(current.item)
        self.current = current


@dataclass(frozen=True)
class SheetLine:
    """A rule with all that it found, and the officer's answer, if there is one."""

    item: str
    rule: str
    title: str
    findings: list[Finding]
    answer: ScreeningAnswer | None
    choices: tuple[Answer, ...] = TO_RULES

    @property
    def outcome(self) -> Outcome:
        return max(
            (finding.outcome for finding in self.findings), key=lambda outcome: outcome.severity
        )


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


@dataclass(frozen=True)
class Sheet:
    sections: list[tuple[str, list[SheetLine]]]
    checklists: list[Checklist] = field(default_factory=list)

    @property
    def lines(self) -> Iterator[SheetLine]:
        for _title, lines in self.sections:
            yield from lines

    @property
    def total(self) -> int:
        """Each rule is one, and each applicant's checklist is one."""
        return sum(1 for _line in self.lines) + len(self.checklists)

    @property
    def answered(self) -> int:
        rules = sum(1 for line in self.lines if line.answer)
        return rules + sum(checklist.is_answered for checklist in self.checklists)

    @property
    def met_and_open(self) -> int:
        """How many rules are met and not answered yet."""
        return sum(1 for line in self.lines if not line.answer and line.outcome == Outcome.PASS)

    @property
    def elements_denied(self) -> Iterator["Denied"]:
        """Elements of the definition that an officer does not find, or finds unclear."""
        for checklist in self.checklists:
            for line in checklist.lines:
                if line.answer and line.answer.answer in {Answer.NO, Answer.UNCLEAR}:
                    yield Denied(checklist.name, str(line.element.text), line.answer)

    @property
    def overridden(self) -> list[SheetLine]:
        """Where officers disagree with the automatic check."""
        return [line for line in self.lines if line.answer and line.answer.answer == Answer.DIFFER]


def newest_verdict(version: Version) -> VerdictRecord | None:
    """The one that officers work with; none while it is being made, whatever applicants were shown."""
    return VerdictRecord.objects.for_officers().filter(version=version).order_by("-pk").first()


def check_summary(outcome: str | None, *, counts: bool) -> str:
    """What lists say of the newest verdict for officers; nothing of a version that gets none."""
    if outcome:
        return overall_for_officers(outcome)
    return str(BEING_MADE) if counts else ""


def overall_for_officers(outcome: str) -> str:
    """The overall result of the automatic check, addressed to the officer who decides."""
    if outcome == Outcome.NEEDS_REVIEW:
        return _("Needs your decision")
    return str(VerdictRecord.OutcomeChoices(outcome).label)


def rules_in(verdict: VerdictRecord) -> set[str]:
    return {finding["rule"] for finding in verdict.content["findings"]}


def sheet_of(
    version: Version, verdict: Verdict | None, saved: Iterable[ScreeningAnswer] | None = None
) -> Sheet:
    """The whole sheet; one query for the answers, where they are not `saved`."""
    if saved is None:
        saved = version.screening_answers.select_related("answered_by")
    answers = {answer.item: answer for answer in saved}
    shown = readable(verdict, version.document).findings if verdict else ()
    by_rule: dict[str, list[Finding]] = {}
    for finding in shown:
        by_rule.setdefault(finding.rule, []).append(finding)
    sections = _sections_of([_line(*pair, answers) for pair in by_rule.items()])
    return Sheet(sections, _checklists(version, answers))


def _checklists(version: Version, answers: Mapping[str, ScreeningAnswer]) -> list[Checklist]:
    """One for each applicant, with the elements of the call; none where it has no elements."""
    call = version.proposal.call
    if not call.elements:
        return []
    names = names_of(participants_in(version.document), call.rule_date)
    return [
        _checklist(applicant, names[applicant["key"]], call.elements, answers)
        for applicant in applicants_in(version.document)
    ]


def _sections_of(lines: list[SheetLine]) -> list[tuple[str, list[SheetLine]]]:
    """Every line in the section of its rule's class, in the order of the verdict; no section is empty."""
    results = [
        (_(section.value), [line for line in lines if section_of(line.rule) == section])
        for section in Section
    ]
    return [(title, own) for title, own in results if own]


def _line(rule: str, findings: list[Finding], answers: Mapping[str, ScreeningAnswer]) -> SheetLine:
    item = f"rule:{rule}"
    worst_first = sorted(findings, key=lambda finding: -finding.outcome.severity)
    return SheetLine(item, rule, title_of(rule), worst_first, answers.get(item))


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


def _title_of(item: str, version: Version) -> str:
    """What people call a line: the rule, or the applicant with its checklist or one element of it."""
    kind, _colon, rest = item.partition(":")
    if kind == "rule":
        return title_of(rest)
    key, _colon, code = rest.partition(":")
    call = version.proposal.call
    names = names_of(participants_in(version.document), call.rule_date)
    texts = [str(element.text) for element in call.elements if element.code == code]
    return ", ".join([names[key], *(texts or [_("the whole checklist")])])


def choices_of(version: Version, item: str) -> tuple[Answer, ...]:
    """Which answers a line takes.

    Raises:
        NoSuchLine: the sheet of this version has no such line.
    """
    kind, _colon, rest = item.partition(":")
    verdict = newest_verdict(version)
    if kind == "rule" and verdict is not None and rest in rules_in(verdict):
        return TO_RULES
    if kind in CHOICES_IN_CHECKLISTS and _is_in_checklist(version, rest, is_whole=kind == WHOLE):
        return CHOICES_IN_CHECKLISTS[kind]
    raise NoSuchLine(item)


WHOLE = "checklist"
CHOICES_IN_CHECKLISTS = {WHOLE: TO_CHECKLISTS, "element": TO_ELEMENTS}


def _is_in_checklist(version: Version, place: str, *, is_whole: bool) -> bool:
    """Whether an applicant has this checklist ("p2"), or this element in it ("p2:C7")."""
    key, _colon, code = place.partition(":")
    codes = {element.code for element in version.proposal.call.elements}
    keys = {applicant["key"] for applicant in applicants_in(version.document)}
    return key in keys and bool(codes) and (not code if is_whole else code in codes)


@transaction.atomic
def save_answer(
    version: Version, item: str, *, answer: str, reason: str, seen_revision: int, by: User
) -> ScreeningAnswer:
    """Keep an officer's answer to a line; `seen_revision` is 0 for a line that had none.

    The same answer of the same officer is not stored again.

    Raises:
        InterestDeclared: the case is closed to this officer.
        NoSuchLine: no such line, or no such answer to it.
        ReasonRequired: the officer differs and does not say why.
        ExceptionsOpen: a checklist as a whole, while an exception in it has no answer.
        AnsweredMeanwhile: somebody saved this line since; nothing was changed.
    """
    lock_case(version.proposal_id, by=by)
    if answer not in choices_of(version, item):
        raise NoSuchLine(item)
    if answer == Answer.DIFFER and not reason.strip():
        raise ReasonRequired
    if item.startswith(f"{WHOLE}:") and answer == Answer.AGREE:
        _check_exceptions(version, item)
    values = {
        "answer": answer,
        "reason": reason.strip(),
        "answered_by": by,
        "answered_at": clock.now(),
        "revision": seen_revision + 1,
    }
    present = version.screening_answers.filter(item=item)
    current = present.select_related("answered_by").first()
    if current is not None and current.revision != seen_revision:
        stored = (current.answered_by, current.answer, current.reason)
        if stored == (by, answer, reason.strip()):
            return current
        raise AnsweredMeanwhile(current)
    saved, _is_new = version.screening_answers.update_or_create(item=item, defaults=values)
    details = {"item": item, "answer": answer, "reason": reason.strip()}
    text = f"{_title_of(item, version)}: {Answer(answer).label}"
    log_event(version.proposal, CaseEvent.Kind.ANSWERED, text, by=by, **details)
    return saved


def _check_exceptions(version: Version, item: str) -> None:
    answers = {answer.item: answer for answer in version.screening_answers.all()}
    if any(row.item == item and row.open_exceptions for row in _checklists(version, answers)):
        raise ExceptionsOpen


@transaction.atomic
def confirm_met_rules(version: Version, *, by: User) -> int:
    """Agree with every rule that is met and that nobody has answered; returns with how many.

    Raises:
        InterestDeclared: the case is closed to this officer.
    """
    lock_case(version.proposal_id, by=by)
    stored = newest_verdict(version)
    sheet = sheet_of(version, stored.verdict if stored else None)
    agreed = 0
    for line in sheet.lines:
        if line.answer is None and line.outcome == Outcome.PASS:
            save_answer(version, line.item, answer=Answer.AGREE, reason="", seen_revision=0, by=by)
            agreed += 1
    return agreed
