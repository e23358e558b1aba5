"""The screening sheet of a version: the automatic check rule by rule, and what officers answer to it.

In the order of a call's text, and in the order of an officer's work: what a person decides, what is
unusual, the checklist of each applicant, what is met.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from applicants.models import User
from calls.eligibility import Finding, Outcome, Verdict
from calls.eligibility.readable import names_of
from calls.eligibility.rules import Section, section_of, title_of
from foundation import clock
from foundation.sentences import gettext as _
from proposals.dossier.facts import participants_in, readable
from proposals.models import CaseEvent, ScreeningAnswer, VerdictRecord, Version
from proposals.officers.cases import lock_case, log_event
from proposals.screening.checklists import (
    CHOICES_IN_CHECKLISTS,
    WHOLE,
    Checklist,
    Denied,
    checklists_of,
    is_in_checklist,
)

Answer = ScreeningAnswer.Answer
BEING_MADE = gettext_lazy("The officers' automatic check is running")
TO_RULES = (Answer.AGREE, Answer.DIFFER, Answer.ASK)


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
    def open_findings(self) -> list[Finding]:
        """What of a rule is not simply met."""
        return [finding for finding in self.findings if finding.outcome != Outcome.PASS]

    @property
    def met_findings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.outcome == Outcome.PASS]

    @property
    def outcome(self) -> Outcome:
        return max(
            (finding.outcome for finding in self.findings), key=lambda outcome: outcome.severity
        )


@dataclass(frozen=True)
class Sheet:
    sections: list[tuple[str, list[SheetLine]]]
    checklists: list[Checklist] = field(default_factory=list)

    @property
    def lines(self) -> Iterator[SheetLine]:
        for _title, lines in self.sections:
            yield from lines

    @cached_property
    def to_decide(self) -> list[SheetLine]:
        """What a person decides, in the order of the call's text."""
        clear = {Outcome.PASS, Outcome.WARN}
        return [line for line in self.lines if line.outcome not in clear]

    @cached_property
    def to_review(self) -> list[SheetLine]:
        """What is met, but unusual."""
        return [line for line in self.lines if line.outcome == Outcome.WARN]

    @cached_property
    def met(self) -> list[SheetLine]:
        return [line for line in self.lines if line.outcome == Outcome.PASS]

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
    return Sheet(sections, checklists_of(version, answers))


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
    if kind in CHOICES_IN_CHECKLISTS and is_in_checklist(version, rest, is_whole=kind == WHOLE):
        return CHOICES_IN_CHECKLISTS[kind]
    raise NoSuchLine(item)


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
    present = version.screening_answers.filter(item=item)
    current = present.select_related("answered_by").first()
    if current is not None and current.revision != seen_revision:
        stored = (current.answered_by, current.answer, current.reason)
        if stored == (by, answer, reason.strip()):
            return current
        raise AnsweredMeanwhile(current)
    values = {
        "answer": answer,
        "reason": reason.strip(),
        "answered_by": by,
        "answered_at": clock.now(),
        "revision": 1 + (current.revision if current else _last_revision(version, item)),
    }
    saved, _is_new = version.screening_answers.update_or_create(item=item, defaults=values)
    details = {
        "version": version.pk,
        "item": item,
        "answer": answer,
        "reason": reason.strip(),
        "revision": saved.revision,
        "before": _as_details(current),
    }
    text = f"{_title_of(item, version)}: {Answer(answer).label}"
    saved.event = log_event(version.proposal, CaseEvent.Kind.ANSWERED, text, by=by, **details)
    return saved


def _last_revision(version: Version, item: str) -> int:
    """That of an answer which was undone; numbers are not used again, or an old page would overwrite."""
    saved = version.proposal.case_events.filter(
        kind=CaseEvent.Kind.ANSWERED, details__version=version.pk, details__item=item
    )
    newest = saved.order_by("-pk").values_list("details__revision", flat=True).first()
    return newest or 0


def _as_details(answer: ScreeningAnswer | None) -> dict[str, Any] | None:
    """An answer as the event that replaces it keeps it."""
    if answer is None:
        return None
    return {
        "answer": answer.answer,
        "reason": answer.reason,
        "by": answer.answered_by_id,
        "at": answer.answered_at.isoformat(),
    }


def _check_exceptions(version: Version, item: str) -> None:
    answers = {answer.item: answer for answer in version.screening_answers.all()}
    if any(row.item == item and row.open_exceptions for row in checklists_of(version, answers)):
        raise ExceptionsOpen


@transaction.atomic
def confirm_met_rules(version: Version, *, by: User) -> list[ScreeningAnswer]:
    """Agree with every rule that is met and that nobody has answered; returns the answers.

    Raises:
        InterestDeclared: the case is closed to this officer.
    """
    lock_case(version.proposal_id, by=by)
    stored = newest_verdict(version)
    sheet = sheet_of(version, stored.verdict if stored else None)
    values: dict[str, Any] = {"answer": Answer.AGREE, "reason": "", "seen_revision": 0, "by": by}
    return [save_answer(version, line.item, **values) for line in sheet.met if line.answer is None]
