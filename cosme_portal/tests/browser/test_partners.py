"""Partner search, contact points and asking for help in Chromium, with axe on every page."""

import pytest
from django.core.cache import cache

from applicants.models import Organisation
from calls.models import Call
from conftest import AFTERNOON, NEXT_DAY
from cosme_portal.tests.browser.conftest import set_clock
from cosme_portal.tests.browser.test_officers_journey import sign_in_officer
from cosme_portal.tests.processes import wait_until
from proposals.helpdesk.contact_points import read_contact_points, store_contact_points
from proposals.helpdesk.tests.test_contact_points import HEAD, LYON
from proposals.models import Confirmation, Enquiry, PartnershipRequest, QueuedEmail
from proposals.officers.rights import CALL_MANAGERS, HELPDESK
from proposals.partnering import conversations, requests
from proposals.partnering.organisations import index_organisations
from proposals.tests.factories import make_draft
from proposals.tests.partners import make_owner, make_request

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real_clock,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser-partners"),
]


def test_from_a_request_to_a_consortium_without_a_gap(call, visit):
    """Publish, be found by a typo, be contacted, answer, be invited, confirm; the gap closes."""
    person, organisation = make_owner("FR")
    owner = visit()
    owner.log_in(person)
    owner.goto(call.get_absolute_url())
    owner.press("Write a partnership request")
    owner.fill(
        kind="offering", title="Photonics cluster offers partnership", text="Eighty members."
    )
    owner.page.locator("[name=strands][value='3.1']").check()
    owner.page.locator("[name=languages][value='fr']").check()
    owner.press("Save as draft")
    owner.press("Publish")
    owner.assert_shows("Request published")

    lead_person, own = make_owner("LT")
    draft = make_draft(call, lead=lead_person, coordinator=own, countries=("LT", "DE"))
    lead = visit()
    lead.goto(call.get_absolute_url())
    lead.assert_shows("Photonics cluster offers partnership")
    lead.log_in(lead_person)
    lead.goto("/partners/?call=" + call.reference)
    lead.assert_shows("1 more participating country needed")
    lead.fill(q="fotonik", gap="1")
    lead.press("Search", within="form.partner-search")
    lead.assert_shows("Showing results for: photonics", "Adds the missing country: 3 of 3.")
    lead.press("Photonics cluster offers partnership")
    lead.press("Send a message")
    lead.fill(text="We lack a third country. Will you join us?")
    lead.press("Send message")
    lead.assert_shows("Message sent.")

    owner.goto("/partners/messages/")
    owner.assert_shows("new")
    owner.press("Cluster")
    owner.fill(text="With pleasure.")
    owner.press("Send message")
    lead.page.reload()
    lead.assert_shows("With pleasure.")
    lead.follow(lead.page.locator(f"button[name=draft][value='{draft.number}']"))
    lead.check()
    lead.assert_shows("The organisation is invited to your consortium", organisation.name)
    owner.page.reload()
    owner.press("/confirm/")
    owner.page.get_by_label("Your name").fill("Anne Owner")
    owner.page.get_by_label("Your function").fill("Director")
    for box in owner.page.locator("main [type=checkbox]").all():
        box.check()
    owner.press("Confirm")
    assert Confirmation.objects.get().organisation == organisation
    lead.goto("/partners/?call=" + call.reference)
    lead.assert_shows("Already in your consortium.", "Enough participating countries once")
    assert "1 more" not in lead.page.locator("main").inner_text()
    assert draft.participants.count() == 3


def test_somebody_asks_and_the_helpdesk_answers(call, visit):
    cache.clear()
    stranger = visit()
    stranger.goto(call.get_absolute_url())
    foot = stranger.page.locator(".ask-foot")
    foot.locator("summary").click()
    foot.locator("form").wait_for()
    stranger.check()
    stranger.fill(
        name="Kim Asks", email="kim@asks.example", subject="Norway?", message="Does Norway count?"
    )
    stranger.page.locator("#ask_consent").check()
    stranger.page.wait_for_timeout(3100)  # the time that writing takes at least
    stranger.press("Send question", within="footer")
    enquiry = Enquiry.objects.get()
    stranger.assert_shows("We have received your question", enquiry.number)
    helpdesk = sign_in_officer(visit, HELPDESK)
    helpdesk.goto("/admin/proposals/enquiry/")
    helpdesk.press(enquiry.number, within="#result_list")
    helpdesk.fill(text="Yes: Norway counts on the day of the deadline.")
    helpdesk.press("Send reply", within="#content")
    helpdesk.assert_shows("kim@asks.example.")
    wait_until(lambda: QueuedEmail.objects.filter(to="kim@asks.example").count() == 2)
    enquiry.refresh_from_db()
    Enquiry.objects.update(call=call)
    helpdesk.page.reload()
    helpdesk.press("Publish the question and answer", within="#content")
    helpdesk.press("Save", within="#content")
    stranger.goto(call.get_absolute_url())
    stranger.assert_shows("Questions and answers", "Norway?")


@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_of_partner_search_is_accessible_and_fits(call, visit, width):
    cache.clear()
    owner, asker = make_owner("FR"), make_owner("LT")
    long = "Photonicsforhealthandmobilityandeverythingelse " * 2
    request = make_request(call, owner=owner, title=long.strip()[:120], text=long * 20)
    hidden = make_request(call, shows_name=False, title="Somebody offers lasers")
    Organisation.objects.update(is_findable=True)
    index_organisations()
    make_draft(call, lead=asker[0], countries=("LT",))
    conversation = conversations.start(
        request, long, organisation=asker[1], by=asker[0], shows=False
    )
    conversations.report_abuse(request, "Advertising.", by=owner[0], conversation=conversation)
    store_contact_points(read_contact_points(HEAD + LYON))
    visitor = visit(width=width)
    for path in (
        "/partners/",
        "/partners/?q=fotonik&country=FR&sector=nothing",
        "/partners/?q=nothingofthat",
        request.get_absolute_url(),
        hidden.get_absolute_url(),
        "/partners/organisations/?q=cluster",
        "/helpdesk/",
        "/helpdesk/contact-points/",
        "/helpdesk/contact-points/?q=zzz",
    ):
        visitor.goto(path)
    visitor.press("Show all")
    visitor.goto("/helpdesk/")
    visitor.press("Send question")
    visitor.assert_shows("There is a problem")
    visitor.log_in(asker[0])
    for path in (
        "/partners/?call=" + call.reference,
        "/partners/mine/",
        "/partners/searches/",
        "/partners/import/",
        "/partners/messages/",
        conversation.get_absolute_url(),
        f"/partners/new/{call.reference}/",
        f"/partners/requests/{hidden.number}/message/",
        "/helpdesk/mine/",
    ):
        visitor.goto(path)
    visitor.press("Contact the helpdesk")
    Call.objects.filter(pk=call.pk).update(moderates_requests=True)
    waiting = requests.save_request(request, {"text": "Changed"}, seen_revision=1)
    assert waiting.state == PartnershipRequest.State.WAITING
    helpdesk = sign_in_officer(visit, HELPDESK, width=width)
    for name in (
        "abusereport",
        "enquiry",
        "contactpoint",
        "faqentry",
        "replytemplate",
        "partnershiprequest",
    ):
        helpdesk.goto(f"/admin/proposals/{name}/")
    helpdesk.goto(f"/admin/proposals/abusereport/{conversation.abuse_reports.get().pk}/change/")
    helpdesk.goto("/admin/proposals/contactpoint/import/")
    helpdesk.goto("/admin/proposals/contactpoint/add/")
    manager = sign_in_officer(visit, CALL_MANAGERS, width=width)
    manager.goto(f"/admin/proposals/partnershiprequest/{request.pk}/change/")
    set_clock(NEXT_DAY)
    visitor.goto(hidden.get_absolute_url())
    visitor.assert_shows("This request has ended")
    set_clock(AFTERNOON)
