"""What a person has to do for a first submission with five organisations, counted in Chromium.

    python -m cosme_portal.bench.clicks

One coordinator signs up, registers five organisations, writes for all of them what the call requires, and
submits. It goes only where links and buttons lead. A field is a value that is typed or chosen; a click is a
link or button that is pressed, or a choice; a page is a document that the browser loads.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "cosme_portal.bench.settings"
os.environ.setdefault("PORTAL_MODE", "development")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in this thread

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from cosme_portal import embedded
from cosme_portal.bench.database import use_own_database

SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PASSWORD = "a-long-pass-phrase-2015"  # noqa: S105 -- of a database that lasts for one run
LEAD_NAME = "Lina Vaitkutė"
COORDINATOR = ("LITEK", "LT")
PARTNERS = (
    ("OpticsValley", "FR"),
    ("Human.technology Styria", "AT"),
    ("Optence", "DE"),
    ("Packbridge", "SE"),
)
ORGANISATION = {
    "legal_form": "Association",
    "founded": "2006",
    "street": "Main street 1",
    "postcode": "1000 Town",
    "description": "A cluster of small and medium-sized enterprises.",
    "status": "planned",
    "total": "40",
    "smes": "30",
    "large": "4",
    "research": "6",
    "staff": "2.5",
    "contact_name": "A. Person",
}
OFFER = {
    "sectors": "plastics",
    "emerging_industries": "medical-devices",
    "offered": "matchmaking",
    "independent": "yes",
    "how": "Independent members share laboratories and knowledge.",
    "third_markets": "US",
    "label": "silver",
}


@dataclass
class Effort:
    """What was counted so far."""

    clicks: int = 0
    fields: int = 0
    pages: int = 0

    def __sub__(self, earlier: "Effort") -> "Effort":
        return Effort(
            self.clicks - earlier.clicks, self.fields - earlier.fields, self.pages - earlier.pages
        )

    def now(self) -> "Effort":
        return Effort(self.clicks, self.fields, self.pages)


class Person:
    """Somebody with a browser, who presses what a page offers and fills in its fields."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.effort = page, Effort()
        page.set_default_timeout(60_000)
        page.on("domcontentloaded", self._count_page)
        page.goto(address)

    def _count_page(self, _page: Page) -> None:
        self.effort.pages += 1

    def press(self, name: str, *, within: str = "main") -> None:
        """Press a link or button by its words, and wait for the page that it leads to."""
        part = self.page.locator(within)
        button = part.get_by_role("button", name=name)
        self.follow(button.or_(part.get_by_role("link", name=name)).first)

    def follow(self, target: Locator) -> None:
        with self.page.expect_navigation():
            target.click()
        self.effort.clicks += 1

    def open_email(self, address: str) -> None:
        """Follow the link of an email: a click in the mailbox."""
        self.page.goto(address)
        self.effort.clicks += 1

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            is_choice = self._fill(self.page.locator(f"main [name='{name}']"), name, value)
            self.effort.fields += 1
            self.effort.clicks += is_choice

    def _fill(self, control: Locator, name: str, value: str) -> bool:
        """Whether it was a choice, which takes a click."""
        kind = control.first.evaluate("e => e.type || e.tagName")
        if kind in ("radio", "checkbox"):
            self.page.locator(f"main [name='{name}'][value='{value}']").check()
        elif kind.startswith("select"):
            control.select_option(value)
        else:
            control.fill(value)
            return False
        return True

    def reach(self, sentence: str) -> None:
        """Refuse to go on where the page does not show this."""
        shown = " ".join(self.page.locator("body").inner_text().split())
        if sentence not in shown:
            raise RuntimeError(f"{self.page.url} does not show {sentence!r}: {shown}")


def sign_up(lead: Person) -> None:
    from django.core import mail  # noqa: PLC0415 -- after set-up

    lead.press("Cluster Go International")
    lead.press("Create an account", within="header")
    lead.fill(full_name=LEAD_NAME, email="lina@litek.example", password1=PASSWORD)
    lead.press("Create an account")
    link = re.search(r"http://\S+/account/confirm-email/\S+", str(mail.outbox[-1].body))
    assert link is not None  # noqa: S101 -- the email that was just sent
    lead.open_email(link[0])
    lead.press("Confirm email address")


def start(lead: Person) -> None:
    lead.press("COSME portal", within="header")
    lead.press("Cluster Go International")
    lead.press("Start a proposal in strand 1")
    lead.press("Register an organisation")
    lead.fill(legal_name=COORDINATOR[0], kind="cluster-organisation", country=COORDINATOR[1])
    lead.press("Register")
    lead.press("Start proposal")


def summarise(lead: Person) -> None:
    lead.press("Summary")
    lead.fill(
        acronym="LASER-GO",
        title_text="Photonics for health",
        abstract="To markets beyond Europe.",
        duration_months="18",
    )
    lead.press("Save and continue")


def invite_partners(lead: Person) -> None:
    """From a table, each cell of which was typed once: it counts as a field."""
    lead.press("Invite partners from a table")
    rows = [
        (name, "Cluster organisation", country, f"office{number}@partner.example")
        for number, (name, country) in enumerate(PARTNERS, start=2)
    ]
    heading = ("legal_name", "kind", "country", "contact_email")
    lead.fill(text="\n".join("\t".join(row) for row in (heading, *rows)))
    lead.effort.fields += len(rows) * len(heading) - 1
    lead.press("Show what would happen")
    lead.press("Invite these organisations")
    lead.press("Continue")


def fill_profiles(lead: Person) -> None:
    lead.press("Complete the cluster profiles")
    planned_on = (datetime.now(tz=UTC).date() + timedelta(days=120)).isoformat()
    for number, _organisation in enumerate((COORDINATOR, *PARTNERS), start=1):
        contact = f"office{number}@partner.example"
        lead.fill(**ORGANISATION, planned_on=planned_on, contact_email=contact)
        lead.press("Save and continue")
        lead.fill(**OFFER)
        lead.press("Save and continue")


def write(lead: Person) -> None:
    lead.press("Description :")
    for _organisation in (COORDINATOR, *PARTNERS):
        lead.fill(description="It offers matchmaking and advice.", task="One market.")
        lead.press("Save and continue")
    lead.fill(vision="One European voice.", goals="Missions.", emerging_industries="digital")
    lead.fill(**{"markets-0-country": "US", "markets-0-reason": "Demand of members"})
    lead.press("Save and continue")
    lead.fill(
        **{
            "activities-0-title": "Mission",
            "activities-0-objective": "shape",
            "activities-0-description": "Go there",
            "activities-0-justification": "Members asked for it",
        }
    )
    lead.press("Save and continue")
    for code in ("partnership-agreement", "strategy-plan", "roadmap"):
        lead.fill(**{f"text_{code}": "Agreed by all partners."})
    lead.press("Save and continue")
    for number in range(1, len(PARTNERS) + 2):
        lead.fill(
            **{
                f"staff_p{number}": "30000",
                f"travel_p{number}": "9000",
                f"grant_p{number}": "20000",
            }
        )
    lead.press("Save and continue")


def submit(lead: Person) -> None:
    lead.reach("all rules met")
    declared = lead.page.locator("main [name=declared]").get_attribute("value") or ""
    lead.fill(declared=declared)
    lead.press("Submit proposal")
    lead.reach("version 1")


JOURNEY = (sign_up, start, summarise, invite_partners, fill_profiles, write, submit)


def main() -> int:
    embedded.provide_database(as_superuser=True)
    use_own_database("portal_clicks")
    import django  # noqa: PLC0415 -- the database's address comes first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 -- after set-up

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    from cosme_portal.bench import world  # noqa: PLC0415 -- after set-up

    world.open_call()
    with _server() as address, _browser() as browser:
        _drive(Person(browser.new_page(viewport={"width": 1280, "height": 900}), address))
    return 0


def _drive(lead: Person) -> None:
    """The whole way, with what each part of it takes."""
    _show("part", "clicks", "fields", "pages")
    for part in JOURNEY:
        before = lead.effort.now()
        part(lead)
        _show_effort(part.__name__.replace("_", " "), lead.effort - before)
    _show_effort("first submission, five organisations", lead.effort)


def _show(*cells: str) -> None:
    name, *numbers = cells
    print(f"  {name:40}" + "".join(f"{number:>8}" for number in numbers), flush=True)


def _show_effort(name: str, effort: Effort) -> None:
    _show(name, str(effort.clicks), str(effort.fields), str(effort.pages))


@contextmanager
def _server() -> Iterator[str]:
    """The portal in a thread of this process, so that emails can be read from memory."""
    from django.conf import settings  # noqa: PLC0415 -- after set-up
    from django.contrib.staticfiles.handlers import StaticFilesHandler  # noqa: PLC0415
    from django.test.testcases import LiveServerThread  # noqa: PLC0415
    from django.test.utils import setup_test_environment  # noqa: PLC0415

    setup_test_environment()
    thread: Any = LiveServerThread("localhost", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    settings.BASE_URL = f"http://localhost:{thread.port}"
    try:
        yield settings.BASE_URL
    finally:
        thread.terminate()


@contextmanager
def _browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit("Chromium is missing. On Debian: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
