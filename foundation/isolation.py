"""Templates isolate what they show: a name with a direction of its own does not reach the words around it.

As with escaping, no template asks for it. When a template is loaded, each variable is looked at where it
stands: in the text of a page it becomes `<bdi>`; in a title, an option, an attribute that people read, or a
plain text it is put between U+2068 and U+2069; what is sent back, and what programs read, stays as it is.
Only texts with letters or marks of a direction are changed. HTML that Python makes stays as it was made.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.template.base import Node, NodeList, Template, TextNode, TokenType, VariableNode
from django.template.defaultfilters import join
from django.template.defaulttags import IfNode
from django.template.loader_tags import BlockNode, ExtendsNode
from django.template.loaders import cached
from django.templatetags.i18n import BlockTranslateNode
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from foundation.text import isolated

READ_BY_PEOPLE = frozenset(
    {"alt", "aria-description", "aria-label", "label", "placeholder", "title"}
)
WITHOUT_ELEMENTS = frozenset({"option", "title"})  # hold text only
NOT_READ = frozenset({"script", "style", "textarea"})
RAW = WITHOUT_ELEMENTS | NOT_READ
SHOWN_AS_THEY_ARE = (SafeString, bool, int, float)


@dataclass
class Place:
    """The position after what was read of a template: in a tag, an attribute, an element of text only."""

    element: str = ""
    is_in_tag: bool = False
    tag: str = ""
    quote: str = ""
    tail: str = field(default="", repr=False)

    def read(self, source: str) -> None:
        for sign in source:
            self._read_in_tag(sign) if self.is_in_tag else self._read_text(sign)

    def _read_text(self, sign: str) -> None:
        self.tail = (self.tail + sign)[-12:].lower()
        if self.element:
            if self.tail.endswith(f"</{self.element}"):
                self.element, self.is_in_tag, self.tag, self.tail = "", True, "/", ""
        elif len(self.tail) > 1 and self.tail[-2] == "<" and (sign.isalpha() or sign == "/"):
            self.is_in_tag, self.tag, self.tail = True, sign.lower(), sign.lower()

    def _read_in_tag(self, sign: str) -> None:
        if self.quote:
            if sign == self.quote:
                self.quote, self.tail = "", ""
            return
        if sign in "\"'":
            self.quote = sign
            return
        if sign == ">":
            self.element = self.tag if self.tag in RAW else ""
            self.is_in_tag, self.tail = False, ""
            return
        if self.tail == self.tag and (sign.isalnum() or sign == "-"):
            self.tag += sign.lower()
        self.tail = sign.lower() if sign.isspace() else self.tail + sign.lower()

    @property
    def attribute(self) -> str:
        return self.tail.strip().partition("=")[0] if self.is_in_tag else ""


class IsolatedExpression:
    """A variable of a template, which isolates what it finds."""

    def __init__(self, inner: Any, *, with_element: bool) -> None:
        self.inner = inner
        self.with_element = with_element

    def resolve(self, context: Any, *args: Any, **options: Any) -> Any:
        value = self.inner.resolve(context, *args, **options)
        if value is None or isinstance(value, SHOWN_AS_THEY_ARE):
            return value
        text = str(value)
        shown = isolated(text)
        if shown == text:
            return value
        if not (self.with_element and context.autoescape):
            return shown
        return _in_element(shown)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def isolated_html(text: str) -> SafeString:
    """A text as a variable in the text of a page shows it, for tags that write HTML themselves."""
    shown = isolated(text)
    return escape(text) if shown == text else _in_element(shown)


def _in_element(shown: str) -> SafeString:
    """An isolated text with the element in place of the characters that isolate it."""
    return format_html("<bdi>{}</bdi>", shown[1:-1])


def isolate(template: Template) -> None:
    """Let a template isolate what it shows; a second time changes nothing."""
    is_html = str(template.name or "").endswith((".html", ".svg"))
    blocks: dict[str, Place] = {}
    _walk(template.nodelist, Place() if is_html else None, blocks, template)
    template.places_of_blocks = blocks  # type: ignore[attr-defined]  # for templates that extend it


def _walk(
    nodes: NodeList, place: Place | None, blocks: dict[str, Place], template: Template
) -> None:
    for node in nodes:
        if isinstance(node, TextNode):
            if place:
                place.read(node.s)
        elif isinstance(node, VariableNode):
            node.filter_expression = _isolating(node.filter_expression, place)
        elif isinstance(node, BlockTranslateNode):
            _isolate_translation(node, place, template)
        elif isinstance(node, ExtendsNode):
            _walk_blocks(node, blocks, template)
        else:
            _walk_inside(node, place, blocks, template)


def _walk_inside(
    node: Node, place: Place | None, blocks: dict[str, Place], template: Template
) -> None:
    """Each branch begins at the tag's position; what follows begins where the first branch ended."""
    if isinstance(node, BlockNode) and place:
        blocks[node.name] = replace(place)
    after = None
    for branch in _branches(node):
        there = replace(place) if place else None
        _walk(branch, there, blocks, template)
        after = after or there
    if place and after:
        vars(place).update(vars(after))


def _branches(node: Node) -> Iterator[NodeList]:
    if isinstance(node, IfNode):
        yield from (branch for _condition, branch in node.conditions_nodelists)
        return
    # A block tag made by `simple_block_tag` has content, but does not name it.
    for name in dict.fromkeys((*node.child_nodelists, "nodelist")):
        branch = getattr(node, name, None)
        if isinstance(branch, NodeList):
            yield branch


def _walk_blocks(node: ExtendsNode, blocks: dict[str, Place], template: Template) -> None:
    """The blocks of a template that extends another have their positions in that one."""
    name = getattr(node.parent_name, "var", None)
    known: dict[str, Place] = {}
    if isinstance(name, str) and name != template.name:
        parent = template.engine.get_template(name)
        known = getattr(parent, "places_of_blocks", {})
    blocks.update(known)
    for block in node.blocks.values():
        _walk(block.nodelist, replace(known.get(block.name, Place())), blocks, template)


def _isolate_translation(node: BlockTranslateNode, place: Place | None, template: Template) -> None:
    if node.asvar:
        return
    names = {
        token.contents
        for token in [*node.singular, *(node.plural or [])]
        if token.token_type == TokenType.VAR
    }
    for name in names - {node.countervar}:
        result = node.extra_context.get(name) or _Looked(name)
        node.extra_context[name] = _isolating(result, place)


@dataclass
class _Looked:
    """A name in a translated text that its tag does not define."""

    name: str

    def resolve(self, context: Any, *_args: Any, **_options: Any) -> Any:
        return context.get(self.name, context.template.engine.string_if_invalid)


def _isolate_joined(expression: Any) -> None:
    """`|join` isolates each of the texts that it joins: afterwards nobody knows where one ends."""
    filters = getattr(expression, "filters", [])
    expression.filters = [
        (joined_names if function is join else function, data) for function, data in filters
    ]


def joined_names(value: Any, between: str, autoescape: bool = True) -> Any:
    if not isinstance(value, Iterable) or isinstance(value, str):
        return join(value, between, autoescape)
    names = [item if isinstance(item, SafeString) else isolated(str(item)) for item in value]
    return join(names, between, autoescape)


joined_names.needs_autoescape = True  # type: ignore[attr-defined]  # as Django marks its filters


def _isolating(expression: Any, place: Place | None) -> Any:
    if isinstance(expression, IsolatedExpression):
        return expression
    _isolate_joined(expression)
    made = partial(IsolatedExpression, expression)
    if place is None or place.element in WITHOUT_ELEMENTS:
        return made(with_element=False)
    if place.is_in_tag:
        return made(with_element=False) if place.attribute in READ_BY_PEOPLE else expression
    return expression if place.element in NOT_READ else made(with_element=True)


class IsolatingLoader(cached.Loader):
    """Django's cached loader; each template is isolated when it is compiled."""

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        template: Template = super().get_template(template_name, skip)
        if not hasattr(template, "places_of_blocks"):
            isolate(template)
        return template
