"""Prometheus reads what the portal does; nobody else does, and what is shipped for it names what exists."""

import json
import os
import re
from datetime import timedelta

import pytest
import yaml
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from applicants.tests.factories import make_user
from conftest import NEXT_DAY
from cosme_portal import health, monitoring
from cosme_portal.settings import ROOT
from cosme_portal.tests.test_health import raise_database_error
from foundation import clock, limits, metrics
from foundation.recent_value import RecentValue
from proposals import tasks
from proposals.delivery import scheduler_lease
from proposals.models import OutboxMessage
from proposals.proof import pdf_signature
from proposals.tests.factories import make_draft, make_ready, submit, submit_fields

pytestmark = pytest.mark.django_db

SHIPPED = ROOT / "deploy" / "monitoring"
TOKEN = "a token of this test only"
ENDINGS = re.compile(r"_(total|bucket|sum|count)$")


@pytest.fixture
def measured(settings, tmp_path, monkeypatch):
    """Metrics as in production, beginning at zero, and computed for each request."""
    settings.METRICS_ENABLED, settings.METRICS_TOKEN = True, TOKEN
    settings.METRICS_FOLDER = tmp_path / "metrics"
    monkeypatch.setattr(monitoring, "exposition", RecentValue(monitoring.expose, seconds=0))
    monkeypatch.setattr(health, "readiness", RecentValue(health.run_checks, seconds=0))
    monkeypatch.setattr(monitoring, "readiness", health.readiness)
    for module in (health, monitoring):
        monkeypatch.setattr(module, "queue_lengths", lambda: {"urgent": 3, "files": 0})
    metrics.close()
    yield
    metrics.close()


def ask(**headers):
    return Client().get("/metrics", **headers)


def scrape():
    answer = ask(HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert answer.status_code == 200, answer.content
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def value(name, **labels):
    return scrape().get((name, *sorted(labels.items())))


# --- Who may read -------------------------------------------------------------------------------


def test_by_default_nobody_may_read_them(client):
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 404


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("", 401),
        ("Bearer ", 401),
        ("Bearer wrong", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer ünknown", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
    ],
)
def test_the_token_opens_them(measured, authorization, status):
    headers = {"HTTP_AUTHORIZATION": authorization} if authorization else {}
    answer = ask(**headers, REMOTE_ADDR="203.0.113.9", HTTP_HOST="10.1.2.3")
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        ("127.0.0.1", "", 200),
        ("10.9.0.7", "", 200),
        ("10.8.0.7", "", 401),
        ("", "", 401),
        ("127.0.0.1", "203.0.113.9", 401),  # a proxy that the portal does not know
        ("10.0.0.1", "203.0.113.9", 401),  # its own proxy, for somebody else
        ("10.0.0.1", "10.9.0.7", 200),
        ("10.0.0.1", "10.9.0.7, 203.0.113.9", 401),  # invented
    ],
)
def test_a_listed_address_opens_them_but_no_proxy_that_stands_for_everyone(
    measured, settings, peer, forwarded, status
):
    settings.METRICS_TOKEN = ""
    settings.METRICS_ADDRESSES = frozenset({"127.0.0.1", "10.9.0.0/16"})
    settings.TRUSTED_PROXIES = frozenset({"10.0.0.1"})
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert ask(REMOTE_ADDR=peer, **headers).status_code == status


# --- Requests -----------------------------------------------------------------------------------


def test_requests_are_counted_by_route_and_status_and_never_by_address(measured, call, client):
    client.get(f"/calls/{call.reference}/")
    client.get("/nowhere/ana@secret.example/?q=hostile")
    client.get("/privacy/")
    client.get("/privacy/")
    assert value("portal_requests_total", route="privacy", status="200") == 2
    assert value("portal_request_duration_seconds_count", route="privacy") == 2
    assert value("portal_requests_total", route="unresolved", status="404") == 1
    text = ask(HTTP_AUTHORIZATION=f"Bearer {TOKEN}").content.decode()
    assert not re.search(r"secret|hostile|nowhere", text)


def test_health_and_files_have_a_route_too(measured, client):
    client.get("/health/live")
    client.get("/static/css/none.css")
    assert value("portal_requests_total", route="health-live", status="200") == 1
    assert value("portal_requests_total", route="static", status="404") == 1


def test_a_request_beyond_a_limit_is_counted(measured, limits_apply, client):
    limit = limits.limits_on("account_login", reads=False)[0]
    for _attempt in range(11):
        client.post("/account/login/", {"login": "ana@a.example", "password": "wrong"})
    assert value("portal_limit_refusals_total", limit=limit.name) == 1


# --- The domain ---------------------------------------------------------------------------------


def submit_by_hand(proposal):
    client = Client()
    client.force_login(proposal.started_by)
    fields = submit_fields(proposal)
    return client.post(f"/proposals/{proposal.number}/check/", fields).status_code


def test_submissions_and_refusals_are_counted(measured, call):
    ready = make_ready(call)
    assert submit_by_hand(make_draft(call)) == 422
    assert submit_by_hand(ready) == 200
    with clock.frozen_at(NEXT_DAY):
        assert submit_by_hand(ready) == 409
    figures = scrape()
    assert figures["portal_submissions_total",] == 1
    assert figures["portal_late_submissions_total",] == 1
    reasons = {
        key[1][1]: figures[key] for key in figures if key[0] == "portal_refused_submissions_total"
    }
    assert reasons == {"incomplete": 1, "late": 1}
    rules = {key[1][1] for key in figures if key[0] == "portal_refusing_findings_total"}
    assert rules


def test_items_of_the_outbox_are_counted_by_kind(measured, call):
    submit(make_ready(call))
    OutboxMessage.objects.filter(kind="receipt").update(
        made_at=clock.real_now() - timedelta(minutes=3)
    )
    figures = scrape()
    waiting = ("kind", "receipt"), ("state", "waiting")
    assert figures["portal_outbox_items", *waiting] == 1
    assert 180 <= figures["portal_outbox_oldest_seconds", ("kind", "receipt")] < 300
    assert figures["portal_outbox_oldest_seconds", ("kind", "letter")] == 0
    tasks.process_outbox()
    figures = scrape()
    assert figures["portal_outbox_items", *waiting] == 0
    assert figures["portal_outbox_done_per_minute", ("kind", "receipt")] == 0.1
    assert figures["portal_seal_duration_seconds_count",] == 1


def test_a_time_stamp_that_does_not_come_is_counted(measured, settings, monkeypatch):
    monkeypatch.setattr(pdf_signature, "_next_attempt_at", clock.real_now())
    settings.TIMESTAMP_URL = "http://127.0.0.1:9/"
    with pytest.raises(pdf_signature.TimestampServiceUnavailable):
        pdf_signature.request_timestamp(b"signature")
    figures = scrape()
    assert figures["portal_timestamp_failures_total",] == 1
    assert figures["portal_timestamp_duration_seconds_count",] == 0


def test_queues_beat_and_checks_are_shown(measured):
    assert value("portal_beat_last_run_timestamp_seconds") == 0
    scheduler_lease.acquire("this test")
    figures = scrape()
    assert figures["portal_queue_length", ("queue", "urgent")] == 3
    assert figures["portal_check_ok", ("check", "database")] == 1
    age = clock.real_now().timestamp() - figures["portal_beat_last_run_timestamp_seconds",]
    assert abs(age) < 60


def test_without_a_database_the_rest_is_shown(measured, monkeypatch):
    def raise_away():
        raise DatabaseError

    monkeypatch.setattr(health.database_clock, "measure", raise_database_error)
    for read in ("_of_outbox", "_of_attempts", "_of_clocks"):
        monkeypatch.setattr(monitoring, read, raise_away)
    figures = scrape()
    assert figures["portal_check_ok", ("check", "database")] == 0
    assert figures["portal_queue_length", ("queue", "urgent")] == 3
    assert ("portal_submissions_total",) not in figures


def test_the_number_of_queries_does_not_grow(measured, call, django_assert_num_queries):
    make_user()
    for _number in range(2):
        with django_assert_num_queries(14):
            scrape()
        submit(make_ready(call))


# --- Processes ----------------------------------------------------------------------------------


def in_child(work):
    """Run it in a forked process, which ends at once, as a worker that is replaced."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_processes_count_into_one_sum_that_never_falls(measured, settings):
    metrics.increment("portal_limit_refusals", limit="uploads")
    for _number in range(4):
        in_child(lambda: metrics.increment("portal_limit_refusals", limit="uploads"))
    assert value("portal_limit_refusals_total", limit="uploads") == 5
    files = {path.name for path in settings.METRICS_FOLDER.glob("*.lock")}
    assert files == {"0.lock", "1.lock"}  # each took the place of the one before


def test_without_readers_nothing_is_loaded_and_nothing_written(settings, tmp_path, client):
    settings.METRICS_FOLDER = tmp_path / "metrics"
    client.get("/privacy/")
    assert not settings.METRICS_FOLDER.exists()


# --- What is shipped for it ---------------------------------------------------------------------


def names_in(text):
    return {ENDINGS.sub("", name) for name in re.findall(r"\bportal_\w+", text)}


def expressions():
    alerts = yaml.safe_load((SHIPPED / "alerts.yml").read_text())
    dashboard = json.loads((SHIPPED / "dashboard.json").read_text())
    for group in alerts["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_alerts_and_dashboard_name_only_metrics_that_exist(measured, client):
    client.get("/privacy/")
    answer = ask(HTTP_AUTHORIZATION=f"Bearer {TOKEN}").content.decode()
    exposed = {family.name for family in text_string_to_metric_families(answer)}
    defined = set(metrics.DEFINITIONS) | set(monitoring.FIGURES)
    assert set(monitoring.FIGURES) <= exposed <= defined
    used = set().union(*(names_in(expression) for expression in expressions()))
    assert used - defined == set()
    assert defined - used == {"portal_info"}


def test_labels_in_alerts_and_dashboard_are_those_of_the_metrics():
    labels_of = {name: set(item.labels) for name, item in metrics.DEFINITIONS.items()}
    labels_of |= {name: set(labels) for name, (_kind, _help, labels) in monitoring.FIGURES.items()}
    for expression in expressions():
        for name, selector in re.findall(r"\b(portal_\w+)\{([^}]*)\}", expression):
            chosen = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
            assert chosen <= labels_of[ENDINGS.sub("", name)], expression


def test_every_alert_says_how_urgent_it_is_and_what_to_do():
    alerts = yaml.safe_load((SHIPPED / "alerts.yml").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 10
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]
