"""Work on files of strangers in a child process: it may fail, hang or swell, and its parent goes on.

The child is a fresh interpreter without settings, secrets or database. Memory, time, output, open files and
written bytes are limited by the operating system. A child that is too slow is killed with all of its group.
"""

import contextlib
import fcntl
import json
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.child_main import Channel, TooLong

ROOT = Path(__file__).resolve().parent.parent
# All that a child gets of its parent's environment: where programs, fonts and caches are.
PASSED_ON = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "XDG_CACHE_HOME",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
)
PROGRAM = ROOT / "foundation" / "child_main.py"
POLL_SECONDS = 0.05
MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one piece of work may take; `memory` and `output` are bytes.

    `memory` is address space, so it is an upper bound of what the machine gives.
    """

    seconds: float
    memory: int
    output: int = MIB
    written: int = 0
    open_files: int = 256


class ChildFailed(Exception):
    """The child gave no result."""


class OutOfTime(ChildFailed):
    """The work took longer than its limit; the child is ended."""


class OutOfMemory(ChildFailed):
    """The work needed more memory than its limit."""


class Crashed(ChildFailed):
    """The child ended by itself, or answered with more than its limit."""


class WorkFailed(ChildFailed):
    """The function raised: `kind` is the name of the exception, `text` its text."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind)
        self.kind, self.text = kind, text


class Busy(Exception):
    """All places for such work were taken for as long as the caller waits."""


@dataclass(frozen=True)
class Done:
    """What a function returned: JSON, or bytes; and the most memory that its process has held, in bytes."""

    result: Any
    content: bytes
    peak: int


class Child:
    """A child process that works for one caller at a time, until it is ended or a limit ends it."""

    def __init__(
        self,
        limits: Limits,
        *,
        is_for_one: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.limits = limits
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        by_name = {
            "memory": limits.memory,
            "written": limits.written,
            "open_files": limits.open_files,
            "core": 0,
        }
        if is_for_one:
            by_name["cpu_seconds"] = math.ceil(limits.seconds)
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours, longest=limits.output)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 -- our own interpreter and program
                [sys.executable, "-I", str(PROGRAM), str(ROOT), json.dumps(by_name)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"LANG": "C.UTF-8", **passed_on, **(environment or {})},
                cwd=tempfile.gettempdir(),
                start_new_session=True,
            )

    def ask(self, function: str, content: bytes = b"", **arguments: Any) -> Done:
        """Call "module:function" with the bytes and the arguments (JSON) in the child.

        Raises:
            OutOfTime, OutOfMemory, Crashed: the child is ended.
            WorkFailed: the function raised; the child can be asked again.
        """
        asked = {"function": function, "arguments": arguments, "seconds": self.limits.seconds}
        self.channel.until = time.monotonic() + self.limits.seconds
        try:
            self.channel.send(asked, content)
            answer, body = self.channel.receive()
        except TimeoutError:
            self.end()
            raise OutOfTime(function) from None
        except (TooLong, ValueError, RecursionError):
            self.end()
            raise Crashed(function) from None
        except (OSError, EOFError):
            raise self._ended()(function) from None
        except BaseException:
            self.end()
            raise
        return self._done(function, answer, body)

    def _done(self, function: str, answer: Any, body: bytes) -> Done:
        match answer:
            case {"raised": "MemoryError"}:
                self.end()
                raise OutOfMemory(function)
            case {"raised": str(kind), "text": str(text)}:
                raise WorkFailed(kind, text)
            case {"result": result, "peak": int(peak)}:
                return Done(result, body, peak)
            case _:
                self.end()
                raise Crashed(function)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Kill the child with everything that it may have started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.channel.connection.close()

    def _ended(self) -> type[ChildFailed]:
        """Why a child that does not answer has ended; it may be about to."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        status = self.process.poll()
        self.end()
        if status in (-signal.SIGXCPU, -signal.SIGALRM):
            return OutOfTime
        return OutOfMemory if status == -signal.SIGKILL else Crashed


def run(function: str, content: bytes, limits: Limits, **arguments: Any) -> Done:
    """Call "module:function" once, in a child of its own.

    Raises:
        ChildFailed: one of its kinds.
    """
    child = Child(limits, is_for_one=True)
    try:
        return child.ask(function, content, **arguments)
    finally:
        child.end()


@contextlib.contextmanager
def place(folder: Path, *, count: int, wait: float) -> Iterator[None]:
    """One of `count` places that all processes of this machine share, so that strangers cannot fill it.

    A place is the lock of a file, which the operating system frees when its holder dies.

    Raises:
        Busy: none became free within `wait` seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + wait
    while True:
        for number in range(count):
            with (folder / f"{number}.lock").open("a") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield
                return
        if time.monotonic() >= end:
            raise Busy(folder.name)
        time.sleep(POLL_SECONDS)
