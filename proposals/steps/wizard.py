"""The steps of a proposal: their order, their forms, and how far each of them is.

A step is an address of its own and can be opened in any order. Nothing is kept in the session; how
far a step is, is derived from what is stored.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from applicants.reading import Problem
from applicants.steps import Text
from calls.eligibility import Finding, Outcome
from calls.eligibility.rules import CATALOGUE, Level
from calls.models import Strand
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.dossier.document import Draft, dossier_of
from proposals.dossier.facts import judge_alone, readable
from proposals.models import Participant, Section
from proposals.steps.forms import (
    COST_LABELS,
    ActivitiesForm,
    BudgetForm,
    DeliverablesForm,
    DescriptionForm,
    EstablishedSummaryForm,
    ProposalStepForm,
    SummaryForm,
    VisionForm,
    month_of,
    text_of,
)

ROW_NAME_PARTS = 3  # list, number, field

AGAINST_A_STEP = (Outcome.NEEDS_REVIEW, Outcome.INELIGIBLE)

Missing = Callable[[Draft], list[str]]


@dataclass(frozen=True)
class Step:
    """One step; `form` is empty for those that are pages of their own (consortium, check)."""

    slug: str
    title: Text
    form: type[ProposalStepForm] | None
    empty: Missing

    def missing(self, draft: Draft) -> list[str]:
        """What is empty, and what must be corrected."""
        corrections = _corrections_in(draft, self)
        wrong = {correction.label for correction in corrections}
        empty = [label for label in self.empty(draft) if label not in wrong]
        return [*empty, *(correction.sentence for correction in corrections)]


@dataclass(frozen=True)
class Correction:
    """A part of the proposal that cannot be read or does not fit: on which step, in a sentence, and where."""

    title: str
    label: str
    sentence: str
    url: str


def corrections_of(draft: Draft) -> list[Correction]:
    """Everything that must be corrected before the proposal can be submitted, in the order of the steps."""
    return [
        correction
        for step in steps_of(draft.proposal.strand)
        for correction in _corrections_in(draft, step)
    ]


def _corrections_in(draft: Draft, step: Step) -> list[Correction]:
    return [
        Correction(
            str(step.title),
            str(problem.label),
            _sentence(draft, problem, participant),
            _from_check(url_of(draft, step.slug, participant.key if participant else None))
            + f"#id_{problem.name}",
        )
        for participant in _writers_of(draft, step)
        for problem in draft.problems(step.slug, participant)
    ]


def places_of(draft: Draft, step: Step) -> list[tuple[Participant | None, str]]:
    """Where a step is written: once, or once by each participant; with the address."""
    return [
        (participant, url_of(draft, step.slug, participant.key if participant else None))
        for participant in _writers_of(draft, step)
    ]


def _writers_of(draft: Draft, step: Step) -> Sequence[Participant | None]:
    """Each participant for a step that each writes for itself; None, once, for all other steps."""
    return draft.participants if step.slug == DescriptionForm.slug else [None]


def _sentence(draft: Draft, problem: Problem, participant: Participant | None) -> str:
    """The problem, with the name of the partner, the deliverable or the row that it is about."""
    about = participant.organisation.name if participant is not None else ""
    kind, _line, place = problem.name.rpartition("_")
    for applicant in draft.applicants:
        about = (
            applicant.organisation.name if applicant.key == place and kind in COST_LABELS else about
        )
    for deliverable in draft.deliverables:
        if problem.name in (text_of(deliverable.code), month_of(deliverable.code)):
            about = deliverable.title
    parts = problem.name.split("-")
    if len(parts) == ROW_NAME_PARTS:
        about = _("Entry %(number)s") % {"number": int(parts[1]) + 1}
    return (
        _("%(about)s: %(problem)s") % {"about": about, "problem": problem}
        if about
        else str(problem)
    )


def _missing_of_form(form: type[ProposalStepForm]) -> Missing:
    return lambda draft: [str(label) for label in form.missing(draft.answers(form.slug))]


def _missing_in_consortium(draft: Draft) -> list[str]:
    missing = []
    if draft.coordinator is None:
        missing.append(_("Coordinator"))
    lacking = (draft.proposal.strand.minimum_organisations or 1) - len(draft.applicants)
    if lacking > 0:
        text = ngettext("%(count)s more partner", "%(count)s more partners", lacking)
        missing.append(text % {"count": lacking})
    return missing


def _missing_in_descriptions(draft: Draft) -> list[str]:
    missing = []
    for applicant in draft.applicants:
        if not draft.answers(DescriptionForm.slug, applicant).get("description"):
            missing.append(_("Description of %(name)s") % {"name": applicant.organisation.name})
        if not applicant.has_agreed:
            missing.append(_("Agreement by %(name)s") % {"name": applicant.organisation.name})
        elif not draft.profile(applicant).is_complete:
            missing.append(_("Cluster profile of %(name)s") % {"name": applicant.organisation.name})
    return missing


def _missing_in_deliverables(draft: Draft) -> list[str]:
    answers = draft.answers(DeliverablesForm.slug)
    missing = [
        deliverable.title
        for deliverable in draft.deliverables
        if not answers.get(text_of(deliverable.code))
    ]
    wants_scoreboard = any(deliverable.is_scoreboard for deliverable in draft.deliverables)
    if wants_scoreboard and not answers.get("indicators"):
        missing.append(_("Scoreboard indicator"))
    return missing


def _missing_in_budget(draft: Draft) -> list[str]:
    return [
        _("Costs of %(name)s") % {"name": applicant.organisation.name}
        for applicant in draft.applicants
        if not draft.costs_of(applicant)
    ]


def steps_of(strand: Strand) -> tuple[Step, ...]:
    """The steps in the order in which they are offered; the check comes last."""
    summary = EstablishedSummaryForm if strand.needs_established_partnership else SummaryForm
    return (
        Step(summary.slug, summary.title, summary, _missing_of_form(summary)),
        Step("consortium", gettext_lazy("Consortium"), None, _missing_in_consortium),
        Step(
            DescriptionForm.slug, DescriptionForm.title, DescriptionForm, _missing_in_descriptions
        ),
        Step(VisionForm.slug, VisionForm.title, VisionForm, _missing_of_form(VisionForm)),
        Step(
            ActivitiesForm.slug,
            ActivitiesForm.title,
            ActivitiesForm,
            _missing_of_form(ActivitiesForm),
        ),
        Step(
            DeliverablesForm.slug,
            DeliverablesForm.title,
            DeliverablesForm,
            _missing_in_deliverables,
        ),
        Step(BudgetForm.slug, BudgetForm.title, BudgetForm, _missing_in_budget),
    )


def step_named(strand: Strand, slug: str) -> Step | None:
    return next((step for step in steps_of(strand) if step.slug == slug), None)


@dataclass(frozen=True)
class StepState:
    """One entry of the sidebar."""

    step: Step
    url: str
    missing: tuple[str, ...]
    against_rules: tuple[str, ...]
    section: Section | None
    is_current: bool

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing and the check has nothing against what was entered."""
        return not self.missing and not self.against_rules

    @property
    def points(self) -> tuple[str, ...]:
        """What is missing; where nothing is, what the check has against the step."""
        return self.missing or self.against_rules

    @property
    def is_begun(self) -> bool:
        return self.section is not None and self.section.version > 0

    @property
    def label(self) -> str:
        if self.is_complete:
            return _("complete")
        return _("in progress") if self.is_begun else _("not started")


@dataclass(frozen=True)
class WizardProgress:
    """How many sections are complete, and what precedes and follows the one that is shown."""

    states: list[StepState]
    check_url: str

    @property
    def total(self) -> int:
        return len(self.states)

    @property
    def complete(self) -> int:
        return sum(state.is_complete for state in self.states)

    @property
    def number(self) -> int | None:
        """The place of the current step, from 1; None on a page that is no step."""
        return next((n for n, state in enumerate(self.states, 1) if state.is_current), None)

    @property
    def previous(self) -> str:
        """The address of the step before the current one; empty for the first."""
        return self.states[self.number - 2].url if self.number and self.number > 1 else ""

    @property
    def next(self) -> str:
        """The address of the step after the current one; after the last, the check."""
        number = self.number or 0
        return self.states[number].url if number < self.total else self.check_url


def url_of(draft: Draft, slug: str, participant_key: str | None = None) -> str:
    number = draft.proposal.number
    if slug == "consortium":
        return reverse("proposals:consortium", args=[number])
    if slug == "check":
        return reverse("proposals:check", args=[number])
    if slug == DescriptionForm.slug:
        if participant_key:
            return reverse("proposals:description", args=[number, participant_key])
        return reverse("proposals:descriptions", args=[number])
    return reverse("proposals:step", args=[number, slug])


def sidebar(draft: Draft, current: str) -> list[StepState]:
    """The state of each step, without a query."""
    against_rules = _findings_by_step(draft)
    states = []
    for step in steps_of(draft.proposal.strand):
        section = draft.sections.get((step.slug, None))
        if step.slug == DescriptionForm.slug:
            own = [s for (slug, _pk), s in draft.sections.items() if slug == step.slug]
            section = own[0] if own else None
        states.append(
            StepState(
                step,
                url_of(draft, step.slug),
                tuple(step.missing(draft)),
                tuple(against_rules.get(step.slug, ())),
                section,
                step.slug == current,
            )
        )
    return states


def _findings_by_step(draft: Draft) -> dict[str, list[str]]:
    """What the check has against a step, in sentences: what it refuses, and limits that are not kept.

    What only an officer can settle (a country that may still join, say) is not the step's fault.
    """
    dossier = dossier_of(draft)
    result: dict[str, list[str]] = {}
    for finding in readable(judge_alone(draft), dossier).having(*AGAINST_A_STEP):
        is_settled_here = CATALOGUE[finding.rule].level == Level.CONTENT
        if finding.fix and (is_settled_here or finding.outcome == Outcome.INELIGIBLE):
            result.setdefault(_slug_of(finding), []).append(finding.message)
    return result


def url_after(draft: Draft, slug: str) -> str:
    """Where “save and continue” leads: the next partner without a description, else the next step."""
    if slug == DescriptionForm.slug:
        for applicant in draft.applicants:
            if not draft.answers(slug, applicant).get("description"):
                return url_of(draft, slug, applicant.key)
    slugs = [step.slug for step in steps_of(draft.proposal.strand)]
    place = slugs.index(slug) + 1
    return url_of(draft, slugs[place] if place < len(slugs) else "check")


def url_before(draft: Draft, slug: str) -> str:
    """Where “save and go back” leads: the step before, and the overview from the first.

    From the description of a partner it is the list of all partners' descriptions.
    """
    if slug == DescriptionForm.slug:
        return url_of(draft, slug)
    slugs = [step.slug for step in steps_of(draft.proposal.strand)]
    place = slugs.index(slug)
    return url_of(draft, slugs[place - 1]) if place else draft.proposal.get_absolute_url()


def is_from_check(request: HttpRequest) -> bool:
    """Whether a step was opened by a link of the check, so that saving leads back there."""
    return request.GET.get("from") == "check"


def by_step(draft: Draft, findings: Iterable[Finding]) -> list[tuple[str, Finding]]:
    """Findings in the order of the steps that fix them, each with that step's title.

    Those that no step fixes come last, with an empty title.
    """
    titles = {step.slug: str(step.title) for step in steps_of(draft.proposal.strand)}
    places = {slug: place for place, slug in enumerate(titles)}
    with_slugs = [(_slug_of(finding), finding) for finding in findings]
    with_slugs.sort(key=lambda pair: places.get(pair[0], len(places)))
    return [(titles.get(slug, ""), finding) for slug, finding in with_slugs]


def _slug_of(finding: Finding) -> str:
    """The step on which a finding is fixed; profiles are fixed beside the descriptions."""
    slug = finding.fix.step if finding.fix else ""
    return DescriptionForm.slug if slug == "profile" else slug


def _from_check(url: str) -> str:
    """The address of a step's form, so that saving leads back to the check."""
    return f"{url}?from=check"


def fix_url(draft: Draft, finding: Finding) -> str | None:
    """The address of the step that fixes what a finding names, at the field where one is to blame."""
    if finding.fix is None:
        return None
    slug = finding.fix.step
    participant = next(
        (participant for participant in draft.participants if participant.key == finding.subject),
        None,
    )
    if slug == "profile" and participant is not None:
        return reverse("proposals:partner-profile", args=[draft.proposal.number, participant.key])
    if slug == "people":
        return reverse("proposals:people", args=[draft.proposal.number])
    if slug == DescriptionForm.slug:
        url = url_of(draft, slug, participant.key if participant is not None else None)
        return _from_check(url) if participant is not None else url
    step = step_named(draft.proposal.strand, slug)
    if step is None or step.form is None:
        return url_of(draft, slug)
    return _from_check(url_of(draft, slug)) + _anchor_of(finding)


ELEMENTS = {
    "duration": "#id_duration_months",
    "third-markets": "#markets",
    "market-count": "#markets",
    "scoreboard-verifiable": "#indicators",
}  # by rule, where it judges one field or one list


def _anchor_of(finding: Finding) -> str:
    """The element of the step's page that a finding is about; empty where it is the whole step."""
    kind, _colon, place = finding.subject.partition(":")
    match kind:
        case "deliverable":
            return f"#id_{text_of(place)}"
        case "activity":
            return f"#id_activities-{int(place) - 1}-title"
        case "file":
            return f"#file-{place}"
    return ELEMENTS.get(finding.rule, "")
