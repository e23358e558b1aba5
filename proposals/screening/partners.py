"""The partners of a version as the head of its case shows them."""

from collections.abc import Iterable
from dataclasses import dataclass

from calls.eligibility import CountStatus, Finding, Outcome, Verdict
from calls.eligibility.facts import Role
from calls.eligibility.rules import CATALOGUE, Level
from proposals.models import Version

CLEAR = {Outcome.PASS, Outcome.WARN}


@dataclass(frozen=True)
class PartnerStatus:
    """A participant, and how it counts; no status for an associated partner, or before the check."""

    key: str
    name: str
    country: str
    is_coordinator: bool
    status: CountStatus | None

    @property
    def is_clear(self) -> bool:
        return self.status == CountStatus.COUNTS


def partner_statuses(version: Version, verdict: Verdict | None) -> list[PartnerStatus]:
    """Each participant in the order of the proposal, with what the rules about partners found."""
    judged = _findings_about_partners(verdict) if verdict else []
    return [
        PartnerStatus(
            row["key"],
            row["organisation"]["cluster_name"] or row["organisation"]["legal_name"],
            row["organisation"]["country"],
            row["role"] == Role.COORDINATOR.value,
            None
            if verdict is None or row["role"] == Role.ASSOCIATED.value
            else _status(row["key"], judged, has_agreed=row.get("agreed", True)),
        )
        for row in version.document["consortium"]
    ]


def _findings_about_partners(verdict: Verdict) -> list[Finding]:
    return [
        finding
        for finding in verdict.findings
        if finding.outcome not in CLEAR
        and finding.rule in CATALOGUE
        and CATALOGUE[finding.rule].level == Level.PARTNER
    ]


def _status(key: str, judged: Iterable[Finding], *, has_agreed: bool) -> CountStatus:
    outcomes = {finding.outcome for finding in judged if finding.subject == key}
    if Outcome.INELIGIBLE in outcomes:
        return CountStatus.EXCLUDED
    return CountStatus.UNDECIDED if outcomes or not has_agreed else CountStatus.COUNTS
