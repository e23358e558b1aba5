"""Offering to undo: a message names the events, and the page shows a button beside its text."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpRequest

from applicants.web import current_user
from foundation.identifiers import keys_of
from foundation.sentences import gettext as _
from proposals.models import Version
from proposals.officers import cases

MARK = "undo-"
MAX_EVENTS = 200  # as many as cases can be assigned at once


def undo_tag(events: Iterable[int]) -> str:
    """The tag of a message that offers to undo these events; empty where there are none, or too many."""
    keys = [str(pk) for pk in events]
    return MARK + "-".join(keys) if 0 < len(keys) <= MAX_EVENTS else ""


def events_in(tag: str) -> list[str]:
    """The keys that a tag names; none where it offers nothing."""
    return tag.removeprefix(MARK).split("-") if tag.startswith(MARK) else []


def event_keys(request: HttpRequest) -> list[int]:
    """The events that a sent button names."""
    return keys_of(request.POST.getlist("event")[:MAX_EVENTS])


def add_note(request: HttpRequest, version: Version, text: str) -> None:
    """Keep a note, and offer to undo it."""
    case_note = cases.add_note(version.proposal, text, by=current_user(request))
    tag = undo_tag([case_note.event.pk] if case_note.event else [])
    messages.success(request, _("Note added."), extra_tags=tag)
