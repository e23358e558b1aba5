"""What happened: the timeline, earlier texts of a step, and what differs between two versions."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from applicants.reading import editable
from applicants.three_way_merge import Difference
from applicants.web import login_required_keep_post
from foundation import clock
from foundation.instants import instant_from
from foundation.sentences import gettext as _
from proposals.consortium.access import base_context, get_draft_or_404
from proposals.consortium.drafts import saved_texts
from proposals.dossier.document import Draft, dossier_of
from proposals.models import Section, SectionChange
from proposals.steps.wizard import step_named, url_of
from proposals.workspace.dossier_diff import changes_between
from proposals.workspace.timeline import timeline as moments_of

A_PAGE = 60
TOGETHER = timedelta(minutes=10)  # saves of one person that follow each other faster are one change
DRAFT = "draft"


@login_required_keep_post
def timeline(request: HttpRequest, number: str) -> HttpResponse:
    """Everything from the beginning to the receipt, page by page."""
    draft = get_draft_or_404(request, number)
    before = instant_from(request.GET.get("before", ""))
    moments, earlier = moments_of(draft, before)
    context = base_context(draft, "timeline", moments=moments, before=before, earlier=earlier)
    return render(request, "workspace/timeline.html", context)


@login_required_keep_post
def step_history(request: HttpRequest, number: str, slug: str, key: str = "") -> HttpResponse:
    """Every text that a step had: who saved it, when, and what they changed."""
    draft = get_draft_or_404(request, number)
    step = step_named(draft.proposal.strand, slug)
    if step is None or step.form is None or bool(key) != (slug == "descriptions"):
        raise Http404
    participant = get_object_or_404(draft.proposal.participants, key=key) if key else None
    section = Section(proposal=draft.proposal, step=slug, participant=participant)
    page = Paginator(saved_texts(section), A_PAGE).get_page(request.GET.get("page"))
    texts = list(page)
    before = saved_texts(section).filter(version__lt=texts[-1].version).first() if texts else None
    form = step.form(saved=section, draft=draft)
    rows = [
        (latest, changed)
        for latest, old in _changes_in([*texts, *([before] if before else [])], len(texts))
        if (changed := _changed(form, old, latest.answers))
    ]
    context = base_context(
        draft,
        slug,
        rows=rows,
        page=page,
        title=form.title,
        participant=participant,
        step_url=url_of(draft, slug, key or None),
        can_put_back=_can_put_back(draft, slug, key),
    )
    return render(request, "workspace/step_history.html", context)


def _changes_in(
    texts: list[SectionChange], shown: int
) -> Iterator[tuple[SectionChange, dict[str, Any]]]:
    """Of texts, newest first: the last one of each change, with what the step said before it.

    Only the first `shown` are described; one more may follow, to know what came before them.
    """
    latest = None
    for place, text in enumerate(texts[:shown]):
        latest = latest or text
        older = texts[place + 1] if place + 1 < len(texts) else None
        if older is not None and place + 1 < shown and _belong_together(older, text):
            continue
        yield latest, older.answers if older is not None else {}
        latest = None


def _belong_together(older: SectionChange, newer: SectionChange) -> bool:
    """Whether two texts are steps of one change: a text that saves itself has many."""
    if older.saved_by_id != newer.saved_by_id or older.saved_at is None or newer.saved_at is None:
        return False
    return newer.saved_at - older.saved_at < TOGETHER


def _can_put_back(draft: Draft, slug: str, key: str) -> bool:
    access = draft.proposal.access
    may_write = access.writes_part(key) if key else access.writes_step(slug)
    return bool(may_write and draft.proposal.is_open(clock.now()))


def _changed(form: Any, old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
    old, new = editable(type(form), old), editable(type(form), new)
    names = [name for name in dict.fromkeys([*new, *old]) if _is_shown(form, name)]
    differences = (
        Difference(
            name,
            form.label_of(name),
            form.shown(name, old.get(name)),
            form.shown(name, new.get(name)),
        )
        for name in names
    )
    return [difference for difference in differences if difference.mine != difference.theirs]


def _is_shown(form: Any, name: str) -> bool:
    return name in form.fields or name == form.rows_name


@login_required_keep_post
def compare(request: HttpRequest, number: str) -> HttpResponse:
    """Field by field: two submitted versions, or one and the draft."""
    draft = get_draft_or_404(request, number)
    versions = list(draft.proposal.versions.order_by("number").values_list("number", flat=True))
    choices = [
        (str(version), _("Version %(number)s") % {"number": version}) for version in versions
    ]
    choices.append((DRAFT, _("current draft")))
    known = dict(choices)
    counting = draft.proposal.current_version
    usual = str(counting.number if counting else (versions[-1] if versions else DRAFT))
    left, right = request.GET.get("from", usual), request.GET.get("to", DRAFT)
    if left not in known or right not in known:
        raise Http404
    changes = changes_between(_dossier(draft, left), _dossier(draft, right), draft.proposal.strand)
    context = base_context(
        draft,
        "timeline",
        changes=changes,
        choices=choices,
        left=left,
        right=right,
        left_name=known[left],
        right_name=known[right],
    )
    return render(request, "workspace/compare.html", context)


def _dossier(draft: Draft, name: str) -> dict[str, Any]:
    if name == DRAFT:
        return dossier_of(draft)
    text = draft.proposal.versions.values_list("dossier", flat=True).get(number=int(name))
    results: dict[str, Any] = json.loads(text)
    return results
