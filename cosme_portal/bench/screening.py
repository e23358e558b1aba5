"""How often an officer clicks, and waits for a page, to screen one unremarkable proposal of five partners.

From the list of cases to the next case, in a browser and by mouse: every rule and every partner's
checklist is answered and a decision recorded. Typing is not counted, the click into the field is.
"""

import shutil
from collections.abc import Iterator
from typing import Any

from cosme_portal.bench.report import row

MAX_CLICKS, MAX_PAGE_LOADS = 15, 3
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LIST = "/admin/proposals/version/"


class CountingHand:
    """Clicks and loads pages as an officer does, and counts both."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.clicks = self.page_loads = 0
        page.on("load", self._count_page_load)

    def _count_page_load(self, _page: Any) -> None:
        self.page_loads += 1

    def click(self, target: Any) -> None:
        """On something that changes the page which is shown."""
        target.click()
        self.clicks += 1

    def save(self, target: Any) -> None:
        """On something that the page saves by itself."""
        with self.page.expect_response(lambda response: response.request.method == "POST"):
            self.click(target)

    def follow(self, target: Any) -> None:
        """On something that leads to a page."""
        with self.page.expect_event("load"):
            self.click(target)


def clicks_of_a_screening(port: int, source: Any) -> Iterator[bool]:
    """Clicks and page loads of one screening, on a server that listens at `port`."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- a development package

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise RuntimeError("Chromium is missing. On Debian: sudo apt-get install chromium")
    address = f"http://localhost:{port}"
    cookies, case = _cookies_of_officer(source, address), _unremarkable_case(source)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies(cookies)
        hand = CountingHand(context.new_page())
        hand.page.set_default_timeout(15_000)
        hand.page.goto(f"{address}{LIST}?q={case.proposal.number}")
        screen_case(hand, case.proposal.number)
        browser.close()
    asked = f"at most {MAX_CLICKS}"
    yield row("Clicks of a screening", str(hand.clicks), asked, hand.clicks <= MAX_CLICKS)
    loads = hand.page_loads
    asked = f"at most {MAX_PAGE_LOADS}"
    yield row("Page loads of a screening", str(loads), asked, loads <= MAX_PAGE_LOADS)


def screen_case(hand: CountingHand, number: str) -> None:
    """From the list to a recorded decision, and on to the next case."""
    page = hand.page
    hand.follow(page.locator("#result_list").get_by_role("link", name=number))
    hand.save(page.locator("form[data-agree] button"))
    open_lines = page.locator("[data-line]:not(.is-answered) > form:visible")
    for line in open_lines.element_handles():
        hand.save(line.query_selector("[data-key=c]"))
    hand.click(page.locator("[name=outcome][value=eligible]"))
    reason = page.locator("#case-form [name=reason]")
    hand.click(reason)
    reason.fill("All conditions are met.")
    hand.follow(page.locator("[data-key=s]"))
    if page.locator("[name=sure]").count():
        hand.click(page.locator("[name=sure]"))
        hand.follow(page.locator("button.decide"))


def _cookies_of_officer(source: Any, address: str) -> list[Any]:
    from cosme_portal.bench import officers  # noqa: PLC0415 -- after set-up

    officers.closed_call(source, officers.FEW)
    client = officers.client_of(officers.some_officers()[0])
    return [
        {"name": name, "value": morsel.value, "url": address}
        for name, morsel in client.cookies.items()
    ]


def _unremarkable_case(source: Any) -> Any:
    """All rules are met, and nobody has worked on it; its partners claim the whole definition."""
    from cosme_portal.bench import officers  # noqa: PLC0415 -- after set-up
    from proposals.models import Version  # noqa: PLC0415

    call = officers.closed_call(source, officers.FEW)
    own = Version.objects.filter(proposal__strand__call=call, decisions=None)
    met = own.filter(case_state__outcome="pass").select_related("proposal").order_by("pk")
    return met.first() or own.select_related("proposal").order_by("pk")[0]
