"""How far the sections of a draft are, and where the buttons and links of the steps lead."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from applicants.tests.factories import make_organisation, make_user
from calls.eligibility.facts import Role
from proposals.consortium.participants import NewParticipant, add_participant
from proposals.dossier.document import Draft
from proposals.steps.wizard import sidebar
from proposals.tests.factories import (
    make_draft,
    make_ready,
    partner_of,
    reload,
    save,
    submit_fields,
)

pytestmark = pytest.mark.django_db


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def url(name, proposal, *args):
    return reverse(f"proposals:{name}", args=[proposal.number, *args])


def state_of(proposal, slug):
    states = sidebar(Draft(reload(proposal)), slug)
    return next(state for state in states if state.step.slug == slug)


def test_every_section_of_a_proposal_that_meets_the_rules_is_complete(call):
    proposal = make_ready(call)
    assert all(state.is_complete for state in sidebar(Draft(reload(proposal)), ""))


@pytest.mark.parametrize(
    ("step", "answers"),
    [
        ("summary", {"duration_months": 26}),
        ("vision", {"markets": [{"country": "", "region": "Europe", "reason": "Near"}]}),
        ("budget", {"grant_p1": "190000"}),
    ],
)
def test_a_section_that_breaks_a_limit_of_the_call_is_not_complete(call, step, answers):
    proposal = make_ready(call)
    save(proposal, step, **answers)
    state = state_of(proposal, step)
    assert not state.missing
    assert not state.is_complete
    assert state.points


def test_a_consortium_that_is_not_eligible_is_not_complete(call):
    proposal = make_ready(call, countries=("LT", "LT", "LT"))
    assert not state_of(proposal, "consortium").is_complete


def test_what_only_an_officer_can_settle_leaves_a_section_complete(call):
    proposal = make_ready(call, countries=("LT", "FR", "AL"))  # in force after the deadline
    assert state_of(proposal, "consortium").is_complete


def test_the_progress_of_a_draft_needs_no_query(call, django_assert_num_queries):
    draft = Draft(reload(make_ready(call)))
    sidebar(draft, "summary")
    with django_assert_num_queries(0):
        sidebar(draft, "summary")


def test_one_box_acknowledges_everything_that_the_check_lists(call):
    proposal = make_ready(call)
    save(proposal, "summary", duration_months=30)
    save(proposal, "budget", grant_p1="190000")
    lead = client_of(proposal.started_by)
    page = lead.get(url("check", proposal))
    names = {finding.name for finding, _link, _place in page.context["to_acknowledge"]}
    assert len(names) > 1
    box = re.search(r'name="acknowledged"[^>]*value="([^"]*)"', page.content.decode()).group(1)
    data = submit_fields(proposal)
    assert lead.post(url("check", proposal), data).status_code == 422
    answer = lead.post(url("check", proposal), data | {"acknowledged": unescape(box)})
    assert answer.status_code == 200
    assert set(answer.context["version"].acknowledged) == names


def test_a_step_says_its_place_and_leads_back_and_on(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    page = lead.get(url("step", proposal, "vision"))
    progress = page.context["progress"]
    assert (progress.number, progress.total) == (4, 7)
    assert progress.previous == url("descriptions", proposal)
    assert progress.next == url("step", proposal, "activities")
    last = lead.get(url("step", proposal, "budget")).context["progress"]
    assert last.next == url("check", proposal)
    assert lead.get(url("step", proposal, "summary")).context["progress"].previous == ""


@pytest.mark.parametrize(
    ("then", "target"), [("check", "check"), ("previous", "proposal"), ("", "consortium")]
)
def test_the_button_of_a_step_says_where_saving_leads(call, then, target):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    data = {"seen_version": "0", "acronym": "NEW", "title_text": "", "abstract": "", "then": then}
    response = lead.post(url("step", proposal, "summary"), data)
    assert response.status_code == 302
    assert response.url == url(target, proposal)
    assert Draft(reload(proposal)).answers("summary")["acronym"] == "NEW"


def test_going_back_from_a_partners_description_leads_to_those_of_all(call):
    proposal = make_draft(call)
    page = url("description", proposal, "p2")
    data = {"seen_version": "0", "description": "Ours", "task": "", "then": "previous"}
    response = client_of(proposal.started_by).post(page, data)
    assert response.url == url("descriptions", proposal)


def test_a_link_of_the_check_leads_to_the_field_and_from_there_back(call):
    proposal = make_ready(call)
    save(proposal, "summary", duration_months=26)
    lead = client_of(proposal.started_by)
    step = url("step", proposal, "summary")
    check = lead.get(url("check", proposal)).content.decode()
    assert f'href="{step}?from=check#id_duration_months"' in check
    page = lead.get(f"{step}?from=check").content.decode()
    assert 'name="then" value="check"' in page
    assert 'id="id_duration_months"' in page
    assert 'name="then" value="check"' not in lead.get(step).content.decode()


def unjustified(title):
    return {"title": title, "objective": "", "description": "Go there", "justification": ""}


@pytest.mark.parametrize("activities", [[], [unjustified("One"), unjustified("Two")]])
def test_every_link_of_the_check_leads_to_an_element_that_is_there(call, activities):
    proposal = make_draft(call)
    save(proposal, "summary", duration_months=26)
    save(proposal, "activities", activities=activities)
    lead = client_of(proposal.started_by)
    page = lead.get(url("check", proposal))
    links = [
        link
        for kind in ("blocking", "to_acknowledge", "warnings")
        for _finding, link, _place in page.context[kind]
        if link
    ]
    assert links
    for link in links:
        address, _hash, anchor = link.partition("#")
        shown = lead.get(address, follow=True)
        assert shown.status_code == 200, link
        assert not anchor or f'id="{anchor}"' in shown.content.decode(), link


def test_a_lead_sees_what_a_partners_profile_lacks_and_its_people_edit_it(call):
    proposal = make_draft(call)
    page = url("partner-profile", proposal, "p2")
    lead = client_of(proposal.started_by)
    assert lead.get(page).context["profile"].missing
    assert url("remind", proposal, "p2") in lead.get(page).content.decode()
    partner = proposal.participants.get(key="p2").organisation
    answer = client_of(partner_of(proposal)).get(page)
    assert answer.url == reverse("applicants:profile", args=[partner.pk])
    assert client_of(make_user()).get(page).status_code == 404


def test_the_profile_of_a_partner_that_has_not_agreed_is_not_described(call):
    proposal = make_draft(call)
    participant = add_participant(
        proposal,
        NewParticipant(make_organisation(country="ES"), Role.PARTNER),
        seen_version=3,
        by=proposal.started_by,
    )
    page = client_of(proposal.started_by).get(url("partner-profile", proposal, participant.key))
    assert page.context["profile"] is None
