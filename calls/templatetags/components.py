"""Parts that pages have in common: panels, badges, findings, facts and fields.

These are tags of Django's own kind: a block tag costs a page 4 µs, an included template 10, and a
component of django-cotton 17.
"""

from typing import Any

from crispy_forms.templatetags.crispy_forms_filters import as_crispy_field
from django import template
from django.forms import BoundField, TextInput
from django.forms.utils import flatatt
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from calls.eligibility import Finding
from calls.templatetags.error_summary import may_stay_empty
from foundation.form_messages import with_label
from foundation.isolation import isolated_html
from foundation.text import isolated

register = template.Library()

CALL_PAGES = "/calls/"


@register.simple_block_tag
def panel(
    content: str, title: Any, *, anchor: str, size: str = "h3", extra: str = ""
) -> SafeString:
    """A section of a page with its heading."""
    return format_html(
        '<section class="panel{}" aria-labelledby="{}"><h2 id="{}"{}>{}</h2>{}</section>',
        f" {extra}" if extra else "",
        anchor,
        anchor,
        format_html(' class="{}"', size) if size != "h2" else "",
        title,
        content,
    )


@register.simple_block_tag
def fold(content: str, title: Any, *, anchor: str, size: str = "h2") -> SafeString:
    """A section that unfolds from its heading, `size` "h2" or "h3"; a link to `#anchor` opens it."""
    level = "h3" if size == "h3" else "h2"
    return format_html(
        '<details class="fold" id="{0}"><summary><{1} class="h3" id="{0}-title">{2}</{1}></summary>'
        "{3}</details>",
        anchor,
        level,
        title,
        content,
    )


@register.simple_block_tag
def badge(content: str, state: str) -> SafeString:
    """A state or an outcome in words, on the colour that it has everywhere."""
    return format_html('<span class="state state-{}">{}</span>', state, content)


@register.simple_block_tag
def finding(content: str, outcome: str) -> SafeString:
    """An entry of a list of findings, with the line in the colour of its outcome."""
    return format_html('<li class="finding finding-{}">{}</li>', outcome, content)


@register.simple_tag(takes_context=True)
def nav_link(context: Context, route: str, label: str) -> SafeString:
    """A link of the main menu, marked as current on every page of its part of the site."""
    url = reverse(route)
    path = context["request"].path
    # The calls live at the root, so their part is what their pages' addresses begin with.
    is_current = path == url or path.startswith(CALL_PAGES if url == "/" else url)
    return format_html(
        '<a href="{}"{}>{}</a>',
        url,
        SafeString(' aria-current="true"') if is_current else "",
        label,
    )


@register.filter
def initials(person: Any) -> str:
    """The first letters of a person's first and last name, for the round mark of the account menu."""
    names = str(person).split()
    return "".join(name[0] for name in names[:1] + names[1:][-1:]).upper()


@register.simple_tag
def finding_source(finding: Finding) -> SafeString:
    """What a finding cites, as a link where it can be read."""
    citation = isolated_html(finding.citation)
    if not finding.link:
        return citation
    return format_html('<a href="{}" rel="noreferrer">{}</a>', finding.link, citation)


@register.simple_block_tag
def facts(content: str, *, extra: str = "") -> SafeString:
    """Names with their values, as `<dt>` and `<dd>`, beside each other where there is room."""
    return format_html('<dl class="facts{}">{}</dl>', f" {extra}" if extra else "", content)


@register.simple_tag
def field(bound: BoundField, *, label: str = "", unit: str = "") -> SafeString:
    """A form field with its label, control and errors.

    `label` is a shorter one for people who see what is around the field; `unit` precedes the control.
    A plain text input is written here, since a budget has up to sixty of them: that costs 80 µs, and
    crispy-forms, which writes all other kinds by `bootstrap5/field.html`, 330.
    """
    widget = bound.field.widget
    if type(widget) is not TextInput or "maxlength" in widget.attrs or bound.help_text:
        return as_crispy_field(bound)
    classes = ["textinput", "form-control"]
    classes += ["number"] if unit else []
    classes += ["is-invalid"] if bound.errors else []
    attributes = bound.build_widget_attrs(widget.attrs, widget) | {
        "class": " ".join(classes),
        "id": bound.auto_id,
    }
    if label:
        attributes["aria-label"] = isolated(str(bound.label))
    control = _text_input(bound, attributes)
    if unit:
        control = format_html(
            '<div class="input-group"><span class="input-group-text">{}</span>{}</div>',
            unit,
            control,
        )
    return format_html(
        '<div id="div_{}" class="mb-3"><label class="form-label" for="{}">{}</label>{}{}</div>',
        bound.auto_id,
        bound.id_for_label,
        label or _label(bound),
        control,
        _errors(bound) if bound.errors else "",
    )


@register.simple_tag
def cell(bound: BoundField) -> SafeString:
    """A text input in a cell of a table; its name says row and column, and `cell_errors` what is wrong."""
    classes = "textinput form-control number" + (" is-invalid" if bound.errors else "")
    widget = bound.field.widget
    attributes = bound.build_widget_attrs(widget.attrs, widget) | {
        "class": classes,
        "id": bound.auto_id,
        "aria-label": isolated(str(bound.label)),
    }
    return _text_input(bound, attributes)


@register.simple_tag
def cell_errors(bound: BoundField, label: str) -> SafeString:
    """The errors of a cell as links to it, for a place below the table: a column is too narrow."""
    return _errors(bound, label=label)


def _text_input(bound: BoundField, attributes: dict[str, Any]) -> SafeString:
    value = bound.field.widget.format_value(bound.value())
    return format_html(
        '<input type="text" name="{}"{}{}>',
        bound.html_name,
        format_html(' value="{}"', value) if value is not None else "",
        flatatt(attributes),
    )


def _label(bound: BoundField) -> str:
    name = isolated(str(bound.label))
    return f"{name} {_('(optional)')}" if may_stay_empty(bound) else name


def _errors(bound: BoundField, *, label: str = "") -> SafeString:
    """The errors of a field; a `label` says which it is, and links to it, where they are apart."""
    errors = [
        format_html('<a href="#{}">{}</a>', bound.auto_id, with_label(label, str(error)))
        if label
        else error
        for error in bound.errors
    ]
    return format_html(
        '<div id="{}_error" class="invalid-feedback">{}</div>',
        bound.auto_id,
        format_html_join(
            "",
            '<p id="error_{}_{}"><strong>{}</strong></p>',
            ((number, bound.auto_id, error) for number, error in enumerate(errors, start=1)),
        ),
    )
