"""A gunicorn worker in which a request holds no thread before all of it is here.

gunicorn's own threads read a request while it arrives, so that as many half-sent forms as there are threads
stop the portal. Here the main loop collects each request, with a time limit by its size, and a thread gets it
whole. A proxy that buffers does the same; this is for portals without one.
"""

import re
import socket
import time
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

HEAD_SECONDS = 10
BODY_SECONDS = 20
LEAST_BYTES_PER_SECOND = 20_000  # a body may take longer by what such a line needs
MAX_HEAD_SIZE = 64 * 1024
MAX_BODY_SIZE = 12 * 1024 * 1024  # what is announced as larger is only read to be refused
MAX_LARGE_REQUESTS = 2  # of those at once
MAX_BUFFERED_SIZE = 128 * 1024 * 1024  # of all that have not arrived yet
CHUNK = 64 * 1024

LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d{1,18})[ \t]*\r?$")
CHUNKED = re.compile(rb"(?im)^transfer-encoding:")
EXPECTS = re.compile(rb"(?im)^expect:[ \t]*100-continue")
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class Arriving:
    """What has come of a request, and when the rest must have come."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)
        self.deadline = time.monotonic() + HEAD_SECONDS
        self.head_length = 0
        self.body_length = 0
        self.is_chunked = False
        self.expects = False

    def add(self, data: bytes) -> None:
        self.content += data
        if self.head_length:
            return
        end = self.content.find(b"\r\n\r\n")
        if end >= 0:
            self._read_head(end + 4)

    def _read_head(self, length: int) -> None:
        head = bytes(self.content[:length])
        announced = LENGTH.search(head)
        self.head_length = length
        self.body_length = int(announced[1]) if announced else 0
        self.is_chunked = CHUNKED.search(head) is not None
        self.expects = EXPECTS.search(head) is not None
        most = MAX_BODY_SIZE if self.is_chunked else min(self.body_length, MAX_BODY_SIZE)
        self.deadline = time.monotonic() + BODY_SECONDS + most / LEAST_BYTES_PER_SECOND

    @property
    def is_large(self) -> bool:
        return self.body_length > MAX_BODY_SIZE or len(self.content) > MAX_HEAD_SIZE + MAX_BODY_SIZE

    @property
    def is_whole(self) -> bool:
        """Whatever is no request is whole too: gunicorn refuses it without reading on."""
        if not self.head_length:
            return len(self.content) > MAX_HEAD_SIZE
        if self.is_chunked:
            return self.content.endswith(b"0\r\n\r\n")
        return len(self.content) >= self.head_length + self.body_length


class Worker(ThreadWorker):  # type: ignore[misc, unused-ignore]
    """Connections wait in `arriving` until their request is whole; `large` are being refused by a thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arriving: dict[Any, Arriving] = {}
        self.large: dict[Any, float] = {}

    def enqueue_req(self, conn: Any) -> None:
        read_ahead = conn.parser.unreader.take_buffered() if conn.initialized else b""
        arriving = self.arriving[conn] = Arriving(b"")
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_arriving, conn))
        if read_ahead:
            arriving.add(read_ahead)
            self._pass_on_if_whole(conn)

    def on_arriving(self, conn: Any, client: Any) -> None:
        try:
            data = client.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if (
            not data
            or sum(len(arriving.content) for arriving in self.arriving.values()) > MAX_BUFFERED_SIZE
        ):
            self._drop(conn)
            return
        self.arriving[conn].add(data)
        self._pass_on_if_whole(conn)

    def _pass_on_if_whole(self, conn: Any) -> None:
        arriving = self.arriving[conn]
        if arriving.expects and not arriving.is_large:
            arriving.expects = False
            with suppress(OSError):
                conn.sock.send(GO_ON)
        if arriving.is_large and len(self.large) >= MAX_LARGE_REQUESTS:
            self._drop(conn)
        elif arriving.is_large or arriving.is_whole:
            self._pass_on(conn)

    def _pass_on(self, conn: Any) -> None:
        arriving = self.arriving.pop(conn)
        self.poller.unregister(conn.sock)
        if arriving.is_large:
            self.large[conn] = arriving.deadline
        conn.init()
        conn.parser.unreader.unread(bytes(arriving.content))
        conn.data_ready = True
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        self.large.pop(conn, None)
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Called about once a second: end what took too long."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [conn for conn, arriving in self.arriving.items() if arriving.deadline < now]:
            with suppress(OSError):
                conn.sock.send(TOO_SLOW)
            self._drop(conn)
        for conn in [conn for conn, deadline in self.large.items() if deadline < now]:
            with suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RD)

    def _drop(self, conn: Any) -> None:
        del self.arriving[conn]
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()
