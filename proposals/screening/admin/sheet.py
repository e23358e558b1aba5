"""The screening sheet of a version, and what officers do from there: answer, note, ask, step back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from applicants.autosave import is_autosave
from applicants.fields import TextField
from applicants.once import idempotent
from applicants.web import current_user
from calls.eligibility.facts import Audience
from calls.templatetags.instants import in_words
from foundation import clock
from foundation.fields import MomentField
from foundation.query_batches import (
    Results,
    set_related,
)
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.delivery import wakeup
from proposals.dossier.document import Draft
from proposals.dossier.facts import files_of
from proposals.models import (
    ClarificationFile,
    ClarificationRequest,
    Decision,
    ScreeningAnswer,
    Version,
)
from proposals.officers import cases
from proposals.officers.admin_pages import get_case_or_404
from proposals.proof.receipts import version_context
from proposals.screening import clarifications
from proposals.screening import decisions as deciding
from proposals.screening import sheet as sheets
from proposals.screening.queries import (
    MAX_NEIGHBOURS,
    NEIGHBOUR_COLUMNS,
    fetch_neighbours,
    fetch_sheet,
)
from proposals.submission.notifications import addresses_of_coordinator, contact_persons

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

BRUSSELS = ZoneInfo("Europe/Brussels")
USUAL_TIME_TO_ANSWER = timedelta(days=7)
TEMPLATES = "admin/proposals/version"


class AnswerForm(forms.Form):
    item = forms.CharField(max_length=60)
    answer = forms.ChoiceField(choices=ScreeningAnswer.Answer)
    reason = TextField(max_length=5000, required=False)
    revision = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.HiddenInput)


class NoteForm(forms.Form):
    text = TextField(
        label=gettext_lazy("Note for colleagues"),
        max_length=5000,
        rows=3,
        help_text=gettext_lazy(
            "Applicants cannot see notes. You cannot change a note after adding it."
        ),
    )


class ConflictForm(forms.Form):
    reason = TextField(
        label=gettext_lazy("Nature of the conflict of interest"),
        max_length=2000,
        rows=3,
    )


class QuestionForm(forms.Form):
    text = TextField(
        label=gettext_lazy("Clarification request"),
        max_length=5000,
        rows=8,
    )
    due_at = MomentField(
        label=gettext_lazy("Reply due before (Brussels time)"),
        help_text=gettext_lazy(
            "For example, 21.4.2015 17:00. Replies are then accepted until 16:59:59; 17:00:00 is "
            "too late."
        ),
    )
    item = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)


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
            "<int:pk>/replies/<int:file>/",
            require_safe(of_case(_reply_file)),
            "reply_file",
            "proposals.view_version",
        ),
    ]


def show(model_admin: "OfficerAdmin", request: HttpRequest, version: Version) -> HttpResponse:
    """The sheet; that somebody looked at it is noted."""
    cases.log_read(version, _("The screening sheet"), by=current_user(request))
    return model_admin.render(
        request, f"{TEMPLATES}/sheet.html", title=str(version), **_context(request, version)
    )


def _context(request: HttpRequest, version: Version) -> dict[str, Any]:
    """Of what most cases have none of, only the keys are read first."""
    rows = fetch_sheet(version=version.pk, proposal=version.proposal_id)
    verdicts = rows["verdicts"]
    of_officers = [item for item in verdicts if item.audience == Audience.OFFICER.value]
    of_applicants = (item for item in verdicts if item.audience == Audience.APPLICANT.value)
    version.initial_verdict = next(of_applicants, None)
    verdict = of_officers[-1].verdict if of_officers else None
    decisions = _decisions(version) if rows["decisions"] else []
    context = version_context(version)
    counts = version.proposal.current_version_id == version.pk
    context |= {
        "waits": any(decision.reviewed is None for decision in decisions),
        "verdicts": verdicts,
        "verdict": verdict,
        "being_made": sheets.BEING_MADE,
        "sheet": sheets.sheet_of(version, verdict, _answers_in(rows)),
        "files": files_of(version, context["dossier"]),
        "contacts": contact_persons(Draft(version.proposal)),
        "decisions": decisions,
        "counts": counts,
        "receipt": bool(rows["receipts"]),
        "has_proposal_pdf": bool(rows["proposal_pdfs"]),
        "questions": _clarification_requests(version) if rows["clarification_requests"] else [],
        "notes": (
            list(version.proposal.case_notes.select_related("written_by")) if rows["notes"] else []
        ),
        "note_form": NoteForm(),
        "neighbours": _neighbours(request, version),
        "assignment": version.proposal.assigned,
        "in_force": deciding.decision_in_force(version) if decisions else None,
        "answer_url": reverse("admin:proposals_version_answer", args=[version.pk]),
        "clarification_url": reverse(
            "admin:proposals_version_request_clarification", args=[version.pk]
        ),
        "may_answer": request.user.has_perm("proposals.add_screeninganswer"),
        "may_ask": counts and request.user.has_perm("proposals.add_clarificationrequest"),
    }
    return context


def _answers_in(rows: Results) -> list[ScreeningAnswer]:
    authors = {author.pk: author for author in rows["authors"]}
    for answer in rows["answers"]:
        set_related(answer, answered_by=authors[answer.answered_by_id])
    return rows["answers"]


def _decisions(version: Version) -> list[Decision]:
    related = ("decided_by", "review__reviewed_by", "notice", "reverses")
    return list(version.decisions.with_conditions_since().select_related(*related))


def _clarification_requests(version: Version) -> list[ClarificationRequest]:
    requests = version.clarification_requests.select_related("requested_by", "reply__replied_by")
    return list(requests.prefetch_related("reply__files"))


def _neighbours(request: HttpRequest, version: Version) -> tuple[list[tuple[Any, str]], int]:
    """Other counting versions of the call with an organisation of this one, and which they share.

    At most so many, and how many there are beside them.
    """
    rows = fetch_neighbours(
        officer=current_user(request).pk,
        moment=clock.now(),
        call=version.proposal.call.pk,
        proposal=version.proposal_id,
        organisations=version.organisations,
    )
    names = {organisation.pk: organisation.name for organisation in rows["organisations"]}
    results = [dict(zip(NEIGHBOUR_COLUMNS, row, strict=True)) for row in rows["neighbours"]]
    shared = [sorted(set(item["organisations"]) & names.keys()) for item in results]
    texts = [", ".join(names[pk] for pk in pks) for pks in shared]
    total = results[0]["total"] if results else 0
    return list(zip(results, texts, strict=True)), max(0, total - MAX_NEIGHBOURS)


def history(model_admin: "OfficerAdmin", request: HttpRequest, version: Version) -> HttpResponse:
    """All that officers did to the case of a version, newest first."""
    events = version.proposal.case_events.select_related("by")
    return model_admin.render(
        request,
        f"{TEMPLATES}/history.html",
        title=_("History of %(number)s") % {"number": version.proposal.number},
        version=version,
        events=list(events[:MAX_EVENTS]),
        more=max(0, events.count() - MAX_EVENTS),
    )


MAX_EVENTS = 500


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
    if not is_autosave(request):
        return redirect(_line_in_sheet(version, saved.item))
    stored = sheets.newest_verdict(version)
    sheet = sheets.sheet_of(version, stored.verdict if stored else None)
    message = _("Saved %(time)s") % {"time": f"{saved.answered_at.astimezone(BRUSSELS):%H:%M:%S}"}
    return JsonResponse(
        {
            "revision": saved.revision,
            "words": message,
            "progress": _progress(sheet),
            "answered": sheet.answered,
        }
    )


def _confirm_met(
    model_admin: "OfficerAdmin", request: HttpRequest, version: Version
) -> HttpResponse:
    try:
        agreed = sheets.confirm_met_rules(version, by=current_user(request))
    except sheets.AnsweredMeanwhile as meanwhile:
        messages.error(request, _who_was_faster(meanwhile.current))
    else:
        text = ngettext(
            "You confirmed %(count)s rule that is met.",
            "You confirmed %(count)s rules that are met.",
            agreed,
        )
        messages.success(request, text % {"count": agreed})
    return redirect("admin:proposals_version_change", version.pk)


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


def _line_in_sheet(version: Version, item: str) -> str:
    return reverse("admin:proposals_version_change", args=[version.pk]) + f"#{item}"


def _add_note(model_admin: "OfficerAdmin", request: HttpRequest, version: Version) -> HttpResponse:
    form = NoteForm(request.POST)
    if form.is_valid():
        cases.add_note(version.proposal, form.cleaned_data["text"], by=current_user(request))
        messages.success(request, _("Note added."))
    else:
        messages.error(request, _("Note not added. Enter a note of up to 5,000 characters."))
    return redirect("admin:proposals_version_change", version.pk)


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
            return redirect("admin:proposals_version_change", version.pk)
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
