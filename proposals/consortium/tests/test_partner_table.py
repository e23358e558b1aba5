"""Partners from a table: what is read, what a row would do, and what is stored only after a yes."""

import csv
import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook

from applicants.models import Organisation
from applicants.tests.factories import make_organisation
from foundation.csv_import import InvalidCsv
from foundation.tests.hostile_texts import HOSTILE
from foundation.text import unsafe_in
from proposals.consortium.partner_table import MAX_COLUMNS, read_partners, table_in_file
from proposals.tests.factories import make_draft

pytestmark = pytest.mark.django_db

HEADING = ["Legal name", "Kind", "Country", "Contact email", "PIC"]
ROWS = [
    ["Packbridge", "Cluster organisation", "SE", "anna@packbridge.example", "999988877"],
    ["Nanoprogress", "cluster-organisation", "cz", "", ""],
]


def as_text(rows, separator=","):
    result = io.StringIO()
    csv.writer(result, delimiter=separator).writerows([HEADING, *rows])
    return result.getvalue()


def as_workbook(rows, heading=HEADING):
    workbook = Workbook()
    for row in [heading, *rows]:
        workbook.active.append(row)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def url(proposal):
    return reverse("proposals:import-partners", args=[proposal.number])


def send(proposal, **data):
    client = Client()
    client.force_login(proposal.started_by)
    return client.post(url(proposal), data)


def choices_of(answer):
    return {row.line: row.values.get("choice", row.action) for row in answer.context["rows"]}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_pasted_table_is_shown_row_by_row_and_nothing_is_stored(call, separator):
    proposal = make_draft(call)
    before = Organisation.objects.count()
    answer = send(proposal, text=as_text(ROWS, separator))
    assert choices_of(answer) == {2: "new", 3: "new"}
    assert (Organisation.objects.count(), proposal.participants.count()) == (before, 3)


@pytest.mark.parametrize(
    "content",
    [
        as_text(ROWS, ";").encode("utf-8-sig"),
        as_text(ROWS, ";").replace("\r\n", "\r").encode(),
        as_workbook([[*ROWS[0][:4], 999988877.0], ROWS[1]]),
    ],
    ids=["with a mark of UTF-8", "of an old Mac", "workbook"],
)
def test_a_file_is_read_as_spreadsheets_write_it(call, content):
    proposal = make_draft(call)
    file = SimpleUploadedFile("partners", content)
    rows = send(proposal, file=file).context["rows"]
    organisations = [row.values["organisation"] for row in rows]
    assert [(one.legal_name, one.country, one.pic) for one in organisations] == [
        ("Packbridge", "SE", "999988877"),
        ("Nanoprogress", "CZ", ""),
    ]


def test_with_a_yes_the_organisations_are_registered_and_invited(call):
    proposal = make_draft(call)
    version = proposal.sections.get(step="consortium").version
    answer = send(
        proposal, text=as_text(ROWS), do="yes", seen_version=version, message="As agreed in Brno"
    )
    assert answer.status_code == 302
    names = [one.organisation.legal_name for one in proposal.participants.order_by("position")]
    assert names[3:] == ["Packbridge", "Nanoprogress"]
    invitation = proposal.invitations.get()
    assert (invitation.email, invitation.message) == (
        "anna@packbridge.example",
        "As agreed in Brno",
    )
    coordinator = proposal.participants.get(role="coordinator").organisation
    managed = Organisation.objects.filter(managed_by=coordinator, is_findable=False)
    assert managed.count() == 2


def test_a_registered_organisation_is_invited_unless_somebody_chooses_otherwise(call):
    proposal = make_draft(call)
    registered = make_organisation(legal_name="PACKBRIDGE", country="SE")
    assert choices_of(send(proposal, text=as_text(ROWS)))[2] == str(registered.pk)
    version = proposal.sections.get(step="consortium").version
    data = {"text": as_text(ROWS), "do": "yes", "seen_version": version}
    stranger = make_organisation(legal_name="No relation")
    send(proposal, **data, **{"line-2": str(stranger.pk), "line-3": "skip"})
    invited = proposal.participants.get(key="p4")
    assert invited.organisation == registered
    assert proposal.participants.count() == 4


def test_rows_that_cannot_be_used_say_why_and_stop_no_other(call):
    proposal = make_draft(call)
    present = proposal.participants.get(key="p2").organisation
    rows = [
        ["=HYPERLINK()", "company", "FR", "", ""],
        ["No country", "company", "XX", "", ""],
        ["No type", "church", "FR", "", ""],
        ["No address", "company", "FR", "somebody", ""],
        [present.legal_name, "company", present.country, "", ""],
        ROWS[0],
        ROWS[0],
    ]
    answer = send(proposal, text=as_text(rows))
    actions = [row.action for row in answer.context["rows"]]
    assert actions == ["wrong"] * 4 + ["same", "new", "wrong"]
    assert all(row.problems for row in answer.context["rows"] if row.action == "wrong")


def test_a_second_person_who_changed_the_consortium_is_not_overwritten(call):
    proposal = make_draft(call)
    before = Organisation.objects.count()
    answer = send(proposal, text=as_text(ROWS), do="yes", seen_version=1)
    assert answer.status_code == 422
    assert (Organisation.objects.count(), proposal.participants.count()) == (before, 3)


def test_more_organisations_than_one_account_may_register_are_not_stored(call, settings):
    proposal = make_draft(call)
    settings.LIMITS_APPLY = True
    rows = [[f"Cluster number {number}", "company", "FR", "", ""] for number in range(45)]
    before = Organisation.objects.count()
    answer = send(
        proposal,
        text=as_text(rows),
        do="yes",
        seen_version=proposal.sections.get(step="consortium").version,
    )
    assert answer.status_code == 422
    assert (Organisation.objects.count(), proposal.participants.count()) == (before, 3)


@pytest.mark.parametrize(
    "text",
    ["", "Legal name,Country\nA,FR\n", as_text([["X", "company", "FR", "", ""]] * 51)],
    ids=["nothing", "no column of types", "too many rows"],
)
def test_a_table_that_cannot_be_used_is_refused_with_what_was_pasted(call, text):
    proposal = make_draft(call)
    answer = send(proposal, text=text)
    assert answer.status_code == 422
    assert answer.context["form"]["text"].value() == text


def test_no_unsafe_text_gets_into_a_row(call):
    proposal = make_draft(call)
    for hostile in HOSTILE:
        table = as_text([[f"A{hostile.text}", "company", "FR", "", ""]])
        try:
            rows = read_partners(table, proposal)
        except InvalidCsv:
            continue
        texts = [text for row in rows for text in (*row.cells.values(), *row.problems)]
        assert not any(unsafe_in(text) for text in texts), hostile


def bomb():
    """A workbook with one cell that unpacks to hundreds of megabytes."""
    content = io.BytesIO(as_workbook(ROWS))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(
                b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
                b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>'
            )
            for _turn in range(400):
                part.write(b"x" * 1_000_000)
            part.write(b"</t></is></c></row></sheetData></worksheet>")
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 and nothing more",
        b"\xff\xfeL\x00e\x00g\x00a\x00l\x00",
        b"x" * (10 * 1024 * 1024 + 1),
        as_text([["x" * 9000, "company", "FR", "", ""]] * 40).encode(),
        as_workbook([["x" * 30_000] * MAX_COLUMNS] * 40),
    ],
    ids=["no workbook", "UTF-16", "too large", "too long", "a workbook that is too long"],
)
def test_a_file_that_cannot_be_read_is_refused(content):
    with pytest.raises(InvalidCsv):
        table_in_file(content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_workbook_that_swells_ends_in_its_child_process(settings):
    settings.FILE_CHECK_SECONDS = 5
    with pytest.raises(InvalidCsv):
        table_in_file(bomb())


def test_a_workbook_with_many_empty_rows_is_read_to_the_limit():
    content = as_workbook([[None] * 5] * 30 + ROWS)
    assert table_in_file(content).count("\n") == 33
