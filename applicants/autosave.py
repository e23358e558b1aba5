"""Answers to a step that saves itself while it is written: short, in words, never a page.

The page sends the same form as its button would, with one header more. Whatever the answer, what was typed
stays in the page and in the browser; only a "saved" lets the browser forget it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, JsonResponse

from applicants.models import SavedStep
from applicants.reading import editable, read
from applicants.step_storage import EditConflict
from applicants.three_way_merge import concat_rows
from foundation import clock
from foundation.form_messages import with_label
from foundation.sentences import gettext as _

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

    `save` stores it or raises EditConflict; what it gives back was merged in and goes to the page, field by
    field, so that the next save does not undo it. A value that nobody can read is saved as it was typed,
    and the answer says so.
    """
    if not form.is_storable():
        return _not_saved_response("wrong", 422, _error_text(form))
    is_right = form.is_valid()
    try:
        merged = save()
    except UnresolvedConflict:
        text = _(
            "Not saved: for each field above, select which text to keep. Then press the button."
        )
        return _not_saved_response("conflict", 409, text)
    except EditConflict as conflict:
        who = conflict.current.saved_by
        text = _(
            "Not saved: %(who)s has saved this section since you opened it. Your text is kept on "
            "this page. Press the button below to compare both texts."
        )
        return _not_saved_response("conflict", 409, text % {"who": who or _("someone")})
    time = f"{clock.now().astimezone(BRUSSELS):%H:%M:%S}"
    message = _("Saved %(time)s") % {"time": time}
    answer: dict[str, Any] = {"state": "saved", "version": section.version, "words": message}
    if not is_right:
        text = _("Saved %(time)s as entered, but it must be corrected. %(what)s")
        answer["words"] = text % {"time": time, "what": _error_text(form)}
        answer["needs_correction"] = True
    answer["understood"] = dict(normalised_values(form))
    if merged is not None:
        text = _("Saved %(time)s and merged with changes by someone else: %(fields)s")
        answer["words"] = text % {"time": time, "fields": ", ".join(merged.labels)}
        answer["fields"] = list(fields_of(merged.form))
    return JsonResponse(answer)


def fields_of(form: Any) -> Iterator[tuple[str, str]]:
    """Name and value of everything that a form, with its rows, would send."""
    for item in form:
        value = item.value()
        for part in value if isinstance(value, list) else [value]:
            yield item.html_name, "" if part is None else str(part)
    rows = getattr(form, "rows", None)
    if rows is None:
        return
    yield from fields_of(rows.management_form)
    for row in rows.forms:
        yield from fields_of(row)


def normalised_values(form: Any) -> Iterator[tuple[str, str]]:
    """How the portal read amounts, numbers and days, where it writes them in another way than was typed."""
    for bound in form:
        value = getattr(form, "cleaned_data", {}).get(bound.name)
        if isinstance(value, Decimal | date) or type(value) is int:
            shown = str(bound.field.prepare_value(value))
            if bound.name != "seen_version" and shown != bound.data and not bound.field.disabled:
                yield bound.html_name, shown


class UnresolvedConflict(Exception):
    """Fields of a conflict for which nobody said which text to take: `names`."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def resolve_conflicts(request: HttpRequest, form: Any, stored: SavedStep) -> dict[str, Any]:
    """The answers of a form, with the text that was chosen in each field that had been shown as a conflict.

    Fields that the form does not have are none; only lists can be taken from both.

    Raises:
        UnresolvedConflict: for one of them no choice was made.
    """
    answers: dict[str, Any] = form.answers()
    taken = {
        name: request.POST.get(f"take:{name}", "")
        for name in request.POST.getlist("conflict")
        if name in answers
    }
    left = [name for name, take in taken.items() if take not in _choices_for(form, name)]
    if left:
        raise UnresolvedConflict(left)
    there = editable(type(form), stored.answers)
    for name, take in taken.items():
        if take == "theirs":
            answers[name] = there[name] if name in there else _nothing_like(form, name)
        elif take == "both":
            answers[name] = concat_rows(answers[name], there.get(name, []))
    return answers


def _choices_for(form: Any, name: str) -> set[str]:
    return {"mine", "theirs", "both"} if name == form.rows_name else {"mine", "theirs"}


def _nothing_like(form: Any, name: str) -> Any:
    """An empty answer, where the stored step says nothing of a field."""
    empty = read(type(form), {name: None}).values
    return empty[name]


def saved_as_typed_response() -> str:
    return _(
        "Saved as entered, but something must be corrected: see below. You cannot submit the "
        "proposal until then."
    )


def deadline_passed_response() -> JsonResponse:
    text = _(
        "Not saved: the deadline has passed. Your text is kept on this page; copy it if you "
        "need it."
    )
    return _not_saved_response("closed", 409, text)


def not_stored_response(why: str, status: int) -> JsonResponse:
    """What was sent is not stored, nor will it be if it is sent again; `why` is a sentence, or empty."""
    why = why or _("You cannot edit this section, or it is no longer part of the proposal.")
    text = _("Not saved. %(why)s Your text is kept in this browser; copy it if you need it.")
    return _not_saved_response("refused", status, text % {"why": why})


def _not_saved_response(state: str, status: int, text: str) -> JsonResponse:
    return JsonResponse({"state": state, "words": text}, status=status)


def _error_text(form: Any) -> str:
    """The first thing to correct; the page shows all of them when its button is pressed."""
    rows = form.rows.forms if getattr(form, "rows", None) is not None else []
    for part in (form, *rows):
        for name, errors in part.errors.items():
            label = part.fields[name].label if name in part.fields else ""
            return with_label(label or "", errors[0])
    return _("Not saved: the page did not send the whole section. Reload the page.")
