"""How form fields are written: a limit on characters is a counter, and never cuts what somebody pastes."""

from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

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
        is_rich = widget["attrs"].get("data-rich", False)
        is_long = template_name.endswith("textarea.html")
        counter = format_html(
            '<span class="counter form-text" data-counter{}>{}</span>',
            "" if is_long else format_html("{}", " hidden"),
            _("Up to %(limit)s characters") % {"limit": f"{int(limit):,}"},
        )
        return (  # the widget marks it as safe
            super().render(template_name, context, request)
            + counter
            + (self._preview() if is_rich else "")
        )

    def _preview(self) -> SafeString:
        """Shown where scripts run, which load the text into it (`text-preview.js`)."""
        return format_html(
            '<details class="text-preview" data-text-preview="{}"><summary>{}</summary>'
            '<p class="form-text hint">{}</p>'
            '<div class="rich-text" role="status" tabindex="0"></div></details>',
            reverse("text-preview"),
            _("Preview"),
            _(
                "Begin lines with “- ” or “1. ” for a list. Put two asterisks around **bold** words."
            ),
        )
