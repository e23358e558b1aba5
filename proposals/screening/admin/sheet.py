"""What officers do from the screen of a case: answer, note, ask, step back, undo."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from applicants.autosave import is_autosave
from applicants.once import idempotent
from applicants.web import current_user
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.delivery import wakeup
from proposals.models import (
    ClarificationFile,
    ScreeningAnswer,
    Version,
)
from proposals.officers import cases
from proposals.officers.admin_pages import get_case_or_404
from proposals.screening import clarifications
from proposals.screening import decisions as deciding
from proposals.screening import sheet as sheets
from proposals.screening.admin.case_forms import AnswerForm, ConflictForm, NoteForm, QuestionForm
from proposals.screening.admin.case_place import case_url, list_query
from proposals.screening.admin.undo_offers import add_note, event_keys, undo_tag
from proposals.screening.undo import CannotUndo, undo_events
from proposals.submission.notifications import addresses_of_coordinator

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

BRUSSELS = ZoneInfo("Europe/Brussels")
USUAL_TIME_TO_ANSWER = timedelta(days=7)
TEMPLATES = "admin/proposals/version"


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    def of_case(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        def fetched(request: HttpRequest, pk: int, **place: Any) -> HttpResponseBase:
            return view(model_admin, request, get_case_or_404(request, pk), **place)

        return fetched

    add = "proposals.add_"
    return [
        model_admin.url(
            "<int:pk>/answer/", require_POST(of_case(_answer)), "answer", f"{add}screeninganswer"
        ),
        model_admin.url(
            "<int:pk>/confirm-met/",
            require_POST(of_case(_confirm_met)),
            "confirm_met",
            f"{add}screeninganswer",
        ),
        model_admin.url(
            "<int:pk>/note/", idempotent(require_POST(of_case(_add_note))), "note", f"{add}casenote"
        ),
        model_admin.url(
            "<int:pk>/conflict/", of_case(_declare_conflict), "conflict", f"{add}conflictofinterest"
        ),
        model_admin.url(
            "<int:pk>/request-clarification/",
            of_case(_request_clarification),
            "request_clarification",
            f"{add}clarificationrequest",
        ),
        model_admin.url(
            "undo/", require_POST(partial(_undo, model_admin)), "undo", f"{add}assignment"
        ),
        model_admin.url(
            "<int:pk>/replies/<int:file>/",
            require_safe(of_case(_reply_file)),
            "reply_file",
            "proposals.view_version",
        ),
    ]


# Why a line was not saved, in words, and the status of the answer.
REFUSALS: dict[type[Exception], tuple[Any, int]] = {
    sheets.ReasonRequired: (
        gettext_lazy("Not saved yet. Enter the reason why you disagree."),
        422,
    ),
    sheets.ExceptionsOpen: (
        gettext_lazy(
            "Not saved yet. First answer each required element that the applicant does not claim."
        ),
        422,
    ),
    sheets.NoSuchLine: (
        gettext_lazy("The screening sheet has changed since you opened it. Reload the page."),
        409,
    ),
}


def _answer(model_admin: "OfficerAdmin", request: HttpRequest, version: Version) -> HttpResponse:
    """Save one line of the sheet, with a short answer for a page that stays, or back to the sheet."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _refused(model_admin, request, version, _("Select a finding."), 422)
    values = form.cleaned_data
    try:
        saved = sheets.save_answer(
            version,
            values["item"],
            answer=values["answer"],
            reason=values["reason"],
            seen_revision=values["revision"],
            by=current_user(request),
        )
    except tuple(REFUSALS) as refusal:
        text, status = REFUSALS[type(refusal)]
        return _refused(model_admin, request, version, str(text), status)
    except sheets.AnsweredMeanwhile as meanwhile:
        message = _who_was_faster(meanwhile.current)
        return _refused(
            model_admin, request, version, message, 409, revision=meanwhile.current.revision
        )
    message = _("Saved %(time)s") % {"time": f"{saved.answered_at.astimezone(BRUSSELS):%H:%M:%S}"}
    if is_autosave(request):
        return JsonResponse(_state_of(version, [saved]) | {"words": message})
    if saved.answer == ScreeningAnswer.Answer.ASK:
        return redirect(_ask_url(request, version, saved.item))
    _offer_undo(request, [saved], message)
    return redirect(_case_url(request, version, saved.item))


def _state_of(version: Version, saved: list[ScreeningAnswer]) -> dict[str, Any]:
    """What a page that stays shows after these lines were saved."""
    stored = sheets.newest_verdict(version)
    sheet = sheets.sheet_of(version, stored.verdict if stored else None)
    return {
        "lines": {answer.item: answer.revision for answer in saved},
        "progress": _progress(sheet),
        "answered": sheet.answered,
        "undo": [answer.event.pk for answer in saved if answer.event],
    }


def _offer_undo(request: HttpRequest, saved: list[ScreeningAnswer], text: str) -> None:
    events = [answer.event.pk for answer in saved if answer.event]
    messages.success(request, text, extra_tags=undo_tag(events))


def _ask_url(request: HttpRequest, version: Version, item: str) -> str:
    return case_url(version.pk, list_query(request), page="request_clarification", item=item)


def _confirm_met(
    model_admin: "OfficerAdmin", request: HttpRequest, version: Version
) -> HttpResponse:
    try:
        agreed = sheets.confirm_met_rules(version, by=current_user(request))
    except sheets.AnsweredMeanwhile as meanwhile:
        text = _who_was_faster(meanwhile.current)
        if is_autosave(request):
            return JsonResponse({"words": text}, status=409)
        messages.error(request, text)
        return redirect(_case_url(request, version))
    text = ngettext(
        "You confirmed %(count)s rule that is met.",
        "You confirmed %(count)s rules that are met.",
        len(agreed),
    ) % {"count": len(agreed)}
    if is_autosave(request):
        return JsonResponse(_state_of(version, agreed) | {"words": text})
    _offer_undo(request, agreed, text)
    return redirect(_case_url(request, version))


def _progress(sheet: sheets.Sheet) -> str:
    values = {"answered": sheet.answered, "total": sheet.total}
    return _("Checked %(answered)s of %(total)s") % values


def _who_was_faster(current: ScreeningAnswer) -> str:
    text = _(
        "Not saved: %(who)s recorded “%(answer)s” at %(when)s%(reason)s. Your finding is still "
        "on this page, but it has not been saved."
    )
    reason = f": “{current.reason}”" if current.reason else ""
    return text % {
        "who": current.answered_by,
        "answer": current.get_answer_display(),
        "when": in_words(current.answered_at, seconds=True),
        "reason": reason,
    }


def _refused(
    model_admin: "OfficerAdmin",
    request: HttpRequest,
    version: Version,
    text: str,
    status: int,
    **more: int,
) -> HttpResponse:
    if is_autosave(request):
        return JsonResponse({"words": text} | more, status=status)
    return model_admin.render(
        request,
        f"{TEMPLATES}/not_saved.html",
        title=_("Not saved"),
        status=status,
        version=version,
        words=text,
        typed=request.POST.get("reason", ""),
    )


def _case_url(request: HttpRequest, version: Version, fragment: str = "") -> str:
    """Back to the screen of the case, which keeps its place in the list."""
    return case_url(version.pk, list_query(request), fragment=fragment)


def _add_note(model_admin: "OfficerAdmin", request: HttpRequest, version: Version) -> HttpResponse:
    form = NoteForm(request.POST)
    if form.is_valid():
        add_note(request, version, form.cleaned_data["text"])
    else:
        messages.error(request, _("Note not added. Enter a note of up to 5,000 characters."))
    return redirect(_case_url(request, version))


def _undo(model_admin: "OfficerAdmin", request: HttpRequest) -> HttpResponse:
    """Undo what this officer did a moment ago, and lead back to where it was offered."""
    back = request.POST.get("back", "")
    if not (back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)):
        back = reverse("admin:proposals_version_changelist")
    try:
        count = undo_events(event_keys(request), by=current_user(request))
    except CannotUndo:
        text = _(
            "Not undone: more than a minute has passed, or somebody has changed it since. Nothing was "
            "changed. You can still change your finding on this page."
        )
        messages.error(request, text)
    else:
        text = ngettext("%(count)s action undone.", "%(count)s actions undone.", count)
        messages.success(request, text % {"count": count})
    return redirect(back)


def _declare_conflict(
    model_admin: "OfficerAdmin", request: HttpRequest, version: Version
) -> HttpResponse:
    form = ConflictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        cases.declare_conflict(
            version.proposal, reason=form.cleaned_data["reason"], by=current_user(request)
        )
        text = _("Conflict recorded. You can no longer open %(number)s.")
        messages.success(request, text % {"number": version.proposal.number})
        return redirect("admin:proposals_version_changelist")
    return model_admin.render(
        request,
        f"{TEMPLATES}/conflict.html",
        title=_("Declare a conflict of interest"),
        status=422 if form.errors else 200,
        version=version,
        form=form,
    )


def _request_clarification(
    model_admin: "OfficerAdmin", request: HttpRequest, version: Version
) -> HttpResponse:
    form = QuestionForm(request.POST or None, initial=_suggested(request, version))
    if request.method == "POST" and form.is_valid():
        try:
            clarifications.request_clarification(
                version, by=current_user(request), **form.cleaned_data
            )
        except clarifications.CannotRequestClarification as refusal:
            form.add_error(None, str(refusal))
        else:
            wakeup.wake_worker()
            messages.success(request, _request_sent_message(version))
            item = form.cleaned_data["item"]
            return redirect(_case_url(request, version, item))
    return model_admin.render(
        request,
        f"{TEMPLATES}/ask.html",
        title=_("Request clarification"),
        status=422 if form.errors else 200,
        version=version,
        form=form,
        addresses=sorted(addresses_of_coordinator(version.proposal)),
    )


def _request_sent_message(version: Version) -> str:
    count = len(addresses_of_coordinator(version.proposal))
    if not count:
        return _(
            "Clarification request published in the applicant's workspace. No email was sent "
            "because no address is known."
        )
    text = ngettext(
        "Clarification request sent by email to %(count)s address and published in the "
        "applicant's workspace.",
        "Clarification request sent by email to %(count)s addresses and published in the "
        "applicant's workspace.",
        count,
    )
    return text % {"count": count}


def _suggested(request: HttpRequest, version: Version) -> dict[str, Any]:
    """A week from now at 17:00 in Brussels; the text of a finding where a line of the sheet led here."""
    item = request.GET.get("item", "")[:60]
    day = clock.now().astimezone(BRUSSELS) + USUAL_TIME_TO_ANSWER
    due_at = datetime(day.year, day.month, day.day, 17, tzinfo=BRUSSELS)
    rule = item.removeprefix("rule:")
    texts = dict(deciding.snippets(version, sheets.newest_verdict(version)))
    result = texts.get(rule, "")
    text = (
        result + "\n\n" + _("Please explain this or send supporting documents.") if result else ""
    )
    return {"due_at": due_at, "item": item, "text": text}


def _reply_file(
    model_admin: "OfficerAdmin", request: HttpRequest, version: Version, file: int
) -> HttpResponseBase:
    """A PDF that came with an answer; nothing out of quarantine."""
    reply_file = get_object_or_404(
        ClarificationFile, pk=file, reply__clarification_request__version=version
    )
    if not reply_file.can_be_opened:
        return render(request, "workspace/quarantine.html", {"file": reply_file}, status=409)
    cases.log_read(version, reply_file.name, by=current_user(request))
    return FileResponse(
        reply_file.open(),
        as_attachment=True,
        filename=reply_file.download_name,
        content_type="application/pdf",
    )
