"""Many people who save the same proposals at once: no update is lost, nothing hangs, nothing fails."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cosme_portal.bench.load import Failed, Measured, form
from cosme_portal.bench.report import baseline, row

PEOPLE = 50
SECONDS = 60
# Five people of a proposal, each with a field of their own of the same step.
FIELDS = ("acronym", "title_text", "abstract", "partnership_name", "partnership_text")


@dataclass
class Writer:
    """One person: what it last saw of the step, and the last text that the portal said was saved."""

    number: str
    cookies: dict[str, str]
    own: str
    seen: dict[str, str]
    version: int
    acknowledged: str = ""
    times: list[float] = field(default_factory=list)

    def save(self, connection: http.client.HTTPConnection, turn: int) -> None:
        text = f"{self.own[:6]} {turn}"
        fields = self.seen | {self.own: text, "seen_version": str(self.version)}
        path = f"/proposals/{self.number}/steps/summary/"
        method, path, body, headers = form(path, self.cookies, **fields)
        begun = time.perf_counter()
        connection.request(method, path, body, headers | {"X-Autosave": "1"})
        answer = connection.getresponse()
        content = answer.read()
        self.times.append(time.perf_counter() - begun)
        if answer.status != 200:
            raise Failed(f"{path}: {answer.status} {content[:200]!r}")
        reply = json.loads(content)
        self.version, self.acknowledged = reply["version"], text
        self.seen[self.own] = text
        for name, value in reply.get("fields", []):
            if name in self.seen:
                self.seen[name] = value


def saving_together(port: int, proposals: list[Any]) -> Iterator[bool]:
    """Fifty people on ten proposals for a minute, and the same load on the bare view."""
    print(f"\nWriting together: {PEOPLE} people, {len(proposals)} proposals, {SECONDS} seconds")
    writers = [writer for proposal in proposals for writer in _writers(*proposal)]
    failures = _run(port, writers)
    times = sorted(time for writer in writers for time in writer.times)
    measured = Measured(len(times) / SECONDS, times[int(len(times) * 0.95)] * 1000)
    bare = _bare(port, writers)
    baseline("the bare view under the same load", f"{bare.per_second:.0f}/s, p95 {bare.p95:.0f} ms")
    text = f"{measured.per_second:.0f}/s, p95 {measured.p95:.0f} ms"
    row("Saved", f"{len(times)}, {text}, {measured.p95 / bare.p95:.1f} x", "", True)
    yield row("Errors and conflicts", str(len(failures)), "none", not failures)
    lost = sum(_lost(writer) for writer in writers)
    yield row("Lost updates", str(lost), "none", lost == 0)


def _writers(proposal: Any, cookies: dict[str, str]) -> list[Writer]:
    from proposals.models import Section  # noqa: PLC0415 -- after set-up

    section = Section.objects.get(proposal=proposal, step="summary")
    seen = {name: str(section.answers.get(name) or "") for name in FIELDS}
    seen["duration_months"] = str(section.answers["duration_months"])
    seen["partnership_since"] = str(section.answers["partnership_since"])
    return [Writer(proposal.number, cookies, own, dict(seen), section.version) for own in FIELDS]


def _run(port: int, writers: list[Writer]) -> list[str]:
    failures: list[str] = []
    end = time.perf_counter() + SECONDS

    def write(writer: Writer) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        turn = 0
        while time.perf_counter() < end:
            turn += 1
            try:
                writer.save(connection, turn)
            except (Failed, OSError, http.client.HTTPException) as error:
                failures.append(str(error))
                return

    _together([threading.Thread(target=write, args=(writer,)) for writer in writers])
    return failures


def _bare(port: int, writers: list[Writer]) -> Measured:
    times: list[float] = []
    seconds = SECONDS / 4
    end = time.perf_counter() + seconds

    def commit(writer: Writer) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        method, path, body, headers = form("/bench/commit/", writer.cookies, text="x" * 400)
        while time.perf_counter() < end:
            begun = time.perf_counter()
            connection.request(method, path, body, headers)
            connection.getresponse().read()
            times.append(time.perf_counter() - begun)

    _together([threading.Thread(target=commit, args=(writer,)) for writer in writers])
    times.sort()
    return Measured(len(times) / seconds, times[int(len(times) * 0.95)] * 1000)


def _together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _lost(writer: Writer) -> bool:
    """Whether what the portal acknowledged last is not what is stored."""
    from proposals.models import Section  # noqa: PLC0415 -- after set-up

    answers = Section.objects.get(proposal__number=writer.number, step="summary").answers
    return bool(answers[writer.own] != writer.acknowledged)
