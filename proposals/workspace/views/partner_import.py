"""Inviting partners from a table: a page to bring it, a preview row by row, and then the act."""

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from applicants.once import idempotent
from applicants.step_storage import EditConflict
from applicants.web import current_user, login_required_keep_post
from foundation.csv_import import CsvRow, InvalidCsv, RowAction
from foundation.sentences import gettext as _
from proposals.consortium import drafts
from proposals.consortium.access import base_context, return_input_on_failure
from proposals.consortium.partner_table import (
    KNOWN,
    NEEDED,
    TooManyOrganisations,
    invite_from_table,
    read_partners,
    table_in_file,
)
from proposals.dossier.document import Draft
from proposals.steps.forms import PartnerTableForm, PersonalMessageForm
from proposals.workspace.views.consortium import led_draft, seen_version, show_conflict
from proposals.workspace.views.partners import report_invited

LINE = re.compile(r"line-([0-9]{1,4})")


@login_required_keep_post
@return_input_on_failure
@idempotent
def import_partners(request: HttpRequest, number: str) -> HttpResponse:
    """Partners from a table: first what each row would do; then, with a yes, invitations."""
    draft = led_draft(request, number)
    if request.method != "POST":
        return _table_page(request, draft, PartnerTableForm())
    form = PartnerTableForm(request.POST, request.FILES)
    if not form.is_valid():
        return _table_page(request, draft, form)
    try:
        text = _table_of(form)
        rows = read_partners(text, draft.proposal)
    except InvalidCsv as refusal:
        form.add_error("file" if form.cleaned_data["file"] else "text", str(refusal))
        return _table_page(request, draft, form)
    message_form = PersonalMessageForm(request.POST)
    if "do" in request.POST and message_form.is_valid():
        return _invite(request, draft, rows, text, message_form)
    return _preview(request, draft, rows, text, message_form)


def _table_of(form: PartnerTableForm) -> str:
    """Raises InvalidCsv."""
    file = form.cleaned_data["file"]
    return table_in_file(file.read()) if file else str(form.cleaned_data["text"])


def _table_page(request: HttpRequest, draft: Draft, form: PartnerTableForm) -> HttpResponse:
    context = base_context(draft, "consortium", form=form, known=KNOWN, needed=NEEDED)
    status = 422 if form.errors else 200
    return render(request, "workspace/import_partners.html", context, status=status)


def _preview(
    request: HttpRequest,
    draft: Draft,
    rows: list[CsvRow],
    text: str,
    message_form: PersonalMessageForm,
) -> HttpResponse:
    """The rows, with what was chosen for them before, if the page is shown again."""
    choices = _choices_in(request.POST)
    for row in rows:
        if row.line in choices and row.action == RowAction.NEW:
            row.values["choice"] = choices[row.line]
    was_sent = "do" in request.POST
    context = base_context(
        draft,
        "consortium",
        rows=rows,
        text=text,
        usable=sum(row.action == RowAction.NEW for row in rows),
        message_form=message_form if was_sent else PersonalMessageForm(),
        section=drafts.section_of(draft.proposal, drafts.CONSORTIUM),
    )
    status = 422 if was_sent else 200
    return render(request, "workspace/import_preview.html", context, status=status)


def _choices_in(sent: QueryDict) -> dict[int, str]:
    matches = {name: LINE.fullmatch(name) for name in sent}
    return {int(match[1]): str(sent[name]) for name, match in matches.items() if match}


def _invite(
    request: HttpRequest,
    draft: Draft,
    rows: list[CsvRow],
    text: str,
    message_form: PersonalMessageForm,
) -> HttpResponse:
    arguments: dict[str, Any] = {
        "choices": _choices_in(request.POST),
        "message": message_form.cleaned_data["message"],
        "seen_version": seen_version(request),
        "by": current_user(request),
    }
    try:
        result = invite_from_table(draft.proposal, rows, **arguments)
    except EditConflict as conflict:
        show_conflict(request, conflict, _("invite the partners of your table"))
        return _preview(request, draft, rows, text, message_form)
    except TooManyOrganisations:
        text_of_limit = _(
            "Nothing was stored: too many new organisations within an hour. Leave out some rows, or "
            "try again later."
        )
        messages.warning(request, text_of_limit)
        return _preview(request, draft, rows, text, message_form)
    if not result.participants and not result.taking_part:
        messages.info(request, _("Nobody was invited: every row was left out."))
    report_invited(request, result)
    return redirect("proposals:consortium", draft.proposal.number)
