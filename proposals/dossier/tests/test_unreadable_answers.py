"""Whatever JSON a stored answer holds: every page works, the part is named, and its owner can correct it."""

import json
import os
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from applicants.models import ProfileSection
from applicants.profile import PROFILE_STEPS
from applicants.reading import read
from applicants.steps import FORMS
from conftest import NEXT_DAY
from foundation import clock
from foundation.text import clean_text
from proposals.consortium.drafts import section_of
from proposals.dossier.document import Draft, dossier_of
from proposals.models import Section, Version
from proposals.partnering.organisations import index_organisations
from proposals.proof.full_proposal_pdf import proposal_context, request_draft_pdf
from proposals.screening.automatic_check import screen_closed
from proposals.screening.search import index_opened_cases
from proposals.steps.forms import ProposalStepForm
from proposals.steps.wizard import corrections_of, steps_of
from proposals.submission.submit import NeedsCorrection
from proposals.tests.factories import make_officer, make_ready, partner_of, reload, submit

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("PORTAL_EXAMPLES", "2"))

AWKWARD = [
    None, True, False, 0, -1, 10**14, -(10**14), 1.5, 1e-300, "", " ", "x", "\ud7ff", "1.234", "1e5", "NaN",
    "999999999999999999999", "2015-99-99", "=1+1", "<b>", "x" * 7000, [], [None], [[]], [{}], [1, "a"],
    ["a", ["b"]], [{"row": []}], [{"row": "a", "country": 5, "title": {}, "objective": [], "name": None}],
    {}, {"a": {"b": ["c"]}}, {"country": "US"}, [{"country": "ZZ", "region": None}],
]  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.sampled_from(AWKWARD)
    | st.floats(-1e15, 1e15, allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(clean_text),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["row", "country", "region", "title", "objective", "name", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


def client_of(user):
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return client


@pytest.fixture
def proposal(call):
    return make_ready(call, strand="3.2")


def pages_of(proposal):
    """Every page that shows something of a draft to its people."""
    number = [proposal.number]
    names = (
        "proposal",
        "progress",
        "people",
        "timeline",
        "compare",
        "preview",
        "consortium",
        "what-if",
        "add-participant",
        "new-participant",
        "descriptions",
        "check",
        "clarifications",
        "delete",
    )
    yield reverse("proposals:mine")
    yield reverse("applicants:organisations")
    for name in names:
        yield reverse(f"proposals:{name}", args=number)
    for step in steps_of(proposal.strand):
        if step.form is not None and step.slug != "descriptions":
            yield reverse("proposals:step", args=[*number, step.slug])
            yield reverse("proposals:step-history", args=[*number, step.slug])
    for participant in proposal.participants.all():
        for name in ("description", "participant", "remove-participant", "confirm"):
            yield reverse(f"proposals:{name}", args=[*number, participant.key])
        yield reverse("proposals:step-history", args=[*number, "descriptions", participant.key])


def profile_pages_of(organisation):
    for name in ("organisation", "edit-organisation", "profile"):
        yield reverse(f"applicants:{name}", args=[organisation.pk])
    for form in PROFILE_STEPS:
        yield reverse("applicants:profile-step", args=[organisation.pk, form.slug])


def open_all(proposal, user):
    client = client_of(user)
    organisation = proposal.participants.get(key="p1").organisation
    for page in [*pages_of(proposal), *profile_pages_of(organisation)]:
        assert client.get(page).status_code in (200, 404, 405), page
    index_organisations()


def names_in(form, draft):
    names = [name for name in form.base_fields if name != "seen_version"]
    if form.slug == "budget":
        names += [
            f"{kind}_{participant.key}"
            for kind in ("staff", "grant", "other")
            for participant in draft.participants
        ]
    if form.slug == "deliverables":
        names += [
            f"{kind}_{deliverable.code}"
            for kind in ("text", "month")
            for deliverable in draft.deliverables
        ]
    return [*names, *([form.rows_name] if form.rows_name else []), "no_such_name"]


def stored_steps(proposal):
    """Rows that hold answers, each with the form that declares them."""
    organisation = proposal.participants.get(key="p1").organisation
    rows = [*proposal.sections.exclude(step="consortium"), *organisation.profile_sections.all()]
    return [(row, FORMS[row.step]) for row in rows]


def put(row, answers):
    type(row).objects.filter(pk=row.pk).update(answers=answers, version=row.version + 1)


@pytest.mark.parametrize(
    "value", [None, 5, "1.234", [], [None], {"a": [1]}, [{"row": 1, "country": {}}]], ids=repr
)
def test_a_value_in_every_field_of_every_step_stops_no_page(proposal, value):
    draft = Draft(proposal)
    for row, form in stored_steps(proposal):
        put(row, dict.fromkeys(names_in(form, draft), value))
    open_all(proposal, proposal.started_by)


@settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_arbitrary_json_in_each_field_stops_no_page(proposal, data):
    lead, draft = proposal.started_by, Draft(proposal)
    sheltered = transaction.atomic()
    sheltered.__enter__()
    try:
        for row, form in stored_steps(proposal):
            names = data.draw(
                st.lists(st.sampled_from(names_in(form, draft)), max_size=4, unique=True)
            )
            put(
                row,
                row.answers | {name: data.draw(JSON, label=f"{row.step}.{name}") for name in names},
            )
        consortium = proposal.sections.get(step="consortium")
        put(
            consortium,
            {name: data.draw(JSON) for name in ("keys_given", "intended_countries", "moves")},
        )
        open_all(proposal, lead)
        check = client_of(lead).post(
            reverse("proposals:check", args=[proposal.number]), {"idempotency_key": uuid4()}
        )
        assert check.status_code in (200, 422)
    finally:
        transaction.set_rollback(True)
        sheltered.__exit__(None, None, None)


def officers_pages(version):
    """Every list of the back office, and every page of a case; they read the profiles as they are now."""
    for model in admin.site._registry:  # noqa: SLF001 -- what is registered
        yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for part in ("change", "decide", "request_clarification", "conflict", "history"):
        yield reverse(f"admin:proposals_version_{part}", args=[version.pk])
    yield reverse("admin:proposals_version_statistics")
    organisation = version.proposal.participants.get(key="p1").organisation_id
    yield reverse("admin:applicants_organisation_change", args=[organisation])
    yield reverse("proposals:version", args=[version.proposal.number, 1])
    yield reverse("proposals:dossier", args=[version.proposal.number, 1])


def assert_officers_can_work(version, officer):
    with clock.frozen_at(NEXT_DAY):
        screen_closed(NEXT_DAY)
        index_opened_cases(NEXT_DAY)
        client = client_of(officer)
        for page in officers_pages(version):
            assert client.get(page).status_code in (200, 302, 403), page
        assert (
            client.get(reverse("admin:proposals_version_changelist"), {"q": "x"}).status_code == 200
        )


def assert_draft_can_be_printed(proposal):
    """As far as the layout, which takes any HTML: the print as the worker writes it."""
    asked = request_draft_pdf(Draft(reload(proposal)), by=proposal.started_by)
    context = proposal_context(proposal, json.loads(asked.dossier), clock.now())
    html = render_to_string("proof/proposal.html", context)
    assert proposal.number in html


@settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_arbitrary_json_stops_no_officer_and_no_print(proposal, data):
    """A version was submitted; what was stored since then is anything."""
    draft = Draft(proposal)
    with transaction.atomic():
        version, officer = submit(proposal), make_officer()
        for row, form in stored_steps(proposal):
            names = data.draw(
                st.lists(st.sampled_from(names_in(form, draft)), max_size=4, unique=True)
            )
            values = {name: data.draw(JSON, label=f"{row.step}.{name}") for name in names}
            put(row, row.answers | values)
        consortium = proposal.sections.get(step="consortium")
        put(
            consortium,
            {name: data.draw(JSON) for name in ("keys_given", "intended_countries", "moves")},
        )
        assert_draft_can_be_printed(proposal)
        assert_officers_can_work(version, officer)
        transaction.set_rollback(True)


@pytest.mark.parametrize("value", [None, 5, [None], {"a": [1]}], ids=repr)
def test_a_value_in_every_field_stops_no_officer_and_no_print(proposal, value):
    draft = Draft(proposal)
    version, officer = submit(proposal), make_officer()
    for row, form in stored_steps(proposal):
        put(row, dict.fromkeys(names_in(form, draft), value))
    assert_draft_can_be_printed(proposal)
    assert_officers_can_work(version, officer)


@settings(max_examples=50 * EXAMPLES, deadline=None)
@given(data=st.data())
def test_whatever_is_stored_is_read_as_the_form_declares_it(data):
    form = data.draw(st.sampled_from(sorted(FORMS)).map(FORMS.get))
    names = [*form.base_fields, form.rows_name or "x", "staff_p1", "text_plan", "month_plan"]
    stored = data.draw(JSON | st.dictionaries(st.sampled_from(names), JSON, max_size=4))
    reading = read(form, stored)
    json.dumps(reading.values, allow_nan=False)
    for name, value in reading.values.items():
        if name == form.rows_name:
            assert all(set(row) >= set(form.row_fields()) for row in value)
        else:
            assert type(value) in (str, int, list, type(None))
    again = read(form, reading.values)
    assert again.values == reading.values


def test_what_was_read_before_is_nobody_elses_to_change():
    stored = {"sectors": [], "technologies": [], "unknown": 5}
    first = read(FORMS["sectors"], stored)
    first.values["sectors"].append("changed")
    first.problems.append(None)
    again = read(FORMS["sectors"], stored)
    assert again.values == {"sectors": [], "technologies": []} and again.problems == []


def test_a_day_in_the_future_is_read_anew_when_it_has_come():
    stored = {"label_date": "2015-04-23"}
    assert read(FORMS["markets"], stored).problems
    with clock.frozen_at(NEXT_DAY + timedelta(days=1)):
        assert not read(FORMS["markets"], stored).problems


def test_the_check_and_the_submission_name_what_cannot_be_read(proposal):
    row = proposal.sections.get(step="summary")
    put(row, row.answers | {"duration_months": {"about": "a year"}, "abstract": ["x"]})
    draft = Draft(reload(proposal))
    assert {correction.label for correction in corrections_of(draft)} == {
        "Duration in months",
        "Abstract",
    }
    with pytest.raises(NeedsCorrection):
        submit(reload(proposal))
    page = reverse("proposals:check", args=[proposal.number])
    answer = client_of(proposal.started_by).post(page, {"idempotency_key": uuid4()})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert (
        "Duration in months" in html
        and reverse("proposals:step", args=[proposal.number, "summary"]) in html
    )
    assert not Version.objects.exists()


def test_the_owner_opens_the_part_sees_what_is_wrong_and_corrects_it(proposal):
    lead = client_of(proposal.started_by)
    row = proposal.sections.get(step="summary")
    put(row, row.answers | {"duration_months": [18]})
    page = reverse("proposals:step", args=[proposal.number, "summary"])
    html = lead.get(page).content.decode()
    assert 'href="#id_duration_months"' in html
    answers = row.answers | {"seen_version": row.version + 1, "duration_months": "18"}
    assert lead.post(page, answers).status_code == 302
    assert submit(reload(proposal)).number == 1


def test_an_unreadable_profile_counts_as_incomplete_and_says_why(proposal):
    organisation = proposal.participants.get(key="p2").organisation
    row = organisation.profile_sections.get(step="services")
    put(row, row.answers | {"other_service": 5})
    check = client_of(proposal.started_by).get(reverse("proposals:check", args=[proposal.number]))
    html = check.content.decode()
    assert organisation.name in html and "Other services" in html


def test_a_line_of_a_partner_who_left_stops_nobody(proposal):
    row = proposal.sections.get(step="budget")
    put(row, row.answers | {"staff_p9": "1.234", "grant_p9": []})
    assert submit(reload(proposal)).number == 1


@pytest.mark.parametrize("take", ["theirs", "both", "mine"])
def test_a_partners_choice_of_a_conflict_stores_nothing_that_the_form_does_not_have(call, take):
    proposal = make_ready(call)
    partner = partner_of(proposal)
    participant = proposal.participants.get(organisation__members=partner)
    Section.objects.filter(proposal=proposal, participant=participant).delete()
    page = reverse("proposals:description", args=[proposal.number, participant.key])
    sent = {
        "seen_version": "0",
        "description": "",
        "task": "",
        "conflict": ["description", "x", "seen_version"],
        "take:description": take,
        "take:x": take,
        "take:seen_version": take,
    }
    client_of(partner).post(page, sent, headers={"X-Autosave": "1"})
    stored = section_of(proposal, "descriptions", participant).answers
    assert set(stored) <= {"description", "task"}
    assert all(value == "" for value in stored.values())
    html = client_of(proposal.started_by).get(reverse("proposals:check", args=[proposal.number]))
    assert html.status_code == 200


def test_a_list_in_conflict_takes_rows_of_both(call):
    proposal = make_ready(call)
    row = proposal.sections.get(step="vision")
    page = reverse("proposals:step", args=[proposal.number, "vision"])
    sent = {
        "seen_version": row.version,
        "vision": "V",
        "goals": "G",
        "emerging_industries": ["digital"],
        "markets-TOTAL_FORMS": "1",
        "markets-INITIAL_FORMS": "0",
        "markets-0-country": "JP",
        "markets-0-region": "",
        "markets-0-reason": "R",
        "conflict": ["markets", "vision"],
        "take:markets": "both",
        "take:vision": "theirs",
    }
    assert client_of(proposal.started_by).post(page, sent).status_code == 302
    stored = section_of(proposal, "vision").answers
    assert [market["country"] for market in stored["markets"]] == ["US", "JP"]
    assert stored["vision"] == "One voice"


@pytest.mark.parametrize(
    "answers", [[], "x", 5, None, {"a": 10**20}, {"a": json.loads("[" * 30 + "]" * 30)}]
)
def test_postgresql_keeps_out_what_no_form_makes(proposal, answers):
    for rows in (Section.objects.filter(proposal=proposal), ProfileSection.objects.all()):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(answers=answers)


def test_two_profiles_with_the_same_odd_link_stop_no_check(proposal):
    for row in ProfileSection.objects.filter(step="registration"):
        put(row, row.answers | {"profile_link": ["same"]})
    check = client_of(proposal.started_by).get(reverse("proposals:check", args=[proposal.number]))
    assert check.status_code == 200


def test_a_link_that_is_far_too_long_is_kept_and_stops_nothing(proposal):
    organisation = proposal.participants.get(key="p1").organisation
    page = reverse("applicants:profile-step", args=[organisation.pk, "registration"])
    link = "https://platform.example/" + "".join(f"{n:x}" for n in range(2000, 5000))
    row = organisation.profile_sections.get(step="registration")
    sent = row.answers | {"seen_version": row.version, "profile_link": link, "planned_on": ""}
    client_of(proposal.started_by).post(page, sent)
    row.refresh_from_db()
    assert row.answers["profile_link"] == link


def test_a_draft_with_unreadable_parts_can_be_printed(proposal):
    for row, form in stored_steps(proposal):
        put(row, {name: [{"row": 1}] for name in names_in(form, Draft(proposal))})
    dossier = dossier_of(Draft(reload(proposal)))
    assert dossier["summary"]["acronym"] == ""


def test_every_step_is_declared():
    assert {form.slug for form in PROFILE_STEPS} <= set(FORMS)
    proposal_forms = {slug for slug, form in FORMS.items() if issubclass(form, ProposalStepForm)}
    assert proposal_forms == {
        "summary",
        "descriptions",
        "vision",
        "activities",
        "deliverables",
        "budget",
    }
