"""Text is saved while it is written, and nothing typed is lost: by two people, offline, or logged out."""

import pytest

from applicants.tests.factories import complete_profile, make_organisation, make_user
from conftest import DEADLINE
from cosme_portal.tests.browser.conftest import jump
from cosme_portal.tests.processes import wait_until
from proposals.models import Section
from proposals.tests.factories import give, make_draft, partner_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real_clock,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("processes"),
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
    return Section.objects.get(proposal=proposal, step=step, participant=None).answers


def says(visitor, text):
    visitor.page.locator("#autosave", has_text=text).wait_for()


def test_a_step_saves_itself_when_typing_stops_or_a_field_is_left(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.locator("[name=acronym]").press_sequentially("LASER")
    says(visitor, "Not saved yet …")
    says(visitor, "Saved 16:20:")
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
    says(visitor, "Saved 16:20:")
    visitor.page.get_by_role("button", name="Add another").click()
    visitor.page.locator("[name='markets-1-region']").fill("Mercosur")
    visitor.page.locator("[name='markets-1-region']").blur()
    wait_until(lambda: len(stored(proposal, "vision")["markets"]) == 2)


def test_a_wrong_value_is_said_and_the_rest_waits_in_the_browser(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.locator("[name=acronym]").fill("KEPT")
    visitor.page.locator("[name=duration_months]").fill("999")
    says(visitor, "Not saved yet. Duration in months:")
    visitor.page.reload()
    visitor.page.get_by_role("button", name="Put it back").click()
    assert visitor.page.locator("[name=acronym]").input_value() == "KEPT"
    visitor.page.locator("[name=duration_months]").fill("18")
    says(visitor, "Saved 16:20:")
    assert stored(proposal)["acronym"] == "KEPT"
    visitor.page.reload()
    assert not visitor.page.locator("#unsent").is_visible()


def test_without_connection_text_is_kept_and_sent_when_it_is_back(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.context.set_offline(True)
    visitor.page.locator("[name=acronym]").fill("OFFLINE")
    says(visitor, "Your text is kept in this browser; trying again.")
    visitor.page.context.set_offline(False)
    says(visitor, "Saved 16:20:")
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
    says(visitor, "Saved 16:20:")
    assert stored(proposal)["acronym"] == "TRY 5"
    assert len(seen) > 5


def test_two_people_on_one_step_are_told_and_see_both_texts(visit, proposal):
    give(proposal, "summary")
    lead = writer(visit, proposal)
    partner = writer(visit, proposal, partner_of(proposal))
    lead.page.locator("[name=acronym]").fill("LEAD")
    says(lead, "Saved 16:20:")
    partner.page.locator("[name=acronym]").fill("PARTNER")
    says(partner, "saved this step meanwhile. Your text is kept here")
    assert stored(proposal)["acronym"] == "LEAD"
    partner.press("Save and continue")
    partner.says("saved this step while you were writing", "LEAD", "PARTNER")


def test_after_an_expired_login_the_text_is_offered_back(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.context.clear_cookies(name="sessionid")
    visitor.page.locator("[name=acronym]").fill("LOGGED OUT")
    says(visitor, "Not saved: you are logged out.")
    visitor.log_in(proposal.started_by)
    visitor.goto(f"/proposals/{proposal.number}/steps/summary/")
    visitor.page.get_by_role("button", name="Put it back").click()
    says(visitor, "Saved 16:20:")
    assert stored(proposal)["acronym"] == "LOGGED OUT"


def test_text_that_comes_after_the_deadline_is_kept_in_the_browser(visit, proposal):
    visitor = writer(visit, proposal)
    jump(DEADLINE)
    visitor.page.locator("[name=acronym]").fill("LATE")
    says(visitor, "Not saved: the deadline has passed.")
    assert stored(proposal) == {}
    assert visitor.page.locator("[name=acronym]").input_value() == "LATE"


def test_logging_out_on_purpose_leaves_nothing_in_the_browser(visit, proposal):
    visitor = writer(visit, proposal)
    visitor.page.context.set_offline(True)
    visitor.page.locator("[name=acronym]").fill("SECRET")
    says(visitor, "Your text is kept in this browser")
    visitor.page.context.set_offline(False)
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    visitor.page.get_by_role("button", name="Log out").click()
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
    says(visitor, "Saved 16:20:")
    section = organisation.profile_sections.get(step="identity")
    assert section.answers["legal_form"] == "Foundation"
