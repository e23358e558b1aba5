"""The consortium step: who counts, what is missing, what another consortium would be; and what is carried."""

import pytest
from django.urls import reverse

from applicants.models import Organisation, ProfileSection
from applicants.tests.factories import complete_profile, make_organisation, make_user
from calls.eligibility.facts import Role
from foundation.tests.pages import compact
from proposals.consortium import drafts, participants
from proposals.dossier.document import Draft
from proposals.models import Proposal
from proposals.steps.wizard import steps_of
from proposals.tests.factories import make_draft, make_ready, reload
from proposals.workspace.tests.test_pages import client_of, start_url

QUERY = (
    "strand=3.1&kind=cluster-organisation&country=LT&registration=planned&services=yes"
    "&independent=yes&partner_1=FR&fits_1=yes&partner_2=AT&fits_2=yes"
)


def page_of(proposal, **asked):
    url = reverse("proposals:consortium", args=[proposal.number])
    return " ".join(client_of(proposal.started_by).get(url, asked).content.decode().split())


def part_of(proposal, **asked):
    url = reverse("proposals:what-if", args=[proposal.number])
    return " ".join(client_of(proposal.started_by).get(url, asked).content.decode().split())


def test_what_is_missing_is_said_from_the_first_partner_on(call):
    page = page_of(make_draft(call, countries=("DE", "FR")))
    assert "<b>1 more organisation needed.</b>" in page
    assert "<b>1 more participating country needed, other than Germany or France.</b>" in page
    assert "registration on the cluster platform" in page
    assert "not met" in page


def test_a_complete_consortium_is_said_to_be_enough(call):
    page = page_of(make_ready(call))
    assert "The consortium has enough organisations and countries." in page
    assert compact(page).count(">counts</span>") == 3


def test_a_step_lacks_partners_until_the_call_has_enough(call):
    (step,) = (step for step in steps_of(call.strands.first()) if step.slug == "consortium")
    lacking = [
        step.missing(Draft(reload(make_draft(call, countries=codes))))
        for codes in (("DE",), ("DE", "FR"), ("DE", "FR", "AT"))
    ]
    assert lacking == [["2 more partners"], ["1 more partner"], []]


def test_what_an_officer_settles_is_not_said_to_be_missing(call):
    page = page_of(make_draft(call, countries=("DE", "FR", "AL")))
    assert "depends on open points" in page
    assert ">not met<" not in compact(page)


def test_who_does_not_count_is_named_with_the_reason_and_how_to_mend_it(call):
    proposal = make_draft(call, countries=("DE", "FR", "RS"))
    page = page_of(proposal)
    assert ">does not count</span>" in compact(page)
    assert "established in Serbia, which did not participate in COSME" in page
    assert "to associated partner (without EU funding)" in page
    assert "(RS)" in page


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"without": "p3"}, "1 more participating country needed, other than France or Lithuania."),
        ({"without": "p1"}, "Choose exactly one coordinator among the applicants."),
        ({"with": "ES"}, "4 countries count (Austria, Spain, France and Lithuania)"),
        (
            {"without": "p3", "with": "ES"},
            "The consortium would have enough organisations and countries.",
        ),
        (
            {"with": "RS"},
            "An organisation from Serbia is established in Serbia, which did not participate",
        ),
        ({"with": "gr"}, "With an organisation from Greece:"),
    ],
)
def test_another_consortium_can_be_looked_at(call, asked, text):
    proposal = make_ready(call)
    assert text in part_of(proposal, **asked)
    assert text in page_of(proposal, **asked)
    assert proposal.participants.count() == 3


@pytest.mark.parametrize("asked", [{}, {"with": "XX"}, {"without": "p99"}, {"with": "<script>"}])
def test_what_nobody_can_look_at_is_passed_over(call, asked):
    assert part_of(make_ready(call), **asked) == ""


def test_answers_of_the_self_check_are_carried_into_a_new_proposal(call):
    lead = make_user()
    organisation = make_organisation(by=lead, country="LT")
    client = client_of(lead)
    address = f"{start_url(call)}?{QUERY}"
    assert "alert-info" in client.get(address).content.decode()
    client.post(address, {"organisation": organisation.pk})

    proposal = Proposal.objects.get()
    page = page_of(proposal)
    assert "Adding an organisation from Austria would" in page
    assert "Adding an organisation from France would" in page
    profile = {
        profile_section.step: profile_section.answers
        for profile_section in ProfileSection.objects.filter(organisation=organisation)
    }
    assert profile == {"registration": {"status": "planned"}, "services": {"independent": "yes"}}


def test_a_profile_is_never_overwritten_by_a_self_check(call):
    lead = make_user()
    organisation = make_organisation(by=lead, country="LT")
    complete_profile(organisation, by=lead)
    client_of(lead).post(f"{start_url(call)}?{QUERY}", {"organisation": organisation.pk})
    section = ProfileSection.objects.get(organisation=organisation, step="registration")
    assert section.answers["status"] == "registered"


def test_an_address_with_nonsense_carries_nothing(call):
    lead = make_user()
    organisation = make_organisation(by=lead)
    client_of(lead).post(f"{start_url(call)}?kind=club", {"organisation": organisation.pk})
    assert "you were considering" not in page_of(Proposal.objects.get())


def test_who_has_no_organisation_yet_finds_the_answers_in_its_form(call):
    client = client_of(make_user())
    page = client.get(f"{start_url(call)}?{QUERY}").content.decode()
    link = page.split("/organisations/new/")[1].split('"')[0].replace("&amp;", "&")
    form = client.get(f"/organisations/new/{link}").content.decode()
    assert '<option value="LT" selected>' in form


def test_those_in_mind_vanish_when_they_are_found_or_forgotten(call):
    lead = make_user()
    coordinator = make_organisation(by=lead, country="LT")
    strand = call.strands.select_related("call").get(code="3.1")
    proposal = drafts.start_draft(
        strand, organisation=coordinator, by=lead, intended_countries=["FR", "FR", "AT"]
    )
    participants.add_participant(
        proposal,
        participants.NewParticipant(make_organisation(country="FR"), Role.PARTNER),
        seen_version=1,
        by=lead,
    )
    page = page_of(reload(proposal))
    assert page.count("Adding an organisation from") == 2

    url = reverse("proposals:clear-intended-countries", args=[proposal.number])
    client_of(lead).post(url, {"seen_version": "1"})
    assert "Adding an organisation from" in page_of(proposal)
    client_of(lead).post(url, {"seen_version": "2"})
    assert "Adding an organisation from" not in page_of(proposal)


def test_partners_of_one_name_are_told_apart_while_writing_and_before_submitting(call):
    proposal = make_ready(call, countries=("LT", "FR", "AT", "AL", "AL"))
    for participant in proposal.participants.filter(key__in=("p4", "p5")):
        Organisation.objects.filter(pk=participant.organisation_id).update(
            legal_name="Tirana Cluster"
        )
    client = client_of(proposal.started_by)
    for name in ("consortium", "check"):
        answer = client.get(reverse(f"proposals:{name}", args=[proposal.number]))
        shown = " ".join(answer.content.decode().split())
        assert "Tirana Cluster (participant 4) and Tirana Cluster (participant 5) may be" in shown
        assert "Tirana Cluster (participant 5) is established in Albania" in shown
        assert "(p4)" not in shown
