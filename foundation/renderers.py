"""How form fields are written: a limit on characters is a counter, and never cuts what somebody pastes."""

from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.utils.html import format_html

from foundation.sentences import gettext as _


class CountingRenderer(TemplatesSetting):
    """Django's own templates, with a counter in the place of each `maxlength`.

    A browser cuts at `maxlength` without a word, and counts otherwise than the server. The form says how many
    characters are too many instead; a script keeps the counter while somebody writes.
    """

    def render(
        self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None
    ) -> str:
        widget = context.get("widget") or {}
        limit = (widget.get("attrs") or {}).pop("maxlength", None)
        if limit is None or widget.get("is_hidden"):
            return super().render(template_name, context, request)
        widget["attrs"]["data-limit"] = limit
        is_long = template_name.endswith("textarea.html")
        counter = format_html(
            '<span class="counter form-text" data-counter{}>{}</span>',
            "" if is_long else format_html("{}", " hidden"),
            _("Up to %(limit)s characters") % {"limit": f"{int(limit):,}"},
        )
        return (
            super().render(template_name, context, request) + counter
        )  # the widget marks it as safe
