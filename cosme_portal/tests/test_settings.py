"""Production refuses to start with what is only for development, and says what to set."""

import os
import re
import subprocess
import sys
from itertools import pairwise

import pytest

from cosme_portal.settings import ROOT

PRODUCTION = {
    "PORTAL_MODE": "production",
    "PORTAL_SECRET_KEY": "x" * 50,
    "PORTAL_BASE_URL": "https://portal.example",
    "PORTAL_HOSTS": "portal.example",
    "PORTAL_SEAL_FILE": "/etc/portal/seal.pem",
    "DATABASE_URL": "postgres://portal@127.0.0.1/portal",
    "REDIS_URL": "redis://127.0.0.1/0",
}


def start(code="from cosme_portal import settings; print(settings.MODE)", **kwargs):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")
    }
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command,
        env=environment | PRODUCTION | kwargs,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_settings_of_its_own():
    assert start().stdout == "production\n"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"PORTAL_SECRET_KEY": ""}, "set PORTAL_SECRET_KEY"),
        (
            {"PORTAL_SECRET_KEY": "for development only: anyone can read this"},
            "set PORTAL_SECRET_KEY",
        ),
        ({"PORTAL_SECRET_KEY": "short"}, "at least 40 random characters"),
        ({"PORTAL_CLOCK_MOVABLE": "true"}, "unset PORTAL_CLOCK_MOVABLE"),
        ({"PORTAL_DEBUG": "true"}, "unset PORTAL_DEBUG"),
        ({"PORTAL_SEAL_FILE": ""}, "needs a seal key"),
        ({"PORTAL_BASE_URL": "http://portal.example"}, "needs PORTAL_BASE_URL"),
        ({"PORTAL_MODE": "prod"}, "PORTAL_MODE is 'prod'; it must be"),
    ],
)
def test_production_refuses_what_is_for_development_only(value, sentence):
    refused = start(**value)
    assert refused.returncode != 0
    assert sentence in refused.stderr


ASKS_FOR_TOOLBAR = (
    "import django; django.setup(); from django.conf import settings; import sys; "
    "named = ' '.join([*settings.INSTALLED_APPS, *settings.MIDDLEWARE]); "
    "from cosme_portal import urls; "
    "print('debug_toolbar' in named, 'debug_toolbar' in sys.modules, '__debug__' in str(urls.urlpatterns))"
)


@pytest.mark.parametrize("mode", ["production", "demo", "test"])
@pytest.mark.parametrize("debug", ["true", "false"])
def test_the_debug_toolbar_is_loaded_in_development_only(mode, debug):
    """Though it is installed here."""
    asked = start(
        ASKS_FOR_TOOLBAR,
        PORTAL_MODE=mode,
        PORTAL_DEBUG=debug,
        DJANGO_SETTINGS_MODULE="cosme_portal.settings",
    )
    if mode == "production" and debug == "true":
        assert "unset PORTAL_DEBUG" in asked.stderr
    else:
        assert asked.stdout == "False False False\n"


def test_the_debug_toolbar_is_loaded_in_development_that_shows_code():
    values = {"PORTAL_MODE": "development", "DJANGO_SETTINGS_MODULE": "cosme_portal.settings"}
    assert start(ASKS_FOR_TOOLBAR, **values).stdout == "False False False\n"
    assert start(ASKS_FOR_TOOLBAR, **values, PORTAL_DEBUG="true").stdout == "True True True\n"


def test_every_setting_of_the_environment_has_a_sentence():
    """`.env.example` and the code know the same variables."""
    source = (ROOT / "cosme_portal" / "settings.py").read_text()
    read = set(re.findall(r'"((?:PORTAL_\w+|DATABASE_(?:OWNER_)?URL|REDIS_URL))"', source))
    lines = (ROOT / ".env.example").read_text().splitlines()
    described = {
        line.split("=")[0]: before
        for before, line in pairwise(lines)
        if "=" in line and not line.startswith("#")
    }
    assert set(described) == read
    assert all(sentence.startswith("# ") for sentence in described.values())


def pins_in(name):
    """The requirements of a file without comments, a continued line as one."""
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in lines if line and not line.startswith(("#", "-r"))]


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_requirements_are_pinned_with_hashes(name):
    pins = pins_in(f"{name}.txt")
    for pin in pins:
        assert re.fullmatch(
            r"[\w.-]+==[\w.]+(?: ; [^\\]+?)?(?: --hash=sha256:[0-9a-f]{64})+", pin
        ), pin
    pinned = {pin.split()[0].lower() for pin in pins}
    asked = {re.sub(r"\[.*\]", "", pin).lower().replace("_", "-") for pin in pins_in(f"{name}.in")}
    assert asked <= pinned
