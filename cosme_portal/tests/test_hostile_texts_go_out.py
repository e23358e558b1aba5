"""Whatever people typed, the files and headers that the portal sends stay what they claim to be."""

import csv
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core.mail import EmailMultiAlternatives
from django.http import FileResponse
from django.utils.feedgenerator import Atom1Feed
from icalendar import Calendar

from calls.calendars import calendar_of
from conftest import AFTERNOON
from foundation.tests.hostile_texts import HOSTILE
from foundation.text import clean_file_name, clean_line, clean_text, safe_in_xml
from proposals.models import PartnershipRequest
from proposals.partnering import tables as requests
from proposals.partnering.views.saved_searches import RequestFeed
from proposals.reporting import export_tables
from proposals.reporting.audit_bundles import safe_name

MAX_LINE_LENGTH = 75  # bytes, RFC 5545
LINES = sorted({clean_line(hostile.text) for hostile in HOSTILE} - {""})
TEXTS = sorted({clean_text(hostile.text) for hostile in HOSTILE} - {""})
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r")
UNSEEN = " \n\u00a0\u200b\ufeff\u202e"


def cells_of(content):
    return list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline="")))


def row_of(text):
    """A row with a text in each column that holds one; rules and countries are codes of the portal."""
    return dict.fromkeys(export_tables.COLUMNS, text) | {"rules": [], "countries": []}


def test_tables_of_officers_keep_their_rows_and_hold_no_formula():
    rows = [row_of(text) for text in TEXTS]
    out = io.BytesIO()
    export_tables.write_csv(rows, out)
    cells = cells_of(out.getvalue().decode())
    assert len(cells) == len(rows) + 1
    for row, text in zip(cells[1:], TEXTS, strict=True):
        assert set(row) <= {text, f"'{text}", ""} and len(row) == len(export_tables.COLUMNS)
        assert not row[0].lstrip(UNSEEN).startswith(FORMULA), ascii(text)


def test_workbooks_are_valid_and_hold_no_formula():
    out = io.BytesIO()
    export_tables.write_xlsx([row_of(text) for text in TEXTS], out)
    with zipfile.ZipFile(out) as book:
        sheets = {name: book.read(name) for name in book.namelist() if name.endswith(".xml")}
    for content in sheets.values():
        ET.fromstring(content)  # noqa: S314 -- our own
    assert b"<f>" not in sheets["xl/worksheets/sheet1.xml"]


def test_json_holds_the_texts_as_they_are():
    out = io.BytesIO()
    export_tables.write_json([dict.fromkeys(export_tables.COLUMNS, text) for text in TEXTS], out)
    assert [row["title"] for row in json.loads(out.getvalue())] == TEXTS


def test_requests_go_out_as_csv_and_json_and_feed(monkeypatch):
    row = dict.fromkeys(requests.COLUMNS, "x")
    made = [row | {"title": text, "text": text} for text in TEXTS]
    monkeypatch.setattr(requests, "as_row", lambda item: item)
    cells = cells_of(requests.as_csv(made))
    assert len(cells) == len(TEXTS) + 1
    title = requests.COLUMNS.index("title")
    assert not [item[title] for item in cells[1:] if item[title].lstrip(UNSEEN).startswith(FORMULA)]
    assert [load["title"] for load in json.loads(requests.as_json(made))] == TEXTS
    feed = Atom1Feed("Requests", "/", "")
    for text in [hostile.text for hostile in HOSTILE]:
        item = PartnershipRequest(title=text, text=text)
        feed.add_item(
            RequestFeed().item_title(item),
            "/1",
            RequestFeed().item_description(item),
            author_name=safe_in_xml(text),
        )
    ET.fromstring(feed.writeString("utf-8"))  # noqa: S314 -- our own


@pytest.mark.django_db
def test_calendars_hold_one_event_whatever_the_call_is_called(call):
    deadline = AFTERNOON + timedelta(days=1)
    plain = None
    for title in ["Plain", *LINES, "ж" * 500, "a\nEND:VEVENT\nBEGIN:VEVENT"]:
        call.title = title
        content = calendar_of(call, deadline=deadline, about="1234-5678", path="/")
        lines = content.split(b"\r\n")
        assert all(len(line) <= MAX_LINE_LENGTH for line in lines), ascii(title)
        assert b"\n" not in content.replace(b"\r\n", b"") and b"\r" not in content.replace(
            b"\r\n", b""
        )
        names = [line.partition(b":")[0] for line in lines if not line.startswith(b" ")]
        plain = plain or names
        assert [name.partition(b";")[0] for name in names] == [
            name.partition(b";")[0] for name in plain
        ], ascii(title)
        [event] = Calendar.from_ical(content).walk("VEVENT")
        content.decode()
        assert str(event["summary"]).startswith("Deadline: ")


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_a_file_goes_out_under_its_own_name(hostile):
    name = f"{clean_file_name(hostile.text)}.pdf"
    answer = FileResponse(io.BytesIO(b"x"), as_attachment=True, filename=name)
    header = answer["Content-Disposition"]
    assert header.isascii() and header.isprintable()
    parsed = message_from_bytes(f"Content-Disposition: {header}\n\n".encode(), policy=policy.HTTP)
    assert parsed["Content-Disposition"].content_disposition == "attachment"
    if "/" not in name and "\\" not in name and '"' not in name and "%" not in name:
        assert parsed.get_filename() == name
    inside = safe_name("0" * 64, name)
    assert inside.isascii() and "/" not in inside and ".." not in inside


@pytest.mark.parametrize("line", LINES, ids=ascii)
def test_a_subject_makes_no_other_header(line):
    mail = EmailMultiAlternatives(" ".join(line.split()), line, "a@example.eu", ["b@example.eu"])
    mail.attach_alternative(f"<p>{line}</p>", "text/html")
    sent = message_from_bytes(mail.message().as_bytes(), policy=policy.default)
    assert set(sent.keys()) == {
        "Content-Type",
        "MIME-Version",
        "Subject",
        "From",
        "To",
        "Date",
        "Message-ID",
    }
    assert sent["To"] == "b@example.eu"
