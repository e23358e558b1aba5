"""A form that is not taken gives back what was typed into it, whatever the reason."""

import html
import re

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from applicants.organisations import end_membership, join
from applicants.tests.factories import make_organisation, make_user
from conftest import NEXT_DAY
from foundation import clock
from proposals.consortium import drafts, invitations
from proposals.models import Invitation, QueuedEmail
from proposals.partnering import conversations, requests
from proposals.tests.factories import (
    assign,
    make_draft,
    make_officer,
    make_ready,
    member_of,
    partner_of,
    reload,
    submit,
)
from proposals.tests.partners import REQUEST_VALUES, make_owner, make_request
from proposals.workspace.deletion import delete_draft

pytestmark = pytest.mark.django_db
TYPED = 'Typed <b>so</b> & "so",\n  with a second line'


def client_of(user=None):
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    return client


def returns_input(answer):
    text = answer.content.decode()
    return "<b>so</b>" not in text and TYPED in html.unescape(text)


def words_of(answer):
    return " ".join(html.unescape(answer.content.decode()).split())


# --- Organisations -----------------------------------------------------------------------------


@pytest.fixture
def former():
    """Somebody whom a colleague removed, and the organisation."""
    organisation = make_organisation()
    person = member_of(organisation)
    other = member_of(organisation)
    end_membership(organisation, user=person, by=other)
    return person, organisation


def test_a_profile_is_given_back_to_who_acts_for_the_organisation_no_longer(former):
    person, organisation = former
    path = reverse("applicants:profile-step", args=[organisation.pk, "services"])
    answer = client_of(person).post(path, {"how": TYPED, "seen_version": "0"})
    assert (answer.status_code, returns_input(answer)) == (404, True)


def test_a_profile_that_saves_itself_hears_that_it_is_not_stored(former):
    person, organisation = former
    path = reverse("applicants:profile-step", args=[organisation.pk, "services"])
    answer = client_of(person).post(path, {"how": TYPED}, headers={"X-Autosave": "1"})
    assert (answer.status_code, answer.json()["state"]) == (404, "refused")
    assert "coordinator" not in answer.json()["words"]


# --- Proposals ---------------------------------------------------------------------------------


def test_a_reason_is_given_back_to_who_may_not_withdraw(call):
    proposal = make_ready(call)
    submit(proposal)
    path = reverse("proposals:withdraw", args=[proposal.number])
    answer = client_of(partner_of(proposal)).post(path, {"reason": TYPED})
    assert (answer.status_code, returns_input(answer)) == (403, True)


@pytest.fixture
def deleted(call):
    proposal = make_draft(call)
    assign(proposal, "summary")
    delete_draft(reload(proposal), by=proposal.started_by)
    return proposal


def test_a_page_of_a_deleted_draft_hears_that_it_is_deleted(deleted):
    path = reverse("proposals:step", args=[deleted.number, "summary"])
    for person in (deleted.started_by, partner_of(deleted)):
        answer = client_of(person).post(path, {"abstract": TYPED}, headers={"X-Autosave": "1"})
        assert answer.status_code == 404
        assert "This draft was deleted on 21 April 2015" in answer.json()["words"]
        assert "coordinator can let you write" not in answer.json()["words"]


def invitation(proposal, purpose):
    asked = invitations.invite(
        proposal,
        email="kim@test.example",
        purpose=purpose,
        by=proposal.started_by,
        participant=proposal.participants.get(key="p2"),
    )
    text = QueuedEmail.objects.get(to="kim@test.example").text
    return asked, re.search(r"/proposals/invitations/[^/\s]+/", text).group()


def test_a_reason_to_decline_is_given_back_when_the_invitation_has_ended(call):
    proposal = make_draft(call)
    asked, path = invitation(proposal, Invitation.Purpose.CONFIRM)
    with clock.frozen_at(NEXT_DAY):
        late = client_of().post(path, {"decline": "yes", "reason": TYPED})
    invitations.revoke(asked, by=proposal.started_by)
    revoked = client_of().post(path, {"decline": "yes", "reason": TYPED})
    assert [(item.status_code, returns_input(item)) for item in (late, revoked)] == [
        (409, True),
        (410, True),
    ]


def test_a_reason_to_decline_is_given_back_after_the_deadline(call):
    proposal = make_draft(call)
    path = reverse("proposals:confirm", args=[proposal.number, "p2"])
    organisation = proposal.participants.get(key="p2").organisation
    with clock.frozen_at(NEXT_DAY):
        answer = client_of(member_of(organisation)).post(path, {"decline": "yes", "reason": TYPED})
    assert (answer.status_code, returns_input(answer)) == (409, True)


def test_a_call_that_has_closed_is_said_to_be_closed(call):
    path = reverse("proposals:start", args=[call.reference, "3.1"])
    person, organisation = make_owner("FR")
    with clock.frozen_at(NEXT_DAY):
        text = words_of(client_of(person).post(path, {"organisation": organisation.pk}))
    assert "Closed:" in text and "Opening date:" not in text


def test_a_call_that_closes_during_the_request_is_said_to_be_closed(call, monkeypatch):
    path = reverse("proposals:start", args=[call.reference, "3.1"])
    person, organisation = make_owner("FR")

    def too_late(*_place, **_kwargs):
        raise drafts.NotOpen(call.deadline, NEXT_DAY)

    monkeypatch.setattr("proposals.workspace.views.drafts.start_prefilled", too_late)
    answer = client_of(person).post(path, {"organisation": organisation.pk})
    assert answer.status_code == 409


# --- Partner search ----------------------------------------------------------------------------


@pytest.fixture
def asker():
    return make_owner("LT")


def test_a_first_message_is_given_back_when_the_request_has_ended(call, asker):
    partnership_request = make_request(call)
    requests.end(partnership_request, is_filled=True)
    path = reverse("partners:message-request", args=[partnership_request.number])
    values = {"text": TYPED, "organisation": asker[1].pk}
    for person in (asker[0], make_user()):
        answer = client_of(person).post(path, values)
        assert (answer.status_code, returns_input(answer)) == (422, True)


def test_a_message_is_given_back_to_who_has_blocked_the_other_side(call, asker):
    owner = make_owner("FR")
    partnership_request = make_request(call, owner=owner)
    begun = conversations.start(
        partnership_request, "Hello", organisation=asker[1], by=asker[0], shows=True
    )
    conversations.block(begun, side=conversations.Side.OWNER)
    answer = client_of(owner[0]).post(begun.get_absolute_url(), {"text": TYPED})
    assert (answer.status_code, returns_input(answer)) == (422, True)


def test_a_message_is_given_back_to_who_acts_for_the_organisation_no_longer(call, asker):
    begun = conversations.start(
        make_request(call), "Hello", organisation=asker[1], by=asker[0], shows=True
    )
    answer = client_of(make_user()).post(begun.get_absolute_url(), {"text": TYPED})
    assert (answer.status_code, returns_input(answer)) == (404, True)


def test_a_request_is_given_back_when_nobody_can_write_it(call, asker, former):
    path = reverse("partners:new", args=[call.reference])
    written = REQUEST_VALUES | {"text": TYPED}
    with clock.frozen_at(NEXT_DAY):
        late = client_of(asker[0]).post(path, written)
    person, organisation = former
    no_organisation = client_of(person).post(path, written)
    for _number in range(2):
        join(make_organisation(), user=person)
    not_that_one = client_of(person).post(path, written | {"organisation": organisation.pk})
    answers = (late, no_organisation, not_that_one)
    assert [(answer.status_code, returns_input(answer)) for answer in answers] == [
        (409, True),
        (409, True),
        (422, True),
    ]


# --- Officers ----------------------------------------------------------------------------------


@pytest.fixture
def decide(call):
    version = submit(make_ready(call))
    with clock.frozen_at(NEXT_DAY):
        yield reverse("admin:proposals_version_decide", args=[version.pk])


def test_a_reason_is_given_back_to_an_officer_who_was_logged_out(decide):
    answer = client_of().post(decide, {"outcome": "eligible", "reason": TYPED})
    assert (answer.status_code, returns_input(answer)) == (401, True)


def test_a_reason_is_given_back_to_an_officer_who_lost_the_right(decide):
    officer = make_officer()
    client = client_of(officer)
    officer.groups.clear()
    answer = client.post(decide, {"outcome": "eligible", "reason": TYPED})
    assert (answer.status_code, returns_input(answer)) == (403, True)


# --- Whatever fails ----------------------------------------------------------------------------


def test_what_was_typed_stands_on_the_page_of_a_failure(call, monkeypatch):
    proposal = make_draft(call)

    def fails(*_place, **_kwargs):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr("proposals.consortium.access.fetch_consortium_access", fails)
    path = reverse("proposals:step", args=[proposal.number, "summary"])
    answer = client_of(partner_of(proposal)).post(path, {"abstract": TYPED})
    assert (answer.status_code, returns_input(answer)) == (500, True)


def test_no_password_stands_on_the_page_of_a_failure(monkeypatch):
    def fails(*_place, **_kwargs):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr("allauth.account.views.LoginView.post", fails)
    values = {"login": "kim@test.example", "password": TYPED}
    answer = client_of().post(reverse("account_login"), values)
    assert (answer.status_code, returns_input(answer)) == (500, False)
    assert "kim@test.example" not in answer.content.decode()
