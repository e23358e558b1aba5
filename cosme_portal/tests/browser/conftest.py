"""Chromium on the test's own server, with a worker beside it and a clock that can be moved."""

import os
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.signals import request_finished, request_started
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, sync_playwright

from applicants.models import User
from applicants.tests.factories import PASSWORD
from calls import shared_clock
from calls.models import Call
from conftest import AFTERNOON
from cosme_portal.tests import processes

SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What axe judges an element by, apart from its words: name, classes, attributes, state, labels, parent.
KINDS_OF_ELEMENTS = """[...new Set([...document.querySelectorAll("html, body, body *")].map((element) => [
    element.localName, element.className?.baseVal ?? element.className, element.getAttributeNames().join(),
    element.labels?.length, element.disabled, element.parentElement?.localName, element.getAttribute("role"),
].join(" ")))]"""
CHECKED: dict[tuple[str, int], set[str]] = {}  # by kind of page and width


def _kind_of_page(url: str) -> str:
    try:
        match = resolve(urlsplit(url).path)
    except Resolver404:
        return "not found"
    return f"{match.view_name} {match.kwargs.get('slug', '')}"


# Of a file: while Playwright runs, this thread has an event loop, and what another test seals here would fail.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    # Playwright runs an event loop in this thread, and Django is asked from it on purpose.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        processes.missing("Chromium is missing. On Debian: sudo apt-get install chromium")
    started = playwright.chromium.launch(executable_path=path, args=SWITCHES)
    yield started
    started.close()


class Visitor:
    """One person with a browser: goes to pages, and has each one checked by axe."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.checked: list[str] = []

    def goto(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.check()

    def check(self) -> None:
        """No violation of WCAG 2.2 AA, and nothing wider than the window, once colours have settled.

        Axe looks at a kind of page once for each width, and again when it holds a kind of element that
        was not on it before.
        """
        if self._shows_something_new():
            self._run_axe()
        too_wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert too_wide <= 0, (
            f"{self.page.url} is {too_wide} px wider than the window: {self._widest()}"
        )
        self.checked.append(self.page.url)

    def _shows_something_new(self) -> bool:
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        known = CHECKED.setdefault((_kind_of_page(self.page.url), width), set())
        elements = set(self.page.evaluate(KINDS_OF_ELEMENTS))
        is_new = not elements <= known
        known |= elements
        return is_new

    def _run_axe(self) -> None:
        self.page.evaluate(
            "Promise.allSettled(document.getAnimations()"
            ".filter((one) => one.effect.getComputedTiming().endTime !== Infinity).map((one) => one.finished))"
        )
        # Without preloading: axe would copy imported style sheets into the page, which its policy refuses.
        answer = Axe().run(self.page, options={"runOnly": WCAG, "preload": False})
        results = [
            f"{violation['id']}: {violation['nodes'][0]['html'][:160]} ({len(violation['nodes'])} times)"
            for violation in answer.response["violations"]
        ]
        assert not results, f"{self.page.url}: {results}"

    def _widest(self) -> list[str]:
        return self.page.evaluate(
            "[...document.querySelectorAll('body *')]"
            ".filter((one) => one.getBoundingClientRect().right > innerWidth + 1).slice(-5)"
            ".map((one) => one.outerHTML.slice(0, 200))"
        )

    def log_in(self, person: User) -> None:
        self.goto("/account/login/")
        self.fill(login=person.email, password=PASSWORD)
        self.press("Sign in")

    def press(self, name: str, *, within: str = "main") -> None:
        """Press a button or follow a link by its words, and check the page that comes."""
        target = self.page.locator(within)
        button = target.get_by_role("button", name=name, exact=False)
        link = target.get_by_role("link", name=name, exact=False)
        self.follow(button.or_(link).first)
        self.check()

    def follow(self, target: Locator) -> None:
        """Click and wait for the next page: without this the old page may be what is read."""
        with self.page.expect_navigation():
            target.click()

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            control = self.page.locator(f"[name='{name}']")
            kind = control.first.evaluate("e => e.type || e.tagName")
            if kind in ("radio", "checkbox"):
                self.page.locator(f"[name='{name}'][value='{value}']").check()
            elif kind.startswith("select"):
                control.select_option(value)
            else:
                control.fill(value)

    def assert_shows(self, *texts: str) -> None:
        shown = " ".join(self.page.locator("body").inner_text().split())
        for text in texts:
            assert text in shown, f"{text!r} is not on {self.page.url}: {shown}"


@pytest.fixture
def moved_clock(settings: Any, transactional_db: None) -> Iterator[None]:
    settings.CLOCK_IS_MOVABLE = True
    shared_clock.set_shared_offset(AFTERNOON)
    with shared_clock.use_shared_offset():  # for what the test itself does; requests ask again
        yield


@pytest.fixture
def call(moved_clock: None) -> Call:
    return Call.objects.get(reference="COS-CLUSTER-2014-3-03")


@pytest.fixture
def under_way(live_server: Any) -> Iterator[set[int]]:
    """Requests that the server is answering: pages say goodbye when they are closed.

    The database is emptied after a test, and must not meet one of them.
    """
    answering: set[int] = set()

    def began(**_signal: Any) -> None:
        answering.add(threading.get_ident())

    def ended(**_signal: Any) -> None:
        answering.discard(threading.get_ident())

    request_started.connect(began)
    request_finished.connect(ended)
    yield answering
    request_started.disconnect(began)
    request_finished.disconnect(ended)


@pytest.fixture
def visit(
    browser: Browser, live_server: Any, moved_clock: None, settings: Any, under_way: set[int]
) -> Iterator[Any]:
    """Make a visitor: `visit(width=360, scripts=False, zone="Europe/London")`."""
    settings.BASE_URL = live_server.url
    contexts: list[BrowserContext] = []

    def make(*, width: int = 1280, scripts: bool = True, zone: str = "Europe/Vilnius") -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            timezone_id=zone,
            accept_downloads=True,
        )
        contexts.append(context)
        return Visitor(context.new_page(), live_server.url)

    yield make
    for context in contexts:
        for page in context.pages:  # a request that a test holds up may still be under way
            page.unroute_all(behavior="ignoreErrors")
        context.set_offline(True)
        context.close()
    processes.wait_until(lambda: not under_way)


@pytest.fixture
def with_worker(running_broker: str, live_server: Any) -> Iterator[None]:
    with processes.worker(base_url=live_server.url):
        yield


def set_clock(moment: datetime) -> None:
    shared_clock.set_shared_offset(moment)
