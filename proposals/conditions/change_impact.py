"""What other rules or countries would do to stored drafts and versions.

Of drafts and versions that are still sealed, only a rough number is shown: how many would change, in
steps of five, and not from what to what. "Fewer than five" is said of none, too. Otherwise a preview with
one country removed would reveal whether somebody from there applies. Opened versions are named, with the
findings that change, rule by rule: a rule may flip although the outcome as a whole stays.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import F, QuerySet

from calls.call_export import call_content
from calls.eligibility import CountrySet, ProposalFacts, RuleSet, Verdict, screen
from calls.eligibility.countries import Participation
from calls.eligibility.lint import Remark, outlines_of, remarks_on
from calls.eligibility.readable import readable_verdict
from calls.eligibility.rules import title_of
from calls.models import Call
from proposals.dossier.document import dossier_of, drafts_of
from proposals.dossier.facts import Circumstances, facts_of, facts_of_call
from proposals.models import (
    Decision,
    DecisionNotice,
    Proposal,
    ProposalQuerySet,
    ProposedChange,
    VerdictRecord,
    Version,
)

CHUNK = 1000  # verdicts that are fetched at once
DRAFTS_AT_ONCE = 100
STEP = 5  # sealed proposals that change are counted in steps of so many
MAX_LISTED_VERSIONS = 200  # opened versions that a preview lists; all are counted
MAX_REASONS = 4

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Conditions:
    """Rules and countries that a call is judged by, in force or proposed."""

    rule_set: RuleSet
    countries: CountrySet

    def judge(self, facts: ProposalFacts) -> Verdict:
        return screen(facts, self.rule_set, self.countries)


def conditions_now(call: Call) -> Conditions:
    return Conditions(call.rule_set, call.programme.country_set())


def conditions_proposed(change: ProposedChange, call: Call) -> Conditions:
    """What one of the calls that a change touches would be judged by.

    Raises:
        UnusableRule: the proposed list of rules cannot be used.
    """
    now = conditions_now(call)
    if change.call_id is not None:
        return Conditions(RuleSet.from_json(change.conditions), now.countries)
    return Conditions(now.rule_set, countries_from(change.conditions))


def countries_from(rows: Iterable[dict[str, Any]]) -> CountrySet:
    return CountrySet(Participation.from_json(row) for row in rows)


def calls_touched_by(change: ProposedChange) -> list[Call]:
    calls = Call.objects.with_page_parts().select_related("programme")
    result = (
        calls.filter(pk=change.call_id)
        if change.call_id
        else calls.filter(programme=change.programme_id, rehearsal_of=None)
    )
    return list(result.order_by("reference"))


@dataclass
class Impact:
    """What was found so far; `as_json` is what is kept and shown."""

    seen: int = 0
    opened: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    changed: set[int] = field(default_factory=set)  # opened versions with another finding
    sealed_seen: int = 0
    sealed_changed: int = 0
    named: list[dict[str, Any]] = field(default_factory=list)
    without_facts: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "seen": self.seen,
            "opened": [[*move, count] for move, count in sorted(self.opened.items())],
            "rules": [[*flip, count] for flip, count in sorted(self.rules.items())],
            "changed": len(self.changed),
            "decided": _decided(self.changed),
            "notified": _notified(self.changed),
            "sealed": self.sealed_changed // STEP * STEP if self.sealed_seen else None,
            "named": self.named,
            "without_facts": self.without_facts,
        }


def size_of(change: ProposedChange, moment: datetime) -> int:
    """How many drafts and versions an impact is computed over."""
    return sum(
        newest_verdicts(call).count() + open_drafts(call, moment).count()
        for call in calls_touched_by(change)
    )


def impact_of(change: ProposedChange, moment: datetime, progress: Progress) -> dict[str, Any]:
    """Judge every counting version and every open draft by the proposed conditions.

    `progress` is called now and then with the number of versions judged so far.
    """
    impact, remarks = Impact(), []
    for call in calls_touched_by(change):
        proposed = conditions_proposed(change, call)
        _look_at_versions(call, proposed, moment, impact, progress)
        _look_at_drafts(call, proposed, moment, impact, progress)
        known = set(_remarks(call, conditions_now(call)))
        remarks += [
            {"call": call.reference, "oddity": remark.oddity.value, "message": remark.message}
            for remark in _remarks(call, proposed)
            if remark not in known
        ]
    return impact.as_json() | {"remarks": remarks}


def _remarks(call: Call, conditions: Conditions) -> tuple[Remark, ...]:
    strands = outlines_of(call_content(call)["call"]["strands"])
    return remarks_on(conditions.rule_set, conditions.countries, call.rule_date, strands)


def newest_verdicts(call: Call) -> QuerySet[VerdictRecord]:
    """The newest verdict of each version of a call that counts."""
    return (
        VerdictRecord.objects.filter(
            version__current_of__isnull=False, version__proposal__strand__call=call
        )
        .order_by("version_id", "-pk")
        .distinct("version_id")
    )


def open_drafts(call: Call, moment: datetime) -> ProposalQuerySet:
    return Proposal.objects.open_at(moment).filter(strand__call=call).order_by("pk")


def _look_at_versions(
    call: Call, proposed: Conditions, moment: datetime, impact: Impact, progress: Progress
) -> None:
    opened = set(
        Version.objects.open_to_officers(moment)
        .current()
        .filter(proposal__strand__call=call)
        .values_list("pk", flat=True)
    )
    rows = newest_verdicts(call).values(
        "version_id",
        "facts",
        "content",
        number=F("version__number"),
        proposal=F("version__proposal__number"),
    )
    for row in rows.iterator(chunk_size=CHUNK):
        impact.seen += 1
        if impact.seen % DRAFTS_AT_ONCE == 0:
            progress(impact.seen)
        if row["facts"] is None:
            impact.without_facts += 1
            continue
        facts = ProposalFacts.from_json(row["facts"])
        after = proposed.judge(facts)
        move = (row["content"]["outcome"], after.outcome.value)
        if row["version_id"] not in opened:
            impact.sealed_seen += 1
            impact.sealed_changed += move[0] != move[1]
            continue
        before = Verdict.from_json(row["content"])
        flips = list(flips_between(before, after))
        if not flips and move[0] == move[1]:
            continue
        impact.changed.add(row["version_id"])
        impact.rules.update(flips)
        if move[0] != move[1]:
            impact.opened[move] += 1
        if len(impact.named) < MAX_LISTED_VERSIONS:
            impact.named.append(
                {
                    "version_id": row["version_id"],
                    "title": f"{row['proposal']} v{row['number']}",
                    "before": move[0],
                    "after": move[1],
                    "why": list(
                        reasons(
                            readable_verdict(before, facts.participants),
                            readable_verdict(after, facts.participants),
                        )
                    ),
                }
            )


def flips_between(before: Verdict, after: Verdict) -> Iterator[tuple[str, str, str]]:
    """Rule and both outcomes of each finding whose outcome differs; empty where there is none on a side."""
    old = {finding.name: finding for finding in before.findings}
    new = {finding.name: finding for finding in after.findings}
    for name in {**old, **new}:
        was, becomes = old.get(name), new.get(name)
        outcomes = was.outcome.value if was else "", becomes.outcome.value if becomes else ""
        if outcomes[0] != outcomes[1]:
            yield (was or becomes).rule, *outcomes  # type: ignore[union-attr]


def _decided(versions: Collection[int]) -> int:
    """How many of them have a decision that a second officer confirmed."""
    decided = Decision.objects.closing_case().filter(version__in=versions)
    return decided.values("version").distinct().count()


def _notified(versions: Collection[int]) -> int:
    """How many of them have had a letter."""
    letters = DecisionNotice.objects.filter(decision__version__in=versions)
    return letters.values("decision__version").distinct().count()


def reasons(before: Verdict, after: Verdict) -> Iterator[str]:
    """The findings that changed, in the words of the new ones; those that are gone by their rule."""
    old = {finding.name: finding for finding in before.findings}
    new = {finding.name: finding for finding in after.findings}
    changed = [finding for name, finding in new.items() if _differs(finding.outcome, old.get(name))]
    gone = [
        finding for name, finding in old.items() if name not in new and finding.outcome != "pass"
    ]
    texts = [f"{title_of(finding.rule)}: {finding.message}" for finding in changed]
    texts += [f"{title_of(item.rule)} (no longer found): {item.message}" for item in gone]
    yield from texts[:MAX_REASONS]
    if len(texts) > MAX_REASONS:
        yield f"… {len(texts) - MAX_REASONS} more"


def _differs(outcome: str, before: Any) -> bool:
    return outcome != "pass" if before is None else outcome != before.outcome


def _look_at_drafts(
    call: Call, proposed: Conditions, moment: datetime, impact: Impact, progress: Progress
) -> None:
    now = conditions_now(call)
    proposals = open_drafts(call, moment).select_related("strand").iterator(DRAFTS_AT_ONCE)
    while chunk := list(islice(proposals, DRAFTS_AT_ONCE)):
        for draft in drafts_of(chunk):
            draft.proposal.strand.call = call
            deadline = call.in_rehearsal_time(draft.proposal.deadline)
            circumstances = Circumstances(deadline=deadline, **facts_of_call(call))
            facts = facts_of(dossier_of(draft), circumstances)
            impact.seen += 1
            impact.sealed_seen += 1
            impact.sealed_changed += now.judge(facts).outcome != proposed.judge(facts).outcome
        progress(impact.seen)
