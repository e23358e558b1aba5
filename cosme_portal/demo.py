"""`make demo`: sets up everything and runs web, worker and beat until Ctrl-C."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cosme_portal import embedded

Step = tuple[str, list[str]]

OWNERS_STEPS = (
    ("Preparing the database", ["migrate", "--verbosity=0"]),
    ("Preparing the cache table", ["createcachetable"]),
)
COLLECT = (
    "Collecting static files",
    ["collectstatic", "--noinput", "--verbosity=0"],
)
SEED = ("Loading the calls and the demonstration data", ["seed_demo"])
WEB_WORKERS = 2  # with threads: browsers open spare connections, and no worker may wait for these
HIGHEST_PORT = 65535
STOP_WITHIN = 20  # seconds

PYTHON = f"'{sys.executable}' -W ignore::UserWarning"
# In threads: the stop goes to the whole group of processes, and a child process of the worker
# would die of it amid its work, where the worker itself finishes what it has begun. Documents are
# laid out in a child process with a group of its own.
WORKER = (
    f"{PYTHON} -m celery -A cosme_portal --quiet worker --loglevel warning "
    "--pool threads --concurrency 2 --without-gossip --without-mingle"
)
BEAT = (
    f"{PYTHON} -m celery -A cosme_portal --quiet beat --loglevel warning "
    f"--schedule '{embedded.VAR / 'beat-schedule'}' --pidfile ''"
)


def main() -> int:
    os.environ.setdefault("PORTAL_MODE", "demo")
    return serve(processes, steps=[COLLECT, SEED], command="make demo")


def serve(
    processes: Callable[[int], dict[str, str]], *, steps: Sequence[Step], command: str
) -> int:
    """Set up the demonstration's world, then run these processes until one ends or a signal comes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosme_portal.settings")
    port = _port()
    _check_free(port, command)
    os.environ.setdefault("PORTAL_BASE_URL", f"http://127.0.0.1:{port}")
    _report("Starting PostgreSQL and Valkey")
    embedded.provide_database()
    embedded.provide_broker()
    _set_up(steps)
    _start_clock()
    _print_addresses(port)
    try:
        return run_together(processes(port))
    finally:
        _save_clock()
        _report(f"Everything has stopped. The data is kept in {embedded.VAR} for the next time")


def _report(text: str) -> None:
    print(f"{text} ...", flush=True)  # noqa: T201 -- this is what the person in the terminal reads


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= HIGHEST_PORT:
        raise SystemExit(f"PORT is {text!r}. It must be a number from 1 to 65535.")
    return int(text)


def _check_free(port: int, command: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(
                f"Port {port} cannot be used ({error.strerror}). "
                f"Choose another port: {command} PORT={port + 1}"
            ) from None


def _set_up(steps: Sequence[Step]) -> None:
    import django  # noqa: PLC0415 -- the database's address comes first
    from django.core.management import call_command  # noqa: PLC0415

    # In processes of their own: this one connects as the portal does, under the run-time role.
    for text, command in OWNERS_STEPS:
        _report(text)
        subprocess.run([sys.executable, "manage.py", *command], cwd=embedded.ROOT, check=True)  # noqa: S603
    django.setup()
    for text, command in steps:
        _report(text)
        call_command(*command)


def _start_clock() -> None:
    """Go on where the clock stood when the demonstration was stopped; the first time at 16:20."""
    from calls import shared_clock  # noqa: PLC0415 -- after set-up
    from calls.demo_clock_presets import PRESETS  # noqa: PLC0415

    paused = _paused_file()
    moment = PRESETS["start"][1]
    if paused.exists():
        moment = datetime.fromisoformat(paused.read_text().strip())
        paused.unlink()
    shared_clock.set_shared_offset(moment)


def _save_clock() -> None:
    from calls import shared_clock  # noqa: PLC0415 -- after set-up

    try:
        offset: timedelta = shared_clock.shared_offset()
    except Exception as error:  # noqa: BLE001 -- stopping must not fail; next time starts at 16:20
        _report(f"The position of the clock could not be saved ({type(error).__name__})")
        return
    _paused_file().write_text((datetime.now(UTC) + offset).isoformat())


def _paused_file() -> "embedded.Path":
    return embedded.VAR / "demo-clock.txt"


def _print_addresses(port: int) -> None:
    from cosme_portal.demo_world import ACCOUNTS, PASSWORD  # noqa: PLC0415 -- after set-up

    lines = ["", f"  The portal is at http://127.0.0.1:{port}/", ""]
    lines += [f"    {account.email:24} {account.who}" for account in ACCOUNTS]
    lines += [f"    {'password for all accounts':24} {PASSWORD}", "", "  Press Ctrl-C to stop.", ""]
    print("\n".join(lines), flush=True)  # noqa: T201 -- as above


def processes(port: int) -> dict[str, str]:
    web = (
        f"{PYTHON} -m gunicorn -c cosme_portal/gunicorn.conf.py "
        f"-b 127.0.0.1:{port} -w {WEB_WORKERS} --log-level warning"
    )
    return {"web": f"exec {web}", "worker": f"exec {WORKER}", "beat": f"exec {BEAT}"}


class _TakesTooLong(Exception):
    """Something goes on after it was to stop."""


def run_together(commands: dict[str, str], *, stop_within: int = STOP_WITHIN) -> int:
    """Run these until one ends or a signal comes. All of them have ended when this returns.

    A process that floods us with lines would keep honcho from noticing that it must stop or is dead, so
    there is an alarm: then everything is killed and what it still wanted to say is lost.
    """
    from honcho.manager import Manager  # noqa: PLC0415 -- a development package

    class Stopping(Manager):
        def terminate(self) -> None:
            if not self._terminating:
                signal.alarm(stop_within)
            super().terminate()

    manager = Stopping()
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.signal(signal.SIGALRM, _stop_waiting)
    for name, command in commands.items():
        manager.add_process(name, command, env=dict(os.environ))
    try:
        manager.loop()
    except _TakesTooLong:
        _kill_all(manager)
        _report("Some processes did not stop in time and were terminated")
    finally:
        signal.alarm(0)
    stopped_by_us = {0, 130, 143, -signal.SIGINT, -signal.SIGTERM}
    return 0 if manager.returncode in stopped_by_us else int(manager.returncode or 1)


def _stop_waiting(*_signal: object) -> None:
    raise _TakesTooLong


def _kill_all(manager: Any) -> None:
    """The programs with their groups, and honcho's own processes, which wait until we have read all lines."""
    for process in manager._processes.values():  # noqa: SLF001 -- honcho has no other way to them
        with contextlib.suppress(ProcessLookupError, PermissionError, KeyError):
            os.killpg(process["pid"], signal.SIGKILL)
        process["process"].kill()
        process["process"].join()


if __name__ == "__main__":
    sys.exit(main())
