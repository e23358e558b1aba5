"""The units of systemd are accepted by systemd itself, and confined."""

import re
import shutil
import subprocess

import pytest
from django.core.management import get_commands

from cosme_portal.tests import processes
from cosme_portal.tests.deployment.kinds import (
    DEPLOY,
    HOME,
)

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_are_hardened(unit):
    if shutil.which("systemd-analyze") is None:
        processes.missing("systemd-analyze is not installed (Debian: systemd).")
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(unit)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-300:] + result.stderr


def test_systemd_accepts_the_units(tmp_path):
    if shutil.which("systemd-analyze") is None:
        processes.missing("systemd-analyze is not installed (Debian: systemd).")
    for path in (DEPLOY / "systemd").iterdir():
        if path.suffix in {".service", ".timer", ".target"}:
            text = (
                path.read_text()
                .replace(f"{HOME}.venv/bin/", "/bin/true ")
                .replace(HOME[:-1], str(tmp_path))
            )
            (tmp_path / path.name).write_text(text)
    units = ["portal.target", "portal-worker@urgent.service", "portal-backup.timer"]
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit) for unit in units)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in result.stderr.splitlines() if "portal" in line]
    assert ours == []


def test_the_shell_command_passes_only_owners_commands_the_owners_address():
    text = (DEPLOY / "systemd" / "portal").read_text()
    names = set(re.findall(r"[a-z_]+", re.search(r"^    (migrate[^)]*)\)", text, re.MULTILINE)[1]))
    names |= {"restore", "collectstatic", "new_seal_key"}
    assert names <= set(get_commands())
    subprocess.run(["sh", "-n", str(DEPLOY / "systemd" / "portal")], check=True)
