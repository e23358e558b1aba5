"""A confirmation is of what was shown: when that changes, it says so, and the partner confirms again by a new link."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from proposals.consortium import confirmations, invitations
from proposals.dossier.document import Draft
from proposals.models import Confirmation, Invitation
from proposals.proof import receipts
from proposals.proof.receipts import render_receipt_html
from proposals.tests.factories import make_ready, partner_of, reload, save, submit

pytestmark = pytest.mark.django_db


def unconfirmed(proposal):
    return {
        confirmation.participant.key: confirmation
        for confirmation in confirmations.missing_confirmations(Draft(reload(proposal)))
    }


def link(proposal):
    invitation = invitations.invite(
        proposal,
        email="kim@test.example",
        purpose=Invitation.Purpose.CONFIRM,
        participant=proposal.participants.get(key="p2"),
        by=proposal.started_by,
    )
    return reverse("proposals:invitation", args=[invitation.token])


def confirm(proposal):
    path, client = link(proposal), Client()
    page = client.get(path)
    data = {"shown": page.context["form"].initial["shown"], "name": "Kim", "function": "Director"}
    declared = {
        name: "on" for name in page.context["form"].fields if name.startswith("declaration")
    }
    answer = client.post(path, data | declared)
    assert answer.status_code == 200 and "p2" not in unconfirmed(proposal)
    return page


CHANGES = {
    "summary": lambda p: save(p, "summary", abstract="NEW TEXT"),
    "description": lambda p: save(
        p, "descriptions", of=p.participants.get(key="p2"), description="NEW TEXT"
    ),
    "costs": lambda p: save(p, "budget", staff_p2="54321.00"),
    "grant": lambda p: save(p, "budget", grant_p2="54321.00"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_what_was_shown_asks_again(call, change):
    proposal = make_ready(call)
    confirm(proposal)
    change(proposal)
    row = unconfirmed(proposal)["p2"]
    assert row.earlier == Confirmation.objects.get()
    lead = Client()
    lead.force_login(proposal.started_by)
    shown = reverse("proposals:confirm", args=[proposal.number, "p2"])
    for name in ("check", "proposal"):
        assert (
            shown in lead.get(reverse(f"proposals:{name}", args=[proposal.number])).content.decode()
        )
    for page in (lead.get(shown), Client().get(link(proposal))):
        html = page.content.decode()
        assert "NEW TEXT" in html or "54321.00" in html
        assert any(now != before for _part, before, now in page.context["changes"])
    Invitation.objects.filter(state="pending").update(state="revoked")
    confirm(proposal)
    assert Confirmation.objects.count() == 2


def test_what_was_not_shown_changes_nothing(call):
    proposal = make_ready(call)
    confirm(proposal)
    save(proposal, "vision", vision="Another")
    save(proposal, "budget", staff_p3="1.00")
    assert "p2" not in unconfirmed(proposal)


def test_the_work_page_of_the_partner_says_that_it_is_to_be_confirmed_again(call):
    proposal = make_ready(call)
    confirm(proposal)
    partner = Client()
    partner.force_login(partner_of(proposal))
    address = reverse("proposals:confirm", args=[proposal.number, "p2"])
    assert address not in partner.get(reverse("proposals:mine")).content.decode()
    CHANGES["grant"](proposal)
    assert address in partner.get(reverse("proposals:mine")).content.decode()


EARLIER = 'data-confirmed="earlier"'


def confirmations_on(version):
    shown = render_receipt_html(version, NEXT_DAY, receipts.proof_of_version(version))
    return {
        participant["key"]: participant["confirmed"]
        for participant in receipts.version_context(version)["participants"]
    }, shown


@pytest.mark.django_db(transaction=True)
def test_a_receipt_tells_who_confirmed_which_text(call):
    proposal = make_ready(call)
    confirm(proposal)
    first = submit(proposal)
    save(reload(proposal), "summary", abstract="NEW TEXT")
    second = submit(reload(proposal))
    with clock.frozen_at(AFTERNOON + timedelta(minutes=1)):
        confirm(proposal)  # too late for both versions
    confirmed, shown = confirmations_on(first)
    assert confirmed["p2"].is_of_this_text and confirmed["p3"] is None
    assert EARLIER not in shown and 'data-confirmed="no"' in shown
    confirmed, shown = confirmations_on(second)
    assert not confirmed["p2"].is_of_this_text
    assert EARLIER in shown
    client = Client()
    client.force_login(proposal.started_by)
    page = client.get(reverse("proposals:version", args=[proposal.number, second.number]))
    assert EARLIER in page.content.decode()
