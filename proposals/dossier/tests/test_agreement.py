"""What a consortium sees of an organisation that has not agreed to take part: its name and country."""

import re
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from django.test import Client
from django.urls import reverse

from applicants.models import Organisation
from applicants.organisations import end_membership, register_partner
from applicants.tests.factories import (
    complete_profile,
    make_organisation,
    make_user,
    profile_answers,
)
from calls.eligibility.facts import Role
from proposals.consortium import participants
from proposals.consortium.confirmations import confirm, confirmation_content
from proposals.consortium.invitations import accept, decline, decline_for, invite
from proposals.consortium.tests.test_permissions import ROUTES, address, undone
from proposals.dossier.agreement import agree
from proposals.dossier.document import Draft
from proposals.dossier.facts import judge_draft
from proposals.dossier.file_reader import read_dossier
from proposals.models import Invitation, Participant, QueuedEmail
from proposals.proof.full_proposal_pdf import create_proposal_pdf, request_draft_pdf
from proposals.proof.receipts import create_receipt
from proposals.tests.factories import make_draft, make_ready, member_of, reload, save, submit
from proposals.workspace.copy_proposal import copy_proposal

pytestmark = pytest.mark.django_db

HIDDEN = "Zzhidden"
PIC = "918273645"
TOTAL = 8642  # members


def hidden_answers(organisation: Organisation) -> dict[str, dict[str, Any]]:
    """Every free text of a profile holds the word that must not be seen."""
    free = {
        "identity": ("legal_form", "street", "postcode", "description"),
        "services": ("other_service", "how"),
        "markets": ("markets_in_europe",),
        "contact": ("contact_name", "contact_function", "contact_telephone"),
    }
    answers = {step: {name: f"{HIDDEN} {name}" for name in names} for step, names in free.items()}
    answers["contact"]["contact_email"] = f"{HIDDEN.lower()}@contact.example"
    answers["registration"] = {"profile_link": f"https://platform.example/{HIDDEN}"}
    answers["members"] = {"total": TOTAL}
    assert answers.keys() <= profile_answers(organisation).keys()
    return answers


@pytest.fixture
def hidden():
    """An organisation of the registry that wants to be found by nobody."""
    person = make_user(full_name=f"{HIDDEN} Person", email=f"{HIDDEN.lower()}@people.example")
    organisation = make_organisation(
        by=person,
        country="DE",
        cluster_name="Quiet cluster",
        legal_name=f"{HIDDEN} e.V.",
        acronym=f"{HIDDEN}A",
        region=f"{HIDDEN} region",
        town=f"{HIDDEN} town",
        pic=PIC,
        website=f"https://{HIDDEN.lower()}.example/",
        kind=Organisation.Kind.RESEARCH,
    )
    complete_profile(organisation, by=person, **hidden_answers(organisation))
    return organisation


def add(proposal, organisation, *, by=None) -> Participant:
    seen = proposal.sections.get(step="consortium").version
    by = by or proposal.started_by
    invited = participants.NewParticipant(organisation, Role.PARTNER)
    return participants.add_participant(proposal, invited, seen_version=seen, by=by)


@pytest.fixture
def proposal(call, hidden):
    """A ready proposal into which its coordinator has put that organisation, without asking."""
    proposal = make_ready(call)
    participant = add(proposal, hidden)
    save(proposal, "descriptions", of=participant, description="As we understand it", task="Tests")
    line = {f"staff_{participant.key}": "1000.00", f"grant_{participant.key}": "500.00"}
    save(proposal, "budget", **line)
    return reload(proposal)


def words_of(answer) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode(errors="replace") + str(answer.headers)


def reveals(text: str) -> list[str]:
    """Which hidden texts are there. Four figures also come about in hashes, which are no number of members."""
    signs = [sign for sign in (HIDDEN.lower(), PIC, "is a research body") if sign in text.lower()]
    return signs + re.findall(rf"(?<![0-9a-z.]){TOTAL}(?![0-9a-z])", text)


def test_no_page_or_file_of_a_proposal_shows_what_an_organisation_has_not_agreed_to(proposal):
    version = submit(proposal)
    create_receipt(version)
    create_proposal_pdf(version)
    request_draft_pdf(Draft(reload(proposal)), by=proposal.started_by)
    client = Client()
    client.force_login(proposal.started_by)
    key = proposal.participants.get(organisation__cluster_name="Quiet cluster").key
    seen = []
    for route in [*ROUTES, "mine"]:
        for path in _paths(route, proposal, key):
            for method in ("get", "post"):
                with undone():
                    answer = getattr(client, method)(path, follow=True)
                    assert reveals(words_of(answer)) == [], (method, path)
                seen.append(answer.status_code)
    assert seen.count(200) > len(ROUTES)


def _paths(route, proposal, key):
    if route == "mine":
        return [reverse("proposals:mine")]
    path = address(route, proposal, own=False)
    paths = {path, path.replace("/p3/", f"/{key}/"), path.replace("/p2/", f"/{key}/")}
    if route == "step":
        slugs = ("summary", "vision", "activities", "deliverables", "budget")
        paths = {reverse("proposals:step", args=[proposal.number, slug]) for slug in slugs}
    if route == "consortium":
        paths |= {f"{path}?q=quiet", f"{path}?country=IT&kind=cluster-organisation"}
    return sorted(paths)


def test_sealed_documents_and_mails_hold_nothing_that_was_not_agreed_to(proposal):
    version = submit(proposal)
    create_receipt(version)
    create_proposal_pdf(version)
    assert reveals(version.dossier) == []
    stored = version.verdicts.get()
    assert reveals(str(stored.content) + str(stored.facts)) == []
    for document in (version.receipt_editions.get(), version.proposalpdf_editions.get()):
        everything = _all_bytes_of(bytes(document.pdf)).lower()
        assert HIDDEN.lower() not in everything and PIC not in everything
    own = f"{HIDDEN.lower()}@people.example"  # its own email greets a person by name
    others = QueuedEmail.objects.exclude(to=own)
    texts = [f"{mail.subject} {mail.text}" for mail in others]
    assert texts and reveals(" ".join(texts)) == []


def _all_bytes_of(pdf: bytes) -> str:
    with pikepdf.open(BytesIO(pdf)) as opened:
        streams = [item.read_bytes() for item in opened.objects if isinstance(item, pikepdf.Stream)]
    return b" ".join(streams).decode("latin-1")


def test_a_copy_asks_again(proposal, call):
    strand = proposal.strand
    made = copy_proposal(
        proposal, strand, organisation=_coordinator(proposal), by=proposal.started_by
    )
    assert {
        participant.has_agreed
        for participant in made.participants.all()
        if not participant.is_coordinator
    } == {False}


def _coordinator(proposal) -> Organisation:
    return proposal.participants.get(role=Role.COORDINATOR.value).organisation


def test_an_unchecked_profile_is_for_an_officer_and_can_be_submitted(proposal):
    key = proposal.participants.get(organisation__cluster_name="Quiet cluster").key
    verdict = judge_draft(Draft(proposal), received_at=None, reader=proposal.started_by)
    results = {
        finding.rule: finding.outcome.value
        for finding in verdict.findings
        if finding.subject == key
    }
    assert results["profile-complete"] == "officer"
    assert results["established"] == "pass"
    assert not {"organisation-kind", "platform-registration", "support-services"} & results.keys()
    assert verdict.blocking == ()
    version = submit(proposal)
    assert version.document["consortium"][-1]["agreed"] is False
    assert read_dossier(version.dossier)["consortium"][-1]["agreed"] is False


def test_an_unchecked_partner_counts_only_perhaps(call, hidden):
    proposal = make_draft(call, countries=("LT", "FR"))
    for item in proposal.participants.select_related("organisation"):
        complete_profile(item.organisation, by=proposal.started_by)
        save(proposal, "descriptions", of=item, description="Services.")
    participant = add(proposal, hidden)
    save(proposal, "descriptions", of=participant, description="Services.")
    verdict = judge_draft(Draft(reload(proposal)), received_at=None, reader=proposal.started_by)
    assert verdict.by_rule["min-organisations"] == "officer"
    assert verdict.by_rule["min-countries"] == "officer"


def quiet(proposal) -> Participant:
    return proposal.participants.select_related("organisation", "proposal").get(
        organisation__cluster_name="Quiet cluster"
    )


def has_agreed(proposal) -> bool:
    return quiet(proposal).has_agreed


def test_people_who_write_the_part_of_their_organisation_agree(proposal, hidden):
    save(proposal, "descriptions", of=quiet(proposal), description="Written by the coordinator")
    assert not has_agreed(proposal)
    save(proposal, "descriptions", by=hidden.members.get(), of=quiet(proposal), description="Ours")
    assert has_agreed(proposal)
    draft = Draft(reload(proposal))
    own = next(
        participant
        for participant in draft.participants
        if participant.organisation_id == hidden.pk
    )
    assert (own.organisation.pic, draft.profile(own).is_complete) == (PIC, True)


def confirm_by(proposal, *, by=None, email=""):
    participant, asked = quiet(proposal), None
    if email:
        asked = invite(
            proposal,
            email=email,
            purpose=Invitation.Purpose.CONFIRM,
            participant=participant,
            by=proposal.started_by,
        )
    draft = Draft(reload(proposal))
    confirm(
        participant,
        name="Somebody",
        function="Director",
        by=by,
        invitation=asked,
        shown=confirmation_content(draft, participant),
    )


def test_people_who_confirm_for_their_organisation_agree(proposal, hidden):
    confirm_by(proposal, by=hidden.members.get())
    assert has_agreed(proposal)


@pytest.mark.parametrize("place", ["people", "contact"])
def test_a_link_to_an_address_of_the_organisation_agrees(proposal, place):
    confirm_by(proposal, email=f"{HIDDEN.upper()}@{place}.example")
    assert has_agreed(proposal)


@pytest.mark.parametrize(
    "address",
    ["second-address@coordinator.example", "zzhıdden@people.example", "zzhıdden@contact.example"],
)
def test_a_link_to_any_other_address_agrees_to_nothing(proposal, address):
    """Otherwise a coordinator could send the link to a second address of its own, or to a look-alike."""
    confirm_by(proposal, email=address)
    assert not has_agreed(proposal)


def test_a_contact_that_a_former_colleague_has_named_agrees_to_nothing(proposal, hidden):
    """It may be an address of theirs: whoever leaves would go on speaking for the organisation."""
    former = member_of(hidden)
    complete_profile(hidden, by=former, contact={"contact_email": "mine@elsewhere.example"})
    end_membership(hidden, user=former)
    confirm_by(proposal, email="mine@elsewhere.example")
    assert not has_agreed(proposal)


def test_a_contact_that_a_former_steward_has_named_agrees_to_nothing(call):
    proposal = make_draft(call)
    steward = make_user()
    values = {"legal_name": "e.V.", "kind": Organisation.Kind.CLUSTER, "country": "DE"}
    partner = register_partner(
        Organisation(cluster_name="Quiet cluster", **values), steward=make_organisation(by=steward)
    )
    complete_profile(partner, by=steward, contact={"contact_email": "mine@elsewhere.example"})
    member_of(partner)
    add(proposal, partner)
    confirm_by(proposal, email="mine@elsewhere.example")
    assert not has_agreed(proposal)


@pytest.mark.parametrize("way", ["page", "link", "link to somebody else"])
def test_an_organisation_that_declines_has_agreed_no_longer(proposal, hidden, way):
    agree(quiet(proposal))
    if way == "page":
        decline_for(quiet(proposal), reason="", by=hidden.members.get())
    else:
        email = "second@coordinator.example" if way.endswith("else") else hidden.members.get().email
        asked = invite(
            proposal,
            email=email,
            purpose=Invitation.Purpose.CONFIRM,
            participant=quiet(proposal),
            by=proposal.started_by,
        )
        decline(asked, reason="", by=None)
    assert has_agreed(proposal) == way.endswith("else")


def test_whoever_was_invited_to_write_agrees_only_for_its_own_organisation(proposal, hidden):
    stranger, colleague = make_user(), member_of(hidden)
    for user, agreed in ((stranger, False), (colleague, True)):
        asked = invite(
            proposal,
            email=user.email,
            purpose=Invitation.Purpose.WRITE,
            participant=quiet(proposal),
            by=proposal.started_by,
        )
        accept(asked, user=user)
        assert has_agreed(proposal) == agreed


def test_an_organisation_that_its_own_people_or_steward_add_has_agreed(call):
    proposal = make_draft(call)
    lead = proposal.started_by
    second = make_organisation(by=lead, country="ES")
    values = {"legal_name": "New", "kind": Organisation.Kind.CLUSTER, "country": "PT"}
    entered = register_partner(Organisation(**values), steward=_coordinator(proposal))
    assert [add(proposal, organisation).has_agreed for organisation in (second, entered)] == [
        True,
        True,
    ]
    assert _coordinator(proposal).participations.get().has_agreed


def test_the_row_of_an_unagreed_partner_says_how_to_ask_it(proposal, client):
    client.force_login(proposal.started_by)
    page = client.get(reverse("proposals:consortium", args=[proposal.number])).content.decode()
    row = re.search(r'<h2 id="partner-p4".*?</section>', page, re.DOTALL)[0]
    assert "invited" in row
    assert reverse("proposals:people", args=[proposal.number]) in row


def test_acts_of_its_own_people_count_as_agreement(call, hidden):
    """None for an organisation that nobody ever heard of."""
    proposal = make_draft(call)
    add(proposal, hidden)
    proposal.participants.filter(role=Role.PARTNER.value).update(agreed_at=None)
    wrote, by_other_link, quiet_one = proposal.participants.filter(role=Role.PARTNER.value)
    save(
        proposal, "descriptions", by=wrote.organisation.members.get(), of=wrote, description="Ours"
    )
    asked = invite(
        proposal,
        email="second-address@coordinator.example",
        purpose=Invitation.Purpose.CONFIRM,
        participant=by_other_link,
        by=proposal.started_by,
    )
    confirm(
        by_other_link,
        name="Somebody",
        function="Director",
        by=None,
        invitation=asked,
        shown=confirmation_content(Draft(reload(proposal)), by_other_link),
    )
    agreed = {
        participant.key: participant.has_agreed for participant in proposal.participants.all()
    }
    assert agreed == {"p1": True, wrote.key: True, by_other_link.key: False, quiet_one.key: False}
