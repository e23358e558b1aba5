"""People act on one request, conversation or enquiry at once: the loser hears what stands by now."""

from datetime import timedelta

import pytest
from django.contrib.messages import ERROR, INFO, SUCCESS
from django.urls import reverse

from applicants.organisations import join
from applicants.tests.factories import make_user
from calls.tests.connections import at_once, overtaken
from conftest import AFTERNOON
from foundation import clock
from proposals.consortium.tests.test_races_of_people import attempt, message_levels
from proposals.helpdesk import enquiries
from proposals.models import (
    AbuseReport,
    Conversation,
    Enquiry,
    EnquiryReply,
    Message,
    OrganisationBlock,
    QueuedEmail,
    ReplyTemplate,
    SavedSearch,
)
from proposals.officers.rights import CALL_MANAGERS, HELPDESK
from proposals.partnering import conversations, requests, saved_searches
from proposals.partnering.conversations import CannotSend, Side
from proposals.partnering.search_query import PartnerSearch
from proposals.tests.factories import make_draft, make_officer
from proposals.tests.partners import REQUEST_VALUES, make_owner, make_request
from proposals.workspace.tests.test_pages import client_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner():
    return make_owner("FR")


@pytest.fixture
def asker():
    return make_owner("LT")


@pytest.fixture
def request_(call, owner):
    return make_request(call, owner=owner)


def row(result):
    return type(result).objects.filter(pk=result.pk)


def posting(person, name, *place, **sent):
    client = client_of(person)
    path = reverse(name, args=place)
    return lambda: client.post(path, sent)


def sentences(answer):
    page = answer.client.get(answer.url)
    return " ".join(str(message) for message in page.context["messages"])


# --- Requests ------------------------------------------------------------------------------------


def test_a_request_that_is_filled_and_closed_at_once_ends_once_and_the_later_hears_how(
    request_, owner
):
    answers = at_once(
        row(request_),
        posting(owner[0], "partners:mark-filled", request_.number),
        posting(owner[0], "partners:close", request_.number),
    )
    assert message_levels(answers) == [[SUCCESS], [ERROR]]


def test_a_draft_that_two_discard_at_once_is_discarded_and_the_later_hears_so(call, owner):
    draft = requests.draft_request(owner[1], call, REQUEST_VALUES, by=owner[0])
    answers = at_once(
        row(draft), *[posting(owner[0], "partners:delete", draft.number) for _one in "12"]
    )
    assert message_levels(answers) == [[SUCCESS], [ERROR]]


def test_a_draft_that_is_being_discarded_is_not_saved_and_the_text_comes_back(call, owner):
    draft = requests.draft_request(owner[1], call, REQUEST_VALUES, by=owner[0])
    sent = {name: value for name, value in REQUEST_VALUES.items() if name != "shows_name"}
    answer = overtaken(
        lambda: requests.discard(draft),
        posting(
            owner[0],
            "partners:edit",
            draft.number,
            **sent | {"text": "Something new of ours."},
            seen_revision=1,
        ),
    )
    assert answer.status_code == 409
    assert "has been deleted" in text_of(answer)
    assert "Something new of ours." in text_of(answer)


def test_who_saves_a_draft_that_is_gone_gets_the_text_back(call, owner):
    draft = requests.draft_request(owner[1], call, REQUEST_VALUES, by=owner[0])
    send = posting(owner[0], "partners:edit", draft.number, text="Something new of ours.")
    requests.discard(draft)
    answer = send()
    assert "Something new of ours." in text_of(answer)


def test_a_request_that_two_of_the_staff_answer_at_once_has_one_answer(call, owner):
    call.moderates_requests = True
    call.save(update_fields=["moderates_requests"])
    waiting = make_request(call, owner=owner)

    def looking(**sent):
        path = "admin:proposals_partnershiprequest_change"
        return posting(make_officer(CALL_MANAGERS), path, waiting.pk, **sent)

    answers = at_once(
        row(waiting), looking(answer="publish"), looking(answer="refuse", remark="Too short.")
    )
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    waiting.refresh_from_db()
    (refused,) = (answer for answer in answers if answer.status_code == 422)
    assert requests.is_by_now(waiting) in text_of(refused)


# --- Conversations -------------------------------------------------------------------------------


def test_two_colleagues_who_write_first_at_once_begin_one_conversation(request_, asker):
    colleague = make_user()
    join(asker[1], user=colleague)

    def writing(person):
        return posting(
            person,
            "partners:message-request",
            request_.number,
            text=f"Hello from {person.pk}",
            organisation=asker[1].pk,
        )

    answers = at_once(row(asker[1]), writing(asker[0]), writing(colleague))
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Conversation.objects.get().messages.count() == len(answers)


def test_a_first_message_that_was_sent_twice_arrives_once_and_both_hear_so(request_, asker):
    sent = posting(
        asker[0],
        "partners:message-request",
        request_.number,
        text="Hello",
        organisation=asker[1].pk,
    )
    answers = at_once(row(asker[1]), sent, sent)
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Message.objects.count() == 1


def test_nobody_writes_about_a_request_that_is_being_closed(request_, asker):
    outcome = overtaken(
        lambda: requests.end(request_, is_filled=False),
        attempt(
            lambda: conversations.start(
                request_, "Hello", organisation=asker[1], by=asker[0], shows=True
            ),
            CannotSend,
        ),
    )
    assert (outcome, Conversation.objects.exists()) == ("CannotSend", False)


@pytest.fixture
def conversation(request_, asker):
    return conversations.start(request_, "Hello", organisation=asker[1], by=asker[0], shows=True)


def test_no_message_arrives_past_a_block_that_is_being_made(conversation, asker):
    answer = overtaken(
        lambda: conversations.block(conversation, side=Side.OWNER),
        posting(asker[0], "partners:conversation", conversation.number, text="Why not, then?"),
    )
    assert answer.status_code == 422
    assert "has blocked messages" in text_of(answer)
    assert "Why not, then?" in text_of(answer)


def test_a_block_that_was_clicked_twice_stays(conversation, owner):
    sent = posting(owner[0], "partners:block", conversation.number, do="block")
    at_once(row(conversation.organisation), sent, sent)
    assert OrganisationBlock.objects.count() == 1


def test_the_last_message_of_an_hour_is_sent_once_by_two_windows(conversation, asker, monkeypatch):
    monkeypatch.setattr(conversations, "MAX_SENT", 2)
    outcomes = at_once(
        row(asker[0]),
        *[
            attempt(
                lambda text=text: conversations.send_message(
                    conversation, text, side=Side.ASKER, by=asker[0]
                ),
                CannotSend,
            )
            for text in ("One", "Two")
        ],
    )
    assert sorted(outcomes) == ["CannotSend", "done"]


def test_an_organisation_that_two_clicks_invite_stands_in_the_draft_once(call, owner):
    draft = make_draft(call)
    lead = draft.started_by
    coordinator = draft.participants.get(key="p1").organisation
    request_ = make_request(call, owner=owner)
    begun = conversations.start(request_, "Hello", organisation=coordinator, by=lead, shows=True)
    sent = [posting(lead, "partners:invite", begun.number, draft=draft.number) for _window in "12"]
    answers = at_once(row(draft), *sent)
    assert message_levels(answers) == [[SUCCESS], [ERROR]]
    assert message_levels([sent[0]()]) == [[INFO]]
    assert draft.participants.filter(organisation=owner[1]).count() == 1


def test_a_report_that_two_handle_at_once_is_handled_once_and_the_later_hears_by_whom(
    request_, asker
):
    report = conversations.report_abuse(request_, "An advertisement", by=asker[0])
    answers = at_once(
        row(report),
        *[
            posting(
                make_officer(HELPDESK),
                "admin:proposals_abusereport_change",
                report.pk,
                outcome="None.",
            )
            for _one in "12"
        ],
    )
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    (refused,) = (answer for answer in answers if answer.status_code == 422)
    assert f"{AbuseReport.objects.get().handled_by} has already closed this report" in text_of(
        refused
    )


# --- Saved searches ------------------------------------------------------------------------------


def test_the_last_search_that_somebody_may_keep_is_kept_once(asker, monkeypatch):
    monkeypatch.setattr(saved_searches, "MAX_PER_PERSON", 1)
    outcomes = at_once(
        row(asker[0]),
        *[
            attempt(
                lambda name=name: saved_searches.save_search(
                    asker[0], name=name, question=PartnerSearch()
                ),
                saved_searches.TooMany,
            )
            for name in ("One", "Two")
        ],
    )
    assert sorted(outcomes) == ["TooMany", "done"]


def test_mails_of_a_search_that_were_ended_by_two_clicks_stay_ended(asker):
    saved = saved_searches.save_search(asker[0], name="Lasers", question=PartnerSearch())
    sent = posting(asker[0], "partners:saved-searches", search=saved.pk, do="no-mails")
    at_once(row(saved), sent, sent)
    assert not SavedSearch.objects.get().sends_emails


def test_two_workers_who_tell_of_new_requests_at_once_send_one_mail(call, asker):
    with clock.frozen_at(AFTERNOON - timedelta(days=1)):
        saved = saved_searches.save_search(asker[0], name="All", question=PartnerSearch())
    make_request(call)
    with clock.frozen_at(AFTERNOON + timedelta(minutes=1)):
        moment = clock.now()
        notified = overtaken(
            lambda: saved_searches.notify_new_requests(moment),
            lambda: saved_searches.notify_new_requests(moment),
        )
    assert notified == 0
    assert QueuedEmail.objects.filter(key__startswith=f"search:{saved.pk}:").count() == 1


# --- Enquiries -----------------------------------------------------------------------------------


@pytest.fixture
def enquiry(call):
    asked = enquiries.NewEnquiry(
        "Ana", "ana@test.example", "Check if you can apply", "We are in Norway."
    )
    return enquiries.submit_enquiry(asked, call=call, user=None)


def answering(enquiry, officer, text):
    return posting(officer, "admin:proposals_enquiry_answer", enquiry.pk, text=text, seen="0")


def test_of_two_officers_who_answer_an_enquiry_at_once_the_later_reads_the_first_answer(enquiry):
    answers = at_once(
        row(enquiry),
        answering(enquiry, make_officer(HELPDESK), "Yes, Norway counts."),
        answering(enquiry, make_officer(HELPDESK), "No, it does not."),
    )
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    (refused,) = (answer for answer in answers if answer.status_code == 422)
    data = EnquiryReply.objects.get()
    assert f"Not sent: {data.answered_by} " in text_of(refused)
    assert 'name="seen" value="1"' in refused.content.decode()
    assert "Yes, Norway counts." in text_of(refused)
    assert "No, it does not." in text_of(refused)


def test_an_answer_to_an_enquiry_that_was_sent_twice_is_mailed_once(enquiry):
    sent = answering(enquiry, make_officer(HELPDESK), "Yes, Norway counts.")
    answers = at_once(row(enquiry), sent, sent)
    assert [answer.status_code for answer in answers] == [302, 302]
    assert QueuedEmail.objects.filter(key__startswith="enquiry-answer:").count() == 1


def test_an_enquiry_that_is_being_closed_is_not_answered_and_the_text_comes_back(enquiry):
    officer = make_officer(HELPDESK)
    answer = overtaken(
        lambda: enquiries.close(enquiry, by=make_officer(HELPDESK)),
        answering(enquiry, officer, "Yes, Norway counts."),
    )
    assert answer.status_code == 422
    assert "This enquiry is closed." in text_of(answer)
    assert "Yes, Norway counts." in text_of(answer)


def test_an_enquiry_that_was_closed_by_two_clicks_stays_closed(enquiry):
    sent = posting(make_officer(HELPDESK), "admin:proposals_enquiry_close", enquiry.pk, do="close")
    at_once(row(enquiry), sent, sent)
    assert Enquiry.objects.get().state == Enquiry.State.CLOSED


def test_an_enquiry_that_is_being_opened_again_is_not_erased(enquiry):
    officer = make_officer(HELPDESK)
    enquiries.close(enquiry, by=officer)
    erased = overtaken(
        lambda: enquiries.reopen(enquiry, by=officer),
        lambda: enquiries.delete_expired(AFTERNOON + timedelta(days=366)),
    )
    assert (erased, Enquiry.objects.count()) == (0, 1)


# --- Texts of the helpdesk -----------------------------------------------------------------------


def test_of_two_ready_texts_with_one_name_at_once_the_later_hears_so_and_keeps_what_was_typed(db):
    path = reverse("admin:proposals_replytemplate_add")
    client = client_of(make_officer(HELPDESK))
    values = {"name": "Countries", "text": "The list is on the call page."}
    answer = overtaken(
        lambda: ReplyTemplate.objects.create(name="Countries", text="Look at the page."),
        lambda: client.post(path, values),
    )
    assert answer.status_code == 200
    assert "with this Name already exists" in text_of(answer)
    assert "The list is on the call page." in text_of(answer)
    assert ReplyTemplate.objects.get().text == "Look at the page."


def test_a_ready_text_that_takes_the_name_of_another_at_once_hears_so(db):
    changed = ReplyTemplate.objects.create(name="Lands", text="Old.")
    path = reverse("admin:proposals_replytemplate_change", args=[changed.pk])
    client = client_of(make_officer(HELPDESK))
    answer = overtaken(
        lambda: ReplyTemplate.objects.create(name="Countries", text="Other."),
        lambda: client.post(path, {"name": "Countries", "text": "New."}),
    )
    assert "with this Name already exists" in text_of(answer)
    changed.refresh_from_db()
    assert (changed.name, changed.text) == ("Lands", "Old.")
