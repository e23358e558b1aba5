"""What is shipped for production keeps its promises: limits, headers, half-sent requests, double clicks."""

import json
import re
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urljoin
from uuid import uuid4

import pytest

from applicants.tests.factories import PASSWORD, make_user
from calls.call_file import read_call_file
from calls.call_import import load_call
from calls.tests.facts import FILE
from cosme_portal import __version__
from cosme_portal.tests import processes
from cosme_portal.tests.production.serving import (
    METRICS_TOKEN,
    NAME,
    Visitor,
    environment,
    free_port,
    gunicorn,
    in_front,
    running,
    served,
)
from proposals.models import Version
from proposals.tests.factories import make_ready

pytestmark = [
    pytest.mark.production,
    pytest.mark.real_clock,
    pytest.mark.xdist_group("production"),
    pytest.mark.django_db(transaction=True),
]

HALF_A_FORM = (
    "POST /account/login/ HTTP/1.1\r\nHost: {name}\r\nContent-Length: 500\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin=half"
)


@pytest.fixture(scope="module")
def nginx():
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        processes.missing("nginx is not installed (Debian: nginx-light).")
    return program


@pytest.fixture(scope="module")
def site(running_broker, django_db_setup, nginx):
    with served(running_broker, nginx) as item:
        yield item


# --- Addresses and limits -----------------------------------------------------------------------


@pytest.fixture(autouse=True)
def passwords_of_production(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]


def wrong_password(visitor, email, **headers):
    return visitor.post("/account/login/", {"login": email, "password": "wrong"}, **headers)


def test_wrong_passwords_of_a_stranger_keep_nobody_else_out(site):
    owner = make_user()
    stranger = Visitor(site, "127.0.0.2")
    invented = {"X_Forwarded_For": "127.0.0.1, 203.0.113.1"}
    answers = [wrong_password(stranger, owner.email, **invented) for _attempt in range(12)]
    assert [answer.status for answer in answers] == [200] * 10 + [429] * 2
    assert "Too many attempts to sign in" in answers[-1].text
    assert int(answers[-1].headers["Retry-After"]) > 0
    signing_in = {"login": owner.email, "password": PASSWORD}
    assert Visitor(site).post("/account/login/", signing_in).status == 302


# --- TLS, names, headers ------------------------------------------------------------------------


def test_pages_come_with_the_headers_that_protect_them(site):
    answer = Visitor(site).get("/account/login/")
    assert answer.status == 200
    assert "max-age=" in answer.headers["Strict-Transport-Security"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "secure" in answer.headers["Set-Cookie"].lower()
    assert not any(character.isdigit() for character in answer.headers.get("Server", ""))


def test_without_tls_a_page_is_elsewhere(site):
    answer = Visitor(site).get("/rules/", encrypted=False)
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/rules/")


@pytest.mark.parametrize("host", ["10.1.2.3", "localhost", NAME])
@pytest.mark.parametrize("encrypted", [True, False])
def test_a_load_balancer_asks_by_any_name(site, host, encrypted):
    answer = Visitor(site).get("/health/", host=host, encrypted=encrypted)
    assert answer.status == 200
    assert json.loads(answer.text) == {"status": "ok", "version": __version__}
    for path, state in {"live": "alive", "ready": "ready"}.items():
        answer = Visitor(site).get(f"/health/{path}", host=host, encrypted=encrypted)
        assert (answer.status, json.loads(answer.text)["status"]) == (200, state)


def requests_counted(site, **headers):
    """What both web processes have counted for one page."""
    answer = Visitor(site).get("/metrics", host="10.1.2.3", **headers)
    counted = re.findall(
        r'^portal_requests_total\{route="privacy",status="200"\} (\S+)$', answer.text, re.MULTILINE
    )
    return answer.status, float(counted[0]) if counted else 0.0


def test_metrics_are_sums_of_all_processes_and_for_the_token_only(site):
    assert requests_counted(site)[0] == 401
    monitoring = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    status, before = requests_counted(site, **monitoring)
    assert status == 200
    for _time in range(20):
        assert Visitor(site).get("/privacy/").status == 200
    wanted = before + 20  # each process answers for some seconds what it has read
    processes.wait_until(lambda: requests_counted(site, **monitoring)[1] == wanted, seconds=30)
    assert Visitor(site).get("/metrics", encrypted=False).status == 301


def test_each_line_of_the_log_is_json_and_names_its_request(site):
    answer = Visitor(site).get("/nowhere/secret-path/?also=secret-query")
    request_id = answer.headers["X-Request-ID"]

    def lines():
        text = (site.folder / "web.log").read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    processes.wait_until(lambda: request_id in str(lines()), seconds=5)
    [line] = [line for line in lines() if line.get("request") == request_id]
    assert (line["route"], line["status"]) == ("unresolved", 404)
    assert "secret" not in (site.folder / "web.log").read_text()
    assert request_id in (site.folder / "access.log").read_text()


def test_another_name_shows_no_page(site):
    assert Visitor(site).get("/rules/", host="evil.example").status == 421


def test_links_that_open_something_are_not_in_the_log(site):
    Visitor(site).get("/proposals/invitations/secret-token/?also=secret-query")
    log = site.folder / "access.log"
    processes.wait_until(lambda: "/proposals/invitations/..." in log.read_text(), seconds=5)
    assert "secret" not in log.read_text()


def test_scripts_and_all_that_they_import_are_cached_without_limit(site):
    visitor = Visitor(site)
    page = visitor.get("/account/login/").text
    [first] = re.findall(r'<script type="module" src="([^"]+)"', page)
    waiting, seen = [first], set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = visitor.get(path)
        assert (answer.status, answer.headers.get_content_type()) == (200, "text/javascript"), path
        assert "immutable" in answer.headers["Cache-Control"], path
        imported = re.findall(r'(?:from|import) "\./([^"]+)"', answer.text)
        waiting += {urljoin(path, name) for name in imported} - seen
    assert len(seen) > 3


def test_every_user_can_read_what_was_collected(site):
    """nginx runs as another user than the portal."""
    collected = list((site.folder / "static").rglob("*"))
    assert len(collected) > 100
    assert [path for path in collected if not path.stat().st_mode & 0o004] == []


def test_nginx_has_the_collected_files_itself_and_asks_the_portal_for_others(site):
    (site.folder / "static" / "added-later.a1b2c3d4e5f6.css").write_text("body {}")
    answer = Visitor(site).get("/static/added-later.a1b2c3d4e5f6.css")
    assert (answer.status, answer.text) == (200, "body {}")
    assert answer.headers.get_content_type() == "text/css"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    nowhere = Visitor(site).get("/static/nowhere.css")
    assert nowhere.status == 404 and "Content-Security-Policy" in nowhere.headers
    assert Visitor(site).get("/static/../certificate.key").status in {400, 404}


def test_while_the_portal_is_away_nginx_says_so_and_when_to_come_back(nginx):
    with processes.short_folder() as folder, in_front(folder, nginx) as site:
        processes.wait_until(site.listens)
        answer = Visitor(site).get("/rules/")
        assert answer.status == 502 and "not responding" in answer.text
        assert answer.headers["Retry-After"] == "30"
        assert Visitor(site).get("/health/").status == 502


# --- Bodies ---------------------------------------------------------------------------------------


def test_an_upload_of_the_largest_size_passes_and_a_larger_one_is_told_so(site):
    visitor = Visitor(site)
    kind = "multipart/form-data; boundary=x"
    large = visitor.ask("POST", "/account/login/", b"x" * 11_000_000, Content_Type=kind)
    assert large.status in {200, 302, 400, 403}  # read as a whole: it is only no form
    refused = visitor.ask("POST", "/account/login/", b"x" * 12_000_000, Content_Type=kind)
    assert refused.status == 413 and "You sent too much data" in refused.text
    by_nginx = visitor.ask("POST", "/account/login/", b"x" * 13_000_000, Content_Type=kind)
    assert by_nginx.status == 413 and "Nothing was saved" in by_nginx.text


def seconds_for(ask):
    began = time.monotonic()
    assert ask().status == 200
    return time.monotonic() - began


def test_half_sent_forms_hold_up_nobody_behind_nginx(site):
    with ExitStack() as stack:
        for _form in range(40):
            half = stack.enter_context(site.connect("127.0.0.2"))
            half.sendall(HALF_A_FORM.format(name=NAME).encode())
        assert seconds_for(lambda: Visitor(site).get("/health/")) < 2
        assert seconds_for(lambda: Visitor(site).get("/account/login/")) < 2


@pytest.fixture
def bare_port(running_broker):
    """gunicorn as it is shipped, but without a proxy in front."""
    port = free_port()
    with processes.short_folder() as folder:
        data = environment(
            folder,
            running_broker,
            PORTAL_MODE="test",
            PORTAL_BASE_URL=f"http://127.0.0.1:{port}",
            PORTAL_TRUSTED_PROXIES="",
            PORTAL_HOSTS="127.0.0.1",
        )
        with running(gunicorn(f"127.0.0.1:{port}"), env=data):
            processes.wait_until(lambda: answers(port))
            yield port


def answers(port, path="/health/"):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as asking:
            asking.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            return asking.recv(100).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def test_half_sent_requests_hold_up_nobody_without_a_proxy_either(bare_port):
    halves = [
        HALF_A_FORM.format(name="127.0.0.1"),
        "GET / HTTP/1.1\r\nHost: half",
        HALF_A_FORM.format(name="127.0.0.1").replace("500", "500000000"),
        HALF_A_FORM.format(name="127.0.0.1").replace(
            "Content-Length: 500", "Transfer-Encoding: chunked"
        ),
        "",
    ]
    with ExitStack() as stack:
        for number in range(60):
            half = socket.create_connection(("127.0.0.1", bare_port))
            stack.enter_context(half)
            half.sendall(halves[number % len(halves)].encode())
        began = time.monotonic()
        assert all(answers(bare_port) for _time in range(8))
        assert time.monotonic() - began < 3


def test_a_request_in_pieces_and_two_in_one_piece_are_both_answered(bare_port):
    get = b"GET /health/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", bare_port), timeout=5) as asking:
        for byte in get:
            asking.sendall(bytes([byte]))
        asking.sendall(get + get)
        asking.shutdown(socket.SHUT_WR)
        received = b""
        while received.count(b"HTTP/1.1 200") < 3:
            data = asking.recv(4096)
            assert data, received
            received += data


# --- Submitting -----------------------------------------------------------------------------------


@pytest.fixture
def open_call(no_calls, tmp_path):
    """The call with a deadline that is still to come in real time."""
    text = FILE.read_text()
    for old in ("2015-03-31T17:00:00+02:00", "2015-04-21T17:00:00+02:00"):
        assert old in text
    text = text.replace(
        "first_deadline: 2015-03-31T17:00:00+02:00", "first_deadline: 2098-03-31T17:00:00+02:00"
    )
    text = text.replace(
        "new_deadline: 2015-04-21T17:00:00+02:00", "new_deadline: 2099-04-21T17:00:00+02:00"
    )
    path = tmp_path / FILE.name
    path.write_text(text)
    return load_call(read_call_file(path))


def test_two_clicks_in_a_row_make_one_version_and_both_lead_to_its_proof(site, open_call):
    proposal = make_ready(open_call)
    lead = Visitor(site)
    signing_in = {"login": proposal.started_by.email, "password": PASSWORD}
    assert lead.post("/account/login/", signing_in).status == 302
    path = f"/proposals/{proposal.number}/check/"
    page = lead.get(path)
    assert page.status == 200
    names = re.findall(r'name="acknowledged" value="([^"]+)"', page.text)
    fields = [
        ("idempotency_key", str(uuid4())),
        ("declared", proposal.call.declaration_digest),
        *(("acknowledged", name) for name in names),
    ]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lead.post, path, fields)
        threading.Event().wait(0.03)
        second = pool.submit(lead.post, path, fields)
    version = Version.objects.get(proposal=proposal)
    for answer in (first.result(), second.result()):
        assert answer.status == 200
        assert re.sub(r"\s|<wbr>", "", answer.text).count(version.sha256) > 0
        assert "nothing new" not in answer.text.lower()
