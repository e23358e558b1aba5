"""Asking the helpdesk: with an account or without, held off from spam, answered, published."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_organisation, make_user
from conftest import AFTERNOON
from foundation import clock
from proposals.helpdesk import enquiries
from proposals.models import Enquiry, EnquiryReply, FaqEntry, QueuedEmail, ReplyTemplate
from proposals.officers.rights import HELPDESK
from proposals.tests.factories import make_officer

pytestmark = pytest.mark.django_db

ASK = "/helpdesk/"
WRITTEN = {
    "name": "Kim Asks",
    "email": "Kim@Asks.example",
    "telephone": "",
    "organisation": "",
    "call": "",
    "subject": "Check if you can apply",
    "message": "We are a cluster in Norway.",
    "consent": "on",
    "homepage": "",
}


def opened(seconds=60):
    return enquiries.opened_at(clock.real_now() - timedelta(seconds=seconds))


def send(client=None, **kwargs):
    return (client or Client()).post(ASK, WRITTEN | {"opened": opened()} | kwargs, follow=True)


def text_of(answer):
    return " ".join(answer.content.decode().split())


def officer_client(role=HELPDESK):
    client = Client()
    client.officer = make_officer(role)
    client.force_login(client.officer)
    return client


def test_a_question_arrives_with_a_number_and_a_copy_goes_out(call):
    answer = send(call=call.reference)
    enquiry = Enquiry.objects.get()
    assert "We have received your question" in text_of(answer) and enquiry.number in text_of(answer)
    assert (enquiry.call, enquiry.user, enquiry.email) == (call, None, "kim@asks.example")
    mail = QueuedEmail.objects.get()
    assert (
        mail.to == "kim@asks.example" and enquiry.number in mail.subject and "Norway" in mail.text
    )


def test_who_is_signed_in_needs_not_type_what_is_known_and_finds_the_answer_again(call):
    person = make_user()
    own = make_organisation(by=person)
    client = Client()
    client.force_login(person)
    page = text_of(client.get(ASK, {"call": call.reference}))
    assert person.email in page and own.name in page
    send(client, email=person.email)
    enquiries.reply(Enquiry.objects.get(), "Yes, Norway counts.", seen=0, by=make_officer(HELPDESK))
    assert "Yes, Norway counts." in text_of(client.get(ASK + "mine/"))
    assert "Norway" not in text_of(_of_somebody_else())


def _of_somebody_else():
    client = Client()
    client.force_login(make_user())
    return client.get(ASK + "mine/")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"homepage": "https://spam.example"}, "A hidden field"),
        ({"opened": "forged"}, "The form has expired"),
        ({"consent": ""}, "Tick “I agree"),
        ({"message": "  "}, "Enter your question"),
        ({"email": "not an address"}, "like name@example.com"),
        ({"call": "NO-SUCH"}, "Select the call from the list"),
    ],
)
def test_what_is_refused_is_said_and_nothing_typed_is_lost(value, text):
    answer = send(**value)
    assert answer.status_code == 422 and text in text_of(answer)
    assert WRITTEN["name"] in text_of(answer) and not Enquiry.objects.exists()


def test_what_is_written_faster_than_people_write_is_asked_for_again():
    fast = send(opened=opened(seconds=0))
    assert fast.status_code == 422 and "sent too quickly" in text_of(fast)
    assert WRITTEN["message"] in text_of(fast)
    assert text_of(fast).count("sent too quickly") == 1
    assert send(opened=fast.context["form"].data["opened"]).status_code == 422
    late = send(opened=opened(seconds=100_000))
    assert "The form has expired" in text_of(late) and not Enquiry.objects.exists()
    # The form that came back can be sent: its time counts from now.
    again = late.context["form"].data["opened"]
    assert again != opened()


def test_many_enquiries_in_one_name_are_kept_but_send_few_copies(limits_apply):
    for number in range(8):
        assert send(subject=f"Question {number}").status_code == 200
    assert (Enquiry.objects.count(), QueuedEmail.objects.count()) == (8, 5)


def test_a_guessed_arrival_page_is_none():
    send()
    assert Client().get(f"/helpdesk/received/{Enquiry.objects.get().number}/").status_code == 404


def test_the_answer_does_not_tell_whether_an_address_has_an_account():
    known = make_user()
    pages = [
        text_of(send(email=text, subject="The same")) for text in (known.email, "x@nobody.example")
    ]
    number = [Enquiry.objects.get(email=text).number for text in (known.email, "x@nobody.example")]
    assert pages[0].replace(number[0], "") == pages[1].replace(number[1], "")


def test_the_foot_of_every_page_leads_there_and_has_the_form(call):
    page = text_of(Client().get(call.get_absolute_url()))
    assert 'data-part="/helpdesk/"' in page and f'href="/helpdesk/?call={call.reference}"' in page
    part = Client().get(ASK, headers={"X-Part": "1"})
    assert "<form" in text_of(part) and "<html" not in text_of(part)


def test_the_helpdesk_answers_with_a_ready_text_and_who_asked_gets_a_mail():
    send()
    ReplyTemplate.objects.create(name="Hello", text="Dear colleague,")
    enquiry, client = Enquiry.objects.get(), officer_client()
    path = reverse("admin:proposals_enquiry_answer", args=[enquiry.pk])
    filled = client.post(path, {"text": "Mine.", "add": "Hello"})
    assert "Mine. Dear colleague," in text_of(filled) and not EnquiryReply.objects.exists()
    assert client.post(path, {"text": "  "}).status_code == 422
    answer = client.post(path, {"text": "Norway counts."}, follow=True)
    (message,) = answer.context["messages"]
    assert message.level_tag == "success" and "kim@asks.example" in message.message
    enquiry.refresh_from_db()
    assert (enquiry.state, enquiry.officer) == ("answered", client.officer)
    mail = QueuedEmail.objects.get(key__startswith="enquiry-answer:")
    assert "Norway counts." in mail.text and WRITTEN["message"] in mail.text
    with pytest.raises(DatabaseError), transaction.atomic():
        EnquiryReply.objects.update(text="Other words")


def test_it_is_closed_opened_again_and_erased_a_year_later():
    send()
    enquiry, client = Enquiry.objects.get(), officer_client()
    close = reverse("admin:proposals_enquiry_close", args=[enquiry.pk])
    client.post(close)
    with pytest.raises(enquiries.CannotAnswer, match="closed"):
        enquiries.reply(enquiry, "Late.", seen=0, by=client.officer)
    client.post(close, {"do": "reopen"})
    assert Enquiry.objects.get().state == "new"
    client.post(close)
    assert enquiries.delete_expired(AFTERNOON + timedelta(days=364)) == 0
    assert enquiries.delete_expired(AFTERNOON + timedelta(days=366)) == 1
    assert not Enquiry.objects.exists()
    send()
    with pytest.raises(IntegrityError), transaction.atomic():
        Enquiry.objects.update(state="closed")


def test_an_answer_of_general_use_stands_on_the_call_page_without_who_asked(call):
    send(call=call.reference)
    enquiry, client = Enquiry.objects.get(), officer_client()
    enquiries.reply(enquiry, "Yes: Norway counts.", seen=0, by=client.officer)
    page = client.get(reverse("admin:proposals_enquiry_change", args=[enquiry.pk]))
    form = text_of(client.get(page.context["publish_url"]))
    assert "Check if you can apply" in form and "Yes: Norway counts." in form
    client.post(
        reverse("admin:proposals_faqentry_add"),
        {"call": call.pk, "question": "May Norway apply?", "answer": "Yes.", "position": 1},
    )
    read = text_of(Client().get(call.get_absolute_url()))
    assert "Questions and answers" in read and "May Norway apply?" in read and "Kim" not in read
    FaqEntry.objects.get().delete()
    enquiries.show_on_call_page(call.pk)
    assert "May Norway apply?" not in text_of(Client().get(call.get_absolute_url()))


def test_the_form_at_the_foot_of_a_call_page_is_about_that_call(call):
    values = {"page": f"/calls/{call.reference}/"}
    form = Client().get(ASK, values, headers={"X-Part": "1"}).context["form"]
    assert form.initial["call"] == call


def test_an_answer_that_names_who_asked_is_not_published(call):
    asked = enquiries.NewEnquiry(
        name="Jonas Vitkus", email="jonas@ask.example", subject="Norway?", message="Does it count?"
    )
    enquiry = enquiries.submit_enquiry(asked, call=call, user=None)
    manager = Client()
    manager.force_login(make_officer(HELPDESK))
    path = reverse("admin:proposals_faqentry_add")
    values = {"call": call.pk, "question": "Norway?", "position": 0, "enquiry": enquiry.number}
    refused = manager.post(path, values | {"answer": "Dear Mr Vítkus, it does. jonas@ask.example"})
    assert "identifies the person who asked: jonas, jonas@ask.example, vitkus" in text_of(refused)
    assert manager.post(path, values | {"answer": "It does."}).status_code == 302


def test_the_first_page_of_the_desk_says_what_waits_for_the_helpdesk(call):
    enquiries.submit_enquiry(
        enquiries.NewEnquiry(name="Kim", email="k@ask.example", subject="A", message="B"),
        call=call,
        user=None,
    )
    client = Client()
    client.force_login(make_officer(HELPDESK))
    page = client.get(reverse("admin:index")).content.decode()
    counts = dict(re.findall(r'href="([^"?]+)[^"]*"><b>(\d+)</b>', page))
    assert counts[reverse("admin:proposals_enquiry_changelist")] == "1"
    assert counts[reverse("admin:proposals_abusereport_changelist")] == "0"
    client.force_login(make_officer())
    assert 'id="helpdesk-queue"' not in client.get(reverse("admin:index")).content.decode()
