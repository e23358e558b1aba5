"""What no browser sends gets a page that says so: no header of a stranger makes a page fail."""

from io import BytesIO

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory
from django.urls import reverse

from applicants.models import User
from applicants.tests.factories import make_user
from cosme_portal.handler import Handler
from cosme_portal.limits import CHEAP_READS, POST_ONLY
from cosme_portal.middleware import WAYS_OUT
from cosme_portal.tests.test_every_parameter import routes
from cosme_portal.tests.test_limits import ROUTES
from proposals.tests.factories import make_draft, make_officer

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=B"
CODECS = [
    "zlib",
    "base64",
    "rot13",
    "undefined",
    "idna",
    "utf-7",
    "utf-16",
    "iso-8859-1",
    "no-such",
]


@pytest.fixture
def handler():
    """The portal as the web server calls it; the test client makes requests in a way of its own."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield Handler()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def asked(handler, path, **environ):
    """Status and page of a request."""
    made = RequestFactory().generic(environ.pop("method", "GET"), path)
    body = environ.pop("body", b"")
    statuses = []
    environ = made.environ | {
        "wsgi.input": BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        **environ,
    }
    parts = handler(environ, lambda status, _headers: statuses.append(status))
    page = b"".join(parts).decode()
    parts.close()
    return int(statuses[0][:3]), page


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("path", ["/", "/partners/?q=%E9", "/no-such-page/?q=Tromsø"])
def test_an_address_is_read_as_utf_8_whatever_its_sender_says(call, handler, codec, path):
    status, page = asked(handler, path, CONTENT_TYPE=f"text/plain; charset={codec}")
    assert status == (404 if "no-such" in path else 200) and "</html>" in page


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"subject=a%E9"),
        (PARTS, b'--B\r\nContent-Disposition: form-data; name="subject"\r\n\r\na\xe9\r\n--B--\r\n'),
    ],
)
def test_a_form_in_other_signs_than_utf_8_is_refused_with_a_page(call, handler, codec, kind, body):
    sent = {"method": "POST", "body": body, "CONTENT_TYPE": f"{kind}; charset={codec}"}
    status, page = asked(handler, "/helpdesk/", **sent)
    assert status == 400 and "</html>" in page


@pytest.mark.parametrize("header", ["HTTP_ORIGIN", "HTTP_REFERER"])
@pytest.mark.parametrize("source", ["http://[", "http://a]b", "http://\uff0f.example"])
def test_a_form_from_what_is_no_address_is_refused_with_a_page(call, header, source):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())
    answer = client.post("/helpdesk/", {"subject": "Why?"}, **{header: source})
    assert answer.status_code == 403 and "Why?" not in answer.content.decode()


@pytest.mark.parametrize(
    "key", ['"\\000aaaaaaaaaaaaaaa"', "a" * 5000, "short", '"\\012aaaaaaaaaaa"']
)
@pytest.mark.parametrize("path", ["/", "/proposals/", "/account/login/", "/admin/"])
def test_a_cookie_that_is_no_session_is_nobodys(call, client, key, path):
    answer = client.get(path, headers={"cookie": f"sessionid={key}"})
    assert answer.status_code in {200, 302} and not answer.wsgi_request.user.is_authenticated


def test_sessions_of_people_are_found_still(call, client):
    lead = make_user()
    client.force_login(lead)
    make_draft(call, lead=lead)
    assert client.get("/proposals/").status_code == 200
    assert User.objects.filter(pk=client.session["_auth_user_id"]).exists()


@pytest.mark.parametrize("name", CHEAP_READS[POST_ONLY])
def test_an_address_that_only_takes_forms_says_so(call, client, name):
    client.force_login(make_user())
    result = next(arguments for route, arguments, _path in routes() if route == name)
    numbers = {"pk", "person_pk", "invitation_pk"}
    path = reverse(name, kwargs={item: 1 if item in numbers else "AAAA-AAAA" for item in result})
    answer = client.get(path)
    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
    assert "</html>" in answer.content.decode()
    assert client.put(path).content


def test_what_is_made_for_somebody_is_kept_by_no_cache_on_the_way(call, client):
    anyone = Client().get("/")
    assert anyone.headers["Cache-Control"] == "public, max-age=60"
    lead = make_user()
    client.force_login(lead)
    draft = make_draft(call, lead=lead)
    page = client.get(draft.get_absolute_url())
    file = client.get(f"{draft.get_absolute_url()}deadline.ics")
    cache_headers = [item.headers["Cache-Control"] for item in (page, file)]
    assert cache_headers == ["private, no-cache", "private, no-store"]


@pytest.mark.parametrize("way_out", sorted(WAYS_OUT))
def test_who_logs_out_has_the_cache_of_the_browser_emptied(client, way_out):
    client.force_login(make_officer())
    for page in ("proposals:mine", "account_logout"):  # which only asks
        assert "Clear-Site-Data" not in client.get(reverse(page)).headers
    assert client.post(reverse(way_out)).headers["Clear-Site-Data"] == '"cache"'
    assert "_auth_user_id" not in client.session


def test_every_way_out_is_known():
    assert {route for route in ROUTES if "logout" in route} == WAYS_OUT


def test_whose_login_expired_keeps_in_the_browser_what_they_typed(client):
    client.force_login(make_user())
    client.session.flush()
    assert "Clear-Site-Data" not in client.get(reverse("proposals:mine")).headers


def test_a_stranger_cannot_empty_anybodys_browser():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())
    answer = client.post(reverse("account_logout"))
    assert answer.status_code == 403 and "Clear-Site-Data" not in answer.headers
