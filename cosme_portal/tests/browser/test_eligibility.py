"""May we apply, who counts, and what a change would do: as a new user and an officer see it."""

import pytest

from applicants.tests.factories import PASSWORD, make_organisation, make_user
from conftest import NEXT_DAY
from cosme_portal.tests.browser.conftest import set_clock
from proposals.models import Proposal, ProposedChange, VerdictRecord
from proposals.screening.automatic_check import screen_closed
from proposals.tests.factories import make_officer, make_ready, submit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real_clock,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser-eligibility"),
]


@pytest.mark.parametrize("width", [1280, 320])
def test_from_a_first_question_to_a_consortium_that_stands(call, visit, width):
    make_organisation(legal_name="Plastipolis", country="FR")
    visitor = visit(width=width)
    visitor.goto("/calls/COS-CLUSTER-2014-3-03/")
    visitor.press("Check if you can apply")
    visitor.assert_shows("We ask for no personal data and store nothing.")
    visitor.press("Show result")
    visitor.assert_shows("There is a problem")
    visitor.fill(
        strand="3.1",
        kind="cluster-organisation",
        country="LT",
        registration="planned",
        services="yes",
        independent="yes",
        partner_1="FR",
        partner_2="RS",
    )
    visitor.press("Show result")
    visitor.assert_shows(
        "You can apply, but not all of your partners count",
        "1 more participating country needed, other than France or Lithuania.",
        "Partner 2 (Serbia) is established in Serbia, which did not participate in COSME",
    )
    assert visitor.page.get_by_role("button", name="Print this page").is_visible()
    start = visitor.page.get_by_role("link", name="with these answers").get_attribute("href")

    lead = make_user()
    visitor.log_in(lead)
    visitor.goto(start)
    visitor.press("Register an organisation")
    visitor.fill(legal_name="LITEK")
    visitor.press("Register")
    visitor.page.locator("main .alert-info").wait_for()
    visitor.press("Start proposal")
    number = Proposal.objects.get().number

    visitor.goto(f"/proposals/{number}/consortium/")
    visitor.assert_shows(
        "2 more participating countries needed, other than Lithuania.",
        "Adding an organisation from France would not be enough:",
    )
    visitor.page.get_by_text("Try a different consortium").click()
    visitor.page.select_option("#with", "AT")
    visitor.page.locator("#what-if").get_by_text("With an organisation from Austria:").wait_for()
    visitor.assert_shows("1 more participating country needed, other than Austria or Lithuania.")
    visitor.check()

    visitor.goto(f"/proposals/{number}/consortium/?q=plastipolis")
    visitor.press("Invite Plastipolis")
    visitor.assert_shows("1 more participating country needed, other than France or Lithuania.")
    visitor.goto(f"/proposals/{number}/consortium/?without=p2&with=ES")
    visitor.assert_shows("Without Plastipolis, with an organisation from Spain:")


def test_the_self_check_and_the_what_if_need_no_javascript(call, visit):
    lead = make_user()
    proposal = make_ready(call, lead=lead)
    visitor = visit(scripts=False, width=320)
    page = visitor.page
    page.goto(f"{visitor.address}/calls/COS-CLUSTER-2014-3-03/self-check/?kind=company")
    assert "There is a problem" in page.content()
    page.goto(f"{visitor.address}/account/login/")
    page.fill("[name=login]", lead.email)
    page.fill("[name=password]", PASSWORD)
    visitor.follow(page.locator("main button[type=submit]"))
    page.goto(f"{visitor.address}/proposals/{proposal.number}/consortium/")
    page.locator("summary", has_text="Try a different consortium").click()
    page.select_option("#without", "p3")
    visitor.follow(page.get_by_role("button", name="Show result"))
    visitor.assert_shows("Without Cluster")


def test_an_officer_looks_at_a_change_and_puts_it_in_force(call, visit):
    version = submit(make_ready(call, countries=("LT", "FR", "MD")))
    set_clock(NEXT_DAY)
    screen_closed(NEXT_DAY)
    officer = visit()
    officer.log_in(make_officer())
    officer.goto("/programmes/COSME/countries/?on=2015-04-06")
    officer.assert_shows("32 participating countries on 6 April 2015")
    officer.goto("/rules/")
    officer.goto("/admin/proposals/proposedchange/")
    officer.press("Change the countries for COSME", within="#content")
    officer.press("Moldova", within="#content")
    officer.fill(in_force_on="2015-05-01", reason="Corrigendum of 2 May")
    officer.press("Calculate the impact", within="#content")
    officer.assert_shows(
        f"{version.proposal.number} v1", "The agreement was not in force on 21 April 2015"
    )
    officer.assert_shows("a second officer must apply it")
    second = visit()
    second.log_in(make_officer())
    second.goto(ProposedChange.objects.get().get_absolute_url())
    second.press("Apply this change", within="#content")
    second.assert_shows("Change applied.", "Proposals rechecked 1")
    outcomes = VerdictRecord.objects.filter(version=version).order_by("pk")
    assert [outcome.outcome for outcome in outcomes] == ["pass", "pass", "officer"]

    officer.goto("/admin/proposals/proposedchange/")
    officer.press("Change the rules for COS-CLUSTER-2014-3-03", within="#content")
    officer.page.locator("summary", has_text="Number of countries").click()
    officer.page.locator("[name$='-minimum']:visible").fill("40")
    officer.check()
    officer.fill(reason="A mistake")
    officer.press("Calculate the impact", within="#content")
    officer.assert_shows(
        "only 32 countries participate on 2015-04-21. No proposal can meet this rule."
    )
    assert ProposedChange.objects.count() == 2
