"""Pages that are the same for every visitor: stored for a minute, compressed, and nothing of anybody in them."""

import gzip
from datetime import timedelta

import pytest
from django.urls import reverse

from applicants.models import User
from conftest import DEADLINE, NEXT_DAY
from foundation import clock

pytestmark = pytest.mark.django_db

PAGES = [
    "/",
    "/programmes/COSME/countries/",
    "/rules/",
    "/accessibility/",
    "/guide/",
    "/search/?q=cluster",
    "/privacy/",
]
GZIP = {"HTTP_ACCEPT_ENCODING": "gzip"}


@pytest.mark.parametrize("path", PAGES)
def test_a_visitor_without_an_account_may_store_it_for_a_minute(call, client, path):
    page = client.get(path)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "public, max-age=60"
    assert "Cookie" in page.headers["Vary"]
    again = client.get(path, headers={"if-none-match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("path", PAGES)
def test_it_is_compressed(call, client, path):
    page = client.get(path)
    compressed = client.get(path, **GZIP)
    assert gzip.decompress(compressed.content) == page.content
    assert "Accept-Encoding" in compressed.headers["Vary"]
    weak = compressed.headers["ETag"]
    assert weak == f"W/{page.headers['ETag']}"
    assert client.get(path, headers={"if-none-match": weak}, **GZIP).status_code == 304


@pytest.mark.parametrize("path", PAGES)
def test_a_page_for_somebody_signed_in_is_neither_stored_nor_compressed(call, client, path):
    client.force_login(User.objects.create_user("ana@reader.example"))
    page = client.get(path, **GZIP)
    assert page.headers["Cache-Control"] == "private, no-cache"
    assert not {"ETag", "Content-Encoding"} & page.headers.keys()


def test_a_page_with_a_csrf_token_is_neither_stored_nor_compressed(call, client, settings):
    settings.CLOCK_IS_MOVABLE = True  # each page has a form then
    page = client.get("/privacy/", **GZIP)
    assert b"csrfmiddlewaretoken" in page.content
    assert not {"ETag", "Content-Encoding", "Cache-Control"} & page.headers.keys()


def test_a_page_with_a_message_is_neither_stored_nor_compressed(call, client):
    client.cookies["messages"] = "whatever"
    assert not {"ETag", "Content-Encoding"} & client.get("/", **GZIP).headers.keys()


def test_the_list_is_stored_until_a_call_closes(call, client):
    with clock.frozen_at(DEADLINE - timedelta(seconds=20)):
        assert client.get("/").headers["Cache-Control"] == "public, max-age=20"


def test_the_time_left_is_stored_by_no_cache(call, client):
    path = reverse("calls:call", args=[call.reference])
    assert client.get(path).headers["Cache-Control"] == "no-cache"
    with clock.frozen_at(NEXT_DAY):
        closed = client.get(path)
        assert closed.headers["Cache-Control"] == "public, max-age=60"
        again = client.get(path, headers={"if-none-match": closed.headers["ETag"]})
        assert again.status_code == 304


def test_what_is_not_found_is_not_stored(call, client):
    assert "Cache-Control" not in client.get("/programmes/NONE/countries/").headers
    assert "ETag" not in client.get("/programmes/COSME/countries/?on=never").headers
