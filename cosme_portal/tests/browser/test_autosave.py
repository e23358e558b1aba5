"""Text is saved while it is written, and nothing typed is lost: by two people, offline, or logged out."""

import pytest

from applicants.tests.factories import complete_profile, make_organisation, make_user
from conftest import DEADLINE
from cosme_portal.tests.browser.conftest import set_clock
from cosme_portal.tests.processes import wait_until
from proposals.models import Section
from proposals.tests.factories import assign, make_draft, make_ready, partner_of, save

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real_clock,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser-autosave"),
]


@pytest.fixture
def proposal(call):
    return make_draft(call)


def writer(visit, proposal, person=None, step="summary"):
    visitor = visit()
    visitor.log_in(person or proposal.started_by)
    visitor.goto(f"/proposals/{proposal.number}/steps/{step}/")
    return visitor


def stored(proposal, step="summary"):
    own = Section.objects.filter(proposal=proposal, step=step, participant=None)
    return own.values_list("answers", flat=True).first() or {}  # the first save makes the row


def assert_status(visitor, text):
    visitor.page.locator("#autosave", has_text=text).wait_for()


def test_a_step_saves_itself_when_typing_stops_or_a_field_is_left(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.locator("[name=acronym]").press_sequentially("LASER")
    assert_status(visitor, "Not saved yet …")
    assert_status(visitor, "Saved 16:20:")
    assert stored(proposal)["acronym"] == "LASER"
    visitor.check()

    visitor.page.locator("[name=abstract]").press_sequentially("Photonics")
    visitor.page.locator("[name=duration_months]").focus()
    wait_until(lambda: stored(proposal)["abstract"] == "Photonics")
    visitor.fill(title_text="Photonics for health")
    visitor.press("Save and continue")
    assert stored(proposal)["title_text"] == "Photonics for health"


def test_leaving_the_page_saves(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.locator("[name=acronym]").fill("LEAVING")
    visitor.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")
    wait_until(lambda: stored(proposal).get("acronym") == "LEAVING")


def test_rows_of_a_list_are_saved_and_can_be_added_to(visit, proposal):
    visitor = writer(visit, proposal, step="vision")
    visitor.page.locator("[name='markets-0-region']").fill("ASEAN")
    visitor.page.locator("[name='markets-0-reason']").fill("Demand")
    assert_status(visitor, "Saved 16:20:")
    visitor.page.get_by_role("button", name="Add another").click()
    visitor.page.locator("[name='markets-1-region']").fill("Mercosur")
    visitor.page.locator("[name='markets-1-region']").blur()
    wait_until(lambda: len(stored(proposal, "vision")["markets"]) == 2)


def test_a_wrong_value_is_saved_as_typed_and_said(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.locator("[name=acronym]").fill("KEPT")
    visitor.page.locator("[name=duration_months]").fill("about 18")
    assert_status(visitor, "must be corrected. Duration in months")
    assert stored(proposal)["acronym"] == "KEPT"
    visitor.page.reload()
    assert visitor.page.locator("[name=duration_months]").input_value() == "about 18"
    visitor.check()
    visitor.page.locator("[name=duration_months]").fill("18")
    assert_status(visitor, "Saved 16:20:")
    wait_until(lambda: stored(proposal)["duration_months"] == 18)
    visitor.page.reload()
    assert not visitor.page.locator("#unsent").is_visible()


def test_a_browser_that_forbids_storage_saves_to_the_portal_all_the_same(visit, proposal):
    visitor = visit()
    visitor.page.context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name,"
        " { get() { throw new DOMException('Access is denied', 'SecurityError'); } });"
    )
    broken = []
    visitor.page.on("pageerror", lambda error: broken.append(str(error)))
    visitor.log_in(proposal.started_by)
    visitor.goto(f"/proposals/{proposal.number}/steps/summary/")
    visitor.page.locator("[name=acronym]").fill("NO STORAGE")
    assert_status(visitor, "Saved 16:20:")
    assert stored(proposal)["acronym"] == "NO STORAGE"
    visitor.press("Save and continue")
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    visitor.page.locator("[data-menu] > summary").click()
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.wait_for_url("**/")
    assert broken == []


def paste(visitor, name, text):
    visitor.page.locator(f"[name='{name}']").focus()
    visitor.page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            if (document.activeElement.dispatchEvent(event)) document.execCommand("insertText", false, text);
        }""",
        text,
    )


def value(visitor, name):
    return visitor.page.locator(f"[name='{name}']").input_value()


def test_a_paste_changes_no_other_field_unless_the_person_accepts_the_offer(visit, call):
    proposal = make_draft(call)
    rows = [
        {"title": title, "objective": "", "description": "", "justification": ""}
        for title in ("One", "Two")
    ]
    save(proposal, "activities", activities=rows)
    visitor = writer(visit, proposal, step="activities")
    text = "• first\tA\n• second\tB\n• third\tC"
    paste(visitor, "activities-0-description", text)
    assert value(visitor, "activities-0-description") == text
    assert value(visitor, "activities-1-title") == "Two"
    visitor.page.keyboard.press("Control+z")
    assert value(visitor, "activities-0-description") == ""
    paste(visitor, "activities-0-description", text)
    visitor.page.get_by_role("button", name="Fill the rows below").click()
    assert value(visitor, "activities-0-description") == "• first"
    assert value(visitor, "activities-0-justification") == "A"
    assert value(visitor, "activities-1-description") == "• second"
    assert value(visitor, "activities-1-title") == "Two"
    assert value(visitor, "activities-2-justification") == "C"
    visitor.check()
    visitor.page.get_by_role("button", name="Undo").click()
    assert value(visitor, "activities-0-description") == text
    assert value(visitor, "activities-1-description") == ""


def test_a_distribution_never_overwrites_a_text(visit, call):
    proposal = make_draft(call)
    rows = [{"title": "T", "objective": "", "description": "Kept", "justification": "Kept too"}] * 2
    save(proposal, "activities", activities=rows)
    visitor = writer(visit, proposal, step="activities")
    paste(visitor, "activities-0-description", "x\ty\nz\tw")
    visitor.page.get_by_role("button", name="Fill the rows below").click()
    for number in range(2):
        assert value(visitor, f"activities-{number}-description") == "Kept"
        assert value(visitor, f"activities-{number}-justification") == "Kept too"
    assert value(visitor, "activities-2-description") == "x"
    assert value(visitor, "activities-3-justification") == "w"


def test_a_long_paste_is_kept_whole_and_counted_as_the_server_counts(visit, proposal):
    visitor = writer(visit, proposal)
    text = "😀" * 3189 + "\n" * 9 + "x\n"
    visitor.page.evaluate(
        """(text) => {
            const field = document.querySelector("[name=abstract]");
            field.value = text;
            field.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        text,
    )
    counter = visitor.page.locator("[name=abstract] ~ [data-counter]")
    assert counter.inner_text().startswith("199 characters too many")
    assert_status(visitor, "199 characters too many")
    assert stored(proposal)["abstract"].strip() == text.strip()


def test_amounts_come_back_as_they_were_understood(visit, proposal):
    visitor = writer(visit, proposal, step="budget")
    visitor.page.locator("[name=staff_p1]").fill("54000,50")
    visitor.page.locator("[name=travel_p1]").fill("1.234")
    assert_status(visitor, "can mean 1,234.00 or 1.23")
    assert stored(proposal, "budget")["staff_p1"] == "54000.50"
    wait_until(lambda: value(visitor, "staff_p1") == "54,000.50")
    assert value(visitor, "travel_p1") == "1.234"
    visitor.page.reload()
    assert value(visitor, "staff_p1") == "54,000.50"
    assert value(visitor, "travel_p1") == "1.234"
    visitor.check()


def test_more_text_than_the_portal_takes_stays_in_the_page(visit, proposal, settings):
    settings.MAX_STEP_SIZE = settings.MAX_TEXT_SIZE = 3000
    visitor = writer(visit, proposal)
    visitor.page.locator("[name=abstract]").fill("x" * 4000)
    assert_status(visitor, "It is still on this page")
    visitor.page.get_by_role("button", name="Save and continue").click()
    assert value(visitor, "abstract") == "x" * 4000


def test_without_connection_text_is_kept_and_sent_when_it_is_back(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.context.set_offline(True)
    visitor.page.locator("[name=acronym]").fill("OFFLINE")
    assert_status(visitor, "Your text is kept in this browser. Trying again")
    visitor.page.context.set_offline(False)
    assert_status(visitor, "Saved 16:20:")
    assert stored(proposal)["acronym"] == "OFFLINE"


def test_a_network_that_drops_every_third_answer_loses_and_doubles_nothing(visit, proposal):
    visitor = writer(visit, proposal)
    seen = []

    def drop_some(route):
        seen.append(route)
        answer = route.fetch()  # the portal has got it; the answer is what gets lost
        if len(seen) % 3 == 0:
            route.abort()
        else:
            route.fulfill(response=answer)

    visitor.page.route("**/steps/summary/", drop_some)
    for number in range(1, 6):
        visitor.page.locator("[name=acronym]").fill(f"TRY {number}")
        visitor.page.locator("[name=acronym]").blur()
        for _turn in range(400):
            visitor.page.wait_for_timeout(50)  # the browser's requests pass through this process
            if stored(proposal).get("acronym") == f"TRY {number}":
                break
    assert_status(visitor, "Saved 16:20:")
    assert stored(proposal)["acronym"] == "TRY 5"
    assert len(seen) > 5


def test_two_people_on_one_step_are_told_and_see_both_texts(visit, proposal):
    assign(proposal, "summary")
    lead = writer(visit, proposal)
    partner = writer(visit, proposal, partner_of(proposal))
    lead.page.locator("[name=acronym]").fill("LEAD")
    assert_status(lead, "Saved 16:20:")
    partner.page.locator("[name=acronym]").fill("PARTNER")
    assert_status(partner, "saved this section since you opened it")
    assert stored(proposal)["acronym"] == "LEAD"
    partner.press("Save and continue")
    partner.assert_shows("saved this section while you were editing it", "LEAD", "PARTNER")


def test_after_an_expired_login_the_text_is_offered_back(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.context.clear_cookies(name="sessionid")
    visitor.page.locator("[name=acronym]").fill("SIGNED OUT")
    assert_status(visitor, "Not saved: you are signed out.")
    visitor.log_in(proposal.started_by)
    visitor.goto(f"/proposals/{proposal.number}/steps/summary/")
    visitor.page.get_by_role("button", name="Restore it").click()
    assert_status(visitor, "Saved 16:20:")
    assert stored(proposal)["acronym"] == "SIGNED OUT"


def test_text_that_comes_after_the_deadline_is_kept_in_the_browser(visit, proposal):
    visitor = writer(visit, proposal)
    set_clock(DEADLINE)
    visitor.page.locator("[name=acronym]").fill("LATE")
    assert_status(visitor, "Not saved: the deadline has passed.")
    assert stored(proposal) == {}
    assert visitor.page.locator("[name=acronym]").input_value() == "LATE"


def test_logging_out_on_purpose_leaves_nothing_in_the_browser(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.context.set_offline(True)
    visitor.page.locator("[name=acronym]").fill("SECRET")
    assert_status(visitor, "Your text is kept in this browser")
    visitor.page.context.set_offline(False)
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    visitor.page.locator("[data-menu] > summary").click()
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.wait_for_url("**/")
    assert "SECRET" not in visitor.page.evaluate("JSON.stringify(localStorage)")


def test_the_profile_saves_itself_too(visit, call):
    person = make_user()
    organisation = make_organisation(by=person)
    complete_profile(organisation, by=person)
    visitor = visit()
    visitor.log_in(person)
    visitor.goto(f"/organisations/{organisation.pk}/profile/identity/")
    visitor.page.locator("[name=legal_form]").fill("Foundation")
    assert_status(visitor, "Saved 16:20:")
    section = organisation.profile_sections.get(step="identity")
    assert section.answers["legal_form"] == "Foundation"


def total(visitor, name):
    return visitor.page.locator(f"tfoot [data-total={name}]").inner_text()


def note(visitor, name):
    """The text of a note below the budget; none while it is hidden."""
    found = visitor.page.locator(f"[data-note={name}]")
    return found.inner_text() if found.is_visible() else None


def focused(visitor):
    return visitor.page.evaluate("document.activeElement.name")


def test_a_budget_adds_up_while_it_is_typed(visit, call):
    proposal = make_ready(call)
    visitor = writer(visit, proposal, step="budget")
    page = visitor.page
    page.locator("[name=staff_p1]").fill("34.000,50")
    assert (total(visitor, "staff"), total(visitor, "costs")) == ("94,000.50", "124,000.50")
    assert_status(visitor, "Saved 16:20:")
    page.reload()
    assert total(visitor, "costs") == "124,000.50"
    visitor.check()


def test_the_budget_says_what_it_leaves_out_and_which_limit_is_exceeded(visit, call):
    proposal = make_ready(call)
    visitor = writer(visit, proposal, step="budget")
    page = visitor.page
    names = ("unread", "over-costs", "ceiling", "rate")
    assert [note(visitor, name) for name in names] == [None] * 4
    before = page.evaluate(PLACES)
    page.locator("[name=grant_p1]").fill("140000")
    name = page.locator("tbody bdi").first.inner_text()
    assert name in note(visitor, "over-costs")
    assert note(visitor, "ceiling")
    assert note(visitor, "rate")
    assert page.evaluate(PLACES) == before  # nothing moves while one types
    visitor.check()
    page.locator("[name=grant_p1]").fill("1.234")  # two readings: not added up, and not guessed
    assert page.locator("[name=grant_p1]").get_attribute("aria-label") in note(visitor, "unread")
    assert total(visitor, "grant") == "60,000"
    assert [note(visitor, name) for name in names[1:]] == [None] * 3


PLACES = """[...document.querySelectorAll("[data-budget] :is(td, th), .limits, [data-copy-budget]")]
    .map((element) => element.getBoundingClientRect()).map(({ x, y, width }) => [x, y, width].join())"""


def test_keys_move_in_a_column_of_the_budget_and_skip_what_one_cannot_write(visit, call):
    proposal = make_ready(call)
    visitor = writer(visit, proposal, step="budget")
    page = visitor.page
    address = page.url
    page.evaluate("document.querySelector('[name=staff_p2]').disabled = true")
    page.locator("[name=staff_p1]").focus()
    places = []
    for key in ("Enter", "Enter", "ArrowUp", "ArrowDown", "Shift+Enter", "Tab"):
        page.keyboard.press(key)
        places.append(focused(visitor))
    assert places == ["staff_p3", "staff_p3", "staff_p1", "staff_p3", "staff_p1", "travel_p1"]
    assert page.url == address


def test_a_block_of_a_spreadsheet_fills_the_budget_only_where_the_person_accepts(visit, call):
    proposal = make_ready(call)
    visitor = writer(visit, proposal, step="budget")
    before = value(visitor, "travel_p2")
    paste(visitor, "travel_p1", "1000\t2000\n3000\t4000")
    assert value(visitor, "travel_p2") == before
    visitor.page.get_by_role("button", name="Fill the rows below").click()
    names = ("travel_p1", "subcontracting_p1", "travel_p2", "subcontracting_p2")
    understood = ["1,000.00", "2,000.00", "3,000.00", "4,000.00"]
    wait_until(lambda: [value(visitor, name) for name in names] == understood)
    visitor.page.get_by_role("button", name="Undo").click()
    assert value(visitor, "travel_p2") == before


def test_a_copied_budget_comes_back_to_the_same_cells(visit, call):
    proposal = make_ready(call)
    visitor = writer(visit, proposal, step="budget")
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("[data-copy-budget]").click()
    page.locator("[data-copy-status]:not(:empty)").wait_for()
    rows = [
        line.split("\t") for line in page.evaluate("navigator.clipboard.readText()").split("\n")
    ]
    assert [len(row) for row in rows] == [9] * 5
    assert rows[4][1:] == ["90,000", "30,000", "0", "0", "0", "120,000", "90,000", "75.00%"]
    fields = page.locator("tbody input")
    before = [fields.nth(index).input_value() for index in range(fields.count())]
    visitor.fill(staff_p1="", grant_p1="")
    paste(visitor, "staff_p1", "\n".join("\t".join(row[1:]) for row in rows[1:4]))
    page.get_by_role("button", name="Fill the rows below").click()
    assert [fields.nth(index).input_value() for index in range(fields.count())] == before
