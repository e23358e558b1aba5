"""Where in the proposal an officer finds what a finding is about: the place on the page of a case.

Places are ids of the page of the case. Stored findings stay as they are.
"""

from calls.eligibility import Finding

# Of findings about one partner, by rule: the section of its part.
SECTIONS_OF_PARTNERS = {
    "description-present": "description",
    "profile-complete": "profile",
    "profile-consistent": "members",
    "platform-registration": "registration",
    "support-services": "services",
    "budget-adds-up": "budget",
    "grant-ceiling": "budget",
}
# Of findings about the whole proposal, by rule.
SECTIONS = {
    "activities-justified": "activities",
    "third-markets": "markets",
    "market-count": "markets",
    "grant-ceiling": "budget",
    "co-financing-rate": "budget",
    "budget-adds-up": "budget",
    "deliverables": "deliverables",
}
# Of findings about one thing, by what it is: whether each has a place of its own.
THINGS = {"market": True, "activity": True, "deliverable": True, "file": False}
CHECKLIST_SECTION = "services"


def place_of(finding: Finding) -> str:
    """The id of the part of the page that shows what the finding is about."""
    kind, colon, rest = finding.subject.partition(":")
    if colon:
        return f"part-{kind}-{rest}" if THINGS.get(kind) else f"part-{kind}s"
    if kind in {"consortium", "scoreboard", "submission"}:
        return f"part-{kind}"
    if kind == "proposal":
        return f"part-{SECTIONS.get(finding.rule, 'summary')}"
    return place_of_partner(kind, SECTIONS_OF_PARTNERS.get(finding.rule, ""))


def place_of_partner(key: str, section: str) -> str:
    """The id of a partner's part, or of one section of it."""
    return f"part-{key}-{section}" if section else f"part-{key}"
