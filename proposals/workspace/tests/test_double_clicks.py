"""Who clicks twice makes one thing, and arrives where the first click led."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from applicants.models import FormSubmission, Organisation, User
from applicants.once import delete_old_submissions
from applicants.tests.factories import make_organisation, make_user
from calls.models import Call, Incident
from calls.tests.connections import at_once
from foundation import clock
from proposals.helpdesk import enquiries
from proposals.models import Comment, Enquiry, FaqEntry, PartnershipRequest, Proposal, QueuedEmail
from proposals.officers.rights import CALL_MANAGERS
from proposals.tests.factories import make_draft, make_officer
from proposals.tests.partners import REQUEST_VALUES, make_owner, make_request
from proposals.workspace.tests.test_pages import client_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)

RECORD = {"legal_name": "LITEK", "kind": "cluster-organisation", "country": "LT"}


def mark_of(client, path):
    """The mark of a page as a browser gets it; every reading of the page has another."""
    return re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(path).content.decode()
    )[1]


def double_click(person, path, sent, *, on="", rows=None):
    """Send the same twice at once; both answers. The first is held up while the second arrives."""
    client = Client() if person is None else client_of(person)
    sent = sent | {"csrfmiddlewaretoken": mark_of(client, on or path)}
    cookies = client.cookies

    def click():
        again = Client()
        again.cookies = cookies.copy()
        return again.post(path, sent)

    rows = User.objects.filter(pk=person.pk) if rows is None else rows
    first, second = at_once(rows, click, click)
    assert (first.status_code, first.url) == (second.status_code, second.url) == (302, first.url)
    return first, second


def messages_in(answer):
    page = answer.client.get(answer.url)
    return [str(message) for message in page.context["messages"]]


def test_a_proposal_is_started_once(call):
    lead = make_user()
    organisation = make_organisation(by=lead)
    path = reverse("proposals:start", args=[call.reference, "3.1"])
    answers = double_click(lead, path, {"organisation": organisation.pk})
    begun = Proposal.objects.get()
    assert [messages_in(answer) for answer in answers] == [[f"Draft {begun.number} created."]] * 2


def test_a_proposal_is_copied_once(call):
    source = make_draft(call)
    coordinator = source.participants.get(key="p1").organisation
    path = reverse("proposals:start", args=[call.reference, "3.1"])
    sent = {"organisation": coordinator.pk, "copy_of": source.number}
    double_click(source.started_by, path, sent)
    assert Proposal.objects.exclude(pk=source.pk).count() == 1


def test_an_organisation_is_registered_once():
    founder = make_user()
    double_click(founder, reverse("applicants:new-organisation"), RECORD)
    assert Organisation.objects.get().members.get() == founder


@pytest.mark.parametrize("more", [{}, {"publish": ""}])
def test_a_partnership_request_is_written_once(call, more):
    owner, organisation = make_owner()
    written = {name: value for name, value in REQUEST_VALUES.items() if value not in ("", [])}
    sent = written | {"shows_name": "on", "organisation": organisation.pk} | more
    double_click(owner, reverse("partners:new", args=[call.reference]), sent)
    assert PartnershipRequest.objects.get().state == ("published" if more else "draft")


def test_a_comment_is_written_once_and_whom_it_mentions_is_told_once(call):
    draft = make_draft(call)
    lead, colleague = draft.started_by, make_user(full_name="Ona Colleague")
    draft.participants.get(key="p1").organisation.members.add(colleague)
    place = reverse("proposals:step", args=[draft.number, "summary"])
    sent = {"place": "summary", "text": "Look here, @Ona Colleague."}
    double_click(lead, reverse("proposals:add-comment", args=[draft.number]), sent, on=place)
    assert (
        Comment.objects.count()
        == QueuedEmail.objects.filter(key__startswith="comment:").count()
        == 1
    )


def test_an_enquiry_without_an_account_arrives_once(call):
    opened = enquiries.opened_at(clock.real_now() - timedelta(minutes=1))
    sent = {
        "name": "Kim Asks",
        "email": "kim@asks.example",
        "subject": "Check if you can apply",
        "consent": "on",
        "message": "We are a cluster.",
        "call": call.reference,
        "opened": opened,
    }
    double_click(None, reverse("enquiries:ask"), sent, rows=Call.objects.filter(pk=call.pk))
    assert Enquiry.objects.count() == QueuedEmail.objects.count() == 1


def test_a_report_arrives_once(call):
    request, reader = make_request(call), make_user()
    path = reverse("partners:report-request", args=[request.number])
    double_click(reader, path, {"reason": "An advertisement."})
    assert request.abuse_reports.count() == 1


def test_officers_make_an_answer_and_an_incident_once(call):
    manager = make_officer(CALL_MANAGERS)
    rows = Call.objects.filter(pk=call.pk)
    path = reverse("admin:calls_call_incident", args=[call.pk])
    sent = {"began_at": "20.4.2015 10:00", "ended_at": "20.4.2015 11:00", "text": "Power was cut."}
    double_click(manager, path, sent, rows=rows)
    assert Incident.objects.count() == 1
    path = reverse("admin:proposals_faqentry_add")
    sent = {"call": call.pk, "question": "May Norway apply?", "answer": "Yes.", "position": 1}
    double_click(manager, path, sent, rows=rows)
    assert FaqEntry.objects.count() == 1


def test_the_same_from_a_page_that_was_opened_anew_and_other_words_are_meant_and_taken(call):
    draft = make_draft(call)
    client = client_of(draft.started_by)
    place = reverse("proposals:step", args=[draft.number, "summary"])
    path = reverse("proposals:add-comment", args=[draft.number])
    pages = [mark_of(client, place) for _one in "12"]
    for mark, text in [
        (pages[0], "Yes."),
        (pages[0], "No."),
        (pages[1], "Yes."),
        (pages[0], "Yes."),
    ]:
        client.post(path, {"place": "summary", "text": text, "csrfmiddlewaretoken": mark})
    assert list(Comment.objects.order_by("pk").values_list("text", flat=True)) == [
        "Yes.",
        "No.",
        "Yes.",
    ]


def test_two_people_who_send_the_same_are_two(call):
    request = make_request(call)
    path = reverse("partners:report-request", args=[request.number])
    for _one in "12":
        sent = {"reason": "An advertisement.", "csrfmiddlewaretoken": "a" * 64}
        client_of(make_user()).post(path, sent)
    assert request.abuse_reports.count() == 2


def test_what_made_nothing_is_not_kept_and_the_rest_for_a_day():
    client = client_of(make_user())
    path = reverse("applicants:new-organisation")
    mark = {"csrfmiddlewaretoken": mark_of(client, path)}
    assert "Enter the legal name" in text_of(client.post(path, mark))
    assert not FormSubmission.objects.exists()
    client.post(path, RECORD | mark)
    assert (delete_old_submissions(), FormSubmission.objects.count()) == (0, 1)
    FormSubmission.objects.update(sent_at=clock.real_now() - timedelta(hours=25))
    assert delete_old_submissions() == 1
