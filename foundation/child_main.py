"""What runs in a child process: limits first, then one named function after the other, as the parent asks.

Started by `child_process` as a program of its own, in a fresh interpreter without the portal's settings. A
message is two frames, JSON and bytes, each behind its length.
"""

import contextlib
import functools
import importlib
import importlib.util
import json
import resource
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

LENGTH = struct.Struct(">Q")
LIMIT_NAMES = {
    "memory": resource.RLIMIT_AS,
    "cpu_seconds": resource.RLIMIT_CPU,
    "written": resource.RLIMIT_FSIZE,
    "open_files": resource.RLIMIT_NOFILE,
    "core": resource.RLIMIT_CORE,
}


IDLE_SECONDS = 300  # after which a child that nobody asks ends itself


class TooLong(Exception):
    """A frame is longer than its reader takes."""


class Channel:
    """Messages over a socket; each wait ends with TimeoutError at `until`, a monotonic instant."""

    def __init__(self, connection: socket.socket, *, longest: int | None = None) -> None:
        self.connection, self.longest = connection, longest
        self.until: float | None = None

    def send(self, header: Any, body: bytes = b"") -> None:
        text = json.dumps(header).encode()
        for part in (LENGTH.pack(len(text)) + text + LENGTH.pack(len(body)), body):
            self._wait_no_longer()
            self.connection.sendall(part)

    def receive(self) -> tuple[Any, bytes]:
        """The next message.

        Raises:
            EOFError: the other side is gone.
            TooLong: a frame is longer than `longest`.
        """
        text = self._frame()
        return json.loads(text), self._frame()

    def _frame(self) -> bytes:
        length: int = LENGTH.unpack(self._exactly(LENGTH.size))[0]
        if self.longest is not None and length > self.longest:
            raise TooLong
        return self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        content = bytearray(length)
        view, filled = memoryview(content), 0
        while filled < length:
            self._wait_no_longer()
            count = self.connection.recv_into(view[filled:])
            if not count:
                raise EOFError
            filled += count
        return bytes(content)

    def _wait_no_longer(self) -> None:
        if self.until is not None:
            left = self.until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.connection.settimeout(left)


def main() -> None:
    root, limits = sys.argv[1], json.loads(sys.argv[2])
    for name, value in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a limit of the machine may be lower
            resource.setrlimit(LIMIT_NAMES[name], (value, value))
    sys.path.insert(0, root)
    channel = Channel(socket.socket(fileno=0))
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        while True:
            channel.until = time.monotonic() + IDLE_SECONDS
            asked = channel.receive()
            channel.until = None
            channel.send(*_answer(*asked))


def _answer(asked: Any, content: bytes) -> tuple[Any, bytes]:
    """What the function returns, or the kind and text of what it raises.

    The alarm ends this process even when its parent is gone.
    """
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"] + 1)
    try:
        result = _function(asked["function"])(content, **asked["arguments"])
    except MemoryError:
        return {"raised": "MemoryError", "text": ""}, b""
    except Exception as error:  # noqa: BLE001 -- the parent decides what it means
        return {"raised": type(error).__name__, "text": str(error)}, b""
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if isinstance(result, bytes):
        return {"result": None, "peak": peak()}, result
    return {"result": result, "peak": peak()}, b""


@functools.cache
def _function(name: str) -> Any:
    """Of "package.module:function", or of a program by its path: "folder/program.py:function"."""
    module_name, _colon, function = name.partition(":")
    if not module_name.endswith(".py"):
        return getattr(importlib.import_module(module_name), function)
    spec = importlib.util.spec_from_file_location(
        Path(module_name).stem, Path(sys.path[0], module_name)
    )
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function)


def peak() -> int:
    """The most memory that this process has held, in bytes; 0 where the system does not say."""
    return _status("VmHWM")


def is_short_of_memory() -> bool:
    """Whether so much was taken that a buffer which doubles would have met the limit."""
    limit, _hard = resource.getrlimit(resource.RLIMIT_AS)
    return limit != resource.RLIM_INFINITY and _status("VmPeak") > limit / 2


def _status(name: str) -> int:
    try:
        with open("/proc/self/status") as lines:
            kilobytes = next(line.split()[1] for line in lines if line.startswith(name))
    except (OSError, StopIteration):
        return 0
    return int(kilobytes) * 1024


if __name__ == "__main__":
    main()
