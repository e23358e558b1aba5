"""The image and Compose: what they hold and name exists, and nothing runs as root."""

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.urls import resolve

from cosme_portal.settings import ROOT
from cosme_portal.tests import processes
from cosme_portal.tests.deployment.kinds import (
    DEPLOY,
    KINDS,
    Service,
    gunicorn_settings,
    read_compose,
)


@pytest.fixture(scope="module")
def instructions():
    """The lines of the Containerfile, a continued one as one."""
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def copied(instructions):
    for name, rest in instructions:
        if name == "COPY" and not rest.startswith("--from"):
            yield from rest.split()[:-1]


def test_the_image_holds_what_the_portal_imports_and_reads(instructions):
    sources = set(copied(instructions))
    assert [name for name in sorted(sources) if not (ROOT / name).exists()] == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tools"}
    assert packages | {"templates", "static", "manage.py", "requirements.txt"} <= sources
    read = set(re.findall(r'"docs" / "([\w.]+)"', source_of("proposals")))
    bundled = set(re.findall(r'"(check_bundle\.py|verify_receipt\.py)"', source_of("proposals")))
    assert {f"docs/{name}" for name in read | bundled} <= sources


def source_of(package):
    paths = (path for path in (ROOT / package).rglob("*.py") if "tests" not in path.parts)
    return "\n".join(path.read_text() for path in paths)


def test_the_image_runs_as_a_user_without_rights_and_tells_its_health(instructions):
    named = dict(instructions)
    user = named["USER"].partition(":")[0]
    assert user.isdigit() and int(user) > 0
    (check,) = [rest for name, rest in instructions if name == "HEALTHCHECK"]
    script, place, path = json.loads(check.partition("CMD ")[2])[1:]
    assert f"deploy/{Path(script).name}" in set(copied(instructions)) and resolve(path)
    web = Service("image", json.loads(named["CMD"]), {})
    assert gunicorn_settings(web)["bind"] == f"unix:{place}"


def test_the_image_leaves_out_tests_secrets_and_data():
    ignored = set((ROOT / ".dockerignore").read_text().splitlines())
    assert {"**/tests", ".env", ".git", "var", "deploy/compose/secrets"} <= ignored


@pytest.fixture
def answering(tmp_path):
    """Something that answers one request on a socket; call it with the status line."""
    threads = []

    def start(status):
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(tmp_path / "web.sock"))
        server.listen()

        def answer():
            with server, server.accept()[0] as connected:
                assert b"GET /health/ " in connected.recv(1000)
                connected.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

        threads.append(threading.Thread(target=answer))
        threads[0].start()
        return tmp_path / "web.sock"

    yield start
    for thread in threads:
        thread.join(timeout=10)


@pytest.mark.parametrize(("status", "expected"), [("200 OK", 0), ("503 No", 1), ("nonsense", 1)])
def test_the_health_check_asks_a_socket(answering, status, expected):
    assert health_of(answering(status)) == expected


def test_the_health_check_fails_where_nobody_listens(tmp_path):
    assert health_of(tmp_path / "absent.sock") == 1
    assert health_of("127.0.0.1:9") == 1


def health_of(place):
    command = [sys.executable, str(DEPLOY / "healthcheck.py"), str(place), "/health/"]
    return subprocess.run(command, check=False, timeout=20).returncode


def test_compose_names_volumes_networks_secrets_and_services_that_it_has():
    compose = read_compose()
    for name, service in compose["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            made_by_script = source.startswith("./compose/secrets/")
            known = (DEPLOY / source).exists() if source[0] == "." else source in compose["volumes"]
            assert made_by_script or known, (name, source)
        assert set(service.get("networks", ())) <= set(compose["networks"]), name
        assert set(service.get("secrets", ())) <= set(compose["secrets"]), name
        assert set(service.get("depends_on", ())) <= set(compose["services"]), name


def test_the_owner_of_the_tables_is_known_to_nobody_but_migrations():
    with_owner = [
        service.name
        for services in (KINDS["compose"], KINDS["kubernetes"], KINDS["systemd"])
        for service in services
        if any(name.startswith("DATABASE_OWNER_URL") for name in service.environment)
    ]
    assert with_owner == ["migrate", "migrate"]


def test_the_script_makes_every_secret_that_compose_names(tmp_path):
    if shutil.which("openssl") is None:
        processes.missing("openssl is not installed.")
    (tmp_path / "secrets.sh").write_text((DEPLOY / "compose" / "secrets.sh").read_text())
    subprocess.run(["sh", str(tmp_path / "secrets.sh")], check=True, capture_output=True)
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    named = {Path(secret["file"]).name for secret in read_compose()["secrets"].values()}
    assert made == named | {"tls.pem", "tls.key"}
    before = (tmp_path / "secrets" / "secret-key").read_bytes()
    again = subprocess.run(["sh", str(tmp_path / "secrets.sh")], capture_output=True, check=False)
    assert again.returncode == 1 and (tmp_path / "secrets" / "secret-key").read_bytes() == before


def test_containers_of_the_portal_cannot_write_to_their_image():
    for name, service in read_compose()["services"].items():
        if service["image"] == "cosme-portal":
            assert service["read_only"] and service["cap_drop"] == ["ALL"], name
