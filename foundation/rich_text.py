"""Lists and bold in texts that people type, as HTML.

A text is stored as it was typed. Only what it looks like is decided here, once for pages, PDFs and
officers: a subset of CommonMark (https://spec.commonmark.org/0.31.2/) with paragraphs, bullet and ordered
lists and `**bold**`. Everything else, such as headings, links, images and HTML, is shown as it was typed.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.utils.html import escape, linebreaks
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

BOLD = "**"
MAX_LEVELS = 20  # of elements in one another, two for each list; the parser reads no deeper


def as_html(text: str) -> SafeString:
    """Safe HTML of a text, in which every word and sign that was typed can be read.

    Bullets and numbers are those that were typed: “- 5 %” and “+ 5 %” are not the same, and a list may begin
    with 3. A text with lists nested more than nine deep is shown in paragraphs only.
    """
    parser, env = _parser(), dict[str, Any]()
    tokens = parser.parse(text, env)
    if any(token.level >= MAX_LEVELS - 1 for token in tokens):
        return mark_safe(linebreaks(text, autoescape=True))  # noqa: S308 -- escaped
    return mark_safe(parser.renderer.render(tokens, parser.options, env))  # noqa: S308 -- the parser escapes texts


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"breaks": True, "maxNesting": MAX_LEVELS})
    parser.enable(["list", "emphasis", "newline"])
    for kind in ("em", "strong"):
        parser.add_render_rule(f"{kind}_open", _emphasis)
        parser.add_render_rule(f"{kind}_close", _emphasis)
    parser.add_render_rule("bullet_list_open", _bullet_list)
    parser.add_render_rule("list_item_open", _list_item)
    return parser


def _emphasis(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any
) -> str:
    """Two asterisks make bold; every other sign of emphasis is a sign of the text, as in `name_of_it`."""
    token = tokens[index]
    if token.markup != BOLD:
        return str(escape(token.markup))
    return "<strong>" if token.nesting == 1 else "</strong>"


def _bullet_list(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any
) -> str:
    names = {"-": "dashes", "+": "pluses", "*": "bullets"}
    return f'<ul class="{names[tokens[index].markup]}">\n'


def _list_item(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any
) -> str:
    number = tokens[index].info  # digits, and empty in a list of bullets
    return f'<li value="{int(number)}">' if number else "<li>"
