"""What an organisation would do to a consortium, by the rules of the call.

It depends on the organisation's country and kind only (what else the rules ask of a partner is for the two
to settle), so that each pair is asked once, however many requests there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy

from applicants.models import Organisation, User
from calls.eligibility import CountStatus, ProposalFacts
from calls.eligibility.countries import CountrySet, name_on
from calls.eligibility.facts import OrganisationKind
from calls.eligibility.rules import RuleSet
from calls.eligibility.verdict import Finding, Outcome
from calls.eligibility.what_if import NEW, Outlook, outlook, with_another
from foundation.sentences import gettext as _
from proposals.dossier.document import Draft, dossier_of
from proposals.dossier.facts import Circumstances, facts_of, facts_of_call
from proposals.models import PartnershipRequest, Proposal

Pair = tuple[str, str]  # country and kind of an organisation

CLOSES, HELPS, NEUTRAL, OPEN, OUT = range(5)


@dataclass(frozen=True)
class Fit:
    """What one more organisation would do: `rank` orders (0 closes a gap), `sentences` say it."""

    rank: int
    sentences: tuple[str, ...]

    @property
    def place(self) -> int:
        """Where it stands among others: by rank, then by how many minimums move."""
        return self.rank * 10 - len(self.sentences)

    @property
    def helps(self) -> bool:
        """Whether it brings what is missing, wholly or in part."""
        return self.rank in {CLOSES, HELPS}


@dataclass(frozen=True)
class Consortium:
    """A draft for whose consortium somebody looks, as the rules see it now."""

    proposal: Proposal
    facts: ProposalFacts
    now: Outlook
    rules: RuleSet
    countries: CountrySet

    @property
    def missing(self) -> tuple[str, ...]:
        return self.now.missing

    @property
    def members(self) -> set[int]:
        return {
            int(participant.organisation)
            for participant in self.facts.participants
            if participant.organisation.isdigit()
        }


def own_open_drafts(user: User, call: str, moment: datetime) -> list[Proposal]:
    """Open proposals that this person leads (for the call with this reference), with names, newest first."""
    led = Proposal.objects.led_by(user).filter(deleted_at=None).open_at(moment)
    if call:
        led = led.filter(strand__call__reference=call)
    proposals = led.select_related("strand__call__programme").prefetch_related("sections")
    return list(proposals.order_by("-started_at"))


def consortium_of(proposal: Proposal) -> Consortium:
    """A draft as the rules see it; what other proposals say of its partners is not asked here."""
    deadline = proposal.call.in_rehearsal_time(proposal.deadline)
    circumstances = Circumstances(deadline=deadline, **facts_of_call(proposal.call))
    facts = facts_of(dossier_of(Draft(proposal)), circumstances)
    rules, countries = proposal.call.rule_set, proposal.call.programme.country_set()
    return Consortium(proposal, facts, outlook(facts, rules, countries), rules, countries)


def fits(consortium: Consortium, pairs: Iterable[Pair]) -> dict[Pair, Fit]:
    """Each pair with what it would do; pure, no query."""
    return {pair: _fit(consortium, *pair) for pair in set(pairs)}


def _fit(consortium: Consortium, country: str, kind: str) -> Fit:
    facts = with_another(consortium.facts, country, kind=OrganisationKind(kind))
    then = outlook(facts, consortium.rules, consortium.countries)
    member = next(member for member in then.members if member.key == NEW)
    day = consortium.proposal.call.rule_date
    if member.counting == CountStatus.EXCLUDED:
        return Fit(OUT, (_why_out(member.findings, country, consortium),))
    if member.counting == CountStatus.UNDECIDED:
        text = _("An officer would decide whether an organisation from %(country)s counts.")
        return Fit(OPEN, (text % {"country": name_on(country, day)},))
    return _gain(consortium.now, then)


def _why_out(findings: Iterable[Finding], country: str, consortium: Consortium) -> str:
    bad = [
        finding
        for finding in findings
        if finding.outcome in (Outcome.INELIGIBLE, Outcome.INADMISSIBLE)
    ]
    call = consortium.proposal.call
    if any(finding.rule == "established" for finding in bad):
        text = _(
            "%(country)s is not a participating country on %(day)s. This organisation can "
            "only be an associated partner."
        )
        day = call.rule_date
        return text % {"country": name_on(country, day), "day": f"{day.day} {day:%B %Y}"}
    return _("This type of organisation cannot apply. It can only be an associated partner.")


def _gain(now: Outlook, then: Outlook) -> Fit:
    """What moves towards the minimums."""
    before = {participant.rule: participant for participant in now.consortium}
    gains = [
        gain
        for finding in then.consortium
        if finding.rule in SENTENCES and (gain := _gained(before.get(finding.rule), finding))
    ]
    if not gains:
        return Fit(
            NEUTRAL, (_("Would count. Your consortium already meets the minimum requirements."),)
        )
    return Fit(min(rank for rank, _words in gains), tuple(text for _rank, text in gains))


def _gained(earlier: Finding | None, later: Finding) -> tuple[int, str] | None:
    """How one minimum moves, in what may count; once enough may, in what surely does."""
    if earlier is None or earlier.outcome == Outcome.PASS:
        return None
    is_short = earlier.outcome == Outcome.INELIGIBLE
    names = ("possible", "at_most") if is_short else ("sure", "at_least")
    had, has = _number(earlier, names), _number(later, names)
    if has <= had:
        return None
    reached = is_short and later.outcome != Outcome.INELIGIBLE
    text = SENTENCES[later.rule][0 if reached else 1 if is_short else 2]
    values = {"has": has, "minimum": later.evidence["minimum"]}
    return (CLOSES if reached else HELPS), str(text) % values


def _number(finding: Finding, names: tuple[str, str]) -> int:
    """How many, by the evidence of a minimum: a list of states, or a number of organisations."""
    value = next(finding.evidence[name] for name in names if name in finding.evidence)
    return len(value) if isinstance(value, list | tuple) else int(value)


# It brings what was missing; more is missing still; enough may count, and one more surely does.
SENTENCES = {
    "min-countries": (
        gettext_lazy("Adds the missing country: %(has)s of %(minimum)s."),
        gettext_lazy("Adds a country: %(has)s of %(minimum)s."),
        gettext_lazy("Adds a country that counts: %(has)s of %(minimum)s."),
    ),
    "min-organisations": (
        gettext_lazy("Adds the missing organisation: %(has)s of %(minimum)s."),
        gettext_lazy("Adds an organisation: %(has)s of %(minimum)s."),
        gettext_lazy("Adds an organisation that counts: %(has)s of %(minimum)s."),
    ),
    "min-member-states": (
        gettext_lazy("Adds the missing Member State: %(has)s of %(minimum)s."),
        gettext_lazy("Adds a Member State: %(has)s of %(minimum)s."),
        gettext_lazy("Adds a Member State that counts: %(has)s of %(minimum)s."),
    ),
}


def pair_of(organisation: Organisation | None) -> Pair | None:
    return (organisation.country, organisation.kind) if organisation else None


def pairs_in(requests: Iterable[PartnershipRequest]) -> set[Pair]:
    return {pair for request in requests if (pair := pair_of(request.organisation))}
