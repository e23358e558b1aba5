"""What people typed, and what is noted of it, is kept and shown whole; where it is not, a sentence says so."""

import ast
import io
import re
import zipfile

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_organisation, make_user
from foundation.search_words import searched
from proposals.audit import activity
from proposals.audit.sealed_access import log_sealed_access_attempt
from proposals.delivery.emails import EmailContent, queue_email
from proposals.models import (
    CaseEvent,
    PartnershipRequest,
    ProposalActivity,
    QueuedEmail,
    SealedAccessAttempt,
)
from proposals.officers.cases import log_event
from proposals.partnering.views.saved_searches import RequestFeed
from proposals.reporting import export_tables
from proposals.tests.factories import make_draft, make_officer

LONG = "ж" * 5000
PACKAGES = ("applicants", "calls", "cosme_portal", "foundation", "proposals")
NO_PEOPLE = {"tests", "migrations", "bench"}  # these show nothing to people
SHORTEST = 30  # what is cut shorter is a hash or a code

# Each beginning of a text that is taken, by file and limit, and why nobody loses anything by it.
ALLOWED = {
    ("calls/rehearsals.py", "MAX_TITLE_LENGTH - 1"): "ends in …; the call itself has the title",
    ("calls/rehearsals.py", "MAX_REFERENCE_LENGTH - len(ending)"): "a reference that is made here",
    ("calls/call_file.py", "MAX_SHOWN"): "ends in …; the file is the person's",
    ("calls/call_file.py", "MAX_SIZE"): "longer files are refused",
    ("calls/database_clock.py", "100"): "a name that the machine has",
    ("foundation/folding.py", "MAX_WORD_LENGTH"): "words are compared so on both sides",
    ("foundation/numbers.py", "MAX_DATE_LENGTH"): "no day is as long; it is refused",
    ("foundation/limits.py", "32"): "a hash",
    ("proposals/delivery/emails.py", "32"): "a hash",
    ("proposals/reporting/admin/records.py", "SHORT"): "ends in …; the row leads to the whole",
    ("proposals/screening/admin/sheet.py", "60"): "the name of a line of the sheet",
    ("proposals/screening/search_language.py", "MAX_SHOWN"): "ends in …; the field has the whole",
    ("proposals/reporting/admin/list_rows.py", "MAX_ROWS + 1"): "more rows are refused",
    ("proposals/screening/admin/filters.py", "MAX_TAGS"): "names in a filter; the search has all",
    ("proposals/screening/admin/notification_pages.py", "MAX_SHOWN"): "the newest of a list",
    ("proposals/screening/officer_emails.py", "MAX_NAMED"): "says how many more there are",
    ("cosme_portal/management/commands/new_seal_key.py", "MAX_NAME"): "a name that is made here",
    ("cosme_portal/site_search.py", "MAX_SHOWN"): "hits of each kind, the best of a search",
    ("cosme_portal/site_search.py", "MAX_WORDS"): "a sentence names the words left out",
    ("foundation/csv_import.py", "MAX_SHOWN_LENGTH"): "ends in …; the table is the person's",
    ("proposals/dossier/file_reader.py", "MAX_SHOWN_LENGTH"): "ends in …; the file is the person's",
    ("proposals/dossier/file_reader.py", "MAX_SHOWN_LENGTH + 1"): "as above",
    (
        "proposals/reporting/audit_bundles.py",
        "MAX_NAME_LENGTH",
    ): "a name that is made here; the dossier has the true one",
    (
        "proposals/reporting/export_tables.py",
        "MAX_CELL_LENGTH - len(suffix)",
    ): "says so, and where it is whole",
    ("proposals/models/enquiries.py", "80"): "the name of a row in lists",
    ("proposals/models/workspace.py", "40"): "the name of a row in lists",
    ("proposals/workspace/comments.py", "SHOWN"): "comments, by pages",
    ("proposals/workspace/comments.py", "SHOWN + 1"): "comments, by pages",
    (
        "proposals/workspace/timeline.py",
        "SHOWN + 1",
    ): "events of one page, which leads to the earlier ones",
    (
        "proposals/partnering/search_query.py",
        "MAX_SHOWN_LENGTH",
    ): "ends in …; the address has the whole",
    ("proposals/partnering/search_query.py", "MAX_TYPED_LENGTH"): "a sentence says so",
    ("proposals/partnering/search_query.py", "40"): "the reference of a call, which has no more",
    ("proposals/partnering/organisations.py", "MAX_TYPED_LENGTH"): "a sentence says so",
    (
        "proposals/partnering/organisations.py",
        "MAX_SEARCHED_LENGTH",
    ): "PostgreSQL indexes no more; shown whole",
}
# Numbers of rows: lists lead to the rest by pages, or a sentence says that there are more.
OF_LISTS = re.compile(
    r"MAX_(SIMILAR|ROWS_READ|EMAILS|REASONS|PROBLEMS|IN_EMAIL|IN_FEED|EXPORTED|SELECTED|SUGGESTIONS)\b"
    r"|MAX_(NEIGHBOURS|EVENTS|RESULTS)\b|CHUNK|at_most|MANY|^NAMED$|HEADER_WITHIN"
)


def cuts():
    """Every beginning of a certain length that is taken of something, by file."""
    for package in PACKAGES:
        for path in sorted((settings.ROOT / package).rglob("*.py")):
            if NO_PEOPLE & set(path.parts):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
                    part = node.slice
                    if part.upper is not None and part.lower is None and part.step is None:
                        yield str(path.relative_to(settings.ROOT)), part.upper


def is_of_texts(upper):
    if isinstance(upper, ast.Constant):
        return upper.value >= SHORTEST
    text = ast.unparse(upper)
    return bool(re.search(r"[A-Z]{4}", text)) and not OF_LISTS.search(text)


def test_no_code_cuts_a_text_without_a_reason():
    results = {(path, ast.unparse(upper)) for path, upper in cuts() if is_of_texts(upper)}
    assert results - set(ALLOWED) == set()
    assert set(ALLOWED) - results == set()


def test_templates_cut_only_what_is_whole_one_click_away():
    shown = {
        "partnering/conversations.html",
        "partnering/includes/row.html",
        "dashboard/mine.html",
        "workspace/proposal.html",  # the first points of a section, and how many more there are
    }
    folder = settings.ROOT / "templates"
    results = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and re.search(r"\|(truncate|slice:\":\d)", path.read_text())
    }
    assert results <= shown


def test_words_that_are_not_searched_are_named_each_once():
    assert searched(["a", "b", "a"], 2) == (["a", "b"], "")
    used, left_out = searched(["a", "b", "c", "d"], 2)
    assert used == ["a", "b"] and "c, d" in left_out


def page(path, user=None):
    client = Client()
    if user:
        client.force_login(user)
    answer = client.get(path[0], path[1])
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
def test_every_search_says_which_words_it_left_out(call):
    proposal = make_draft(call)
    text = " ".join(f"word{number}" for number in range(20))
    searches = [
        reverse("proposals:consortium", args=[proposal.number]),
        reverse("partners:search"),
        reverse("partners:organisations"),
    ]
    for path in searches:
        html = page((path, {"q": text}), proposal.started_by)
        assert "Not used" in html and "word19" in html.split("Not used")[1], path
        assert "Not used" not in page((path, {"q": "one two"}), proposal.started_by)


@pytest.mark.django_db
def test_a_long_name_is_looked_for_whole(call):
    proposal = make_draft(call)
    name = "A" * 110 + "lpha"
    make_organisation(legal_name=name)
    path = reverse("proposals:consortium", args=[proposal.number])
    assert name in page((path, {"q": name}), proposal.started_by)
    other = page((path, {"q": "A" * 110 + "x"}), proposal.started_by)
    assert name not in other


@pytest.mark.django_db
def test_the_directory_of_offices_takes_all_words(call):
    text = " ".join(["office"] * 40 + ["nowhere"])
    assert text in page((reverse("enquiries:contact-points"), {"q": text}))


@pytest.mark.django_db
def test_what_is_noted_is_noted_whole(call):
    proposal, officer = make_draft(call), make_officer()
    log_sealed_access_attempt(proposal, officer=officer, path=f"/proposals/{LONG}/")
    activity.log_activity(proposal, ProposalActivity.Kind.INVITED, LONG, by=officer)
    log_event(proposal, CaseEvent.Kind.READ, LONG, by=officer)
    assert SealedAccessAttempt.objects.get().path == f"/proposals/{LONG}/"
    assert ProposalActivity.objects.filter(summary=LONG).exists()
    assert CaseEvent.objects.get().summary == LONG


@pytest.mark.django_db
def test_the_subject_of_a_mail_is_whole():
    text = EmailContent(
        subject=LONG, what_happened="x", status="x", next_step="x", link="/", link_label="x"
    )
    queue_email(text, to=[make_user().email], key="x")
    assert QueuedEmail.objects.get().subject == LONG


def test_the_feed_has_the_whole_text():
    assert RequestFeed().item_description(PartnershipRequest(text=LONG)) == LONG


def test_a_cell_that_excel_cannot_hold_says_that_it_is_cut():
    row = dict.fromkeys(export_tables.COLUMNS, "x" * (export_tables.MAX_CELL_LENGTH + 1))
    row |= {"rules": [], "countries": []}
    book = io.BytesIO()
    export_tables.write_xlsx([row], book)
    with zipfile.ZipFile(book) as archive:
        assert (
            "The CSV and JSON exports contain all of it."
            in archive.read("xl/worksheets/sheet1.xml").decode()
        )
