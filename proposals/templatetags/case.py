"""Parts of the screen of a case, written by tags: a page has a hundred of them, and templates cost more."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any

from django import template
from django.core.cache import caches
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from applicants.profile import PROFILE_STEPS
from applicants.steps import in_words
from calls.eligibility import Finding, Outcome
from calls.templatetags.components import finding_source
from calls.templatetags.instants import instant
from foundation.isolation import isolated_html
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from foundation.text import isolated
from proposals.dossier.evidence_words import evidence_label, evidence_text
from proposals.dossier.outcome_words import outcome_words
from proposals.models import ScreeningAnswer
from proposals.screening.admin.case_forms import DecisionForm, NoteForm
from proposals.screening.admin.undo_offers import events_in
from proposals.screening.checklists import Checklist, ElementLine
from proposals.screening.evidence import (
    CHECKLIST_SECTION,
    SECTIONS_OF_PARTNERS,
    place_of,
    place_of_partner,
)
from proposals.screening.sheet import SheetLine

register = template.Library()

Answer = ScreeningAnswer.Answer
PARTNER_SECTIONS = frozenset(SECTIONS_OF_PARTNERS.values())
KEYS = {
    Answer.AGREE: "c",
    Answer.YES: "c",
    Answer.DIFFER: "d",
    Answer.NO: "d",
    Answer.ASK: "q",
    Answer.UNCLEAR: "q",
}
OPEN = mark_safe(" open")
FORM_START = "portal.form_start"  # of a page, while it is rendered


@register.simple_tag(takes_context=True)
def rule_lines(context: Context, lines: Iterable[SheetLine]) -> SafeString:
    """The rules of a group, each with its findings and the buttons that answer it."""
    day = date.fromisoformat(context["verdict"].rule_date)
    return mark_safe("".join(_rule_line(context, line, day) for line in lines))  # noqa: S308 -- escaped below


def _rule_line(context: Context, line: SheetLine, day: date) -> str:
    title, item = isolated_html(line.title), escape(line.item)
    outcome = line.outcome
    is_answered = " is-answered" if line.answer else ""
    return (
        f'<section class="line line-{outcome.value}{is_answered}" id="{item}" data-line="{item}" '
        f'data-evidence="{escape(place_of(line.findings[0]))}" tabindex="-1" aria-labelledby="{item}-title">'
        f'<h3 id="{item}-title">{_badge(outcome)} {title}</h3>{_findings(line, day)}'
        f"{_form(context, line, title)}</section>"
    )


def _findings(line: SheetLine, day: date) -> str:
    """What is not simply met is open; what is met is folded."""
    shown, met = line.open_findings, line.met_findings
    parts = [_list_of_findings(shown, line, day)] if shown else []
    if met:
        count = len(met)
        text = ngettext("%(count)s finding is met", "%(count)s findings are met", count)
        parts.append(
            f"<details><summary>{escape(text % {'count': count})}</summary>"
            f"{_list_of_findings(met, line, day)}</details>"
        )
    return "".join(parts)


def _list_of_findings(findings: Iterable[Finding], line: SheetLine, day: date) -> str:
    return f'<ul class="findings">{"".join(_finding(item, line, day) for item in findings)}</ul>'


def _finding(finding: Finding, line: SheetLine, day: date) -> str:
    """A finding with its evidence and the way to it; countries are called as on the rule date."""
    evidence = " · ".join(
        f"{escape(evidence_label(name))}: {isolated_html(evidence_text(name, value, day))}"
        for name, value in finding.evidence.items()
    )
    badge = f"{_badge(finding.outcome)} " if finding.outcome != line.outcome else ""
    return (
        f'<li class="finding finding-{finding.outcome.value}">'
        f"<div>{badge}{isolated_html(finding.message)}</div>"
        f'<div class="evidence">{evidence}</div>'
        f'<div class="source">{finding_source(finding)} · {_evidence_link(place_of(finding))}</div></li>'
    )


def _badge(outcome: Outcome) -> str:
    return f'<span class="outcome outcome-{outcome.value}">{escape(outcome_words(outcome))}</span>'


def _evidence_link(place: str) -> str:
    """The way to a part of the proposal beside."""
    text = escape(_("Show in the proposal"))
    return f'<a class="to-evidence" href="#{escape(place)}" data-key="e" aria-keyshortcuts="e">{text}</a>'


@register.filter
def services_of(key: str) -> str:
    """The part in which a partner describes its services."""
    return place_of_partner(key, CHECKLIST_SECTION)


@register.simple_tag(takes_context=True)
def line_form(context: Context, line: Checklist) -> SafeString:
    """The form in which an officer answers a line, by one button for each answer, without a script too."""
    return mark_safe(_form(context, line, isolated_html(line.name)))  # noqa: S308 -- escaped below


def _form(context: Context, line: Any, title: str) -> str:
    """A page has a hundred of these, so each is put together of escaped parts: five times as fast."""
    answer = line.answer
    state = (
        f"{isolated_html(str(answer.answered_by))}, {instant(context, answer.answered_at)}"
        if answer
        else ""
    )
    may_ask = context["may_ask"] or isinstance(line, ElementLine)
    selected = answer.answer if answer else ""
    buttons = _answer_buttons(line.choices, selected, may_ask, get_language())
    reason = _field_for_reason(answer) if isinstance(line, SheetLine) else ""
    revision = answer.revision if answer else 0
    is_open = context["may_answer"] and context["counts"]
    return (
        f'{_form_start(context)}<input type="hidden" name="item" value="{escape(line.item)}">'
        f'<input type="hidden" name="revision" value="{revision}">'
        f'<fieldset{"" if is_open else " disabled"}><legend class="hidden-text">{title}</legend>'
        f'<span class="choices">{buttons}</span>{reason}'
        f'<span class="line-state" role="status">{state}</span></fieldset></form>'
    )


def _form_start(context: Context) -> str:
    """What the forms of one page have in common."""
    start: str | None = context.render_context.get(FORM_START)
    if start is None:
        start = (
            f'<form method="post" action="{escape(context["answer_url"])}" class="line-form">'
            f'<input type="hidden" name="csrfmiddlewaretoken" value="{escape(context["csrf_token"])}">'
        )
        context.render_context[FORM_START] = start
    return start


@lru_cache(maxsize=64)
def _answer_buttons(
    choices: tuple[ScreeningAnswer.Answer, ...], selected: str, may_ask: bool, language: str | None
) -> SafeString:
    """The same few groups of buttons on every line of every case, in the `language` of the page."""
    return format_html_join(
        " ",
        '<button type="submit" name="answer" value="{}" data-key="{}" aria-keyshortcuts="{}"'
        ' aria-pressed="{}" class="button">{} <kbd aria-hidden="true">{}</kbd></button>',
        (
            (
                choice.value,
                KEYS[choice],
                KEYS[choice],
                "true" if choice.value == selected else "false",
                choice.label,
                KEYS[choice],
            )
            for choice in choices
            if choice != Answer.ASK or may_ask or choice.value == selected
        ),
    )


def _field_for_reason(answer: ScreeningAnswer | None) -> SafeString:
    reason = answer.reason if answer else ""
    return format_html(
        '<details class="why"{}><summary>{}</summary><label><span class="hidden-text">{}</span>'
        '<textarea name="reason" rows="2">{}</textarea></label></details>',
        OPEN if reason else "",
        _("Reason"),
        _("Reason"),
        reason,
    )


@register.simple_tag(takes_context=True)
def element_lines(context: Context, checklist: Checklist, *, exceptions: bool) -> SafeString:
    """Elements of an applicant's checklist, each with its answer: the exceptions, or all others."""
    place, name = escape(services_of(checklist.key)), isolated_html(checklist.name)
    label = escape(isolated(checklist.name))
    texts = {True: escape(_("Claimed by the applicant")), False: escape(_("Not claimed"))}
    lines = checklist.exceptions if exceptions else checklist.others
    return mark_safe(  # noqa: S308 -- escaped here and below
        "".join(
            f'<div class="line element{" is-answered" if line.answer else ""}" id="{escape(line.item)}"'
            f' data-line="{escape(line.item)}" data-evidence="{place}" tabindex="-1" role="group"'
            f' aria-label="{label}, {escape(line.element.code)}">'
            f"<p><b>{escape(line.element.code)}</b> {escape(line.element.text)}"
            f' <span class="muted">{texts[line.is_claimed]}</span></p>'
            f"{_form(context, line, f'{name}, {escape(line.element.code)}')}</div>"
            for line in lines
        )
    )


@register.simple_tag(takes_context=True)
def proposal_as_read(context: Context) -> SafeString:
    """The submitted proposal; rendered once by each process, since a version never changes.

    Whoever gets here has been let in to the case; nothing in it depends on the reader but the language.
    """
    version, call = context["version"], context["call"]
    key = f"case:{version.pk}:{version.sha256}:{call.changed_at.isoformat()}:{get_language()}"
    html: SafeString | None = caches["pages"].get(key)
    if html is None:
        parts: dict[str, Any] = {str(name): value for name, value in context.flatten().items()}
        parts["for_officers"] = True
        html = render_to_string("proposals/includes/dossier.html", parts)
        caches["pages"].set(key, html)
    return html


@register.simple_tag
def profile_sections(profile: dict[str, dict[str, Any]], key: str) -> SafeString:
    """What a sealed profile says, section by section, each with a place to which evidence leads."""
    return mark_safe(  # noqa: S308 -- escaped here and below
        "".join(
            f'<section class="part" id="{escape(place_of_partner(key, form.slug))}" tabindex="-1">'
            f"<h5>{escape(form.title)}</h5>{entries}</section>"
            for form in PROFILE_STEPS
            if (entries := _entries(form, profile)) or form.slug in PARTNER_SECTIONS
        )
    )


def _entries(form: Any, profile: dict[str, dict[str, Any]]) -> str:
    answers = profile.get(form.slug, {})
    entries = [
        f"<dt>{isolated_html(str(field.label or name))}</dt>"
        f"<dd>{isolated_html(in_words(field, answers[name]))}</dd>"
        for name, field in form.base_fields.items()
        if answers.get(name) not in (None, "", [])
    ]
    return f"<dl>{''.join(entries)}</dl>" if entries else ""


@register.simple_tag
def empty_field(name: str) -> SafeString:
    """A field of the decision, or the note, as every case shows it; rendered once for each language."""
    return _empty_field(name, get_language())


@lru_cache(maxsize=32)
def _empty_field(name: str, _language: str | None) -> SafeString:
    form = NoteForm() if name in NoteForm.base_fields else DecisionForm()
    return form[name].as_field_group()


@register.simple_tag(takes_context=True)
def undo_offer(context: Context, message: Any) -> SafeString | str:
    """A button beside a message that undoes what it says; nothing where it cannot be undone."""
    events = events_in(message.extra_tags or "")
    if not events:
        return ""
    inputs = format_html_join(
        "", '<input type="hidden" name="event" value="{}">', ((pk,) for pk in events)
    )
    return format_html(
        '<form method="post" action="{}" class="undo" data-undo>'
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="back" value="{}">{}'
        '<button type="submit" class="button" data-key="u" aria-keyshortcuts="u">{}</button></form>'
        '<script type="module" src="{}"></script>',
        reverse("admin:proposals_version_undo"),
        context["csrf_token"],
        context["request"].get_full_path(),
        inputs,
        _("Undo"),
        static("js/undo.js"),
    )
