"""Recording outcomes: for one version, with the texts of its findings, or for many at once."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from applicants.once import idempotent
from applicants.web import current_user
from calls.eligibility import digest_of
from foundation import clock
from foundation.identifiers import key_of, keys_of
from foundation.sentences import gettext as _
from foundation.sentences import ngettext
from proposals.delivery import wakeup
from proposals.models import Decision, DecisionState, Version
from proposals.officers.admin_pages import get_case_or_404
from proposals.screening import bulk, decisions
from proposals.screening.admin.case_forms import DecisionForm, NoteForm
from proposals.screening.admin.case_place import CasePlace, case_url, list_query
from proposals.screening.admin.undo_offers import add_note
from proposals.screening.reversals import next_reversal
from proposals.screening.sheet import BEING_MADE, newest_verdict, sheet_of

if TYPE_CHECKING:
    from proposals.officers.admin_pages import OfficerAdmin

MAX_SELECTED = 200
NO_WORDS = digest_of(["", "", ""])  # of tasks that need none
RIGHTS = {
    bulk.BulkAction.DECIDE: "proposals.add_decision",
    bulk.BulkAction.CONFIRM: "proposals.add_decisionreview",
    bulk.BulkAction.INFORM: "proposals.add_decisionnotice",
}


class SureForm(DecisionForm):
    """Asked for where something speaks against recording it; shown with what that is."""

    sure = forms.BooleanField(
        label=gettext_lazy("I have read these points and want to record the decision anyway"),
        error_messages={"required": gettext_lazy("Confirm that you have read these points.")},
    )


class BulkDecisionForm(DecisionForm):
    with_findings = forms.BooleanField(
        label=gettext_lazy("Add the findings of the automatic check in each case to the reason"),
        required=False,
    )


class BulkConfirmForm(forms.Form):
    """Nothing to fill in: what is confirmed is shown."""


FORMS: dict[str, type[forms.Form]] = {
    bulk.BulkAction.DECIDE: BulkDecisionForm,
    bulk.BulkAction.CONFIRM: BulkConfirmForm,
    bulk.BulkAction.INFORM: BulkConfirmForm,
}


def urls_of(model_admin: "OfficerAdmin") -> list[Any]:
    def decide(request: HttpRequest, pk: int) -> HttpResponse:
        return _decide(model_admin, request, get_case_or_404(request, pk))

    def go_on(request: HttpRequest, pk: int) -> HttpResponse:
        return _save_and_go_on(model_admin, request, get_case_or_404(request, pk))

    def many(request: HttpRequest, task: str) -> HttpResponse:
        return _many(model_admin, request, task)

    # The right for a task is asked in `_many`: one address serves all three.
    return [
        model_admin.url("<int:pk>/decide/", decide, "decide", "proposals.add_decision"),
        model_admin.url(
            "<int:pk>/next/", require_POST(idempotent(go_on)), "next", "proposals.add_casenote"
        ),
        model_admin.url("bulk/<str:task>/", require_POST(many), "bulk", "proposals.view_version"),
    ]


def _decide(
    model_admin: "OfficerAdmin",
    request: HttpRequest,
    version: Version,
    *,
    leads_to: str = "",
    text_form: forms.Form | None = None,
) -> HttpResponse:
    """The page of a decision; once it is recorded, on to `leads_to`, or back to the case."""
    texts = decisions.snippets(version, newest_verdict(version))
    if request.POST.getlist("add"):
        return _show_decision(
            model_admin, request, version, _with_findings(request, texts), text_form=text_form
        )
    form: forms.Form = DecisionForm(request.POST or None, initial=_sent_back_words(version))
    remarks: list[str] = []
    if request.method == "POST" and form.is_valid():
        remarks = decisions.remarks_on(
            version, form.cleaned_data["outcome"], by=current_user(request)
        )
        form = SureForm(request.POST) if remarks else form
    if request.method == "POST" and form.is_valid() and _record(request, version, form):
        return redirect(leads_to or case_url(version.pk, list_query(request)))
    return _show_decision(model_admin, request, version, form, remarks=remarks, text_form=text_form)


def _with_findings(request: HttpRequest, texts: list[tuple[str, str]]) -> forms.Form:
    """The form with the texts of chosen findings added to its reason."""
    values, adds = request.POST.dict(), request.POST.getlist("add")
    present = str(values.get("reason", "")).strip()
    chosen = [text for rule, text in texts if rule in adds and text not in present]
    values["reason"] = "\n\n".join([present, *chosen]).strip()
    return DecisionForm(initial=values)


def _record(request: HttpRequest, version: Version, form: forms.Form) -> bool:
    """Whether the decision was recorded; if not, the form says why."""
    form.cleaned_data.pop("sure", None)
    try:
        decisions.record_decision(version, by=current_user(request), **form.cleaned_data)
    except (decisions.CannotDecide, decisions.StillSealed) as refusal:
        form.add_error(None, str(refusal))
        return False
    text = _("Decision recorded. It takes effect once a second officer confirms it.")
    messages.success(request, text)
    return True


def _show_decision(
    model_admin: "OfficerAdmin",
    request: HttpRequest,
    version: Version,
    form: forms.Form,
    *,
    remarks: Iterable[str] = (),
    text_form: forms.Form | None = None,
) -> HttpResponse:
    stored = newest_verdict(version)
    verdict = stored.verdict if stored else None
    has_errors = form.errors or (text_form is not None and text_form.errors)
    return model_admin.render(
        request,
        "admin/proposals/version/decide.html",
        title=_("Record a decision"),
        status=422 if has_errors else 200,
        version=version,
        sheet=sheet_of(version, verdict),
        verdict=verdict,
        being_made=BEING_MADE,
        form=form,
        note_form=text_form,
        next_case=request.POST.get("next", ""),
        case_url=case_url(version.pk, list_query(request)),
        texts=decisions.snippets(version, stored),
        remarks=remarks,
        sent_back=_sent_back(version),
        reversal=next_reversal(version),
        obstacle=decisions.why_not_decidable(
            version, proposal=version.proposal, by=current_user(request)
        ),
    )


def _save_and_go_on(
    model_admin: "OfficerAdmin", request: HttpRequest, version: Version
) -> HttpResponse:
    """Keep the note and the decision that were typed, if any, and lead to the next case of the list.

    All or nothing: where the decision cannot be recorded, the page comes back with both texts.
    """
    has_text = bool(request.POST.get("text", "").strip())
    text_form = NoteForm(request.POST) if has_text else None
    if text_form is not None and not text_form.is_valid():
        form = DecisionForm(initial=request.POST.dict())
        return _show_decision(model_admin, request, version, form, text_form=text_form)
    response: HttpResponse = redirect(_next_case(request))
    if _is_decision_typed(request):
        response = _decide(
            model_admin, request, version, leads_to=_next_case(request), text_form=text_form
        )
    if text_form is not None and response.status_code == HTTPStatus.FOUND:
        add_note(request, version, text_form.cleaned_data["text"])
    return response


def _is_decision_typed(request: HttpRequest) -> bool:
    values = (request.POST.get(name, "").strip() for name in ("outcome", "reason"))
    return request.user.has_perm("proposals.add_decision") and any(values)


def _next_case(request: HttpRequest) -> str:
    """What followed when the page was made: a case that is decided may not be in the list any more."""
    key = key_of(request.POST.get("next", ""))
    query = list_query(request)
    return case_url(key, query) if key else CasePlace(query).list_url


def _sent_back(version: Version) -> Decision | None:
    """The newest outcome, where a colleague has sent it back."""
    newest = version.decisions.select_related("review__reviewed_by").order_by("-pk").first()
    is_back = newest is not None and newest.state == DecisionState.SENT_BACK
    return newest if is_back else None


def _sent_back_words(version: Version) -> dict[str, str]:
    decision = _sent_back(version)
    return {"outcome": decision.outcome, "reason": decision.reason} if decision else {}


def begin_bulk(
    model_admin: "OfficerAdmin", request: HttpRequest, task: str, versions: QuerySet[Version]
) -> HttpResponse:
    """The page that shows what would be done to the chosen versions."""
    if versions.count() > MAX_SELECTED:
        text = _("You can process up to %(most)s cases at once. Select fewer cases.")
        messages.error(request, text % {"most": MAX_SELECTED})
        return redirect("admin:proposals_version_changelist")
    return _shown(
        model_admin, request, task, list(_select_again(request, list(versions))), FORMS[task]()
    )


def _many(model_admin: "OfficerAdmin", request: HttpRequest, task: str) -> HttpResponse:
    if task not in RIGHTS or not request.user.has_perm(RIGHTS[bulk.BulkAction(task)]):
        raise PermissionDenied
    marks = _marks(request)
    form = FORMS[task](request.POST)
    asked_to_do = "do" in request.POST and form.is_valid()
    is_as_shown = asked_to_do and request.POST.get("shown", "") == _digest_of_words(form)
    if asked_to_do and not is_as_shown:
        messages.warning(
            request,
            _(
                "Nothing was recorded because the decision or the reason changed after the "
                "preview. Check the new preview."
            ),
        )
    if not is_as_shown:
        versions = list(_select_again(request, [*marks, *_left_out(request)]))
        return _shown(model_admin, request, task, versions, form, is_preview=form.is_valid())
    try:
        done = bulk.run(
            task,
            marks,
            by=current_user(request),
            versions=lambda: list(_select_again(request, list(marks))),
            seen=_seen(request),
            **form.cleaned_data,
        )
    except bulk.CasesChanged as change:
        versions = list(_select_again(request, list(marks)))
        return _shown(model_admin, request, task, versions, form, changed=change.sentences)
    if task == bulk.BulkAction.INFORM:
        wakeup.wake_worker()
    _show_result(request, done)
    return redirect("admin:proposals_version_changelist")


def _show_result(request: HttpRequest, done: bulk.Done) -> None:
    if done.count:
        text = ngettext("%(count)s case processed.", "%(count)s cases processed.", done.count)
        messages.success(request, text % {"count": done.count})
    if done.left:
        text = _("Not processed because you did not confirm their remarks: %(cases)s.")
        named = ", ".join(str(version) for version in done.left)
        messages.warning(request, text % {"cases": named})


def _seen(request: HttpRequest) -> set[int]:
    """Cases whose remarks the officer has ticked."""
    return set(keys_of(request.POST.getlist("seen")[:MAX_SELECTED]))


def _marks(request: HttpRequest) -> dict[int, str]:
    """What the officer was shown: "pk:mark" for each case."""
    pairs = [text.partition(":") for text in request.POST.getlist("case")[:MAX_SELECTED]]
    return {key: mark for pk, _colon, mark in pairs if (key := key_of(pk)) is not None}


def _left_out(request: HttpRequest) -> list[int]:
    """Chosen cases to which it cannot be done; they are named again on each page."""
    return keys_of(request.POST.getlist("left_out")[:MAX_SELECTED])


def _digest_of_words(form: forms.Form) -> str:
    """Names outcome and reason as they were shown, so that no others are recorded."""
    values = form.cleaned_data
    return digest_of([str(values.get(name, "")) for name in ("outcome", "reason", "with_findings")])


def _select_again(request: HttpRequest, chosen: list[Any]) -> QuerySet[Version]:
    readable = Version.objects.open_to(current_user(request), clock.now())
    return readable.filter(pk__in=[getattr(item, "pk", item) for item in chosen]).select_related(
        "proposal__strand__call"
    )


def _shown(
    model_admin: "OfficerAdmin",
    request: HttpRequest,
    task: str,
    versions: list[Version],
    form: forms.Form,
    *,
    is_preview: bool = False,
    changed: Any = (),
) -> HttpResponse:
    values = form.cleaned_data if is_preview or changed else {}
    names = ("outcome", "reason", "with_findings")
    words = {name: values[name] for name in names if name in values}
    cases = bulk.cases_for(task, versions, by=current_user(request), **words)
    titles = {
        bulk.BulkAction.DECIDE: _("Record the same decision for all"),
        bulk.BulkAction.CONFIRM: _("Confirm colleagues' decisions"),
        bulk.BulkAction.INFORM: _("Send decision letters"),
    }
    outcomes = dict(Decision.OutcomeChoices.choices)
    return model_admin.render(
        request,
        "admin/proposals/version/bulk.html",
        title=titles[bulk.BulkAction(task)],
        status=409 if changed else 422 if form.errors else 200,
        task=task,
        form=form,
        cases=[case for case in cases if not case.obstacle],
        left_out=[case for case in cases if case.obstacle],
        is_preview=is_preview or task != bulk.BulkAction.DECIDE,
        shown=_digest_of_words(form) if form.is_bound and form.is_valid() else NO_WORDS,
        changed=list(changed),
        outcome=outcomes.get(values.get("outcome", ""), ""),
        seen=_seen(request),
        has_remarks=any(case.remarks and not case.obstacle for case in cases),
    )
