"""Numbers and keys that nothing could hold, in each place that reads one: answered, never an error of the portal."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from applicants.tests.factories import make_user
from applicants.web import bad_request_page

pytestmark = pytest.mark.django_db

HOSTILE = ["9" * 5000, "9" * 30, "-1", "٣٤", "1\0", "9999-99-99"]
READ = re.compile(r"""request\.(?:GET|POST)(?:\.get(?:list)?\(|\[)\s*["']([\w-]+)["']""")
APPS = ("calls", "applicants", "proposals", "cosme_portal")
MANAGEMENT = {"_save": "x", "action": "assign", "rules-TOTAL_FORMS": "9" * 5000}
SETTLED = 500


def names_that_are_read():
    """Every parameter that a view names; one that is added later is tried too."""
    sources = (path for app in APPS for path in (Path(settings.ROOT) / app).rglob("*.py"))
    results = {name for path in sources for name in READ.findall(path.read_text("utf-8"))}
    return sorted({"p", "o", "q", "id", "e", "version", "officers", "_selected_action"} | results)


def addresses(value, patterns=None, start="/"):
    """Every route, its arguments filled with a value; of numbers in addresses only digits arrive."""
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        route = str(entry.pattern).lstrip("^").rstrip("$")
        filled = re.sub(r"<int:\w+>", value if value.isascii() and value.isdigit() else "1", route)
        filled = re.sub(r"<(?:\w+:)?\w+>", value.replace("\0", "%00"), filled)
        if isinstance(entry, URLResolver):
            yield from addresses(value, entry.url_patterns, start + filled)
        elif isinstance(entry, URLPattern) and "(?P" not in filled and "logout" not in filled:
            yield start + filled


@pytest.mark.parametrize("value", HOSTILE, ids=["5000", "30", "negative", "arabic", "nul", "date"])
def test_no_route_fails_at_a_number_that_nothing_could_hold(value, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    client = Client(raise_request_exception=True)
    client.force_login(make_user(is_staff=True, is_superuser=True))
    sent = dict.fromkeys(names_that_are_read(), value)
    for address in addresses(value):
        for method in ("get", "post"):
            answer = getattr(client, method)(
                address, sent | MANAGEMENT if method == "post" else sent
            )
            assert answer.status_code < SETTLED, (method, address[:120])


def test_a_refused_form_says_what_to_do_and_shows_what_was_typed(settings):
    client = Client()
    client.force_login(make_user())
    text = "A text that took half an hour to write."
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.refusing_all"]
    answer = client.post("/partners/searches/", {"text": text})
    assert answer.status_code == 400
    html = answer.content.decode()
    assert "Nothing was saved." in html and "Back button" in html and text in html
    assert "Check the address" in client.get("/partners/searches/").content.decode()


def test_a_form_with_too_many_fields_is_refused_with_a_sentence(settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5
    client = Client()
    client.force_login(make_user())
    answer = client.post("/partners/searches/", {f"f{number}": "x" for number in range(9)})
    assert answer.status_code == 400 and "Back button" in answer.content.decode()


def refusing_all(_get_response):
    """Middleware: every request holds a value that nothing can take."""
    return bad_request_page
