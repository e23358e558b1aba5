"""Words for what pages of proposals show."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from applicants import choices
from applicants.profile import PROFILE_STEPS
from applicants.steps import in_words, read_step
from calls.eligibility import CountStatus, Finding, Outcome, Verdict
from calls.eligibility.rules import title_of
from calls.eligibility.rules.admissibility import InTime
from calls.innovation_clusters import Element
from calls.models import Strand
from calls.templatetags.components import finding_source
from calls.templatetags.instants import day
from foundation.isolation import isolated_html
from foundation.rich_text import as_html
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.dossier.document import controller_in_words
from proposals.dossier.evidence_words import LEGAL_BASIS_WORDS
from proposals.dossier.outcome_words import outcome_words
from proposals.dossier.work_plan import WorkPlan, work_plan_of
from proposals.models import Participant, Proposal, VerdictRecord
from proposals.steps.forms import COST_LABELS
from proposals.steps.wizard import fix_url

register = template.Library()


@register.filter
def acronym(proposal: Proposal) -> str:
    """Of the draft; sections must be prefetched."""
    summary = next((s for s in proposal.sections.all() if s.step == "summary"), None)
    return str(read_step("summary", summary.answers).values.get("acronym", "")) if summary else ""


@register.filter
def as_text_file(typed: list[tuple[str, str]]) -> str:
    """What a person typed, as an address that the browser saves without asking the portal again."""
    text = "\n\n".join(f"{name}:\n{value}" for name, value in typed)
    return f"data:text/plain;charset=utf-8,{quote(text)}"


@register.filter
def typed_in(form: Any) -> list[tuple[str, str]]:
    """Everything that was sent with a bound form, as `as_text_file` wants it."""
    hidden = ("csrfmiddlewaretoken", "seen_version")
    return [
        (name, value)
        for name, values in form.data.lists()
        if name not in hidden and not name.endswith("_FORMS")
        for value in values
        if value
    ]


@register.filter
def cost_kind(cell: Any) -> str:
    """The label of a budget cell without the participant's name."""
    return str(COST_LABELS[cell.name.rsplit("_", 1)[0]])


@register.filter
def decision_words(outcome: str) -> str:
    """An officers' outcome as a sentence to the applicant."""
    return {
        "eligible": _("Your proposal is admissible and eligible. It will now be evaluated."),
        "ineligible": _("Your proposal is not eligible and will not be evaluated."),
        "inadmissible": _("Your proposal is not admissible and will not be evaluated."),
        "clarify": _("We need clarification before we can decide."),
    }[outcome]


@register.filter
def element_words(element: Element) -> str:
    """An element of the definition with its code: “C6 Promotes innovation by sharing facilities.”"""
    return f"{element.code} {element.text}"


@register.filter
def of_subject(findings: list[Finding], subject: str) -> list[Finding]:
    return [finding for finding in findings if finding.subject == subject]


@register.filter
def item(values: dict[str, Any], key: str) -> Any:
    """One value of a mapping by a key that is in a variable."""
    return values[key]


@register.filter
def legal_basis_words(code: str) -> str:
    """On what a country's participation is based."""
    return str(LEGAL_BASIS_WORDS[code])


@register.filter
def is_unconfirmed_in(participant: Participant, proposal: Any) -> bool:
    """Whether a partner has confirmed no text yet; the proposal carries what `proposals_of` annotated."""
    confirmed = {(row["key"], row["organisation"]) for row in proposal.confirmed}
    key = (participant.key, participant.organisation_id)
    return not participant.is_coordinator and key not in confirmed


@register.filter
def rule_titles(findings: list[Finding]) -> str:
    return ", ".join(dict.fromkeys(rule_title(finding.rule).lower() for finding in findings))


@register.filter
def counting_words(counting: str) -> str:
    """How a partner counts, in a word or two."""
    return {
        CountStatus.COUNTS: _("counts"),
        CountStatus.UNDECIDED: _("undecided"),
        CountStatus.EXCLUDED: _("does not count"),
    }[CountStatus(counting)]


@register.filter
def counting_outcome(counting: str) -> str:
    """The outcome whose colour says how a partner counts."""
    return {
        CountStatus.COUNTS: Outcome.PASS,
        CountStatus.UNDECIDED: Outcome.NEEDS_REVIEW,
        CountStatus.EXCLUDED: Outcome.INELIGIBLE,
    }[CountStatus(counting)].value


@register.simple_tag
def finding_entry(finding: Finding, *, link: str | None = "", place: str = "") -> SafeString:
    """A finding in a list of findings; `link` leads to where it is fixed, `place` names the section.

    A check has some sixty findings: an included template for each took a third of the page's time.
    """
    advice: SafeString | str = ""
    if finding.fix and finding.outcome != Outcome.PASS:
        text = isolated_html(finding.fix.advice)
        advice = format_html(
            '<p class="finding-fix">{}</p>',
            format_html('<a href="{}">{}</a>', link, text) if link else text,
        )
    return format_html(
        '<li class="finding finding-{0}"><span class="state state-{0}">{1}</span><div><b>{2}</b><p>{3}</p>'
        '<p class="source">{4}</p></div>{5}</li>',
        finding.outcome.value,
        applicant_outcome_words(finding.outcome),
        format_html("{}: {}", place, title_of(finding.rule)) if place else title_of(finding.rule),
        isolated_html(finding.message),
        finding_source(finding),
        advice,
    )


@register.filter
def fix_hint(draft: Any, finding: Finding) -> str:
    """The address of the page where a finding can be fixed."""
    return fix_url(draft, finding) or ""


@register.filter
def rule_title(rule_id: str) -> str:
    return title_of(rule_id)


register.filter(outcome_words)


@register.filter
def applicant_outcome_words(outcome: str) -> str:
    """One finding's outcome as its authors read it: a draft is never inadmissible, only incomplete."""
    return _("to complete") if outcome == Outcome.INADMISSIBLE else outcome_words(outcome)


@register.filter
def overall_words(outcome: str) -> str:
    """The overall result of the automatic check of something submitted: only officers call it eligible."""
    return str(VerdictRecord.OutcomeChoices(outcome).label)


@register.filter
def draft_words(outcome: str) -> str:
    """The overall result for a draft that can be submitted."""
    if outcome == Outcome.INELIGIBLE:
        return _("The proposal would not be eligible")
    return _("Ready to submit: all rules met") if outcome == Outcome.PASS else _("Ready to submit")


@register.filter
def verdict_sentence(verdict: Verdict) -> str:
    """The reason for the overall result, with the number of points; empty where all rules are met."""
    if verdict.outcome == Outcome.INADMISSIBLE:
        if any(finding.rule == InTime.id for finding in verdict.blocking):
            return _("The proposal was received after the deadline.")
        return _("Required parts are missing or cannot be read.")
    if verdict.outcome == Outcome.INELIGIBLE:
        return _("The consortium does not meet the eligibility rules.")
    if verdict.outcome == Outcome.NEEDS_REVIEW:
        return _open_points(verdict)
    count = len(verdict.warnings)
    if not count:
        return ""
    return ngettext("%(n)s point to review.", "%(n)s points to review.", count) % {"n": count}


def _open_points(verdict: Verdict) -> str:
    """How many points a person decides, and how many partners do not count."""
    points = len(verdict.having(Outcome.NEEDS_REVIEW))
    partners = len({finding.subject for finding in verdict.having(Outcome.INELIGIBLE)})
    sentences = []
    if points:
        text = ngettext(
            "The proposal is complete. An officer must decide %(n)s point.",
            "The proposal is complete. An officer must decide %(n)s points.",
            points,
        )
        sentences.append(text % {"n": points})
    else:
        sentences.append(_("The proposal is complete."))
    if partners:
        text = ngettext("%(n)s partner does not count.", "%(n)s partners do not count.", partners)
        sentences.append(text % {"n": partners})
    return " ".join(sentences)


@register.filter
def iso_day(text: str) -> str:
    """A date that a verdict stores, as pages write dates."""
    return day(date.fromisoformat(text))


@register.filter
def objective(code: str, strand: Strand) -> str:
    return strand.objective_text(code) or _("no objective selected")


@register.filter
def cost_label(kind: str) -> str:
    return str(COST_LABELS[kind])


@register.filter
def industries(codes: list[str]) -> str:
    names = dict(choices.EMERGING_INDUSTRIES)
    return ", ".join(str(names.get(code, code)) for code in codes)


@register.filter
def deliverable_title(slot: str, dossier: dict[str, Any]) -> str:
    return next(
        (
            deliverable["title"]
            for deliverable in dossier["deliverables"]
            if deliverable["code"] == slot
        ),
        slot,
    )


@register.simple_tag
def profile_entries(profile: dict[str, dict[str, Any]]) -> SafeString:
    """Label and value of everything that a sealed profile says, for a list of facts."""
    entries = (map(isolated_html, entry) for entry in profile_in_words(profile))
    return format_html_join("", "<dt>{}</dt><dd>{}</dd>", entries)


@register.filter
def profile_in_words(profile: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Label and value of everything that a sealed profile says."""
    shown = []
    for form in PROFILE_STEPS:
        for name, field in form.base_fields.items():
            value = profile.get(form.slug, {}).get(name)
            if value not in (None, "", []):
                shown.append((str(field.label or name), in_words(field, value)))
    return shown


@register.filter
def rich_text(text: str) -> SafeString:
    """A long text of a proposal with its lists and bold words, alike on pages and in PDFs."""
    return as_html(text)


@register.filter
def controller(participant: Mapping[str, Any], dossier: Mapping[str, Any]) -> str:
    """Who controls a participant of a dossier, by name; empty where nobody does."""
    return controller_in_words(participant, dossier)


# By what part of a chart they are for: of pages, which are light or dark, and of paper.
PAGE_COLOURS = {
    "bar": "var(--color-brand)",
    "mark": "var(--color-warning)",
    "end": "var(--color-danger)",
    "beyond": "var(--color-danger-pale)",
    "grid": "var(--color-line)",
    "text": "var(--color-ink)",
}
PAPER_COLOURS = {
    "bar": "#0b3d91",
    "mark": "#a87b00",
    "end": "#a3152a",
    "beyond": "#fbe4e6",
    "grid": "#d9dee8",
    "text": "#16203a",
}
PAPER_FONTS = "L, LX, G, C, D"


@register.simple_tag
def work_plan(dossier: Mapping[str, Any]) -> WorkPlan | None:
    """Who does what and when, None where the dossier has no plan."""
    return work_plan_of(dossier)


@register.simple_tag
def gantt_chart(plan: WorkPlan) -> SafeString:
    """The chart for a page."""
    return _chart(plan, colours=PAGE_COLOURS)


@register.simple_tag
def gantt_picture(plan: WorkPlan) -> SafeString:
    """The chart for a PDF: a picture, since what is drawn in the page itself would lack a description."""
    svg = _chart(plan, colours=PAPER_COLOURS, font=PAPER_FONTS)
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    return format_html('<img class="gantt" src="{}" alt="{}">', source, _chart_label())


def _chart(plan: WorkPlan, **more: Any) -> SafeString:
    context = {"chart": plan.chart, "label": _chart_label(), **more}
    return SafeString(render_to_string("proposals/includes/gantt.html", context))


def _chart_label() -> str:
    return _(
        "Gantt chart of activities and deliverables. The table below contains the same information."
    )
