"""From the call page to an officer's decision, as people do it, once for each strand."""

import re
from datetime import timedelta

import pytest
from django.core import mail

from applicants.tests.factories import PASSWORD, complete_profile, make_organisation, make_user
from conftest import AFTERNOON, DEADLINE, NEXT_DAY
from cosme_portal.tests.browser.conftest import Visitor, set_clock
from proposals.dossier.agreement import agree_if_own
from proposals.models import Decision, Receipt, RefusedAttempt, Version
from proposals.screening.automatic_check import screen_closed
from proposals.tests.factories import make_officer, make_ready

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real_clock,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser-journey"),
]

PROFILE = {
    "identity": {
        "legal_form": "Association",
        "founded": "2006",
        "street": "Savanorių 231",
        "postcode": "02300 Vilnius",
        "description": "A cluster for laser and photonics.",
    },
    "registration": {"status": "planned", "planned_on": "2015-06-01"},
    "members": {"total": "40", "smes": "30", "large": "4", "research": "6", "staff": "2.5"},
    "sectors": {"sectors": "plastics", "emerging_industries": "medical-devices"},
    "services": {
        "offered": "matchmaking",
        "independent": "yes",
        "elements": "C1",
        "how": "Independent members share laboratories and knowledge.",
    },
    "markets": {"third_markets": "US", "label": "silver"},
    "contact": {"contact_name": "Lina V.", "contact_email": "office@litek.example"},
}


def sign_up(visitor: Visitor, address: str) -> None:
    visitor.goto("/")
    visitor.press("Cluster Go International")
    visitor.assert_shows("33 participating countries", "Time left:", "Europe/Vilnius")
    visitor.press("Create an account", within="header")
    visitor.fill(full_name="Lina Vaitkutė", email=address, password1=PASSWORD)
    visitor.press("Create an account")
    visitor.assert_shows("Check your email")
    link = re.search(r"http://\S+/account/confirm-email/\S+", mail.outbox[-1].body)[0]
    visitor.page.goto(link)
    visitor.check()
    visitor.press("Confirm email address")


def fill_profile(visitor: Visitor) -> None:
    """From the first step to the last, by the button of each."""
    visitor.press("Identity")
    for answers in PROFILE.values():
        visitor.fill(**answers)
        visitor.press("Save and continue")
    visitor.assert_shows("Nothing is missing for the call")


def start(visitor: Visitor, strand: int) -> str:
    visitor.goto("/calls/COS-CLUSTER-2014-3-03/")
    visitor.press(f"Start a proposal in strand {strand}")
    visitor.press("Register an organisation")
    visitor.fill(legal_name="LITEK", kind="cluster-organisation", country="LT")
    visitor.press("Register")
    visitor.press("Start proposal")
    return visitor.page.url.split("/proposals/")[1].split("/")[0]


def write(visitor: Visitor, number: str, strand: int) -> None:
    """All steps but the consortium's."""
    steps = f"/proposals/{number}/steps"
    visitor.goto(f"{steps}/summary/")
    visitor.fill(
        acronym="LASER-GO",
        title_text="Photonics for health",
        abstract="To markets beyond Europe.",
        duration_months="18",
    )
    if strand == 2:
        visitor.fill(
            partnership_name="Photonics alliance",
            partnership_since="2012",
            partnership_text="Agreed and tested since 2012.",
        )
    visitor.press("Save and continue")
    for key in ("p1", "p2", "p3"):
        visitor.goto(f"{steps}/descriptions/{key}/")
        visitor.fill(description="It offers matchmaking and channels advice.", task="One market.")
        visitor.press("Save and continue")
    visitor.goto(f"{steps}/vision/")
    visitor.fill(
        vision="One European voice.", goals="Three missions.", emerging_industries="digital"
    )
    visitor.fill(**{"markets-0-country": "US", "markets-0-reason": "Demand of members"})
    visitor.page.get_by_role("button", name="Add another").click()
    visitor.fill(**{"markets-1-country": "JP", "markets-1-reason": "A partner there"})
    visitor.press("Save and continue")
    objective = {1: "shape", 2: "implement"}[strand]
    visitor.fill(
        **{
            "activities-0-title": "Mission",
            "activities-0-objective": objective,
            "activities-0-description": "Go there",
            "activities-0-justification": "Members asked for it",
        }
    )
    visitor.press("Save and continue")
    texts = {
        1: ("partnership-agreement", "strategy-plan", "roadmap"),
        2: ("collaboration-activities", "scoreboard"),
    }[strand]
    visitor.fill(**{f"text_{code}": "Agreed by all partners." for code in texts})
    if strand == 2:
        visitor.fill(
            **{
                "indicators-0-name": "Matches",
                "indicators-0-baseline": "0",
                "indicators-0-target": "20",
                "indicators-0-unit": "contracts",
                "indicators-0-verification": "Signed copies",
            }
        )
    visitor.press("Save and continue")
    for key in ("p1", "p2", "p3"):
        visitor.fill(**{f"staff_{key}": "30000", f"travel_{key}": "10000", f"grant_{key}": "30000"})
    visitor.press("Save and continue")


def build_consortium(visitor: Visitor, number: str) -> None:
    visitor.goto(f"/proposals/{number}/consortium/?q=optics")
    visitor.press("Invite OpticsValley")
    visitor.assert_shows("Invited to the consortium: OpticsValley.")
    visitor.press("Register a new organisation")
    visitor.fill(
        **{
            "new-legal_name": "Human.technology Styria",
            "new-kind": "cluster-organisation",
            "new-country": "AT",
        }
    )
    visitor.press("Register and invite")
    visitor.assert_shows("Invited to the consortium: Human.technology Styria.")


def upload(visitor: Visitor, number: str, slot: str, content: bytes) -> None:
    visitor.goto(f"/proposals/{number}/files/{slot}/")
    file = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": content}
    visitor.page.set_input_files("[name=file]", file)
    visitor.press("Upload")


def small_pdf() -> bytes:
    from proposals.workspace.tests.test_uploads import pdf_bytes  # noqa: PLC0415 -- one maker of PDFs

    return pdf_bytes(pages=1)


@pytest.mark.parametrize("strand", [1, 2])
def test_from_the_call_to_an_officers_decision(call, visit, with_worker, strand):
    french = make_user()
    optics = make_organisation(by=french, legal_name="OpticsValley", country="FR")
    complete_profile(optics, by=french)

    lead = visit()
    sign_up(lead, "lina@litek.example")
    number = start(lead, strand)
    build_consortium(lead, number)
    lead.assert_shows("Only its name and country are shown")
    agree_if_own(optics.participations.get(), by=french)
    lead.goto("/organisations/")
    for name in ("LITEK", "Human.technology Styria"):
        lead.goto("/organisations/")
        lead.press(name)
        lead.press("Open profile")
        fill_profile(lead)
    lead.goto(f"/proposals/{number}/consortium/")
    lead.assert_shows("0 countries count for certain", "LITEK (LT): description of each partner")
    write(lead, number, strand)
    lead.goto(f"/proposals/{number}/consortium/")
    lead.assert_shows("3 countries count (Austria, France and Lithuania)")
    slot = {1: "roadmap", 2: "collaboration-activities"}[strand]
    upload(lead, number, slot, b"<html>no pdf</html>")
    lead.assert_shows("This file is not a PDF")
    upload(lead, number, slot, small_pdf())
    lead.assert_shows("“plan.pdf” uploaded: 1 page,")

    lead.goto(f"/proposals/{number}/check/")
    assert lead.page.locator('[data-outcome="pass"]').is_visible()
    lead.fill(declared=call.declaration_digest)
    lead.press("Submit proposal")
    first = Version.objects.get()
    lead.assert_shows(f"{number} · version 1", first.sha256, "current version")
    ready = lead.page.get_by_role("link", name="Download the proof of submission (PDF)")
    ready.wait_for(timeout=40_000)  # arrives without loading the page again
    lead.check()
    with lead.page.expect_download() as download:
        ready.click()
    assert download.value.path().read_bytes() == bytes(Receipt.objects.get(version=first).pdf)

    lead.goto(f"/proposals/{number}/steps/summary/")
    lead.fill(acronym="LASER-GO 2")
    lead.press("Save and continue")
    lead.goto(f"/proposals/{number}/")
    lead.assert_shows("1 field has changed since then.")
    lead.goto(f"/proposals/{number}/check/")
    lead.fill(declared=call.declaration_digest)
    lead.press("Submit again")
    lead.assert_shows("version 2")

    set_clock(DEADLINE - timedelta(seconds=4))
    lead.goto(f"/proposals/{number}/check/")
    lead.fill(declared=call.declaration_digest)
    lead.page.get_by_text("0 seconds: the deadline has passed").first.wait_for(timeout=15_000)
    lead.press("Submit again")
    lead.assert_shows(
        "Not submitted: received after the deadline", "Version 2 was received before the deadline"
    )
    assert RefusedAttempt.objects.count() == 1

    set_clock(NEXT_DAY)
    screen_closed(NEXT_DAY)
    officer_reads_and_decides(visit(), make_officer())
    another_officer_confirms(visit(), make_officer())
    lead.goto(f"/proposals/{number}/steps/summary/")
    lead.assert_shows("You can read the proposal but no longer change it.")
    assert len(lead.checked) > 40


def officer_reads_and_decides(officer: Visitor, person) -> None:
    officer.goto("/admin/")
    officer.fill(login=person.email, password=PASSWORD)
    officer.press("Sign in")
    officer.goto("/admin/proposals/version/?outcome=pass")
    officer.assert_shows("LASER-GO 2")
    officer.press(" v2")
    officer.assert_shows("plan.pdf", "Proof of submission (PDF)")
    officer.fill(outcome="eligible")
    reason = officer.page.locator("#case-form [name=reason]")
    reason.fill("Three organisations from three countries.")
    officer.press("Record decision", within="#content")
    officer.assert_shows("points on the screening sheet are checked.")
    officer.page.check("[name=sure]")
    officer.press("Record decision", within="#content")
    decision = Decision.objects.get()
    assert (decision.decided_by, decision.version.number) == (person, 2)


def another_officer_confirms(officer: Visitor, person) -> None:
    officer.goto("/admin/")
    officer.fill(login=person.email, password=PASSWORD)
    officer.press("Sign in")
    officer.goto("/admin/proposals/version/?decided=mine")
    officer.assert_shows("Eligible (waiting for a second officer)")
    officer.press(" v2")
    officer.press("Confirm or return the decision")
    officer.assert_shows("Three organisations from three countries.")
    officer.fill(answer="confirmed")
    officer.press("Save review", within="#content")
    officer.assert_shows("points on the screening sheet are checked.")
    officer.page.check("[name=sure]")
    officer.press("Save review", within="#content")
    officer.assert_shows("confirmed by a second officer")
    assert [item.reviewed.reviewed_by for item in Decision.objects.confirmed()] == [person]


def test_without_javascript_a_proposal_is_submitted_all_the_same(call, visit, with_worker):
    lead = make_user()
    proposal = make_ready(call, lead=lead)
    visitor = visit(scripts=False, width=320)
    page = visitor.page
    page.goto(visitor.address + "/account/login/")
    page.fill("[name=login]", lead.email)
    page.fill("[name=password]", PASSWORD)
    visitor.follow(page.locator("main button[type=submit]"))
    page.goto(f"{visitor.address}/proposals/{proposal.number}/steps/vision/")
    page.fill("[name='markets-1-region']", "ASEAN")
    visitor.follow(page.locator("button[name=more]"))
    assert page.locator("[name='markets-2-region']").count() == 1
    page.goto(f"{visitor.address}/proposals/{proposal.number}/check/")
    visitor.fill(declared=call.declaration_digest)
    visitor.follow(page.locator("#submit-form button"))
    visitor.assert_shows(Version.objects.get().sha256)
    page.goto(visitor.address + Version.objects.get().get_absolute_url())
    from cosme_portal.tests.processes import wait_until  # noqa: PLC0415 -- only here

    wait_until(Receipt.objects.exists)
    page.reload()
    assert page.get_by_role("link", name="Download the proof of submission (PDF)").count() == 1


def test_all_pages_fit_a_phone_and_a_zoomed_window(call, visit):
    lead = make_user()
    proposal = make_ready(call, lead=lead)
    lead.organisations.first()
    visitor = visit(width=320)
    visitor.goto("/account/login/")
    visitor.fill(login=lead.email, password=PASSWORD)
    visitor.press("Sign in")
    own = proposal.participants.get(key="p1").organisation_id
    pages = [
        "/",
        "/calls/COS-CLUSTER-2014-3-03/",
        "/proposals/",
        "/organisations/",
        "/organisations/new/",
        f"/organisations/{own}/",
        f"/organisations/{own}/profile/",
        "/accessibility/",
        "/guide/",
        "/privacy/",
        "/no/such/page/",
        "/account/password/reset/",
        "/account/email/",
        "/account/password/change/",
        "/demo/accounts/",
        "/demo/emails/",
    ]
    below = ["", "consortium/", "consortium/p2/", "consortium/new/", "check/", "withdraw/"]
    below += [
        f"steps/{slug}/"
        for slug in (
            "summary",
            "descriptions",
            "descriptions/p2",
            "vision",
            "activities",
            "deliverables",
            "budget",
        )
    ]
    below += ["files/roadmap/"]
    profile = ["identity", "registration", "members", "sectors", "services", "markets", "contact"]
    pages += [f"/proposals/{proposal.number}/{path}" for path in below]
    pages += [f"/organisations/{own}/profile/{slug}/" for slug in profile]
    for path in pages:
        visitor.goto(path)
    assert len(visitor.checked) == len(pages) + 2


def test_the_keyboard_alone_reaches_and_sends_the_submit_button(call, visit):
    lead = make_user()
    proposal = make_ready(call, lead=lead)
    visitor = visit()
    visitor.goto("/account/login/")
    visitor.fill(login=lead.email, password=PASSWORD)
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/proposals/")
    visitor.goto(f"/proposals/{proposal.number}/check/")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.className") == "skip-link"
    for _stop in range(60):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("document.activeElement.name") == "declared":
            visitor.page.keyboard.press("Space")
        if visitor.page.evaluate("document.activeElement.innerText") == "Submit proposal":
            break
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_text("current version").wait_for()
    assert Version.objects.count() == 1
    assert AFTERNOON < DEADLINE
