"""Template loaders that write into a template, once, what is the same on every page.

A page holds some fifty texts and addresses that never change while the portal runs: translated texts (there
is one language), addresses of static files and of pages without arguments. As tags they are a third of the
work of rendering, and keep the text around them in pieces.
"""

import re
from typing import Any

from django.conf import settings
from django.template import Origin, Template
from django.template.loaders import app_directories, cached, filesystem
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse

from foundation.isolation import isolate

# A literal alone: nothing with filters, arguments, "as", or characters that mean something to the tag.
# {names} in braces are for scripts, which replace them.
_TAG = re.compile(
    r"""\{% (translate|static|url) (?:"((?:[^"{}%\\|]|\{\w+\})*)"|'((?:[^'{}%\\|]|\{\w+\})*)') %\}"""
)


def folded(source: str) -> str:
    """The template with all tags written out that would say the same each time."""
    return _TAG.sub(_written_out, source)


def _written_out(tag: re.Match[str]) -> str:
    name, literal = tag[1], tag[2] if tag[2] is not None else tag[3]
    if name == "translate":
        return tag[0] if settings.USE_I18N else literal
    if name == "static":
        return static(literal)
    if literal.startswith("admin:"):  # another admin site would lead to its own pages
        return tag[0]
    try:
        return reverse(literal)
    except NoReverseMatch:  # perhaps on a branch that is never taken
        return tag[0]


class Isolating(cached.Loader):
    """Keeps compiled templates, which isolate the names that they show."""

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        template: Template = super().get_template(template_name, skip)
        if not hasattr(template, "places_of_blocks"):
            isolate(template)
        return template


class FromFolders(filesystem.Loader):
    def get_contents(self, origin: Origin) -> str:
        return folded(super().get_contents(origin))


class FromApps(app_directories.Loader):
    def get_contents(self, origin: Origin) -> str:
        return folded(super().get_contents(origin))
