"""Getting into touch about a request: nobody sees an address, and each side decides when to say who it is."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_user
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from foundation.tests.pages import compact
from proposals.consortium.confirmations import missing_confirmations
from proposals.dossier.document import Draft
from proposals.models import AbuseReport, Conversation, Message, QueuedEmail
from proposals.officers.rights import CALL_MANAGERS, HELPDESK
from proposals.partnering import conversations
from proposals.partnering.conversations import CannotInvite, CannotSend, Side
from proposals.partnering.requests import CannotPublish, save_request
from proposals.tests.factories import make_draft, make_officer, partner_of, reload, save
from proposals.tests.partners import make_owner, make_request

pytestmark = pytest.mark.django_db


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


def text_of(answer):
    return " ".join(answer.content.decode().split())


@pytest.fixture
def owner():
    return make_owner("FR")


@pytest.fixture
def asker():
    return make_owner("LT")


@pytest.fixture
def request_(call, owner):
    return make_request(call, owner=owner, shows_name=False)


def begun(request_, asker, text="We would join.", shows=False):
    return conversations.start(request_, text, organisation=asker[1], by=asker[0], shows=shows)


def page(name, conversation):
    return reverse(f"partners:{name}", args=[conversation.number])


def test_a_first_message_arrives_without_name_and_address(request_, owner, asker):
    client = client_of(asker[0])
    path = reverse("partners:message-request", args=[request_.number])
    values = {"text": "We would join.", "organisation": asker[1].pk}
    answer = client.post(path, values, follow=True)
    assert "Message sent." in text_of(answer) and "We would join." in text_of(answer)
    mail = QueuedEmail.objects.get(to=owner[0].email)
    read = text_of(client_of(owner[0]).get(Conversation.objects.get().get_absolute_url()))
    for where in (mail.text, read):
        assert "We would join." in where and "Cluster organisation, Lithuania" in where
        for hidden in (asker[0].email, asker[0].full_name, asker[1].name):
            assert hidden not in where
    assert owner[1].name not in text_of(answer) and owner[0].email not in text_of(answer)


def test_who_shows_who_they_are_is_named_from_then_on(request_, owner, asker):
    conversation = begun(request_, asker)
    client_of(owner[0]).post(page("reveal-identity", conversation))
    read = text_of(client_of(asker[0]).get(conversation.get_absolute_url()))
    assert owner[1].name in read and owner[0].full_name not in read and owner[0].email not in read
    assert asker[1].name not in text_of(client_of(owner[0]).get(conversation.get_absolute_url()))


def test_replies_go_both_ways_and_new_ones_are_marked(request_, owner, asker):
    conversation = begun(request_, asker)
    listing = reverse("partners:conversations")
    assert ">new</span>" in compact(text_of(client_of(owner[0]).get(listing)))
    reply = client_of(owner[0]).post(conversation.get_absolute_url(), {"text": "Tell us more."})
    assert reply.status_code == 302 and QueuedEmail.objects.filter(to=asker[0].email).count() == 1
    assert ">new</span>" not in compact(text_of(client_of(owner[0]).get(listing)))
    assert ">new</span>" in compact(text_of(client_of(asker[0]).get(listing)))
    assert [message.is_from_owner for message in conversation.messages.all()] == [False, True]


def test_writing_again_goes_on_in_the_same_conversation(request_, asker):
    assert begun(request_, asker) == begun(request_, asker, text="And another thing.")
    assert Message.objects.count() == 2


def test_who_is_blocked_is_told_plainly_and_keeps_the_text(request_, owner, asker):
    conversation = begun(request_, asker)
    blocked = client_of(owner[0]).post(page("block", conversation), follow=True)
    assert "can no longer send you messages" in text_of(blocked)
    answer = client_of(asker[0]).post(conversation.get_absolute_url(), {"text": "Why not, then?"})
    assert answer.status_code == 422 and Message.objects.count() == 1
    assert "has blocked messages" in text_of(answer) and "Why not, then?" in text_of(answer)
    with pytest.raises(CannotSend, match="Unblock"):
        conversations.send_message(conversation, "Hello", side=Side.OWNER, by=owner[0])
    client_of(owner[0]).post(page("block", conversation), {"do": "unblock"})
    assert conversations.send_message(conversation, "Again", side=Side.ASKER, by=asker[0])


def test_limits_for_each_sender(call, asker):
    for _number in range(conversations.MAX_STARTED):
        begun(make_request(call), asker)
    with pytest.raises(CannotSend, match="ten organisations within a day"):
        begun(make_request(call), asker)
    conversation = Conversation.objects.first()
    for number in range(conversations.MAX_SENT - conversations.MAX_STARTED):
        conversations.send_message(conversation, f"More {number}", side=Side.ASKER, by=asker[0])
    with pytest.raises(CannotSend, match="forty messages"):
        conversations.send_message(conversation, "More", side=Side.ASKER, by=asker[0])


def test_files_are_refused_and_the_text_stays(request_, asker):
    conversation = begun(request_, asker)
    file = SimpleUploadedFile("offer.pdf", b"%PDF-1.4", "application/pdf")
    sent = {"text": "See the file", "file": file}
    answer = client_of(asker[0]).post(conversation.get_absolute_url(), sent)
    assert answer.status_code == 422 and Message.objects.count() == 1
    assert "You cannot send files here" in text_of(answer) and "See the file" in text_of(answer)


@pytest.mark.parametrize("name", ["conversation", "reveal-identity", "block", "report", "invite"])
def test_nobody_else_finds_a_conversation(request_, asker, name):
    conversation = begun(request_, asker)
    stranger = client_of(make_owner("DE")[0])
    assert stranger.post(page(name, conversation), {"text": "x", "reason": "x"}).status_code == 404
    assert stranger.get(page("conversation", conversation)).status_code == 404
    assert Message.objects.count() == 1 and not AbuseReport.objects.exists()


def test_nobody_writes_to_what_has_ended_or_is_their_own(request_, owner, asker):
    with clock.frozen_at(NEXT_DAY), pytest.raises(CannotSend, match="has ended"):
        begun(request_, asker)
    with pytest.raises(CannotSend, match="your own organisation"):
        begun(request_, owner)
    path = reverse("partners:message-request", args=[request_.number])
    assert "Register an organisation" in text_of(client_of(make_user()).get(path))


def test_a_message_is_never_changed(request_, asker):
    begun(request_, asker)
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.update(text="Other words")


def test_a_conversation_is_reported(request_, owner, asker):
    conversation = begun(request_, asker)
    answer = client_of(owner[0]).post(
        page("report", conversation), {"reason": "Advertising."}, follow=True
    )
    assert "The helpdesk will review your report." in text_of(answer)
    assert AbuseReport.objects.get().conversation == conversation
    blank = client_of(owner[0]).post(page("report", conversation), {"reason": " "})
    assert "Enter the reason for the report" in text_of(blank) and AbuseReport.objects.count() == 1


def test_a_request_is_reported_and_closed_by_the_helpdesk(request_, asker):
    path = reverse("partners:report-request", args=[request_.number])
    assert client_of(asker[0]).post(path, {"reason": " "}).status_code == 422
    answer = client_of(asker[0]).post(path, {"reason": "Advertising."}, follow=True)
    assert "The helpdesk will review your report." in text_of(answer)
    report, helpdesk = AbuseReport.objects.get(), make_officer(HELPDESK)
    page = reverse("admin:proposals_abusereport_change", args=[report.pk])
    client = client_of(helpdesk)
    assert "Advertising." in text_of(client.get(page))
    assert client.post(page, {"outcome": " "}).status_code == 422
    client.post(page, {"outcome": "Advertising indeed.", "remark": "It sells machines."})
    request_.refresh_from_db()
    assert request_.state == "removed" and AbuseReport.objects.get().handled_by == helpdesk
    again = client.post(page, {"outcome": "Once more."})
    assert f"{helpdesk} has already closed this report" in text_of(again)
    queued = QueuedEmail.objects.filter(to=asker[0].email).latest("pk")
    assert "Advertising indeed." in queued.text and "It sells machines." not in queued.text


def test_what_staff_closed_only_its_own_people_see_and_nobody_opens(request_, owner):
    client, manager = client_of(owner[0]), client_of(make_officer(CALL_MANAGERS))
    review_url = reverse("admin:proposals_partnershiprequest_change", args=[request_.pk])
    assert manager.post(review_url, {"remark": " "}).status_code == 422
    manager.post(review_url, {"remark": "It sells machines."})
    assert "It sells machines." in QueuedEmail.objects.filter(to=owner[0].email).latest("pk").text
    assert Client().get(request_.get_absolute_url()).status_code == 404
    own = text_of(client.get(request_.get_absolute_url()))
    assert "It sells machines." in own and "Reopen" not in own
    client.post(reverse("partners:renew", args=[request_.number]))
    request_.refresh_from_db()
    assert request_.state == "removed"
    with pytest.raises(CannotPublish, match="can no longer be changed"):
        save_request(request_, {"title": "Another"}, seen_revision=request_.revision)
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        type(request_).objects.filter(pk=request_.pk).update(state="published")
    assert "This request does not need a review." in text_of(manager.get(review_url))


def test_the_helpdesk_reads_no_conversation_that_nobody_reported(request_, asker):
    conversation = begun(request_, asker)
    client = client_of(make_officer(HELPDESK))
    assert client.get(conversation.get_absolute_url()).status_code == 404
    listing = text_of(client.get(reverse("admin:proposals_abusereport_changelist")))
    assert "We would join." not in listing


def test_interest_becomes_an_invitation_in_one_click(call, owner, asker):
    """The owner of the request offers to be a partner; who asks leads a draft."""
    request_ = make_request(call, owner=owner, shows_name=True)
    lead, organisation = asker
    draft = make_draft(call, lead=lead, coordinator=organisation, countries=("LT",))
    conversation = begun(request_, asker)
    answer = client_of(lead).post(
        page("invite", conversation), {"draft": draft.number}, follow=True
    )
    assert answer.status_code == 200 and owner[1].name in text_of(answer)
    added = reload(draft).participants.get(organisation=owner[1])
    assert added.role == "partner"
    assert f"/proposals/{draft.number}/progress/{added.key}/confirm/" in Message.objects.last().text
    assert (
        client_of(owner[0])
        .get(f"/proposals/{draft.number}/progress/{added.key}/confirm/")
        .status_code
        == 200
    )
    assert (
        draft.number
        not in text_of(client_of(lead).get(conversation.get_absolute_url())).split(
            'class="messages"'
        )[0]
    )
    with pytest.raises(CannotInvite, match="is already in the draft"):
        conversations.invite_to_consortium(conversation, reload(draft), side=Side.ASKER, by=lead)


def test_nobody_is_invited_before_saying_who_they_are(call, request_, asker, owner):
    lead, organisation = asker
    draft = make_draft(call, lead=lead, coordinator=organisation, countries=("LT",))
    conversation = begun(request_, asker)
    client = client_of(lead)
    answer = client.post(page("invite", conversation), {"draft": draft.number}, follow=True)
    assert "has not shown its name yet" in text_of(answer)
    foreign = client.post(page("invite", conversation), {"draft": "AAAA-AAAA"}, follow=True)
    assert "Select an open draft for the same call" in text_of(foreign)
    assert reload(draft).participants.count() == 1
    with clock.frozen_at(NEXT_DAY):
        late = client.post(page("invite", conversation), {"draft": draft.number}, follow=True)
    assert "Select an open draft" in text_of(late)


def test_only_drafts_that_the_talking_organisation_coordinates_are_offered_by_name(
    call, owner, asker
):
    """Who leads proposals of several organisations must not open the wrong one to somebody."""
    conversation = begun(make_request(call, owner=owner), asker)
    lead, organisation = asker
    own = make_draft(call, lead=lead, coordinator=organisation, countries=("LT",))
    other = make_draft(call, lead=lead, countries=("LT",))
    save(own, "summary", acronym="OURS")
    client = client_of(lead)
    shown = text_of(client.get(conversation.get_absolute_url()))
    assert f"Add to OURS, strand 1 ({own.number})" in shown and other.number not in shown
    client.post(page("invite", conversation), {"draft": other.number})
    assert reload(other).participants.count() == 1


def test_people_of_a_partner_decline_without_a_mail(call):
    draft = make_draft(call)
    partner = partner_of(draft)
    key = draft.participants.get(organisation__members=partner).key
    path = reverse("proposals:confirm", args=[draft.number, key])
    client = client_of(partner)
    assert 'name="decline"' in client.get(path).content.decode()
    answer = client.post(path, {"decline": "yes", "reason": "No time this year"})
    assert "You have declined" in text_of(answer)
    queued = QueuedEmail.objects.filter(to=draft.started_by.email).latest("pk")
    assert "No time this year" in queued.text
    waiting = {
        confirmation.participant.key: confirmation
        for confirmation in missing_confirmations(Draft(reload(draft)))
    }
    assert waiting[key].has_declined
    stranger = client_of(draft.started_by)
    stranger.post(path, {"decline": "yes", "reason": "Not mine to say"})
    assert QueuedEmail.objects.filter(text__contains="Not mine to say").count() == 0


def test_the_list_of_conversations_takes_a_fixed_number_of_queries(
    call, owner, asker, django_assert_max_num_queries
):
    for _number in range(3):
        begun(make_request(call), asker)
    client = client_of(asker[0])
    client.get(reverse("partners:conversations"))
    with clock.frozen_at(AFTERNOON + timedelta(minutes=1)), django_assert_max_num_queries(8):
        client.get(reverse("partners:conversations"))


def test_showing_the_name_stands_in_the_conversation_and_is_told(request_, owner, asker):
    conversation = begun(request_, asker)
    client_of(owner[0]).post(page("reveal-identity", conversation))
    queued = QueuedEmail.objects.filter(to=asker[0].email).latest("pk")
    assert f"We are {owner[1].name}." in queued.text
    seen = text_of(client_of(asker[0]).get(conversation.get_absolute_url()))
    assert f"We are {owner[1].name}." in seen


def test_new_messages_stand_on_the_start_page_until_they_are_read(request_, owner, asker):
    conversation = begun(request_, asker)
    client, mine = client_of(owner[0]), reverse("proposals:mine")
    assert "New messages" in text_of(client.get(mine))
    client.get(conversation.get_absolute_url())
    assert "New messages" not in text_of(client.get(mine))
    assert "New messages" not in text_of(client_of(asker[0]).get(mine))


def test_who_has_blocked_the_other_side_is_told_so_instead_of_writing(request_, owner, asker):
    conversation = begun(request_, asker)
    client = client_of(owner[0])
    client.post(page("block", conversation))
    seen = text_of(client.get(conversation.get_absolute_url()))
    assert "You have blocked this organisation." in seen and "Send it" not in seen


def test_registering_an_organisation_leads_back_to_the_message(request_):
    newcomer = client_of(make_user())
    path = reverse("partners:message-request", args=[request_.number])
    link = f"{reverse('applicants:new-organisation')}?then={path}"
    assert link in text_of(newcomer.get(path))
