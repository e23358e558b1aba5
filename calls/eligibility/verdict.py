"""What a screening answers: outcome, finding, verdict.

A finding judges one thing by one rule; a verdict is all findings of one proposal with one overall
outcome. All three are values: they know nothing of where they are shown or kept.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What a rule says of one thing, from best to worst."""

    PASS = "pass"  # noqa: S105 -- an outcome
    WARN = "warn"
    NEEDS_REVIEW = "officer"
    INELIGIBLE = "ineligible"
    INADMISSIBLE = "inadmissible"

    @property
    def severity(self) -> int:
        return SEVERITY[self]


SEVERITY = {outcome: place for place, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Fix:
    """How to fix what a finding names: the step of the proposal, and a sentence."""

    step: str
    advice: str

    def as_json(self) -> dict[str, Any]:
        return {"step": self.step, "advice": self.advice}


@dataclass(slots=True)
class Finding:
    """One rule's answer about one subject, with the facts that show it.

    Not frozen, only because that takes three times as long for each of some sixty findings.
    Nobody changes one.

    `subject` is "submission", "proposal", "consortium", the key of a participant ("p2"), or
    a kind and a name: "file:roadmap", "deliverable:roadmap", "activity:3", "market:1". `link` is where
    the text that is cited can be read.
    """

    rule: str
    version: int
    subject: str
    outcome: Outcome
    message: str
    evidence: dict[str, Any]
    citation: str
    fix: Fix | None = None
    link: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "version": self.version,
            "subject": self.subject,
            "outcome": self.outcome,  # a text; `.value` would be a call for each of some sixty findings
            "message": self.message,
            "evidence": self.evidence,
            "citation": self.citation,
            "link": self.link,
            "fix": self.fix.as_json() if self.fix else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Finding":
        return cls(
            rule=data["rule"],
            version=data["version"],
            subject=data["subject"],
            outcome=Outcome(data["outcome"]),
            message=data["message"],
            evidence=data["evidence"],
            citation=data["citation"],
            fix=Fix(**data["fix"]) if data["fix"] else None,
            link=data.get("link", ""),
        )

    @property
    def source(self) -> str:
        """What is cited and where it can be read, for a text without links."""
        return f"{self.citation}, {self.link}" if self.link else self.citation

    @property
    def name(self) -> str:
        """How an applicant acknowledges it: rule and subject, unique within a verdict."""
        return f"{self.rule}/{self.subject}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings in the order of the call's rules, and the overall outcome.

    `rule_set` and `country_set` are "sha256:" hashes of what was applied; `rule_date` is the
    Brussels calendar date (ISO) on which countries had to count.
    """

    outcome: Outcome
    findings: tuple[Finding, ...]
    rule_set: str
    country_set: str
    rule_date: str

    def as_json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "findings": [finding.as_json() for finding in self.findings],
            "rule_set": self.rule_set,
            "country_set": self.country_set,
            "rule_date": self.rule_date,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Verdict":
        return cls(
            outcome=Outcome(data["outcome"]),
            findings=tuple(Finding.from_json(item) for item in data["findings"]),
            rule_set=data["rule_set"],
            country_set=data["country_set"],
            rule_date=data["rule_date"],
        )

    def having(self, *outcomes: Outcome) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.outcome in outcomes)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What stops a submission: only a late or incomplete proposal is turned away."""
        return self.having(Outcome.INADMISSIBLE)

    @property
    def to_acknowledge(self) -> tuple[Finding, ...]:
        """What an applicant must have read before submitting all the same."""
        return self.having(Outcome.NEEDS_REVIEW, Outcome.INELIGIBLE)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return self.having(Outcome.WARN)

    @property
    def by_rule(self) -> dict[str, str]:
        """The worst outcome of each rule."""
        worst: dict[str, Outcome] = {}
        for finding in self.findings:
            known = worst.setdefault(finding.rule, finding.outcome)
            if finding.outcome is not known and SEVERITY[finding.outcome] > SEVERITY[known]:
                worst[finding.rule] = finding.outcome
        return {rule: outcome.value for rule, outcome in worst.items()}

    @property
    def rules_not_met(self) -> list[str]:
        return sorted(
            {finding.rule for finding in self.findings if finding.outcome != Outcome.PASS}
        )
