"""What a receipt says in few words, so that it has two pages whatever a consortium submits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from calls.eligibility import Finding, Outcome, Verdict
from calls.eligibility.rules import title_of
from calls.templatetags.instants import time_left
from foundation.sentences import gettext as _
from proposals.dossier.facts import Circumstances
from proposals.dossier.outcome_words import outcome_words
from proposals.models import Version


@dataclass(frozen=True)
class RulePoints:
    """Findings of one rule with one outcome; `verdict.json` inside the receipt has each in full."""

    title: str
    outcome: str
    number: int
    is_acknowledged: bool


def deadline_at_receipt(version: Version) -> tuple[datetime, str]:
    """The deadline that applied when the version was received, and how long before it that was.

    Both are stored with the version: a later extension does not change what a new edition says.
    """
    stored = Circumstances.from_json(version.circumstances)
    left = stored.deadline - (stored.received_at or version.received_at)
    shown = _("less than a second") if left < timedelta(seconds=1) else time_left(left)
    return version.received_at + left, shown


def points_by_rule(verdict: Verdict | None, acknowledged: Collection[str]) -> list[RulePoints]:
    """What the automatic check did not pass, a line for each rule and outcome, in the order of the rules."""
    groups: dict[tuple[str, Outcome], list[Finding]] = {}
    for finding in verdict.findings if verdict else ():
        if finding.outcome != Outcome.PASS:
            groups.setdefault((finding.rule, finding.outcome), []).append(finding)
    return [
        RulePoints(
            title=title_of(rule),
            outcome=outcome_words(outcome),
            number=len(findings),
            is_acknowledged=all(finding.name in acknowledged for finding in findings),
        )
        for (rule, outcome), findings in groups.items()
    ]
