"""The log of production is JSON without texts, addresses and queries; a known outage is one line."""

import io
import json
import logging
import re

import psycopg2
import pytest
import redis
from celery.signals import task_prerun
from django.db import IntegrityError, OperationalError
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError as PublishFailed

from applicants.tests.factories import PASSWORD, make_user
from cosme_portal import views
from cosme_portal.celery import app
from cosme_portal.tests.test_settings import start
from foundation import logs
from foundation.errors import in_full, outage_of
from proposals.tests.factories import make_ready

TEXT = "Photonics for everyone"
EMAIL = "ana.secret@cluster.example"
QUERY = "q=hydrogen&token=4f7a9c"
SECRETS = re.compile(
    r"hotonics|everyone|secret|cluster|hydrogen|4f7a9c|203\.0\.113|evil", re.IGNORECASE
)


def _forget_levels():
    logging.root.manager._clear_cache()  # noqa: SLF001 -- as Logger.setLevel does


@pytest.fixture
def lines(monkeypatch):
    """What production writes while the test runs, as objects; each is one line."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    for name in ("", "portal", "portal.request", "celery"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.INFO)
    monkeypatch.setattr(logging.getLogger("django.request"), "level", logging.CRITICAL)
    _forget_levels()
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    monkeypatch.undo()
    _forget_levels()


def error_with(text):
    try:
        try:
            raise ValueError(text)
        except ValueError as cause:
            raise IntegrityError(f"Key (email)=({text}) already exists.") from cause
    except IntegrityError as error:
        return error


# --- Nothing of anybody is written --------------------------------------------------------------


@pytest.mark.parametrize("secret", [TEXT, EMAIL, f"/search/?{QUERY}", "203.0.113.9"])
@pytest.mark.parametrize(
    ("name", "message", "args"),
    [
        ("portal.outbox", "%s %s failed: %s", ("receipt", 7, ...)),
        ("portal.outbox", "%(one)s", ({"one": ...},)),
        ("django.template", "%s: %s", ("Not Found", ...)),
        ("django.security.DisallowedHost", ..., ()),
        (
            "celery.app.trace",
            "Task %(name)s[%(id)s]: %(exc)s",
            ({"name": "a", "id": 1, "exc": ...},),
        ),
        ("celery.redirected", ..., ()),
        ("gunicorn.error", "Invalid request from ip=%s: %s", (..., ...)),
        ("weasyprint", "Ignored %s", (...,)),
        ("pyhanko", ..., ()),
        ("py.warnings", ..., ()),
    ],
)
def test_no_text_address_or_query_is_written(lines, secret, name, message, args):
    def filled(value):
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        return secret if value is ... else value

    logging.getLogger(name).error(filled(message), *[filled(item) for item in args])
    logging.getLogger(name).error("It failed.", exc_info=error_with(secret))
    logging.getLogger(name).error("It failed: %s", in_full(error_with(secret)))
    logging.getLogger(name).error("Done", extra={"fields": {"row": secret}, "data": secret})
    assert len(lines()) == 4
    assert not SECRETS.search(json.dumps(lines()))
    assert [line["error"].partition(" at ")[0] for line in lines()[1:3]] == ["IntegrityError"] * 2
    assert all("raise ValueError" in line["traceback"] for line in lines()[1:3])


def test_a_text_in_the_place_of_a_number_is_left_out():
    record = logging.LogRecord("portal.outbox", 40, "", 0, "The row %d failed.", (TEXT,), None)
    assert logs.event_of(record) == "The row %d failed."


def test_what_the_code_names_is_written(lines):
    logging.getLogger("portal.outbox").error("%s %s failed: %s", "receipt", 7, in_full(KeyError()))
    logging.getLogger("portal.limits").info("Limit %s reached", "sign-in")
    logging.getLogger("celery.worker").warning(
        "Task %s took %.1f s", "proposals.tasks.tidy_up", 2.25
    )
    assert [line["event"] for line in lines()] == [
        "receipt 7 failed: KeyError",
        "Limit sign-in reached",
        "Task proposals.tasks.tidy_up took 2.2 s",
    ]
    assert [line["level"] for line in lines()] == ["error", "info", "warning"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", lines()[0]["time"])


@pytest.mark.django_db
def test_requests_leave_no_text_address_or_query(lines, call, monkeypatch):
    user = make_user(email=EMAIL)
    proposal = make_ready(call, lead=user)
    client = Client(raise_request_exception=False, REMOTE_ADDR="203.0.113.9")
    client.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
    client.post(f"/account/login/?next=/{TEXT}", {"login": EMAIL, "password": TEXT})
    client.get(f"/partners/?{QUERY}")
    client.get(f"/{EMAIL}/{TEXT}?{QUERY}", headers={"X-Request-ID": TEXT, "User-Agent": TEXT})
    client.post(f"/proposals/{proposal.number}/steps/summary/", {"title_text": TEXT, "nul": "\0"})
    client.get("/privacy/", HTTP_HOST="evil.example")
    monkeypatch.setattr(views, "render", lambda *_args: raise_error(error_with(EMAIL)))
    client.get(f"/privacy/?{QUERY}")
    assert len(lines()) >= 7
    assert not SECRETS.search(json.dumps(lines()))


def raise_error(error):
    raise error


# --- The line of a request ----------------------------------------------------------------------


def request_lines(lines):
    return [line for line in lines() if line["logger"] == "portal.request"]


@pytest.mark.django_db
def test_a_request_is_one_line_with_route_status_duration_and_account(lines, client):
    user = make_user()
    client.force_login(user)
    answer = client.get(reverse("proposals:mine"))
    (line,) = request_lines(lines)
    assert line["duration_ms"] >= 0
    assert {name: line[name] for name in ("level", "method", "route", "status", "account")} == {
        "level": "info",
        "method": "GET",
        "route": "proposals:mine",
        "status": 200,
        "account": user.pk,
    }
    assert line["request"] == answer.headers["X-Request-ID"]


@pytest.mark.django_db
def test_every_line_of_a_request_has_its_id(lines, client, limits_apply):
    for _attempt in range(11):
        answer = client.post("/account/login/", {"login": EMAIL, "password": "wrong"})
    of_limit, of_request = lines()[-2:]
    assert of_limit["event"] == "Limit sign-in reached"
    assert of_limit["request"] == of_request["request"] == answer.headers["X-Request-ID"]
    logging.getLogger("portal").info("Afterwards")
    assert "request" not in lines()[-1]


@pytest.mark.parametrize(
    ("peer", "request_id", "is_taken"),
    [
        ("10.0.0.1", "8f14e45fceea167a", True),
        ("10.0.0.2", "8f14e45fceea167a", False),
        ("10.0.0.1", "short", False),
        ("10.0.0.1", 'x" injected="1', False),
        ("10.0.0.1", "x" * 65, False),
    ],
)
@pytest.mark.django_db
def test_only_a_trusted_proxy_names_a_request(client, settings, peer, request_id, is_taken):
    settings.TRUSTED_PROXIES = frozenset({"10.0.0.1"})
    answer = client.get("/privacy/", REMOTE_ADDR=peer, headers={"X-Request-ID": request_id})
    assert (answer.headers["X-Request-ID"] == request_id) is is_taken
    assert re.fullmatch(r"[0-9a-zA-Z-]{8,64}", answer.headers["X-Request-ID"])


@pytest.mark.django_db
def test_an_error_nobody_handled_is_on_the_line_of_its_request(lines, monkeypatch):
    monkeypatch.setattr(views, "render", lambda *_args: raise_error(error_with(TEXT)))
    assert Client(raise_request_exception=False).get("/privacy/").status_code == 500
    (line,) = request_lines(lines)
    assert (line["level"], line["route"], line["status"]) == ("error", "privacy", 500)
    assert line["error"].startswith("IntegrityError at ")
    assert "in privacy" in line["traceback"]


@pytest.mark.django_db
def test_health_and_files_are_not_logged(lines, client):
    client.get("/health/live")
    client.get("/static/css/none.css")
    assert lines() == []


# --- Outages ------------------------------------------------------------------------------------


def connection_refused():
    try:
        psycopg2.connect("postgresql://nobody@127.0.0.1:9/none", connect_timeout=1)
    except psycopg2.OperationalError as error:
        return raised(OperationalError(str(error)), error)


def raised(error, cause=None):
    try:
        raise error from cause
    except type(error) as result:
        return result


class Shutdown(psycopg2.OperationalError):
    pgcode = "57P01"


class Deadlock(psycopg2.OperationalError):
    pgcode = "40P01"


OUTAGES = [
    (connection_refused, "database"),
    (lambda: raised(OperationalError("closed"), Shutdown()), "database"),
    (lambda: raised(psycopg2.InterfaceError("connection already closed")), "database"),
    (lambda: raised(redis.exceptions.ConnectionError("Error 111 connecting to a:1")), "broker"),
    (lambda: raised(redis.exceptions.TimeoutError()), "broker"),
    (lambda: raised(PublishFailed("Error 111")), "broker"),
    (lambda: raised(OperationalError("deadlock"), Deadlock()), ""),
    (lambda: raised(IntegrityError("twice"), psycopg2.IntegrityError()), ""),
    (lambda: raised(ConnectionRefusedError()), ""),
    (lambda: raised(KeyError("a")), ""),
]


@pytest.mark.parametrize(("make", "server"), OUTAGES, ids=range(len(OUTAGES)))
def test_a_known_outage_is_one_line_and_anything_else_has_a_traceback(lines, make, server):
    error = make()
    assert outage_of(error) == server
    logging.getLogger("celery.app.trace").error("Task failed", exc_info=error)
    logging.getLogger("portal.each").error("It failed: %s", in_full(error))
    for line in lines():
        assert line.get("outage", "") == server
        assert ("traceback" in line) is not bool(server)


@pytest.mark.parametrize(("make", "server"), OUTAGES, ids=range(len(OUTAGES)))
def test_a_terminal_shows_an_outage_in_one_line_too(make, server):
    error = make()
    record = logging.LogRecord(
        "x", 40, "", 0, "Failed", (), (type(error), error, error.__traceback__)
    )
    text = logs.ReadableFormatter("{levelname} {message}", style="{").format(record)
    assert text.startswith("ERROR Failed")
    assert ("\n" in text) is not bool(server)


# --- Production ---------------------------------------------------------------------------------

WRITES_LINES = """
import django, logging
django.setup()
logging.getLogger("django.request").error("Internal Server Error: %s", "/secret/")
logging.getLogger("gunicorn.error").error("Error handling request %s", "/secret/")
logging.getLogger("celery.worker").info("Task received")
logging.getLogger("portal.tasks").info("Ready")
"""


def test_production_writes_json_and_nothing_else_does():
    written = start(WRITES_LINES, DJANGO_SETTINGS_MODULE="cosme_portal.settings").stderr
    assert [json.loads(line)["event"] for line in written.splitlines()] == [
        "Error handling request …",
        "Ready",
    ]
    values = {"PORTAL_MODE": "demo", "DJANGO_SETTINGS_MODULE": "cosme_portal.settings"}
    assert (
        "ERROR django.request: Internal Server Error: /secret/"
        in start(WRITES_LINES, **values).stderr
    )


def test_workers_name_their_task_in_every_line(lines):
    try:
        task_prerun.send(sender=None, task_id="x-1", task=app.tasks["proposals.tasks.tidy_up"])
        logging.getLogger("portal.each").info("Done")
    finally:
        logs.bind()
    assert (lines()[0]["task"], lines()[0]["task_id"]) == ("proposals.tasks.tidy_up", "x-1")
