"""What `deploy/` names exists in the portal: variables, queues, commands, options, paths; each queue has a worker.

No image is built and no cluster started here. Each kind is read as its own tool reads it, as far as Python can.
"""

import os
import re
import shlex
import subprocess
import sys

import click
import pytest
from celery.bin.base import CLIContext
from celery.bin.celery import celery
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from cosme_portal import settings
from cosme_portal.celery import app
from cosme_portal.settings import ROOT
from cosme_portal.tests.deployment.kinds import (
    DEPLOY,
    HOME,
    KINDS,
    gunicorn_settings,
)
from cosme_portal.tests.test_settings import SECRET_VALUES
from foundation.log_redaction import without_tokens

OTHER_VARIABLES = {"WEB_CONCURRENCY", "QUEUE"}
# What production cannot do without; everything else has a value that suits.
NEEDED = {
    "PORTAL_MODE", "PORTAL_BASE_URL", "PORTAL_HOSTS", "PORTAL_TRUSTED_PROXIES", "PORTAL_MAIL_URL",
    "PORTAL_MAIL_FROM", "PORTAL_SECRET_KEY", "PORTAL_SEAL_FILE", "DATABASE_URL", "REDIS_URL",
}  # fmt: skip


SERVICES = [
    pytest.param(service, id=f"{kind}-{service}")
    for kind, services in KINDS.items()
    for service in services
]
kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_each_queue_has_a_worker_and_the_urgent_one_serves_nothing_else(kind):
    served = [service.queues for service in KINDS[kind] if service.queues]
    assert {queue for queues in served for queue in queues} == set(settings.QUEUES)
    assert ["urgent"] in served


@kinds
def test_each_process_of_the_portal_is_started(kind):
    programs = {service.program for service in KINDS[kind]}
    assert {"gunicorn", "celery"} <= programs
    assert [service for service in KINDS[kind] if "beat" in service.words]


@kinds
def test_workers_may_finish_what_they_have_in_hand(kind):
    for service in KINDS[kind]:
        if service.queues:
            assert service.stop_seconds >= 90, service
        if service.program == "gunicorn":
            assert service.stop_seconds > gunicorn_settings(service)["graceful_timeout"], service


def variables_of(environment):
    return {name.removesuffix("_FILE") if name.removesuffix("_FILE") in SECRET_VALUES else name
            for name in environment}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_is_one_that_the_portal_reads(service):
    lines = (ROOT / ".env.example").read_text().splitlines()
    known = {line.split("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert variables_of(service.environment) <= known | OTHER_VARIABLES
    assert variables_of(service.environment) >= NEEDED


@pytest.mark.parametrize("service", SERVICES)
def test_the_settings_of_a_service_are_accepted_in_production(service, tmp_path):
    environment = dict(service.environment)
    for name in SECRET_VALUES:
        if f"{name}_FILE" in environment:
            environment[f"{name}_FILE"] = str(tmp_path / name)
            (tmp_path / name).write_text(SECRET_VALUES[name])
    accepted = subprocess.run(
        [sys.executable, "-c", "from cosme_portal import settings; print(settings.IN_PRODUCTION)"],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert accepted.stdout == "True\n", accepted.stderr


def commands_in(words):
    """Each command of manage.py, with its arguments."""
    return re.findall(r'manage\.py ([a-z_]+)((?: (?:[\w./-]+|"[^"]+"))*)', " ".join(words))


@pytest.mark.parametrize("service", SERVICES)
def test_every_command_and_option_exists(service):
    if service.program == "gunicorn":
        assert gunicorn_settings(service)["wsgi_app"] == "cosme_portal.wsgi"
    elif service.program == "celery":
        parse_celery(*service.words[1:])
    else:
        assert commands_in(service.words)
    for name, arguments in commands_in(service.words):
        parse_command(name, shlex.split(arguments))


def parse_celery(option, module, name, *arguments):
    assert (option, module) == ("-A", app.main)
    main = click.Context(celery, obj=CLIContext(app, no_color=True, workdir=None))
    celery.commands[name].make_context(name, list(arguments), parent=main)


def parse_command(name, arguments):
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(arguments)


def test_an_option_that_no_command_has_is_found():
    with pytest.raises(click.ClickException):
        parse_celery("-A", "cosme_portal", "worker", "--quueues", "urgent")
    with pytest.raises(Exception, match="unrecognized arguments"):
        parse_command("database_roles", ["--aply"])


@pytest.mark.parametrize(
    "file",
    sorted(path for path in DEPLOY.rglob("*") if path.is_file()),
    ids=lambda path: str(path.relative_to(DEPLOY)),
)
def test_every_path_of_the_portal_exists(file):
    names = re.findall(rf"{HOME}([\w./-]+)", file.read_text())
    missing = [name for name in names if not (ROOT / name.rstrip(".")).exists()]
    assert [name for name in missing if not name.startswith(".venv/")] == []
    programs = {name.split("/")[-1] for name in names if name.startswith(".venv/bin/")}
    assert programs <= {"python", "pip", "gunicorn", "celery"}


def test_nginx_names_addresses_and_headers_of_the_portal():
    text = (DEPLOY / "nginx.conf").read_text()
    exact = set(re.findall(r"location = (/[\w/]+) {", text))
    patterns = [re.compile(pattern) for pattern in re.findall(r"location ~ (\S+)", text)]
    assert all(resolve(path) for path in exact)
    for path in ("/health/", "/health/live", "/health/ready", "/metrics"):
        assert resolve(path)
        assert path in exact or any(pattern.search(path) for pattern in patterns), path
    assert f"location {settings.STATIC_URL} {{" in text
    assert f"proxy_set_header {settings.ARRIVAL_HEADER} $msec;" in text
    megabytes = int(re.search(r"client_max_body_size (\d+)m;", text)[1])
    assert megabytes * 1024 * 1024 > settings.MAX_BODY_SIZE
    web = next(service for service in KINDS["systemd"] if service.program == "gunicorn")
    assert f"server {gunicorn_settings(web)['bind']} " in text


def test_nginx_and_the_portal_keep_the_same_links_out_of_their_logs():
    """Each route with a token in its path is shortened by both."""
    text = (DEPLOY / "nginx.conf").read_text()
    shortened = re.search(r"\?<kept>([^)]+)\)", text)[1].split("|")
    with_token = {
        prefix: f"{prefix}{'1-token' if 'reset' in prefix else 'token'}/" for prefix in shortened
    }
    for prefix, path in with_token.items():
        assert resolve(path), path
        assert "token" not in without_tokens(path), path
        assert prefix in without_tokens(path)
