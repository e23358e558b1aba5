"""What partner search and the helpdesk keep of a person is taken out and erased; what proves stays valid."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from applicants.tests.factories import make_user
from proposals.helpdesk import enquiries
from proposals.helpdesk.personal_data import erase, export_of
from proposals.models import (
    Conversation,
    Enquiry,
    Message,
    PartnershipRequest,
    QueuedEmail,
    SavedSearch,
)
from proposals.partnering import conversations
from proposals.partnering.saved_searches import save_search
from proposals.partnering.search_query import PartnerSearch
from proposals.proof.ledger import sequence
from proposals.proof.ledger_audit import find_problems
from proposals.tests.factories import make_officer, make_ready, submit
from proposals.tests.partners import make_owner, make_request

pytestmark = pytest.mark.django_db

PAGE = "/helpdesk/my-data/"


@pytest.fixture
def asker(call):
    """A person with one of everything; on the other side stands somebody else."""
    person, organisation = make_owner("LT")
    request = make_request(call)
    conversation = conversations.start(
        request, "We would join.", organisation=organisation, by=person, shows=False
    )
    conversations.send_message(
        conversation, "Welcome.", side=conversations.Side.OWNER, by=request.made_by
    )
    conversations.report_abuse(request, "Advertising.", by=person)
    make_request(call, owner=(person, organisation), title="Our own")
    save_search(person, name="Lasers", question=PartnerSearch(text="laser"))
    asked = enquiries.NewEnquiry(
        name="Kim", email=person.email, subject="Why?", message="Why is that?"
    )
    enquiries.reply(
        enquiries.submit_enquiry(asked, call=call, user=None), "So.", seen=0, by=make_officer()
    )
    return person


def test_everything_of_a_person_is_taken_out_and_nothing_of_others(asker):
    export = export_of(asker.email)
    assert [enquiry["message"] for enquiry in export["enquiries"]] == ["Why is that?"]
    assert export["enquiries"][0]["answers"] == ["So."]
    assert [message["text"] for message in export["messages"]] == ["We would join."]
    assert [request["title"] for request in export["requests"]] == ["Our own"]
    assert export["saved_searches"] == [{"name": "Lasers", "query": "q=laser"}]
    assert export["reports"] == ["Advertising."]
    nothing = export_of("nobody@nowhere.example")
    assert set(nothing) == set(export) and not any(
        nothing[name] for name in export if name != "address"
    )


def test_what_is_erased_is_gone_and_what_belongs_to_others_stays(call, asker):
    version = submit(make_ready(call))
    sequence()
    assert erase(asker.email)["messages"] == 1
    assert not Enquiry.objects.exists() and not SavedSearch.objects.exists()
    assert [message.text for message in Message.objects.all()] == ["Welcome."]
    assert Conversation.objects.get().started_by is None
    assert PartnershipRequest.objects.get(title="Our own").made_by is None
    assert not QueuedEmail.objects.filter(to=asker.email, proposal=None).exists()
    left = export_of(asker.email)
    assert not any(left[name] for name in left if name != "address")
    version.refresh_from_db()
    assert list(find_problems()) == []


def test_a_person_does_it_alone_and_says_so_twice(asker):
    client = Client()
    client.force_login(asker)
    taken = client.get(PAGE, {"as": "json"})
    assert json.loads(taken.content)["address"] == asker.email
    refused = client.post(PAGE)
    assert "Nothing was erased" in refused.content.decode() and Enquiry.objects.exists()
    done = client.post(PAGE, {"sure": "on"})
    assert "Your data has been erased." in done.content.decode() and not Enquiry.objects.exists()
    assert Client().get(PAGE).status_code == 302


def test_the_command_serves_people_without_an_account(call):
    asked = enquiries.NewEnquiry(
        name="Kim", email="kim@asks.example", subject="Why?", message="Why?"
    )
    enquiries.submit_enquiry(asked, call=call, user=None)
    out = StringIO()
    call_command("personal_data", "Kim@Asks.example", stdout=out)
    assert json.loads(out.getvalue())["enquiries"][0]["name"] == "Kim"
    call_command("personal_data", "kim@asks.example", "--erase", stdout=StringIO())
    assert not Enquiry.objects.exists()


def test_an_address_with_a_letter_that_only_looks_alike_is_somebody_elses(asker, client):
    """In upper case the long ſ is an S: PostgreSQL's `iexact` takes one for the other."""
    other = make_user(email=asker.email.replace("s", "ſ", 1))
    client.force_login(other)
    result = client.get(PAGE, {"as": "json"}).json()
    assert not any(result[name] for name in result if name != "address")
    client.post(PAGE, {"sure": "on"})
    assert len(export_of(asker.email)["messages"]) == len(export_of(asker.email)["enquiries"]) == 1
