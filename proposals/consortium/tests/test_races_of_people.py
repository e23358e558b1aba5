"""Two people change who takes part at once: the loser hears what is true then, and nothing is done twice."""

from datetime import timedelta

import pytest
from django.contrib.messages import SUCCESS, WARNING
from django.test import Client
from django.urls import reverse

from applicants.invitations import (
    InvitationClosed,
    accept_invitation,
    cancel_invitation,
    invite_colleague,
)
from applicants.models import ColleagueInvitation, Organisation, User
from applicants.organisations import (
    LastMember,
    NotMember,
    RecordChanged,
    end_membership,
    join,
    save_record,
)
from applicants.tests.factories import PASSWORD, make_organisation, make_user
from calls.eligibility.facts import Role
from calls.tests.connections import at_once, overtaken
from conftest import AFTERNOON
from foundation import clock
from proposals.consortium import drafts, invitations, participants
from proposals.models import Invitation, Proposal, ProposalActivity
from proposals.tests.factories import make_draft
from proposals.workspace.tests.test_pages import client_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)

Purpose = Invitation.Purpose


def row_of(proposal):
    return Proposal.objects.filter(pk=proposal.pk)


def activity_count(proposal, kind):
    return proposal.activity_log.filter(kind=kind).count()


def attempt(action, *refusals):
    """What came of it: the name of the refusal, or "done"."""

    def attempted():
        try:
            action()
        except refusals as refusal:
            return type(refusal).__name__
        return "done"

    return attempted


def message_levels(answers):
    """The levels of what each answer's next page says; read one by one, for contexts mix across threads."""
    pages = [answer.client.get(answer.url) for answer in answers]
    return sorted([message.level for message in page.context["messages"]] for page in pages)


def invited(proposal, purpose, participant=None):
    return invitations.invite(
        proposal,
        email=make_user().email,
        purpose=purpose,
        participant=participant,
        by=proposal.started_by,
    )


def partner_of(proposal):
    """A partner and two of its people."""
    partner = proposal.participants.get(key="p2")
    members = [make_user(), make_user()]
    for member in members:
        join(partner.organisation, user=member)
    return partner, members


def test_access_that_two_clicks_remove_is_removed_and_noted_once(call):
    proposal = make_draft(call)
    guest = invitations.accept(invited(proposal, Purpose.READ), user=make_user())
    address = reverse("proposals:remove-collaborator", args=[proposal.number, guest.pk])
    clients = [client_of(proposal.started_by) for _tab in range(2)]
    answers = at_once(
        row_of(proposal),
        *(lambda item=client: item.post(address) for client in clients),
    )
    assert message_levels(answers) == [[SUCCESS], [WARNING]]
    assert activity_count(proposal, ProposalActivity.Kind.REVOKED) == 1
    assert clients[0].post(address).status_code == 302


def test_two_who_decline_for_an_organisation_at_once_decline_once(call):
    proposal = make_draft(call)
    partner, members = partner_of(proposal)
    address = reverse("proposals:confirm", args=[proposal.number, partner.key])
    values = {"decline": "yes", "reason": "No staff"}
    clients = [client_of(member) for member in members]
    answers = at_once(
        row_of(proposal), *(lambda item=client: item.post(address, values) for client in clients)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    winner = partner.invitations.get().answered_by
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    assert str(winner) in text_of(refused)
    assert "No staff" in text_of(refused)
    assert activity_count(proposal, ProposalActivity.Kind.ANSWERED) == 1


def test_who_declines_after_an_invitation_to_them_expired_declines(call):
    proposal = make_draft(call)
    partner, (member, _other) = partner_of(proposal)
    invitations.invite(
        proposal,
        email=member.email,
        purpose=Purpose.CONFIRM,
        participant=partner,
        by=proposal.started_by,
    )
    partner.invitations.update(expires_at=AFTERNOON - timedelta(seconds=1))
    with clock.frozen_at(AFTERNOON):
        invitations.decline_for(partner, reason="", by=member)
    assert set(partner.invitations.values_list("state", flat=True)) == {"revoked", "declined"}


def test_a_reason_that_is_too_long_is_shown_again_whole(call):
    proposal = make_draft(call)
    partner, (member, _other) = partner_of(proposal)
    address = reverse("proposals:confirm", args=[proposal.number, partner.key])
    reason = "x" * 500 + "the end"
    answer = client_of(member).post(address, {"decline": "yes", "reason": reason})
    assert answer.status_code == 422
    assert reason in text_of(answer)
    assert not partner.invitations.exists()


def test_of_two_contradicting_answers_to_an_invitation_the_later_hears_of_the_first(call):
    proposal = make_draft(call)
    asked, guest = invited(proposal, Purpose.READ), make_user()
    outcomes = at_once(
        Invitation.objects.filter(pk=asked.pk),
        attempt(lambda: invitations.accept(asked, user=guest), invitations.InvitationNotOpen),
        attempt(
            lambda: invitations.decline(asked, reason="", by=None), invitations.InvitationNotOpen
        ),
    )
    assert sorted(outcomes) == ["InvitationNotOpen", "done"]
    assert proposal.collaborators.exists() == (outcomes[0] == "done")
    assert activity_count(proposal, ProposalActivity.Kind.ANSWERED) == 1


def test_an_organisation_that_two_add_at_once_takes_part_once(call):
    proposal, added = make_draft(call), make_organisation()
    seen = drafts.section_of(proposal, drafts.CONSORTIUM).version
    outcomes = at_once(
        row_of(proposal),
        *[
            attempt(
                lambda: participants.add_participant(
                    proposal,
                    participants.NewParticipant(added, Role.PARTNER),
                    seen_version=seen,
                    by=proposal.started_by,
                ),
                participants.AlreadyInConsortium,
            )
        ]
        * 2,
    )
    assert sorted(outcomes) == ["AlreadyInConsortium", "done"]


@pytest.mark.parametrize("second", ["accept", "revoke"])
def test_an_invitation_that_is_accepted_and_revoked_at_once_has_one_answer(call, second):
    proposal, guest = make_draft(call), make_user()
    asked = invited(proposal, Purpose.READ)

    def accepted():
        invitations.accept(asked, user=guest)

    def revoked():
        invitations.revoke(asked, by=proposal.started_by)

    first, then = (revoked, accepted) if second == "accept" else (accepted, revoked)
    assert overtaken(first, attempt(then, invitations.InvitationNotOpen)) == "InvitationNotOpen"
    assert proposal.collaborators.exists() == (second == "revoke")


def confirming_at(proposal, partner, member):
    """A request that confirms for a partner what its page shows."""
    client = client_of(member)
    address = reverse("proposals:confirm", args=[proposal.number, partner.key])
    form = client.get(address).context["form"]
    ticks = {name: "on" for name in form.fields if name.startswith("declaration_")}
    values = {"shown": form.initial["shown"], "name": "Kim", "function": "Director"} | ticks
    return lambda: client.post(address, values)


def test_a_confirmation_that_was_sent_twice_is_recorded_once_and_both_hear_so(call):
    proposal = make_draft(call)
    partner, (member, _other) = partner_of(proposal)
    sent = confirming_at(proposal, partner, member)
    answers = at_once(row_of(proposal), sent, sent)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (
        proposal.confirmations.count()
        == activity_count(proposal, ProposalActivity.Kind.ANSWERED)
        == 1
    )


def test_who_confirms_for_a_partner_that_is_being_removed_hears_so_and_nothing_is_recorded(call):
    proposal = make_draft(call)
    partner, (member, _other) = partner_of(proposal)
    sent = confirming_at(proposal, partner, member)
    seen = drafts.section_of(proposal, drafts.CONSORTIUM).version
    answer = overtaken(
        lambda: participants.remove_participant(partner, seen_version=seen, by=proposal.started_by),
        sent,
    )
    page = answer.client.get(answer.url)
    assert "was removed from the consortium" in text_of(page)
    assert not proposal.confirmations.exists()


# --- Colleagues of an organisation ---------------------------------------------------------------


@pytest.fixture
def ana():
    return make_user()


@pytest.fixture
def ben():
    return make_user()


@pytest.fixture
def organisation(ana, ben):
    made = make_organisation(by=ana)
    join(made, user=ben)
    return made


def leaving(organisation, user, by):
    return attempt(lambda: end_membership(organisation, user=user, by=by), LastMember, NotMember)


def row(organisation):
    return Organisation.objects.filter(pk=organisation.pk)


def test_the_last_two_who_leave_at_once_do_not_both_leave(organisation, ana, ben):
    outcomes = at_once(
        row(organisation), leaving(organisation, ana, ana), leaving(organisation, ben, ben)
    )
    assert sorted(outcomes) == ["LastMember", "done"]
    assert organisation.members.count() == 1


def test_of_two_who_remove_each_other_the_later_hears_that_they_were_removed(
    organisation, ana, ben
):
    join(organisation, user=make_user())
    clients = {ana: client_of(ana), ben: client_of(ben)}

    def removing(user, by):
        address = reverse("applicants:remove-colleague", args=[organisation.pk, user.pk])
        return lambda: clients[by].post(address)

    answers = at_once(row(organisation), removing(ana, ben), removing(ben, ana))
    assert message_levels(answers) == [[SUCCESS], [WARNING]]
    assert organisation.members.count() == 2


def test_who_is_removed_by_two_clicks_is_removed_once(organisation, ana, ben):
    join(organisation, user=make_user())
    outcomes = at_once(row(organisation), *[leaving(organisation, ben, ana)] * 2)
    assert sorted(outcomes) == ["NotMember", "done"]


def test_an_invitation_that_is_accepted_and_cancelled_at_once_has_one_answer(organisation, ana):
    carl = make_user()
    asked = invite_colleague(organisation, email=carl.email, by=ana)
    outcomes = at_once(
        ColleagueInvitation.objects.filter(pk=asked.pk),
        attempt(lambda: accept_invitation(asked, user=carl), InvitationClosed),
        attempt(lambda: cancel_invitation(asked, by=ana), InvitationClosed),
    )
    assert sorted(outcomes) == ["InvitationClosed", "done"]
    assert organisation.members.filter(pk=carl.pk).exists() == (outcomes[0] == "done")


def test_an_address_that_two_invite_at_once_has_one_invitation(organisation, ana, ben):
    at_once(
        row(organisation),
        lambda: invite_colleague(organisation, email="carl@test.example", by=ana),
        lambda: invite_colleague(organisation, email="carl@test.example", by=ben),
    )
    assert organisation.colleague_invitations.get().times_sent == 2


def removing(organisation, user, by):
    client = client_of(by)
    address = reverse("applicants:remove-colleague", args=[organisation.pk, user.pk])
    return lambda: client.post(address)


def test_a_late_click_on_somebody_who_was_removed_hears_that_they_act_for_it_no_longer(
    organisation, ana, ben
):
    late = removing(organisation, ben, ana)
    end_membership(organisation, user=ben, by=ana)
    assert message_levels([late()]) == [[WARNING]]


def test_a_late_click_of_somebody_who_was_removed_hears_that_they_act_for_it_no_longer(
    organisation, ana, ben
):
    late = removing(organisation, ana, ben)
    end_membership(organisation, user=ben, by=ana)
    assert message_levels([late()]) == [[WARNING]]
    assert organisation.members.get() == ana


def test_of_two_who_save_a_record_at_once_the_later_is_shown_what_the_first_saved(
    organisation, ana, ben
):
    def saving(name):
        record = Organisation.objects.get(pk=organisation.pk)
        record.cluster_name = name
        return attempt(
            lambda: save_record(record, seen_version=record.record_version), RecordChanged
        )

    outcomes = at_once(row(organisation), saving("Vilnius"), saving("Kaunas"))
    assert sorted(outcomes) == ["RecordChanged", "done"]
    organisation.refresh_from_db()
    assert organisation.cluster_name == ("Vilnius" if outcomes[0] == "done" else "Kaunas")


def test_who_signs_up_twice_at_once_has_one_account_and_both_are_answered_alike():
    def signing_up():
        values = {"full_name": "Ana Silva", "email": "ana@new.example", "password1": PASSWORD}
        return Client().post(reverse("account_signup"), values)

    answers = []
    late = overtaken(lambda: answers.append(signing_up()), signing_up)
    assert {(item.status_code, item.url) for item in [*answers, late]} == {
        (302, reverse("account_email_verification_sent"))
    }
    assert User.objects.filter(email="ana@new.example").count() == 1


def test_a_step_that_two_of_the_lead_give_away_at_once_is_the_later_ones(call):
    proposal = make_draft(call)
    lead, colleague = proposal.started_by, make_user()
    join(proposal.participants.get(key="p1").organisation, user=colleague)
    path = reverse("proposals:assign-step", args=[proposal.number])
    clients = [client_of(lead), client_of(colleague)]
    answers = at_once(
        row_of(proposal),
        *(
            lambda item=client: item.post(path, {"step": "summary", "partner": "p2"})
            for client in clients
        ),
    )
    assert message_levels(answers) == [[SUCCESS], [SUCCESS]]
    assert proposal.step_assignments.get().participant.key == "p2"
