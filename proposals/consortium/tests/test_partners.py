"""Inviting several partners by one action: who is added, who is emailed, and what the page says of them."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from applicants.models import Organisation
from applicants.organisations import register_partner
from applicants.tests.factories import complete_profile, make_organisation, make_user
from calls.eligibility.facts import Role
from proposals.consortium.confirmations import PartnerState, partner_states
from proposals.consortium.participants import NewParticipant
from proposals.consortium.partners import InvitedPartner, invite_partners
from proposals.dossier.document import Draft
from proposals.models import Invitation, QueuedEmail
from proposals.tests.factories import make_draft, reload
from proposals.workspace.views import partners

pytestmark = pytest.mark.django_db


def seen_version(proposal):
    return proposal.sections.get(step="consortium").version


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name, proposal, *args):
    return reverse(f"proposals:{name}", args=[proposal.number, *args])


def managed_partner(proposal, **kwargs) -> Organisation:
    steward = proposal.participants.get(role="coordinator").organisation
    values = {"legal_name": "Packbridge", "country": "SE", "kind": Organisation.Kind.CLUSTER}
    return register_partner(Organisation(**values | kwargs), steward=steward)


def send(proposal, organisations, **more):
    data = {
        "seen_version": seen_version(proposal),
        "organisation": [organisation.pk for organisation in organisations],
    }
    return client_of(proposal.started_by).post(url("add-participant", proposal), data | more)


def test_one_action_invites_several_organisations_and_their_contact_persons(call):
    proposal = make_draft(call)
    french, german = make_organisation(country="FR"), make_organisation(country="DE")
    data = {
        f"partner-{french.pk}-email": "anne@optics.example",
        f"partner-{german.pk}-role": "associated",
        "message": "We met in Vilnius.",
    }

    answer = send(proposal, [french, german], **data)

    assert answer.status_code == 302
    roles = dict(proposal.participants.values_list("organisation", "role"))
    assert (roles[french.pk], roles[german.pk]) == ("partner", "associated")
    invitation = proposal.invitations.get()
    assert invitation.email == "anne@optics.example"
    assert invitation.purpose == Invitation.Purpose.CONFIRM
    assert invitation.message == "We met in Vilnius."
    people = {*french.members.all(), *german.members.all()}
    mails = QueuedEmail.objects.filter(proposal=proposal, text__contains="We met in Vilnius.")
    assert {mail.to for mail in mails} == {"anne@optics.example", *(one.email for one in people)}


def test_the_button_of_one_organisation_invites_only_that_one(call):
    proposal = make_draft(call)
    ticked, pressed = make_organisation(), make_organisation()
    send(proposal, [ticked], only=pressed.pk)
    present = set(proposal.participants.values_list("organisation", flat=True))
    assert pressed.pk in present
    assert ticked.pk not in present


def test_nobody_is_invited_while_one_address_is_wrong_and_what_was_typed_comes_back(call):
    proposal = make_draft(call)
    first, second = make_organisation(), make_organisation()
    data = {f"partner-{second.pk}-email": "no address", "message": "Hello Anne"}

    answer = send(proposal, [first, second], **data)

    assert answer.status_code == 422
    assert proposal.participants.count() == 3
    page = answer.content.decode()
    assert "no address" in page
    assert "Hello Anne" in page
    assert len(re.findall(r'name="organisation"[^>]*checked', page)) == 2


def test_more_organisations_than_one_action_invites_are_refused_and_stay_ticked(call, monkeypatch):
    monkeypatch.setattr(partners, "MAX_AT_ONCE", 2)
    proposal = make_draft(call)
    chosen = [make_organisation() for _number in range(3)]

    answer = send(proposal, chosen, message="Hello all")

    page = answer.content.decode()
    assert (answer.status_code, proposal.participants.count()) == (422, 3)
    assert "Hello all" in page
    assert len(re.findall(r'name="organisation"[^>]*checked', page)) == 3


def test_an_organisation_that_takes_part_already_stops_no_other(call):
    proposal = make_draft(call)
    present = proposal.participants.get(key="p2").organisation
    new = make_organisation()
    invited = [InvitedPartner(NewParticipant(one, Role.PARTNER)) for one in (present, new, new)]

    result = invite_partners(
        proposal, invited, seen_version=seen_version(proposal), by=proposal.started_by
    )

    assert [participant.organisation for participant in result.participants] == [new]
    assert result.taking_part == [present.name, new.name]


def test_more_emails_than_an_account_may_send_are_named_and_not_sent(call, settings):
    settings.LIMITS_APPLY = True
    proposal = make_draft(call)
    invited = [
        InvitedPartner(NewParticipant(make_organisation(), Role.PARTNER), "same@box.example")
        for _number in range(12)
    ]
    result = invite_partners(
        proposal, invited, seen_version=seen_version(proposal), by=proposal.started_by
    )
    assert len(result.participants) == 12
    assert result.unsent == ["same@box.example"] * 2
    assert proposal.invitations.count() == 10


def test_a_search_answers_with_what_is_ticked_and_what_it_finds(call):
    proposal = make_draft(call)
    ticked = make_organisation(legal_name="Ticked Optics")
    found = make_organisation(legal_name="Photonics Bretagne")
    make_organisation(legal_name="Textile Lab")
    client = client_of(proposal.started_by)

    data = {"q": "bretagne", "organisation": ticked.pk}
    answer = client.get(url("find-partners", proposal), data)

    page = answer.content.decode()
    numbers = re.findall(r'name="organisation" value="(\d+)"', page)
    assert [int(number) for number in numbers] == [ticked.pk, found.pk]
    assert 'hx-swap-oob="innerHTML:#found-status"' in page
    without_scripts = client.get(url("consortium", proposal), {"q": "bretagne"}).content.decode()
    assert f'name="organisation" value="{found.pk}"' in without_scripts
    assert 'role="status"' in without_scripts


@pytest.mark.parametrize("number", ["x", "-1", "9" * 30, "²", ""])
def test_a_tick_that_is_no_organisation_invites_nobody(call, number):
    proposal = make_draft(call)
    data = {"seen_version": seen_version(proposal), "organisation": number}
    answer = client_of(proposal.started_by).post(url("add-participant", proposal), data)
    assert answer.status_code == 404
    assert proposal.participants.count() == 3


def test_a_partner_is_invited_until_it_confirms(call):
    proposal = make_draft(call)
    states = partner_states(Draft(reload(proposal)))
    assert states == {
        "p1": PartnerState.COORDINATOR,
        "p2": PartnerState.INVITED,
        "p3": PartnerState.INVITED,
    }
    partner = proposal.participants.get(key="p2").organisation.members.get()
    confirm(client_of(partner), url("confirm", proposal, "p2"))
    assert partner_states(Draft(reload(proposal)))["p2"] == PartnerState.CONFIRMED


def confirm(client, path):
    form = client.get(path).context["form"]
    data = {name: "on" for name in form.fields if name.startswith("declaration_")}
    data |= {"name": "Anne B.", "function": "director", "shown": form.initial["shown"]}
    return client.post(path, data)


def invited_by_link(proposal, organisation) -> str:
    """The path of the link that the contact person is sent."""
    invite_partners(
        proposal,
        [InvitedPartner(NewParticipant(organisation, Role.PARTNER), "anne@box.example")],
        seen_version=seen_version(proposal),
        by=proposal.started_by,
    )
    mail = QueuedEmail.objects.get(to="anne@box.example")
    return re.search(r"/proposals/invitations/[^/]+/", mail.text)[0]


def test_the_contact_person_of_a_new_partner_confirms_and_then_keeps_its_profile(call):
    proposal = make_draft(call)
    organisation = managed_partner(proposal)
    path = invited_by_link(proposal, organisation)

    answer = confirm(Client(), path)

    join = re.search(r"/organisations/join/[^/\"]+/", answer.content.decode())[0]
    anne = make_user(email="anne@box.example")
    assert client_of(make_user()).post(join).status_code == 404
    assert client_of(anne).post(join).status_code == 302
    assert list(organisation.members.all()) == [anne]


def test_a_link_to_confirm_lets_nobody_into_an_organisation_that_has_people(call):
    proposal = make_draft(call)
    organisation = make_organisation()
    answer = confirm(Client(), invited_by_link(proposal, organisation))
    assert answer.status_code == 200
    assert "/organisations/join/" not in answer.content.decode()
    assert not organisation.colleague_invitations.exists()


def test_the_profiles_that_a_person_may_edit_follow_each_other_and_lead_back(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    invite_partners(
        proposal,
        [InvitedPartner(NewParticipant(managed_partner(proposal), Role.PARTNER))],
        seen_version=seen_version(proposal),
        by=proposal.started_by,
    )
    here = url("next-profile", proposal)
    for key in ("p1", "p4"):
        organisation = proposal.participants.get(key=key).organisation
        page = reverse("applicants:profile-step", args=[organisation.pk, "organisation"])
        assert lead.get(here).url == f"{page}?{urlencode({'then': here})}"
        complete_profile(organisation, by=proposal.started_by)
    assert lead.get(here).url == url("descriptions", proposal)
