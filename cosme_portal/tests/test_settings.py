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
        ({"PORTAL_SECRET_KEY_FALLBACKS": "short"}, "remove each that has"),
        (
            {
                "PORTAL_SECRET_KEY_FALLBACKS": f"{'y' * 50},for development only: anyone can read this"
            },
            "remove each that has",
        ),
        ({"PORTAL_CLOCK_MOVABLE": "true"}, "unset PORTAL_CLOCK_MOVABLE"),
        ({"PORTAL_DEBUG": "true"}, "unset PORTAL_DEBUG"),
        ({"PORTAL_SEAL_FILE": ""}, "needs a seal key"),
        ({"PORTAL_BASE_URL": "http://portal.example"}, "needs PORTAL_BASE_URL"),
        ({"PORTAL_METRICS_TOKEN": "short"}, "at least 20 random characters"),
        ({"PORTAL_MODE": "prod"}, "PORTAL_MODE is 'prod'; it must be"),
    ],
)
def test_production_refuses_what_is_for_development_only(value, sentence):
    refused = start(**value)
    assert refused.returncode != 0
    assert sentence in refused.stderr


def secrets_of_settings():
    source = (ROOT / "cosme_portal" / "settings.py").read_text()
    return sorted(re.findall(r'read_secret\("(\w+)"', source))


SECRET_VALUES = {
    "DATABASE_OWNER_URL": "postgres://owner:word@127.0.0.1/portal",
    "DATABASE_URL": "postgres://portal:word@127.0.0.1/portal",
    "PORTAL_MAIL_URL": "smtp+tls://portal:word@127.0.0.1:587",
    "PORTAL_METRICS_TOKEN": "m" * 20,
    "PORTAL_SECRET_KEY": "s" * 50,
    "PORTAL_SECRET_KEY_FALLBACKS": "a" * 50 + "\n" + "b" * 50,
    "PORTAL_SEAL_PIN": "4711",
    "PORTAL_SENTRY_DSN": "https://key@errors.example/1",
    "PORTAL_TIMESTAMP_URL": "https://portal:word@stamps.example",
    "REDIS_URL": "redis://:word@127.0.0.1/0",
}
PRINTS_SETTINGS = (
    "from cosme_portal import settings as s; print(s.DATABASE_OWNER_URL, s.DATABASES['default'],"
    " s.EMAIL_CONFIG, s.SECRET_KEY, s.SECRET_KEY_FALLBACKS, s.SEAL_PIN, s.TIMESTAMP_URL,"
    " s.CELERY_BROKER_URL, s.METRICS_TOKEN, s.SENTRY_DSN)"
)


def test_each_secret_is_tried_from_a_file():
    assert secrets_of_settings() == sorted(SECRET_VALUES)


@pytest.mark.parametrize("name", sorted(SECRET_VALUES))
def test_a_secret_from_a_file_is_the_same_as_from_the_environment(name, tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{SECRET_VALUES[name]}\n")
    from_environment = start(PRINTS_SETTINGS, **{name: SECRET_VALUES[name]}).stdout
    from_file = start(PRINTS_SETTINGS, **{name: "", f"{name}_FILE": str(file)}).stdout
    assert from_environment != start(PRINTS_SETTINGS).stdout
    assert from_file == from_environment


@pytest.mark.parametrize(
    ("content", "value", "sentence"),
    [
        (None, "", "cannot be read (FileNotFoundError)"),
        ("\n", "", "which is empty"),
        ("s" * 50, "t" * 50, "Both PORTAL_SECRET_KEY and PORTAL_SECRET_KEY_FILE are set"),
    ],
)
def test_a_secret_whose_file_cannot_be_used_is_named(tmp_path, content, value, sentence):
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    refused = start(PORTAL_SECRET_KEY=value, PORTAL_SECRET_KEY_FILE=str(file))
    assert refused.returncode != 0
    assert sentence in refused.stderr and "s" * 50 not in refused.stderr


def test_commands_that_change_tables_take_the_owner_from_a_file_too(tmp_path):
    for name in ("owner", "runtime"):
        (tmp_path / name).write_text(f"postgres://{name}@127.0.0.1/portal")
    asked = start(
        "from cosme_portal.environment import act_as_database_owner; act_as_database_owner();"
        "from cosme_portal import settings; print(settings.DATABASES['default']['USER'])",
        DATABASE_URL="",
        DATABASE_URL_FILE=str(tmp_path / "runtime"),
        DATABASE_OWNER_URL_FILE=str(tmp_path / "owner"),
    )
    assert asked.stdout == "owner\n"


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
