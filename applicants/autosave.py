"""Answers to a step that saves itself while it is written: short, in words, never a page.

The page sends the same form as its button would, with one header more. Whatever the answer, what was typed
stays in the page and in the browser; only a "saved" lets the browser forget it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from applicants.merging import both
from applicants.models import SavedStep
from applicants.saving import StepChanged
from calls import clock

HEADER = "X-Autosave"
BRUSSELS = ZoneInfo("Europe/Brussels")


@dataclass(frozen=True)
class Merged:
    """What came in from somebody else's save: the labels of the fields, and a form that shows them all."""

    labels: list[str]
    form: Any


def is_autosave(request: HttpRequest) -> bool:
    return request.method == "POST" and HEADER in request.headers


def autosave(form: Any, section: SavedStep, *, save: Callable[[], Merged | None]) -> JsonResponse:
    """Save a bound form's step, or say in a sentence why not.

    `save` stores it or raises StepChanged; what it gives back was merged in and goes to the page, field by
    field, so that the next save does not undo it.
    """
    if not form.is_valid():
        return _not_saved("wrong", 422, _what_is_wrong(form))
    try:
        merged = save()
    except NotChosen:
        text = _(
            "Not saved: choose above which text to take for each field, then press the button."
        )
        return _not_saved("conflict", 409, text)
    except StepChanged as conflict:
        who = conflict.current.saved_by
        text = _(
            "Not saved: %(who)s saved this step meanwhile. Your text is kept here; press the button "
            "below to see both texts."
        )
        return _not_saved("conflict", 409, text % {"who": who or _("somebody")})
    words = _("Saved %(time)s") % {"time": f"{clock.now().astimezone(BRUSSELS):%H:%M:%S}"}
    answer: dict[str, Any] = {"state": "saved", "version": section.version, "words": words}
    if merged is not None:
        text = _("%(saved)s, together with what somebody else changed: %(fields)s")
        answer["words"] = text % {"saved": words, "fields": ", ".join(merged.labels)}
        answer["fields"] = list(fields_of(merged.form))
    return JsonResponse(answer)


def fields_of(form: Any) -> Iterator[tuple[str, str]]:
    """Name and value of everything that a form, with its rows, would send."""
    for one in form:
        value = one.value()
        for part in value if isinstance(value, list) else [value]:
            yield one.html_name, "" if part is None else str(part)
    rows = getattr(form, "rows", None)
    if rows is None:
        return
    yield from fields_of(rows.management_form)
    for row in rows.forms:
        yield from fields_of(row)


class NotChosen(Exception):
    """Fields of a conflict for which nobody said which text to take: `names`."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def chosen(request: HttpRequest, answers: dict[str, Any], stored: SavedStep) -> dict[str, Any]:
    """The answers, with the text that was chosen in each field that had been shown as a conflict.

    Raises:
        NotChosen: for one of them no choice was made.
    """
    taken = {
        name: request.POST.get(f"take:{name}", "") for name in request.POST.getlist("conflict")
    }
    open_ones = [name for name, take in taken.items() if take not in {"mine", "theirs", "both"}]
    if open_ones:
        raise NotChosen(open_ones)
    result = dict(answers)
    for name, take in taken.items():
        there = stored.answers.get(name)
        if take == "theirs":
            result[name] = there
        elif take == "both":
            result[name] = both(answers.get(name) or [], there or [])
    return result


def came_too_late() -> JsonResponse:
    text = _("Not saved: the deadline has passed. Copy your text if you need it; it is kept here.")
    return _not_saved("closed", 409, text)


def may_not_write() -> JsonResponse:
    text = _(
        "Not saved: you can no longer write here. Copy your text if you need it; it is kept in this "
        "browser. The coordinator can let you write again."
    )
    return _not_saved("refused", 403, text)


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
