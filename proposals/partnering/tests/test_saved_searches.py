"""Saved searches with mails, the feed, requests as tables and from tables."""

import csv
import io
import json
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import complete_profile, make_organisation, make_user
from conftest import AFTERNOON
from foundation import clock
from proposals.models import OrganisationBlock, PartnershipRequest, QueuedEmail, SavedSearch
from proposals.partnering.saved_searches import MAX_PER_PERSON, notify_new_requests
from proposals.tests.partners import REQUEST_VALUES, make_owner, make_request

pytestmark = pytest.mark.django_db

SAVE_URL = "/partners/searches/save/"
LATER = AFTERNOON - timedelta(minutes=1)


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


def text_of(answer):
    return " ".join(answer.content.decode().split())


@pytest.fixture
def watcher():
    return make_user()


def save(person, **question):
    with clock.frozen_at(AFTERNOON - timedelta(hours=3)):
        return client_of(person).post(SAVE_URL, {"name": "Photonics"} | question, follow=True)


def test_something_new_that_fits_is_told_once(call, watcher):
    with clock.frozen_at(AFTERNOON - timedelta(hours=4)):
        make_request(call, title="Older photonics")
    save(watcher, q="fotonik", technology="photonics")
    assert notify_new_requests(LATER) == 0
    with clock.frozen_at(LATER):
        make_request(call, title="New photonics")
        make_request(call, title="Textiles", text="Nothing else.", technologies=[])
    SavedSearch.objects.update(seen_until=AFTERNOON - timedelta(hours=2))
    assert notify_new_requests(AFTERNOON) == 1 and notify_new_requests(AFTERNOON) == 0
    mail = QueuedEmail.objects.get(to=watcher.email)
    assert "New photonics" in mail.text and "Older" not in mail.text and "Textiles" not in mail.text
    assert "technology=photonics" in mail.text


def test_the_link_in_a_mail_ends_them_only_when_somebody_says_so(call, watcher):
    save(watcher)
    with clock.frozen_at(LATER):
        make_request(call)
    notify_new_requests(AFTERNOON)
    link = next(
        word
        for word in QueuedEmail.objects.get(to=watcher.email).text.split()
        if "/unsubscribe/" in word
    )
    path = "/" + link.split("/", 3)[3]
    assert "Stop emails about “Photonics”?" in text_of(Client().get(path))
    assert SavedSearch.objects.get().sends_emails
    assert (
        "You will no longer receive emails" in text_of(Client().post(path))
        and not SavedSearch.objects.get().sends_emails
    )
    assert Client().post("/partners/searches/unsubscribe/forged/").status_code == 404


def test_searches_are_kept_forgotten_and_belong_to_one_person(watcher):
    assert "Search saved." in text_of(save(watcher, q="laser"))
    saved, page = SavedSearch.objects.get(), "/partners/searches/"
    stranger = client_of(make_user())
    stranger.post(page, {"search": saved.pk, "do": "forget"})
    assert "laser" in text_of(client_of(watcher).get(page))
    client_of(watcher).post(page, {"search": saved.pk, "do": "no-mails"})
    assert not SavedSearch.objects.get().sends_emails
    client_of(watcher).post(page, {"search": saved.pk, "do": "forget"})
    assert not SavedSearch.objects.exists()
    assert "The search was not saved" in text_of(save(watcher, name="   "))
    for number in range(MAX_PER_PERSON + 1):
        answer = save(watcher, name=f"Search {number}")
    assert "twenty saved searches" in text_of(answer)


def test_the_feed_holds_what_the_search_finds(call):
    request = make_request(call, title="Lasers & <light>", shows_name=False)
    make_request(call, title="Textiles", text="Looms.")
    feed = Client().get("/partners/feed/", {"q": "laser"})
    assert feed["Content-Type"].startswith("application/atom+xml")
    space = "{http://www.w3.org/2005/Atom}"
    entries = ElementTree.fromstring(feed.content).findall(f"{space}entry")  # noqa: S314 -- our own
    assert [entry.find(f"{space}title").text for entry in entries] == ["Lasers & <light>"]
    assert request.organisation.name not in feed.content.decode()


def test_requests_are_taken_out_as_csv_and_json_without_formulas(call):
    make_request(call, title="=HYPERLINK(1)", shows_name=False)
    rows = list(
        csv.DictReader(
            io.StringIO(Client().get("/partners/requests.csv").content.decode("utf-8-sig"))
        )
    )
    assert rows[0]["title"] == "'=HYPERLINK(1)" and rows[0]["organisation"] == ""
    result = json.loads(Client().get("/partners/requests.json", {"country": "FR"}).content)
    assert result[0]["technologies"] == ["photonics"] and result[0]["call"] == call.reference
    assert json.loads(Client().get("/partners/requests.json", {"country": "DE"}).content) == []


HEAD = "kind,role,strands,title,text,languages,technologies,markets,een_reference\n"
GOOD = (
    "offering,partner,3.1,Lasers from Kaunas,We bring lasers.,en|lt,photonics,US,BOLT20150301001\n"
)


def test_a_table_is_shown_row_by_row_before_drafts_are_made(call):
    person, organisation = make_owner()
    client, path = client_of(person), "/partners/import/"
    values = {"organisation": organisation.pk, "call": call.reference}
    wrong = "selling,partner,9.9,,Text,xx,nothing,ZZ,BOLT20150231001\n=x,partner,3.1,T,T,en,,,\n"
    table = HEAD + GOOD + GOOD + wrong
    shown = client.post(path, values | {"file": SimpleUploadedFile("r.csv", table.encode())})
    assert [row.action for row in shown.context["rows"]] == ["new", "same", "wrong", "wrong"]
    page = text_of(shown)
    for text in (
        "kind must be one of",
        "unknown code 9.9",
        "does not exist",
        "must not be a formula",
        "Create 1 draft",
    ):
        assert text in page
    assert not PartnershipRequest.objects.exists()
    done = client.post(path, values | {"text": shown.context["text"], "do": "yes"}, follow=True)
    assert "1 draft created." in text_of(done)
    made = PartnershipRequest.objects.get()
    assert (made.state, made.languages, made.markets) == ("draft", ["en", "lt"], ["US"])
    again = client.post(path, values | {"text": table})
    assert [row.action for row in again.context["rows"]][:2] == ["same", "same"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xff\xfe\x00", "not in UTF-8"),
        (b"title\nx\n", "Columns are missing: kind"),
        (HEAD.encode() + GOOD.encode() * 100_000, "larger than 1 MB"),
        (HEAD.encode() + GOOD.encode() * 1001, "more than 1,000 rows"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_a_sentence(call, content, text):
    person, organisation = make_owner()
    values = {"organisation": organisation.pk, "call": call.reference}
    answer = client_of(person).post(
        "/partners/import/", values | {"file": SimpleUploadedFile("r.csv", content)}
    )
    assert answer.status_code == 422 and text in text_of(answer)
    assert not PartnershipRequest.objects.exists()


def test_nobody_brings_in_requests_for_an_organisation_of_others(call):
    _person, organisation = make_owner()
    stranger, _own = make_owner()
    values = {
        "organisation": organisation.pk,
        "call": call.reference,
        "text": HEAD + GOOD,
        "do": "yes",
    }
    assert client_of(stranger).post("/partners/import/", values).status_code == 422
    assert not PartnershipRequest.objects.exists() and REQUEST_VALUES


def test_pages_of_partner_search_say_where_to_go_on(call, watcher):
    client = client_of(watcher)
    for name in ("mine", "conversations", "saved-searches", "import"):
        assert client.get(reverse(f"partners:{name}")).status_code == 200
        assert Client().get(reverse(f"partners:{name}")).status_code == 302


def test_a_mail_leads_to_each_request_and_leaves_out_own_and_blocked_ones(call, watcher):
    own = make_organisation(by=watcher)
    save(watcher)
    with clock.frozen_at(LATER):
        shown = make_request(call, title="Shown")
        blocked = make_request(call, title="Blocked")
        OrganisationBlock.objects.create(by=own, organisation=blocked.organisation, made_at=LATER)
        complete_profile(own, by=watcher)
        make_request(call, title="Mine", owner=(watcher, own))
    assert notify_new_requests(AFTERNOON) == 1
    text = QueuedEmail.objects.get(to=watcher.email).text
    assert shown.get_absolute_url() in text and "Blocked" not in text and "Mine" not in text
