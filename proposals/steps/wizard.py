"""The steps of a proposal: their order, their forms, and how far each of them is.

A step is an address of its own and can be opened in any order. Nothing is kept in the session; how
far a step is, is derived from what is stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy

from applicants.reading import Problem
from applicants.steps import Text
from calls.eligibility import Finding
from calls.models import Strand
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.dossier.document import Draft
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
            url_of(draft, step.slug, participant.key if participant else None),
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
    section: Section | None
    is_current: bool

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def is_begun(self) -> bool:
        return self.section is not None and self.section.version > 0

    @property
    def label(self) -> str:
        if self.is_complete:
            return _("complete")
        return _("in progress") if self.is_begun else _("not started")


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
    states = []
    for step in steps_of(draft.proposal.strand):
        section = draft.sections.get((step.slug, None))
        if step.slug == DescriptionForm.slug:
            own = [s for (slug, _pk), s in draft.sections.items() if slug == step.slug]
            section = own[0] if own else None
        missing = tuple(step.missing(draft))
        states.append(
            StepState(step, url_of(draft, step.slug), missing, section, step.slug == current)
        )
    return states


def url_after(draft: Draft, slug: str) -> str:
    """Where “save and continue” leads: the next partner without a description, else the next step."""
    if slug == DescriptionForm.slug:
        for applicant in draft.applicants:
            if not draft.answers(slug, applicant).get("description"):
                return url_of(draft, slug, applicant.key)
    slugs = [step.slug for step in steps_of(draft.proposal.strand)]
    place = slugs.index(slug) + 1
    return url_of(draft, slugs[place] if place < len(slugs) else "check")


def fix_url(draft: Draft, finding: Finding) -> str | None:
    """The address of the step that mends what a finding names."""
    if finding.fix is None:
        return None
    participant = next(
        (participant for participant in draft.participants if participant.key == finding.subject),
        None,
    )
    if finding.fix.step == "profile" and participant is not None:
        return reverse("applicants:profile", args=[participant.organisation_id])
    if finding.fix.step == "people":
        return reverse("proposals:people", args=[draft.proposal.number])
    if finding.fix.step == "descriptions" and participant is not None:
        return url_of(draft, "descriptions", participant.key)
    return url_of(draft, finding.fix.step)
