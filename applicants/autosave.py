"""Answers to a step that saves itself while it is written: short, in words, never a page.

The page sends the same form as its button would, with one header more. Whatever the answer, what was typed
stays in the page and in the browser; only a "saved" lets the browser forget it.
"""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from applicants.models import SavedStep, User
from applicants.saving import StepChanged, save_step
from calls import clock

HEADER = "X-Autosave"
BRUSSELS = ZoneInfo("Europe/Brussels")


def is_autosave(request: HttpRequest) -> bool:
    return request.method == "POST" and HEADER in request.headers


def autosave(form: Any, section: SavedStep, *, by: User) -> JsonResponse:
    """Save a bound form's step, or say in a sentence why not."""
    if not form.is_valid():
        return _not_saved("wrong", 422, _what_is_wrong(form))
    try:
        save_step(section, answers=form.answers(), seen_version=form.seen, by=by)
    except StepChanged as conflict:
        who = conflict.current.saved_by
        text = _(
            "Not saved: %(who)s saved this step meanwhile. Your text is kept here; press the button "
            "below to see both texts."
        )
        return _not_saved("conflict", 409, text % {"who": who or _("somebody")})
    words = _("Saved %(time)s") % {"time": f"{clock.now().astimezone(BRUSSELS):%H:%M:%S}"}
    return JsonResponse({"state": "saved", "version": section.version, "words": words})


def came_too_late() -> JsonResponse:
    text = _("Not saved: the deadline has passed. Copy your text if you need it; it is kept here.")
    return _not_saved("closed", 409, text)


def _not_saved(state: str, status: int, words: str) -> JsonResponse:
    return JsonResponse({"state": state, "words": words}, status=status)


def _what_is_wrong(form: Any) -> str:
    """The first thing to mend; the page shows all of them when its button is pressed."""
    rows = form.rows.forms if getattr(form, "rows", None) is not None else []
    for one in (form, *rows):
        for name, errors in one.errors.items():
            label = one.fields[name].label if name in one.fields else ""
            text = (
                _("Not saved yet. %(label)s: %(error)s") if label else _("Not saved yet. %(error)s")
            )
            return text % {"label": label, "error": errors[0]}
    return _("Not saved yet: something is wrong. Press the button below to see what.")
