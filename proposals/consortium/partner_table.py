"""Inviting partners from a table: what each row says and would do, and then doing it.

Nothing is kept in between: the page that shows the rows sends the table again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from applicants.forms import OrganisationForm
from applicants.models import Organisation, User
from applicants.organisations import register_partner
from foundation.child_process import Busy, ChildFailed, WorkFailed
from foundation.csv_import import CsvRow, InvalidCsv, RowAction, read_rows, text_of
from foundation.folding import folded_name
from foundation.form_messages import with_label
from foundation.limited_work import in_child
from foundation.limits import allows_sender
from foundation.sentences import gettext as _
from foundation.workbooks import is_workbook
from proposals.consortium.participants import NewParticipant
from proposals.consortium.partners import (
    MAX_AT_ONCE,
    InvitedPartner,
    InvitedPartners,
    invite_partners,
)
from proposals.models import Participant, Proposal
from proposals.steps.forms import InvitedPartnerForm

NEEDED = ("legal_name", "kind", "country")
KNOWN = (
    *NEEDED,
    "cluster_name",
    "acronym",
    "region",
    "town",
    "website",
    "pic",
    "contact_email",
    "role",
)
MAX_COLUMNS = 40
MAX_TEXT_LENGTH = 200_000  # characters of a table; fifty full rows have half of it
NEW, SKIP = "new", "skip"


class TooManyOrganisations(Exception):
    """More new organisations than one account may register within an hour; nothing was stored."""


def table_in_file(content: bytes) -> str:
    """The table in an uploaded file, as CSV: that of a text file, or the first sheet of a workbook.

    Raises:
        InvalidCsv: it is too large, of another kind, damaged, or holds too much.
    """
    if not is_workbook(content):
        text = text_of(content, most=settings.MAX_FILE_SIZE)
    else:
        text = _table_in_workbook(content)
    if len(text) > MAX_TEXT_LENGTH:
        raise InvalidCsv(
            _(
                "The table has more than 200,000 characters. Remove what is not about the partners, or "
                "split it."
            )
        )
    return text


def _table_in_workbook(content: bytes) -> str:
    rows = {"rows": MAX_AT_ONCE + 2, "columns": MAX_COLUMNS}  # a heading, and one too many
    try:
        return str(
            in_child("foundation.workbooks:first_sheet_as_csv", content, queue="tables", **rows)
        )
    except Busy:
        text = _("Too many files are being read at the moment. Try again in a minute.")
    except WorkFailed:
        text = _("This workbook cannot be opened. Save the sheet as “CSV UTF-8” and try again.")
    except ChildFailed:
        text = _(
            "This workbook is too large to be read. Save the sheet as “CSV UTF-8” and try again."
        )
    raise InvalidCsv(text)


def read_partners(text: str, proposal: Proposal) -> list[CsvRow]:
    """Each row with the organisation that it describes, and the registered ones that may be the same.

    `values` of a row that can be used holds `organisation` (not stored), `similar`, `email`, `role`, and
    `choice`: what happens to it unless somebody chooses otherwise.

    Raises:
        InvalidCsv: there is no heading, a column is missing, or there are more than fifty rows.
    """
    taken = set(proposal.participants.values_list("organisation_id", flat=True))
    return read_rows(text, needed=NEEDED, known=KNOWN, check=_checker(taken), most=MAX_AT_ONCE)


def _checker(taken: set[int]) -> Callable[[CsvRow], None]:
    seen: set[tuple[str, str]] = set()

    def check(row: CsvRow) -> None:
        _read_row(row)
        if row.problems:
            return
        organisation = row.values["organisation"]
        keys = {(organisation.country, folded_name(organisation.legal_name))}
        keys |= {("", organisation.pic)} if organisation.pic else set()
        if keys & seen:
            row.problems.append(
                _("This organisation is in an earlier row. Remove one of the two rows.")
            )
        seen.update(keys)
        if any(similar.pk in taken for similar in row.values["similar"]):
            row.action = RowAction.SAME

    return check


def _read_row(row: CsvRow) -> None:
    """Check a row by the forms that people fill in, and note what is wrong."""
    data = {**row.cells, "kind": _kind_in(row), "is_another": "on"}
    form = OrganisationForm(data)
    partner = InvitedPartnerForm({"email": row.cells["contact_email"], "role": _role_in(row)})
    for checked in (form, partner):
        for name, errors in checked.errors.items():
            label = checked.fields[name].label if name in checked.fields else ""
            row.problems += [with_label(label or "", str(error)) for error in errors]
    if row.problems:
        return
    similar = form.similar
    row.values = {
        "organisation": form.save(commit=False),
        "similar": similar,
        "email": partner.cleaned_data["email"],
        "role": partner.chosen_role,
        "choice": str(similar[0].pk) if similar else NEW,
    }


def _kind_in(row: CsvRow) -> str:
    """The code of the type that a cell names by its code or by its words."""
    text = row.cells["kind"].casefold()
    by_words = {str(label).casefold(): code for code, label in Organisation.Kind.choices}
    return by_words.get(text, text)


def _role_in(row: CsvRow) -> str:
    text = row.cells["role"].casefold()
    by_words = {str(label).casefold(): code for code, label in Participant.RoleChoices.choices}
    return by_words.get(text, text)


@transaction.atomic
def invite_from_table(
    proposal: Proposal,
    rows: list[CsvRow],
    *,
    choices: Mapping[int, str],
    message: str,
    seen_version: int,
    by: User,
) -> InvitedPartners:
    """Register and invite what the rows describe.

    `choices` says for a line: "new", "skip", or the number of a similar organisation that is registered.

    Raises:
        TooManyOrganisations: nothing was stored.
        NotOpen, EditConflict: as `invite_partners`.
    """
    partners = []
    steward = proposal.participants.select_related("organisation").get(role="coordinator")
    for row in rows:
        if row.action != RowAction.NEW:
            continue
        organisation = _organisation_for(
            row, choices.get(row.line, ""), steward.organisation, by=by
        )
        if organisation is not None:
            invited = NewParticipant(organisation, row.values["role"], message)
            partners.append(InvitedPartner(invited, row.values["email"]))
    return invite_partners(proposal, partners, seen_version=seen_version, by=by)


def _organisation_for(
    row: CsvRow, choice: str, steward: Organisation, *, by: User
) -> Organisation | None:
    """The registered organisation that was chosen, or a new one; None for a row to leave out."""
    values: Mapping[str, Any] = row.values
    similar = {str(organisation.pk): organisation for organisation in values["similar"]}
    choice = choice if choice in {NEW, SKIP, *similar} else values["choice"]
    if choice == NEW:
        if not allows_sender("new-organisations", by.pk):
            raise TooManyOrganisations
        return register_partner(values["organisation"], steward=steward)
    return similar.get(choice)
