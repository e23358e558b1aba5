"""Who controls an organisation of the consortium: a choice on the page, a record in the draft, a key in the dossier."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from calls.eligibility import canonical
from calls.eligibility.facts import Control
from conftest import DEADLINE
from proposals.conditions.call_administration import extend_for_one
from proposals.consortium import drafts, participants
from proposals.dossier.document import Draft, controller_in_words, dossier_of
from proposals.dossier.facts import facts_of_draft, judge_draft
from proposals.dossier.file_reader import read_dossier
from proposals.tests.factories import make_draft, make_officer, make_ready, reload
from proposals.workspace.copy_proposal import copy_proposal

pytestmark = pytest.mark.django_db


def page_of(proposal, key="p2"):
    return reverse("proposals:participant", args=[proposal.number, key])


def choose(client, proposal, key="p2", **kwargs):
    """What a lead sends from the page of a participant."""
    client.force_login(proposal.started_by)
    seen = drafts.section_of(proposal, drafts.CONSORTIUM).version
    values = {"role": "partner", "seen_version": seen, "partner": "", "controlled_by": ""}
    return client.post(page_of(proposal, key), values | kwargs)


def in_dossier(proposal, key="p2"):
    dossier = dossier_of(Draft(reload(proposal)))
    item = next(participant for participant in dossier["consortium"] if participant["key"] == key)
    return item["control"], item["controlled_by"], controller_in_words(item, dossier)


def independence(proposal):
    verdict = judge_draft(Draft(reload(proposal)), received_at=None, reader=proposal.started_by)
    return next(finding for finding in verdict.findings if finding.rule == "independent")


def test_nobody_a_partner_and_another_body_are_chosen_and_come_back(call, client):
    proposal = make_draft(call)
    name = proposal.participants.get(key="p1").organisation.name
    for values, stored in (
        ({"control": "partner", "partner": "p1"}, ("partner", "p1", name)),
        ({"control": "other", "controlled_by": " Region "}, ("other", "Region", "Region")),
        ({"control": "nobody"}, ("nobody", "", "")),
    ):
        assert choose(client, proposal, **values).status_code == 302
        assert in_dossier(proposal) == stored
        chosen = client.get(page_of(proposal)).context["form"]
        assert (chosen["control"].value(), chosen["partner"].value() or "") == (
            values["control"],
            values.get("partner", ""),
        )


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"control": "everybody"}, "control"),
        ({"control": "partner"}, "partner"),
        ({"control": "partner", "partner": "p2"}, "partner"),
        ({"control": "partner", "partner": "p9"}, "partner"),
        ({"control": "other"}, "controlled_by"),
        ({"control": "other", "controlled_by": "x" * 251}, "controlled_by"),
        ({"control": "nobody", "controlled_by": "keine"}, "controlled_by"),
        ({"control": "other", "controlled_by": "A", "partner": "p1"}, "partner"),
    ],
)
def test_a_choice_that_says_two_things_or_nothing_is_asked_about_and_kept(
    call, client, value, field
):
    proposal = make_draft(call)
    answer = choose(client, proposal, **value)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert answer.context["form"]["controlled_by"].value() == value.get("controlled_by", "")
    assert in_dossier(proposal) == ("nobody", "", "")


def test_a_post_that_says_nothing_of_control_leaves_it_as_it_is(call, client):
    proposal = make_draft(call)
    choose(client, proposal, control="partner", partner="p1")
    client.force_login(proposal.started_by)
    seen = drafts.section_of(proposal, drafts.CONSORTIUM).version
    client.post(page_of(proposal), {"role": "associated", "seen_version": seen})
    assert in_dossier(proposal)[:2] == ("partner", "p1")
    assert proposal.participants.get(key="p2").role == "associated"


def test_a_chosen_partner_is_found_by_its_record_whatever_it_is_called(call, client):
    proposal = make_ready(call)
    choose(client, proposal, control="partner", partner="p1")
    organisation = proposal.participants.get(key="p1").organisation
    organisation.legal_name = organisation.cluster_name = "Renamed"
    organisation.save()
    finding = independence(proposal)
    assert finding.outcome == "ineligible"
    assert finding.evidence["linked"] == [["p1", "p2"]]


def test_another_body_is_for_an_officer_as_it_was_written(call, client):
    proposal = make_ready(call)
    choose(client, proposal, control="other", controlled_by="keine")
    finding = independence(proposal)
    assert finding.outcome == "officer"
    assert "“keine”" in finding.message


def test_who_leaves_goes_on_controlling_as_a_body_outside(call, client):
    proposal = make_draft(call)
    choose(client, proposal, control="partner", partner="p3")
    leaving = proposal.participants.get(key="p3")
    name = leaving.organisation.name
    seen = drafts.section_of(proposal, drafts.CONSORTIUM).version
    participants.remove_participant(leaving, seen_version=seen, by=proposal.started_by)
    assert in_dossier(proposal) == ("other", name, name)


def test_a_copy_of_a_proposal_keeps_who_controls_whom(call, client):
    proposal = make_draft(call)
    choose(client, proposal, control="partner", partner="p3")
    choose(client, proposal, key="p3", control="other", controlled_by="Region")
    coordinator = proposal.participants.get(key="p1").organisation
    copied = copy_proposal(
        reload(proposal), proposal.strand, organisation=coordinator, by=proposal.started_by
    )
    assert [in_dossier(copied, key)[:2] for key in ("p2", "p3")] == [
        ("partner", "p3"),
        ("other", "Region"),
    ]


def test_the_database_takes_one_controller_and_never_the_organisation_itself(call):
    proposal = make_draft(call)
    participant, other = proposal.participants.filter(role="partner")
    for data in (
        {"controller": other.organisation, "controlled_by": "Region"},
        {"controller": participant.organisation},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            proposal.participants.filter(pk=participant.pk).update(**data)


def test_a_dossier_with_a_choice_is_read_and_judged_as_it_was(call, client):
    proposal = make_draft(call)
    choose(client, proposal, control="partner", partner="p1")
    dossier = read_dossier(canonical(dossier_of(Draft(reload(proposal)))))
    assert (dossier["consortium"][1]["control"], dossier["consortium"][1]["controlled_by"]) == (
        "partner",
        "p1",
    )
    facts = facts_of_draft(Draft(reload(proposal)), received_at=None, reader=proposal.started_by)
    assert facts.participants[1].control is Control.PARTNER


def test_an_extension_for_one_proposal_leaves_the_day_that_counts(call):
    proposal = make_draft(call, countries=("LT", "FR", "AT", "AL"))
    equal = make_draft(call, countries=("LT", "FR", "AT", "AL"))
    extend_for_one(
        call,
        proposal.number,
        until=DEADLINE + timedelta(days=300),
        reason="Outage",
        incident=None,
        by=make_officer(),
    )
    verdicts = [
        judge_draft(Draft(reload(item)), received_at=None, reader=item.started_by)
        for item in (proposal, equal)
    ]
    assert {verdict.rule_date for verdict in verdicts} == {"2015-04-21"}
    assert [
        finding.outcome for finding in verdicts[0].findings if finding.rule == "established"
    ] == [finding.outcome for finding in verdicts[1].findings if finding.rule == "established"]
