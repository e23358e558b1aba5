"""Errors go to the configured service without anything of anybody; elsewhere nothing is loaded for it."""

import gzip
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import brotli
import pytest

from cosme_portal import error_reports
from cosme_portal.tests.test_settings import start

SECRETS = ("hotonics", "ana.secret", "cluster.example", "hydrogen")

FAILS = """
import django
django.setup()
import logging, os, sys
from cosme_portal import error_reports
error_reports.start_reporting()
import sentry_sdk
from django.db import OperationalError
from foundation.errors import in_full
from foundation.logs import bound

def fail(title):
    try:
        {}[title]
    except KeyError as cause:
        raise ValueError(f"{title} of ana.secret@cluster.example, /search/?q=hydrogen") from cause

log = logging.getLogger("portal.outbox")
sentry_sdk.set_tag("added", "ana.secret@cluster.example")
sentry_sdk.set_user({"email": "ana.secret@cluster.example"})
sentry_sdk.add_breadcrumb(message="Photonics")
try:
    fail("Photonics for everyone")
except ValueError as error:
    with bound(request="8f14e45fceea167a"):
        log.error("%s %s failed: %s", "receipt", 7, in_full(error))
        log.error("Request answered", exc_info=error, extra={"fields": {"route": "privacy", "row": "Photonics!"}})
log.error("%s items failed.", 3)
log.error("No database", exc_info=OperationalError("could not connect"))
log.warning("Only a warning")
"""


@contextmanager
def sentry():
    """A service that stores what it is sent; yields its DSN and the reports."""
    reports = []

    class Store(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            unpack = {"gzip": gzip.decompress, "br": brotli.decompress}
            body = unpack[self.headers["Content-Encoding"]](body)
            reports.append((self.path, body.decode()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args):
            pass

    with HTTPServer(("127.0.0.1", 0), Store) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://key@127.0.0.1:{server.server_port}/1", reports
        finally:
            server.shutdown()
            thread.join()


def events_of(reports):
    """An envelope is lines of JSON: its head, then head and content of each item."""
    lines = [json.loads(line) for _path, body in reports for line in body.splitlines()]
    return [line for line in lines if "platform" in line]


def test_errors_are_reported_without_texts_and_outages_are_not():
    with sentry() as (dsn, reports):
        done = start(FAILS, PORTAL_SENTRY_DSN=dsn, DJANGO_SETTINGS_MODULE="cosme_portal.settings")
    assert done.returncode == 0, done.stderr
    whole = "".join(body for _path, body in reports)
    events = sorted(events_of(reports), key=lambda event: event["message"])
    assert [event["message"] for event in events] == [
        "3 items failed.",
        "Request answered",
        "receipt 7 failed: ValueError",
    ]
    assert not [secret for secret in SECRETS if secret in whole.replace(FAILS, "")]
    _items, request, row = events
    assert request["tags"] == {"request": "8f14e45fceea167a", "route": "privacy", "row": "…"}
    assert [item["type"] for item in row["exception"]["values"]] == ["KeyError", "ValueError"]
    frame = row["exception"]["values"][-1]["stacktrace"]["frames"][-1]
    assert frame["function"] == "fail" and "vars" not in frame
    assert (row["environment"], row["logger"]) == ("production", "portal.outbox")


ASKS = (
    "import cosme_portal.wsgi, sys; from cosme_portal.error_reports import start_reporting; "
    "print([name for name in ('redis', 'sentry_sdk', 'prometheus_client') if name in sys.modules])"
)


@pytest.mark.parametrize(
    ("values", "loaded"),
    [
        ({}, "[]"),
        ({"PORTAL_SENTRY_DSN": "http://key@127.0.0.1:9/1"}, "['sentry_sdk']"),
        ({"PORTAL_METRICS_TOKEN": "m" * 20}, "['prometheus_client']"),
    ],
)
def test_a_web_process_loads_only_what_is_configured(values, loaded, tmp_path):
    values = {
        "PORTAL_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "cosme_portal.settings",
        **values,
    }
    started = start(ASKS, DATABASE_URL="postgres://portal@127.0.0.1:9/portal", **values)
    assert started.stdout == f"{loaded}\n", started.stderr


def test_only_listed_parts_of_an_event_go_out():
    frames = [{"function": "f", "vars": {"text": "Photonics"}, "lineno": 3}]
    event = {
        "event_id": "1",
        "request": {"url": "/search/?q=hydrogen", "data": "Photonics", "headers": {}},
        "breadcrumbs": {"values": [{"message": "Photonics"}]},
        "extra": {"sys.argv": ["Photonics"]},
        "tags": {"title": "Photonics"},
        "user": {"email": "ana.secret@cluster.example"},
        "server_name": "cluster.example",
        "exception": {
            "values": [{"type": "E", "value": "Photonics", "stacktrace": {"frames": frames}}]
        },
    }
    report = error_reports.scrub(event, {})
    assert set(report) == {"event_id", "exception", "tags"}
    assert not [secret for secret in SECRETS if secret in json.dumps(report)]
