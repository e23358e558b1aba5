"""Activities over time: what is written, frozen, drawn, remarked on and copied of a work plan."""

import json

import pytest
from bs4 import BeautifulSoup
from django.template.loader import render_to_string
from django.urls import reverse

from calls.eligibility import canonical
from conftest import AFTERNOON, NEXT_DAY
from foundation import clock
from proposals.consortium.participants import remove_participant
from proposals.dossier.declarations import as_drafted
from proposals.dossier.document import Draft, dossier_of
from proposals.dossier.facts import Circumstances, facts_of
from proposals.dossier.file_reader import UnusableDossier, read_dossier
from proposals.dossier.work_plan import NO_PLAN, work_plan_of
from proposals.models import Version
from proposals.proof.full_proposal_pdf import proposal_context
from proposals.submission.submit import NeedsCorrection
from proposals.tests.factories import make_draft, make_officer, make_ready, reload, save, submit
from proposals.workspace.copy_proposal import copy_proposal
from proposals.workspace.dossier_diff import changes_since_current
from proposals.workspace.tests.test_pages import client_of, url

pytestmark = pytest.mark.django_db

PLAN = {
    "first_month": 3,
    "last_month": 9,
    "lead": "p2",
    "partners": ["p1", "p3"],
    "deliverables": ["roadmap"],
}


def make_planned(call, **plan):
    """A proposal of 18 months that is ready, with a plan for its only activity."""
    proposal = make_ready(call)
    row = Draft(proposal).answers("activities")["activities"][0]
    save(proposal, "activities", activities=[row | PLAN | plan])
    return reload(proposal)


def plan_of(proposal):
    return work_plan_of(dossier_of(Draft(reload(proposal))))


def test_months_leader_partners_and_deliverables_are_in_the_dossier(call):
    version = submit(make_planned(call))
    (activity,) = json.loads(version.dossier)["activities"]
    assert {name: activity[name] for name in PLAN} == PLAN
    assert read_dossier(version.dossier)["activities"] == [activity]


def test_an_activity_without_a_plan_needs_none(call):
    proposal = make_ready(call)
    (activity,) = dossier_of(Draft(proposal))["activities"]
    assert {name: activity[name] for name in NO_PLAN} == NO_PLAN
    assert plan_of(proposal) is None
    assert submit(proposal).number == 1


def test_the_step_stores_what_is_chosen_and_shows_chart_and_table(call):
    proposal = make_draft(call)
    lead = client_of(proposal.started_by)
    page = url("step", proposal, "activities")
    row = {"title": "Missions", "objective": "prepare"} | PLAN
    fields = {f"activities-0-{name}": value for name, value in row.items()}
    management = {"activities-TOTAL_FORMS": 1, "activities-INITIAL_FORMS": 0}
    assert "work-plan" not in lead.get(page).content.decode()
    lead.post(page, fields | management | {"seen_version": 0})
    (stored,) = Draft(reload(proposal)).answers("activities")["activities"]
    assert {name: stored[name] for name in PLAN} == PLAN
    shown = BeautifulSoup(lead.get(page).content, "html.parser")
    assert [
        box["value"]
        for box in shown.find_all("input", attrs={"name": "activities-0-partners"}, checked=True)
    ] == PLAN["partners"]
    plan = shown.find(attrs={"data-test": "work-plan"})
    assert plan.svg["role"] == "img" and plan.svg["aria-label"]
    assert "3–9" in plan.table.text and "Missions" in plan.table.text


def test_a_last_month_before_the_first_must_be_corrected(call):
    proposal = make_planned(call, first_month=9, last_month=3)
    (problem,) = Draft(proposal).problems("activities")
    assert problem.name == "activities-0-last_month"
    with pytest.raises(NeedsCorrection):
        submit(proposal)


def test_partners_who_left_are_in_no_plan(call):
    proposal = make_planned(call)
    participant = proposal.participants.get(key="p2")
    seen = proposal.sections.get(step="consortium").version
    remove_participant(participant, seen_version=seen, by=proposal.started_by)
    (activity,) = dossier_of(Draft(reload(proposal)))["activities"]
    assert (activity["lead"], activity["partners"]) == ("", ["p1", "p3"])


def test_remarks_stop_nobody_from_submitting(call):
    proposal = make_planned(call, last_month=19, lead="")
    save(proposal, "deliverables", month_roadmap=20)
    version = submit(reload(proposal), acknowledged=[])
    verdict = version.initial_verdict.verdict
    remarks = {item.subject: item.outcome for item in verdict.findings if item.rule == "work-plan"}
    assert remarks == {"activity:1": "warn", "deliverable:roadmap": "warn"}
    assert verdict.outcome == "pass"


def test_the_chart_begins_and_ends_each_bar_with_its_months(call):
    chart = plan_of(make_planned(call)).chart
    month = chart.width / 18
    bar, *diamonds = chart.rows
    assert bar.bar.x == round(chart.left + 2 * month, 2)
    assert bar.bar.width == pytest.approx(7 * month, abs=0.02)
    assert [row.label for row in diamonds] == ["D1", "D2", "D3"]
    assert all(row.diamond and row.bar is None for row in diamonds)
    assert chart.end == chart.right and chart.beyond == 0


def test_what_lies_after_the_end_is_in_the_chart_and_said_in_the_table(call):
    proposal = make_planned(call, last_month=24)
    plan = plan_of(proposal)
    assert plan.chart.beyond == pytest.approx(plan.chart.width * 6 / 24, abs=0.02)
    assert [activity.is_late for activity in plan.activities] == [True]
    assert not any(deliverable.is_late for deliverable in plan.deliverables)


def test_version_officers_sheet_and_pdf_show_the_plan(call):
    proposal = make_planned(call)
    version = submit(proposal)
    pages = [client_of(proposal.started_by).get(url("version", proposal, 1)).content]
    with clock.frozen_at(NEXT_DAY):
        sheet = reverse("admin:proposals_version_change", args=[version.pk])
        pages.append(client_of(make_officer()).get(sheet).content)
    for page in pages:
        plan = BeautifulSoup(page, "html.parser").find(attrs={"data-test": "work-plan"})
        assert plan.svg and "3–9" in plan.table.text
    context = proposal_context(proposal, version.document, version)
    paper = BeautifulSoup(render_to_string("proof/proposal.html", context), "html.parser")
    picture = paper.find("img", class_="gantt")
    assert picture["alt"] and picture["src"].startswith("data:image/svg+xml;base64,")


def test_a_version_of_the_earlier_format_has_no_plan_and_the_same_facts(call):
    proposal = make_ready(call)
    present = dossier_of(Draft(proposal))
    earlier = json.loads(canonical(present)) | {"format": "cosme-dossier/1"}
    del earlier["declaration"]
    for activity in earlier["activities"]:
        for name in NO_PLAN:
            del activity[name]
    circumstances = Circumstances(deadline=call.deadline, received_at=AFTERNOON)
    assert facts_of(earlier, circumstances) == facts_of(present, circumstances)
    assert work_plan_of(earlier) is None
    assert as_drafted(earlier) == as_drafted(json.loads(canonical(present)))
    version = Version(proposal=proposal, dossier=canonical(earlier))
    proposal.current_version = version
    assert changes_since_current(Draft(proposal)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"last_month": 2}, "at least 3"),
        ({"first_month": 0}, "at least 1"),
        ({"leader": "p1"}, "one of"),
    ],
)
def test_a_file_with_an_impossible_plan_is_refused(call, change, expected):
    dossier = json.loads(canonical(dossier_of(Draft(make_planned(call)))))
    dossier["activities"][0] |= change
    with pytest.raises(UnusableDossier, match=expected):
        read_dossier(json.dumps(dossier))


def test_a_copy_has_its_own_partners_in_the_plan(call):
    source = make_planned(call, lead="p3", partners=["p1", "p2"])
    organisations = {item.key: item.organisation_id for item in source.participants.all()}
    coordinator = source.participants.get(key="p1").organisation
    copy = copy_proposal(source, source.strand, organisation=coordinator, by=source.started_by)
    (activity,) = dossier_of(Draft(reload(copy)))["activities"]
    copied = {item.key: item.organisation_id for item in copy.participants.all()}
    assert copied[activity["lead"]] == organisations["p3"]
    assert [copied[key] for key in activity["partners"]] == [
        organisations["p1"],
        organisations["p2"],
    ]
    assert activity["deliverables"] == ["roadmap"]


def test_two_versions_differ_by_the_names_of_partners_and_deliverables(call):
    proposal = make_planned(call)
    submit(proposal)
    names = {
        item.key: item.organisation.name
        for item in proposal.participants.select_related("organisation")
    }
    row = Draft(proposal).answers("activities")["activities"][0]
    save(proposal, "activities", activities=[row | {"lead": "p1", "last_month": 10}])
    changes = {
        change.label: (change.before, change.after)
        for change in changes_since_current(Draft(reload(proposal)))
    }
    assert ("9", "10") in changes.values()
    assert (names["p2"], names["p1"]) in changes.values()
