"""Several people at once: presence, merging, conflicts, files, invitations, with axe on every page."""

import re

import pytest
from django.core import mail

from applicants.tests.factories import PASSWORD, make_user
from conftest import DEADLINE
from cosme_portal.tests.browser.conftest import set_clock
from cosme_portal.tests.processes import wait_until
from proposals.consortium.invitations import accept, invite
from proposals.consortium.members import remove_collaborator
from proposals.delivery import outbox
from proposals.delivery.emails import send_email
from proposals.models import Confirmation, Invitation, ProposalFile, Section, Version
from proposals.proof.full_proposal_pdf import make_draft_pdfs
from proposals.tests.factories import assign, make_draft, make_ready, partner_of, save, submit
from proposals.workspace.tests.test_uploads import pdf_bytes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real_clock,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser-workspace"),
]


def at_step(visit, proposal, person, step="summary", **kwargs):
    visitor = visit(**kwargs)
    visitor.log_in(person)
    visitor.goto(f"/proposals/{proposal.number}/steps/{step}/")
    return visitor


def assert_status(visitor, text):
    visitor.page.locator("#autosave", has_text=text).wait_for()


def stored(proposal, step="summary"):
    own = Section.objects.filter(proposal=proposal, step=step, participant=None)
    return own.values_list("answers", flat=True).first() or {}  # the first save makes the row


def link_in_last_mail():
    outbox.process_due_emails(send_email)
    return re.search(r"http\S+(/proposals/invitations/\S+)", mail.outbox[-1].body)[1]


def test_people_on_one_step_see_each_other_and_their_fields_merge(visit, call):
    proposal = make_draft(call)
    assign(proposal, "summary")
    partner_person = partner_of(proposal)
    lead = at_step(visit, proposal, proposal.started_by)
    partner = at_step(visit, proposal, partner_person)
    partner.page.locator("#presence", has_text="is also viewing this section").wait_for()
    lead.page.locator("[name=acronym]").fill("LASER")
    assert_status(lead, "Saved 16:20:")
    partner.page.locator("[name=abstract]").fill("Written by the partner")
    assert_status(partner, "merged with changes by someone else: Acronym")
    assert partner.page.locator("[name=acronym]").input_value() == "LASER"
    partner.page.locator("[name=title_text]").fill("Photonics")
    partner.page.locator("[name=title_text]").blur()
    wait_until(lambda: stored(proposal).get("title_text") == "Photonics")
    lead.page.locator("[name=duration_months]").fill("18")
    lead.page.locator("[name=duration_months]").blur()
    wait_until(lambda: stored(proposal).get("duration_months") == 18)
    assert stored(proposal) == {
        "acronym": "LASER",
        "abstract": "Written by the partner",
        "title_text": "Photonics",
        "duration_months": 18,
    }


def test_three_people_on_one_step_lose_nothing(visit, call):
    proposal = make_draft(call)
    assign(proposal, "summary")
    kim = make_user(full_name="Kim Third")
    asked = invite(
        proposal,
        email=kim.email,
        purpose=Invitation.Purpose.WRITE,
        participant=proposal.participants.get(key="p2"),
        by=proposal.started_by,
    )
    accept(asked, user=kim)
    people = [proposal.started_by, partner_of(proposal), kim]
    visitors = [at_step(visit, proposal, person) for person in people]
    visitors[2].page.locator("#presence", has_text="are also viewing this section").wait_for()
    fields = ("acronym", "title_text", "abstract")
    for turn in range(3):
        for visitor, name in zip(visitors, fields, strict=True):
            visitor.page.locator(f"[name={name}]").fill(f"{name} {turn}")
            visitor.page.locator(f"[name={name}]").blur()
    for visitor, name in zip(visitors, fields, strict=True):
        for _turn in range(200):
            visitor.page.wait_for_timeout(50)
            if stored(proposal).get(name) == f"{name} 2":
                break
    assert {name: stored(proposal)[name] for name in fields} == {n: f"{n} 2" for n in fields}


def test_rows_that_two_people_add_come_into_both_pages(visit, call):
    proposal = make_draft(call)
    assign(proposal, "activities")
    lead = at_step(visit, proposal, proposal.started_by, "activities")
    partner = at_step(visit, proposal, partner_of(proposal), "activities")
    lead.page.locator("[name='activities-0-title']").fill("Mission")
    assert_status(lead, "Saved 16:20:")
    partner.page.locator("[name='activities-0-title']").fill("Fair")
    assert_status(partner, "merged with changes by someone else: Activities")
    assert partner.page.locator("[name='activities-0-title']").input_value() == "Fair"
    assert partner.page.locator("[name='activities-1-title']").input_value() == "Mission"
    partner.page.locator("[name='activities-0-description']").fill("In Tokyo")
    partner.page.locator("[name='activities-0-description']").blur()
    wait_until(lambda: "In Tokyo" in str(stored(proposal, "activities")))
    rows = {row["title"]: row for row in stored(proposal, "activities")["activities"]}
    assert set(rows) == {"Mission", "Fair"} and rows["Fair"]["description"] == "In Tokyo"


def test_typing_while_a_merge_is_on_its_way_mixes_no_rows(visit, call):
    proposal = make_draft(call)
    visitor = at_step(visit, proposal, proposal.started_by, "activities")
    other = {
        "title": "Fair",
        "objective": "",
        "description": "Theirs",
        "justification": "",
        "row": "x",
    }
    save(proposal, "activities", activities=[other])
    held = []

    def hold_first(route):
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page = visitor.page
    page.route("**/steps/activities/", hold_first)
    title = page.locator("[name=activities-0-title]")
    title.fill("Mission")
    for _turn in range(100):
        page.wait_for_timeout(50)  # the browser's requests pass through this process
        if held:
            break
    title.press_sequentially(" to US")
    held[0][0].fulfill(response=held[0][1])
    for _turn in range(200):
        page.wait_for_timeout(50)
        if "Mission to US" in str(stored(proposal, "activities")):
            break
    rows = {
        row["title"]: row["description"] for row in stored(proposal, "activities")["activities"]
    }
    assert rows == {"Fair": "Theirs", "Mission to US": ""}


def test_text_that_came_too_late_is_offered_for_download_when_the_step_is_opened_again(visit, call):
    proposal = make_draft(call)
    visitor = at_step(visit, proposal, proposal.started_by)
    set_clock(DEADLINE)
    visitor.page.locator("[name=acronym]").fill("LATE")
    assert_status(visitor, "Not saved: the deadline has passed.")
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    visitor.goto(f"/proposals/{proposal.number}/steps/summary/")
    visitor.assert_shows("This browser has unsaved text for this section")
    link = visitor.page.get_by_role("link", name="Download your text (TXT)")
    assert "LATE" in link.get_attribute("href")


def test_a_conflict_is_solved_field_by_field_with_the_keyboard(visit, call):
    proposal = make_draft(call)
    assign(proposal, "summary")
    save(proposal, "summary", acronym="OLD", abstract="Old text")
    lead = at_step(visit, proposal, proposal.started_by)
    partner = at_step(visit, proposal, partner_of(proposal))
    lead.page.locator("[name=acronym]").fill("LEAD")
    lead.page.locator("[name=abstract]").fill("Text of the lead")
    assert_status(lead, "Saved 16:20:")
    partner.page.locator("[name=acronym]").fill("MINE")
    partner.page.locator("[name=abstract]").fill("Text of mine")
    assert_status(partner, "saved this section since you opened it")
    partner.press("Save and continue")
    partner.assert_shows("saved this section while you were editing it", "LEAD", "MINE")
    assert partner.page.locator("ins", has_text=re.compile("^LEAD$")).count() == 1
    partner.press("Save and continue")
    partner.assert_shows("Nothing was saved: select which text to keep for each field below.")
    for choice in ("#theirs-acronym", "#mine-abstract"):
        partner.page.locator(choice).focus()
        partner.page.keyboard.press("Space")
    partner.press("Save and continue")
    assert (stored(proposal)["acronym"], stored(proposal)["abstract"]) == ("LEAD", "Text of mine")
    partner.goto(f"/proposals/{proposal.number}/steps/summary/")
    assert not partner.page.locator("#unsent").is_visible()  # what was settled is not offered again


def test_a_third_person_whose_access_ends_keeps_the_text(visit, call):
    proposal = make_draft(call)
    kim = make_user()
    asked = invite(
        proposal,
        email=kim.email,
        purpose=Invitation.Purpose.WRITE,
        participant=proposal.participants.get(key="p2"),
        by=proposal.started_by,
    )
    collaborator = accept(asked, user=kim)
    visitor = at_step(visit, proposal, kim, "descriptions/p2")
    visitor.page.locator("[name=description]").fill("First")
    assert_status(visitor, "Saved 16:20:")
    remove_collaborator(collaborator, by=proposal.started_by)
    visitor.page.locator("[name=description]").fill("Second, which is long")
    assert_status(visitor, "Not saved. The coordinator removed your access to this proposal")
    visitor.press("Save and continue")
    visitor.assert_shows("Your changes were not saved", "Second, which is long")


def test_files_go_up_by_choosing_or_dropping_and_a_broken_one_is_sent_again(visit, call):
    proposal = make_draft(call)
    visitor = at_step(visit, proposal, proposal.started_by, "deliverables")
    page = visitor.page
    content = pdf_bytes(pages=2)
    page.set_input_files(
        "#file-roadmap", {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": content}
    )
    zone = page.locator("[data-upload$='/roadmap/']")
    zone.get_by_text("“plan.pdf” uploaded: 2 pages").wait_for()
    assert zone.get_by_text("SHA-256", exact=False).first.is_visible()
    page.set_input_files(
        "#file-strategy-plan",
        {"name": "page.pdf", "mimeType": "application/pdf", "buffer": b"<html>"},
    )
    page.get_by_text("This file is not a PDF").wait_for()

    page.route("**/files/partnership-agreement/", lambda route: route.abort())
    agreement = page.locator("[data-upload$='/partnership-agreement/']")
    page.set_input_files(
        "#file-partnership-agreement",
        {"name": "agreed.pdf", "mimeType": "application/pdf", "buffer": content},
    )
    agreement.get_by_text("The connection was lost").wait_for()
    page.unroute("**/files/partnership-agreement/")
    agreement.get_by_role("button", name="Try again").click()
    agreement.get_by_text("“agreed.pdf” uploaded").wait_for()

    transfer = page.evaluate_handle(
        """bytes => { const t = new DataTransfer();
        t.items.add(new File([new Uint8Array(bytes)], 'dropped.pdf', {type: 'application/pdf'}));
        return t; }""",
        list(pdf_bytes(pages=1)),
    )
    zone.dispatch_event("drop", {"dataTransfer": transfer})
    zone.get_by_text("“dropped.pdf” uploaded: 1 page").wait_for()
    visitor.check()
    names = ProposalFile.objects.filter(replaced_at=None).values_list("name", flat=True)
    assert sorted(names) == ["agreed.pdf", "dropped.pdf"]
    visitor.goto(f"/proposals/{proposal.number}/files/roadmap/")
    visitor.assert_shows("Earlier files", "plan.pdf")


def test_a_partner_is_asked_and_confirms_on_a_phone_without_an_account(visit, call):
    proposal = make_ready(call)
    lead = visit()
    lead.log_in(proposal.started_by)
    lead.goto(f"/proposals/{proposal.number}/people/")
    lead.fill(email="kim@partner.example", purpose="confirm", partner="p2")
    lead.press("Send invitation")
    lead.assert_shows("Invitation sent to kim@partner.example.", "pending")
    phone = visit(width=320)
    phone.goto(link_in_last_mail())
    phone.assert_shows("Photonics for health", "You do not need an account.")
    phone.fill(name="Kim Partner", function="Director")
    phone.press("Confirm that")
    phone.assert_shows("Confirm this statement")
    for number in (1, 2, 3):
        phone.page.locator(f"[name=declaration_{number}]").check()
    phone.press("Confirm that")
    phone.assert_shows("Your organisation has confirmed")
    assert Confirmation.objects.get().name == "Kim Partner"
    lead.goto(f"/proposals/{proposal.number}/progress/")
    lead.assert_shows("nothing outstanding")


def test_an_invited_person_signs_up_and_comes_back_to_the_invitation(visit, call):
    proposal = make_draft(call)
    lead = visit()
    lead.log_in(proposal.started_by)
    lead.goto(f"/proposals/{proposal.number}/people/")
    lead.fill(email="kim@partner.example", purpose="write", partner="p2")
    lead.press("Send invitation")
    link = link_in_last_mail()
    kim = visit()
    kim.goto(link)
    kim.press("Create an account")
    kim.fill(full_name="Kim Partner", email="kim@home.example", password1=PASSWORD)
    kim.press("Create an account")
    confirm = re.search(r"http://\S+/account/confirm-email/\S+", mail.outbox[-1].body)[0]
    kim.page.goto(confirm)
    kim.press("Confirm email address")
    if link not in kim.page.url:
        kim.goto(link)
    kim.press("Accept as Kim Partner")
    kim.assert_shows("You now have access to this proposal.")
    kim.goto("/proposals/")
    kim.assert_shows("My tasks", "Description:")


def test_every_page_of_the_workspace_is_fine_on_screen_and_phone(visit, call):
    proposal = make_ready(call)
    submit(proposal)
    save(proposal, "summary", acronym="NEW", abstract="Another text")
    assign(proposal, "vision")
    base = f"/proposals/{proposal.number}"
    paths = [
        "/proposals/",
        f"{base}/",
        f"{base}/progress/",
        f"{base}/people/",
        f"{base}/timeline/",
        f"{base}/compare/",
        f"{base}/history/summary/",
        f"{base}/preview/",
        f"{base}/consortium/p2/remove/",
        f"{base}/delete/",
        f"{base}/progress/p2/confirm/",
        f"{base}/steps/vision/",
        f"{base}/steps/summary/?text=1",
        "/proof/check/",
    ]
    for width in (1280, 320):
        visitor = visit(width=width)
        visitor.log_in(proposal.started_by)
        for path in paths:
            visitor.goto(path)
    partner = visit()
    partner.log_in(partner_of(proposal))
    for path in (f"{base}/steps/summary/", f"{base}/steps/budget/", f"{base}/progress/p2/confirm/"):
        partner.goto(path)


def test_the_account_menu_closes_by_escape_and_by_a_click_beside_it(visit, call):
    proposal = make_draft(call)
    visitor = at_step(visit, proposal, proposal.started_by)
    button = visitor.page.locator("[data-menu] > summary")
    sign_out = visitor.page.get_by_role("button", name="Sign out")
    button.press("Enter")
    sign_out.focus()
    visitor.check()
    visitor.page.keyboard.press("Escape")
    assert not sign_out.is_visible()
    assert button.evaluate("element => element === document.activeElement")
    button.click()
    assert sign_out.is_visible()
    visitor.page.locator("h1").click()
    assert not sign_out.is_visible()


def test_a_comment_is_written_and_done_and_a_draft_printed(visit, call):
    proposal = make_draft(call)
    visitor = at_step(visit, proposal, proposal.started_by)
    visitor.page.locator("#comments > summary").click()
    visitor.fill(text="Shorter, please @nobody")
    visitor.press("Comment")
    visitor.assert_shows("Shorter, please")
    visitor.press("Mark as done")
    visitor.assert_shows("Reopen")
    visitor.goto(f"/proposals/{proposal.number}/preview/")
    visitor.press("Create PDF")
    visitor.assert_shows("The PDF is being created.")
    assert make_draft_pdfs() == 1
    ready = visitor.page.get_by_role("link", name="Download the draft (PDF)")
    ready.wait_for(timeout=10_000)
    visitor.check()


def test_two_leads_submit_at_once_and_the_deadline_passes_between_check_and_submit(visit, call):
    proposal = make_ready(call)
    item, other = visit(), visit()
    for visitor in (item, other):
        visitor.log_in(proposal.started_by)
        visitor.goto(f"/proposals/{proposal.number}/check/")
    for visitor in (item, other):
        visitor.fill(declared=call.declaration_digest)
        visitor.press("Submit proposal")
        visitor.assert_shows("current version")
    assert list(Version.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    item.goto(f"/proposals/{proposal.number}/check/")
    set_clock(DEADLINE)
    item.press("Submit again")
    item.assert_shows("received after the deadline", "Version 2 was received before the deadline")


def test_thirty_activities_are_pasted_from_a_spreadsheet(visit, call):
    proposal = make_draft(call)
    visitor = at_step(visit, proposal, proposal.started_by, "activities")
    objective = proposal.strand.objectives[0]
    lines = [f"Activity {n}\t{objective['text']}\tWhat {n}\tWhy {n}" for n in range(30)]
    visitor.page.locator("[name='activities-0-title']").focus()
    visitor.page.evaluate(
        """text => { const data = new DataTransfer(); data.setData("text/plain", text);
        document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }""",
        "\r\n".join(lines) + "\r\n",
    )
    visitor.page.get_by_role("button", name="Fill the rows below").click()
    wait_until(lambda: len(stored(proposal, "activities").get("activities", [])) == 30)
    rows = stored(proposal, "activities")["activities"]
    assert rows[29].pop("row")
    assert {
        name: rows[29][name] for name in ("title", "objective", "description", "justification")
    } == {
        "title": "Activity 29",
        "objective": objective["code"],
        "description": "What 29",
        "justification": "Why 29",
    }
