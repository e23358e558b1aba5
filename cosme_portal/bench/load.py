"""Clients that keep their connection, send as fast as they are answered, and note how long it took."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

Request = tuple[str, str, str, dict[str, str]]  # method, path, body, headers


@dataclass(frozen=True)
class Measured:
    """Answers a second, and the 95th percentile of the time of one (milliseconds)."""

    per_second: float
    p95: float


class Failed(Exception):
    """An answer was not what the benchmark asked for."""


def form(path: str, cookies: dict[str, str], **fields: str) -> Request:
    token = "b" * 64
    jar = cookies | {"csrftoken": token}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
        "X-CSRFToken": token,
    }
    return "POST", path, urlencode(fields), headers


def measure(
    port: int, clients: int, each: int, request_of: Callable[[int, int], Request], expected: int
) -> Measured:
    """`each` requests by each of `clients`; `request_of(client, turn)` makes them."""
    times: list[float] = []
    failures: list[str] = []
    gate = threading.Barrier(clients + 1)

    def run(client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        gate.wait()
        for turn in range(each):
            method, path, body, headers = request_of(client, turn)
            begun = time.perf_counter()
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            text = answer.read()
            times.append(time.perf_counter() - begun)
            if answer.status != expected:
                failures.append(f"{path}: {answer.status} {text[:200]!r}")
                return

    threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    if failures:
        raise Failed(failures[0])
    times.sort()
    return Measured(len(times) / took, times[int(len(times) * 0.95)] * 1000)
